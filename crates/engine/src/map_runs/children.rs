//! The children of one Map Run: which there are, and starting and stopping them.

use super::Notice;
use super::feed::Ready;
use super::records::{Child, ChildOf, ExpressChild, MapRunCounts};
use super::redrives::Rest;
use crate::error::{EngineError, StartError};
use crate::express::{self, SyncExecution};
use crate::keys;
use crate::machines::StateMachine;
use crate::mailbox::{Message, StartMessage};
use crate::shared::Shared;
use model::{
    ExecutionArn, ExecutionStatus, Failure, MapRunArn, StartedThrough, StateMachineType, Timestamp,
    error_name,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use store::{Direction, Table, Walk};
use tokio::sync::{mpsc, oneshot};

pub(crate) struct Children {
    pub(super) shared: Shared,
    pub(super) arn: MapRunArn,
    sender: mpsc::Sender<Notice>,
    /// What they run, once it is known.
    pub(super) kind: Option<Kind>,
    /// Those that run, by place.
    pub(super) running: BTreeMap<u64, ExecutionArn>,
    /// Places up to this one have children from an earlier process or attempt, but for the gaps.
    found: u64,
    gaps: BTreeSet<u64>,
    /// Which attempt of the run this is: its first one is 0, and each redrive is another one.
    pub(super) attempt: u64,
    pub(super) taken_up_at: Timestamp,
    /// Those of earlier attempts that are still to run again.
    pub(super) rest: Rest,
}

#[derive(Clone)]
pub(super) struct Kind {
    machine: Arc<StateMachine>,
    execution_type: StateMachineType,
    test_case: Option<Arc<str>>,
}

impl Children {
    pub(crate) fn new(shared: Shared, arn: MapRunArn, sender: mpsc::Sender<Notice>) -> Children {
        let (running, gaps) = (BTreeMap::new(), BTreeSet::new());
        let rest = Rest::default();
        Children {
            shared,
            arn,
            sender,
            kind: None,
            running,
            found: 0,
            gaps,
            attempt: 0,
            taken_up_at: Timestamp(0),
            rest,
        }
    }

    /// What the children run.
    pub(crate) fn run_by(
        &mut self,
        machine: Arc<StateMachine>,
        execution_type: StateMachineType,
        test_case: Option<Arc<str>>,
    ) {
        self.kind = Some(Kind { machine, execution_type, test_case });
    }

    /// Finds the children that an earlier process or attempt started, and counts them.
    pub(crate) fn take_up(&mut self, attempt: u64) -> Result<MapRunCounts, EngineError> {
        self.attempt = attempt;
        self.taken_up_at = self.shared.config.clock.now();
        let mut counts = MapRunCounts::default();
        let store = self.shared.store.clone();
        let range = keys::map_run_children(&self.arn);
        for record in Walk::new(&*store, Table::MapRunChildren, range, Direction::Forward) {
            let (key, bytes) = record?;
            let child = Child::open(&key, &bytes)?;
            let Some(place) = keys::read_map_run_child(&key) else { continue };
            self.gaps.extend(self.found..place);
            self.found = place.saturating_add(1);
            match child.is_left_by(attempt) {
                true if self.is_redrivable(&child)? => counts.wait(child.items),
                true => counts.refuse(child.status, child.items),
                false => counts.add(child.status, child.items),
            }
            if child.status == ExecutionStatus::Running {
                self.running.insert(place, child.arn);
            }
        }
        Ok(counts)
    }

    /// Whether the place has a child from an earlier process or attempt.
    pub(crate) fn exists(&self, place: u64) -> bool {
        place < self.found && !self.gaps.contains(&place)
    }

    /// How many run.
    pub(crate) fn running(&self) -> usize {
        self.running.len()
    }

    /// The child at the place has ended; `false` if none ran there.
    pub(crate) fn ended(&mut self, place: u64) -> bool {
        self.running.remove(&place).is_some()
    }

    /// Starts children, and counts them. Standard ones are durable once this returns.
    pub(crate) async fn start(
        &mut self,
        wave: Vec<Ready>,
        counts: &mut MapRunCounts,
    ) -> Result<(), EngineError> {
        let Some(kind) = self.kind.clone() else { return Ok(()) };
        let mut answers = Vec::new();
        for ready in wave {
            counts.start(ready.items);
            match kind.execution_type {
                StateMachineType::Standard => answers.push(self.start_standard(&kind, ready).await?),
                StateMachineType::Express => {
                    let randomness = &self.shared.config.randomness;
                    let (name, unique) = (randomness.uuid().to_string(), randomness.uuid().to_string());
                    let arn = self.arn.express_child(&name, &unique);
                    self.start_express(&kind, ready, arn, 0);
                }
            }
        }
        for answer in answers {
            match answer.await.map_err(|_| EngineError::Stopped)? {
                Ok(_) => {}
                Err(StartError::Engine(error)) => return Err(error),
                // INVARIANT(child-names): children have random names, and nobody else names executions so; a deletion
                // of their machine stops them with their parent and refuses none.
                Err(
                    StartError::AlreadyExists(_)
                    | StartError::MachineDeleted(_)
                    | StartError::Throttled
                    | StartError::TestCase(_),
                ) => return Err(EngineError::Stopped),
            }
        }
        Ok(())
    }

    /// Asks every Standard child that runs to stop. Express ones cannot be stopped.
    pub(crate) async fn stop(&self) -> Result<(), EngineError> {
        let is_express =
            self.kind.as_ref().is_some_and(|kind| kind.execution_type == StateMachineType::Express);
        if is_express {
            return Ok(());
        }
        for arn in self.running.values() {
            // Its end is announced as every child's is; when it was stopped is nobody's concern here.
            let (reply, _) = oneshot::channel();
            let message = Message::Stop { arn: arn.clone(), failure: Failure::default(), reply };
            self.shared.mailboxes.send(arn, message).await?;
        }
        Ok(())
    }

    async fn start_standard(
        &mut self,
        kind: &Kind,
        ready: Ready,
    ) -> Result<oneshot::Receiver<Result<crate::Started, StartError>>, EngineError> {
        let arn = self.arn.child(&self.shared.config.randomness.uuid().to_string());
        self.running.insert(ready.place, arn.clone());
        let (map_run, attempt) = (self.arn.clone(), self.attempt);
        let child = ChildOf { map_run, place: ready.place, items: ready.items, attempt };
        let (reply, answer) = oneshot::channel();
        let start = StartMessage {
            arn: arn.clone(),
            machine: kind.machine.clone(),
            through: StartedThrough::default(),
            input: ready.input,
            trace_header: None,
            test_case: kind.test_case.clone(),
            child: Some(child),
            reply,
        };
        self.shared.mailboxes.send(&arn, Message::Start(Box::new(start))).await?;
        Ok(answer)
    }

    /// Runs an Express child, for the first time or again.
    pub(super) fn start_express(&mut self, kind: &Kind, ready: Ready, arn: ExecutionArn, redrives: u64) {
        self.running.insert(ready.place, arn.clone());
        let attempt = self.attempt;
        let (shared, kind, sender) = (self.shared.clone(), kind.clone(), self.sender.clone());
        tokio::spawn(async move {
            // The semaphore is never closed; were it, the child would go on without a permit.
            let _permit = shared.map_runs.express.clone().acquire_owned().await;
            let started_at = shared.config.clock.now();
            let (place, items, input) = (ready.place, ready.items, ready.input);
            let run =
                express::run_child(shared.clone(), kind.machine, arn.clone(), input.clone(), kind.test_case);
            // A task of its own, so that a panic in it fails the child and not the run.
            let ended = tokio::spawn(run).await.unwrap_or_else(|error| {
                tracing::error!(%error, execution = %arn, "an Express child ended without an outcome");
                SyncExecution {
                    arn: arn.clone(),
                    started_at,
                    stopped_at: shared.config.clock.now(),
                    status: ExecutionStatus::Failed,
                    output: None,
                    failure: Some(Failure::named(error_name::RUNTIME)),
                }
            });
            let express = ExpressChild {
                input: input.into(),
                output: ended.output.map(Into::into),
                failure: ended.failure,
                started_at: ended.started_at,
                stopped_at: ended.stopped_at,
            };
            let (status, express) = (ended.status, Some(express));
            let child = Child { arn, status, items, express, attempt, redrives };
            // The engine has stopped if this fails; the next process runs the child again.
            let _ = sender.send(Notice::ExpressEnded { place, child: Box::new(child) }).await;
        });
    }
}
