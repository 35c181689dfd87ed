//! The engine's records: what is stored of machines and executions beside their facts.
//!
//! A record is sealed by the store with [`VERSION`]; its payload is postcard. Fields are never removed or reordered: a
//! record of another shape gets another version, and every version that was ever written stays readable.

use crate::error::EngineError;
use crate::fact_log::FactLog;
use crate::keys::{self, Part};
use crate::machines::StateMachine;
use crate::map_runs::ChildOf;
use json::Payload;
use model::history::StoredPayload;
use model::{ExecutionArn, ExecutionStatus, Failure, StartedThrough, StateMachineArn, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::{Batch, Store, Table, record};

pub(crate) const VERSION: u8 = 1;

/// What an execution began with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Opening {
    pub(crate) state_machine_arn: StateMachineArn,
    /// The revision it runs, by number.
    pub(crate) revision: u64,
    pub(crate) started_at: Timestamp,
    /// Perhaps a reference to a large payload among the facts; [`Opening::input`] reads it.
    pub(crate) input: StoredPayload,
    pub(crate) trace_header: Option<Arc<str>>,
    /// The test case whose mocks answer its tasks.
    pub(crate) test_case: Option<Arc<str>>,
    /// The version and the alias through which it was started; `None` where a record of the first shape does not say so,
    /// and its first event does.
    pub(crate) through: Option<StartedThrough>,
}

/// The first shape of [`Opening`]. For a while the test case stood behind it.
#[derive(Serialize, Deserialize)]
struct OpeningFirst {
    state_machine_arn: StateMachineArn,
    revision: u64,
    started_at: Timestamp,
    input: StoredPayload,
    trace_header: Option<Arc<str>>,
}

/// The version of [`Opening`].
const OPENING_VERSION: u8 = VERSION + 2;
/// The one before, of the same shape, whose input is never a reference.
const OPENING_WITH_INPUT: u8 = VERSION + 1;

impl Opening {
    /// How the execution of that ARN began; `None` if there is none.
    pub(crate) fn read(store: &dyn Store, arn: &ExecutionArn) -> Result<Option<Opening>, EngineError> {
        let key = keys::execution(arn, Part::Opening);
        let bytes = store.get(Table::Executions, &key)?;
        bytes.map(|bytes| open_as(Table::Executions, &key, &bytes, Opening::of_version)).transpose()
    }

    pub(crate) fn put(&self, arn: &ExecutionArn, batch: &mut Batch) {
        batch.put(Table::Executions, keys::execution(arn, Part::Opening), seal_as(OPENING_VERSION, self));
    }

    /// The execution's input.
    pub(crate) fn input(&self, facts: &FactLog<'_>) -> Result<Payload, EngineError> {
        facts.whole(&self.input)
    }

    fn of_version(version: u8, payload: &[u8]) -> Option<postcard::Result<Opening>> {
        match version {
            OPENING_VERSION | OPENING_WITH_INPUT => Some(postcard::from_bytes(payload)),
            // A payload without a test case is too short to be read with one.
            VERSION => {
                let with_test_case = postcard::from_bytes::<(OpeningFirst, Option<Arc<str>>)>(payload);
                Some(
                    with_test_case
                        .or_else(|_| Ok((postcard::from_bytes(payload)?, None)))
                        .map(Opening::of_first),
                )
            }
            _ => None,
        }
    }

    fn of_first((first, test_case): (OpeningFirst, Option<Arc<str>>)) -> Opening {
        let OpeningFirst { state_machine_arn, revision, started_at, input, trace_header } = first;
        Opening { state_machine_arn, revision, started_at, input, trace_header, test_case, through: None }
    }
}

/// How an execution ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Closing {
    pub(crate) status: ExecutionStatus,
    pub(crate) stopped_at: Timestamp,
    /// Perhaps a reference to a large payload among the facts; [`Closing::output`] reads it.
    pub(crate) output: Option<StoredPayload>,
    pub(crate) failure: Option<Failure>,
}

/// The version of [`Closing`]; in the first, of the same shape, the output is never a reference.
const CLOSING_VERSION: u8 = VERSION + 1;

impl Closing {
    /// How the execution of that ARN ended; `None` while it runs, or if there is none.
    pub(crate) fn read(store: &dyn Store, arn: &ExecutionArn) -> Result<Option<Closing>, EngineError> {
        let key = keys::execution(arn, Part::Closing);
        let bytes = store.get(Table::Executions, &key)?;
        bytes.map(|bytes| Closing::open(&key, &bytes)).transpose()
    }

    /// The record with that key.
    pub(crate) fn open(key: &[u8], bytes: &[u8]) -> Result<Closing, EngineError> {
        open_as(Table::Executions, key, bytes, |version, payload| {
            matches!(version, CLOSING_VERSION | VERSION).then(|| postcard::from_bytes(payload))
        })
    }

    pub(crate) fn put(&self, arn: &ExecutionArn, batch: &mut Batch) {
        batch.put(Table::Executions, keys::execution(arn, Part::Closing), seal_as(CLOSING_VERSION, self));
    }

    /// The execution's output, if it has one.
    pub(crate) fn output(&self, facts: &FactLog<'_>) -> Result<Option<Payload>, EngineError> {
        self.output.as_ref().map(|output| facts.whole(output)).transpose()
    }
}

/// What the index of a machine's executions says of each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Listed {
    pub(crate) status: ExecutionStatus,
}

/// An execution as DescribeExecution shows it.
#[derive(Clone, Debug)]
pub struct ExecutionRecord {
    /// Its ARN.
    pub arn: ExecutionArn,
    /// The machine's ARN.
    pub state_machine_arn: StateMachineArn,
    /// Its name.
    pub name: Arc<str>,
    /// How it stands.
    pub status: ExecutionStatus,
    /// When it started.
    pub started_at: Timestamp,
    /// When it ended.
    pub stopped_at: Option<Timestamp>,
    /// Its input.
    pub input: Payload,
    /// Its output, once it succeeded.
    pub output: Option<Payload>,
    /// Its error, once it failed or was stopped.
    pub failure: Option<Failure>,
    /// The trace header that it was started with.
    pub trace_header: Option<Arc<str>>,
    /// How often it was redriven.
    pub redrive_count: u64,
    /// When it was last redriven.
    pub redriven_at: Option<Timestamp>,
    /// The version and the alias through which it was started.
    pub through: StartedThrough,
    /// The Map Run that it is a child of.
    pub child: Option<ChildOf>,
    /// The machine as it was when the execution started.
    pub machine: Arc<StateMachine>,
}

pub(crate) fn seal<R: Serialize>(value: &R) -> Vec<u8> {
    seal_as(VERSION, value)
}

/// Seals a record of a shape that came after the first.
pub(crate) fn seal_as<R: Serialize>(version: u8, value: &R) -> Vec<u8> {
    // Writing into a vector cannot fail, and every type here has a length that is known.
    record::seal(version, &postcard::to_allocvec(value).unwrap_or_default())
}

pub(crate) fn open<R: DeserializeOwned>(table: Table, key: &[u8], bytes: &[u8]) -> Result<R, EngineError> {
    open_as(table, key, bytes, |version, payload| (version == VERSION).then(|| postcard::from_bytes(payload)))
}

/// The version of a record that got more numbers at its end.
const GROWN_VERSION: u8 = VERSION + 1;

/// Seals a record that got more numbers at its end after the first version.
pub(crate) fn seal_grown<R: Serialize>(value: &R) -> Vec<u8> {
    seal_as(GROWN_VERSION, value)
}

/// Opens such a record. One of the first version lacks that many numbers, which count as 0.
pub(crate) fn open_grown<R: DeserializeOwned>(
    table: Table,
    key: &[u8],
    bytes: &[u8],
    numbers: usize,
) -> Result<R, EngineError> {
    open_as(table, key, bytes, |version, payload| match version {
        GROWN_VERSION => Some(postcard::from_bytes(payload)),
        // A 0 is one byte, itself 0.
        VERSION => Some(postcard::from_bytes(&[payload, vec![0; numbers].as_slice()].concat())),
        _ => None,
    })
}

/// A part of what is stored of an execution, if it has that part.
pub(crate) fn of_execution<R: DeserializeOwned>(
    store: &dyn Store,
    arn: &ExecutionArn,
    part: Part,
) -> Result<Option<R>, EngineError> {
    let key = keys::execution(arn, part);
    let bytes = store.get(Table::Executions, &key)?;
    bytes.map(|bytes| open(Table::Executions, &key, &bytes)).transpose()
}

/// Opens a record whose shape depends on its version; `read` knows which versions there are.
pub(crate) fn open_as<R>(
    table: Table,
    key: &[u8],
    bytes: &[u8],
    read: impl FnOnce(u8, &[u8]) -> Option<postcard::Result<R>>,
) -> Result<R, EngineError> {
    let (version, payload) = record::open_at(table, key, bytes)?;
    let unreadable = |problem: String| EngineError::Record {
        key: format!("{} in table {table}", store::key::printable(key)),
        problem,
    };
    let unknown = || unreadable(format!("its format version {version} is not known to this program"));
    read(version, payload).ok_or_else(unknown)?.map_err(|error| unreadable(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_that_grew_is_read_in_both_shapes() {
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        struct Grown(Option<Arc<str>>, u64, u64);
        let read = |bytes: &[u8]| open_grown::<Grown>(Table::MapRuns, b"key", bytes, 2).unwrap();
        let text: Option<Arc<str>> = Some("x".into());
        assert_eq!(read(&seal(&(text.clone(),))), Grown(text.clone(), 0, 0));
        assert_eq!(read(&seal_grown(&Grown(text.clone(), 300, 1))), Grown(text, 300, 1));
    }

    #[test]
    fn an_opening_of_every_shape_that_was_written_is_read() {
        let opening = |test_case: Option<&str>| Opening {
            state_machine_arn: StateMachineArn("arn:m".into()),
            revision: 3,
            started_at: Timestamp(7),
            input: Payload::from_stored_text("{}").into(),
            trace_header: None,
            test_case: test_case.map(Arc::from),
            through: None,
        };
        let first = || {
            let Opening { state_machine_arn, revision, started_at, input, trace_header, .. } = opening(None);
            OpeningFirst { state_machine_arn, revision, started_at, input, trace_header }
        };
        let read = |bytes: &[u8]| open_as(Table::Executions, b"key", bytes, Opening::of_version).unwrap();
        assert_eq!(read(&seal(&first())), opening(None));
        for test_case in [None, Some("Case")] {
            assert_eq!(read(&seal(&(first(), test_case.map(Arc::<str>::from)))), opening(test_case));
            for through in [None, Some(StartedThrough::default())] {
                let opening = Opening { through, ..opening(test_case) };
                for version in [OPENING_WITH_INPUT, OPENING_VERSION] {
                    assert_eq!(read(&seal_as(version, &opening)), opening);
                }
            }
        }
    }
}
