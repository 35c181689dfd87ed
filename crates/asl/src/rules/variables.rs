//! Assign: "Cannot assign to reserved variable '$states'.", "Invalid variable name 'x': the variable name contains
//! invalid characters.": its members are named as variables are.

use super::jsonata::Sees;
use super::{templates, value_types};
use crate::checker::Checker;
use crate::definition::ValueTemplate;
use crate::diagnostic::Code;
use crate::location::shown;
use crate::tree::{Field, Object};

/// The longest name of a variable, in characters.
const MAX_LENGTH: usize = 80;

/// Assign of a state, a rule or a catcher: `Some(None)` where there is none.
pub(crate) fn assign(object: &Object<'_>, sees: Sees, cx: &mut Checker) -> Option<Option<ValueTemplate>> {
    let Some(field) = object.field("Assign") else { return Some(None) };
    let variables = value_types::object(&field, cx)?;
    let wrong_names = variables.fields().filter(|(key, member)| {
        let name = if object.is_jsonata() { key } else { key.strip_suffix(".$").unwrap_or(key) };
        !is_assignable(name, member, cx)
    });
    // Every fault is to be said, not only the first.
    let has_wrong_name = wrong_names.count() > 0;
    let template = templates::value(&field, sees, cx)?;
    (!has_wrong_name).then_some(Some(template))
}

// AWS: the location is unconfirmed, chosen as the member, which the message is about.
fn is_assignable(name: &str, member: &Field<'_>, cx: &mut Checker) -> bool {
    if name == "states" {
        cx.error(Code::ReservedVariableName, &member.key(), "Cannot assign to reserved variable '$states'.");
        return false;
    }
    if expr::is_variable_name(name) {
        return true;
    }
    let what = if name.chars().count() > MAX_LENGTH {
        // AWS: unconfirmed words.
        format!("the variable name is longer than {MAX_LENGTH} characters.")
    } else {
        "the variable name contains invalid characters.".to_owned()
    };
    let message = format!("Invalid variable name '{}': {what}", shown(name));
    cx.error(Code::InvalidVariableName, &member.key(), message);
    false
}

#[cfg(test)]
mod tests {
    use crate::test_support::problems_of_state;

    #[test]
    fn names_that_no_variable_has_are_refused() {
        for name in ["a b", "1a", "_a", "a-b", "a.b", "$a", ""] {
            for key in [name.to_owned(), format!("{name}.$")] {
                let state = format!(r#"{{"Type":"Pass","Assign":{{"{key}":"$.a"}},"End":true}}"#);
                let expected = format!(
                    "INVALID_VARIABLE_NAME: Invalid variable name '{name}': the variable name contains invalid characters. at /States/A/Assign/{key}"
                );
                assert_eq!(problems_of_state(&state), [expected]);
            }
        }
    }

    #[test]
    fn names_have_at_most_80_characters() {
        let state = |length| {
            let name = "ä".repeat(length);
            problems_of_state(&format!(r#"{{"Type":"Pass","Assign":{{"{name}":1}},"End":true}}"#))
        };
        assert_eq!(state(80), [""; 0]);
        assert_eq!(state(81).len(), 1);
        assert!(state(81)[0].starts_with("INVALID_VARIABLE_NAME: "), "{:?}", state(81));
    }

    #[test]
    fn states_is_reserved_wherever_variables_are_assigned() {
        let rule = r#"{"Variable":"$.a","IsNull":true,"Next":"End","Assign":{"states":1}}"#;
        let catcher = r#"{"ErrorEquals":["E"],"Next":"End","Assign":{"states.$":"$"}}"#;
        for (state, at) in [
            (r#"{"Type":"Pass","Assign":{"states":1},"Next":"End"}"#.to_owned(), "Assign/states"),
            (format!(r#"{{"Type":"Choice","Choices":[{rule}]}}"#), "Choices[0]/Assign/states"),
            (
                format!(
                    r#"{{"Type":"Task","Resource":"arn:aws:lambda:us-east-1:000000000000:function:f","Catch":[{catcher}],"Next":"End"}}"#
                ),
                "Catch[0]/Assign/states.$",
            ),
        ] {
            let expected = format!(
                "RESERVED_VARIABLE_NAME: Cannot assign to reserved variable '$states'. at /States/A/{at}"
            );
            assert_eq!(problems_of_state(&state), [expected]);
        }
    }

    #[test]
    fn assign_is_an_object_and_its_paths_are_checked() {
        assert_eq!(
            problems_of_state(r#"{"Type":"Pass","Assign":"$.a","End":true}"#),
            ["SCHEMA_VALIDATION_FAILED: Expected value of type [OBJECT] at /States/A/Assign"]
        );
        assert_eq!(
            problems_of_state(r#"{"Type":"Pass","Assign":{"a":{"b.$":"c"}},"End":true}"#),
            [
                "SCHEMA_VALIDATION_FAILED: The value for the field 'b.$' must be a valid JSONPath or a valid intrinsic function call at /States/A/Assign"
            ]
        );
    }

    #[test]
    fn variables_are_read_wherever_a_path_may_stand() {
        for state in [
            r#"{"Type":"Pass","InputPath":"$x","OutputPath":"$x.y[0]","End":true}"#,
            r#"{"Type":"Pass","Parameters":{"a.$":"$x.y","b.$":"States.Format('{}', $x)"},"End":true}"#,
            r#"{"Type":"Wait","SecondsPath":"$x","End":true}"#,
            r#"{"Type":"Fail","ErrorPath":"$x"}"#,
            r#"{"Type":"Choice","Choices":[{"Variable":"$x","StringEqualsPath":"$y","Next":"End"}]}"#,
        ] {
            assert_eq!(problems_of_state(state), [""; 0], "{state}");
        }
        // AWS: documented.
        assert_eq!(problems_of_state(r#"{"Type":"Pass","ResultPath":"$x","End":true}"#).len(), 1);
    }
}
