//! Randomness from a seed and a text, so that a draw does not depend on how many were made before it: a script from which
//! a step was taken out draws the same for all others.

use engine::Randomness;
use fastrand::Rng;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, PoisonError};

/// The generator of one thing's fate.
pub(crate) fn fate(seed: u64, of: impl Hash) -> Rng {
    let mut hasher = DefaultHasher::new();
    (seed, of).hash(&mut hasher);
    Rng::with_seed(hasher.finish())
}

/// Whether something that happens so many times of a hundred does.
pub(crate) fn percent(rng: &mut Rng, of_hundred: u32) -> bool {
    rng.u32(0..100) < of_hundred
}

/// One of several.
pub(crate) fn pick<'a, T>(rng: &mut Rng, from: &'a [T]) -> Option<&'a T> {
    from.get(rng.usize(0..from.len().max(1)))
}

/// The engine's randomness.
pub(crate) struct Seeded(Mutex<Rng>);

impl Seeded {
    pub(crate) fn new(seed: u64) -> Seeded {
        Seeded(Mutex::new(Rng::with_seed(seed)))
    }
}

impl Randomness for Seeded {
    fn next_u64(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).u64(..)
    }
}
