//! What reaches an execution from outside.

use crate::execution::{About, ScopeId};
use json::Payload;
use model::{EventId, Failure, StartedThrough, Timestamp};
use std::sync::Arc;

/// Something from outside.
#[derive(Clone, Debug)]
pub enum Stimulus {
    /// The execution is to begin.
    Start {
        /// What it keeps for life. `deadline` is lowered to the definition's TimeoutSeconds.
        about: About,
        /// Its input.
        input: Payload,
        /// The version and the alias that were asked for.
        through: StartedThrough,
    },
    /// A task that was called came back.
    TaskAnswered {
        /// The task's scope.
        scope: ScopeId,
        /// The event that scheduled it.
        task: EventId,
        /// What it said.
        answer: TaskAnswer,
    },
    /// A worker polled for an activity's task and was given it.
    ActivityStarted {
        /// The task's scope.
        scope: ScopeId,
        /// The event that scheduled it.
        task: EventId,
        /// The worker's name.
        worker_name: Option<Arc<str>>,
    },
    /// Somebody sent a task token back.
    TokenAnswered {
        /// The token.
        token: Arc<str>,
        /// With what.
        answer: TaskAnswer,
    },
    /// Somebody sent a heartbeat for a task token.
    Heartbeat {
        /// The token.
        token: Arc<str>,
    },
    /// A Map Run came to its end.
    MapRunEnded {
        /// The scope of its Map.
        scope: ScopeId,
        /// The event that started it.
        run: EventId,
        /// The state's result, or the run's error.
        answer: TaskAnswer,
    },
    /// Time has passed: whatever is due by now happens.
    Tick,
    /// The execution is to stop.
    Stop {
        /// The error and cause that the caller gave.
        failure: Failure,
    },
    /// The execution, which ended without success, is to go on from the states that did not succeed. Whether it may is
    /// for [`model::redrive::Redrivability`] and the caller: the machine alone redrives whatever has room for it in its history.
    Redrive,
}

/// What a task said.
#[derive(Clone, Debug, PartialEq)]
pub enum TaskAnswer {
    /// It worked, with this result.
    Succeeded(Payload),
    /// It failed.
    Failed(Failure),
}

/// What a decision may know of the outside: the moment, a source of randomness, and which activities there are.
pub struct Outside<'a> {
    /// Now.
    pub now: Timestamp,
    /// Random numbers.
    pub entropy: &'a mut dyn expr::Entropy,
    /// Whether there is an activity of that ARN.
    pub activity_exists: &'a dyn Fn(&str) -> bool,
    /// By how much the waits of Wait states are longer than their definitions say; 1 in earnest.
    pub wait_scale: f64,
}
