//! One attempt of a Task and what came of it.

use crate::errors;
use crate::workflows::Workflows;
use json::Payload;
use model::{Failure, TaskResource};
use std::pin::Pin;
use std::sync::{Arc, Weak};

/// One attempt of a Task, ready to be made.
#[derive(Clone, Debug)]
pub struct TaskCall {
    /// What to call.
    pub resource: TaskResource,
    /// The effective Parameters, or the input of a function called by its ARN.
    pub parameters: Payload,
    /// The region of the execution.
    pub region: Arc<str>,
    /// The execution that the attempt belongs to.
    pub execution_arn: Arc<str>,
}

/// What came of an attempt.
#[derive(Clone, Debug, PartialEq)]
pub enum TaskOutcome {
    /// The result; for `.waitForTaskToken` and the first answer of `.sync` what the service answered, which history shows
    /// as submitted.
    Succeeded(Payload),
    /// The error as history shows it.
    Failed(Failure),
}

/// An attempt being made. Dropping it gives the attempt up.
pub type TaskFuture = Pin<Box<dyn Future<Output = TaskOutcome> + Send>>;

/// A job being cancelled. Whether it worked is nobody's concern.
pub type CancelFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Makes attempts.
pub trait TaskRunner: Send + Sync + 'static {
    /// Makes one attempt; for `.sync` it starts the job. Nothing is called before the future is first polled.
    fn call(&self, call: TaskCall) -> TaskFuture;

    /// Waits for the end of the job that a `.sync` attempt started; `submitted` is what [`TaskRunner::call`] gave. It may
    /// be asked by another process than the one that started the job. Dropping the future leaves the job alone.
    fn watch(&self, call: TaskCall, submitted: Payload) -> TaskFuture {
        let _ = submitted;
        Box::pin(std::future::ready(TaskOutcome::Failed(errors::not_watched(&call.resource))))
    }

    /// Cancels, as well as it can be done, a job that nobody waits for any more.
    fn cancel(&self, call: TaskCall, submitted: Payload) -> CancelFuture {
        let _ = (call, submitted);
        Box::pin(std::future::ready(()))
    }

    /// Says where nested workflows run. An engine calls it before it makes the first attempt, and keeps them alive for
    /// as long as it runs; a later call replaces an earlier one.
    fn connect(&self, workflows: Weak<dyn Workflows>) {
        let _ = workflows;
    }

    /// Whether [`TaskRunner::call`] can call this resource; where not, its outcome is a failure that says so.
    fn supports(&self, resource: &TaskResource) -> bool;
}
