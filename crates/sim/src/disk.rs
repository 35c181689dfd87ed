//! The disk: a store whose commits fail when the script says so, and which keeps what was durable across the lives of the
//! process.
//!
//! A commit that fails may have reached the disk or not; whoever waits for it cannot know. After one the store refuses
//! every write until it is opened again, as the embedded one does.

use std::sync::{Mutex, MutexGuard, PoisonError};
use store::{Batch, Direction, KeyRange, MemoryStore, Page, Store, StoreError, Table};

/// What becomes of the commits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Failing {
    /// Commits that still go well.
    pub(crate) after: u32,
    /// Whether the one that fails reaches the disk.
    pub(crate) is_written: bool,
    /// Whether the process dies with it.
    pub(crate) kills: bool,
}

/// A disk in memory.
#[derive(Default)]
pub struct Disk {
    content: MemoryStore,
    state: Mutex<State>,
    /// A disk that says of every n-th commit that it is durable and forgets it: no engine can be right on it, so the
    /// checks must find it out.
    forgets_every: Option<u64>,
}

#[derive(Default)]
struct State {
    failing: Option<Failing>,
    is_poisoned: bool,
    has_killed: bool,
    commits: u64,
}

impl Disk {
    /// An empty disk that forgets every n-th commit that it acknowledged.
    #[must_use]
    pub fn forgetful(every: u64) -> Disk {
        Disk { forgets_every: Some(every.max(1)), ..Disk::default() }
    }

    /// Lets a commit to come fail.
    pub(crate) fn will_fail(&self, failing: Failing) {
        self.state().failing = Some(failing);
    }

    /// Opens it again: nothing fails from now on, and everything that reached the disk is there.
    pub(crate) fn reopen(&self) {
        let mut state = self.state();
        *state = State { commits: state.commits, ..State::default() };
    }

    /// Whether a commit has failed since it was opened.
    pub(crate) fn has_failed(&self) -> bool {
        self.state().is_poisoned
    }

    /// Whether the process was to die with the commit that failed.
    pub(crate) fn has_killed(&self) -> bool {
        self.state().has_killed
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for Disk {
    fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        let mut state = self.state();
        if state.is_poisoned {
            return Err(StoreError::Poisoned { cause: "an earlier commit failed".to_owned() });
        }
        state.commits += 1;
        match &mut state.failing {
            Some(failing) if failing.after == 0 => {
                let failing = *failing;
                state.is_poisoned = true;
                state.has_killed = failing.kills;
                if failing.is_written {
                    self.content.commit(batch)?;
                }
                return Err(StoreError::Poisoned { cause: "the disk failed".to_owned() });
            }
            Some(failing) => failing.after -= 1,
            None => {}
        }
        if self.forgets_every.is_some_and(|every| state.commits.is_multiple_of(every)) {
            return Ok(());
        }
        self.content.commit(batch)
    }

    fn reopen(&self) -> Result<(), StoreError> {
        Err(StoreError::Poisoned { cause: "the disk failed".to_owned() })
    }

    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.content.get(table, key)
    }

    fn scan(
        &self,
        table: Table,
        range: KeyRange,
        direction: Direction,
        limit: usize,
    ) -> Result<Page, StoreError> {
        self.content.scan(table, range, direction, limit)
    }
}
