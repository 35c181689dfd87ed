//! One attempt of a Task and what came of it.

use json::Payload;
use model::{Failure, TaskResource};
use std::pin::Pin;
use std::sync::Arc;

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
    /// The result; for `.waitForTaskToken` what the service answered, which history shows as submitted.
    Succeeded(Payload),
    /// The error as history shows it.
    Failed(Failure),
}

/// An attempt being made. Dropping it gives the attempt up.
pub type TaskFuture = Pin<Box<dyn Future<Output = TaskOutcome> + Send>>;

/// Makes attempts.
pub trait TaskRunner: Send + Sync + 'static {
    /// Makes one attempt. Nothing is called before the future is first polled.
    fn call(&self, call: TaskCall) -> TaskFuture;

    /// Whether [`TaskRunner::call`] can call this resource; where not, its outcome is a failure that says so.
    fn supports(&self, resource: &TaskResource) -> bool;
}
