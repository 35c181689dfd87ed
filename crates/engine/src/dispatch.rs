//! Calling tasks, after the facts that name them are durable; and taking up what an earlier process left.

use crate::error::EngineError;
use crate::keys;
use crate::live::Live;
use crate::mailbox::Message;
use crate::records;
use crate::shard::{Round, Shard};
use machine::{OutstandingTask, Stimulus, TaskAnswer, TaskProgress};
use model::{EventId, ExecutionArn, TaskResource};
use store::Table;
use tasks::{TaskCall, TaskOutcome};

impl Shard {
    /// Calls the tasks that the execution waits for and that were not called yet.
    pub(crate) fn dispatch(&mut self, arn: &ExecutionArn) {
        let Some(live) = self.live.get_mut(arn) else { return };
        let outstanding = live.execution.outstanding();
        live.called.retain(|task| outstanding.iter().any(|one| one.task == *task && is_called(one)));
        if self.is_draining {
            return;
        }
        for task in outstanding {
            if let (TaskResource::Activity { arn: activity }, TaskProgress::Queued) =
                (&task.resource, task.progress)
                && live.queued.insert(task.task)
            {
                self.shared.activities.offer(activity, arn.clone(), task.scope, task.task);
            }
            if is_called(&task) && live.called.insert(task.task) {
                self.calls += 1;
                self.shared.call(arn.clone(), task);
            }
        }
    }

    /// Takes up an execution of an earlier process. A call that was under way then may have had its effect or not, so it
    /// is not made again: the task fails as a call does whose answer was lost.
    pub(crate) fn recover(&mut self, arn: &ExecutionArn, round: &mut Round) -> Result<(), EngineError> {
        if !self.load(arn)? {
            return Ok(());
        }
        let held = self.held_by_earlier_process(arn)?;
        if !held.is_empty() {
            // They are called after this round; from then on a process that dies leaves them with an unknown outcome.
            round.batch.put(Table::OpenExecutions, keys::open_execution(arn), Vec::new());
        }
        let outstanding = self.live.get(arn).map(|live| live.execution.outstanding()).unwrap_or_default();
        for task in outstanding.into_iter().filter(is_called) {
            if !held.contains(&task.task) {
                let answer = TaskAnswer::Failed(tasks::outcome_unknown(&task.resource));
                let stimulus = Stimulus::TaskAnswered { scope: task.scope, task: task.task, answer };
                self.stimulate(arn, stimulus, round)?;
            }
        }
        // Whatever came due in the meantime happens now, and what was held back is called after this round.
        self.stimulate(arn, Stimulus::Tick, round)
    }

    fn held_by_earlier_process(&self, arn: &ExecutionArn) -> Result<Vec<EventId>, EngineError> {
        let key = keys::open_execution(arn);
        match self.shared.store.get(Table::OpenExecutions, &key)? {
            Some(bytes) if !bytes.is_empty() => records::open(Table::OpenExecutions, &key, &bytes),
            Some(_) | None => Ok(Vec::new()),
        }
    }
}

impl Live {
    /// Tasks that are recorded as started and were never called by this process.
    pub(crate) fn held_calls(&self) -> Vec<EventId> {
        let outstanding = self.execution.outstanding();
        outstanding
            .iter()
            .filter(|task| is_called(task) && !self.called.contains(&task.task))
            .map(|t| t.task)
            .collect()
    }
}

impl crate::shard::Shared {
    fn call(&self, arn: ExecutionArn, task: OutstandingTask) {
        let (tasks, mailboxes) = (self.tasks.clone(), self.mailboxes.clone());
        let region = self.config.partition.region.clone();
        tokio::spawn(async move {
            let resource = task.resource.clone();
            let call = TaskCall {
                resource: task.resource,
                parameters: task.input,
                region,
                execution_arn: arn.0.clone(),
            };
            // A call of its own, so that a panic in an integration fails the task and not the engine.
            let answer = match tokio::spawn(tasks.call(call)).await {
                Ok(TaskOutcome::Succeeded(output)) => TaskAnswer::Succeeded(output),
                Ok(TaskOutcome::Failed(failure)) => TaskAnswer::Failed(failure),
                Err(error) => {
                    tracing::error!(%error, execution = %arn, "the call of a task ended without an outcome");
                    TaskAnswer::Failed(tasks::outcome_unknown(&resource))
                }
            };
            let message = Message::Answered { arn: arn.clone(), scope: task.scope, task: task.task, answer };
            // The engine has stopped if this fails; the next process finds the task as it is.
            let _ = mailboxes.send(&arn, message).await;
        });
    }
}

fn is_called(task: &OutstandingTask) -> bool {
    task.progress == TaskProgress::Called
}
