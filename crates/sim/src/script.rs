//! What happens in a run.

use crate::definitions;
use crate::randomness::{fate, percent};
use fastrand::Rng;
use std::fmt;
use std::time::Duration;

/// A run: everything else follows from it.
#[derive(Clone, Debug, PartialEq)]
pub struct Script {
    /// What all draws come from.
    pub seed: u64,
    /// What happens, in order of time.
    pub steps: Vec<Step>,
}

/// Something that happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its place in the script that the seed gives; a shortened one keeps it.
    pub number: usize,
    /// Milliseconds of virtual time since the run began.
    pub at: u64,
    /// What.
    pub action: Action,
}

/// What can happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// A client starts an execution; sometimes one of a name that is taken.
    Start {
        /// Which machine.
        machine: usize,
        /// The execution's number, which its name and input follow from.
        execution: u32,
    },
    /// A client runs an Express execution and waits for it.
    StartSync {
        /// Its number.
        execution: u32,
    },
    /// A client stops an execution.
    Stop {
        /// The execution's number.
        execution: u32,
    },
    /// A client deletes a state machine, which stops its executions; the next process creates it again.
    Delete {
        /// Which machine.
        machine: usize,
    },
    /// A client redrives an execution, if it can be.
    Redrive {
        /// The execution's number.
        execution: u32,
    },
    /// A client reads an execution and its history.
    Read {
        /// The execution's number.
        execution: u32,
    },
    /// The process is killed.
    Kill,
    /// The process is killed during a commit.
    KillInCommit {
        /// Commits that still go well.
        after: u32,
        /// Whether this one reaches the disk.
        is_written: bool,
    },
    /// The process is asked to end.
    ShutDown {
        /// How long it waits for calls, in milliseconds.
        grace: u64,
    },
    /// The `fsync` of a commit fails.
    DiskFails {
        /// Commits that still go well.
        after: u32,
        /// Whether it reaches the disk all the same.
        is_written: bool,
        /// Milliseconds for which the store cannot be opened again.
        lasts: u64,
    },
    /// The disk is full from now on.
    DiskIsFull {
        /// Until so many milliseconds have passed.
        lasts: u64,
    },
    /// From now on a commit takes up to so long.
    DiskTakes {
        /// Milliseconds.
        millis: u64,
    },
    /// Somebody sets the clock.
    ClockJumps {
        /// Milliseconds.
        millis: i64,
    },
}

/// The engine's settings in a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Shards.
    pub shards: usize,
    /// Stimuli before a shard.
    pub mailbox_capacity: usize,
    /// Stimuli in a commit.
    pub batch_size: usize,
    /// Executions that stay in memory.
    pub idle_executions: usize,
    /// How far ahead timers are in memory.
    pub timer_horizon: Duration,
    /// Workers of the activity.
    pub workers: usize,
}

impl Script {
    /// The script that a seed gives.
    #[must_use]
    pub fn from_seed(seed: u64) -> Script {
        let mut rng = fate(seed, "script");
        let machines = definitions::workflows(&mut fate(seed, "workflows")).len();
        let executions = rng.u32(1..25);
        let length = rng.u64(1_000..600_000);
        let faults = rng.usize(0..8);
        let mut actions: Vec<(u64, Action)> = Vec::new();
        for execution in 0..executions {
            actions.push((rng.u64(0..length), start(&mut rng, machines, execution)));
        }
        for _ in 0..rng.usize(0..executions as usize * 2) {
            let action = client(&mut rng, machines, executions);
            actions.push((rng.u64(0..length), action));
        }
        for _ in 0..faults {
            let action = fault(&mut rng);
            actions.push((rng.u64(0..length), action));
        }
        actions.sort_by_key(|(at, _)| *at);
        let steps = actions.into_iter().enumerate().map(|(number, (at, action))| Step { number, at, action });
        Script { seed, steps: steps.collect() }
    }

    /// The settings of its engine.
    #[must_use]
    pub fn settings(&self) -> Settings {
        let mut rng = fate(self.seed, "settings");
        Settings {
            shards: rng.usize(1..4),
            mailbox_capacity: rng.usize(1..64),
            batch_size: rng.usize(1..32),
            idle_executions: rng.usize(0..12),
            timer_horizon: Duration::from_secs(rng.u64(30..3600)),
            workers: rng.usize(1..4),
        }
    }

    /// This script with only the steps of those numbers.
    #[must_use]
    pub fn only(&self, numbers: &[usize]) -> Script {
        let steps = self.steps.iter().filter(|step| numbers.contains(&step.number)).cloned().collect();
        Script { seed: self.seed, steps }
    }
}

fn start(rng: &mut Rng, machines: usize, execution: u32) -> Action {
    match percent(rng, 8) {
        true => Action::StartSync { execution },
        false => Action::Start { machine: rng.usize(0..machines.max(1)), execution },
    }
}

fn client(rng: &mut Rng, machines: usize, executions: u32) -> Action {
    let execution = rng.u32(0..executions.max(1));
    match rng.u32(0..10) {
        0 | 1 => Action::Stop { execution },
        3 | 4 => Action::Redrive { execution },
        5 if percent(rng, 20) => Action::Delete { machine: rng.usize(0..machines.max(1)) },
        // The same execution again, perhaps of another machine.
        2 => Action::Start { machine: rng.usize(0..machines.max(1)), execution },
        _ => Action::Read { execution },
    }
}

fn fault(rng: &mut Rng) -> Action {
    match rng.u32(0..16) {
        0..=2 => Action::Kill,
        3..=5 => Action::KillInCommit { after: rng.u32(0..20), is_written: rng.bool() },
        6 | 7 => Action::ShutDown { grace: rng.u64(0..10_000) },
        8 => Action::DiskTakes { millis: rng.u64(0..5_000) },
        9..=11 => {
            let lasts = if percent(rng, 50) { 0 } else { rng.u64(0..120_000) };
            Action::DiskFails { after: rng.u32(0..20), is_written: rng.bool(), lasts }
        }
        12 | 13 => Action::DiskIsFull { lasts: rng.u64(0..300_000) },
        _ => Action::ClockJumps { millis: rng.i64(-600_000..3_600_000) },
    }
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}, {:?}", self.seed, self.settings())?;
        for workflow in definitions::workflows(&mut fate(self.seed, "workflows")) {
            writeln!(f, "{}: {}", workflow.name, workflow.definition)?;
        }
        for step in &self.steps {
            writeln!(f, "{:>4}  {:>8} ms  {:?}", step.number, step.at, step.action)?;
        }
        Ok(())
    }
}
