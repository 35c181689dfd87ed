//! A simulator: the real engine, machine, store logic and task dispatch, with everything around them made up from a seed.
//!
//! One seed gives one [`Script`]: state machines, what clients do, and when the process is killed, the disk fails or the
//! clock jumps. [`run`] plays it on one thread in virtual time, so that hours take milliseconds and the same seed gives
//! the same run. What must hold of every run (`check.rs`, `rules.rs`) is looked at after every step, and at the end, when all
//! faults are over and everything had time to end:
//!
//! * an acknowledged start, stop or token is never lost, and can be read as soon as it is acknowledged;
//! * nothing is called before the event that says so is durable, and no event is acted on twice;
//! * no state is entered twice, no attempt comes out twice, events are numbered without a gap and point back;
//! * a history that was shown to somebody never changes but by growing, and rebuilds the execution that is in memory;
//! * every timer has an owner and every owner its timer, what is stored belongs to something (`engine::audit`);
//! * what is in memory stays within its bounds: executions, timers, answers that are kept, messages and commits that wait;
//! * every execution ends, and leaves no timer, no duty and no mark of being open behind;
//! * nothing panics, no shard stops; an engine whose disk fails says so once, and comes back by itself.
//!
//! A disk commits whole or not at all and dies with the process in between; its `fsync` fails, with the commit on the platter
//! or not; it is full for a while; it is slow. Functions are slow, flaky, broken and lose answers; people and workers answer
//! late, twice or never, and heartbeats stay away.
//!
//! The checks are proved by disks that do what none may do ([`Flaw`]) and engines that break a rule ([`Breach`]).
//!
//! A script that breaks one is made shorter by [`shortened`] until each of its steps is needed.

mod breach;
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
mod rules;
mod script;
mod shorten;

pub use breach::Breach;
pub use disk::{Disk, Flaw};
pub use play::{Outcome, run, run_on};
pub use script::{Action, Script, Settings, Step};
pub use shorten::shortened;
