//! Changes of the project folder.

use super::project;
use notify::{Event, EventKind, RecursiveMode, Watcher as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// A change is told when nothing has followed it for this long: editors write a file in several steps.
const QUIET: Duration = Duration::from_millis(120);
/// A change is told after this long at the latest.
const PATIENCE: Duration = Duration::from_secs(1);

/// The changes below a folder, without saying which.
pub(super) struct Changes {
    happened: Arc<Notify>,
    /// Watches as long as it lives.
    watcher: Option<notify::RecommendedWatcher>,
}

impl Changes {
    /// Watches a folder from now on. Where the system cannot, it says so and tells of no changes.
    pub(super) fn of(root: &Path) -> Changes {
        let happened = Arc::new(Notify::new());
        let watcher = watcher(root, happened.clone());
        if let Err(error) = &watcher {
            eprintln!("warning: cannot watch {} for changes: {error}", root.display());
        }
        Changes { happened, watcher: watcher.ok() }
    }

    pub(super) fn are_watched(&self) -> bool {
        self.watcher.is_some()
    }

    /// Resolves when something has changed and it has become quiet again.
    pub(super) async fn next(&mut self) {
        self.happened.notified().await;
        let latest = tokio::time::Instant::now() + PATIENCE;
        while tokio::time::Instant::now() < latest {
            if tokio::time::timeout(QUIET, self.happened.notified()).await.is_err() {
                return;
            }
        }
    }
}

fn watcher(root: &Path, happened: Arc<Notify>) -> notify::Result<notify::RecommendedWatcher> {
    // Events name paths as they were asked for, so both forms are taken off.
    let roots = [root.canonicalize().ok(), Some(root.to_owned())];
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        // An event that was lost may have been any.
        let matters = event.map_or(true, |event| {
            !matches!(event.kind, EventKind::Access(_))
                && event.paths.iter().any(|path| is_inside(path, &roots))
        });
        if matters {
            happened.notify_one();
        }
    })?;
    watcher.watch(root, RecursiveMode::Recursive)?;
    Ok(watcher)
}

/// Whether the path lies in none of the folders that are skipped.
fn is_inside(path: &Path, roots: &[Option<PathBuf>]) -> bool {
    let inner = roots.iter().flatten().find_map(|root| path.strip_prefix(root).ok()).unwrap_or(path);
    !inner.components().any(|part| part.as_os_str().to_str().is_some_and(project::is_skipped))
}
