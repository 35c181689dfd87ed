//! One worker: a process of a function that serves calls one after the other.
//!
//! A task owns the process and is the only one to touch it. It takes a call, waits until the process polls for an
//! event, hands the event over and waits for the first of: an answer, the end of the process, the deadline. A
//! worker that is still good goes back to the fleet *before* the caller hears of the answer, so that a caller who
//! calls again at once finds it warm.

mod environment;
mod failure;
mod process;

use std::io;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderValue;
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;

use crate::clock;
use crate::concurrency::Permit;
use crate::errors::InvokeError;
use crate::function::Function;
use crate::logs::{LogSource, LogTail};
use crate::pool::{Fleet, Slot, Turn};
use crate::runtime_api::{Ack, ApiCall, Delivery, RuntimeApi};
use process::{Process, StartError};

/// A call on its way through the fleet.
#[derive(Debug)]
pub(crate) struct Job {
    /// The version that runs it.
    pub(crate) lane: String,
    /// As the caller named it, with the qualifier.
    pub(crate) invoked_arn: String,
    pub(crate) request_id: String,
    pub(crate) payload: Bytes,
    pub(crate) client_context: Option<HeaderValue>,
    /// X-Ray's, from the caller.
    pub(crate) trace_header: Option<String>,
    /// Its place among the calls of its function.
    pub(crate) permit: Permit,
    /// Where the outcome goes. A caller who is gone does not stop the call, as on AWS.
    pub(crate) reply: oneshot::Sender<Result<Answer, InvokeError>>,
}

impl Job {
    /// Ends the call. Its place is free before the caller hears of it, who may call again at once.
    pub(crate) fn answer(self, outcome: Result<Answer, InvokeError>) {
        let Job { permit, reply, .. } = self;
        drop(permit);
        // A caller who is gone hears nothing.
        let _ = reply.send(outcome);
    }
}

/// What a function made of a call.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) payload: Bytes,
    pub(crate) failed: bool,
    pub(crate) log_tail: Vec<u8>,
}

/// Runs one worker from its first call to the end of its process.
pub(crate) async fn run(fleet: Arc<Fleet>, function: Arc<Function>, slot: Slot, first: Job) {
    let mut stopping = fleet.stopping();
    let started = tokio::select! {
        started = Worker::start(&fleet, &function) => started,
        _ = stopping.wait_for(|stopping| *stopping) => Err(StartError::Host(host_is_stopping())),
    };
    match started {
        Ok(worker) => worker.serve_calls(&fleet, slot, first).await,
        Err(error) => {
            let outcome = refuse_start(&function, &first.request_id, error);
            drop(slot);
            first.answer(outcome);
        }
    }
}

fn refuse_start(function: &Function, request_id: &str, error: StartError) -> Result<Answer, InvokeError> {
    match error {
        StartError::Host(error) => Err(error),
        StartError::Entrypoint(reason) => {
            let payload = failure::no_entrypoint(request_id, &reason);
            let text = String::from_utf8_lossy(&payload).into_owned();
            function.logs.push(Some(request_id), LogSource::Platform, text);
            Ok(Answer { payload, failed: true, log_tail: Vec::new() })
        }
    }
}

struct Worker {
    function: Arc<Function>,
    process: Process,
    api: RuntimeApi,
    stopping: watch::Receiver<bool>,
    /// A poll held open by the process, until there is an event for it.
    poll: Option<oneshot::Sender<Delivery>>,
    log: CallLog,
    started: Instant,
    init_timeout: Duration,
    /// How long the process took to its first poll; `None` until then.
    init_duration: Option<Duration>,
    served_calls: u64,
}

/// The log of the call under way.
struct CallLog {
    function: Arc<Function>,
    request_id: Option<String>,
    tail: LogTail,
}

/// What a worker waits for.
enum Event {
    Api(ApiCall),
    Exited(ExitStatus),
    Deadline,
    Stopping,
}

/// How a call ended, and whether its worker can take another.
enum Outcome {
    Answered {
        payload: Bytes,
        failed: bool,
        worker_lives: bool,
    },
    /// The process ended between two calls; the event never reached it.
    Undelivered,
    Refused(InvokeError),
}

impl Outcome {
    fn last(payload: Bytes) -> Outcome {
        Outcome::Answered { payload, failed: true, worker_lives: false }
    }
}

impl Worker {
    async fn start(fleet: &Fleet, function: &Arc<Function>) -> Result<Worker, StartError> {
        let api = RuntimeApi::listen().await.map_err(|error| {
            let message = format!("the function's Runtime API cannot be served: {error}");
            StartError::Host(InvokeError::Service { message })
        })?;
        let process = Process::start(function, &fleet.equipment, &api.address.to_string()).await?;
        let log = CallLog { function: Arc::clone(function), request_id: None, tail: LogTail::default() };
        Ok(Worker {
            function: Arc::clone(function),
            process,
            api,
            stopping: fleet.stopping(),
            poll: None,
            log,
            started: Instant::now(),
            init_timeout: fleet.equipment.config.init_timeout,
            init_duration: None,
            served_calls: 0,
        })
    }

    async fn serve_calls(mut self, fleet: &Arc<Fleet>, slot: Slot, first: Job) {
        let mut job = first;
        loop {
            self.log.open(&job.request_id);
            let outcome = self.serve(&job).await;
            let tail = self.log.close();
            match outcome {
                Outcome::Answered { payload, failed, worker_lives } => {
                    let answer = Answer { payload, failed, log_tail: tail };
                    let turn = if worker_lives { fleet.rest(&slot) } else { Turn::Retire };
                    let next = match turn {
                        Turn::Retire => {
                            self.end().await;
                            drop(slot);
                            job.answer(Ok(answer));
                            return;
                        }
                        Turn::Call(next) => {
                            job.answer(Ok(answer));
                            Some(next)
                        }
                        Turn::Wait(next) => {
                            job.answer(Ok(answer));
                            self.wait(fleet, &slot, next).await
                        }
                    };
                    let Some(next) = next else { return self.end().await };
                    job = next;
                }
                Outcome::Undelivered => {
                    self.end().await;
                    drop(slot);
                    return fleet.resubmit(job);
                }
                Outcome::Refused(error) => {
                    self.end().await;
                    drop(slot);
                    return job.answer(Err(error));
                }
            }
        }
    }

    /// Waits for the next call while the process idles. `None` when the worker shall end.
    async fn wait(
        &mut self,
        fleet: &Arc<Fleet>,
        slot: &Slot,
        mut next: oneshot::Receiver<Job>,
    ) -> Option<Job> {
        let deadline = Instant::now() + fleet.equipment.config.idle_timeout;
        loop {
            let event = tokio::select! {
                job = &mut next => return job.ok(),
                event = self.event(deadline) => event,
            };
            match event {
                Event::Api(call) => self.on_call_while_idle(call),
                // A call that is already on its way wins over the end of the wait: `serve` sees that the process
                // has ended and hands the call back.
                Event::Exited(_) | Event::Deadline => {
                    return if fleet.leave(slot) { None } else { next.await.ok() };
                }
                Event::Stopping => return None,
            }
        }
    }

    async fn serve(&mut self, job: &Job) -> Outcome {
        let begun = Instant::now();
        let patience = begun.max(self.started) + self.init_timeout + self.function.timeout();
        loop {
            if let Err(outcome) = self.await_poll(job, patience).await {
                return outcome;
            }
            if self.served_calls > 0 && self.process.has_ended() {
                return Outcome::Undelivered;
            }
            let deadline = Instant::now() + self.function.timeout();
            if self.deliver(job) {
                let start = Instant::now();
                let first_init = (self.served_calls == 0).then_some(self.init_duration).flatten();
                let outcome = self.await_answer(job, deadline).await;
                self.served_calls += 1;
                self.report(job, start.elapsed().min(self.function.timeout()), first_init);
                return outcome;
            }
        }
    }

    /// Waits until the process asks for an event.
    async fn await_poll(&mut self, job: &Job, patience: Instant) -> Result<(), Outcome> {
        while self.poll.is_none() {
            match self.event(patience).await {
                Event::Api(ApiCall::InitError { body, reply }) if self.init_duration.is_none() => {
                    self.drain();
                    let _ = reply.send(Ack::Accepted);
                    let text = format!(
                        "INIT_REPORT Init Duration: {} ms\tPhase: init\tStatus: error",
                        millis(self.started.elapsed())
                    );
                    self.log.platform(text);
                    self.log_start(job);
                    self.report(job, Duration::ZERO, None);
                    return Err(Outcome::last(self.error_document(body)));
                }
                Event::Api(call) => self.on_call_while_idle(call),
                Event::Exited(_) if self.served_calls > 0 => return Err(Outcome::Undelivered),
                Event::Exited(status) => {
                    self.log_start(job);
                    return Err(self.exited(job, status));
                }
                Event::Deadline => {
                    self.log_start(job);
                    return Err(self.timed_out(job));
                }
                Event::Stopping => return Err(Outcome::Refused(host_is_stopping())),
            }
        }
        Ok(())
    }

    /// Answers the held poll with the event; `false` when the process gave up that poll.
    fn deliver(&mut self, job: &Job) -> bool {
        let Some(poll) = self.poll.take() else { return false };
        let now = clock::now_millis();
        let delivery = Delivery {
            request_id: job.request_id.clone(),
            deadline_millis: now + self.function.timeout().as_millis() as u64,
            function_arn: job.invoked_arn.clone(),
            trace_id: job.trace_header.clone().unwrap_or_else(|| new_trace_header(now)),
            client_context: job.client_context.clone(),
            payload: job.payload.clone(),
        };
        // What was written so far belongs to the time before the call.
        self.drain();
        let delivered = poll.send(delivery).is_ok();
        if delivered {
            self.log_start(job);
        }
        delivered
    }

    /// Waits for what becomes of a call that was handed over.
    async fn await_answer(&mut self, job: &Job, deadline: Instant) -> Outcome {
        loop {
            match self.event(deadline).await {
                Event::Api(ApiCall::Response { request_id, body, reply }) if request_id == job.request_id => {
                    self.drain();
                    let _ = reply.send(if body.is_some() { Ack::Accepted } else { Ack::TooLarge });
                    let failed = body.is_none();
                    let payload = body.unwrap_or_else(failure::response_too_large);
                    return Outcome::Answered { payload, failed, worker_lives: true };
                }
                Event::Api(ApiCall::Error { request_id, body, reply }) if request_id == job.request_id => {
                    self.drain();
                    let _ = reply.send(if body.is_some() { Ack::Accepted } else { Ack::TooLarge });
                    let payload = self.error_document(body);
                    return Outcome::Answered { payload, failed: true, worker_lives: true };
                }
                Event::Api(ApiCall::Response { reply, .. } | ApiCall::Error { reply, .. }) => {
                    let _ = reply.send(Ack::InvalidRequestId);
                }
                Event::Api(ApiCall::InitError { reply, .. }) => {
                    let _ = reply.send(Ack::InvalidState);
                }
                // Dropping the poll refuses it: the process owes an answer first.
                Event::Api(ApiCall::Next { reply }) => drop(reply),
                Event::Exited(status) => return self.exited(job, status),
                Event::Deadline => return self.timed_out(job),
                Event::Stopping => return Outcome::Refused(host_is_stopping()),
            }
        }
    }

    fn on_call_while_idle(&mut self, call: ApiCall) {
        match call {
            ApiCall::Next { reply } => {
                self.init_duration.get_or_insert_with(|| self.started.elapsed());
                self.poll = Some(reply);
            }
            ApiCall::Response { reply, .. } | ApiCall::Error { reply, .. } => {
                let _ = reply.send(Ack::InvalidRequestId);
            }
            ApiCall::InitError { reply, .. } => {
                let _ = reply.send(Ack::InvalidState);
            }
        }
    }

    /// The next thing that happens, with the process's output taken along.
    async fn event(&mut self, deadline: Instant) -> Event {
        let Worker { process, api, stopping, log, .. } = self;
        loop {
            let mut sink = |line: String| log.function(line);
            tokio::select! {
                Some(call) = api.calls.recv() => return Event::Api(call),
                ended = process.ended_or_wrote(&mut sink) => match ended {
                    Some(status) => {
                        process.drain(&mut sink);
                        return Event::Exited(status.unwrap_or_else(lost_status));
                    }
                    None => continue,
                },
                () = tokio::time::sleep_until(deadline) => return Event::Deadline,
                _ = stopping.wait_for(|stopping| *stopping) => return Event::Stopping,
            }
        }
    }

    fn drain(&mut self) {
        let log = &mut self.log;
        self.process.drain(&mut |line| log.function(line));
    }

    async fn end(self) {
        let Worker { process, mut log, .. } = self;
        process.end(&mut |line| log.function(line)).await;
    }

    fn timed_out(&mut self, job: &Job) -> Outcome {
        self.drain();
        let time = clock::log_time(clock::now_millis());
        let seconds = self.function.timeout().as_secs_f64();
        self.log.platform(format!("{time} {} Task timed out after {seconds:.2} seconds", job.request_id));
        Outcome::last(failure::timed_out(&job.request_id, self.function.timeout()))
    }

    fn exited(&mut self, job: &Job, status: ExitStatus) -> Outcome {
        let payload = failure::exited(&job.request_id, status);
        self.log.platform(String::from_utf8_lossy(&payload).into_owned());
        Outcome::last(payload)
    }

    fn error_document(&self, body: Option<Bytes>) -> Bytes {
        body.map_or_else(failure::response_too_large, |body| {
            let opt = self.function.opt.as_ref().map(|opt| opt.path());
            failure::show_roots(body, self.function.root.path(), opt)
        })
    }

    fn log_start(&mut self, job: &Job) {
        self.log.platform(format!("START RequestId: {} Version: {}", job.request_id, self.function.version));
    }

    fn report(&mut self, job: &Job, duration: Duration, init: Option<Duration>) {
        let id = &job.request_id;
        self.log.platform(format!("END RequestId: {id}"));
        let billed = duration.as_secs_f64() * 1000.0;
        let mut text = format!(
            "REPORT RequestId: {id}\tDuration: {} ms\tBilled Duration: {:.0} ms\tMemory Size: {} MB\tMax Memory Used: {} MB\t",
            millis(duration),
            billed.ceil(),
            self.function.spec.memory_mb,
            self.process.peak_memory_mb(),
        );
        if let Some(init) = init {
            text.push_str(&format!("Init Duration: {} ms\t", millis(init)));
        }
        self.log.platform(text);
    }
}

impl CallLog {
    fn open(&mut self, request_id: &str) {
        self.request_id = Some(request_id.to_owned());
    }

    fn close(&mut self) -> Vec<u8> {
        self.request_id = None;
        std::mem::take(&mut self.tail).into_bytes()
    }

    fn function(&mut self, line: String) {
        self.push(LogSource::Function, line);
    }

    fn platform(&mut self, line: String) {
        self.push(LogSource::Platform, line);
    }

    fn push(&mut self, source: LogSource, line: String) {
        if self.request_id.is_some() {
            self.tail.push(&line);
        }
        self.function.logs.push(self.request_id.as_deref(), source, line);
    }
}

fn new_trace_header(now_millis: u64) -> String {
    let id = uuid::Uuid::new_v4().simple().to_string();
    let (root, parent) = id.split_at_checked(16).unwrap_or((&id, ""));
    format!("Root=1-{:08x}-{root}00000000;Parent={parent};Sampled=0", now_millis / 1000)
}

fn millis(duration: Duration) -> String {
    format!("{:.2}", duration.as_secs_f64() * 1000.0)
}

/// The status of a process that somebody else has waited for.
fn lost_status(_: io::Error) -> ExitStatus {
    ExitStatus::default()
}

fn host_is_stopping() -> InvokeError {
    InvokeError::Service { message: "The function host is stopping.".to_owned() }
}
