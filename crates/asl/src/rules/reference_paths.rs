//! "Value is not a Reference Path: ...": ResultPath, ItemsPath, Variable and the fields ending in `Path` name one node:
//! `$` and then names and indexes only. All but ResultPath may also start at the context object (`$$`) or a variable.

use super::value_types;
use crate::checker::Checker;
use crate::definition::ResultPath;
use crate::tree::{Field, Object};
use expr::{QueryPath, Root};

/// A reference path on the input, or into the context object or a variable.
pub(crate) fn query(field: &Field<'_>, cx: &mut Checker) -> Option<QueryPath> {
    let text = value_types::string(field, cx)?;
    match QueryPath::parse_reference(text) {
        Ok(path) => Some(path),
        Err(error) => {
            refuse(field, &error.message, cx);
            None
        }
    }
}

/// ResultPath of a JSONPath state or catcher.
pub(crate) fn result_path(object: &Object<'_>, cx: &mut Checker) -> Option<ResultPath> {
    let field = match object.field("ResultPath") {
        Some(field) if !object.is_jsonata() => field,
        // In JSONata the field itself is refused.
        Some(_) | None => return Some(ResultPath::Replace),
    };
    if field.is_null() {
        return Some(ResultPath::Discard);
    }
    let text = value_types::string(&field, cx)?;
    if &**text == "$" {
        return Some(ResultPath::Replace);
    }
    match QueryPath::parse_reference(text) {
        Ok(path) if *path.root() == Root::Input => Some(ResultPath::At(path.path().clone())),
        Ok(_) => {
            // AWS: documented as refused, the words are unconfirmed.
            refuse(&field, "ResultPath must start at '$'", cx);
            None
        }
        Err(error) => {
            refuse(&field, &error.message, cx);
            None
        }
    }
}

/// Says why the value is no reference path.
pub(crate) fn refuse(field: &Field<'_>, why: &str, cx: &mut Checker) {
    cx.schema(field, format!("Value is not a Reference Path: {why}"));
}

#[cfg(test)]
mod tests {
    use crate::test_support::problems_of_state;

    fn problem(why: &str, at: &str) -> String {
        format!("SCHEMA_VALIDATION_FAILED: Value is not a Reference Path: {why} at /States/A/{at}")
    }

    #[test]
    fn paths_that_start_elsewhere_are_refused() {
        let why = "Reference path didn't start with '$'";
        assert_eq!(
            problems_of_state(r#"{"Type":"Pass","ResultPath":"a.b","End":true}"#),
            [problem(why, "ResultPath")]
        );
        assert_eq!(
            problems_of_state(r#"{"Type":"Wait","SecondsPath":"States.ArrayLength($.a)","End":true}"#),
            [problem(why, "SecondsPath")]
        );
    }

    #[test]
    fn paths_to_many_places_are_refused() {
        let bracket = "'[' must be followed by ' or '['";
        let other = "Reference path must identify a single node";
        for (path, why) in [("$.a[*]", bracket), ("$.a[?(@.b)]", bracket), ("$..a", other), ("$.a.*", other)]
        {
            assert_eq!(
                problems_of_state(&format!(r#"{{"Type":"Pass","ResultPath":"{path}","End":true}}"#)),
                [problem(why, "ResultPath")]
            );
        }
    }

    #[test]
    fn only_result_path_cannot_start_at_the_context() {
        assert_eq!(
            problems_of_state(r#"{"Type":"Wait","SecondsPath":"$$.Execution.Input.s","End":true}"#),
            [""; 0]
        );
        assert_eq!(problems_of_state(r#"{"Type":"Pass","ResultPath":"$$.a","End":true}"#).len(), 1);
        for path in ["\"$\"", "null", "\"$.a['b c'][0]\""] {
            assert_eq!(
                problems_of_state(&format!(r#"{{"Type":"Pass","ResultPath":{path},"End":true}}"#)),
                [""; 0]
            );
        }
    }
}
