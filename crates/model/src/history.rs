//! History events: what happened, as GetExecutionHistory shows it.

use crate::status::StateType;
use crate::time::Timestamp;
use json::Payload;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::sync::Arc;

/// The number of an event: from 1, dense over the execution. 0 stands for "none".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EventId(pub u64);

/// An event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistoryEvent {
    /// Its number.
    pub id: EventId,
    /// The event of the same thread of control that it follows.
    pub previous: EventId,
    /// When.
    pub timestamp: Timestamp,
    /// What.
    pub details: EventDetails,
}

/// An error as AWS reports it; either part may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The error's name.
    pub error: Option<Arc<str>>,
    /// What an engineer is told.
    pub cause: Option<Arc<str>>,
}

impl Failure {
    /// A failure with a name and a cause.
    pub fn new(error: impl Into<Arc<str>>, cause: impl Into<Arc<str>>) -> Failure {
        Failure { error: Some(error.into()), cause: Some(cause.into()) }
    }

    /// A failure with a name alone.
    pub fn named(error: impl Into<Arc<str>>) -> Failure {
        Failure { error: Some(error.into()), cause: None }
    }
}

/// Which task service an event of a task speaks of: `lambda` and `invoke`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceAction {
    /// The service.
    pub resource_type: Arc<str>,
    /// The action with its pattern suffix.
    pub resource: Arc<str>,
}

/// The limits and credentials shown when a task is scheduled; only those that the definition sets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleOptions {
    /// TimeoutSeconds.
    pub timeout_seconds: Option<u64>,
    /// HeartbeatSeconds.
    pub heartbeat_seconds: Option<u64>,
    /// The role of the state's Credentials.
    pub role_arn: Option<Arc<str>>,
}

/// An iteration of a Map state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Iteration {
    /// The Map state's name.
    pub name: Arc<str>,
    /// Which item, from 0.
    pub index: u64,
}

/// A variable that a state assigned, with the JSON text of its value.
pub type AssignedVariable = (Arc<str>, StoredPayload);

/// A payload that is stored as its text.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredPayload(pub Payload);

/// What happened.
///
/// Stored records hold the position of a variant and of a field: new ones go to the end, none is taken out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)] // the variants and members are AWS's event types and detail members
pub enum EventDetails {
    ExecutionStarted {
        input: StoredPayload,
        role_arn: Arc<str>,
        state_machine_alias_arn: Option<Arc<str>>,
        state_machine_version_arn: Option<Arc<str>>,
    },
    ExecutionSucceeded {
        output: StoredPayload,
    },
    ExecutionFailed(Failure),
    ExecutionAborted(Failure),
    ExecutionTimedOut(Failure),
    ExecutionRedriven {
        redrive_count: u64,
    },
    StateEntered {
        state_type: StateType,
        name: Arc<str>,
        input: StoredPayload,
    },
    StateExited {
        state_type: StateType,
        name: Arc<str>,
        output: StoredPayload,
        assigned_variables: Vec<AssignedVariable>,
    },
    ParallelStateStarted,
    ParallelStateSucceeded,
    ParallelStateFailed,
    ParallelStateAborted,
    MapStateStarted {
        length: u64,
    },
    MapStateSucceeded,
    MapStateFailed,
    MapStateAborted,
    MapIterationStarted(Iteration),
    MapIterationSucceeded(Iteration),
    MapIterationFailed(Iteration),
    MapIterationAborted(Iteration),
    MapRunStarted {
        map_run_arn: Arc<str>,
    },
    MapRunSucceeded,
    MapRunFailed(Failure),
    MapRunAborted,
    MapRunRedriven {
        map_run_arn: Arc<str>,
        redrive_count: u64,
    },
    EvaluationFailed {
        state: Arc<str>,
        failure: Failure,
        location: Option<Arc<str>>,
    },
    TaskStateAborted,
    WaitStateAborted,
    TaskScheduled {
        action: ServiceAction,
        region: Arc<str>,
        parameters: StoredPayload,
        options: ScheduleOptions,
    },
    TaskStarted(ServiceAction),
    TaskStartFailed(ServiceAction, Failure),
    TaskSubmitted {
        action: ServiceAction,
        output: StoredPayload,
    },
    TaskSubmitFailed(ServiceAction, Failure),
    TaskSucceeded {
        action: ServiceAction,
        output: StoredPayload,
    },
    TaskFailed(ServiceAction, Failure),
    TaskTimedOut(ServiceAction, Failure),
    LambdaFunctionScheduled {
        resource: Arc<str>,
        input: StoredPayload,
        options: ScheduleOptions,
    },
    LambdaFunctionScheduleFailed(Failure),
    LambdaFunctionStarted,
    LambdaFunctionStartFailed(Failure),
    LambdaFunctionSucceeded {
        output: StoredPayload,
    },
    LambdaFunctionFailed(Failure),
    LambdaFunctionTimedOut(Failure),
    ActivityScheduled {
        resource: Arc<str>,
        input: StoredPayload,
        options: ScheduleOptions,
    },
    ActivityScheduleFailed(Failure),
    ActivityStarted {
        worker_name: Option<Arc<str>>,
    },
    ActivitySucceeded {
        output: StoredPayload,
    },
    ActivityFailed(Failure),
    ActivityTimedOut(Failure),
}

impl HistoryEvent {
    /// Bytes that the event takes in memory, roughly: its payloads and texts, and something for the rest.
    pub fn memory_size(&self) -> usize {
        const REST: usize = 256;
        use EventDetails as E;
        let failure = |failure: &Failure| {
            let length = |text: &Option<Arc<str>>| text.as_ref().map_or(0, |text| text.len());
            length(&failure.error) + length(&failure.cause)
        };
        let texts = match &self.details {
            E::StateExited { assigned_variables, .. } => assigned_variables
                .iter()
                .map(|(name, value)| name.len() + value.0.memory_size())
                .sum::<usize>(),
            E::ExecutionFailed(cause)
            | E::ExecutionAborted(cause)
            | E::ExecutionTimedOut(cause)
            | E::MapRunFailed(cause)
            | E::EvaluationFailed { failure: cause, .. }
            | E::TaskStartFailed(_, cause)
            | E::TaskSubmitFailed(_, cause)
            | E::TaskFailed(_, cause)
            | E::TaskTimedOut(_, cause)
            | E::LambdaFunctionScheduleFailed(cause)
            | E::LambdaFunctionStartFailed(cause)
            | E::LambdaFunctionFailed(cause)
            | E::LambdaFunctionTimedOut(cause)
            | E::ActivityScheduleFailed(cause)
            | E::ActivityFailed(cause)
            | E::ActivityTimedOut(cause) => failure(cause),
            E::ExecutionStarted { .. }
            | E::ExecutionSucceeded { .. }
            | E::StateEntered { .. }
            | E::TaskScheduled { .. }
            | E::TaskSubmitted { .. }
            | E::TaskSucceeded { .. }
            | E::LambdaFunctionScheduled { .. }
            | E::LambdaFunctionSucceeded { .. }
            | E::ActivityScheduled { .. }
            | E::ActivitySucceeded { .. }
            | E::ExecutionRedriven { .. }
            | E::ParallelStateStarted
            | E::ParallelStateSucceeded
            | E::ParallelStateFailed
            | E::ParallelStateAborted
            | E::MapStateStarted { .. }
            | E::MapStateSucceeded
            | E::MapStateFailed
            | E::MapStateAborted
            | E::MapIterationStarted(_)
            | E::MapIterationSucceeded(_)
            | E::MapIterationFailed(_)
            | E::MapIterationAborted(_)
            | E::MapRunStarted { .. }
            | E::MapRunSucceeded
            | E::MapRunAborted
            | E::MapRunRedriven { .. }
            | E::TaskStateAborted
            | E::WaitStateAborted
            | E::TaskStarted(_)
            | E::LambdaFunctionStarted
            | E::ActivityStarted { .. } => 0,
        };
        REST + texts + self.details.payload().map_or(0, |payload| payload.0.memory_size())
    }
}

impl From<Payload> for StoredPayload {
    fn from(payload: Payload) -> StoredPayload {
        StoredPayload(payload)
    }
}

impl Serialize for StoredPayload {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.text())
    }
}

impl<'de> Deserialize<'de> for StoredPayload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<StoredPayload, D::Error> {
        let text = Arc::<str>::deserialize(deserializer)?;
        Ok(StoredPayload(Payload::from_stored_text(text)))
    }
}
