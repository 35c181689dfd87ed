//! The host: what its callers hold. How functions come to it is in `deploy.rs`, what becomes of `Event` calls in
//! `events.rs`.

use std::fs;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use http::HeaderValue;
use tokio::sync::oneshot;

use crate::annex::Annex;
use crate::concurrency::Concurrency;
use crate::config::{EVENT_PAYLOAD_LIMIT, HostConfig, SYNC_PAYLOAD_LIMIT};
use crate::deploy::Overlays;
use crate::errors::{HostError, InvokeError};
use crate::events::{Event, Events};
use crate::function::lane;
use crate::guard::Guard;
use crate::interpreter::Interpreters;
use crate::invocation::{Invocation, InvocationResult, InvocationType, Target};
use crate::layers::store::LayerStore;
use crate::logs::LogLine;
use crate::pool::{Equipment, Fleet};
use crate::registry::{Entry, Registry};
use crate::store::Store;
use crate::worker::{Answer, Job};

/// A host of functions. Clones share it.
#[derive(Debug, Clone)]
pub struct FunctionHost {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) fleet: Arc<Fleet>,
    pub(crate) registry: Registry,
    pub(crate) store: Store,
    pub(crate) layers: LayerStore,
    pub(crate) overlays: Overlays,
    pub(crate) events: Events,
    concurrency: Concurrency,
    /// Held while functions are made, changed or removed, so that what was checked still holds.
    pub(crate) changes: Mutex<()>,
}

/// What a host that was shut down left undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shutdown {
    /// `Event` calls that are on disk, for [`FunctionHost::resume_events`] of the next host.
    pub kept_events: usize,
    /// `Event` calls that are lost, since the host has no data directory.
    pub lost_events: usize,
}

impl FunctionHost {
    /// Starts a host inside the current tokio runtime and reads the functions its data directory holds. No
    /// function's process is started before its first call.
    pub async fn start(config: HostConfig) -> Result<FunctionHost, HostError> {
        let directory = make_directory()?;
        let stored = config.data_dir.clone().unwrap_or_else(|| directory.path().join("stored"));
        let events = Events::open(config.data_dir.as_deref())?;
        // No function's name has a dot in it.
        let layers = LayerStore::open(stored.join(".layers"))?;
        let store = Store::open(stored)?;
        let guard = Guard::start(directory.path());
        let equipment = Equipment { config, interpreters: Interpreters::default(), guard, directory };
        let inner = Inner {
            fleet: Fleet::new(equipment),
            registry: Registry::default(),
            store,
            layers,
            overlays: Overlays::default(),
            events,
            concurrency: Concurrency::default(),
            changes: Mutex::default(),
        };
        let host = FunctionHost { inner: Arc::new(inner) };
        host.load_stored()?;
        Ok(host)
    }

    /// Whether there is a function of this name.
    pub fn has(&self, name: &str) -> bool {
        self.inner.registry.contains(name)
    }

    /// The ARN of the function called `name`, whether it exists or not.
    pub fn function_arn(&self, name: &str) -> String {
        self.config().function_arn(name)
    }

    /// Calls a function. A function that runs and fails is an `Ok` with `function_error` set. A caller who
    /// drops the future does not stop the call.
    pub async fn invoke(&self, request: Invocation) -> Result<InvocationResult, InvokeError> {
        let target = Target::read(&request.function, request.qualifier.as_deref(), self.config())?;
        let version = self.version(&target)?;
        check_size(&request)?;
        let client_context = request.client_context.as_deref().map(read_client_context).transpose()?;
        let request_id = uuid::Uuid::new_v4().to_string();
        let payload = match request.payload.is_empty() {
            true => Bytes::from_static(b"{}"),
            false => request.payload,
        };
        match request.invocation_type {
            InvocationType::DryRun => Ok(result(204, request_id, version)),
            InvocationType::Event => {
                let context = request.client_context;
                let mut event = Event::new(request_id.clone(), &target, payload, context, self.config());
                event.trace_header = request.trace_header;
                self.accept_event(event).await?;
                Ok(result(202, request_id, version))
            }
            InvocationType::RequestResponse => {
                let trace_header = request.trace_header;
                let call = Call { target, version, request_id, payload, client_context, trace_header };
                self.call_now(call, request.log_type_tail).await
            }
        }
    }

    /// The last lines of a function's log, oldest first.
    pub fn logs(&self, name: &str) -> Vec<LogLine> {
        self.inner.registry.get(name).map(|entry| entry.function.logs.lines()).unwrap_or_default()
    }

    /// Ends every worker with all it started. Calls under way are answered with `ServiceException`; no call is
    /// taken any more. Returns when the last process is gone, and tells what became of `Event` calls.
    pub async fn shutdown(&self) -> Shutdown {
        self.inner.events.close();
        self.inner.fleet.stop().await;
        self.inner.events.left()
    }
}

/// What the API needs.
impl FunctionHost {
    pub(crate) fn config(&self) -> &HostConfig {
        &self.inner.fleet.equipment.config
    }

    pub(crate) fn entry(&self, name: &str) -> Option<Entry> {
        self.inner.registry.get(name)
    }

    pub(crate) fn page(&self, after: &str, count: usize) -> Vec<Entry> {
        self.inner.registry.page(after, count)
    }

    pub(crate) fn store(&self) -> &Store {
        &self.inner.store
    }

    /// Runs one change of the functions, which reads and writes files, while no other change runs.
    pub(crate) async fn change<T, E>(
        &self,
        work: impl FnOnce(&FunctionHost) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<std::io::Error> + Send + 'static,
    {
        let host = self.clone();
        let locked = move || {
            let _changing = host.inner.changes.lock().unwrap_or_else(PoisonError::into_inner);
            work(&host)
        };
        tokio::task::spawn_blocking(locked)
            .await
            .unwrap_or_else(|error| Err(std::io::Error::other(error).into()))
    }
}

/// A checked call.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) target: Target,
    pub(crate) version: String,
    pub(crate) request_id: String,
    pub(crate) payload: Bytes,
    pub(crate) client_context: Option<HeaderValue>,
    pub(crate) trace_header: Option<String>,
}

impl FunctionHost {
    /// The version that a call of `target` runs now.
    pub(crate) fn version(&self, target: &Target) -> Result<String, InvokeError> {
        let annex = self.inner.registry.annex(&target.name);
        let version = annex.and_then(|annex| annex.resolve(target.qualifier.as_deref(), draw()));
        version.ok_or_else(|| InvokeError::ResourceNotFound { arn: target.arn.clone() })
    }

    async fn call_now(&self, call: Call, tail: bool) -> Result<InvocationResult, InvokeError> {
        let (request_id, version) = (call.request_id.clone(), call.version.clone());
        let answer = self.run(call).await?;
        Ok(InvocationResult {
            payload: answer.payload,
            function_error: answer.failed.then(|| "Unhandled".to_owned()),
            log_result: tail.then(|| BASE64.encode(&answer.log_tail)),
            ..result(200, request_id, version)
        })
    }

    pub(crate) async fn run(&self, call: Call) -> Result<Answer, InvokeError> {
        let Call { target, version, request_id, payload, client_context, trace_header } = call;
        let annex: Option<Arc<Annex>> = self.inner.registry.annex(&target.name);
        let reserved = annex.and_then(|annex| annex.reserved_concurrency);
        let permit = self.inner.concurrency.enter(&target.name, reserved)?;
        // AWS: documented: the ARN that the caller used, with its qualifier.
        let mut invoked_arn = self.function_arn(&target.name);
        if let Some(qualifier) = &target.qualifier {
            invoked_arn = format!("{invoked_arn}:{qualifier}");
        }
        let (reply, answer) = oneshot::channel();
        self.inner.fleet.submit(Job {
            lane: lane(&target.name, &version),
            invoked_arn,
            request_id,
            payload,
            client_context,
            trace_header,
            permit,
            reply,
        });
        let lost =
            || InvokeError::Service { message: "The function host lost the call's worker.".to_owned() };
        match answer.await.unwrap_or_else(|_| Err(lost())) {
            Err(InvokeError::ResourceNotFound { .. }) => {
                Err(InvokeError::ResourceNotFound { arn: target.arn })
            }
            outcome => outcome,
        }
    }
}

/// A number from 0 up to 1, for aliases that lead to two versions.
fn draw() -> f64 {
    let (_, low) = uuid::Uuid::new_v4().as_u64_pair();
    // The upper bits are the same in all UUIDs.
    (low & ((1 << 53) - 1)) as f64 / (1u64 << 53) as f64
}

/// The host's own directory, readable by its user alone.
fn make_directory() -> Result<tempfile::TempDir, HostError> {
    let refuse = |source| HostError::file("create", std::env::temp_dir(), source);
    let directory = tempfile::Builder::new().prefix("functions-").tempdir().map_err(refuse)?;
    let make = || {
        for name in ["runtime", "home", "code"] {
            fs::create_dir(directory.path().join(name))?;
        }
        let runtime = directory.path().join("runtime");
        fs::write(runtime.join("bootstrap.py"), include_str!("bootstrap/bootstrap.py"))?;
        fs::write(runtime.join("bootstrap.mjs"), include_str!("bootstrap/bootstrap.mjs"))?;
        fs::write(runtime.join("resolve.mjs"), include_str!("bootstrap/resolve.mjs"))
    };
    make().map_err(refuse)?;
    Ok(directory)
}

fn check_size(request: &Invocation) -> Result<(), InvokeError> {
    let (limit, invocation_type) = match request.invocation_type {
        InvocationType::RequestResponse => (SYNC_PAYLOAD_LIMIT, "RequestResponse"),
        InvocationType::Event => (EVENT_PAYLOAD_LIMIT, "Event"),
        InvocationType::DryRun => (SYNC_PAYLOAD_LIMIT, "DryRun"),
    };
    let size = request.payload.len();
    if size > limit { Err(InvokeError::RequestTooLarge { size, invocation_type, limit }) } else { Ok(()) }
}

pub(crate) fn read_client_context(base64: &str) -> Result<HeaderValue, InvokeError> {
    let refuse = || InvokeError::InvalidRequestContent {
        message: "Could not parse client context into json".to_owned(),
    };
    let text = BASE64.decode(base64).map_err(|_| refuse())?;
    let context: serde_json::Value = serde_json::from_slice(&text).map_err(|_| refuse())?;
    HeaderValue::from_bytes(context.to_string().as_bytes()).map_err(|_| refuse())
}

fn result(status: u16, request_id: String, executed_version: String) -> InvocationResult {
    InvocationResult {
        status,
        payload: Bytes::new(),
        function_error: None,
        executed_version,
        request_id,
        log_result: None,
    }
}
