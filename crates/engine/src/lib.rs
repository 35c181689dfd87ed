//! The engine: owns running executions.
//!
//! Executions are spread over shards by a hash of their ARN. A shard has one owner, a task that drains a mailbox of
//! stimuli, lets `machine` decide, and hands the facts of all of them to the store as one batch. **Only when that batch
//! is durable** are callers answered, tasks called and timers set. Hence an acknowledged start survives `kill -9`, a state
//! is entered once, and a result is recorded once.
//!
//! A task whose call was under way when the process died is not called again: its outcome is unknown, and it fails with
//! the error that AWS's own clients give when they lose an answer, so that the Retry which AWS recommends handles it.
//!
//! A job that a `.sync` task started, such as a nested workflow, is not lost with the process: the next one takes up
//! waiting for its end.
//!
//! The tasks of an execution that was started with a test case are answered by mocks, where the test case has some.
//!
//! Events go to the execution's log after they are durable too; a record that does not arrive holds up nobody.
//!
//! An execution that only waits is dropped from memory; one timer entry in the store brings it back.
//!
//! This crate knows nothing of HTTP. Time, randomness, the store and the task runner come in through traits.

mod activities;
mod aliases;
mod audit;
mod clock;
mod config;
mod current_machines;
mod deletions;
mod dispatch;
mod duties;
mod error;
mod express;
mod express_runs;
mod facade;
mod fact_log;
mod health;
mod jobs;
mod keys;
mod live;
mod logging;
mod machines;
mod mailbox;
mod map_runs;
mod mocking;
mod occupancy;
mod outage;
mod page;
mod pipeline;
mod quotas;
mod records;
mod redrive;
mod retention;
mod round;
mod shard;
mod shared;
mod start;
mod test_state;
mod timers;
mod transitions;
mod verify;
mod versions;
mod workers;
mod workflows;

pub use activities::{Activities, Activity, ActivityTask, CreateActivityOutcome};
pub use aliases::{Alias, Route};
pub use audit::audit;
pub use clock::{Clock, Randomness, SteadyClock, SystemClock, SystemRandomness};
pub use config::EngineConfig;
pub use error::{AliasError, EngineError, PublishError, StartError, TestStateError, TokenError};
pub use express::SyncExecution;
pub use express_runs::ExpressHistory;
pub use facade::Engine;
pub use health::Health;
pub use machine::{ErrorDetails, Inspection, Mock, TrialEnd, TrialError, TrialStatus};
pub use machines::{CreateOutcome, StateMachine, StateMachineUpdate, StateMachines};
pub use map_runs::{ChildOf, MapRunCounts, MapRunRecord, MapRunSettings, RedriveTally, Tally};
pub use occupancy::Occupancy;
pub use page::Page;
pub use quotas::{LARGE_REGIONS, Quota, Quotas};
pub use records::ExecutionRecord;
pub use redrive::RedriveError;
pub use start::{StartExecution, Started};
pub use tasks::{HttpExchange, HttpRequestShown, HttpResponseShown};
pub use test_state::{TestState, TestedState};
pub use transitions::TransitionQuota;
pub use versions::{Publication, Version};
