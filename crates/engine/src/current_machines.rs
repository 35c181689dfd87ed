//! The machines that were looked up since the registry last changed, so that a start does not read and decode them anew.

use crate::machines::StateMachine;
use rustc_hash::FxHashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Machines that are held at the most.
const MOST: usize = 10_000;

/// By ARN.
#[derive(Default)]
pub(crate) struct CurrentMachines {
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    machines: FxHashMap<Arc<str>, Arc<StateMachine>>,
    /// How often the registry has changed.
    changes: u64,
}

/// The registry as it was when something was looked up.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment(u64);

impl CurrentMachines {
    /// The machine, or the moment from which on it is read.
    pub(crate) fn get(&self, arn: &str) -> Result<Arc<StateMachine>, Moment> {
        let held = self.held();
        held.machines.get(arn).cloned().ok_or(Moment(held.changes))
    }

    /// Holds a machine that was read, unless the registry has changed since.
    pub(crate) fn hold(&self, machine: &Arc<StateMachine>, read_since: Moment) {
        let mut held = self.held();
        if held.changes != read_since.0 {
            return;
        }
        if held.machines.len() >= MOST {
            held.machines.clear();
        }
        held.machines.insert(machine.arn.0.clone(), machine.clone());
    }

    /// The registry changed, or may have.
    pub(crate) fn forget(&self) {
        let mut held = self.held();
        held.changes += 1;
        held.machines.clear();
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
