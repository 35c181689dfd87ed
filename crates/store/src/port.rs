//! The port itself: tables, batches, ranges and the [`Store`] trait.

use std::{fmt, ops::Bound};

use crate::{error::StoreError, key};

/// Longest key, in bytes.
pub const MAX_KEY_BYTES: usize = 4096;
/// Longest value, in bytes: room for a zipped function, and for any payload that AWS allows.
pub const MAX_VALUE_BYTES: usize = 64 * 1024 * 1024;
/// Most records that one scan gives, whatever limit it was called with.
pub const MAX_SCAN_RECORDS: usize = 10_000;
/// A scan ends its page after the record that brings keys and values to this many bytes.
pub const MAX_SCAN_BYTES: usize = 16 * 1024 * 1024;

/// Records per page of a [`Walk`].
const WALK_PAGE_RECORDS: usize = 512;

/// The tables: an ordered keyspace each. A table's code is part of the format on disk and never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Table {
    /// State machines by name.
    StateMachines,
    /// What a state machine was at each revision, for the executions that started under it.
    Revisions,
    /// Activities by name.
    Activities,
    /// Executions by ARN.
    Executions,
    /// Index of the executions of a state machine, newest first.
    ExecutionsByMachine,
    /// Index of the executions that have not ended, for recovery.
    OpenExecutions,
    /// What happened: the facts of each execution, in order.
    Facts,
    /// Timers by due time.
    Timers,
    /// Locally hosted functions.
    Functions,
    /// Map Runs by ARN.
    MapRuns,
    /// The children of each Map Run, in the order of their items.
    MapRunChildren,
    /// Index of the Map Runs of an execution, newest first.
    MapRunsByExecution,
    /// Index of the Map Runs that have children to wait for, for recovery.
    OpenMapRuns,
    /// Counters and settings of the installation.
    Meta,
    /// What is still to be done although nobody waits for it.
    Duties,
    /// Published versions of state machines.
    Versions,
    /// Aliases of state machines.
    Aliases,
    /// Index of the executions that have ended, by when they did.
    ClosedExecutions,
}

impl Table {
    /// Number of tables.
    pub const COUNT: usize = Self::ALL.len();

    /// Every table, in the order of the enum.
    pub const ALL: [Self; 18] = [
        Self::StateMachines,
        Self::Revisions,
        Self::Activities,
        Self::Executions,
        Self::ExecutionsByMachine,
        Self::OpenExecutions,
        Self::Facts,
        Self::Timers,
        Self::Functions,
        Self::MapRuns,
        Self::MapRunChildren,
        Self::MapRunsByExecution,
        Self::OpenMapRuns,
        Self::Meta,
        Self::Duties,
        Self::Versions,
        Self::Aliases,
        Self::ClosedExecutions,
    ];

    /// The name on disk and in messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::StateMachines => "state-machines",
            Self::Revisions => "revisions",
            Self::Activities => "activities",
            Self::Executions => "executions",
            Self::ExecutionsByMachine => "executions-by-machine",
            Self::OpenExecutions => "open-executions",
            Self::Facts => "facts",
            Self::Timers => "timers",
            Self::Functions => "functions",
            Self::MapRuns => "map-runs",
            Self::MapRunChildren => "map-run-children",
            Self::MapRunsByExecution => "map-runs-by-execution",
            Self::OpenMapRuns => "open-map-runs",
            Self::Meta => "meta",
            Self::Duties => "duties",
            Self::Versions => "versions",
            Self::Aliases => "aliases",
            Self::ClosedExecutions => "closed-executions",
        }
    }

    /// The byte that stands before the table's keys on disk. A code is never given to another table.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::StateMachines => 1,
            Self::Revisions => 2,
            Self::Activities => 3,
            Self::Executions => 4,
            Self::ExecutionsByMachine => 5,
            Self::OpenExecutions => 6,
            Self::Facts => 7,
            Self::Timers => 8,
            Self::Functions => 10,
            Self::Meta => 11,
            Self::Duties => 12,
            Self::Versions => 13,
            Self::Aliases => 14,
            Self::MapRuns => 20,
            Self::MapRunChildren => 21,
            Self::MapRunsByExecution => 22,
            Self::OpenMapRuns => 23,
            Self::ClosedExecutions => 15,
        }
    }

    /// Position in [`Table::ALL`].
    pub(crate) const fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The durable port. See the crate's documentation for the contract of both sides.
pub trait Store: Send + Sync + 'static {
    /// Applies every write of the batch, or none, and returns once they are durable.
    ///
    /// # Errors
    /// [`StoreError::InvalidWrite`] leaves the store as it was and usable. After any other error the outcome is
    /// unknown until [`Store::reopen`] returned `Ok`, and every commit before that fails with [`StoreError::Poisoned`].
    /// Reads show what was acknowledged until then.
    fn commit(&self, batch: Batch) -> Result<(), StoreError>;

    /// Makes the store usable again after a commit failed: what it shows from then on is durable. A batch whose commit
    /// failed is then there whole, or not at all. Where nothing failed it does nothing.
    ///
    /// # Errors
    /// When it cannot be written to still. Reads may fail too until it could be opened.
    fn reopen(&self) -> Result<(), StoreError>;

    /// The value under a key, if there is one.
    ///
    /// # Errors
    /// When the storage cannot be read.
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// The first records of a range in the given direction: at most `limit`, at most [`MAX_SCAN_RECORDS`], and
    /// ending after the record that reaches [`MAX_SCAN_BYTES`]. Forward is ascending key order.
    ///
    /// # Errors
    /// When the storage cannot be read.
    fn scan(
        &self,
        table: Table,
        range: KeyRange,
        direction: Direction,
        limit: usize,
    ) -> Result<Page, StoreError>;
}

impl<S: Store + ?Sized> Store for std::sync::Arc<S> {
    fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        (**self).commit(batch)
    }
    fn reopen(&self) -> Result<(), StoreError> {
        (**self).reopen()
    }
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        (**self).get(table, key)
    }
    fn scan(
        &self,
        table: Table,
        range: KeyRange,
        direction: Direction,
        limit: usize,
    ) -> Result<Page, StoreError> {
        (**self).scan(table, range, direction, limit)
    }
}

/// One write of a [`Batch`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// Sets the value of a key.
    Put {
        /// Its table.
        table: Table,
        /// Its key.
        key: Vec<u8>,
        /// Its new value.
        value: Vec<u8>,
    },
    /// Removes a key; fine if it is not there.
    Delete {
        /// Its table.
        table: Table,
        /// Its key.
        key: Vec<u8>,
    },
}

impl Write {
    /// The table written to.
    #[must_use]
    pub fn table(&self) -> Table {
        match self {
            Self::Put { table, .. } | Self::Delete { table, .. } => *table,
        }
    }

    /// The key written.
    #[must_use]
    pub fn key(&self) -> &[u8] {
        match self {
            Self::Put { key, .. } | Self::Delete { key, .. } => key,
        }
    }

    fn check(&self) -> Result<(), StoreError> {
        let refuse = |problem| Err(StoreError::InvalidWrite { table: self.table(), problem });
        match self.key().len() {
            0 => return refuse("its key is empty".to_owned()),
            len if len > MAX_KEY_BYTES => {
                return refuse(format!("its key has {len} bytes, more than the limit of {MAX_KEY_BYTES}"));
            }
            _ => {}
        }
        match self {
            Self::Put { value, .. } if value.len() > MAX_VALUE_BYTES => refuse(format!(
                "its value has {} bytes, more than the limit of {MAX_VALUE_BYTES}",
                value.len()
            )),
            Self::Put { .. } | Self::Delete { .. } => Ok(()),
        }
    }
}

/// Writes that become durable together. The last write to a key wins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    writes: Vec<Write>,
    bytes: usize,
}

impl Batch {
    /// An empty batch.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a write that sets a key's value.
    pub fn put(&mut self, table: Table, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) {
        let (key, value) = (key.into(), value.into());
        self.bytes += key.len() + value.len();
        self.writes.push(Write::Put { table, key, value });
    }

    /// Adds a write that removes a key.
    pub fn delete(&mut self, table: Table, key: impl Into<Vec<u8>>) {
        let key = key.into();
        self.bytes += key.len();
        self.writes.push(Write::Delete { table, key });
    }

    /// Adds the writes of another batch after its own.
    pub fn append(&mut self, mut other: Self) {
        self.bytes += other.bytes;
        if self.writes.is_empty() {
            self.writes = other.writes;
        } else {
            self.writes.append(&mut other.writes);
        }
    }

    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }

    /// Number of writes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.writes.len()
    }

    /// Bytes of all keys and values.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The writes in order.
    #[must_use]
    pub fn writes(&self) -> &[Write] {
        &self.writes
    }

    /// The writes in order, owned.
    #[must_use]
    pub fn into_writes(self) -> Vec<Write> {
        self.writes
    }

    /// Checks the limits of keys and values.
    ///
    /// # Errors
    /// [`StoreError::InvalidWrite`] for the first write that breaks one.
    pub fn check(&self) -> Result<(), StoreError> {
        self.writes.iter().try_for_each(Write::check)
    }
}

/// Which end of a range a scan starts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Ascending keys.
    Forward,
    /// Descending keys.
    Reverse,
}

/// A range of keys. A range whose start lies behind its end is empty, not an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRange {
    /// Lower bound.
    pub start: Bound<Vec<u8>>,
    /// Upper bound.
    pub end: Bound<Vec<u8>>,
}

impl KeyRange {
    /// Every key.
    #[must_use]
    pub fn all() -> Self {
        Self { start: Bound::Unbounded, end: Bound::Unbounded }
    }

    /// Every key that begins with the prefix. An empty prefix means every key.
    #[must_use]
    pub fn prefix(prefix: &[u8]) -> Self {
        let end = key::prefix_end(prefix).map_or(Bound::Unbounded, Bound::Excluded);
        Self { start: Bound::Included(prefix.to_vec()), end }
    }

    /// Keys from `start`, included, to `end`, excluded.
    #[must_use]
    pub fn between(start: impl Into<Vec<u8>>, end: impl Into<Vec<u8>>) -> Self {
        Self { start: Bound::Included(start.into()), end: Bound::Excluded(end.into()) }
    }

    /// What is left of the range, scanned in this direction, behind `key`: where the next page begins.
    #[must_use]
    pub fn resume_after(mut self, key: &[u8], direction: Direction) -> Self {
        match direction {
            Direction::Forward => self.start = Bound::Excluded(key.to_vec()),
            Direction::Reverse => self.end = Bound::Excluded(key.to_vec()),
        }
        self
    }

    /// Whether no key can lie in the range.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match (&self.start, &self.end) {
            (Bound::Unbounded, _) | (_, Bound::Unbounded) => false,
            (Bound::Included(start), Bound::Included(end)) => start > end,
            (Bound::Included(start), Bound::Excluded(end))
            | (Bound::Excluded(start), Bound::Included(end) | Bound::Excluded(end)) => start >= end,
        }
    }
}

/// A key and its value.
pub type Record = (Vec<u8>, Vec<u8>);

/// What a scan found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The records, in the direction of the scan.
    pub records: Vec<Record>,
    /// Whether the range holds records behind the last one given.
    pub has_more: bool,
}

impl Page {
    /// Takes records until a limit is reached; asks for one record more than it gives, to know `has_more`.
    pub(crate) fn collect(
        records: impl Iterator<Item = Result<Record, StoreError>>,
        limit: usize,
    ) -> Result<Self, StoreError> {
        let limit = limit.min(MAX_SCAN_RECORDS);
        let mut page = Self::default();
        let mut bytes = 0;
        for record in records {
            if page.records.len() >= limit || bytes >= MAX_SCAN_BYTES {
                page.has_more = true;
                break;
            }
            let record = record?;
            bytes += record.0.len() + record.1.len();
            page.records.push(record);
        }
        Ok(page)
    }
}

/// An iterator over a range of any size, page by page. Each page sees its own moment of the table, so a walk meant
/// to be exact needs a range that nobody writes meanwhile. Ends after the first error.
#[derive(Debug)]
pub struct Walk<'a, S: ?Sized> {
    store: &'a S,
    table: Table,
    direction: Direction,
    /// The range still to be read, `None` at its end.
    rest: Option<KeyRange>,
    page: std::vec::IntoIter<Record>,
}

impl<'a, S: Store + ?Sized> Walk<'a, S> {
    /// Starts a walk. Nothing is read before the first record is asked for.
    #[must_use]
    pub fn new(store: &'a S, table: Table, range: KeyRange, direction: Direction) -> Self {
        Self { store, table, direction, rest: Some(range), page: Vec::new().into_iter() }
    }
}

impl<S: Store + ?Sized> Iterator for Walk<'_, S> {
    type Item = Result<Record, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(record) = self.page.next() {
            return Some(Ok(record));
        }
        let range = self.rest.take()?;
        match self.store.scan(self.table, range.clone(), self.direction, WALK_PAGE_RECORDS) {
            Ok(page) => {
                if page.has_more {
                    self.rest = page.records.last().map(|(key, _)| range.resume_after(key, self.direction));
                }
                self.page = page.records.into_iter();
                self.page.next().map(Ok)
            }
            Err(error) => Some(Err(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_lists_every_table_at_its_own_index_with_a_unique_name() {
        for (index, table) in Table::ALL.iter().enumerate() {
            assert_eq!(table.index(), index);
        }
        let names: std::collections::HashSet<_> = Table::ALL.iter().map(|table| table.name()).collect();
        assert_eq!(names.len(), Table::COUNT);
    }

    #[test]
    fn a_batch_counts_the_bytes_of_its_keys_and_values() {
        let mut batch = Batch::new();
        assert!(batch.is_empty());
        batch.put(Table::Meta, *b"key", *b"value");
        batch.delete(Table::Meta, *b"old");
        let mut whole = Batch::new();
        whole.append(batch.clone());
        whole.append(batch);
        assert_eq!((whole.len(), whole.bytes()), (4, 22));
    }

    #[test]
    fn a_range_with_start_behind_end_is_empty() {
        assert!(KeyRange::between(*b"b", *b"a").is_empty());
        assert!(KeyRange::between(*b"a", *b"a").is_empty());
        assert!(!KeyRange::between(*b"a", *b"b").is_empty());
        assert!(!KeyRange::prefix(b"").is_empty());
        assert!(!KeyRange::prefix(&[0xff, 0xff]).is_empty());
    }
}
