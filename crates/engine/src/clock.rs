//! Time and randomness of the real world.

use model::Timestamp;
use std::cell::RefCell;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

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

/// A clock that goes on at its pace when the one that it reads is set back, so that a Wait of five seconds does not last an
/// hour. It then goes a tenth slower until the other has caught up. Set forward, it follows at once.
pub struct SteadyClock {
    wall: Arc<dyn Clock>,
    /// The last moment at which both agreed.
    agreed: Mutex<Option<(Instant, Timestamp)>>,
}

impl SteadyClock {
    /// A steady clock that reads this one.
    pub fn over(wall: impl Clock) -> SteadyClock {
        SteadyClock { wall: Arc::new(wall), agreed: Mutex::new(None) }
    }
}

impl Clock for SteadyClock {
    fn now(&self) -> Timestamp {
        let mut agreed = self.agreed.lock().unwrap_or_else(PoisonError::into_inner);
        let wall = self.wall.now();
        let lead = agreed.and_then(|(since, at)| lead(wall, at, since.elapsed()));
        if lead.is_none() {
            *agreed = Some((Instant::now(), wall));
        }
        lead.unwrap_or(wall)
    }
}

/// What it is while the wall's clock is behind; `None` if it is not. `at` is what both were before so much time passed.
fn lead(wall: Timestamp, at: Timestamp, passed: Duration) -> Option<Timestamp> {
    let passed = u64::try_from(passed.as_millis()).unwrap_or(u64::MAX);
    (wall < at.plus_millis(passed)).then(|| wall.max(at.plus_millis(passed / 10 * 9)))
}

/// Where the engine's random bits come from.
pub trait Randomness: Send + Sync + 'static {
    /// The next 64 random bits.
    fn next_u64(&self) -> u64;

    /// A random UUID, version 4.
    fn uuid(&self) -> uuid::Uuid {
        uuid::Uuid::from_u64_pair(self.next_u64() & !0xf000 | 0x4000, self.next_u64() >> 2 | 1 << 63)
    }
}

/// The system's source of randomness: task tokens must not be guessable.
#[derive(Clone, Copy, Debug)]
pub struct SystemRandomness;

/// Numbers that are asked of the system at once: a call of the system costs more than the number.
const AT_ONCE: usize = 64;

thread_local! {
    static DRAWN: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

impl Randomness for SystemRandomness {
    fn next_u64(&self) -> u64 {
        DRAWN.with_borrow_mut(|drawn| {
            if drawn.is_empty() {
                let mut bytes = [0_u8; AT_ONCE * 8];
                // INVARIANT(os-entropy): a system that gives no random bytes cannot issue tokens, and must not guess.
                getrandom::fill(&mut bytes).expect("INVARIANT(os-entropy): the system gives random bytes");
                let (numbers, _) = bytes.as_chunks::<8>();
                drawn.extend(numbers.iter().map(|number| u64::from_le_bytes(*number)));
            }
            drawn.pop().unwrap_or_default()
        })
    }
}

/// The engine's randomness as the machine asks for it.
pub(crate) struct Drawn<'a>(pub(crate) &'a dyn Randomness);

impl expr::Entropy for Drawn<'_> {
    fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_back_goes_on_a_tenth_slower_until_it_is_caught_up_with() {
        let at = Timestamp(1_000_000);
        let after = |wall: i64, seconds: u64| lead(Timestamp(wall), at, Duration::from_secs(seconds));
        assert_eq!(after(1_010_000, 10), None, "they agree");
        assert_eq!(after(5_000_000, 10), None, "set forward");
        assert_eq!(after(400_000, 0), Some(at), "never back");
        assert_eq!(after(410_000, 10), Some(Timestamp(1_009_000)));
        assert_eq!(after(1_009_500, 10), Some(Timestamp(1_009_500)), "nearly caught up");
    }

    #[test]
    fn a_uuid_of_any_bits_is_a_random_one() {
        struct Same(u64);
        impl Randomness for Same {
            fn next_u64(&self) -> u64 {
                self.0
            }
        }
        for bits in [0, u64::MAX, 0x0123_4567_89ab_cdef] {
            let uuid = Same(bits).uuid();
            assert_eq!(uuid.get_version(), Some(uuid::Version::Random), "{uuid}");
            assert_eq!(uuid.get_variant(), uuid::Variant::RFC4122, "{uuid}");
        }
        assert_ne!(SystemRandomness.uuid(), SystemRandomness.uuid());
    }
}
