//! Fail.

use crate::checker::Checker;
use crate::definition::{Fail, FailText};
use crate::rules::{exclusive_fields, jsonata, literal_hints, reference_paths, value_types};
use crate::tree::{Field, Object};
use expr::ErrorPathSource;

/// The fields of a Fail.
pub(super) fn fail(state: &Object<'_>, cx: &mut Checker) -> Option<Fail> {
    exclusive_fields::at_most_one(state, exclusive_fields::ERROR, cx);
    exclusive_fields::at_most_one(state, exclusive_fields::CAUSE, cx);
    let error = text(state, "Error", "ErrorPath", cx);
    let cause = text(state, "Cause", "CausePath", cx);
    Some(Fail { error: error?, cause: cause? })
}

/// A text, or the source of one in the field's twin: `Some(None)` where there is neither.
fn text(state: &Object<'_>, name: &str, path_name: &str, cx: &mut Checker) -> Option<Option<FailText>> {
    let literal = state.field(name).map(|field| {
        literal_hints::check_literal(&field, path_name, cx);
        match jsonata::text_expression(&field, cx) {
            Some(query) => query.map(FailText::Query),
            None => value_types::string(&field, cx).map(|text| FailText::Literal(text.clone())),
        }
    });
    let source = state.field(path_name).filter(|_| !state.is_jsonata());
    let source = source.map(|field| source_of(&field, cx).map(FailText::Path));
    match literal.or(source) {
        None => Some(None),
        Some(text) => text.map(Some),
    }
}

fn source_of(field: &Field<'_>, cx: &mut Checker) -> Option<ErrorPathSource> {
    let text = value_types::string(field, cx)?;
    match ErrorPathSource::parse(text) {
        Ok(source) => Some(source),
        Err(error) => {
            // AWS: unconfirmed for a faulty intrinsic function.
            let why = match text.starts_with('$') {
                true => error.message.as_str(),
                false => "Reference path didn't start with '$'",
            };
            reference_paths::refuse(field, why, cx);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::test_support::problems_of_state;

    #[test]
    fn sources_are_reference_paths_or_intrinsics() {
        for source in ["$.e", "$$.Execution.Name", "States.Format('{}', $.e)"] {
            let state = format!(r#"{{"Type":"Fail","ErrorPath":"{source}","CausePath":"{source}"}}"#);
            assert_eq!(problems_of_state(&state), [""; 0], "{source}");
        }
        for source in ["e", "States.Nope()", ""] {
            assert_eq!(
                problems_of_state(&format!(r#"{{"Type":"Fail","CausePath":"{source}"}}"#)),
                [
                    "SCHEMA_VALIDATION_FAILED: Value is not a Reference Path: Reference path didn't start with '$' at /States/A/CausePath"
                ]
            );
        }
    }
}
