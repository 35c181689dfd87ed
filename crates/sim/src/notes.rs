//! What was seen of the engine from outside in a run: promises that must be kept, and what went wrong at once.

use model::{ExecutionArn, HistoryEvent};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What the engine owes to those outside.
#[derive(Default)]
pub(crate) struct Notes {
    inner: Mutex<Noted>,
}

/// See [`Notes`].
#[derive(Clone, Default)]
pub(crate) struct Noted {
    /// Executions whose start was acknowledged, with their input.
    pub(crate) started: BTreeMap<ExecutionArn, String>,
    /// Executions whose stop was acknowledged.
    pub(crate) stopped: Vec<ExecutionArn>,
    /// Redrives of each execution that were acknowledged.
    pub(crate) redriven: BTreeMap<ExecutionArn, usize>,
    /// Marks in the outputs that were sent with a token and taken.
    pub(crate) taken: Vec<(ExecutionArn, String)>,
    /// The longest history that anybody was shown.
    pub(crate) shown: BTreeMap<ExecutionArn, Vec<HistoryEvent>>,
    /// Calls of functions of each execution.
    pub(crate) calls: BTreeMap<ExecutionArn, usize>,
    /// Tasks of activities that workers were given.
    pub(crate) given: BTreeMap<ExecutionArn, usize>,
    /// What must not happen, and did.
    pub(crate) violations: Vec<String>,
}

impl Notes {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Noted> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether anything went wrong: what comes after it proves nothing.
    pub(crate) fn has_violations(&self) -> bool {
        !self.lock().violations.is_empty()
    }

    pub(crate) fn violation(&self, text: String) {
        self.lock().violations.push(text);
    }
}
