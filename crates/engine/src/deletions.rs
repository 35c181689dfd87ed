//! The machines that this process deleted lately: a start that was asked for before the deletion, and comes to its shard
//! after it, is refused there, for nobody would stop its execution any more.

use model::StateMachineArn;
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Deletions that are remembered: more than can happen while a request is on its way.
const REMEMBERED: usize = 4096;

/// The latest deletions.
#[derive(Default)]
pub(crate) struct Deletions(Mutex<Latest>);

#[derive(Default)]
struct Latest {
    /// The last revision that a deletion took out, by machine.
    revisions: HashMap<StateMachineArn, u64>,
    /// The machines, the one that is forgotten next first.
    order: VecDeque<StateMachineArn>,
}

impl Deletions {
    /// Remembers one.
    pub(crate) fn add(&self, machine: StateMachineArn, last_revision: u64) {
        let mut latest = self.lock();
        if latest.revisions.insert(machine.clone(), last_revision).is_none() {
            latest.order.push_back(machine);
        }
        if latest.order.len() > REMEMBERED
            && let Some(oldest) = latest.order.pop_front()
        {
            latest.revisions.remove(&oldest);
        }
    }

    /// Whether that revision of the machine is among them. One that was made anew under the name is not.
    pub(crate) fn contain(&self, machine: &StateMachineArn, revision: u64) -> bool {
        self.lock().revisions.get(machine).is_some_and(|last| revision <= *last)
    }

    /// Forgets those of machines that are still there: whether a deletion is true that could not be committed shows in what
    /// the store holds.
    pub(crate) fn forget_where<E>(
        &self,
        is_there: impl Fn(&StateMachineArn, u64) -> Result<bool, E>,
    ) -> Result<(), E> {
        let mut latest = self.lock();
        let mut kept = Latest::default();
        for machine in std::mem::take(&mut latest.order) {
            let Some(last) = latest.revisions.get(&machine).copied() else { continue };
            if !is_there(&machine, last)? {
                kept.revisions.insert(machine.clone(), last);
                kept.order.push_back(machine);
            }
        }
        *latest = kept;
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Latest> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_deleted_up_to_its_last_revision_and_remembered_for_a_while() {
        let deletions = Deletions::default();
        let machine = |number: usize| StateMachineArn(format!("m{number}").into());
        deletions.add(machine(0), 3);
        assert!(deletions.contain(&machine(0), 2) && deletions.contain(&machine(0), 3));
        assert!(!deletions.contain(&machine(0), 4) && !deletions.contain(&machine(1), 1));
        for number in 1..=REMEMBERED {
            deletions.add(machine(number), 1);
        }
        assert!(!deletions.contain(&machine(0), 3) && deletions.contain(&machine(1), 1));
    }

    #[test]
    fn a_deletion_whose_machine_is_still_there_is_forgotten() {
        let deletions = Deletions::default();
        let machine = |number: usize| StateMachineArn(format!("m{number}").into());
        (0..3).for_each(|number| deletions.add(machine(number), 7));
        let looked: Result<(), ()> = deletions.forget_where(|of, last| Ok(*of == machine(1) && last == 7));
        looked.unwrap();
        assert!(deletions.contain(&machine(0), 7) && deletions.contain(&machine(2), 7));
        assert!(!deletions.contain(&machine(1), 7));
    }
}
