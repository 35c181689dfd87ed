//! `States.UUID`.

use crate::scope::Evaluation;
use json::Value;

/// A version 4 UUID of two random words. Arguments are not looked at.
// AWS: recorded, extra arguments are ignored.
pub(super) fn uuid(evaluation: &mut Evaluation<'_, '_>) -> Value {
    let high = evaluation.entropy.next_u64() & !0xF000 | 0x4000;
    let low = evaluation.entropy.next_u64() & (u64::MAX >> 2) | 1 << 63;
    Value::from(format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        high >> 16 & 0xFFFF,
        high & 0xFFFF,
        low >> 48,
        low & 0xFFFF_FFFF_FFFF
    ))
}
