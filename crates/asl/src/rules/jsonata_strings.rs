//! "JSONata string must start with {% and end with %}": in a JSONata state, a string has both marks or none, and one
//! that stands for another type has both.

use crate::checker::Checker;
use crate::tree::{Field, QueryLanguage};
use json::spanned::{Node, Spanned};

const MESSAGE: &str = "JSONata string must start with {% and end with %}";

/// Whether a field of a JSONata state is an expression; a string without the marks is refused, since the field holds no
/// strings. Always false in JSONPath, where `{% %}` is plain text.
pub(crate) fn is_expression(field: &Field<'_>, cx: &mut Checker) -> bool {
    match (field.dialect.language, field.as_str()) {
        (QueryLanguage::Jsonata, Some(text)) => {
            if marks(text) != (true, true) {
                cx.schema(field, MESSAGE);
            }
            true
        }
        (QueryLanguage::Jsonata, None) | (QueryLanguage::JsonPath, _) => false,
    }
}

/// No string inside the value has one mark alone.
pub(crate) fn check(field: &Field<'_>, cx: &mut Checker) {
    if field.dialect.language == QueryLanguage::Jsonata && has_half_open(field.value) {
        cx.schema(field, MESSAGE);
    }
}

fn has_half_open(value: &Spanned) -> bool {
    match &value.node {
        Node::String(text) => matches!(marks(text), (true, false) | (false, true)),
        Node::Array(items) => items.iter().any(has_half_open),
        Node::Object(members) => members.iter().any(|member| has_half_open(&member.value)),
        Node::Null | Node::Bool(_) | Node::Number(_) => false,
    }
}

fn marks(text: &str) -> (bool, bool) {
    (text.starts_with("{%"), text.ends_with("%}"))
}

#[cfg(test)]
mod tests {
    use crate::test_support::problems_of_state;

    #[test]
    fn half_open_expressions_are_refused() {
        for (fields, at) in [
            (r#""Output":"{% 1""#, "Output"),
            (r#""Output":{"a":["1 %}"]}"#, "Output"),
            (r#""Seconds":"1""#, "Seconds"),
        ] {
            let seconds = if fields.contains("Seconds") { "" } else { r#""Seconds":1,"# };
            let state =
                format!(r#"{{"Type":"Wait","QueryLanguage":"JSONata",{seconds}{fields},"End":true}}"#);
            let expected = format!(
                "SCHEMA_VALIDATION_FAILED: JSONata string must start with {{% and end with %}} at /States/A/{at}"
            );
            assert_eq!(problems_of_state(&state), [expected]);
        }
    }

    #[test]
    fn in_json_path_the_marks_are_plain_text() {
        assert_eq!(problems_of_state(r#"{"Type":"Pass","Result":"{% 1","End":true}"#), [""; 0]);
    }
}
