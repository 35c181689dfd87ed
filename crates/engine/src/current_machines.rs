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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

#[cfg(test)]
mod tests {
    use super::*;
    use model::{StateMachineArn, StateMachineType, Timestamp};

    fn machine(name: &str) -> Arc<StateMachine> {
        const PASSES: &str = r#"{"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}"#;
        let arn = StateMachineArn(format!("arn:aws:states:r:1:stateMachine:{name}").into());
        let definition = asl::compile(PASSES, StateMachineType::Standard).unwrap().definition;
        let (text, role) = (PASSES.into(), "role".into());
        let at = Timestamp(0);
        Arc::new(StateMachine::new(arn, StateMachineType::Standard, text, Arc::new(definition), role, at))
    }

    #[test]
    fn what_was_read_before_a_change_is_not_held_after_it() {
        let machines = CurrentMachines::default();
        let one = machine("one");
        let before = machines.get(&one.arn.0).unwrap_err();
        // Somebody else changes the registry while this one is read.
        machines.forget();
        machines.hold(&one, before);
        let since = machines.get(&one.arn.0).unwrap_err();
        machines.hold(&one, since);
        assert!(Arc::ptr_eq(&machines.get(&one.arn.0).unwrap(), &one));
        machines.forget();
        assert!(machines.get(&one.arn.0).is_err());
    }

    #[test]
    fn so_many_are_held_at_the_most() {
        let machines = CurrentMachines::default();
        let one = machine("one");
        let since = machines.get(&one.arn.0).unwrap_err();
        for number in 0..=MOST {
            let arn = StateMachineArn(format!("arn:aws:states:r:1:stateMachine:{number}").into());
            machines.hold(&Arc::new(StateMachine { arn, ..StateMachine::clone(&one) }), since);
            assert!(machines.held().machines.len() <= MOST);
        }
    }
}
