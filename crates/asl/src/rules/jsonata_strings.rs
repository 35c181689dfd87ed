//! "JSONata string must start with {% and end with %}": in a JSONata state, a string has both marks or none, and one
//! that stands for another type has both.

use crate::checker::Checker;
use crate::tree::Field;
use expr::Query;

const MESSAGE: &str = "JSONata string must start with {% and end with %}";

/// What a string of a JSONata state is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It has both marks.
    Expression,
    /// It has neither.
    Text,
    /// It has one of them, which is refused.
    HalfOpen,
}

/// What the string is.
pub(crate) fn kind(text: &str) -> Kind {
    match (text.starts_with("{%"), text.ends_with("%}")) {
        _ if Query::is_marked(text) => Kind::Expression,
        (false, false) => Kind::Text,
        (_, _) => Kind::HalfOpen,
    }
}

/// Refuses a string that has to be an expression, or that has one mark alone.
pub(crate) fn refuse(field: &Field<'_>, cx: &mut Checker) {
    cx.schema(field, MESSAGE);
}

#[cfg(test)]
mod tests {
    use crate::test_support::problems_of_state;

    #[test]
    fn half_open_expressions_are_refused() {
        for (fields, at) in [
            (r#""Output":"{% 1""#, "Output"),
            (r#""Output":{"a":["1 %}"]}"#, "Output/a[0]"),
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
