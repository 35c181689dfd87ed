//! The nouns of Step Functions with their wire form: ARNs, names, times, statuses, history events, error names, limits,
//! and what a Task's `Resource` names.
//!
//! Nothing here does anything: no clock, no state, no storage.

pub mod arn;
pub mod error_name;
pub mod history;
pub mod integration;
pub mod limits;
pub mod logging;
pub mod map_run;
pub mod name;
mod payloads;
pub mod redrive;
pub mod resource;
pub mod sdk;
pub mod sdk_names;
pub mod status;
pub mod time;
mod wire;

pub use arn::{ExecutionArn, Partition, StartedThrough, StateMachineArn};
pub use history::{EventDetails, EventId, Failure, HistoryEvent};
pub use logging::{LogLevel, LoggingConfiguration};
pub use map_run::MapRunArn;
pub use resource::{Pattern, TaskResource};
pub use status::{ExecutionStatus, MapRunStatus, StateMachineStatus, StateMachineType, StateType};
pub use time::Timestamp;
