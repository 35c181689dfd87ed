//! MaxDelaySeconds of a retrier is more than its IntervalSeconds, where both are written.
// AWS: documented; the words are unconfirmed.

use crate::checker::Checker;
use crate::tree::Object;

/// Checks the delays of a retrier.
pub(crate) fn check(
    retrier: &Object<'_>,
    interval_seconds: Option<u64>,
    max_delay_seconds: Option<u64>,
    cx: &mut Checker,
) {
    if let (Some(interval), Some(max)) = (interval_seconds, max_delay_seconds)
        && max <= interval
        && let Some(field) = retrier.field("MaxDelaySeconds")
    {
        cx.schema(
            &field,
            "The value of 'MaxDelaySeconds' must be greater than the value of 'IntervalSeconds'",
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::test_support::{problems_of_state, task_with};

    #[test]
    fn the_longest_delay_is_longer_than_the_first() {
        let retry = |fields: &str| {
            problems_of_state(&task_with(&format!(r#""Retry":[{{"ErrorEquals":["E"],{fields}}}]"#)))
        };
        for fields in
            [r#""IntervalSeconds":5,"MaxDelaySeconds":5"#, r#""MaxDelaySeconds":1,"IntervalSeconds":2"#]
        {
            let expected = "SCHEMA_VALIDATION_FAILED: The value of 'MaxDelaySeconds' must be greater than the value of 'IntervalSeconds' at /States/A/Retry[0]/MaxDelaySeconds";
            assert_eq!(retry(fields), [expected], "{fields}");
        }
        // Measured: 1 is accepted where IntervalSeconds has its default, which is 1 too.
        for fields in [
            r#""IntervalSeconds":5,"MaxDelaySeconds":6"#,
            r#""MaxDelaySeconds":1"#,
            r#""IntervalSeconds":0,"MaxDelaySeconds":1"#,
        ] {
            assert_eq!(retry(fields), [""; 0], "{fields}");
        }
    }
}
