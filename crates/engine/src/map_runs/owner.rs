//! The owner of a Map Run.

use super::children::Children;
use super::feed::{Feed, Ready, Selector};
use super::records::{self, MapRunCounts, MapRunSettings, RunRedrives};
use super::writer::{ExportError, Writer};
use super::{Notice, results};
use crate::error::EngineError;
use crate::keys::{self, RunPart};
use crate::machines::StateMachine;
use crate::mailbox::Message;
use crate::shared::Shared;
use asl::Distributed;
use json::Payload;
use machine::{Execution, OutstandingMapRun, TaskAnswer, threshold_exceeded};
use model::{ExecutionArn, Failure, MapRunArn, StateMachineType, limits};
use std::collections::VecDeque;
use std::sync::Arc;
use store::{Batch, Table};
use tokio::sync::{OwnedSemaphorePermit, mpsc};

/// Inputs that are made ready before there is room for their children.
const AHEAD: usize = 10_000;
/// Bytes that they have together at the most, but for the last.
const AHEAD_BYTES: usize = 8 * 1024 * 1024;
/// Inputs that are made ready, and children that are started, before the owner looks up again.
const WAVE: usize = 128;
/// Notices that go into one commit of counts.
const NOTICES: usize = 1_024;

/// Why there is an owner.
pub(crate) enum Purpose {
    /// To run a Map Run that an execution waits for.
    Run(Box<Task>),
    /// To see the children of one that has ended to their end.
    WindUp,
}

/// A Map Run that an execution waits for.
pub(crate) struct Task {
    pub(crate) execution: ExecutionArn,
    /// The execution as it stands while it waits.
    pub(crate) snapshot: Execution,
    /// The machine that it runs.
    pub(crate) machine: Arc<StateMachine>,
    pub(crate) test_case: Option<Arc<str>>,
    /// Whether the execution is itself the child of a Map Run.
    pub(crate) is_nested: bool,
    pub(crate) run: OutstandingMapRun,
}

/// How the children came to their end, or what cuts them short.
enum Outcome {
    Ended,
    Failed(Failure),
    Aborted,
}

pub(crate) struct Owner {
    shared: Shared,
    arn: MapRunArn,
    notices: mpsc::Receiver<Notice>,
    settings: MapRunSettings,
    counts: MapRunCounts,
    children: Children,
    /// How many items there are, once that is known.
    total: Option<u64>,
    is_aborted: bool,
    /// The counts as they are stored.
    written: Option<MapRunCounts>,
}

impl Owner {
    pub(crate) fn new(
        shared: Shared,
        arn: MapRunArn,
        sender: mpsc::Sender<Notice>,
        notices: mpsc::Receiver<Notice>,
    ) -> Owner {
        let children = Children::new(shared.clone(), arn.clone(), sender);
        Owner {
            shared,
            arn,
            notices,
            settings: MapRunSettings::default(),
            counts: MapRunCounts::default(),
            children,
            total: None,
            is_aborted: false,
            written: None,
        }
    }

    /// Whose owner it is.
    pub(crate) fn arn(&self) -> &MapRunArn {
        &self.arn
    }

    /// Does what there is to do, and gives the run up.
    pub(crate) async fn own(mut self, purpose: Purpose) {
        let mut purpose = purpose;
        loop {
            let outcome = match purpose {
                Purpose::Run(task) => self.run(*task).await,
                Purpose::WindUp => self.wind_up().await,
            };
            match outcome {
                Ok(()) | Err(EngineError::Stopped) => {}
                // It gets another owner once the store was opened again.
                Err(error) if error.is_outage() => return,
                Err(error) => {
                    tracing::error!(%error, map_run = %self.arn, "a Map Run stands still until the server is restarted");
                    return;
                }
            }
            let Some((sender, notices, next)) = self.shared.map_runs.release(&self.arn) else { return };
            self = Owner::new(self.shared, self.arn, sender, notices);
            purpose = next;
        }
    }

    async fn run(&mut self, mut task: Task) -> Result<(), EngineError> {
        self.settings = records::read(&*self.shared.store, &self.arn, RunPart::Settings)?.unwrap_or_default();
        self.counts = self.children.take_up(task.run.redrives)?;
        if task.run.redrives > 0 {
            // The end of the attempt before may have taken it away.
            let mut batch = Batch::new();
            batch.put(Table::OpenMapRuns, keys::open_map_run(&self.arn), Vec::new());
            self.write(batch).await?;
        }
        let Some(_permit) = self.room(&task).await? else { return self.give_up().await };
        let machine = self.shared.machines.revision(&self.arn.child_machine(), task.machine.revision)?;
        let (_, label) = machine.arn.labelled();
        let definition = task.machine.definition.clone();
        let map = definition.distributed_map(label.unwrap_or_default());
        let Some(distributed) = map.and_then(|map| map.distributed.as_deref()) else {
            return Err(EngineError::Violation {
                execution: task.execution.to_string(),
                problem: format!("it waits for {}, whose state is not in its definition", self.arn),
            });
        };
        self.children.run_by(machine, distributed.execution_type, task.test_case.take());
        let writer = distributed.writer.as_ref();
        let role = task.machine.role_arn.clone();
        let writer = match Writer::of(&self.shared, &self.arn, &task.run.plan, writer, role) {
            Ok(writer) => writer,
            Err(failure) => return self.fail(&task, failure).await,
        };
        // Before anything is read, so that a bucket that cannot be written to costs nothing.
        if let Some(writer) = &writer
            && let Err(failure) = writer.test().await
        {
            return self.fail(&task, failure).await;
        }
        let mut pending = VecDeque::new();
        match self.see_through(&task, distributed, &mut pending).await? {
            Outcome::Aborted => self.give_up().await,
            Outcome::Ended => {
                let answer = match &writer {
                    Some(writer) => exported(writer.export(Vec::new()).await)?,
                    None => results::collect(&self.shared, &self.arn, &task.run.state, distributed)?,
                };
                self.end_with(&task, answer).await?;
                self.forget().await
            }
            Outcome::Failed(failure) => {
                self.children.leave_rest(&mut self.counts)?;
                self.children.stop().await?;
                // AWS: documented, Express children cannot be stopped: the state fails without waiting for them.
                if distributed.execution_type == StateMachineType::Standard {
                    self.drain().await?;
                }
                if let Some(writer) = &writer {
                    let pending = pending.into_iter().map(|ready| ready.input).collect();
                    // AWS: documented, what has ended is written; the state fails with its own error in any case.
                    if let TaskAnswer::Failed(lost) = exported(writer.export(pending).await)? {
                        tracing::warn!(map_run = %self.arn, cause = ?lost.cause, "results were not written");
                    }
                }
                self.end_with(&task, TaskAnswer::Failed(failure)).await?;
                self.drain().await?;
                self.forget().await
            }
        }
    }

    /// Fails the run before it has begun.
    async fn fail(&mut self, task: &Task, failure: Failure) -> Result<(), EngineError> {
        self.end_with(task, TaskAnswer::Failed(failure)).await?;
        self.give_up().await
    }

    /// Takes up a run that has ended: what its children do is counted until the last one has ended.
    async fn wind_up(&mut self) -> Result<(), EngineError> {
        let attempt = RunRedrives::read(&*self.shared.store, &self.arn)?.count;
        self.counts = self.children.take_up(attempt)?;
        self.give_up().await
    }

    async fn give_up(&mut self) -> Result<(), EngineError> {
        self.children.leave_rest(&mut self.counts)?;
        self.children.stop().await?;
        self.drain().await?;
        self.forget().await
    }

    /// Waits for room among the open runs; `None` if the run is aborted meanwhile.
    async fn room(&mut self, task: &Task) -> Result<Option<Option<OwnedSemaphorePermit>>, EngineError> {
        if task.is_nested {
            return Ok(Some(None));
        }
        let mut room = Box::pin(self.shared.map_runs.open.clone().acquire_owned());
        loop {
            let notice = tokio::select! {
                permit = &mut room => return Ok(Some(permit.ok())),
                notice = self.notices.recv() => notice.ok_or(EngineError::Stopped)?,
            };
            let mut batch = Batch::new();
            self.take_in(notice, &mut batch);
            self.write(batch).await?;
            if self.is_aborted {
                return Ok(None);
            }
        }
    }

    /// Starts the children, and waits for the last one, or for a reason to stop.
    /// Inputs that were ready by then and have no child are left in `ahead`.
    async fn see_through(
        &mut self,
        task: &Task,
        distributed: &Distributed,
        ahead: &mut VecDeque<Ready>,
    ) -> Result<Outcome, EngineError> {
        let selector = Selector {
            shared: self.shared.clone(),
            execution: task.snapshot.clone(),
            definition: task.machine.definition.clone(),
            scope: task.run.scope,
        };
        let mut feed = match Feed::new(&task.run.plan, distributed.reader.as_ref(), selector) {
            Ok(feed) => feed,
            Err(failure) => return Ok(Outcome::Failed(failure)),
        };
        self.total = feed.total();
        let mut is_read = false;
        loop {
            if let Err(failure) = self.read_ahead(&mut feed, ahead, &mut is_read).await {
                return Ok(Outcome::Failed(failure));
            }
            let room = self.room_for_children(distributed).min(WAVE);
            let redriven = self.children.redrive(room, &mut self.counts).await?;
            let wave: Vec<Ready> = ahead.drain(..ahead.len().min(room.saturating_sub(redriven))).collect();
            let is_full = is_read || ahead.len() >= AHEAD;
            let is_left = !ahead.is_empty() || self.counts.execution_redrives.pending > 0;
            if is_read && wave.is_empty() && !is_left && self.children.running() == 0 {
                return Ok(self.verdict().unwrap_or(Outcome::Ended));
            }
            let is_idle = wave.is_empty() && redriven == 0 && is_full;
            self.children.start(wave, &mut self.counts).await?;
            self.count_pending(ahead, is_read);
            self.listen(is_idle).await?;
            if let Some(outcome) = self.verdict() {
                return Ok(outcome);
            }
        }
    }

    /// Makes some more inputs ready. Those of children that exist already are passed over.
    async fn read_ahead(
        &mut self,
        feed: &mut Feed,
        ahead: &mut VecDeque<Ready>,
        is_read: &mut bool,
    ) -> Result<(), Failure> {
        let mut bytes: usize = ahead.iter().map(|ready| ready.input.size()).sum();
        for _ in 0..WAVE {
            if *is_read || ahead.len() >= AHEAD || bytes >= AHEAD_BYTES {
                break;
            }
            match feed.next().await? {
                Some(ready) if self.children.exists(ready.place) => {}
                Some(ready) => {
                    bytes += ready.input.size();
                    ahead.push_back(ready);
                }
                None => *is_read = true,
            }
        }
        Ok(())
    }

    fn room_for_children(&self, distributed: &Distributed) -> usize {
        let own = match self.settings.max_concurrency {
            0 => limits::MAP_RUN_CONCURRENCY,
            limit => limit.min(limits::MAP_RUN_CONCURRENCY),
        };
        let limit = match distributed.execution_type {
            StateMachineType::Standard => usize::try_from(own).unwrap_or(usize::MAX),
            // Each of them stays in memory.
            StateMachineType::Express => {
                usize::try_from(own).unwrap_or(usize::MAX).min(self.shared.config.express_executions)
            }
        };
        limit.saturating_sub(self.children.running())
    }

    fn count_pending(&mut self, ahead: &VecDeque<Ready>, is_read: bool) {
        let again = (self.counts.execution_redrives.pending, self.counts.item_redrives.pending);
        self.counts.executions.pending = ahead.len() as u64 + again.0;
        self.counts.items.pending = 0;
        let begun = self.counts.items.total();
        let waiting: u64 = ahead.iter().map(|ready| ready.items).sum::<u64>() + again.1;
        self.counts.items.pending = match self.total {
            Some(total) => total.saturating_sub(begun),
            None => waiting,
        };
        if is_read && self.total.is_none() {
            self.total = Some(begun + waiting);
        }
    }

    /// Takes in what has happened to the children; where `is_idle`, waits for something to happen.
    async fn listen(&mut self, is_idle: bool) -> Result<(), EngineError> {
        let mut batch = Batch::new();
        if is_idle {
            let notice = self.notices.recv().await.ok_or(EngineError::Stopped)?;
            self.take_in(notice, &mut batch);
        }
        for _ in 0..NOTICES {
            let Ok(notice) = self.notices.try_recv() else { break };
            self.take_in(notice, &mut batch);
        }
        self.write(batch).await
    }

    fn take_in(&mut self, notice: Notice, batch: &mut Batch) {
        match notice {
            Notice::Ended { place, items, status } => {
                if self.children.ended(place) {
                    self.counts.end(status, items);
                }
            }
            Notice::ExpressEnded { place, child } => {
                if self.children.ended(place) {
                    self.counts.end(child.status, child.items);
                    let key = keys::map_run_child(&self.arn, place);
                    batch.put(Table::MapRunChildren, key, child.seal());
                }
            }
            Notice::Settings(settings) => self.settings = settings,
            Notice::Abort => self.is_aborted = true,
        }
    }

    /// What cuts the run short, if something does.
    fn verdict(&self) -> Option<Outcome> {
        if self.is_aborted {
            return Some(Outcome::Aborted);
        }
        // AWS: unconfirmed for those that a redrive could not run again, chosen because their items failed all the same.
        let failures = self.counts.items.failed + self.counts.items.timed_out;
        self.settings.are_exceeded(failures, self.total).then(|| Outcome::Failed(threshold_exceeded()))
    }

    /// Waits until no child runs any more.
    async fn drain(&mut self) -> Result<(), EngineError> {
        while self.children.running() > 0 {
            self.listen(true).await?;
        }
        Ok(())
    }

    /// Gives the execution the run's answer.
    async fn end_with(&self, task: &Task, answer: TaskAnswer) -> Result<(), EngineError> {
        let arn = task.execution.clone();
        let message =
            Message::MapRunEnded { arn: arn.clone(), scope: task.run.scope, run: task.run.run, answer };
        self.shared.mailboxes.send(&arn, message).await
    }

    /// Nothing is left to be done. Should the execution not have heard of it yet, the next process sees the run through
    /// once more: it finds every child ended.
    async fn forget(&mut self) -> Result<(), EngineError> {
        let mut batch = Batch::new();
        batch.delete(Table::OpenMapRuns, keys::open_map_run(&self.arn));
        self.write(batch).await
    }

    /// Writes what changed, with the counts.
    async fn write(&mut self, mut batch: Batch) -> Result<(), EngineError> {
        if self.written == Some(self.counts) && batch.is_empty() {
            return Ok(());
        }
        self.counts.put(&self.arn, &mut batch);
        self.shared.commits.enqueue(batch).await?.await?;
        self.written = Some(self.counts);
        Ok(())
    }
}

/// What came of an export: the state's result, or its error.
fn exported(outcome: Result<Payload, ExportError>) -> Result<TaskAnswer, EngineError> {
    match outcome {
        Ok(result) => Ok(TaskAnswer::Succeeded(result)),
        Err(ExportError::Failed(failure)) => Ok(TaskAnswer::Failed(failure)),
        Err(ExportError::Engine(error)) => Err(error),
    }
}
