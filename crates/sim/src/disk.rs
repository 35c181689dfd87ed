//! The disk: a store whose commits fail when the script says so, and which keeps what was durable across the lives of the
//! process.
//!
//! A commit that fails may have reached the disk or not; whoever waits for it cannot know. After one the store refuses
//! every write until it is opened again, in place or by the next process, as the embedded one does. A full disk, and one
//! whose `fsync` fails for a while, cannot be opened again before that is over.

use crate::clock::VirtualClock;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use store::{Batch, Direction, KeyRange, MemoryStore, Page, Store, StoreError, Table, Write};

/// What becomes of the commits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Failing {
    /// Commits that still go well.
    pub(crate) after: u32,
    /// Whether the one that fails reaches the disk.
    pub(crate) is_written: bool,
    /// Whether the process dies with it.
    pub(crate) kills: bool,
    /// For how many milliseconds the store cannot be opened again.
    pub(crate) lasts: u64,
}

/// What a disk does that none may do. No engine can be right on such a disk, so the checks must find each of them out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// Says of every n-th commit that it is durable, and forgets it.
    Forgets(u64),
    /// Leaves a commit in part when the process dies in it or it fails.
    Tears,
    /// Says that commits are durable when they are in its cache, which the end of the process empties of the last of them.
    LosesItsCache,
    /// Shows a commit whose `fsync` failed when it is opened again, and has not got it when the next process looks.
    BelievesItsCache,
    /// Never removes a record.
    KeepsWhatIsDeleted,
    /// Says that a commit is durable before it can be read.
    AnswersEarly,
}

/// A disk in memory.
#[derive(Default)]
pub struct Disk {
    content: MemoryStore,
    state: Mutex<State>,
    flaw: Option<Flaw>,
    clock: OnceLock<Arc<VirtualClock>>,
}

#[derive(Default)]
struct State {
    failing: Option<Failing>,
    is_poisoned: bool,
    has_failed: bool,
    has_killed: bool,
    commits: u64,
    outages: usize,
    /// When the trouble is over, in milliseconds since the run began.
    trouble_until: u64,
    /// What is lost with the process, by what undoes it.
    unsure: Option<Batch>,
    /// What was acknowledged and cannot be read yet.
    late: Option<Batch>,
}

impl Disk {
    /// An empty disk that does what none may do.
    #[must_use]
    pub fn flawed(flaw: Flaw) -> Disk {
        Disk { flaw: Some(flaw), ..Disk::default() }
    }

    /// Virtual time comes from here.
    pub(crate) fn keep_time_by(&self, clock: &Arc<VirtualClock>) {
        let _ = self.clock.set(clock.clone());
    }

    /// Lets a commit to come fail.
    pub(crate) fn will_fail(&self, failing: Failing) {
        self.state().failing = Some(failing);
    }

    /// Nothing can be written for a while.
    pub(crate) fn is_full(&self, lasts: u64) {
        let until = self.now() + lasts;
        let mut state = self.state();
        state.trouble_until = state.trouble_until.max(until);
    }

    /// The process has ended, and the next one opens the disk: every record that reached it is there. What troubles the disk
    /// goes on.
    pub(crate) fn end_process(&self) {
        let mut state = self.state();
        let unsure = state.unsure.take();
        let (commits, trouble_until, outages) = (state.commits, state.trouble_until, state.outages);
        *state = State { commits, trouble_until, outages, ..State::default() };
        drop(state);
        if let Some(undo) = unsure {
            let _ = self.content.commit(undo);
        }
    }

    /// Whether a commit has failed in this process.
    pub(crate) fn has_failed(&self) -> bool {
        self.state().has_failed
    }

    /// Whether nothing can be written now.
    pub(crate) fn is_out(&self) -> bool {
        self.state().is_poisoned
    }

    /// Whether the process was to die with the commit that failed.
    pub(crate) fn has_killed(&self) -> bool {
        self.state().has_killed
    }

    /// How often it was opened again in place.
    pub(crate) fn outages(&self) -> usize {
        self.state().outages
    }

    fn now(&self) -> u64 {
        self.clock.get().map_or(0, |clock| clock.elapsed())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The batch that sets everything that the given one writes to what it is now.
    fn undo(&self, batch: &Batch) -> Batch {
        let mut undo = Batch::new();
        for write in batch.writes() {
            match self.content.get(write.table(), write.key()).ok().flatten() {
                Some(value) => undo.put(write.table(), write.key(), value),
                None => undo.delete(write.table(), write.key()),
            }
        }
        undo
    }

    fn fail(&self, state: &mut State, failing: Failing, batch: Batch) -> Result<(), StoreError> {
        (state.is_poisoned, state.has_failed, state.has_killed) = (true, true, failing.kills);
        state.failing = None;
        state.trouble_until = self.now() + failing.lasts;
        match self.flaw {
            Some(Flaw::Tears) => self.content.commit(half_of(batch))?,
            Some(Flaw::BelievesItsCache) if failing.is_written => {
                state.unsure = Some(self.undo(&batch));
                self.content.commit(batch)?;
            }
            _ if failing.is_written => self.content.commit(batch)?,
            _ => {}
        }
        Err(StoreError::Poisoned { cause: "the disk failed".to_owned() })
    }

    fn write(&self, state: &mut State, batch: Batch) -> Result<(), StoreError> {
        if let Some(late) = state.late.take() {
            self.content.commit(late)?;
        }
        match self.flaw {
            Some(Flaw::Forgets(every)) if state.commits.is_multiple_of(every.max(1)) => Ok(()),
            Some(Flaw::LosesItsCache) => {
                state.unsure = Some(self.undo(&batch));
                self.content.commit(batch)
            }
            Some(Flaw::KeepsWhatIsDeleted) => self.content.commit(without_deletions(batch)),
            Some(Flaw::AnswersEarly) => {
                state.late = Some(batch);
                Ok(())
            }
            // What was synced after it is no proof that it was.
            Some(Flaw::BelievesItsCache | Flaw::Tears | Flaw::Forgets(_)) | None => {
                self.content.commit(batch)
            }
        }
    }
}

impl Store for Disk {
    fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        let mut state = self.state();
        if state.is_poisoned {
            return Err(StoreError::Poisoned { cause: "an earlier commit failed".to_owned() });
        }
        state.commits += 1;
        if self.now() < state.trouble_until {
            let lasts = state.trouble_until - self.now();
            return self.fail(&mut state, Failing { lasts, ..Failing::default() }, batch);
        }
        match &mut state.failing {
            Some(failing) if failing.after == 0 => {
                let failing = *failing;
                return self.fail(&mut state, failing, batch);
            }
            Some(failing) => failing.after -= 1,
            None => {}
        }
        self.write(&mut state, batch)
    }

    fn reopen(&self) -> Result<(), StoreError> {
        let mut state = self.state();
        if self.now() < state.trouble_until {
            return Err(StoreError::Poisoned { cause: "the disk is full".to_owned() });
        }
        state.outages += usize::from(state.is_poisoned);
        state.is_poisoned = false;
        Ok(())
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

fn half_of(batch: Batch) -> Batch {
    let half = batch.len().div_ceil(2);
    of_writes(batch.into_writes().into_iter().take(half))
}

fn without_deletions(batch: Batch) -> Batch {
    of_writes(batch.into_writes().into_iter().filter(|write| matches!(write, Write::Put { .. })))
}

fn of_writes(writes: impl Iterator<Item = Write>) -> Batch {
    let mut batch = Batch::new();
    for write in writes {
        match write {
            Write::Put { table, key, value } => batch.put(table, key, value),
            Write::Delete { table, key } => batch.delete(table, key),
        }
    }
    batch
}
