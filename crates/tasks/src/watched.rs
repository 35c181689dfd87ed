//! Files that are read again when they have changed.

use std::fs::{File, Metadata};
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// The largest file that is read, in bytes.
const MAX_FILE_SIZE: u64 = 16 << 20;

/// Reads a file's text; the error says what is wrong with it.
type Parse<T> = Box<dyn Fn(&str) -> Result<T, String> + Send + Sync>;

/// What a file says, read anew whenever it has changed.
pub(crate) struct Watched<T> {
    path: PathBuf,
    parse: Parse<T>,
    latest: Mutex<Option<Reading<T>>>,
}

/// What the file held when it looked like that.
struct Reading<T> {
    look: Option<Look>,
    /// Or what is wrong with it.
    found: Result<Arc<T>, String>,
}

/// What changes when a file is written or replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Look {
    inode: u64,
    length: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl<T> Watched<T> {
    /// The file at a path, which `parse` reads; its error says what is wrong with the text.
    pub(crate) fn new(
        path: impl Into<PathBuf>,
        parse: impl Fn(&str) -> Result<T, String> + Send + Sync + 'static,
    ) -> Watched<T> {
        Watched { path: path.into(), parse: Box::new(parse), latest: Mutex::new(None) }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What the file says now, or what is wrong with it. A change is told in the log.
    pub(crate) fn get(&self) -> Result<Arc<T>, String> {
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        // The look is taken before the text: a change in between is seen as one the next time.
        let look = std::fs::metadata(&self.path).ok().as_ref().map(Look::of);
        if let Some(reading) = &*latest
            && reading.look == look
        {
            return reading.found.clone();
        }
        let found = self.text().and_then(|text| (self.parse)(&text)).map(Arc::new);
        match &found {
            Ok(_) => tracing::info!(file = %self.path.display(), "read"),
            Err(problem) => tracing::error!(file = %self.path.display(), %problem, "cannot be used"),
        }
        *latest = Some(Reading { look, found: found.clone() });
        found
    }

    fn text(&self) -> Result<String, String> {
        let mut text = String::new();
        let file = File::open(&self.path).map_err(|error| error.to_string())?;
        let read = file.take(MAX_FILE_SIZE + 1).read_to_string(&mut text);
        read.map_err(|error| error.to_string())?;
        if text.len() as u64 > MAX_FILE_SIZE {
            return Err(format!("it has more than {MAX_FILE_SIZE} bytes"));
        }
        Ok(text)
    }
}

impl<T> std::fmt::Debug for Watched<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watched").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Look {
    fn of(metadata: &Metadata) -> Look {
        Look {
            inode: metadata.ino(),
            length: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}
