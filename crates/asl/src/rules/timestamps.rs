//! "String does not match RFC3339 timestamp": a literal time has an upper-case `T`, and `Z` or an offset.

use super::value_types;
use crate::checker::Checker;
use crate::tree::Field;
use model::time::Instant;

/// The moment that the field names.
pub(crate) fn instant(field: &Field<'_>, cx: &mut Checker) -> Option<Instant> {
    let text = value_types::string(field, cx)?;
    let found = Instant::parse_rfc3339(text);
    if found.is_none() {
        cx.schema(field, "String does not match RFC3339 timestamp");
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::test_support::problems_of_state;

    #[test]
    fn times_that_aws_refuses_are_refused() {
        // AWS: recorded test_wait_timestamp_invalid.
        for time in [
            "05-12-2016T21:29:29Z",
            "2016-12-05 21:29:29Z",
            "2016-12-05T21:29:29",
            "2016-12-05T25:29:29Z",
            "2016-13-05T21:29:29Z",
            "2016-12-05",
        ] {
            assert_eq!(
                problems_of_state(&format!(r#"{{"Type":"Wait","Timestamp":"{time}","End":true}}"#)),
                ["SCHEMA_VALIDATION_FAILED: String does not match RFC3339 timestamp at /States/A/Timestamp"]
            );
        }
        assert_eq!(
            problems_of_state(r#"{"Type":"Wait","Timestamp":"2016-12-05T21:29:29+01:00","End":true}"#),
            [""; 0]
        );
    }
}
