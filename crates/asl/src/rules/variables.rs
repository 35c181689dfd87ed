//! Variables, which this version does not know: `Assign`, and paths that start with a variable's name, are refused in
//! our own words, once nothing else is wrong with the definition.

use super::templates;
use crate::checker::Checker;
use crate::tree::{Field, Object};
use expr::{QueryPath, Root};

/// Refuses `Assign` of a state, a rule or a catcher, once its template is right; gives whether there is one.
pub(crate) fn refuse_assign(object: &Object<'_>, cx: &mut Checker) -> bool {
    let Some(assign) = object.field("Assign") else { return false };
    let _ = templates::compile(&assign, cx);
    cx.not_yet(&assign.key(), "Variables (Assign) are");
    true
}

/// Refuses a field that reads a variable; gives whether it did.
pub(crate) fn refuse_reading<'p>(
    field: &Field<'_>,
    paths: impl IntoIterator<Item = &'p QueryPath>,
    cx: &mut Checker,
) -> bool {
    let reads = paths.into_iter().any(|path| matches!(path.root(), Root::Variable(_)));
    if reads {
        cx.not_yet(field, "Variables ($name in a path) are");
    }
    reads
}

#[cfg(test)]
mod tests {
    use crate::test_support::{problems_of_state, task_with};

    #[test]
    fn variables_are_refused_in_our_own_words() {
        let assign = "Variables (Assign) are";
        let reading = "Variables ($name in a path) are";
        for (state, what, at) in [
            (r#"{"Type":"Pass","Assign":{"x":1},"End":true}"#, assign, "Assign"),
            (r#"{"Type":"Pass","InputPath":"$x","End":true}"#, reading, "InputPath"),
            (r#"{"Type":"Pass","Parameters":{"a.$":"$x.y"},"End":true}"#, reading, "Parameters"),
            (
                r#"{"Type":"Pass","Parameters":{"a.$":"States.Format('{}', $x)"},"End":true}"#,
                reading,
                "Parameters",
            ),
            (r#"{"Type":"Wait","SecondsPath":"$x","End":true}"#, reading, "SecondsPath"),
            (r#"{"Type":"Fail","ErrorPath":"$x"}"#, reading, "ErrorPath"),
        ] {
            assert_eq!(
                problems_of_state(state),
                [format!(
                    "SCHEMA_VALIDATION_FAILED: {what} not supported by this version of Stepwright at /States/A/{at}"
                )]
            );
        }
    }

    #[test]
    fn text_that_only_looks_like_a_variable_is_accepted() {
        for template in [r#"{"a":"$x"}"#, r#"{"a.$":"States.Format('$x {}', $.y)"}"#, r#"{"a.$":"$['x']"}"#] {
            let state = format!(r#"{{"Type":"Pass","Parameters":{template},"End":true}}"#);
            assert_eq!(problems_of_state(&state), [""; 0], "{template}");
        }
    }

    #[test]
    fn problems_that_aws_knows_come_first() {
        let state = task_with(r#""Assign":{"x":1},"TimeoutSeconds":0"#);
        assert_eq!(
            problems_of_state(&state),
            ["SCHEMA_VALIDATION_FAILED: Minimum value is 1 at /States/A/TimeoutSeconds"]
        );
    }
}
