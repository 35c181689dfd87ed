//! The engine's records: what is stored of machines and executions beside their facts.
//!
//! A record is sealed by the store with [`VERSION`]; its payload is postcard. Fields are never removed or reordered: a
//! record of another shape gets another version, and every version that was ever written stays readable.

use crate::error::EngineError;
use crate::machines::StateMachine;
use crate::map_runs::ChildOf;
use json::Payload;
use model::history::StoredPayload;
use model::{ExecutionArn, ExecutionStatus, Failure, StartedThrough, StateMachineArn, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::{Table, record};

pub(crate) const VERSION: u8 = 1;

/// What an execution began with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Opening {
    pub(crate) state_machine_arn: StateMachineArn,
    /// The revision it runs, by number.
    pub(crate) revision: u64,
    pub(crate) started_at: Timestamp,
    pub(crate) input: StoredPayload,
    pub(crate) trace_header: Option<Arc<str>>,
    /// The test case whose mocks answer its tasks.
    pub(crate) test_case: Option<Arc<str>>,
}

/// How an execution ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Closing {
    pub(crate) status: ExecutionStatus,
    pub(crate) stopped_at: Timestamp,
    pub(crate) output: Option<StoredPayload>,
    pub(crate) failure: Option<Failure>,
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
