//! How many files and connections the process may have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Without any limit, more than anything here asks for.
const UNLIMITED: usize = 1 << 30;

/// Raises the limit as far as the process may raise it itself, and gives it. Many systems set the one that holds at 1,024
/// for the sake of old programs, and allow far more.
pub(crate) fn allowed() -> usize {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    // Where it cannot be raised it stays as it is.
    let current = match setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        Ok(()) => maximum,
        Err(_) => current,
    };
    current.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(UNLIMITED)
}
