//! "This object should have only one of the following fields: [...]" where none of the alternatives is there, "There
//! should only be one of the following fields: [...]" where several are. Both stand at the object, and name the
//! alternatives in a fixed order.

use crate::checker::Checker;
use crate::tree::Object;

/// How a state goes on.
pub(crate) const TRANSITION: &[&str] = &["Next", "End"];
/// How a Wait knows its end.
pub(crate) const WAIT: &[&str] = &["SecondsPath", "Seconds", "TimestampPath", "Timestamp"];
/// What a Map runs for each item.
pub(crate) const PROCESSOR: &[&str] = &["ItemProcessor", "Iterator"];
/// What a Map hands to each iteration; `Parameters` is the legacy name.
// AWS: recorded as refused, the words are unconfirmed; chosen because every other pair reads so.
pub(crate) const ITEM_SELECTOR: &[&str] = &["ItemSelector", "Parameters"];
/// A Task's time limit.
pub(crate) const TIMEOUT: &[&str; 2] = &["TimeoutSeconds", "TimeoutSecondsPath"];
/// A Task's heartbeat.
pub(crate) const HEARTBEAT: &[&str; 2] = &["HeartbeatSeconds", "HeartbeatSecondsPath"];
/// A Map's own limit of concurrency.
pub(crate) const MAX_CONCURRENCY: &[&str; 2] = &["MaxConcurrency", "MaxConcurrencyPath"];
/// A Map's tolerance, in per cent.
pub(crate) const TOLERATED_PERCENTAGE: &[&str; 2] =
    &["ToleratedFailurePercentage", "ToleratedFailurePercentagePath"];
/// A Map's tolerance, in items.
pub(crate) const TOLERATED_COUNT: &[&str; 2] = &["ToleratedFailureCount", "ToleratedFailureCountPath"];
/// A Fail's error.
pub(crate) const ERROR: &[&str] = &["Error", "ErrorPath"];
/// A Fail's cause.
pub(crate) const CAUSE: &[&str] = &["Cause", "CausePath"];
/// How many items a reader takes.
pub(crate) const MAX_ITEMS: &[&str; 2] = &["MaxItems", "MaxItemsPath"];
/// How many items a batch holds.
pub(crate) const MAX_ITEMS_PER_BATCH: &[&str; 2] = &["MaxItemsPerBatch", "MaxItemsPerBatchPath"];
/// How many bytes a batch holds.
pub(crate) const MAX_BYTES_PER_BATCH: &[&str; 2] = &["MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath"];

/// One of the alternatives must be there, and only one.
pub(crate) fn exactly_one(object: &Object<'_>, alternatives: &[&str], cx: &mut Checker) {
    if !alternatives.iter().any(|name| object.has(name)) {
        let list = alternatives.join(", ");
        cx.schema(object, format!("This object should have only one of the following fields: [{list}]"));
    }
    at_most_one(object, alternatives, cx);
}

/// At most one of the alternatives may be there.
pub(crate) fn at_most_one(object: &Object<'_>, alternatives: &[&str], cx: &mut Checker) {
    if alternatives.iter().filter(|name| object.has(name)).count() > 1 {
        let list = alternatives.join(", ");
        cx.schema(object, format!("There should only be one of the following fields: [{list}]"));
    }
}

#[cfg(test)]
mod tests {
    use crate::test_support::problems_of_state;

    #[test]
    fn a_state_that_neither_goes_on_nor_ends_is_refused() {
        // AWS: recorded.
        assert_eq!(
            problems_of_state(r#"{"Type":"Pass"}"#),
            [
                "SCHEMA_VALIDATION_FAILED: This object should have only one of the following fields: [Next, End] at /States/A",
                "MISSING_END_STATE: Workflow has no terminal state at null"
            ]
        );
    }

    #[test]
    fn two_alternatives_are_refused() {
        for (state, list) in [
            (r#"{"Type":"Pass","Next":"A","End":true}"#, "Next, End"),
            (
                r#"{"Type":"Wait","Seconds":1,"SecondsPath":"$.a","End":true}"#,
                "SecondsPath, Seconds, TimestampPath, Timestamp",
            ),
            (r#"{"Type":"Fail","Error":"a","ErrorPath":"$.a"}"#, "Error, ErrorPath"),
            (r#"{"Type":"Fail","Cause":"a","CausePath":"$.a"}"#, "Cause, CausePath"),
        ] {
            let expected = format!(
                "SCHEMA_VALIDATION_FAILED: There should only be one of the following fields: [{list}] at /States/A"
            );
            assert_eq!(problems_of_state(state), [expected], "{state}");
        }
    }

    #[test]
    fn a_wait_without_time_and_a_map_without_processor_are_refused() {
        for (state, list) in [
            (r#"{"Type":"Wait","End":true}"#, "SecondsPath, Seconds, TimestampPath, Timestamp"),
            (r#"{"Type":"Map","End":true}"#, "ItemProcessor, Iterator"),
        ] {
            let expected = format!(
                "SCHEMA_VALIDATION_FAILED: This object should have only one of the following fields: [{list}] at /States/A"
            );
            assert_eq!(problems_of_state(state), [expected], "{state}");
        }
    }
}
