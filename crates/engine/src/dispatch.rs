//! Calling tasks, after the facts that name them are durable; and taking up what an earlier process left.

use crate::activities::QueuedTask;
use crate::duties::Duty;
use crate::error::EngineError;
use crate::keys;
use crate::live::Live;
use crate::mailbox::{Message, TokenAction};
use crate::outage::spare_others;
use crate::records;
use crate::round::Round;
use crate::shard::Shard;
use crate::shared::Shared;
use json::{Payload, Value};
use machine::{OutstandingTask, Stimulus, TaskAnswer, TaskProgress};
use model::{EventId, ExecutionArn, Pattern, TaskResource};
use store::{Batch, Table};
use tasks::{Caller, MockedCall, TaskCall, TaskFuture, TaskOutcome};
use tokio::sync::oneshot;
use tokio::task::{AbortHandle, JoinSet};

impl Shard {
    /// Calls the tasks that the execution waits for and that were not called yet, and watches the jobs that they started.
    /// Where a mock answers, it stands for the worker too.
    pub(crate) fn dispatch(&mut self, arn: &ExecutionArn) {
        let Some(live) = self.live.get_mut(arn) else { return };
        let outstanding = live.execution.outstanding();
        live.called.retain(|task| outstanding.iter().any(|one| one.task == *task && is_called(one)));
        if self.is_draining {
            return;
        }
        for run in live.execution.map_runs() {
            self.shared.go_on_with_map_run(arn, live, run);
        }
        for task in outstanding {
            let mock = self.shared.mock(live, &task);
            let submitted = match &task.progress {
                TaskProgress::Queued => {
                    if live.queued.insert(task.task) {
                        self.shared.queue(arn, &task, mock.is_some());
                    }
                    continue;
                }
                TaskProgress::Called => {
                    if live.called.insert(task.task) {
                        self.calls += 1;
                        let call = self.shared.task_call(live, arn, &task, mock);
                        if is_job(&task) {
                            self.jobs.calling(arn, task.task, call.clone());
                        }
                        self.shared.call(arn.clone(), task, call);
                    }
                    continue;
                }
                TaskProgress::WaitingForToken if mock.is_none() => continue,
                TaskProgress::WaitingForToken => Payload::from(Value::Null),
                TaskProgress::WaitingForJob(submitted) => submitted.clone(),
            };
            if !self.jobs.is_watched(arn, task.task) {
                let call = self.shared.task_call(live, arn, &task, mock);
                let watch = self.shared.watch(arn.clone(), &task, call.clone(), submitted.clone());
                self.jobs.watching(arn, task.task, call, submitted, watch);
            }
        }
    }

    /// Owes that the jobs are cancelled for which no task of the executions waits any more.
    pub(crate) fn give_up_jobs(&mut self, round: &mut Round) {
        let touched = std::mem::take(&mut round.touched);
        for arn in &touched {
            let Some(live) = self.live.get(arn).filter(|_| self.jobs.has(arn)) else { continue };
            let outstanding = live.execution.outstanding();
            // What a mock answers for was never started.
            let given_up =
                self.jobs.give_up(arn, &outstanding).into_iter().filter(|(_, call, _)| call.mock.is_none());
            for (task, call, submitted) in given_up {
                let duty = Duty::CancelJobAs {
                    execution: arn.clone(),
                    task,
                    resource: call.resource.arn().clone(),
                    parameters: call.parameters.into(),
                    submitted: submitted.into(),
                    execution_role: call.caller.execution_role,
                    credentials_role: call.caller.credentials_role,
                };
                duty.owe(&mut round.batch);
                round.duties.push(duty);
            }
        }
        round.touched = touched;
    }

    /// Keeps in mind the jobs of an execution that was read from the store.
    pub(crate) fn find_jobs(&mut self, arn: &ExecutionArn) {
        let Some(live) = self.live.get(arn) else { return };
        for task in live.execution.outstanding() {
            if let TaskProgress::WaitingForJob(submitted) = &task.progress {
                let call = self.shared.task_call(live, arn, &task, self.shared.mock(live, &task));
                self.jobs.found(arn, task.task, call, submitted.clone());
            }
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

    /// Takes up an execution of an earlier process, unless something brought it into memory before.
    pub(crate) fn take_up(&mut self, arn: &ExecutionArn, round: &mut Round) -> Result<(), EngineError> {
        if self.live.contains_key(arn) {
            return Ok(());
        }
        // Whatever came due in the meantime happens now.
        self.stimulate(arn, Stimulus::Tick, round)
    }

    /// Recovers what this round read from the store.
    pub(crate) fn recover_loaded(&mut self, round: &mut Round) -> Result<(), EngineError> {
        while let Some(arn) = self.left_by_earlier_process.pop() {
            spare_others(self.recover(&arn, round))?;
        }
        Ok(())
    }

    /// A call that was under way when an earlier process ended may have had its effect or not, so it is not made again: the
    /// task fails as a call does whose answer was lost.
    fn recover(&mut self, arn: &ExecutionArn, round: &mut Round) -> Result<(), EngineError> {
        // What brought it into memory may have stopped it.
        if self.live.get(arn).is_none_or(|live| live.execution.is_closed()) {
            return Ok(());
        }
        let held = self.held_by_earlier_process(arn)?;
        if !held.is_empty() {
            // They are called after this round; from then on a process that dies leaves them with an unknown outcome.
            round.batch.put(Table::OpenExecutions, keys::open_execution(arn), Vec::new());
        }
        let Some(live) = self.live.get(arn) else { return Ok(()) };
        // What a mock answers for has no effect outside, and may be asked again.
        let is_lost = |task: &OutstandingTask| {
            is_called(task) && !held.contains(&task.task) && self.shared.mock(live, task).is_none()
        };
        let lost: Vec<OutstandingTask> = live.execution.outstanding().into_iter().filter(is_lost).collect();
        for task in lost {
            let answer = TaskAnswer::Failed(tasks::outcome_unknown(&task.resource));
            let stimulus = Stimulus::TaskAnswered { scope: task.scope, task: task.task, answer };
            self.stimulate(arn, stimulus, round)?;
        }
        // What was held back is called after this round.
        round.touch(arn);
        Ok(())
    }

    /// At the end: names the tasks that are recorded as started but were never called, so that the next process calls
    /// them instead of taking their outcome for unknown.
    pub(crate) fn note_held_calls(&self, batch: &mut Batch) {
        for (arn, live) in &self.live {
            let held = live.held_calls();
            if !held.is_empty() {
                batch.put(Table::OpenExecutions, keys::open_execution(arn), records::seal(&held));
            }
        }
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
    /// What a mock is asked for the task; `None` where its service answers.
    fn mock(&self, live: &Live, task: &OutstandingTask) -> Option<MockedCall> {
        let mock = live.mocking.as_ref()?.call(task)?;
        self.tasks.is_mocked(&mock).then_some(mock)
    }

    /// Puts the task of an activity into its queue. One that is mocked is taken at once, as by a worker that gives no name.
    fn queue(&self, arn: &ExecutionArn, task: &OutstandingTask, is_mocked: bool) {
        let TaskResource::Activity { arn: activity } = &task.resource else { return };
        if !is_mocked {
            return self.activities.offer(activity, arn.clone(), task.scope, task.task);
        }
        let (mailboxes, arn) = (self.mailboxes.clone(), arn.clone());
        let (activity, execution) = (activity.clone(), arn.clone());
        let task = QueuedTask { activity, execution, scope: task.scope, task: task.task };
        tokio::spawn(async move {
            let message = Message::Take { task, worker_name: None, reply: None };
            let _ = mailboxes.send(&arn, message).await;
        });
    }

    fn task_call(
        &self,
        live: &Live,
        arn: &ExecutionArn,
        task: &OutstandingTask,
        mock: Option<MockedCall>,
    ) -> TaskCall {
        let about = live.execution.about.as_ref();
        TaskCall {
            resource: task.resource.clone(),
            parameters: task.input.clone(),
            region: self.config.partition.region.clone(),
            execution_arn: arn.0.clone(),
            caller: Caller {
                execution_role: about.map(|about| about.role_arn.clone()).unwrap_or_default(),
                credentials_role: task.role_arn.clone(),
            },
            mock,
        }
    }

    fn call(&self, arn: ExecutionArn, task: OutstandingTask, call: TaskCall) {
        let mailboxes = self.mailboxes.clone();
        let outcome = self.tasks.call(call);
        tokio::spawn(async move {
            let answer = answer_of(outcome, &arn, &task.resource).await;
            let message = Message::Answered { arn: arn.clone(), scope: task.scope, task: task.task, answer };
            // The engine has stopped if this fails; the next process finds the task as it is.
            let _ = mailboxes.send(&arn, message).await;
        });
    }

    /// Waits for the end of a job that the task's call started, or for a mock that stands for the holder of the task's
    /// token. It takes as long as it takes, so that a shutdown does not wait for it: the next process takes it up.
    fn watch(
        &self,
        arn: ExecutionArn,
        task: &OutstandingTask,
        call: TaskCall,
        submitted: Payload,
    ) -> AbortHandle {
        let mailboxes = self.mailboxes.clone();
        let token = task.token.clone().filter(|_| task.progress == TaskProgress::WaitingForToken);
        let (scope, task, resource) = (task.scope, task.task, task.resource.clone());
        let outcome = self.tasks.watch(call, submitted);
        let watching = tokio::spawn(async move {
            let answer = answer_of(outcome, &arn, &resource).await;
            let message = match token {
                Some(token) => {
                    // The token may be gone by now; that is nobody's concern.
                    let (reply, _) = oneshot::channel();
                    Message::Token { arn: arn.clone(), token, action: TokenAction::Answer(answer), reply }
                }
                None => Message::JobEnded { arn: arn.clone(), scope, task, answer },
            };
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

pub(crate) fn is_called(task: &OutstandingTask) -> bool {
    task.progress == TaskProgress::Called
}

/// Whether the task's call starts a job, and its end is waited for.
fn is_job(task: &OutstandingTask) -> bool {
    matches!(task.resource.pattern(), Pattern::Sync | Pattern::Sync2)
}
