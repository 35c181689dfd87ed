//! Virtual time. It goes on across the lives of the process, and jumps where the script says so.

use engine::Clock;
use model::Timestamp;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use tokio::time::Instant;

/// 2026-01-01T00:00:00Z, when every run begins.
const BEGINNING: i64 = 1_767_225_600_000;

/// The clock on the wall, and the time that has really passed.
#[derive(Default)]
pub(crate) struct VirtualClock {
    /// Milliseconds that the lives before this one took.
    before: AtomicU64,
    /// When this life began.
    life: Mutex<Option<Instant>>,
    /// How far the clock on the wall is off.
    skew: AtomicI64,
}

impl VirtualClock {
    /// A new life of the process begins, within its runtime.
    pub(crate) fn begin_life(&self) {
        *self.life() = Some(Instant::now());
    }

    /// The life ends.
    pub(crate) fn end_life(&self) {
        self.before.store(self.elapsed(), Ordering::Relaxed);
        *self.life() = None;
    }

    /// Milliseconds since the run began.
    pub(crate) fn elapsed(&self) -> u64 {
        let life =
            self.life().map_or(0, |life| u64::try_from(life.elapsed().as_millis()).unwrap_or(u64::MAX));
        self.before.load(Ordering::Relaxed).saturating_add(life)
    }

    /// Sets the clock on the wall forward, or back.
    pub(crate) fn jump(&self, millis: i64) {
        self.skew.fetch_add(millis, Ordering::Relaxed);
    }

    /// Sleeps until so many milliseconds have passed since the run began.
    pub(crate) async fn sleep_until(&self, elapsed: u64) {
        let rest = elapsed.saturating_sub(self.elapsed());
        if rest > 0 {
            tokio::time::sleep(std::time::Duration::from_millis(rest)).await;
        }
    }

    fn life(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        let elapsed = i64::try_from(self.elapsed()).unwrap_or(i64::MAX);
        Timestamp(BEGINNING.saturating_add(elapsed).saturating_add(self.skew.load(Ordering::Relaxed)))
    }
}
