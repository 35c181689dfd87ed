//! "Minimum value is N", "Maximum value is N": numbers stay in the range of their field. The ranges were measured.

use super::value_types;
use crate::checker::Checker;
use crate::tree::Field;
use json::Number;

/// The least and the greatest value of a field; no greatest where AWS knows none.
#[derive(Clone, Copy)]
pub(crate) struct Bounds(pub(crate) u64, pub(crate) Option<u64>);

const SECONDS: u64 = model::limits::SECONDS;

/// TimeoutSeconds and HeartbeatSeconds of a Task.
pub(crate) const TASK_SECONDS: Bounds = Bounds(1, Some(SECONDS));
/// TimeoutSeconds of the machine, Seconds of a Wait, IntervalSeconds and MaxAttempts of a retrier.
pub(crate) const FROM_ZERO: Bounds = Bounds(0, Some(SECONDS));
/// MaxConcurrency and ToleratedFailureCount.
pub(crate) const COUNT: Bounds = Bounds(0, None);
/// MaxDelaySeconds of a retrier.
pub(crate) const MAX_DELAY: Bounds = Bounds(1, Some(31_622_400));
/// MaxItems of a reader.
// AWS: unconfirmed bounds, documented limit.
pub(crate) const MAX_ITEMS: Bounds = Bounds(0, Some(100_000_000));
/// MaxItemsPerBatch.
// AWS: unconfirmed bounds.
pub(crate) const MAX_ITEMS_PER_BATCH: Bounds = Bounds(1, None);
/// MaxInputBytesPerBatch.
// AWS: unconfirmed bounds, documented limit.
pub(crate) const MAX_BYTES_PER_BATCH: Bounds = Bounds(1, Some(262_144));

/// The whole number in its range.
pub(crate) fn integer(field: &Field<'_>, bounds: Bounds, cx: &mut Checker) -> Option<u64> {
    let number = value_types::integer(field, cx)?;
    is_within(field, number, bounds, cx).then(|| to_u64(number))
}

/// The number in its range, which may have a fraction.
pub(crate) fn number(field: &Field<'_>, bounds: Bounds, cx: &mut Checker) -> Option<f64> {
    let number = value_types::number(field, cx)?;
    is_within(field, number, bounds, cx).then(|| number.to_f64())
}

fn is_within(field: &Field<'_>, number: &Number, bounds: Bounds, cx: &mut Checker) -> bool {
    let Bounds(least, greatest) = bounds;
    if number.compare(&Number::from(least)).is_lt() {
        cx.schema(field, format!("Minimum value is {least}"));
        return false;
    }
    match greatest {
        Some(greatest) if number.compare(&Number::from(greatest)).is_gt() => {
            cx.schema(field, format!("Maximum value is {greatest}"));
            false
        }
        Some(_) | None => true,
    }
}

/// A whole number that is not negative; what is beyond 64 bits is as good as no limit.
fn to_u64(number: &Number) -> u64 {
    match number {
        Number::I64(n) => u64::try_from(*n).unwrap_or(0),
        Number::U64(n) => *n,
        Number::F64(_) | Number::Big(_) => u64::MAX,
    }
}

#[cfg(test)]
mod tests {
    use crate::test_support::{problems, problems_of_state, task_with};

    #[test]
    fn numbers_outside_their_range_are_refused() {
        for (state, expected) in [
            (
                r#"{"Type":"Wait","Seconds":-1,"End":true}"#.to_owned(),
                "Minimum value is 0 at /States/A/Seconds",
            ),
            (
                r#"{"Type":"Wait","Seconds":100000000,"End":true}"#.to_owned(),
                "Maximum value is 99999999 at /States/A/Seconds",
            ),
            (task_with(r#""TimeoutSeconds":0"#), "Minimum value is 1 at /States/A/TimeoutSeconds"),
            (
                task_with(r#""HeartbeatSeconds":-99999999999999999999"#),
                "Minimum value is 1 at /States/A/HeartbeatSeconds",
            ),
            (
                task_with(r#""Retry":[{"ErrorEquals":["E"],"BackoffRate":0.5}]"#),
                "Minimum value is 1 at /States/A/Retry[0]/BackoffRate",
            ),
            (
                task_with(r#""Retry":[{"ErrorEquals":["E"],"MaxDelaySeconds":31622401}]"#),
                "Maximum value is 31622400 at /States/A/Retry[0]/MaxDelaySeconds",
            ),
        ] {
            assert_eq!(
                problems_of_state(&state),
                [format!("SCHEMA_VALIDATION_FAILED: {expected}")],
                "{state}"
            );
        }
    }

    #[test]
    fn the_ends_of_the_ranges_are_accepted() {
        assert_eq!(problems_of_state(r#"{"Type":"Wait","Seconds":0,"End":true}"#), [""; 0]);
        assert_eq!(
            problems(
                r#"{"TimeoutSeconds":0,"StartAt":"A","States":{"A":{"Type":"Wait","Seconds":99999999,"End":true}}}"#
            ),
            [""; 0]
        );
        let retry = r#""Retry":[{"ErrorEquals":["E"],"IntervalSeconds":0,"MaxAttempts":0,"BackoffRate":1,"MaxDelaySeconds":31622400}]"#;
        assert_eq!(problems_of_state(&task_with(retry)), [""; 0]);
    }
}
