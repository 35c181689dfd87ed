//! The jobs that `.sync` tasks started, as one shard knows them: each is watched once, and cancelled where its task gave up.

use json::Payload;
use machine::OutstandingTask;
use model::{EventId, ExecutionArn};
use std::collections::HashMap;
use tasks::TaskCall;
use tokio::task::AbortHandle;

/// Jobs by the execution and the task that started them. They outlive the execution's stay in memory.
#[derive(Default)]
pub(crate) struct Jobs {
    by_execution: HashMap<ExecutionArn, HashMap<EventId, Job>>,
}

/// A job that was started, or is about to be.
struct Job {
    call: TaskCall,
    /// What the call came back with; `None` while it is under way.
    submitted: Option<Payload>,
    watch: Option<AbortHandle>,
}

impl Jobs {
    /// A call is made that starts a job.
    pub(crate) fn calling(&mut self, arn: &ExecutionArn, task: EventId, call: TaskCall) {
        let job = Job { call, submitted: None, watch: None };
        self.by_execution.entry(arn.clone()).or_default().insert(task, job);
    }

    /// A job that stands in the execution as it was read from the store. One that is known already stays as it is.
    pub(crate) fn found(&mut self, arn: &ExecutionArn, task: EventId, call: TaskCall, submitted: Payload) {
        let job = || Job { call, submitted: Some(submitted), watch: None };
        self.by_execution.entry(arn.clone()).or_default().entry(task).or_insert_with(job);
    }

    /// The call came back and has started its job.
    pub(crate) fn submitted(&mut self, arn: &ExecutionArn, task: EventId, output: &Payload) {
        if let Some(job) = self.by_execution.get_mut(arn).and_then(|jobs| jobs.get_mut(&task)) {
            job.submitted = Some(output.clone());
        }
    }

    /// Whether somebody waits for the end of the job already.
    pub(crate) fn is_watched(&self, arn: &ExecutionArn, task: EventId) -> bool {
        self.by_execution.get(arn).and_then(|jobs| jobs.get(&task)).is_some_and(|job| job.watch.is_some())
    }

    /// From now on `watch` waits for the end of the job.
    pub(crate) fn watching(
        &mut self,
        arn: &ExecutionArn,
        task: EventId,
        call: TaskCall,
        submitted: Payload,
        watch: AbortHandle,
    ) {
        let job = Job { call, submitted: Some(submitted), watch: Some(watch) };
        self.by_execution.entry(arn.clone()).or_default().insert(task, job);
    }

    /// The job has ended, was never started, or may go on without its task.
    pub(crate) fn forget(&mut self, arn: &ExecutionArn, task: EventId) {
        if let Some(jobs) = self.by_execution.get_mut(arn) {
            jobs.remove(&task);
            if jobs.is_empty() {
                self.by_execution.remove(arn);
            }
        }
    }

    /// Forgets all but those whose call is under way: the others stand in their executions.
    pub(crate) fn forget_submitted(&mut self) {
        self.by_execution.retain(|_, jobs| {
            jobs.retain(|_, job| job.submitted.is_none());
            !jobs.is_empty()
        });
    }

    /// Whether the execution has any.
    pub(crate) fn has(&self, arn: &ExecutionArn) -> bool {
        self.by_execution.contains_key(arn)
    }

    /// Gives up the jobs whose tasks are not outstanding any more: what is to be cancelled, by task. A job whose call is
    /// still under way is given up once the call comes back.
    pub(crate) fn give_up(
        &mut self,
        arn: &ExecutionArn,
        outstanding: &[OutstandingTask],
    ) -> Vec<(EventId, TaskCall, Payload)> {
        let Some(jobs) = self.by_execution.get_mut(arn) else { return Vec::new() };
        let is_over = |task: &EventId, job: &mut Job| {
            job.submitted.is_some() && !outstanding.iter().any(|one| one.task == *task)
        };
        let over: Vec<(EventId, Job)> = jobs.extract_if(is_over).collect();
        if jobs.is_empty() {
            self.by_execution.remove(arn);
        }
        over.into_iter()
            .filter_map(|(task, mut job)| Some((task, job.call.clone(), job.submitted.take()?)))
            .collect()
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        if let Some(watch) = &self.watch {
            watch.abort();
        }
    }
}
