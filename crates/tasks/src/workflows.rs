//! Where nested workflows run: the engine, seen from a Task.

use json::Payload;
use model::{ExecutionStatus, Failure, StartedThrough, Timestamp};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Something that runs workflows. What it is asked survives its process once it has answered.
pub trait Workflows: Send + Sync + 'static {
    /// Starts an execution.
    fn start(&self, request: WorkflowStart) -> WorkflowFuture<'_, Result<StartedWorkflow, WorkflowError>>;

    /// Waits until the execution has ended, and says how. It may have ended long ago.
    fn ended<'a>(
        &'a self,
        execution_arn: &'a str,
    ) -> WorkflowFuture<'a, Result<EndedWorkflow, WorkflowError>>;

    /// Stops the execution, if it still runs.
    fn stop<'a>(&'a self, execution_arn: &'a str) -> WorkflowFuture<'a, Result<(), WorkflowError>>;
}

/// An answer of [`Workflows`] on its way.
pub type WorkflowFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What to start.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkflowStart {
    /// The state machine, as the Task names it.
    pub state_machine_arn: String,
    /// The execution's name; a random one where it is absent.
    pub name: Option<String>,
    /// Its input.
    pub input: Payload,
    /// A trace header.
    pub trace_header: Option<String>,
}

/// An execution that was started.
#[derive(Clone, Debug, PartialEq)]
pub struct StartedWorkflow {
    /// Its ARN.
    pub execution_arn: Arc<str>,
    /// When it started.
    pub started_at: Timestamp,
}

/// An execution that has ended.
#[derive(Clone, Debug, PartialEq)]
pub struct EndedWorkflow {
    /// Its ARN.
    pub execution_arn: Arc<str>,
    /// Its machine's ARN.
    pub state_machine_arn: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// How it ended.
    pub status: ExecutionStatus,
    /// When it started.
    pub started_at: Timestamp,
    /// When it ended.
    pub stopped_at: Option<Timestamp>,
    /// Its input.
    pub input: Payload,
    /// Its output, if it succeeded.
    pub output: Option<Payload>,
    /// Its error, if it failed or was stopped.
    pub failure: Option<Failure>,
    /// The trace header that it was started with.
    pub trace_header: Option<Arc<str>>,
    /// How often it was redriven.
    pub redrive_count: u64,
    /// When it was last redriven.
    pub redriven_at: Option<Timestamp>,
    /// Why it cannot be redriven, if it cannot.
    pub not_redrivable: Option<String>,
    /// The version and the alias through which it was started.
    pub through: StartedThrough,
}

/// Why a workflow could not be started, waited for or stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WorkflowError {
    /// The API refused it.
    Refused {
        /// `StateMachineDoesNotExist`
        code: &'static str,
        /// What the API says.
        message: String,
    },
    /// It was not answered.
    Unanswered {
        /// Why.
        reason: String,
    },
}

/// The way to the workflows. It does not keep them alive: they own the runner that owns this.
#[derive(Default)]
pub(crate) struct Connection {
    workflows: Mutex<Option<Weak<dyn Workflows>>>,
}

impl Connection {
    pub(crate) fn replace(&self, workflows: Weak<dyn Workflows>) {
        *self.workflows.lock().unwrap_or_else(PoisonError::into_inner) = Some(workflows);
    }

    pub(crate) fn get(&self) -> Result<Arc<dyn Workflows>, WorkflowError> {
        let unanswered = |reason: &str| WorkflowError::Unanswered { reason: reason.to_owned() };
        match &*self.workflows.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(workflows) => workflows.upgrade().ok_or_else(|| unanswered("The engine has stopped")),
            None => Err(unanswered("No engine that runs workflows is connected")),
        }
    }
}
