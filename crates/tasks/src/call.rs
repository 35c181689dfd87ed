//! One attempt of a Task and what came of it.

use crate::errors;
use crate::http_invoke::HttpExchange;
use crate::mocks::{MockError, MockedCall};
use crate::objects::Objects;
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
    /// As whom it is called.
    pub caller: Caller,
    /// The mock that answers in place of the service, if one does: see [`TaskRunner::is_mocked`].
    pub mock: Option<MockedCall>,
}

/// The roles that a call is made with. What they mean here is for the settings of [`crate::Tasks`] to say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// The state machine's role; empty where there is none.
    pub execution_role: Arc<str>,
    /// The role of the state's Credentials, which the state machine's role assumes.
    pub credentials_role: Option<Arc<str>>,
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

/// An attempt being made that tells, besides, what went over the wire where it was a plain HTTP request.
pub type InspectedFuture = Pin<Box<dyn Future<Output = (TaskOutcome, Option<HttpExchange>)> + Send>>;

/// A job being cancelled. Whether it worked is nobody's concern.
pub type CancelFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Makes attempts.
pub trait TaskRunner: Send + Sync + 'static {
    /// Makes one attempt; for `.sync` it starts the job. Nothing is called before the future is first polled.
    fn call(&self, call: TaskCall) -> TaskFuture;

    /// Makes one attempt as [`TaskRunner::call`] does, and tells what went over the wire. What a connection adds to a
    /// request is left out unless `reveal_secrets`.
    fn inspect(&self, call: TaskCall, reveal_secrets: bool) -> InspectedFuture {
        let _ = reveal_secrets;
        let outcome = self.call(call);
        Box::pin(async move { (outcome.await, None) })
    }

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

    /// Where Map Runs read their items from and write their results to; `None` where there is no such place.
    fn objects(&self, region: &str, caller: Caller) -> Option<Arc<dyn Objects>> {
        let _ = (region, caller);
        None
    }

    /// Says where nested workflows run. An engine calls it before it makes the first attempt, and keeps them alive for
    /// as long as it runs; a later call replaces an earlier one.
    fn connect(&self, workflows: Weak<dyn Workflows>) {
        let _ = workflows;
    }

    /// Whether executions of the state machine of that name can be started with the test case.
    fn check_test_case(&self, machine: &str, test_case: &str) -> Result<(), MockError> {
        let _ = (machine, test_case);
        Err(MockError::NotConfigured)
    }

    /// Whether a mock answers the attempt: [`TaskRunner::call`] where the Task only makes a request, and else, after the
    /// call, [`TaskRunner::watch`], which then answers for `.waitForTaskToken` and for activities too. Where what the test
    /// case says cannot be read it is mocked, so that a test never reaches a service by accident.
    fn is_mocked(&self, call: &MockedCall) -> bool {
        let _ = call;
        false
    }

    /// Whether [`TaskRunner::call`] can call this resource; where not, its outcome is a failure that says so.
    fn supports(&self, resource: &TaskResource) -> bool;
}
