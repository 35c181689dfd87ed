//! Calling tasks, after the facts that name them are durable; and taking up what an earlier process left.

use crate::error::EngineError;
use crate::keys;
use crate::live::Live;
use crate::mailbox::{Message, TokenAction};
use crate::records;
use crate::shard::{Round, Shard, Shared};
use json::Payload;
use machine::{OutstandingTask, Stimulus, TaskAnswer, TaskProgress};
use model::{EventId, ExecutionArn, Pattern, TaskResource};
use store::Table;
use tasks::{TaskCall, TaskFuture, TaskOutcome};
use tokio::task::{AbortHandle, JoinSet};

impl Shard {
    /// Calls the tasks that the execution waits for and that were not called yet, watches the jobs that they started, and
    /// cancels those that no task waits for any more.
    pub(crate) fn dispatch(&mut self, arn: &ExecutionArn) {
        let Some(live) = self.live.get_mut(arn) else { return };
        let outstanding = live.execution.outstanding();
        live.called.retain(|task| outstanding.iter().any(|one| one.task == *task && is_called(one)));
        self.cancel_jobs(arn, &outstanding);
        let Some(live) = self.live.get_mut(arn) else { return };
        if self.is_draining {
            return;
        }
        for task in outstanding {
            if let (TaskResource::Activity { arn: activity }, TaskProgress::Queued) =
                (&task.resource, &task.progress)
                && live.queued.insert(task.task)
            {
                self.shared.activities.offer(activity, arn.clone(), task.scope, task.task);
            }
            if is_called(&task) && live.called.insert(task.task) {
                self.calls += 1;
                if is_job(&task) {
                    self.jobs.calling(arn, task.task, self.shared.task_call(arn, &task));
                }
                self.shared.call(arn.clone(), task);
            } else if let TaskProgress::WaitingForJob(submitted) = &task.progress
                && !self.jobs.is_watched(arn, task.task)
            {
                let call = self.shared.task_call(arn, &task);
                let watch = self.shared.watch(arn.clone(), &task, call.clone(), submitted.clone());
                self.jobs.watching(arn, task.task, call, submitted.clone(), watch);
            }
        }
    }

    /// Cancels the jobs of the execution that none of the outstanding tasks waits for.
    pub(crate) fn cancel_jobs(&mut self, arn: &ExecutionArn, outstanding: &[OutstandingTask]) {
        for (call, submitted) in self.jobs.give_up(arn, outstanding) {
            tokio::spawn(self.shared.tasks.cancel(call, submitted));
        }
    }

    /// A task that is answered by its token leaves its job alone: it goes on, and nobody waits for it.
    pub(crate) fn release_job(&mut self, arn: &ExecutionArn, token: &str, action: &TokenAction) {
        let TokenAction::Answer(_) = action else { return };
        if !self.jobs.has(arn) {
            return;
        }
        let outstanding = self.live.get(arn).map(|live| live.execution.outstanding()).unwrap_or_default();
        if let Some(task) = outstanding.iter().find(|task| task.token.as_deref() == Some(token)) {
            self.jobs.forget(arn, task.task);
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

impl Shared {
    fn task_call(&self, arn: &ExecutionArn, task: &OutstandingTask) -> TaskCall {
        TaskCall {
            resource: task.resource.clone(),
            parameters: task.input.clone(),
            region: self.config.partition.region.clone(),
            execution_arn: arn.0.clone(),
        }
    }

    fn call(&self, arn: ExecutionArn, task: OutstandingTask) {
        let mailboxes = self.mailboxes.clone();
        let outcome = self.tasks.call(self.task_call(&arn, &task));
        tokio::spawn(async move {
            let answer = answer_of(outcome, &arn, &task.resource).await;
            let message = Message::Answered { arn: arn.clone(), scope: task.scope, task: task.task, answer };
            // The engine has stopped if this fails; the next process finds the task as it is.
            let _ = mailboxes.send(&arn, message).await;
        });
    }

    /// Waits for the end of a job that the task's call started. It takes as long as it takes, so that a shutdown does not
    /// wait for it: the next process takes it up.
    fn watch(
        &self,
        arn: ExecutionArn,
        task: &OutstandingTask,
        call: TaskCall,
        submitted: Payload,
    ) -> AbortHandle {
        let mailboxes = self.mailboxes.clone();
        let (scope, task, resource) = (task.scope, task.task, task.resource.clone());
        let outcome = self.tasks.watch(call, submitted);
        let watching = tokio::spawn(async move {
            let answer = answer_of(outcome, &arn, &resource).await;
            let message = Message::JobEnded { arn: arn.clone(), scope, task, answer };
            let _ = mailboxes.send(&arn, message).await;
        });
        watching.abort_handle()
    }
}

/// Runs an integration as a task of its own, so that a panic in it fails the task and not the engine.
pub(crate) async fn answer_of(
    outcome: TaskFuture,
    arn: &ExecutionArn,
    resource: &TaskResource,
) -> TaskAnswer {
    // A set, because it ends what runs in it when it is dropped.
    let mut running = JoinSet::new();
    running.spawn(outcome);
    match running.join_next().await {
        Some(Ok(TaskOutcome::Succeeded(output))) => TaskAnswer::Succeeded(output),
        Some(Ok(TaskOutcome::Failed(failure))) => TaskAnswer::Failed(failure),
        Some(Err(error)) => {
            tracing::error!(%error, execution = %arn, "the call of a task ended without an outcome");
            TaskAnswer::Failed(tasks::outcome_unknown(resource))
        }
        None => TaskAnswer::Failed(tasks::outcome_unknown(resource)),
    }
}

fn is_called(task: &OutstandingTask) -> bool {
    task.progress == TaskProgress::Called
}

/// Whether the task's call starts a job, and its end is waited for.
fn is_job(task: &OutstandingTask) -> bool {
    matches!(task.resource.pattern(), Pattern::Sync | Pattern::Sync2)
}
