//! What each type of state does, one file per type.

mod choice;
mod distributed;
mod fail;
mod map;
mod parallel;
mod pass;
mod succeed;
mod task;
mod wait;

pub use distributed::threshold_exceeded;
