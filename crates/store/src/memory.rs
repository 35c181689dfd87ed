//! The store that forgets: for tests, for Express workflows and for trying things out.

use std::{
    collections::BTreeMap,
    ops::Bound,
    sync::{PoisonError, RwLock, RwLockReadGuard},
};

use crate::{
    error::StoreError,
    port::{Batch, Direction, KeyRange, Page, Record, Store, Table, Write},
};

type Rows = BTreeMap<Vec<u8>, Vec<u8>>;

/// Tables in memory. Atomic and ordered like any store, durable as long as the process lives.
#[derive(Debug, Default)]
pub struct MemoryStore {
    tables: RwLock<[Rows; Table::COUNT]>,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// No code that can panic runs while the lock is held for writing, so a poisoned lock still guards whole batches.
    fn read(&self) -> RwLockReadGuard<'_, [Rows; Table::COUNT]> {
        self.tables.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for MemoryStore {
    fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        batch.check()?;
        let mut tables = self.tables.write().unwrap_or_else(PoisonError::into_inner);
        for write in batch.into_writes() {
            let Some(rows) = tables.get_mut(write.table().index()) else { continue };
            match write {
                Write::Put { key, value, .. } => rows.insert(key, value),
                Write::Delete { key, .. } => rows.remove(&key),
            };
        }
        Ok(())
    }

    fn reopen(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.read().get(table.index()).and_then(|rows| rows.get(key)).cloned())
    }

    fn scan(
        &self,
        table: Table,
        range: KeyRange,
        direction: Direction,
        limit: usize,
    ) -> Result<Page, StoreError> {
        let tables = self.read();
        // An empty range would make the map panic.
        let Some(rows) = tables.get(table.index()).filter(|_| !range.is_empty()) else {
            return Ok(Page::default());
        };
        let found = rows.range::<[u8], _>((as_slice(&range.start), as_slice(&range.end)));
        match direction {
            Direction::Forward => Page::collect(found.map(owned), limit),
            Direction::Reverse => Page::collect(found.rev().map(owned), limit),
        }
    }
}

fn as_slice(bound: &Bound<Vec<u8>>) -> Bound<&[u8]> {
    bound.as_ref().map(Vec::as_slice)
}

#[expect(clippy::unnecessary_wraps, reason = "a page is collected from fallible records")]
fn owned((key, value): (&Vec<u8>, &Vec<u8>)) -> Result<Record, StoreError> {
    Ok((key.clone(), value.clone()))
}
