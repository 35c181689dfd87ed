//! "States.ALL must appear alone and at end of list": ErrorEquals of a retrier or catcher is a list of strings, not
//! empty; `States.ALL` has no other name beside it and stands in the last retrier or catcher.

use super::{empty_values, value_types};
use crate::checker::Checker;
use crate::tree::Object;
use std::sync::Arc;

/// The names in the clause's ErrorEquals.
pub(crate) fn names(clause: &Object<'_>, is_last: bool, cx: &mut Checker) -> Option<Vec<Arc<str>>> {
    let field = clause.field("ErrorEquals")?;
    let items = value_types::array(&field, cx)?;
    if !empty_values::check(&field, cx) {
        return None;
    }
    let count = items.len();
    let names: Vec<Arc<str>> = items.filter_map(|item| value_types::string(&item, cx).cloned()).collect();
    let matches_all = names.iter().any(|name| &**name == "States.ALL");
    if matches_all && (count > 1 || !is_last) {
        cx.schema(&field, "States.ALL must appear alone and at end of list");
        return None;
    }
    (names.len() == count).then_some(names)
}

#[cfg(test)]
mod tests {
    use crate::test_support::{problems_of_state, task_with};

    #[test]
    fn states_all_stands_alone_and_last() {
        let message =
            "SCHEMA_VALIDATION_FAILED: States.ALL must appear alone and at end of list at /States/A/";
        for (fields, at) in [
            (r#""Retry":[{"ErrorEquals":["States.ALL","E"]}]"#, "Retry[0]/ErrorEquals"),
            (r#""Retry":[{"ErrorEquals":["States.ALL"]},{"ErrorEquals":["E"]}]"#, "Retry[0]/ErrorEquals"),
            (
                r#""Catch":[{"ErrorEquals":["E"],"Next":"A"},{"ErrorEquals":["E","States.ALL"],"Next":"A"}]"#,
                "Catch[1]/ErrorEquals",
            ),
        ] {
            assert_eq!(problems_of_state(&task_with(fields)), [format!("{message}{at}")]);
        }
        let fine = r#""Retry":[{"ErrorEquals":["E","F"]},{"ErrorEquals":["States.ALL"]}]"#;
        assert_eq!(problems_of_state(&task_with(fine)), [""; 0]);
    }

    #[test]
    fn names_are_strings() {
        assert_eq!(
            problems_of_state(&task_with(r#""Retry":[{"ErrorEquals":["E",1]}]"#)),
            [
                "SCHEMA_VALIDATION_FAILED: Expected value of type [STRING] at /States/A/Retry[0]/ErrorEquals[1]"
            ]
        );
    }

    #[test]
    fn clauses_need_their_fields() {
        assert_eq!(
            problems_of_state(&task_with(r#""Retry":[{}]"#)),
            ["SCHEMA_VALIDATION_FAILED: These fields are required: [ErrorEquals] at /States/A/Retry[0]"]
        );
        assert_eq!(
            problems_of_state(&task_with(r#""Catch":[{"ErrorEquals":["E"]}]"#)),
            ["SCHEMA_VALIDATION_FAILED: These fields are required: [Next] at /States/A/Catch[0]"]
        );
        assert_eq!(
            problems_of_state(&task_with(r#""Retry":[{"ErrorEquals":["E"],"Next":"A"}]"#)),
            ["SCHEMA_VALIDATION_FAILED: Field 'Next' is not supported at /States/A/Retry[0]/Next"]
        );
    }
}
