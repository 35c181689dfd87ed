//! A simulator: the real engine, machine, store logic and task dispatch, with everything around them made up from a seed.
//!
//! One seed gives one [`Script`]: state machines, what clients do, and when the process is killed, the disk fails or the
//! clock jumps. [`run`] plays it on one thread in virtual time, so that hours take milliseconds and the same seed gives
//! the same run. What must hold of every run (`check.rs`) is looked at while it goes on and at its end, when all faults
//! are over and everything had time to end:
//!
//! * an acknowledged start, stop or token is never lost;
//! * nothing is called before the event that says so is durable, and no event is acted on twice;
//! * a history that was shown to somebody never changes but by growing, and is one that the machine's rules allow;
//! * every execution ends, and leaves no timer, no duty and no mark of being open behind;
//! * nothing panics, and no shard stops unless the disk failed under it.
//!
//! A script that breaks one is made shorter by [`shortened`] until each of its steps is needed.

mod check;
mod clients;
mod clock;
mod complaints;
mod definitions;
mod disk;
mod functions;
mod notes;
mod people;
mod play;
mod randomness;
mod script;
mod shorten;

pub use disk::Disk;
pub use play::{Outcome, run, run_on};
pub use script::{Action, Script, Settings, Step};
pub use shorten::shortened;
