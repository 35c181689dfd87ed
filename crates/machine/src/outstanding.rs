//! What an execution waits for: tasks and time.

use crate::execution::{Execution, Position, ScopeId, TaskRun, Work};
use json::Payload;
use model::{EventId, Pattern, TaskResource, Timestamp};
use std::sync::Arc;

/// A task that an execution waits for.
#[derive(Clone, Debug, PartialEq)]
pub struct OutstandingTask {
    /// Its scope.
    pub scope: ScopeId,
    /// The event that scheduled it; its name in [`crate::Stimulus::TaskAnswered`].
    pub task: EventId,
    /// What is called.
    pub resource: TaskResource,
    /// What it is given.
    pub input: Payload,
    /// The role of the state's Credentials.
    pub role_arn: Option<Arc<str>>,
    /// The token that it waits for, if it does.
    pub token: Option<Arc<str>>,
    /// How far it is.
    pub progress: TaskProgress,
}

/// How far a task is.
#[derive(Clone, Debug, PartialEq)]
pub enum TaskProgress {
    /// An activity's task that no worker has taken yet.
    Queued,
    /// It is to be called, or its call is under way.
    Called,
    /// The call came back, or a worker has taken it; the task waits for its token.
    WaitingForToken,
    /// The call started a job, and came back with this; the task waits for the job's end, or for its token.
    WaitingForJob(Payload),
}

impl Execution {
    /// The tasks that the execution waits for, in the order in which they were scheduled.
    pub fn outstanding(&self) -> Vec<OutstandingTask> {
        if self.is_closed() {
            return Vec::new();
        }
        let mut tasks: Vec<OutstandingTask> = self
            .scopes
            .iter()
            .filter_map(|(scope, state)| match &state.position {
                Position::In(visit) => match &visit.work {
                    Work::Task(task) => Some(OutstandingTask {
                        scope: *scope,
                        task: task.scheduled,
                        resource: task.resource.clone(),
                        input: task.input.clone(),
                        role_arn: task.options.role_arn.clone(),
                        token: visit.token.clone(),
                        progress: progress(task),
                    }),
                    Work::None
                    | Work::Waiting { .. }
                    | Work::Retrying { .. }
                    | Work::Parallel(_)
                    | Work::Map(_)
                    | Work::Distributed(_) => None,
                },
                Position::Ready | Position::Exited(_) => None,
            })
            .collect();
        tasks.sort_by_key(|task| task.task);
        tasks
    }

    /// The moment of the next timer; `None` once the execution has ended.
    pub fn next_timer(&self) -> Option<Timestamp> {
        if self.is_closed() {
            return None;
        }
        let deadline = self.about.as_ref().map(|about| about.deadline);
        let timers = self.scopes.values().filter_map(|scope| match &scope.position {
            Position::In(visit) => match &visit.work {
                Work::Waiting { until } | Work::Retrying { until } => Some(*until),
                Work::Task(task) => task.next_timer(),
                Work::None | Work::Parallel(_) | Work::Map(_) | Work::Distributed(_) => None,
            },
            Position::Ready | Position::Exited(_) => None,
        });
        timers.chain(deadline).min()
    }
}

impl TaskRun {
    /// When the task times out.
    pub(crate) fn timeout_at(&self) -> Option<Timestamp> {
        let from = match self.resource {
            // AWS: documented, an activity's clock begins when a worker takes the task.
            TaskResource::Activity { .. } => self.started_at?,
            TaskResource::LambdaFunction { .. } | TaskResource::Service { .. } => self.scheduled_at,
        };
        self.options.timeout_seconds.map(|seconds| from.plus_seconds(seconds))
    }

    /// When a heartbeat is missed.
    pub(crate) fn heartbeat_at(&self) -> Option<Timestamp> {
        let waits_for_worker = match &self.resource {
            TaskResource::Activity { .. } => self.started_at.is_some(),
            TaskResource::Service { pattern, .. } => {
                *pattern == Pattern::WaitForTaskToken && self.submitted.is_some()
            }
            TaskResource::LambdaFunction { .. } => false,
        };
        let seconds = self.options.heartbeat_seconds.filter(|_| waits_for_worker)?;
        Some(self.last_heard.plus_seconds(seconds))
    }

    fn next_timer(&self) -> Option<Timestamp> {
        self.timeout_at().into_iter().chain(self.heartbeat_at()).min()
    }
}

fn progress(task: &TaskRun) -> TaskProgress {
    match (&task.resource, &task.submitted) {
        (TaskResource::Activity { .. }, _) if task.started_at.is_none() => TaskProgress::Queued,
        (TaskResource::Service { pattern: Pattern::Sync | Pattern::Sync2, .. }, Some(submitted)) => {
            TaskProgress::WaitingForJob(submitted.clone())
        }
        (TaskResource::Activity { .. }, _) | (_, Some(_)) => TaskProgress::WaitingForToken,
        (TaskResource::LambdaFunction { .. } | TaskResource::Service { .. }, None) => TaskProgress::Called,
    }
}
