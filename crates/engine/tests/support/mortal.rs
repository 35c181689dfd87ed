//! A store whose commits can be made to fail, once or for good.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use store::{Batch, Direction, KeyRange, Page, Store, StoreError, Table};

pub struct MortalStore {
    inner: Arc<dyn Store>,
    is_dead: AtomicBool,
    /// Commits that it still takes.
    left: AtomicUsize,
    /// Commits wait while a test holds it.
    pub gate: Mutex<()>,
}

impl MortalStore {
    pub fn new(inner: Arc<dyn Store>) -> MortalStore {
        MortalStore {
            inner,
            is_dead: AtomicBool::new(false),
            left: AtomicUsize::new(usize::MAX),
            gate: Mutex::new(()),
        }
    }

    /// From now on nothing is written.
    pub fn die(&self) {
        self.is_dead.store(true, Ordering::SeqCst);
    }

    /// It can be written to again.
    pub fn revive(&self) {
        self.left.store(usize::MAX, Ordering::SeqCst);
        self.is_dead.store(false, Ordering::SeqCst);
    }

    pub fn is_dead(&self) -> bool {
        self.is_dead.load(Ordering::SeqCst)
    }

    /// So many commits more are written, and then nothing is.
    pub fn die_after(&self, commits: usize) {
        self.left.store(commits, Ordering::SeqCst);
    }
}

impl Store for MortalStore {
    fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        drop(self.gate.lock().unwrap());
        if self.is_dead.load(Ordering::SeqCst) {
            return Err(StoreError::Poisoned { cause: "the disk is gone".to_owned() });
        }
        let take_one = |left: usize| left.checked_sub(1);
        if self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take_one).is_err() {
            self.die();
            return Err(StoreError::Poisoned { cause: "the disk is gone".to_owned() });
        }
        self.inner.commit(batch)
    }

    fn reopen(&self) -> Result<(), StoreError> {
        match self.is_dead() {
            true => Err(StoreError::Poisoned { cause: "the disk is gone".to_owned() }),
            false => Ok(()),
        }
    }

    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.get(table, key)
    }

    fn scan(
        &self,
        table: Table,
        range: KeyRange,
        direction: Direction,
        limit: usize,
    ) -> Result<Page, StoreError> {
        self.inner.scan(table, range, direction, limit)
    }
}
