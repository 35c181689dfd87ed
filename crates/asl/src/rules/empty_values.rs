//! "Value cannot be empty": `States`, `Branches`, `Choices`, `And`, `Or` and `ErrorEquals` hold at least one entry.

use crate::checker::Checker;
use crate::tree::Field;
use json::spanned::Node;

/// Whether the array or object holds something; says so where it does not.
pub(crate) fn check(field: &Field<'_>, cx: &mut Checker) -> bool {
    let is_empty = match &field.value.node {
        Node::Array(items) => items.is_empty(),
        Node::Object(members) => members.is_empty(),
        Node::Null | Node::Bool(_) | Node::Number(_) | Node::String(_) => false,
    };
    if is_empty {
        cx.schema(field, "Value cannot be empty");
    }
    !is_empty
}

#[cfg(test)]
mod tests {
    use crate::test_support::{problems, problems_of_state};

    #[test]
    fn empty_states_leave_the_start_dangling() {
        // AWS: recorded.
        assert_eq!(
            problems(r#"{"StartAt":"First","States":{}}"#),
            [
                "SCHEMA_VALIDATION_FAILED: Value cannot be empty at /States",
                "MISSING_TRANSITION_TARGET: Missing 'Next' target: First at /StartAt",
                "MISSING_END_STATE: Workflow has no terminal state at null"
            ]
        );
    }

    #[test]
    fn empty_lists_are_refused_at_their_field() {
        for (state, field) in [
            (r#"{"Type":"Parallel","Branches":[],"End":true}"#, "Branches"),
            (r#"{"Type":"Choice","Choices":[],"End":true}"#, "Choices"),
            (r#"{"Type":"Choice","Choices":[{"And":[],"Next":"A"}]}"#, "Choices[0]/And"),
            (r#"{"Type":"Choice","Choices":[{"Or":[],"Next":"A"}]}"#, "Choices[0]/Or"),
            (
                r#"{"Type":"Parallel","Branches":[],"Retry":[{"ErrorEquals":[]}],"End":true}"#,
                "Retry[0]/ErrorEquals",
            ),
        ] {
            let expected = format!("SCHEMA_VALIDATION_FAILED: Value cannot be empty at /States/A/{field}");
            assert!(problems_of_state(state).contains(&expected), "{state}");
        }
    }
}
