//! What must hold of every run; tests, and servers that are asked to, check it all the time.

use crate::execution::{Execution, Position};
use crate::fact::Fact;
use model::{EventId, ExecutionStatus};

/// A rule that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// Rebuilding from facts gives another execution.
    #[error("INVARIANT(rebuild): the execution rebuilt from its {0} facts differs from the live one")]
    RebuildDiffers(usize),
    /// An event's number does not follow the one before it.
    #[error("INVARIANT(dense-ids): event {found} follows event {before}")]
    IdNotDense {
        /// The number found.
        found: u64,
        /// The number before it.
        before: u64,
    },
    /// An event points to itself or forward.
    #[error("INVARIANT(previous-id): event {id} points to event {previous}")]
    PreviousNotBefore {
        /// The event.
        id: u64,
        /// Where it points.
        previous: u64,
    },
    /// An execution that has ended still waits for something, or has succeeded with something open.
    #[error(
        "INVARIANT(finished): the execution has ended and still waits, or succeeded with {0} open scopes"
    )]
    FinishedWithWork(usize),
    /// A branch or iteration that ended is still there, or one whose state is gone.
    #[error("INVARIANT(finished-scope): scope {0} has ended and was not closed")]
    ScopeLeftOpen(u32),
}

/// Checks that the facts give the execution.
pub fn check_rebuild(facts: &[Fact], live: &Execution) -> Result<(), Violation> {
    if Execution::rebuild(facts) == *live { Ok(()) } else { Err(Violation::RebuildDiffers(facts.len())) }
}

/// Checks the numbers of the events, and that nothing that ended has anything outstanding.
pub fn check_history(facts: &[Fact], live: &Execution) -> Result<(), Violation> {
    let mut last = EventId(0);
    for event in facts.iter().filter_map(Fact::event) {
        if event.id.0 != last.0 + 1 {
            return Err(Violation::IdNotDense { found: event.id.0, before: last.0 });
        }
        if event.previous >= event.id {
            return Err(Violation::PreviousNotBefore { id: event.id.0, previous: event.previous.0 });
        }
        last = event.id;
    }
    if live.is_closed() {
        let is_waiting = live.next_timer().is_some() || !live.outstanding().is_empty();
        let succeeded = live.status == ExecutionStatus::Succeeded;
        if is_waiting || (succeeded && !live.scopes.is_empty()) {
            return Err(Violation::FinishedWithWork(live.scopes.len()));
        }
        return Ok(());
    }
    match live.scopes.iter().find(|(_, scope)| matches!(scope.position, Position::Exited(_))) {
        Some((id, _)) => Err(Violation::ScopeLeftOpen(id.0)),
        None => Ok(()),
    }
}
