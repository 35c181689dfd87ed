//! "Value must be a valid JSONPath.": InputPath and OutputPath are a path, or `null`.

use super::value_types;
use crate::checker::Checker;
use crate::definition::PathField;
use crate::tree::Object;
use expr::QueryPath;

/// InputPath or OutputPath of a JSONPath state.
pub(crate) fn path_field(state: &Object<'_>, name: &str, cx: &mut Checker) -> Option<PathField> {
    let field = match state.field(name) {
        Some(field) if !state.is_jsonata() => field,
        // In JSONata the field itself is refused.
        Some(_) | None => return Some(PathField::Whole),
    };
    if field.is_null() {
        return Some(PathField::Nothing);
    }
    let text = value_types::string(&field, cx)?;
    if &**text == "$" {
        return Some(PathField::Whole);
    }
    let Ok(path) = QueryPath::parse(text) else {
        cx.schema(&field, "Value must be a valid JSONPath.");
        return None;
    };
    Some(PathField::Path(path))
}

#[cfg(test)]
mod tests {
    use crate::test_support::problems_of_state;

    #[test]
    fn texts_that_are_no_path_are_refused() {
        for field in ["InputPath", "OutputPath"] {
            for text in ["a", "", "$.", "$.a[", "States.UUID()"] {
                assert_eq!(
                    problems_of_state(&format!(r#"{{"Type":"Pass","{field}":"{text}","End":true}}"#)),
                    [format!(
                        "SCHEMA_VALIDATION_FAILED: Value must be a valid JSONPath. at /States/A/{field}"
                    )],
                    "{text}"
                );
            }
        }
    }

    #[test]
    fn every_kind_of_path_and_null_are_accepted() {
        for value in [
            "null",
            "\"$\"",
            "\"$$\"",
            "\"$.a[*].b\"",
            "\"$..a\"",
            "\"$$.Execution.Input\"",
            "\"$.a[?(@.b > 1)]\"",
        ] {
            assert_eq!(
                problems_of_state(&format!(r#"{{"Type":"Pass","InputPath":{value},"End":true}}"#)),
                [""; 0]
            );
        }
    }
}
