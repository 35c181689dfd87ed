//! Handing the tasks of activities to the workers that ask for them.
//!
//! A worker is told of its task once it is durable that the task has started. One that has gone by then leaves a task behind
//! that is started and that nobody works on: the next worker is given it, and no second start is recorded.

use crate::activities::{ActivityTask, QueuedTask};
use crate::error::EngineError;
use crate::mailbox::TakeReply;
use crate::round::Round;
use crate::shard::Shard;
use machine::{OutstandingTask, Stimulus, TaskProgress};
use model::{EventId, ExecutionArn};
use std::collections::HashSet;
use std::sync::Arc;
use tokio::sync::oneshot;

/// Tasks that have started and reached no worker. Each stands in its activity's queue as well, until a worker takes it out.
#[derive(Default)]
pub(crate) struct Undelivered(HashSet<(ExecutionArn, EventId)>);

/// A task on its way to a worker, or the news that it is gone.
pub(crate) struct HandingOver {
    queued: QueuedTask,
    task: Option<ActivityTask>,
    reply: TakeReply,
}

impl Shard {
    /// Gives a queued task to a worker, unless it is gone or another worker has it. Where a mock stands for the worker, nobody
    /// waits for the answer.
    pub(crate) fn take_task(
        &mut self,
        queued: QueuedTask,
        worker_name: Option<Arc<str>>,
        reply: Option<TakeReply>,
        round: &mut Round,
    ) -> Result<(), EngineError> {
        if reply.as_ref().is_some_and(oneshot::Sender::is_closed) {
            self.shared.activities.put_back(queued);
            return Ok(());
        }
        let task = self.start_task(&queued, worker_name, round)?;
        round.handed_over.extend(reply.map(|reply| HandingOver { queued, task, reply }));
        Ok(())
    }

    fn start_task(
        &mut self,
        queued: &QueuedTask,
        worker_name: Option<Arc<str>>,
        round: &mut Round,
    ) -> Result<Option<ActivityTask>, EngineError> {
        let QueuedTask { execution: arn, scope, task, .. } = queued;
        let reached_nobody = self.undelivered.0.remove(&(arn.clone(), *task));
        if !self.load(arn)? {
            return Ok(None);
        }
        let outstanding = self.live.get(arn).map(|live| live.execution.outstanding()).unwrap_or_default();
        let is_same = |one: &OutstandingTask| one.scope == *scope && one.task == *task;
        let Some(found) = outstanding.into_iter().find(is_same) else { return Ok(None) };
        match found.progress {
            TaskProgress::Queued => {
                let stimulus = Stimulus::ActivityStarted { scope: *scope, task: *task, worker_name };
                self.stimulate(arn, stimulus, round)?;
            }
            TaskProgress::WaitingForToken if reached_nobody => {}
            _ => return Ok(None),
        }
        Ok(found.token.map(|token| ActivityTask { token, input: found.input }))
    }

    /// Tells the worker, now that the start of its task is durable or could not be made so.
    pub(crate) fn hand_over(&mut self, handing_over: HandingOver, outcome: Result<(), EngineError>) {
        let HandingOver { queued, task, reply } = handing_over;
        let has_started = outcome.is_ok() && task.is_some();
        if reply.send(outcome.map(|()| task)).is_err() && has_started {
            self.undelivered.0.insert((queued.execution.clone(), queued.task));
            self.shared.activities.put_back(queued);
        }
    }
}
