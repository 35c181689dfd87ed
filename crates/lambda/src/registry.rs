//! Which functions exist, and where each comes from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::annex::Annex;
use crate::folder::Fingerprint;
use crate::function::Function;
use crate::store::Stored;

/// Where a function comes from.
#[derive(Debug, Clone)]
pub(crate) enum Origin {
    /// A folder of functions.
    Folder { directory: PathBuf, fingerprint: Fingerprint },
    /// The Lambda API.
    Api(Arc<Stored>),
}

impl Origin {
    pub(crate) fn is_in(&self, folder: &Path) -> bool {
        matches!(self, Origin::Folder { directory, .. } if directory == folder)
    }
}

/// A function that exists.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// `$LATEST`.
    pub(crate) function: Arc<Function>,
    pub(crate) origin: Origin,
    pub(crate) annex: Arc<Annex>,
}

/// All functions, in the order of their names.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    entries: Mutex<BTreeMap<String, Entry>>,
    revisions: AtomicU64,
}

impl Registry {
    pub(crate) fn get(&self, name: &str) -> Option<Entry> {
        self.lock().get(name).cloned()
    }

    pub(crate) fn annex(&self, name: &str) -> Option<Arc<Annex>> {
        self.lock().get(name).map(|entry| Arc::clone(&entry.annex))
    }

    /// All functions, in the order of their names.
    pub(crate) fn all(&self) -> Vec<Entry> {
        self.lock().values().cloned().collect()
    }

    pub(crate) fn put(&self, entry: Entry) {
        self.lock().insert(entry.function.spec.name.clone(), entry);
    }

    pub(crate) fn remove(&self, name: &str) {
        self.lock().remove(name);
    }

    pub(crate) fn contains(&self, name: &str) -> bool {
        self.lock().contains_key(name)
    }

    /// Up to `count` functions whose names come after `after`.
    pub(crate) fn page(&self, after: &str, count: usize) -> Vec<Entry> {
        use std::ops::Bound;
        let from = (Bound::Excluded(after.to_owned()), Bound::Unbounded);
        self.lock().range(from).take(count).map(|(_, entry)| entry.clone()).collect()
    }

    /// The names of the functions that came from `folder`.
    pub(crate) fn names_in(&self, folder: &Path) -> Vec<String> {
        let entries = self.lock();
        entries.iter().filter(|(_, entry)| entry.origin.is_in(folder)).map(|(name, _)| name.clone()).collect()
    }

    /// A number no other revision has.
    pub(crate) fn next_revision(&self) -> u64 {
        self.revisions.fetch_add(1, Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
