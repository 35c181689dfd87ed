//! Whether the files that the database writes to are still those of the data directory.
//!
//! A file stays writable for the process that has it open after it was removed, moved away or cut short, so that commits
//! would go on to succeed, and be gone with the process. Three looks at the directory after each commit find that out
//! before anything is acknowledged.

use std::{
    fs::{self, File, Metadata},
    io::{ErrorKind, Write as _},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use super::journal;
use crate::error::StoreError;

/// Bytes that must find room before the database is opened again: what a few commits need, so that it does not fail again
/// at once.
const PROBE_BYTES: usize = 1024 * 1024;

/// Bytes that the database gives a new journal in advance.
const JOURNAL_BYTES: u64 = 64 * 1024 * 1024;

/// The files of an open database.
#[derive(Debug)]
pub(super) struct Place {
    lock: (PathBuf, Identity),
    database: (PathBuf, Identity),
    journal: Mutex<Option<Journal>>,
}

/// Device and inode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity(u64, u64);

/// The newest journal as it was seen last.
#[derive(Clone, Debug)]
struct Journal {
    number: u64,
    path: PathBuf,
    bytes: u64,
    /// When a name was last added to its directory or taken from it.
    listed: Option<SystemTime>,
}

impl Place {
    pub(super) fn of(lock: &Path, held: &File, database: &Path) -> Result<Self, StoreError> {
        let held = held.metadata().map_err(StoreError::io(format!("look at {}", lock.display())))?;
        Ok(Self {
            lock: (lock.to_path_buf(), Identity::of(&held)),
            database: (database.to_path_buf(), Identity::of(&look_at(database)?)),
            journal: Mutex::default(),
        })
    }

    /// Fails where the database's files are not those of the directory any more, or the newest journal has not grown by the
    /// bytes that were written since the last look.
    pub(super) fn check(&self, written: u64) -> Result<(), StoreError> {
        let (lock, lock_identity) = &self.lock;
        let (database, database_identity) = &self.database;
        same(lock, *lock_identity)?;
        let listed = same(database, *database_identity)?.modified().ok();
        let mut journal = self.journal();
        let newest = match &*journal {
            Some(seen) if seen.listed == listed => (seen.number, seen.path.clone()),
            Some(seen) => match journal::newest(database)? {
                Some(newest) if newest.0 >= seen.number => newest,
                Some(_) | None => return Err(StoreError::TakenAway { path: seen.path.clone() }),
            },
            None => match journal::newest(database)? {
                Some(newest) => newest,
                None => return Err(StoreError::TakenAway { path: database.clone() }),
            },
        };
        let (number, path) = newest;
        let bytes = look_at(&path)?.len();
        if let Some(seen) = journal.as_ref().filter(|seen| seen.number == number) {
            // One that was filled with zeros in advance grows when these are used up.
            let grown = if seen.bytes == JOURNAL_BYTES { 0 } else { written };
            let expected = seen.bytes + grown;
            if bytes < expected {
                let problem = format!(
                    "it was cut short while it was in use: it has {bytes} bytes, and at least {expected} were written"
                );
                return Err(StoreError::DamagedFile { path, problem });
            }
        }
        *journal = Some(Journal { number, path, bytes, listed });
        Ok(())
    }

    /// Fails where nothing can be written to the directory.
    pub(super) fn probe(&self) -> Result<(), StoreError> {
        let path = self.lock.0.with_file_name("PROBE");
        let written = File::create(&path)
            .and_then(|mut file| file.write_all(&vec![1; PROBE_BYTES]).and_then(|()| file.sync_all()));
        let removed = fs::remove_file(&path);
        let doing = || StoreError::io(format!("write {PROBE_BYTES} bytes to {}", path.display()));
        written.map_err(doing())?;
        removed.map_err(doing())
    }

    /// The database is opened again: its journals may be shorter, and are looked at anew.
    pub(super) fn forget_journal(&self) {
        *self.journal() = None;
    }

    fn journal(&self) -> MutexGuard<'_, Option<Journal>> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Identity {
    fn of(metadata: &Metadata) -> Self {
        Self(metadata.dev(), metadata.ino())
    }
}

fn same(path: &Path, identity: Identity) -> Result<Metadata, StoreError> {
    let metadata = look_at(path)?;
    if Identity::of(&metadata) == identity {
        Ok(metadata)
    } else {
        Err(StoreError::TakenAway { path: path.to_path_buf() })
    }
}

fn look_at(path: &Path) -> Result<Metadata, StoreError> {
    fs::metadata(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => StoreError::TakenAway { path: path.to_path_buf() },
        _ => StoreError::io(format!("look at {}", path.display()))(error),
    })
}
