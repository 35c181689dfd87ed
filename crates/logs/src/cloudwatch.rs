//! Delivery to CloudWatch Logs: a stream for each machine, one call at a time on each, retried with a growing pause.

use crate::batch::{self, Pending};
use crate::queue::{Gauge, Message, REPORT_PAUSE, Receiver};
use crate::streams::{Key, Stream};
use aws::logs::{InputLogEvent, LogStream, create_log_stream, put_log_events};
use aws::{CallError, Client};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Calls under way at once.
const CALLS: usize = 8;
/// Streams held open.
const STREAMS: usize = 4096;
/// Messages taken from the queue before calls are looked at again.
const TAKEN: usize = 1024;
/// Attempts at a batch before it is given up.
const ATTEMPTS: u32 = 8;
/// The pause before the second attempt; it doubles with each one.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// How long a log group that is not there is not asked for again.
const MISSING_PAUSE: Duration = Duration::from_secs(30);
/// How long one call may take.
pub(crate) const CALL_TIMEOUT: Duration = Duration::from_secs(15);

/// Delivers what comes until nobody can send any more and everything is delivered or given up.
pub(crate) async fn run(receiver: Receiver, client: Client) {
    let Receiver { mut messages, gauge } = receiver;
    let mut worker = Worker::new(client, gauge);
    let mut is_open = true;
    while is_open || !worker.is_idle() {
        worker.launch();
        let due = worker.next_due();
        tokio::select! {
            message = messages.recv(), if is_open => match message {
                Some(message) => worker.take_all(message, &mut messages),
                None => is_open = false,
            },
            Some(done) = worker.calls.join_next() => worker.returned(done),
            () = until(due) => {}
        }
        worker.answer_flushes();
    }
}

struct Worker {
    client: Client,
    gauge: Arc<Gauge>,
    streams: HashMap<Key, Stream>,
    /// Streams with something pending and no call under way.
    waiting: Vec<Key>,
    calls: JoinSet<Returned>,
    flushes: Vec<oneshot::Sender<()>>,
    quiet_until: Instant,
}

/// A call that came back.
struct Returned {
    key: Key,
    batch: Vec<Pending>,
    is_created: bool,
    outcome: Outcome,
}

/// What became of a batch.
enum Outcome {
    /// It is stored but for so many records, which were too old or too new.
    Stored { refused: usize },
    /// The log group is not there.
    NoGroup,
    /// The service did not take it, and may later.
    NotNow(String),
    /// The service will not take it.
    Refused(String),
}

impl Worker {
    fn new(client: Client, gauge: Arc<Gauge>) -> Worker {
        Worker {
            client,
            gauge,
            streams: HashMap::new(),
            waiting: Vec::new(),
            calls: JoinSet::new(),
            flushes: Vec::new(),
            quiet_until: Instant::now(),
        }
    }

    fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.calls.is_empty()
    }

    fn take_all(&mut self, first: Message, messages: &mut mpsc::Receiver<Message>) {
        self.take(first);
        for _ in 1..TAKEN {
            match messages.try_recv() {
                Ok(message) => self.take(message),
                Err(_) => return,
            }
        }
    }

    fn take(&mut self, message: Message) {
        let (entry, share) = match message {
            Message::Entry(entry, share) => (entry, Arc::new(share)),
            Message::Flush(done) => return self.flushes.push(done),
        };
        let key = (entry.logging.log_group_arn.clone(), entry.machine_name.clone());
        let Some(stream) = self.stream(&key) else { return self.gauge.drop_records(entry.events.len()) };
        if stream.missing_until.is_some_and(|until| Instant::now() < until) {
            return self.gauge.drop_records(entry.events.len());
        }
        stream.renew(&key.1);
        let was_idle = stream.is_idle();
        stream.pending.extend(entry.records().map(|(timestamp, message)| Pending {
            event: InputLogEvent { timestamp, message },
            _share: share.clone(),
        }));
        if was_idle {
            self.waiting.push(key);
        }
    }

    /// The stream of a machine, opened where it is not; `None` where there are too many, or no such log group can be.
    fn stream(&mut self, key: &Key) -> Option<&mut Stream> {
        if !self.streams.contains_key(key) {
            if self.streams.len() >= STREAMS {
                self.streams.retain(|_, stream| !stream.is_idle());
            }
            if self.streams.len() >= STREAMS {
                return None;
            }
            self.streams.insert(key.clone(), Stream::open(key)?);
        }
        self.streams.get_mut(key)
    }

    /// Begins the calls that are due.
    fn launch(&mut self) {
        let now = Instant::now();
        let mut waiting = std::mem::take(&mut self.waiting);
        waiting.retain(|key| {
            let Some(stream) = self.streams.get_mut(key) else { return false };
            if self.calls.len() >= CALLS || stream.due > now {
                return true;
            }
            stream.is_busy = true;
            let (client, key) = (self.client.clone(), key.clone());
            let (target, is_created) = (stream.target.clone(), stream.is_created);
            let batch = batch::take(&mut stream.pending);
            self.calls.spawn(deliver(client, key, target, is_created, batch));
            false
        });
        self.waiting = waiting;
    }

    fn returned(&mut self, done: Result<Returned, tokio::task::JoinError>) {
        let Returned { key, batch, is_created, outcome } = match done {
            Ok(returned) => returned,
            // Only a bug ends a call so; its stream stays busy and what comes for it is bounded by the queue.
            Err(error) => return tracing::error!(%error, "delivery to CloudWatch Logs ended with a bug"),
        };
        let Some(stream) = self.streams.get_mut(&key) else { return };
        stream.is_busy = false;
        stream.is_created = is_created;
        let mut trouble = None;
        match outcome {
            Outcome::Stored { refused } => {
                stream.failures = 0;
                self.gauge.drop_records(refused);
                trouble = (refused > 0).then(|| "records are too old or too new".to_owned());
            }
            Outcome::NoGroup => {
                self.gauge.drop_records(batch.len() + stream.pending.len());
                stream.pending.clear();
                stream.missing_until = Some(Instant::now() + MISSING_PAUSE);
                trouble = Some(format!("there is no log group {}", stream.target.group));
            }
            Outcome::Refused(problem) => {
                stream.failures = 0;
                self.gauge.drop_records(batch.len());
                trouble = Some(problem);
            }
            Outcome::NotNow(problem) => {
                stream.failures += 1;
                if stream.failures >= ATTEMPTS {
                    self.gauge.drop_records(batch.len());
                    trouble = Some(problem);
                    stream.failures = 0;
                } else {
                    for record in batch.into_iter().rev() {
                        stream.pending.push_front(record);
                    }
                }
                stream.due = Instant::now() + FIRST_PAUSE * 2_u32.pow(stream.failures.saturating_sub(1));
            }
        }
        if !stream.pending.is_empty() {
            self.waiting.push(key);
        }
        self.report(trouble);
    }

    fn report(&mut self, trouble: Option<String>) {
        let now = Instant::now();
        if let Some(problem) = trouble
            && now >= self.quiet_until
        {
            tracing::warn!(problem, "log records of executions do not reach CloudWatch Logs");
            self.quiet_until = now + REPORT_PAUSE;
        }
    }

    fn next_due(&self) -> Option<Instant> {
        // With every call taken, the next one that comes back matters first.
        if self.calls.len() >= CALLS {
            return None;
        }
        self.waiting.iter().filter_map(|key| self.streams.get(key)).map(|stream| stream.due).min()
    }

    fn answer_flushes(&mut self) {
        if !self.flushes.is_empty() && self.is_idle() {
            self.gauge.report();
            for done in self.flushes.drain(..) {
                let _ = done.send(());
            }
        }
    }
}

async fn deliver(
    client: Client,
    key: Key,
    target: LogStream,
    mut is_created: bool,
    batch: Vec<Pending>,
) -> Returned {
    let events: Vec<InputLogEvent> = batch.iter().map(|record| record.event.clone()).collect();
    let outcome = put(&client, &target, &mut is_created, &events).await;
    Returned { key, batch, is_created, outcome }
}

/// Puts records into a stream, which is created first where it is not there.
async fn put(
    client: &Client,
    target: &LogStream,
    is_created: &mut bool,
    events: &[InputLogEvent],
) -> Outcome {
    // A second time, because the stream that was created may have been deleted.
    for _ in 0..2 {
        if !*is_created {
            match timed(create_log_stream(client, target)).await {
                Ok(()) => {}
                Err(error) if code(&error) == Some("ResourceAlreadyExistsException") => {}
                Err(error) if code(&error) == Some("ResourceNotFoundException") => return Outcome::NoGroup,
                Err(error) => return failed(&error),
            }
            *is_created = true;
        }
        match timed(put_log_events(client, target, events)).await {
            Ok(refused) => return Outcome::Stored { refused },
            Err(error) if code(&error) == Some("DataAlreadyAcceptedException") => {
                return Outcome::Stored { refused: 0 };
            }
            Err(error) if code(&error) == Some("ResourceNotFoundException") => *is_created = false,
            Err(error) => return failed(&error),
        }
    }
    Outcome::NoGroup
}

/// Whether another attempt may do.
fn failed(error: &CallError) -> Outcome {
    let may_pass = match error {
        CallError::Transport(_) => true,
        CallError::Service(error) => {
            let code = error.code.as_deref().unwrap_or_default();
            error.status >= 500 || code.contains("Throttling") || code == "OperationAbortedException"
        }
        // What gives the credentials may be back soon.
        CallError::NoCredentials { .. } => true,
        CallError::NoEndpoint { .. }
        | CallError::ReadOnly { .. }
        | CallError::Unsendable { .. }
        | CallError::TooLarge { .. } => false,
    };
    if may_pass { Outcome::NotNow(error.to_string()) } else { Outcome::Refused(error.to_string()) }
}

pub(crate) fn code(error: &CallError) -> Option<&str> {
    match error {
        CallError::Service(error) => error.code.as_deref(),
        CallError::Transport(_)
        | CallError::NoEndpoint { .. }
        | CallError::ReadOnly { .. }
        | CallError::NoCredentials { .. }
        | CallError::Unsendable { .. }
        | CallError::TooLarge { .. } => None,
    }
}

/// A call that is given up when it takes too long.
pub(crate) async fn timed<T>(call: impl Future<Output = Result<T, CallError>>) -> Result<T, CallError> {
    tokio::time::timeout(CALL_TIMEOUT, call).await.unwrap_or_else(|_| {
        let (kind, reason) = (aws::TransportKind::TimedOut, "Read timed out".to_owned());
        Err(CallError::Transport(aws::TransportError { kind, reason }))
    })
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}
