//! The interpreter of the Amazon States Language, without input or output.
//!
//! An [`Execution`] is a value. Two functions carry the whole language:
//!
//! * [`decide`] runs an execution forward, given a [`Stimulus`], until nothing more can happen without the outside, and
//!   gives the [`Fact`]s of what happened;
//! * [`Execution::apply`] is the only way an execution changes: a plain fold over facts, without decisions.
//!
//! The facts are the state: an execution is rebuilt by applying its facts, in order, to [`Execution::new`].
//! [`Execution::outstanding`] names the tasks to call, [`Execution::map_runs`] the Map Runs to run, and
//! [`Execution::next_timer`] the moment of the next timer; after a crash the caller asks again and gets the same answer.
//!
//! **The caller's contract.** Facts are stored, all or none, before anything they name is done outside; a task is called
//! once for each time it is outstanding and its answer comes back as a stimulus; time and randomness come in with the
//! stimulus. Nothing here reads a clock, draws a random number, or knows of threads, files and services.

mod apply;
mod check;
mod context;
mod csv;
mod data;
mod decide;
mod execution;
mod fact;
mod failure;
mod flow;
mod map_run;
mod outstanding;
mod redrive;
mod sight;
mod states;
mod stimulus;
mod token;
mod trial;
mod variables;

pub use check::{Violation, check_history, check_rebuild};
pub use csv::Csv;
pub use decide::decide;
pub use execution::{
    About, Distribution, Execution, MapRun, ParallelRun, Position, Scope, ScopeId, TaskRun, Visit, Work,
};
pub use fact::{DecodeError, Fact, FactKind, Private};
pub use failure::data_limit_exceeded;
pub use map_run::{BatchPlan, Gathered, MapItem, MapRunPlan, OutstandingMapRun, select_item};
pub use outstanding::{OutstandingTask, TaskProgress};
pub use states::threshold_exceeded;
pub use stimulus::{Outside, Stimulus, TaskAnswer};
pub use token::TaskToken;
pub use trial::{ErrorDetails, Inspection, Mock, Trial, TrialEnd, TrialError, TrialSetup, TrialStatus};
