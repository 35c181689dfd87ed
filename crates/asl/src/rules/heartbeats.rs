//! HeartbeatSeconds of a Task is less than its TimeoutSeconds, where both are written as numbers.
// AWS: documented; the words are unconfirmed.

use crate::checker::Checker;
use crate::definition::IntegerField;
use crate::tree::Object;

/// Checks the two limits of a Task.
pub(crate) fn check(
    task: &Object<'_>,
    timeout: Option<&Option<IntegerField>>,
    heartbeat: Option<&Option<IntegerField>>,
    cx: &mut Checker,
) {
    if let (Some(Some(IntegerField::Literal(timeout))), Some(Some(IntegerField::Literal(heartbeat)))) =
        (timeout, heartbeat)
        && heartbeat >= timeout
        && let Some(field) = task.field("HeartbeatSeconds")
    {
        cx.schema(&field, "The value of 'HeartbeatSeconds' must be less than the value of 'TimeoutSeconds'");
    }
}

#[cfg(test)]
mod tests {
    use crate::test_support::{problems_of_state, task_with};

    #[test]
    fn heartbeats_come_sooner_than_the_time_is_over() {
        for fields in
            [r#""TimeoutSeconds":5,"HeartbeatSeconds":5"#, r#""TimeoutSeconds":5,"HeartbeatSeconds":6"#]
        {
            let expected = "SCHEMA_VALIDATION_FAILED: The value of 'HeartbeatSeconds' must be less than the value of 'TimeoutSeconds' at /States/A/HeartbeatSeconds";
            assert_eq!(problems_of_state(&task_with(fields)), [expected]);
        }
        for fields in [
            r#""TimeoutSeconds":5,"HeartbeatSeconds":4"#,
            r#""HeartbeatSeconds":99999999"#,
            r#""TimeoutSecondsPath":"$.t","HeartbeatSeconds":6"#,
        ] {
            assert_eq!(problems_of_state(&task_with(fields)), [""; 0], "{fields}");
        }
    }
}
