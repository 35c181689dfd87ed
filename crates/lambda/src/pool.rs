//! The fleet: which process takes which call.
//!
//! Every version of a function has a lane: its idle workers, the last used on top, and the calls that wait. One lock covers
//! all lanes, since the limit on processes spans them; it is held for a few moves of a queue and never across an
//! await. A busy worker is known here only by its [`Slot`], which gives its place back when dropped.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::runtime::Handle;
use tokio::sync::{oneshot, watch};

use crate::config::HostConfig;
use crate::errors::{InvokeError, ThrottleReason};
use crate::function::Function;
use crate::guard::Guard;
use crate::interpreter::Interpreters;
use crate::worker::{self, Job};

/// What every worker is started with.
#[derive(Debug)]
pub(crate) struct Equipment {
    pub(crate) config: HostConfig,
    pub(crate) interpreters: Interpreters,
    pub(crate) guard: Guard,
    /// The host's own directory: bootstraps, unpacked code. Removed with the host.
    pub(crate) directory: tempfile::TempDir,
}

impl Equipment {
    /// Where the bootstraps lie, `LAMBDA_RUNTIME_DIR`.
    pub(crate) fn bootstraps(&self) -> PathBuf {
        self.directory.path().join("runtime")
    }

    pub(crate) fn bootstrap_file(&self, name: &str) -> PathBuf {
        self.bootstraps().join(name)
    }

    /// The workers' home directory, empty at first.
    pub(crate) fn home(&self) -> PathBuf {
        self.directory.path().join("home")
    }

    /// Where archives are laid out.
    pub(crate) fn code(&self) -> PathBuf {
        self.directory.path().join("code")
    }
}

/// All workers of a host.
#[derive(Debug)]
pub(crate) struct Fleet {
    pub(crate) equipment: Equipment,
    state: Mutex<State>,
    runtime: Handle,
    stopping: watch::Sender<bool>,
    /// How many workers there are, for those who wait for the last one.
    workers: watch::Sender<usize>,
    /// For the tasks this starts.
    this: Weak<Fleet>,
}

#[derive(Debug, Default)]
struct State {
    lanes: HashMap<String, Lane>,
    workers: usize,
    waiting: usize,
    /// Numbers workers and waiting calls, in the order they came.
    counter: u64,
    stopped: bool,
}

#[derive(Debug, Default)]
struct Lane {
    /// The revision to run; `None` once the function is gone and its last workers finish.
    function: Option<Arc<Function>>,
    idle: Vec<Idle>,
    waiting: VecDeque<(u64, Job)>,
    workers: usize,
}

#[derive(Debug)]
struct Idle {
    worker: u64,
    /// Since when, as a number of the counter.
    since: u64,
    /// Dropping it tells the worker to end.
    jobs: oneshot::Sender<Job>,
}

/// How a version is used.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Usage {
    pub(crate) workers: usize,
    /// Workers with a call, or about to start or end.
    pub(crate) busy: usize,
    pub(crate) idle: usize,
    /// Calls that wait for a worker.
    pub(crate) waiting: usize,
}

/// A worker's place in the fleet.
#[derive(Debug)]
pub(crate) struct Slot {
    fleet: Arc<Fleet>,
    name: String,
    revision: u64,
    worker: u64,
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.fleet.release(&self.name);
    }
}

/// What a worker does after a call.
#[derive(Debug)]
pub(crate) enum Turn {
    Call(Job),
    Wait(oneshot::Receiver<Job>),
    Retire,
}

/// A worker to be started, once the lock is free.
struct Start {
    function: Arc<Function>,
    worker: u64,
    job: Job,
}

impl Fleet {
    /// Must be called inside the runtime that shall run the workers.
    pub(crate) fn new(equipment: Equipment) -> Arc<Fleet> {
        Arc::new_cyclic(|this| Fleet {
            equipment,
            state: Mutex::default(),
            runtime: Handle::current(),
            stopping: watch::channel(false).0,
            workers: watch::channel(0).0,
            this: Weak::clone(this),
        })
    }

    /// Serves this revision from now on. Idle workers of another end now, busy ones after their call.
    pub(crate) fn deploy(&self, function: Arc<Function>) {
        let mut state = self.lock();
        let lane = state.lanes.entry(function.lane()).or_default();
        lane.idle.clear();
        lane.function = Some(function);
    }

    /// Forgets a version. Calls that wait for it are answered as not found.
    pub(crate) fn withdraw(&self, name: &str) {
        let mut state = self.lock();
        let Some(lane) = state.lanes.get_mut(name) else { return };
        lane.function = None;
        lane.idle.clear();
        let waiting = std::mem::take(&mut lane.waiting);
        if lane.workers == 0 {
            state.lanes.remove(name);
        }
        state.waiting -= waiting.len();
        drop(state);
        for (_, job) in waiting {
            self.refuse_unknown(job);
        }
    }

    /// Gives a call to a worker, warm before new, or lets it wait for one. The outcome, or why there will be
    /// none, goes to the call's `reply`.
    pub(crate) fn submit(&self, job: Job) {
        let start = {
            let mut state = self.lock();
            match state.place(job, &self.equipment.config) {
                Placed::Done => return,
                Placed::Start(start) => {
                    self.workers.send_replace(state.workers);
                    start
                }
                Placed::Unknown(job) => {
                    drop(state);
                    return self.refuse_unknown(job);
                }
                Placed::Refused(job, error) => {
                    drop(state);
                    return job.answer(Err(error));
                }
            }
        };
        self.start(start);
    }

    /// Takes back a call whose worker's process had ended before it could be handed over.
    pub(crate) fn resubmit(&self, job: Job) {
        self.submit(job);
    }

    /// What the worker in `slot` does now that its call is over.
    pub(crate) fn rest(&self, slot: &Slot) -> Turn {
        let mut state = self.lock();
        let config = &self.equipment.config;
        let full = state.workers >= config.max_workers;
        let wants_place =
            |lane: &&Lane| !lane.waiting.is_empty() && lane.workers < config.max_workers_per_function;
        let wanted = full && state.lanes.values().any(|lane| wants_place(&lane));
        // Calls of a function that has no worker at all come before more calls of this one.
        let starving = wanted && state.lanes.values().filter(wants_place).any(|lane| lane.workers == 0);
        state.counter += 1;
        let State { lanes, waiting, counter, stopped, .. } = &mut *state;
        let Some(lane) = lanes.get_mut(&slot.name) else { return Turn::Retire };
        let current = lane.function.as_ref().is_some_and(|function| function.revision == slot.revision);
        if !current || *stopped || starving {
            return Turn::Retire;
        }
        if let Some((_, job)) = lane.waiting.pop_front() {
            *waiting -= 1;
            return Turn::Call(job);
        }
        if wanted {
            return Turn::Retire;
        }
        let (jobs, next) = oneshot::channel();
        lane.idle.push(Idle { worker: slot.worker, since: *counter, jobs });
        Turn::Wait(next)
    }

    /// Takes the worker in `slot` off the idle ones. `false` when a call is already on its way to it, or it was
    /// told to end.
    pub(crate) fn leave(&self, slot: &Slot) -> bool {
        let mut state = self.lock();
        let Some(lane) = state.lanes.get_mut(&slot.name) else { return false };
        let before = lane.idle.len();
        lane.idle.retain(|idle| idle.worker != slot.worker);
        lane.idle.len() < before
    }

    /// How every version is used at this moment, by its lane.
    pub(crate) fn usage(&self) -> BTreeMap<String, Usage> {
        let state = self.lock();
        let usage = state.lanes.iter().map(|(name, lane)| {
            let idle = lane.idle.len();
            let busy = lane.workers.saturating_sub(idle);
            (name.clone(), Usage { workers: lane.workers, busy, idle, waiting: lane.waiting.len() })
        });
        usage.collect()
    }

    /// Tells when the host is stopping.
    pub(crate) fn stopping(&self) -> watch::Receiver<bool> {
        self.stopping.subscribe()
    }

    /// Ends every worker and refuses every waiting call; returns when the last process is gone.
    pub(crate) async fn stop(&self) {
        let waiting: Vec<Job> = {
            let mut state = self.lock();
            state.stopped = true;
            state.waiting = 0;
            state.lanes.values_mut().for_each(|lane| lane.idle.clear());
            state.lanes.values_mut().flat_map(|lane| lane.waiting.drain(..)).map(|(_, job)| job).collect()
        };
        self.stopping.send_replace(true);
        for job in waiting {
            job.answer(Err(stopping()));
        }
        let _ = self.workers.subscribe().wait_for(|workers| *workers == 0).await;
    }

    /// A worker is gone: whoever waited longest for a place gets it.
    fn release(&self, name: &str) {
        let start = {
            let mut state = self.lock();
            state.workers = state.workers.saturating_sub(1);
            if let Some(lane) = state.lanes.get_mut(name) {
                lane.workers = lane.workers.saturating_sub(1);
                if lane.workers == 0 && lane.function.is_none() {
                    state.lanes.remove(name);
                }
            }
            let start = state.start_waiting(&self.equipment.config);
            self.workers.send_replace(state.workers);
            start
        };
        if let Some(start) = start {
            self.start(start);
        }
    }

    fn start(&self, start: Start) {
        let Some(fleet) = self.this.upgrade() else { return };
        let Start { function, worker, job } = start;
        let slot =
            Slot { fleet: Arc::clone(&fleet), name: function.lane(), revision: function.revision, worker };
        self.runtime.spawn(worker::run(fleet, function, slot, job));
    }

    fn refuse_unknown(&self, job: Job) {
        let arn = job.invoked_arn.clone();
        job.answer(Err(InvokeError::ResourceNotFound { arn }));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Placed {
    Done,
    Start(Start),
    Unknown(Job),
    Refused(Job, InvokeError),
}

impl State {
    fn place(&mut self, job: Job, config: &HostConfig) -> Placed {
        if self.stopped {
            return Placed::Refused(job, stopping());
        }
        let mut job = job;
        let Some(lane) = self.lanes.get_mut(&job.lane) else { return Placed::Unknown(job) };
        if lane.function.is_none() {
            return Placed::Unknown(job);
        }
        while let Some(idle) = lane.idle.pop() {
            // A worker that ended at this very moment does not take it.
            match idle.jobs.send(job) {
                Ok(()) => return Placed::Done,
                Err(back) => job = back,
            }
        }
        if lane.workers < config.max_workers_per_function && self.workers < config.max_workers {
            return self.begin(job);
        }
        if self.waiting >= config.max_waiting {
            let reason = if lane.workers < config.max_workers_per_function {
                ThrottleReason::ConcurrentInvocationLimitExceeded
            } else {
                ThrottleReason::ReservedFunctionConcurrentInvocationLimitExceeded
            };
            return Placed::Refused(job, InvokeError::TooManyRequests { reason });
        }
        let wants_place = lane.workers < config.max_workers_per_function;
        self.counter += 1;
        lane.waiting.push_back((self.counter, job));
        self.waiting += 1;
        if wants_place {
            self.evict_longest_idle();
        }
        Placed::Done
    }

    fn begin(&mut self, job: Job) -> Placed {
        let Some(lane) = self.lanes.get_mut(&job.lane) else { return Placed::Unknown(job) };
        let Some(function) = lane.function.clone() else { return Placed::Unknown(job) };
        lane.workers += 1;
        self.workers += 1;
        self.counter += 1;
        Placed::Start(Start { function, worker: self.counter, job })
    }

    /// Ends the worker that was not needed for the longest time; its place is free once its process is gone.
    fn evict_longest_idle(&mut self) {
        // The oldest of a lane lies at the bottom.
        let oldest = self.lanes.values_mut().filter(|lane| !lane.idle.is_empty());
        if let Some(lane) = oldest.min_by_key(|lane| lane.idle.first().map_or(u64::MAX, |idle| idle.since)) {
            lane.idle.remove(0);
        }
    }

    /// Finds the call that waits longest among those that may have a new worker.
    fn start_waiting(&mut self, config: &HostConfig) -> Option<Start> {
        if self.stopped || self.workers >= config.max_workers {
            return None;
        }
        let ready = self.lanes.values_mut().filter(|lane| {
            lane.function.is_some()
                && lane.workers < config.max_workers_per_function
                && !lane.waiting.is_empty()
        });
        let lane = ready.min_by_key(|lane| lane.waiting.front().map_or(u64::MAX, |(number, _)| *number))?;
        let (_, job) = lane.waiting.pop_front()?;
        self.waiting -= 1;
        match self.begin(job) {
            Placed::Start(start) => Some(start),
            Placed::Done | Placed::Unknown(_) | Placed::Refused(..) => None,
        }
    }
}

fn stopping() -> InvokeError {
    InvokeError::Service { message: "The function host is stopping.".to_owned() }
}
