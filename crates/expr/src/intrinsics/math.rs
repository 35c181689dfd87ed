//! `States.MathRandom`, `States.MathAdd`.

use super::Failure;
use super::function::truncated_int;
use crate::java::{self, Random};
use crate::scope::Evaluation;
use json::{Number, Value};

/// A whole number from `start` up to `end`, exclusive; with a seed always the same one.
pub(super) fn random(arguments: &[Value], evaluation: &mut Evaluation<'_, '_>) -> Result<Value, Failure> {
    let (start, end, seed) = match arguments {
        [start, end] => (start, end, None),
        [start, end, seed] => (start, end, Some(seed)),
        _ => return Err(Failure::Arguments),
    };
    let (start, end) = (truncated_int(start)?, truncated_int(end)?);
    if start >= end {
        return Err(Failure::Arguments);
    }
    let Some(seed) = seed else {
        let range = u64::from(end.abs_diff(start));
        let offset = i64::try_from(evaluation.entropy.next_u64() % range).unwrap_or(0);
        return Ok(Value::from(i64::from(start) + offset));
    };
    let seed = super::function::truncated(seed)?;
    // Java's `nextInt` takes no range beyond an `int`.
    let range = end.checked_sub(start).ok_or(Failure::Arguments)?;
    let offset = Random::new(seed).next_int(range);
    Ok(Value::from(i64::from(start) + i64::from(offset)))
}

/// Both are rounded half up; both and their sum must fit an `int`.
pub(super) fn add(arguments: &[Value]) -> Result<Value, Failure> {
    let [a, b] = arguments else { return Err(Failure::Arguments) };
    let sum = rounded_int(a)?.checked_add(rounded_int(b)?).ok_or(Failure::Arguments)?;
    Ok(Value::from(i64::from(sum)))
}

fn rounded_int(value: &Value) -> Result<i32, Failure> {
    let rounded = match value.as_number().ok_or(Failure::Arguments)? {
        Number::I64(n) => *n,
        Number::U64(_) | Number::Big(_) => return Err(Failure::Arguments),
        Number::F64(n) => java::round(*n),
    };
    i32::try_from(rounded).map_err(|_| Failure::Arguments)
}
