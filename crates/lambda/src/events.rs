//! Calls of type `Event`: the queue, the retries, and who hears of the end.
//!
//! An event that was accepted is a file in `.events` of the data directory until it has ended, so that it survives
//! the host's process, however that ends: the next host calls it, again if need be, as AWS may. Without a data
//! directory events live in memory alone.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};

use crate::annex::{EVENT_AGE_SECONDS, EventInvokeConfig};
use crate::clock;
use crate::config::{EVENT_QUEUE_LIMIT, HostConfig};
use crate::errors::{HostError, InvokeError, ThrottleReason};
use crate::host::{Call, FunctionHost, Shutdown, read_client_context};
use crate::invocation::Target;
use crate::logs::LogSource;
use crate::store::{replace, sync};
use crate::worker::Answer;

/// How long an event that was throttled, or that the host could not call, waits at first and at most. AWS: documented.
const BACKOFF: Duration = Duration::from_secs(1);
const BACKOFF_LIMIT: Duration = Duration::from_secs(300);
/// Functions that hear of functions that hear of functions. AWS: documented for loops of functions.
const HOP_LIMIT: u32 = 16;

/// An event on its way.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Event {
    pub(crate) request_id: String,
    function: String,
    qualifier: Option<String>,
    #[serde(with = "payload_as_text")]
    payload: Bytes,
    /// In base64, as it came.
    client_context: Option<String>,
    #[serde(default)]
    pub(crate) trace_header: Option<String>,
    /// Milliseconds since 1970.
    accepted: u64,
    /// Calls that the function has answered.
    calls: u32,
    /// Events that led to this one.
    hops: u32,
}

impl Event {
    pub(crate) fn new(
        request_id: String,
        target: &Target,
        payload: Bytes,
        client_context: Option<String>,
        config: &HostConfig,
    ) -> Event {
        Event {
            request_id,
            function: target.name.clone(),
            qualifier: target.qualifier.clone(),
            payload,
            client_context,
            trace_header: None,
            accepted: config.clock.now_millis(),
            calls: 0,
            hops: 0,
        }
    }
}

/// The events of a host.
#[derive(Debug)]
pub(crate) struct Events {
    /// One permit for every event that may still be taken.
    room: Arc<Semaphore>,
    /// The functions and request ids of those that have not ended.
    open: Mutex<BTreeSet<(String, String)>>,
    /// Where they are kept.
    directory: Option<PathBuf>,
}

impl Events {
    pub(crate) fn open(data_dir: Option<&Path>) -> Result<Events, HostError> {
        let directory = data_dir.map(|path| path.join(".events"));
        if let Some(path) = &directory {
            fs::create_dir_all(path).map_err(|source| HostError::file("create", path, source))?;
        }
        let room = Arc::new(Semaphore::new(EVENT_QUEUE_LIMIT));
        Ok(Events { room, open: Mutex::default(), directory })
    }

    /// Takes no more.
    pub(crate) fn close(&self) {
        self.room.close();
    }

    /// What becomes of those that have not ended, once the host has stopped.
    pub(crate) fn left(&self) -> Shutdown {
        let open = self.lock();
        match &self.directory {
            Some(directory) => {
                // One that ended at this very moment has no file any more.
                let is_there = |id: &String| directory.join(file_name(id)).is_file();
                let kept_events = open.iter().filter(|(_, id)| is_there(id)).count();
                Shutdown { kept_events, lost_events: 0 }
            }
            None => Shutdown { kept_events: 0, lost_events: open.len() },
        }
    }

    /// How many events of a function have not ended.
    pub(crate) fn open_of(&self, function: &str) -> usize {
        self.lock().iter().filter(|(name, _)| name == function).count()
    }

    /// Writes an event to disk; when this returns, it is there.
    async fn keep(&self, event: &Event) -> Result<(), InvokeError> {
        let Some(directory) = self.directory.clone() else { return Ok(()) };
        let event = event.clone();
        let write = move || {
            let text = serde_json::to_vec(&event).map_err(std::io::Error::other)?;
            replace(&directory.join(file_name(&event.request_id)), &text)?;
            sync(&directory)
        };
        let written = tokio::task::spawn_blocking(write).await.map_err(std::io::Error::other);
        written
            .flatten()
            .map_err(|error| InvokeError::Service { message: format!("The event cannot be kept: {error}") })
    }

    async fn forget(&self, event: &Event) {
        if let Some(directory) = &self.directory {
            let file = directory.join(file_name(&event.request_id));
            // What cannot be removed is called again by the next host.
            let _ = tokio::task::spawn_blocking(move || fs::remove_file(file)).await;
        }
        self.lock().remove(&(event.function.clone(), event.request_id.clone()));
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<(String, String)>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn file_name(request_id: &str) -> String {
    format!("{request_id}.json")
}

impl FunctionHost {
    /// Takes up the events that an earlier host over the same data directory left, and tells how many. To be called
    /// once all functions are there: an event whose function is not is dropped.
    pub fn resume_events(&self) -> Result<usize, HostError> {
        let Some(directory) = &self.inner.events.directory else { return Ok(0) };
        let refuse = |source| HostError::file("read", directory, source);
        let mut events = Vec::new();
        for file in fs::read_dir(directory).map_err(refuse)? {
            let path = file.map_err(refuse)?.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                let text = fs::read(&path).map_err(refuse)?;
                let event: Event = serde_json::from_slice(&text)
                    .map_err(|error| HostError::Stored { path, reason: error.to_string() })?;
                events.push(event);
            }
        }
        events.sort_by(|a, b| (a.accepted, &a.request_id).cmp(&(b.accepted, &b.request_id)));
        let open = self.inner.events.lock().clone();
        events.retain(|event| !open.contains(&(event.function.clone(), event.request_id.clone())));
        let count = events.len();
        events.into_iter().for_each(|event| self.follow(event, None));
        Ok(count)
    }

    /// Takes an event upon itself, though its caller may leave meanwhile.
    pub(crate) async fn accept_event(&self, event: Event) -> Result<(), InvokeError> {
        let host = self.clone();
        let taken = tokio::spawn(async move { host.take_event(event).await });
        let lost = |_| InvokeError::Service { message: "The function host lost the event.".to_owned() };
        taken.await.map_err(lost)?
    }

    async fn take_event(&self, event: Event) -> Result<(), InvokeError> {
        let events = &self.inner.events;
        let permit = Arc::clone(&events.room).try_acquire_owned().map_err(|error| match error {
            TryAcquireError::Closed => {
                InvokeError::Service { message: "The function host is stopping.".to_owned() }
            }
            TryAcquireError::NoPermits => {
                let reason = ThrottleReason::ConcurrentInvocationLimitExceeded;
                InvokeError::TooManyRequests { reason }
            }
        })?;
        events.keep(&event).await?;
        self.follow(event, Some(permit));
        Ok(())
    }

    fn follow(&self, event: Event, permit: Option<OwnedSemaphorePermit>) {
        self.inner.events.lock().insert((event.function.clone(), event.request_id.clone()));
        let host = self.clone();
        tokio::spawn(async move {
            let mut stopping = host.inner.fleet.stopping();
            let through = async {
                // One that an earlier host had taken waits for its room.
                let room = match permit {
                    Some(permit) => Some(permit),
                    None => Arc::clone(&host.inner.events.room).acquire_owned().await.ok(),
                };
                if room.is_some() {
                    host.see_through(event.clone()).await;
                    host.inner.events.forget(&event).await;
                }
            };
            tokio::select! {
                () = through => {}
                _ = stopping.wait_for(|stopping| *stopping) => {}
            }
        });
    }

    /// Calls an event until the function succeeds or it is given up.
    async fn see_through(&self, mut event: Event) {
        let clock = Arc::clone(&self.config().clock);
        let mut backoff = BACKOFF;
        loop {
            let (config, reserved) = self.event_settings(&event);
            let age = clock.now_millis().saturating_sub(event.accepted);
            let limit = config.maximum_event_age_seconds.unwrap_or(*EVENT_AGE_SECONDS.end());
            if age > u64::from(limit) * 1000 {
                return self.give_up(&event, &config, "EventAgeExceeded", None).await;
            }
            if reserved == Some(0) {
                // AWS: documented that it is not tried any more; the condition's name is unconfirmed.
                return self.give_up(&event, &config, "ZeroReservedConcurrency", None).await;
            }
            let wait = match self.call_event(&event).await {
                Ok((version, answer)) => {
                    event.calls += 1;
                    let last = Some((version.as_str(), &answer));
                    if !answer.failed {
                        let record = record(self, &event, "Success", last);
                        return self.tell(&event, config.on_success.as_deref(), record).await;
                    }
                    let delays = &self.config().event_retry_delays;
                    let retries = config.maximum_retry_attempts.map_or(delays.len(), |most| most as usize);
                    if event.calls as usize > retries {
                        return self.give_up(&event, &config, "RetriesExhausted", last).await;
                    }
                    backoff = BACKOFF;
                    // One that cannot be written keeps its earlier count of calls.
                    let _ = self.inner.events.keep(&event).await;
                    let at = (event.calls as usize).min(delays.len()).saturating_sub(1);
                    delays.get(at).copied().unwrap_or_default()
                }
                // AWS: documented: throttled calls and errors of the service go back to the queue.
                Err(
                    InvokeError::TooManyRequests { .. }
                    | InvokeError::Service { .. }
                    | InvokeError::InvalidRuntime { .. },
                ) => {
                    let wait = backoff;
                    backoff = (backoff * 2).min(BACKOFF_LIMIT);
                    wait
                }
                Err(
                    InvokeError::ResourceNotFound { .. }
                    | InvokeError::RequestTooLarge { .. }
                    | InvokeError::InvalidParameterValue { .. }
                    | InvokeError::InvalidRequestContent { .. },
                ) => return,
            };
            clock.sleep(wait).await;
        }
    }

    async fn call_event(&self, event: &Event) -> Result<(String, Answer), InvokeError> {
        let target = Target::read(&event.function, event.qualifier.as_deref(), self.config())?;
        let version = self.version(&target)?;
        let call = Call {
            target,
            version: version.clone(),
            request_id: event.request_id.clone(),
            payload: event.payload.clone(),
            client_context: event.client_context.as_deref().map(read_client_context).transpose()?,
            trace_header: event.trace_header.clone(),
        };
        Ok((version, self.run(call).await?))
    }

    fn event_settings(&self, event: &Event) -> (EventInvokeConfig, Option<u32>) {
        let annex = self.inner.registry.annex(&event.function).unwrap_or_default();
        (annex.event_invoke(event.qualifier.as_deref()), annex.reserved_concurrency)
    }

    async fn give_up(
        &self,
        event: &Event,
        config: &EventInvokeConfig,
        condition: &str,
        last: Option<(&str, &Answer)>,
    ) {
        self.say(event, &format!("the event was given up after {} calls: {condition}", event.calls));
        let record = record(self, event, condition, last);
        self.tell(event, config.on_failure.as_deref(), record).await;
    }

    /// Hands the record of an event's end to the function that shall hear of it.
    async fn tell(&self, event: &Event, destination: Option<&str>, record: Value) {
        let Some(arn) = destination else { return };
        let told = async {
            if event.hops >= HOP_LIMIT {
                let message = format!("{HOP_LIMIT} functions heard of each other already");
                return Err(InvokeError::Service { message });
            }
            let target = Target::read(arn, None, self.config())?;
            self.version(&target)?;
            let (id, payload) = (uuid::Uuid::new_v4().to_string(), Bytes::from(record.to_string()));
            let next = Event::new(id, &target, payload, None, self.config());
            self.take_event(Event { hops: event.hops + 1, ..next }).await
        };
        if let Err(error) = told.await {
            self.say(event, &format!("{arn} does not hear of the event: {error}"));
        }
    }

    fn say(&self, event: &Event, text: &str) {
        if let Some(entry) = self.inner.registry.get(&event.function) {
            let text = format!("RequestId: {} {text}", event.request_id);
            entry.function.logs.push(Some(&event.request_id), LogSource::Platform, text);
        }
    }
}

/// What a destination gets. AWS: documented.
fn record(host: &FunctionHost, event: &Event, condition: &str, last: Option<(&str, &Answer)>) -> Value {
    let document = |bytes: &Bytes| serde_json::from_slice::<Value>(bytes).unwrap_or(Value::Null);
    let qualifier = event.qualifier.as_deref().unwrap_or(crate::function::LATEST);
    let mut record = json!({
        "version": "1.0",
        "timestamp": clock::log_time(host.config().clock.now_millis()),
        "requestContext": {
            "requestId": event.request_id,
            "functionArn": format!("{}:{qualifier}", host.function_arn(&event.function)),
            "condition": condition,
            "approximateInvokeCount": event.calls,
        },
        "requestPayload": document(&event.payload),
    });
    if let (Some((version, answer)), Some(members)) = (last, record.as_object_mut()) {
        let mut context = json!({ "statusCode": 200, "executedVersion": version });
        if let (true, Some(context)) = (answer.failed, context.as_object_mut()) {
            context.insert("functionError".to_owned(), json!("Unhandled"));
        }
        members.insert("responseContext".to_owned(), context);
        members.insert("responsePayload".to_owned(), document(&answer.payload));
    }
    record
}

/// A payload is JSON and so text, but the host does not read it: other bytes are kept as they are in base64.
mod payload_as_text {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD as BASE64;
    use bytes::Bytes;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    enum Form {
        Text(String),
        Base64(String),
    }

    pub(super) fn serialize<S: Serializer>(payload: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
        let form = match std::str::from_utf8(payload) {
            Ok(text) => Form::Text(text.to_owned()),
            Err(_) => Form::Base64(BASE64.encode(payload)),
        };
        form.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
        match Form::deserialize(deserializer)? {
            Form::Text(text) => Ok(text.into()),
            Form::Base64(text) => BASE64.decode(text).map(Bytes::from).map_err(serde::de::Error::custom),
        }
    }
}
