//! What can go wrong with a store, in words for the operator who must mend it.

use std::{io, path::PathBuf, sync::Arc};

use crate::{key::printable, port::Table, record::RecordError};

/// Why a store did not do as asked. Cheap to clone, since one failed commit has many waiters.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another process holds the directory.
    #[error(
        "the data directory {} is in use by another stepwright process: stop that process, or start this one with \
         another data directory", dir.display()
    )]
    InUse {
        /// The data directory.
        dir: PathBuf,
    },
    /// The directory was written by a later release.
    #[error(
        "the data directory {} has format {found}, and this release of stepwright reads formats up to {supported}: \
         start the release that wrote it or a later one, or choose another data directory", dir.display()
    )]
    NewerFormat {
        /// The data directory.
        dir: PathBuf,
        /// Format version found in its `FORMAT` file.
        found: u32,
        /// Newest format version that this release reads.
        supported: u32,
    },
    /// A file of the directory is not what was written.
    #[error(
        "{} is damaged ({problem}): nothing was changed; restore the data directory from a backup, or move it away \
         to start with an empty one", path.display()
    )]
    DamagedFile {
        /// The damaged file.
        path: PathBuf,
        /// What is wrong with it, and where.
        problem: String,
    },
    /// A stored record fails its checksum or cannot be read.
    #[error(
        "the record {} in table {table} is damaged ({problem}): it was not used; restore the data directory from a \
         backup",
        printable(key)
    )]
    DamagedRecord {
        /// Its table.
        table: Table,
        /// Its key.
        key: Vec<u8>,
        /// What is wrong with it.
        problem: RecordError,
    },
    /// A write that no store can hold; nothing of its batch was written.
    #[error("the write to table {table} cannot be stored: {problem}")]
    InvalidWrite {
        /// The table of the write.
        table: Table,
        /// The limit that it breaks.
        problem: String,
    },
    /// The operating system refused.
    #[error("could not {doing}: {source}")]
    Io {
        /// What was being done, with the path concerned.
        doing: String,
        /// The system's answer.
        source: Arc<io::Error>,
    },
    /// The embedded database failed for a reason of its own.
    #[error("could not {doing}: the embedded database answered {message}")]
    Database {
        /// What was being done.
        doing: String,
        /// The database's own words.
        message: String,
    },
    /// An earlier commit failed, so its outcome on disk is unknown and nothing more is accepted until the store was opened
    /// again.
    #[error(
        "the store accepts no writes because a commit failed ({cause}): mend the cause, and it goes on by itself"
    )]
    Poisoned {
        /// The failure that came first.
        cause: String,
    },
    /// The data directory was taken away, or replaced by another one, while the store was open.
    #[error(
        "{} is not the file it was when the server started: put the data directory back in its place; as long as it is \
         away nothing is written, so that nothing is acknowledged which is not in it", path.display()
    )]
    TakenAway {
        /// What is missing or another one.
        path: PathBuf,
    },
    /// The store is being shut down.
    #[error("the store is shutting down and accepts no more writes")]
    Closed,
    /// The queue of commits is full, and the caller asked not to wait.
    #[error("the queue of commits is full: try again when some have reached the disk")]
    QueueFull,
}

impl StoreError {
    /// Whether the store itself failed, or was not reached, so that it must be opened again before anything can go on. The
    /// others are about one write or one record.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        match self {
            Self::InUse { .. }
            | Self::NewerFormat { .. }
            | Self::DamagedFile { .. }
            | Self::Io { .. }
            | Self::Database { .. }
            | Self::TakenAway { .. }
            | Self::Poisoned { .. } => true,
            Self::DamagedRecord { .. } | Self::InvalidWrite { .. } | Self::Closed | Self::QueueFull => false,
        }
    }

    pub(crate) fn io(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Io { doing, source: Arc::new(source) }
    }
}
