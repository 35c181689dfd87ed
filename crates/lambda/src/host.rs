//! The host: what its callers hold.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use http::HeaderValue;
use tokio::sync::{Semaphore, oneshot};

use crate::archive::{self, ArchiveError};
use crate::config::{EVENT_PAYLOAD_LIMIT, EVENT_QUEUE_LIMIT, HostConfig, SYNC_PAYLOAD_LIMIT};
use crate::errors::{FolderProblem, HostError, InvokeError, ThrottleReason};
use crate::folder::{self, Change, Found, LoadedFunction};
use crate::function::{Function, FunctionSpec, TaskRoot};
use crate::guard::Guard;
use crate::interpreter::Interpreters;
use crate::invocation::{Invocation, InvocationResult, InvocationType, LATEST, Target};
use crate::logs::{LogLine, LogRing};
use crate::pool::{Equipment, Fleet};
use crate::registry::{Entry, Origin, Registry};
use crate::store::{Store, Stored};
use crate::worker::{Answer, Job};

/// How long an `Event` call that finds every worker busy waits before it tries again.
const THROTTLED_EVENT_DELAY: Duration = Duration::from_secs(1);

/// A host of functions. Clones share it.
#[derive(Debug, Clone)]
pub struct FunctionHost {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    fleet: Arc<Fleet>,
    registry: Registry,
    store: Store,
    /// One permit for every `Event` call that may still be taken.
    events: Arc<Semaphore>,
    /// Held while functions are made, changed or removed, so that what was checked still holds.
    changes: Mutex<()>,
}

impl FunctionHost {
    /// Starts a host inside the current tokio runtime and reads the functions its data directory holds. No
    /// function's process is started before its first call.
    pub async fn start(config: HostConfig) -> Result<FunctionHost, HostError> {
        let directory = make_directory()?;
        let stored = config.data_dir.clone().unwrap_or_else(|| directory.path().join("stored"));
        let store = Store::open(stored)?;
        let guard = Guard::start(directory.path());
        let equipment = Equipment { config, interpreters: Interpreters::default(), guard, directory };
        let inner = Inner {
            fleet: Fleet::new(equipment),
            registry: Registry::default(),
            store,
            events: Arc::new(Semaphore::new(EVENT_QUEUE_LIMIT)),
            changes: Mutex::default(),
        };
        let host = FunctionHost { inner: Arc::new(inner) };
        host.load_stored()?;
        Ok(host)
    }

    /// Serves the functions in `directory`: each subfolder with a `handler.py` (Python, handler
    /// `handler.handler`, or `handler.lambda_handler` where the file defines that), an `index.mjs` or `index.js`
    /// (Node, `index.handler`) or an executable `bootstrap`, with an optional `function.toml` (`runtime`,
    /// `handler`, `timeout` in seconds, `memory` in MB, a table `environment`).
    ///
    /// Calling it again takes up what changed: new functions, changed ones (their workers end after their
    /// current call) and those that are gone. When anything is wrong, nothing changes. The answer has the
    /// functions in the order of their names, those removed last.
    pub fn load_folder(&self, directory: &Path) -> Result<Vec<LoadedFunction>, HostError> {
        let _changing = self.inner.changes.lock().unwrap_or_else(PoisonError::into_inner);
        let found = folder::scan(directory)?;
        let directory =
            directory.canonicalize().map_err(|source| HostError::file("read", directory, source))?;
        let registry = &self.inner.registry;
        let taken = |found: &&Found| {
            registry.get(&found.spec.name).is_some_and(|entry| !entry.origin.is_in(&directory))
        };
        let problems: Vec<FolderProblem> = found.iter().filter(taken).map(name_taken).collect();
        if !problems.is_empty() {
            return Err(HostError::Folder { problems });
        }
        let gone: Vec<String> = registry
            .names_in(&directory)
            .into_iter()
            .filter(|name| !found.iter().any(|found| found.spec.name == *name))
            .collect();
        let mut loaded: Vec<LoadedFunction> =
            found.into_iter().map(|found| self.load_found(found, &directory)).collect();
        loaded.extend(gone.iter().filter_map(|name| self.unload(name)));
        Ok(loaded)
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
        if !target.is_latest() || !self.has(&target.name) {
            return Err(InvokeError::ResourceNotFound { arn: target.arn });
        }
        check_size(&request)?;
        let client_context = request.client_context.as_deref().map(read_client_context).transpose()?;
        let request_id = uuid::Uuid::new_v4().to_string();
        let payload = match request.payload.is_empty() {
            true => Bytes::from_static(b"{}"),
            false => request.payload,
        };
        let call = Call { function: target.name, request_id, payload, client_context };
        match request.invocation_type {
            InvocationType::DryRun => Ok(result(204, call.request_id)),
            InvocationType::Event => self.call_later(call),
            InvocationType::RequestResponse => self.call_now(call, target.arn, request.log_type_tail).await,
        }
    }

    /// The last lines of a function's log, oldest first.
    pub fn logs(&self, name: &str) -> Vec<LogLine> {
        self.inner.registry.get(name).map(|entry| entry.function.logs.lines()).unwrap_or_default()
    }

    /// Ends every worker with all it started. Calls under way are answered with `ServiceException`; no call is
    /// taken any more. Returns when the last process is gone.
    pub async fn shutdown(&self) {
        self.inner.events.close();
        self.inner.fleet.stop().await;
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

    /// Keeps and serves a function of the API; without `code`, with the code it has. Only inside a change.
    pub(crate) fn put(&self, stored: Stored, code: Option<&[u8]>) -> Result<Entry, ArchiveError> {
        let root = match (code, self.entry(&stored.spec.name)) {
            (None, Some(entry)) => Arc::clone(&entry.function.root),
            (Some(code), _) => self.lay_out(code)?,
            (None, None) => self.lay_out(&self.inner.store.code(&stored)?)?,
        };
        self.inner.store.put(&stored, code)?;
        Ok(self.serve(stored.spec.clone(), root, Origin::Api(Box::new(stored))))
    }

    /// Forgets a function of the API. Only inside a change.
    pub(crate) fn delete(&self, name: &str) -> std::io::Result<()> {
        self.inner.store.remove(name)?;
        self.unload(name);
        Ok(())
    }
}

/// A checked call.
#[derive(Debug, Clone)]
struct Call {
    function: String,
    request_id: String,
    payload: Bytes,
    client_context: Option<HeaderValue>,
}

impl FunctionHost {
    async fn call_now(&self, call: Call, arn: String, tail: bool) -> Result<InvocationResult, InvokeError> {
        let request_id = call.request_id.clone();
        let answer = self.run(call).await.map_err(|error| match error {
            InvokeError::ResourceNotFound { .. } => InvokeError::ResourceNotFound { arn },
            other => other,
        })?;
        Ok(InvocationResult {
            payload: answer.payload,
            function_error: answer.failed.then(|| "Unhandled".to_owned()),
            log_result: tail.then(|| BASE64.encode(&answer.log_tail)),
            ..result(200, request_id)
        })
    }

    /// Takes a call of type `Event`. It is repeated with the same request id while the function fails, as often
    /// as the configuration says. Calls not yet run are lost with the host.
    fn call_later(&self, call: Call) -> Result<InvocationResult, InvokeError> {
        let permit = Arc::clone(&self.inner.events).try_acquire_owned().map_err(|_| {
            InvokeError::TooManyRequests { reason: ThrottleReason::ConcurrentInvocationLimitExceeded }
        })?;
        let (host, request_id) = (self.clone(), call.request_id.clone());
        tokio::spawn(async move {
            let mut stopping = host.inner.fleet.stopping();
            tokio::select! {
                () = host.run_event(call) => {}
                _ = stopping.wait_for(|stopping| *stopping) => {}
            }
            drop(permit);
        });
        Ok(result(202, request_id))
    }

    async fn run_event(&self, call: Call) {
        let mut delays = self.config().event_retry_delays.iter();
        loop {
            match self.run(call.clone()).await {
                Ok(answer) if !answer.failed => return,
                Ok(_) => match delays.next() {
                    Some(delay) => tokio::time::sleep(*delay).await,
                    None => return,
                },
                Err(InvokeError::TooManyRequests { .. }) => tokio::time::sleep(THROTTLED_EVENT_DELAY).await,
                Err(_) => return,
            }
        }
    }

    async fn run(&self, call: Call) -> Result<Answer, InvokeError> {
        let Call { function, request_id, payload, client_context } = call;
        let (reply, answer) = oneshot::channel();
        self.inner.fleet.submit(Job { function, request_id, payload, client_context, reply });
        answer.await.unwrap_or_else(|_| {
            Err(InvokeError::Service { message: "The function host lost the call's worker.".to_owned() })
        })
    }

    fn load_stored(&self) -> Result<(), HostError> {
        for stored in self.inner.store.load()? {
            let damaged =
                |reason: String| HostError::Stored { path: self.inner.store.code_path(&stored), reason };
            let code = self.inner.store.code(&stored).map_err(|error| damaged(error.to_string()))?;
            let root = self.lay_out(&code).map_err(|error| damaged(error.to_string()))?;
            self.serve(stored.spec.clone(), root, Origin::Api(Box::new(stored)));
        }
        Ok(())
    }

    fn load_found(&self, found: Found, directory: &Path) -> LoadedFunction {
        let Found { spec, root, fingerprint } = found;
        let before = self.inner.registry.get(&spec.name);
        let change = match &before {
            None => Change::Added,
            Some(entry) => match &entry.origin {
                Origin::Folder { fingerprint: old, .. } if *old == fingerprint => Change::Unchanged,
                Origin::Folder { .. } | Origin::Api(_) => Change::Reloaded,
            },
        };
        let loaded = loaded(&spec, change);
        if change != Change::Unchanged {
            let origin = Origin::Folder { directory: directory.to_owned(), fingerprint };
            self.serve(spec, Arc::new(TaskRoot::Folder(root)), origin);
        }
        loaded
    }

    fn unload(&self, name: &str) -> Option<LoadedFunction> {
        let entry = self.inner.registry.get(name)?;
        self.inner.registry.remove(name);
        self.inner.fleet.withdraw(name);
        Some(loaded(&entry.function.spec, Change::Removed))
    }

    /// Makes a revision of a function the one that is served. Its log goes on from the revision before.
    fn serve(&self, spec: FunctionSpec, root: Arc<TaskRoot>, origin: Origin) -> Entry {
        let registry = &self.inner.registry;
        let logs = registry.get(&spec.name).map(|entry| Arc::clone(&entry.function.logs));
        let function = Arc::new(Function {
            arn: self.function_arn(&spec.name),
            spec,
            revision: registry.next_revision(),
            root,
            logs: logs.unwrap_or_else(|| Arc::new(LogRing::new(self.config().log_lines))),
        });
        let entry = Entry { function: Arc::clone(&function), origin };
        self.inner.fleet.deploy(function);
        registry.put(entry.clone());
        entry
    }

    fn lay_out(&self, code: &[u8]) -> Result<Arc<TaskRoot>, ArchiveError> {
        let directory =
            tempfile::Builder::new().prefix("task-").tempdir_in(self.inner.fleet.equipment.code())?;
        archive::unpack(code, directory.path())?;
        Ok(Arc::new(TaskRoot::Extracted(directory)))
    }
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
        fs::write(runtime.join("bootstrap.mjs"), include_str!("bootstrap/bootstrap.mjs"))
    };
    make().map_err(refuse)?;
    Ok(directory)
}

fn loaded(spec: &FunctionSpec, change: Change) -> LoadedFunction {
    LoadedFunction {
        name: spec.name.clone(),
        runtime: spec.runtime.clone(),
        handler: spec.handler.clone(),
        change,
    }
}

fn name_taken(found: &Found) -> FolderProblem {
    let message = format!(
        "there is another function called '{}', from another folder or made through the Lambda API; rename or \
         delete one of them",
        found.spec.name
    );
    FolderProblem { path: found.root.clone(), line: None, message }
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

fn read_client_context(base64: &str) -> Result<HeaderValue, InvokeError> {
    let refuse = || InvokeError::InvalidRequestContent {
        message: "Could not parse client context into json".to_owned(),
    };
    let text = BASE64.decode(base64).map_err(|_| refuse())?;
    let context: serde_json::Value = serde_json::from_slice(&text).map_err(|_| refuse())?;
    HeaderValue::from_bytes(context.to_string().as_bytes()).map_err(|_| refuse())
}

fn result(status: u16, request_id: String) -> InvocationResult {
    InvocationResult {
        status,
        payload: Bytes::new(),
        function_error: None,
        executed_version: LATEST.to_owned(),
        request_id,
        log_result: None,
    }
}
