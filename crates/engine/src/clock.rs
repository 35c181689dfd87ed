//! Time and randomness of the real world.

use model::Timestamp;
use std::time::{SystemTime, UNIX_EPOCH};

/// What time it is.
pub trait Clock: Send + Sync + 'static {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// The system's clock.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// The system's source of randomness: task tokens must not be guessable.
pub(crate) struct SystemEntropy;

impl expr::Entropy for SystemEntropy {
    fn next_u64(&mut self) -> u64 {
        // INVARIANT(os-entropy): a system that gives no random bytes cannot issue tokens, and must not guess.
        getrandom::u64().expect("INVARIANT(os-entropy): the system gives random bytes")
    }
}
