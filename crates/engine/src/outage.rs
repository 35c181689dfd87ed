//! What happens when the store fails, and how the engine comes back.
//!
//! After a commit that failed nobody knows what is on the disk, and what is in memory may be ahead of it. So the engine does
//! what the end of the process would do, without ending: every shard answers those who wait with the failure and lets all
//! executions go, the owners of Map Runs end, and nothing is decided. Reads are served from what was acknowledged. Then
//! the store is opened again, as often as it takes, and everything is taken up from what it shows, as at a start.
//!
//! One thing is better than after a real end: calls that this process made are still under way. They are remembered, not
//! made again, and their answers are kept until they can be written down.

use crate::error::{EngineError, StartError, TokenError};
use crate::keys;
use crate::mailbox::Message;
use crate::redrive::RedriveError;
use crate::shard::Shard;
use crate::shared::Shared;
use crate::timers;
use model::{EventId, ExecutionArn};
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use store::{Direction, KeyRange, StoreError, Table, Walk};
use tokio::sync::oneshot;
use tokio::time::Instant;

/// The pause before the first attempt to open the store again; each later one is twice as long, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// A failure so soon after the last one ended belongs to it: the log tells of it no more, and the pauses go on growing.
const SAME_OUTAGE: Duration = Duration::from_secs(60);

/// How far this process has come with what an earlier one left.
#[derive(Debug, Default)]
pub(crate) struct TakingUp {
    /// Every execution that was open has been in memory since, so that whatever was called since then was called by this process.
    is_done: AtomicBool,
    /// How often the store has failed.
    outages: AtomicU64,
}

impl TakingUp {
    pub(crate) fn is_done(&self) -> bool {
        self.is_done.load(Ordering::Acquire)
    }
}

/// What a shard keeps while the store has failed.
#[derive(Default)]
pub(crate) struct Outage {
    pub(crate) is_on: bool,
    /// Tasks that this process called and that have not come back, or whose answer is not written down.
    pub(crate) under_way: HashMap<ExecutionArn, HashSet<EventId>>,
    /// Answers of calls. As many as calls can be under way.
    kept: Vec<Message>,
    /// Who waits to be told that everything was let go.
    pub(crate) told: Vec<oneshot::Sender<()>>,
}

impl Outage {
    /// How many answers are kept.
    pub(crate) fn kept(&self) -> usize {
        self.kept.len()
    }
}

impl Shard {
    /// The store failed: lets go of everything that may be ahead of it. `false` if the shard is to end.
    pub(crate) fn let_go(&mut self, error: &EngineError) -> bool {
        if let EngineError::Store(error) = error {
            // Where the store could not be read, nothing may be written either.
            self.shared.commits.fail(error);
        }
        self.outage.is_on = true;
        for (arn, live) in self.live.drain() {
            if !live.called.is_empty() {
                self.outage.under_way.entry(arn).or_default().extend(live.called);
            }
        }
        self.timers.clear();
        self.left_by_earlier_process.clear();
        let mut goes_on = true;
        for message in self.take_waiting().into_iter().chain(self.held.take_messages()) {
            goes_on &= !self.refuse(message, error);
        }
        self.jobs.forget_submitted();
        self.note_occupancy();
        for told in self.outage.told.drain(..) {
            let _ = told.send(());
        }
        goes_on
    }

    /// Keeps the answers of a round that was not written down.
    pub(crate) fn keep_answers(&mut self, answered: Vec<Message>) {
        // They count as under way again.
        self.calls += answered.len();
        self.outage.kept.extend(answered);
    }

    /// Answers what comes while the store has failed. `false` if the shard is to end. Where the store was opened again, what
    /// is to be done first is left in `messages`.
    pub(crate) fn sit_out(&mut self, messages: &mut Vec<Message>) -> bool {
        let error: EngineError = StoreError::Poisoned { cause: self.shared.health.reason() }.into();
        let mut left = Vec::new();
        for message in messages.drain(..) {
            match message {
                Message::StoreFailed(told) => {
                    let _ = told.send(());
                }
                Message::StoreReopened => {
                    self.outage.is_on = false;
                    left.append(&mut self.outage.kept);
                }
                message if !self.outage.is_on => left.push(message),
                message => {
                    if self.refuse(message, &error) {
                        return false;
                    }
                }
            }
        }
        *messages = left;
        true
    }

    /// Answers a message whose round cannot be written down; gives whether the shard is to end. What has no one to answer is
    /// found again in the store, but for the answers of calls, which are kept.
    pub(crate) fn refuse(&mut self, message: Message, error: &EngineError) -> bool {
        match message {
            answered @ Message::Answered { .. } => self.outage.kept.push(answered),
            Message::Start(start) => {
                let _ = start.reply.send(Err(StartError::Engine(error.clone())));
            }
            Message::Token { reply, .. } => {
                let _ = reply.send(Err(TokenError::Engine(error.clone())));
            }
            Message::Take { reply, .. } => {
                if let Some(reply) = reply {
                    let _ = reply.send(Err(error.clone()));
                }
            }
            Message::Stop { reply, .. } => {
                let _ = reply.send(Err(error.clone()));
            }
            Message::Redrive(redrive) => {
                let _ = redrive.reply.send(Err(RedriveError::Engine(error.clone())));
            }
            Message::Barrier(reply) => {
                let _ = reply.send(Err(error.clone()));
            }
            Message::Remove(remove) => {
                let _ = remove.reply.send(Err(error.clone()));
            }
            Message::StoreFailed(told) => self.outage.told.push(told),
            Message::JobEnded { .. }
            | Message::MapRunEnded { .. }
            | Message::Recover { .. }
            | Message::Timers(_)
            | Message::StoreReopened => {}
            Message::Shutdown { is_final, reply } => {
                self.is_draining = true;
                let _ = reply.send(self.calls);
                return is_final;
            }
        }
        false
    }
}

/// An execution whose records are damaged stands still alone: nothing of it is in the batch yet, and the others go on.
pub(crate) fn spare_others(outcome: Result<(), EngineError>) -> Result<(), EngineError> {
    match outcome {
        Err(error) if error.is_about_one_execution() => {
            tracing::error!(%error, "an execution stands still");
            Ok(())
        }
        outcome => outcome,
    }
}

/// Opens the store again whenever it failed, for as long as the engine runs.
pub(crate) async fn keep_store_open(shared: Shared) {
    let mut pause = FIRST_PAUSE;
    let mut ended: Option<Instant> = None;
    while let Ok(cause) = shared.commits.failure().await {
        shared.taking_up.outages.fetch_add(1, Ordering::AcqRel);
        let is_new = ended.is_none_or(|ended| ended.elapsed() > SAME_OUTAGE);
        shared.health.unavailable(shared.config.clock.now(), &cause);
        if is_new {
            pause = FIRST_PAUSE;
            tracing::error!(
                reason = cause,
                "nothing can be written: nothing is acknowledged until that works again, which is tried every few seconds; \
                 reads are served"
            );
        }
        if shared.sit_out(&mut pause).await.is_err() {
            return;
        }
        match shared.take_up_again().await {
            Ok(executions) => {
                shared.health.available();
                ended = Some(Instant::now());
                if is_new {
                    tracing::info!(executions, "it can be written again: everything goes on");
                }
            }
            Err(EngineError::Store(error)) if error.is_outage() => shared.commits.fail(&error),
            Err(EngineError::Stopped) => return,
            Err(error) => {
                tracing::error!(%error, "what is stored could not be taken up: it goes on after a restart");
                shared.health.shard_stopped(shared.config.clock.now(), &error);
                return;
            }
        }
    }
}

impl Shared {
    /// Lets go of everything, and opens the store again. An error means that the engine has ended.
    async fn sit_out(&self, pause: &mut Duration) -> Result<(), EngineError> {
        for mailbox in self.mailboxes.all() {
            let (told, answer) = oneshot::channel();
            // A shard that has ended holds nothing.
            if mailbox.send(Message::StoreFailed(told)).await.is_ok() {
                let _ = answer.await;
            }
        }
        self.map_runs.end_owners().await;
        loop {
            tokio::time::sleep(*pause).await;
            *pause = (*pause * 2).min(LONGEST_PAUSE);
            match self.reopen().await {
                Ok(()) => return Ok(()),
                Err(StoreError::Closed) => return Err(EngineError::Stopped),
                Err(error) => {
                    self.health.unavailable(self.config.clock.now(), &error.to_string());
                    tracing::debug!(%error, "it cannot be written yet");
                }
            }
        }
    }

    /// Those who read, decide and write must not do so with the failure in between.
    async fn reopen(&self) -> Result<(), StoreError> {
        let _machines = self.machines.inner.changes.lock().await;
        let _activities = self.activities.changes().await;
        let _map_runs = self.map_runs.changes.lock().await;
        self.commits.reopen().await
    }

    /// Takes everything up from what the store shows; gives how many executions.
    async fn take_up_again(&self) -> Result<u64, EngineError> {
        self.open.recount(&*self.store)?;
        self.removals.recollect(&*self.store)?;
        self.machines.recollect_deletions()?;
        for mailbox in self.mailboxes.all() {
            let _ = mailbox.send(Message::StoreReopened).await;
        }
        let executions = self.take_up().await?;
        // Who waited for an end that nobody announced looks again.
        self.closings.announce_all();
        self.take_up_duties();
        Ok(executions)
    }

    /// Takes up everything that is open, and notes once that is done.
    pub(crate) async fn take_up(&self) -> Result<u64, EngineError> {
        let outages = self.taking_up.outages.load(Ordering::Acquire);
        let executions = self.recover().await?;
        // A failure in between let go of what was not come to yet. It is counted before any shard goes on.
        let is_whole = self.mailboxes.settle().await.is_ok();
        if is_whole && outages == self.taking_up.outages.load(Ordering::Acquire) {
            self.taking_up.is_done.store(true, Ordering::Release);
        }
        Ok(executions)
    }

    /// Asks the shards to take up every execution that is open, those that are due soon first, and takes up the Map Runs that
    /// none of them waits for. Others are started and answered meanwhile, and what is asked of one that was not come to yet
    /// takes it up at once.
    async fn recover(&self) -> Result<u64, EngineError> {
        let mut count = 0_u64;
        timers::take_up(self).await?;
        for record in Walk::new(&*self.store, Table::OpenExecutions, KeyRange::all(), Direction::Forward) {
            let (key, _) = record?;
            if let Some(arn) = keys::read_open_execution(&key) {
                count += 1;
                self.mailboxes.send(&arn, Message::Recover { arn: arn.clone() }).await?;
            }
        }
        // Runs that an execution still waits for are taken up with it.
        for record in Walk::new(&*self.store, Table::OpenMapRuns, KeyRange::all(), Direction::Forward) {
            let (key, _) = record?;
            if let Some(arn) = keys::read_open_map_run(&key)
                && self.map_run(&arn)?.is_none_or(|run| run.stopped_at.is_some())
            {
                self.wind_up_map_run(arn);
            }
        }
        Ok(count)
    }
}
