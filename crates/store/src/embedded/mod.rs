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
//! | `UNSETTLED` | there from a write that failed until the database was opened again |
//!
//! One keyspace serves all tables because the database makes and opens each keyspace with some twenty calls of `fsync`,
//! which would be most of the time that a server takes to start.
//!
//! A commit is one batch in the database's journal, followed by `fdatasync`. When the directory is opened, a torn
//! last batch (its commit never returned) is cut off; damage anywhere before it is refused, see [`Recovery`].
//!
//! After a commit that failed, whether for want of room, for an `fsync` that failed, or because the directory was taken away
//! (`place.rs`), nothing is written any more, and reads show what was acknowledged. [`Store::reopen`] first sees whether a
//! file can be written to the directory. Then it closes the database, writes its last journal anew, because what was read
//! back after a failed `fsync` may never reach the disk, and opens it again in the same place. A process that finds
//! `UNSETTLED` does the same.
//!
//! Once used, a directory's journals together stay below about 200 MB: they rotate at 64 MB. Opening reads them at about a microsecond a record: measured with records
//! of 100 bytes, about the smallest there are, 0.1 to 0.7 s depending on how full they happen to be.

mod directory;
mod journal;
mod place;

use std::{
    collections::HashSet,
    fs,
    ops::Bound,
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError, RwLock, RwLockReadGuard,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use fjall::{AbstractTree as _, Database, Keyspace, KeyspaceCreateOptions, PersistMode, Readable};

use crate::{
    error::StoreError,
    port::{Batch, Direction, KeyRange, MAX_KEY_BYTES, Page, Record, Store, Table, Write},
};
use directory::Directory;
use journal::Tail;
use place::Place;

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
    /// Threads that write records out and tidy them, at least 1. The first of them keeps itself free to write out, and looks
    /// for that without a pause while all others tidy: two others make that rare.
    pub worker_threads: usize,
}

impl Default for EmbeddedOptions {
    fn default() -> Self {
        Self { cache_bytes: 32 * 1024 * 1024, write_buffer_bytes: 16 * 1024 * 1024, worker_threads: 3 }
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

/// How long a commit waits for older records to be written out before that counts as stuck: the database itself would wait
/// for ever for a thread that ended on a full disk.
const LONGEST_WRITE_OUT: Duration = Duration::from_secs(30);
/// Full write buffers that may wait to be written out while another commit is made; the database blocks at four.
const WAITING_BUFFERS: usize = 1;

/// Tables in a directory, durable when [`Store::commit`] returns. Dropping it closes the directory.
pub struct EmbeddedStore {
    // Fields drop in this order: the directory is unlocked last.
    /// The database; `None` after it was closed to be opened again, and could not be.
    open: RwLock<Option<Open>>,
    /// One commit at a time: what the journal grows by is its own. The database makes one at a time itself.
    writing: Mutex<()>,
    has_failed: AtomicBool,
    options: EmbeddedOptions,
    recovery: Recovery,
    place: Place,
    directory: Directory,
}

/// An open database.
struct Open {
    records: Keyspace,
    database: Database,
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
        if directory.is_unsettled() {
            journal::settle(&directory.database())?;
            directory.note_settled();
        }
        let open = RwLock::new(Some(open_database(&directory.database(), options)?));
        let place = directory.place()?;
        place.check(0)?;
        Ok(Self {
            open,
            writing: Mutex::default(),
            has_failed: AtomicBool::new(false),
            options: options.clone(),
            recovery,
            place,
            directory,
        })
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

    /// The database, for as long as the guard is held.
    fn opened(&self) -> RwLockReadGuard<'_, Option<Open>> {
        self.open.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, batch: &Batch) -> Result<(), StoreError> {
        let _one_at_a_time = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let guard = self.opened();
        let Open { records, database } = guard.as_ref().ok_or_else(closed)?;
        await_write_out(records)?;
        let mut atomic = database.batch().durability(Some(PersistMode::SyncData));
        let mut written = 0;
        for write in last_writes(batch) {
            let place = place(write.table(), write.key());
            written += place.len() as u64;
            match write {
                Write::Put { value, .. } => {
                    written += value.len() as u64;
                    atomic.insert(records, place, value.as_slice());
                }
                Write::Delete { .. } => atomic.remove(records, place),
            }
        }
        atomic.commit().map_err(|error| match error {
            fjall::Error::Poisoned => StoreError::Poisoned {
                cause: "records could not be written out of memory, as the lines before say".to_owned(),
            },
            error => database_error("commit a batch", self.path())(error),
        })?;
        // Behind the commit, so that what is acknowledged is in the directory.
        self.place.check(written)
    }
}

impl Store for EmbeddedStore {
    fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        batch.check()?;
        if self.has_failed.load(Ordering::Acquire) {
            return Err(StoreError::Poisoned {
                cause: "an earlier write to the data directory failed".to_owned(),
            });
        }
        self.write(&batch).inspect_err(|_| {
            self.has_failed.store(true, Ordering::Release);
            self.directory.note_unsettled();
        })
    }

    fn reopen(&self) -> Result<(), StoreError> {
        let is_open = self.opened().is_some();
        if is_open && !self.has_failed.load(Ordering::Acquire) {
            return Ok(());
        }
        let path = self.directory.database();
        // All of this can fail for long, and reads are served meanwhile.
        self.place.check(0)?;
        self.place.probe()?;
        journal::check(&path)?;
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        // Closed first, for a directory is open once.
        drop(open.take());
        journal::settle(&path)?;
        self.directory.note_settled();
        *open = Some(open_database(&path, &self.options)?);
        self.place.forget_journal();
        self.place.check(0)?;
        self.has_failed.store(false, Ordering::Release);
        Ok(())
    }

    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        if key.is_empty() || key.len() > MAX_KEY_BYTES {
            return Ok(None);
        }
        let guard = self.opened();
        let Open { records, database } = guard.as_ref().ok_or_else(closed)?;
        // Only a snapshot hides a batch that is still being applied.
        let found = database.snapshot().get(records, place(table, key));
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
        let guard = self.opened();
        let Open { records, database } = guard.as_ref().ok_or_else(closed)?;
        let found = database.snapshot().range(records, bounds);
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

fn open_database(path: &Path, options: &EmbeddedOptions) -> Result<Open, StoreError> {
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
    Ok(Open { records, database })
}

/// Waits while the database has more to write out than it should.
fn await_write_out(records: &Keyspace) -> Result<(), StoreError> {
    let begun = Instant::now();
    while records.tree.sealed_memtable_count() > WAITING_BUFFERS {
        if begun.elapsed() > LONGEST_WRITE_OUT {
            return Err(StoreError::Database {
                doing: "write records out of memory".to_owned(),
                message: format!("nothing for {} seconds", LONGEST_WRITE_OUT.as_secs()),
            });
        }
        thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

fn closed() -> StoreError {
    StoreError::Poisoned {
        cause: "the database was closed to be opened again, and could not be opened yet".to_owned(),
    }
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
