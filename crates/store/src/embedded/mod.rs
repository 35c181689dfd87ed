//! The store in a directory of one machine, on the `fjall` database.
//!
//! # The data directory
//!
//! | path | content |
//! |---|---|
//! | `LOCK` | held locked (`flock`) by the process that uses the directory |
//! | `FORMAT` | one line, `stepwright-store N`: the version of everything in the directory |
//! | `db/` | the database: one keyspace, in which each key begins with its [`Table`]'s code |
//! | `db.new/` | a database being created; without meaning once no process uses the directory |
//!
//! One keyspace serves all tables because the database makes and opens each keyspace with some twenty calls of `fsync`,
//! which would be most of the time that a server takes to start.
//!
//! A commit is one batch in the database's journal, followed by `fdatasync`. When the directory is opened, a torn
//! last batch (its commit never returned) is cut off; damage anywhere before it is refused, see [`Recovery`].
//!
//! Once used, a directory's journals together stay below about 200 MB: they rotate at 64 MB. Opening reads them at about a microsecond a record: measured with records
//! of 100 bytes, about the smallest there are, 0.1 to 0.7 s depending on how full they happen to be.

mod directory;
mod journal;

use std::{
    collections::HashSet,
    fs,
    ops::Bound,
    path::{Path, PathBuf},
};

use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode, Readable};

use crate::{
    error::StoreError,
    port::{Batch, Direction, KeyRange, MAX_KEY_BYTES, Page, Record, Store, Table, Write},
};
use directory::Directory;
use journal::Tail;

/// Newest version of the directory's format that this release reads, and the one that it writes.
pub const FORMAT_VERSION: u32 = 1;

/// The least that the database allows; see the module's documentation for what it leads to.
const MAX_JOURNAL_BYTES: u64 = 64 * 1024 * 1024;

/// What an operator may choose for an [`EmbeddedStore`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EmbeddedOptions {
    /// Bytes of recently read blocks kept in memory.
    pub cache_bytes: u64,
    /// Bytes of recent writes that are kept in memory before they are written out in order.
    pub write_buffer_bytes: u64,
    /// Threads that write records out and tidy them, at least 1.
    pub worker_threads: usize,
}

impl Default for EmbeddedOptions {
    fn default() -> Self {
        Self { cache_bytes: 32 * 1024 * 1024, write_buffer_bytes: 16 * 1024 * 1024, worker_threads: 2 }
    }
}

/// What opening a directory found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Whether the directory was new.
    pub created: bool,
    /// Bytes of a torn last batch that were cut off: a commit that was never acknowledged.
    pub torn_bytes_dropped: u64,
}

/// Tables in a directory, durable when [`Store::commit`] returns. Dropping it closes the directory.
pub struct EmbeddedStore {
    // Fields drop in this order: the directory is unlocked last.
    records: Keyspace,
    database: Database,
    recovery: Recovery,
    directory: Directory,
}

impl std::fmt::Debug for EmbeddedStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EmbeddedStore").field("path", &self.path()).finish_non_exhaustive()
    }
}

impl EmbeddedStore {
    /// Opens a data directory, and creates it where it does not exist.
    ///
    /// # Errors
    /// [`StoreError::InUse`], [`StoreError::NewerFormat`], [`StoreError::DamagedFile`], or what the system answers.
    pub fn open(path: impl AsRef<Path>, options: &EmbeddedOptions) -> Result<Self, StoreError> {
        let directory = Directory::open(path.as_ref())?;
        let mut recovery = Recovery { created: !directory.has_database()?, ..Recovery::default() };
        if recovery.created {
            directory.create_database(|path| open_database(path, options).map(drop))?;
        } else if let Tail::Torn { bytes } = journal::mend(&directory.database())? {
            recovery.torn_bytes_dropped = bytes;
        }
        let (database, records) = open_database(&directory.database(), options)?;
        Ok(Self { records, database, recovery, directory })
    }

    /// The data directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// What opening the directory found.
    #[must_use]
    pub fn recovery(&self) -> Recovery {
        self.recovery
    }
}

impl Store for EmbeddedStore {
    fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        batch.check()?;
        let mut atomic = self.database.batch().durability(Some(PersistMode::SyncData));
        for write in last_writes(&batch) {
            let place = place(write.table(), write.key());
            match write {
                Write::Put { value, .. } => atomic.insert(&self.records, place, value.as_slice()),
                Write::Delete { .. } => atomic.remove(&self.records, place),
            }
        }
        atomic.commit().map_err(|error| match error {
            fjall::Error::Poisoned => {
                StoreError::Poisoned { cause: "an earlier write to the data directory failed".to_owned() }
            }
            error => database_error("commit a batch", self.path())(error),
        })
    }

    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        if key.is_empty() || key.len() > MAX_KEY_BYTES {
            return Ok(None);
        }
        // Only a snapshot hides a batch that is still being applied.
        let found = self.database.snapshot().get(&self.records, place(table, key));
        Ok(found.map_err(database_error("read a record", self.path()))?.map(|value| value.to_vec()))
    }

    fn scan(
        &self,
        table: Table,
        range: KeyRange,
        direction: Direction,
        limit: usize,
    ) -> Result<Page, StoreError> {
        if range.is_empty() {
            return Ok(Page::default());
        }
        let bounds = places(table, range);
        let found = self.database.snapshot().range(&self.records, bounds);
        let owned = |guard: fjall::Guard| -> Result<Record, StoreError> {
            let (key, value) = guard.into_inner().map_err(database_error("scan a table", self.path()))?;
            Ok((key.get(1..).unwrap_or_default().to_vec(), value.to_vec()))
        };
        match direction {
            Direction::Forward => Page::collect(found.map(owned), limit),
            Direction::Reverse => Page::collect(found.rev().map(owned), limit),
        }
    }
}

/// Where a record stands: behind its table's code.
fn place(table: Table, key: &[u8]) -> Vec<u8> {
    let mut place = Vec::with_capacity(key.len() + 1);
    place.push(table.code());
    place.extend_from_slice(key);
    place
}

/// Where the records of a range stand.
fn places(table: Table, range: KeyRange) -> (Bound<Vec<u8>>, Bound<Vec<u8>>) {
    let start = match range.start {
        Bound::Unbounded => Bound::Included(vec![table.code()]),
        bound => bound.map(|key| place(table, &key)),
    };
    let end = match range.end {
        Bound::Unbounded => Bound::Excluded(vec![table.code() + 1]),
        bound => bound.map(|key| place(table, &key)),
    };
    (start, end)
}

/// The last write to each key. The database gives all writes of a batch one sequence number, so two writes to one
/// key would not be ordered.
fn last_writes(batch: &Batch) -> Vec<&Write> {
    let mut seen = HashSet::with_capacity(batch.len());
    batch.writes().iter().rev().filter(|write| seen.insert((write.table(), write.key()))).collect()
}

fn open_database(path: &Path, options: &EmbeddedOptions) -> Result<(Database, Keyspace), StoreError> {
    let failed = || database_error("open the database", path);
    let database = Database::builder(path)
        .cache_size(options.cache_bytes)
        .max_journaling_size(MAX_JOURNAL_BYTES)
        .worker_threads(options.worker_threads.max(1))
        .open()
        .map_err(failed())?;
    let records = database
        .keyspace("records", || {
            KeyspaceCreateOptions::default().max_memtable_size(options.write_buffer_bytes)
        })
        .map_err(failed())?;
    Ok((database, records))
}

fn database_error(doing: &str, path: &Path) -> impl FnOnce(fjall::Error) -> StoreError {
    let (doing, path): (_, PathBuf) = (doing.to_owned(), path.to_path_buf());
    move |error| {
        let doing = format!("{doing} in {}", path.display());
        match error {
            fjall::Error::Io(error) => StoreError::io(doing)(error),
            error => StoreError::Database { doing, message: error.to_string() },
        }
    }
}

/// Makes the names in a directory durable.
fn sync_dir(path: &Path) -> Result<(), StoreError> {
    fs::File::open(path)
        .and_then(|dir| dir.sync_all())
        .map_err(StoreError::io(format!("make the directory {} durable", path.display())))
}

#[cfg(test)]
mod tests;
