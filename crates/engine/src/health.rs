//! Whether the engine can acknowledge anything, and if not, why, since when and what to do.

use crate::error::EngineError;
use model::Timestamp;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How the engine is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Health {
    /// It does what it is asked.
    #[default]
    Serving,
    /// Nothing can be written: nothing is acknowledged, nothing goes on, reads are served. It ends by itself.
    Unavailable {
        /// Since when.
        since: Timestamp,
        /// Why, as the last attempt to write found it.
        reason: Arc<str>,
    },
    /// A share of the executions stands still until the server is restarted.
    Stopped {
        /// Since when.
        since: Timestamp,
        /// Why.
        reason: Arc<str>,
    },
}

impl Health {
    /// What the operator should do about it.
    #[must_use]
    pub fn advice(&self) -> Option<&'static str> {
        match self {
            Health::Serving => None,
            Health::Unavailable { .. } => Some(
                "Mend what the reason names, such as a full disk or the permissions of the data directory. The server tries \
                 again every few seconds and goes on by itself: no restart is needed, and nothing that it acknowledged is lost.",
            ),
            Health::Stopped { .. } => Some(
                "Keep the log and a copy of the data directory, report them, and restart the server: it takes up its executions \
                 from what is stored.",
            ),
        }
    }
}

/// The engine's health, shared.
#[derive(Clone, Default)]
pub(crate) struct HealthState(Arc<Mutex<Parts>>);

#[derive(Default)]
struct Parts {
    unavailable: Option<(Timestamp, Arc<str>)>,
    stopped: Option<(Timestamp, Arc<str>)>,
}

impl HealthState {
    pub(crate) fn get(&self) -> Health {
        let parts = self.lock();
        match (&parts.unavailable, &parts.stopped) {
            (Some((since, reason)), _) => Health::Unavailable { since: *since, reason: reason.clone() },
            (None, Some((since, reason))) => Health::Stopped { since: *since, reason: reason.clone() },
            (None, None) => Health::Serving,
        }
    }

    /// Why nothing can be written, if that is so.
    pub(crate) fn reason(&self) -> String {
        self.lock().unavailable.as_ref().map(|(_, reason)| reason.to_string()).unwrap_or_default()
    }

    /// Nothing can be written; since when is kept where that was known already.
    pub(crate) fn unavailable(&self, now: Timestamp, reason: &str) {
        let mut parts = self.lock();
        let since = parts.unavailable.as_ref().map_or(now, |(since, _)| *since);
        parts.unavailable = Some((since, reason.into()));
    }

    /// It can be written again.
    pub(crate) fn available(&self) {
        self.lock().unavailable = None;
    }

    /// A shard has ended; the first one counts.
    pub(crate) fn shard_stopped(&self, now: Timestamp, error: &EngineError) {
        self.lock().stopped.get_or_insert_with(|| (now, error.to_string().into()));
    }

    fn lock(&self) -> MutexGuard<'_, Parts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_keeps_its_beginning_and_a_stopped_shard_shows_behind_it() {
        let state = HealthState::default();
        assert_eq!(state.get(), Health::Serving);
        state.shard_stopped(Timestamp(1), &EngineError::Stopped);
        state.unavailable(Timestamp(2), "full");
        state.unavailable(Timestamp(3), "still full");
        assert_eq!(state.get(), Health::Unavailable { since: Timestamp(2), reason: "still full".into() });
        state.available();
        assert!(matches!(state.get(), Health::Stopped { since: Timestamp(1), .. }));
    }
}
