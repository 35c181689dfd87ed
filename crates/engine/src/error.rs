//! What can go wrong, in words for the operator.

use crate::quotas::Quota;
use model::{ExecutionArn, StateMachineArn};
use std::sync::Arc;
use store::StoreError;

/// The engine cannot go on.
#[derive(Clone, Debug, thiserror::Error)]
pub enum EngineError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A stored record cannot be read.
    #[error(
        "the record {key} cannot be read ({problem}): restore the data directory from a backup, or run the version of stepwright that wrote it"
    )]
    Record {
        /// Which.
        key: String,
        /// Why.
        problem: String,
    },
    /// A stored definition is no longer accepted.
    #[error(
        "the definition of {machine} that executions still run is not accepted by this version: {problem}"
    )]
    Definition {
        /// The machine.
        machine: String,
        /// Why.
        problem: String,
    },
    /// A rule that holds of every run does not hold.
    #[error("execution {execution}: {problem}")]
    Violation {
        /// Which execution.
        execution: String,
        /// Which rule.
        problem: String,
    },
    /// There is as much of something as there may be.
    #[error("there are as many {0} as there may be")]
    Quota(Quota),
    /// The engine is being shut down, or stopped after an error that the log names.
    #[error("the engine has stopped")]
    Stopped,
}

impl EngineError {
    /// Whether the store failed, so that nothing can go on until it was opened again.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        matches!(self, EngineError::Store(error) if error.is_outage())
    }

    /// Whether it is about the one execution that was looked at, and nothing else.
    pub(crate) fn is_about_one_execution(&self) -> bool {
        match self {
            EngineError::Record { .. } | EngineError::Definition { .. } => true,
            EngineError::Store(error) => matches!(error, StoreError::DamagedRecord { .. }),
            EngineError::Violation { .. } | EngineError::Quota(_) | EngineError::Stopped => false,
        }
    }
}

/// Why no version was published.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PublishError {
    /// There is no such machine.
    #[error("there is no such state machine")]
    NoMachine,
    /// The current revision is another than the caller expects.
    #[error("the current revision is another one")]
    OtherRevision {
        /// The id of the current revision; `None` for the first.
        current: Option<Arc<str>>,
    },
    /// The machine has as many versions as it may have.
    #[error("the state machine has as many versions as it may have")]
    TooManyVersions,
    /// The engine cannot go on.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// Why an alias was neither created nor changed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AliasError {
    /// There is no such alias, or no version that it is to route to.
    #[error("there is no such alias or version")]
    DoesNotExist,
    /// There is one of that name that routes otherwise or is described otherwise.
    #[error("there is another alias of that name")]
    Exists,
    /// The machine has as many aliases as it may have.
    #[error("the state machine has as many aliases as it may have")]
    TooMany,
    /// The engine cannot go on.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// Why an execution did not start.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StartError {
    /// There is one of that name, with another input or ended already.
    #[error("Execution Already Exists: '{0}'")]
    AlreadyExists(ExecutionArn),
    /// The machine was deleted while the request was on its way.
    #[error("State Machine Does Not Exist: '{0}'")]
    MachineDeleted(StateMachineArn),
    /// As many Express executions run as the server holds.
    #[error("Rate exceeded")]
    Throttled,
    /// It cannot be started with that test case.
    #[error("the test case cannot be used: {0}")]
    TestCase(#[from] tasks::MockError),
    /// The engine cannot go on.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// Why a state was not tried.
#[derive(Clone, Debug, thiserror::Error)]
pub enum TestStateError {
    /// As many Express executions run as the server holds.
    #[error("Rate exceeded")]
    Throttled,
    /// It cannot be tried with what it is given.
    #[error(transparent)]
    Refused(#[from] machine::TrialError),
}

/// Why a task token was not taken.
#[derive(Clone, Debug, thiserror::Error)]
pub enum TokenError {
    /// It never was a token.
    #[error("Invalid token")]
    Invalid,
    /// There never was such a task.
    #[error("Provided task does not exist")]
    DoesNotExist,
    /// The task has ended, was retried, or its execution has ended.
    #[error("Provided task does not exist anymore")]
    TimedOut,
    /// The engine cannot go on.
    #[error(transparent)]
    Engine(#[from] EngineError),
}
