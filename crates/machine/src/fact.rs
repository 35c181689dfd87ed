//! Facts: what happened, in the form in which it is stored.
//!
//! **Record format.** A stored fact is one version byte ([`VERSION`]) followed by the fact in postcard's wire format.
//! In that format a variant is its position and a struct its fields in order, so variants are only ever added at the end
//! and structs never change; whatever needs another shape becomes a new variant or a new version, and every version that
//! was ever written stays readable.

use crate::execution::{About, ScopeId};
use crate::map_run::MapRunPlan;
use model::history::StoredPayload;
use model::{EventId, HistoryEvent, Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The version that is written.
const VERSION: u8 = 1;

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
    MapRunPlanned(MapRunPlan),
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
    /// The fact as bytes.
    pub fn encode(&self) -> Vec<u8> {
        let bytes = vec![VERSION];
        // Writing into a vector cannot fail, and every type here has a length that is known.
        postcard::to_extend(self, bytes).unwrap_or_default()
    }

    /// The fact that the bytes hold.
    pub fn decode(bytes: &[u8]) -> Result<Fact, DecodeError> {
        match bytes.split_first() {
            Some((&VERSION, record)) => {
                postcard::from_bytes(record).map_err(|e| DecodeError::Damaged(e.to_string()))
            }
            Some((version, _)) => Err(DecodeError::NewerVersion(*version)),
            None => Err(DecodeError::Damaged("it is empty".to_owned())),
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
