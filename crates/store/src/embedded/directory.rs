//! The data directory around the database: who may use it, what its format is, and how the database comes to be.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{ErrorKind, Write as _},
    path::{Path, PathBuf},
};

use super::{FORMAT_VERSION, place::Place, sync_dir};
use crate::error::StoreError;

const LOCK: &str = "LOCK";
const FORMAT: &str = "FORMAT";
const FORMAT_NEW: &str = "FORMAT.new";
const FORMAT_NAME: &str = "stepwright-store ";
const DATABASE: &str = "db";
const DATABASE_NEW: &str = "db.new";
const UNSETTLED: &str = "UNSETTLED";

/// A locked data directory of a format that this release reads. Dropping it unlocks the directory.
#[derive(Debug)]
pub(super) struct Directory {
    path: PathBuf,
    lock: File,
}

impl Directory {
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        fs::create_dir_all(path)
            .map_err(StoreError::io(format!("create the data directory {}", path.display())))?;
        let directory = Self { path: path.to_path_buf(), lock: lock(path)? };
        directory.check_format()?;
        Ok(directory)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Where the database is, or will be.
    pub(super) fn database(&self) -> PathBuf {
        self.path.join(DATABASE)
    }

    /// The files of its database, which is there.
    pub(super) fn place(&self) -> Result<Place, StoreError> {
        Place::of(&self.path.join(LOCK), &self.lock, &self.database())
    }

    pub(super) fn has_database(&self) -> Result<bool, StoreError> {
        exists(&self.database())
    }

    /// Notes that a write failed, for a process that comes after a sudden end of this one. The system's memory is enough: it
    /// outlives the process, and what does not outlive the system need not be settled. Where nothing can be created, it was
    /// no `fsync` that failed.
    pub(super) fn note_unsettled(&self) {
        let _ = File::create(self.path.join(UNSETTLED));
    }

    /// Whether a write failed and the database was not opened again since.
    pub(super) fn is_unsettled(&self) -> bool {
        self.path.join(UNSETTLED).exists()
    }

    /// Notes that everything that can be read is on the disk. Where that fails, it is settled once more the next time.
    pub(super) fn note_settled(&self) {
        let _ = fs::remove_file(self.path.join(UNSETTLED));
    }

    /// Creates the database beside its place and moves it there, so that a crash never leaves half of one.
    pub(super) fn create_database(
        &self,
        create: impl FnOnce(&Path) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let new = self.path.join(DATABASE_NEW);
        if exists(&new)? {
            fs::remove_dir_all(&new).map_err(StoreError::io(format!("remove {}", new.display())))?;
        }
        create(&new)?;
        sync_dir(&new)?;
        fs::rename(&new, self.database()).map_err(StoreError::io(format!("rename {}", new.display())))?;
        sync_dir(&self.path)
    }

    fn check_format(&self) -> Result<(), StoreError> {
        let path = self.path.join(FORMAT);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return self.mark_format(&path),
            Err(error) => return Err(StoreError::io(format!("read {}", path.display()))(error)),
        };
        let found = text.trim_end().strip_prefix(FORMAT_NAME).and_then(|version| version.parse::<u32>().ok());
        match found {
            Some(found) if found > FORMAT_VERSION => {
                Err(StoreError::NewerFormat { dir: self.path.clone(), found, supported: FORMAT_VERSION })
            }
            Some(1..) => Ok(()),
            Some(0) | None => {
                Err(StoreError::DamagedFile { path, problem: format!("it holds no line \"{FORMAT_NAME}N\"") })
            }
        }
    }

    /// Writes the format's version, whole or not at all. The database is created after it, so one without the other
    /// was tampered with.
    fn mark_format(&self, path: &Path) -> Result<(), StoreError> {
        if self.has_database()? {
            return Err(StoreError::DamagedFile {
                path: path.to_path_buf(),
                problem: "it is missing beside a database".to_owned(),
            });
        }
        let new = self.path.join(FORMAT_NEW);
        let write = || -> std::io::Result<()> {
            let mut file = File::create(&new)?;
            writeln!(file, "{FORMAT_NAME}{FORMAT_VERSION}")?;
            file.sync_all()?;
            fs::rename(&new, path)
        };
        write().map_err(StoreError::io(format!("write {}", path.display())))?;
        sync_dir(&self.path)
    }
}

fn lock(dir: &Path) -> Result<File, StoreError> {
    let path = dir.join(LOCK);
    let doing = || StoreError::io(format!("lock {}", path.display()));
    let file = OpenOptions::new().write(true).create(true).truncate(false).open(&path).map_err(doing())?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse { dir: dir.to_path_buf() }),
        Err(TryLockError::Error(error)) => Err(doing()(error)),
    }
}

fn exists(path: &Path) -> Result<bool, StoreError> {
    path.try_exists().map_err(StoreError::io(format!("look for {}", path.display())))
}
