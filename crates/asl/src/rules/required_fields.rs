//! "These fields are required: [...]" at the object that lacks them; single ones of some objects read "The field 'X' is
//! required".

use crate::checker::Checker;
use crate::tree::Object;

/// Every one of `names` must be there. What is missing is named in one message, in the order given.
pub(crate) fn check(object: &Object<'_>, names: &[&str], cx: &mut Checker) {
    let missing: Vec<&str> = names.iter().copied().filter(|name| !object.has(name)).collect();
    if !missing.is_empty() {
        cx.schema(object, format!("These fields are required: [{}]", missing.join(", ")));
    }
}

/// The one field `name` must be there.
pub(crate) fn check_one(object: &Object<'_>, name: &str, cx: &mut Checker) {
    if !object.has(name) {
        cx.schema(object, format!("The field '{name}' is required"));
    }
}

#[cfg(test)]
mod tests {
    use crate::test_support::{problems, problems_of_state};

    #[test]
    fn missing_members_of_the_machine_are_named_in_one_message_and_in_awss_order() {
        assert_eq!(
            problems("{}"),
            ["SCHEMA_VALIDATION_FAILED: These fields are required: [States, StartAt] at /"]
        );
        // AWS: recorded test_create_delete_invalid_sm and INVALID_BASE_NO_STARTAT.
        assert_eq!(
            problems(r#"{"StartAt":"A"}"#),
            ["SCHEMA_VALIDATION_FAILED: These fields are required: [States] at /"]
        );
        assert_eq!(
            problems(r#"{"States":{"A":{"Type":"Pass","End":true}}}"#),
            ["SCHEMA_VALIDATION_FAILED: These fields are required: [StartAt] at /"]
        );
    }

    #[test]
    fn branches_need_what_machines_need() {
        assert_eq!(
            problems_of_state(r#"{"Type":"Parallel","Branches":[{}],"End":true}"#),
            [
                "SCHEMA_VALIDATION_FAILED: These fields are required: [States, StartAt] at /States/A/Branches[0]"
            ]
        );
    }

    #[test]
    fn a_state_without_type_is_no_end_of_the_workflow() {
        assert_eq!(
            problems_of_state(r#"{"End":true}"#),
            [
                "SCHEMA_VALIDATION_FAILED: The field 'Type' is required at /States/A",
                "MISSING_END_STATE: Workflow has no terminal state at null"
            ]
        );
    }

    #[test]
    fn every_type_has_its_own_required_fields() {
        for (state, field) in [
            (r#"{"Type":"Task","End":true}"#, "Resource"),
            (r#"{"Type":"Parallel","End":true}"#, "Branches"),
            (r#"{"Type":"Choice","End":true}"#, "Choices"),
        ] {
            let expected =
                format!("SCHEMA_VALIDATION_FAILED: These fields are required: [{field}] at /States/A");
            assert!(problems_of_state(state).contains(&expected), "{state}");
        }
    }
}
