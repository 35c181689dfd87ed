//! Facts: what happened, in the form in which it is stored.
//!
//! **Record format.** Facts that happened together are one record: a version byte ([`VERSION`]) followed by their sequence in
//! postcard's wire format. The first version held one fact, and not its sequence. In that format a variant is its position and a struct its fields in order, so variants are only ever added at the end
//! and structs never change; whatever needs another shape becomes a new variant or a new version, and every version that
//! was ever written stays readable.

use crate::execution::{About, ScopeId};
use crate::map_run::MapRunPlan;
use model::history::StoredPayload;
use model::{EventDetails, EventId, HistoryEvent, Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The version that is written.
const VERSION: u8 = 2;
/// The version that held a single fact.
const SINGLE: u8 = 1;

/// Something that happened, in one scope.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fact {
    /// Where. Events of iterations themselves belong to the scope of their Map.
    pub scope: ScopeId,
    /// What.
    pub kind: FactKind,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum FactKind {
    /// An event of AWS's history.
    Event(HistoryEvent),
    /// Something that AWS does not show.
    Private(Private),
}

/// Facts that AWS does not show.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Private {
    /// The execution was born.
    Opened(About),
    /// A Wait got its moment.
    WaitUntil(Timestamp),
    /// A state failed and will be tried again; its branches or iterations are gone.
    RetryAt {
        /// When.
        until: Timestamp,
        /// Which retrier took the error.
        retrier: u32,
        /// The event that the next attempt points to.
        after: EventId,
    },
    /// A task attempt got its token.
    TokenIssued(Arc<str>),
    /// A worker said that it is still at work.
    HeartbeatReceived(Timestamp),
    /// A Map got its items.
    MapPrepared {
        /// A JSON array.
        items: StoredPayload,
        /// How many iterations may run at once.
        max_concurrency: u64,
    },
    /// A branch of a Parallel began.
    BranchStarted {
        /// Which.
        index: u64,
    },
    /// A branch of a Parallel ended well.
    BranchSucceeded {
        /// Which.
        index: u64,
    },
    /// The execution times out at another moment from now on.
    DeadlineSet(Timestamp),
    /// The execution fails while this scope has left a state and not yet entered the next one.
    Heading(Arc<str>),
    /// A Parallel or Map forgets the branches or iterations that it gave up, and runs all of them again.
    StartedOver,
    /// A distributed Map evaluated what its Map Run is to do.
    MapRunPlanned(Box<MapRunPlan>),
}

/// Why stored bytes are not a fact.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Written by a later version of the program.
    #[error(
        "the record has format version {0}, this program reads up to {VERSION}: run the version that wrote it"
    )]
    NewerVersion(u8),
    /// Not a fact at all.
    #[error("the record is damaged: {0}")]
    Damaged(String),
}

impl Fact {
    /// Facts that follow each other, as one record.
    pub fn encode(facts: &[impl std::borrow::Borrow<Fact>]) -> Vec<u8> {
        let facts: Vec<&Fact> = facts.iter().map(std::borrow::Borrow::borrow).collect();
        // Writing into a vector cannot fail, and every type here has a length that is known.
        postcard::to_extend(&facts, vec![VERSION]).unwrap_or_default()
    }

    /// The facts that a record holds.
    pub fn decode(bytes: &[u8]) -> Result<Vec<Fact>, DecodeError> {
        let damaged = |error: postcard::Error| DecodeError::Damaged(error.to_string());
        match bytes.split_first() {
            Some((&VERSION, record)) => postcard::from_bytes(record).map_err(damaged),
            Some((&SINGLE, record)) => Ok(vec![postcard::from_bytes(record).map_err(damaged)?]),
            Some((version, _)) => Err(DecodeError::NewerVersion(*version)),
            None => Err(DecodeError::Damaged("it is empty".to_owned())),
        }
    }

    /// The payloads that it carries.
    pub fn payloads(&self) -> impl Iterator<Item = &StoredPayload> {
        let (one, assigned) = match &self.kind {
            FactKind::Event(event) => (event.details.payload(), assigned(&event.details)),
            FactKind::Private(Private::MapPrepared { items, .. }) => (Some(items), &[][..]),
            FactKind::Private(_) => (None, &[][..]),
        };
        one.into_iter().chain(assigned.iter().map(|(_, value)| value))
    }

    /// Puts something else in the place of each payload that it carries.
    pub fn replace_payloads(&mut self, mut replace: impl FnMut(&mut StoredPayload)) {
        match &mut self.kind {
            FactKind::Event(event) => {
                event.details.payload_mut().into_iter().for_each(&mut replace);
                if let EventDetails::StateExited { assigned_variables, .. } = &mut event.details {
                    assigned_variables.iter_mut().for_each(|(_, value)| replace(value));
                }
            }
            FactKind::Private(Private::MapPrepared { items, .. }) => replace(items),
            FactKind::Private(_) => {}
        }
    }

    /// The event, if it is one.
    pub fn into_event(self) -> Option<HistoryEvent> {
        match self.kind {
            FactKind::Event(event) => Some(event),
            FactKind::Private(_) => None,
        }
    }

    /// The event, if it is one.
    pub fn event(&self) -> Option<&HistoryEvent> {
        match &self.kind {
            FactKind::Event(event) => Some(event),
            FactKind::Private(_) => None,
        }
    }
}

fn assigned(details: &EventDetails) -> &[model::history::AssignedVariable] {
    match details {
        EventDetails::StateExited { assigned_variables, .. } => assigned_variables,
        _ => &[],
    }
}
