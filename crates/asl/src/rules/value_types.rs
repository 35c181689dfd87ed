//! "Expected value of type ...": a field holds a value of its JSON type.
//!
//! AWS names whole numbers `Integer` and the other types in brackets: `[STRING]`.
// AWS: measured for `Integer` and `[STRING]`; the words for the other types are unconfirmed, chosen by analogy.

use crate::checker::Checker;
use crate::tree::{Field, Object};
use json::Number;
use json::spanned::Node;
use std::sync::Arc;

/// The string.
pub(crate) fn string<'d>(field: &Field<'d>, cx: &mut Checker) -> Option<&'d Arc<str>> {
    expect(field.as_str(), field, "[STRING]", cx)
}

/// The boolean.
pub(crate) fn boolean(field: &Field<'_>, cx: &mut Checker) -> Option<bool> {
    let found = match &field.value.node {
        Node::Bool(b) => Some(*b),
        Node::Null | Node::Number(_) | Node::String(_) | Node::Array(_) | Node::Object(_) => None,
    };
    expect(found, field, "[BOOLEAN]", cx)
}

/// The number.
pub(crate) fn number<'d>(field: &Field<'d>, cx: &mut Checker) -> Option<&'d Number> {
    expect(as_number(field), field, "[NUMBER]", cx)
}

/// The whole number, written without fraction and exponent.
pub(crate) fn integer<'d>(field: &Field<'d>, cx: &mut Checker) -> Option<&'d Number> {
    expect(as_number(field).filter(|n| n.is_integer()), field, "Integer", cx)
}

/// The object.
pub(crate) fn object<'d>(field: &Field<'d>, cx: &mut Checker) -> Option<Object<'d>> {
    expect(field.as_object(), field, "[OBJECT]", cx)
}

/// The items of the array.
pub(crate) fn array<'d>(
    field: &Field<'d>,
    cx: &mut Checker,
) -> Option<impl ExactSizeIterator<Item = Field<'d>> + use<'d>> {
    expect(field.as_array(), field, "[ARRAY]", cx)
}

fn as_number<'d>(field: &Field<'d>) -> Option<&'d Number> {
    match &field.value.node {
        Node::Number(n) => Some(n),
        Node::Null | Node::Bool(_) | Node::String(_) | Node::Array(_) | Node::Object(_) => None,
    }
}

fn expect<T>(found: Option<T>, field: &Field<'_>, name: &str, cx: &mut Checker) -> Option<T> {
    if found.is_none() {
        cx.schema(field, format!("Expected value of type {name}"));
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::test_support::problems_of_state;

    #[test]
    fn values_of_another_type_are_refused_at_their_field() {
        for (state, expected) in [
            (r#"{"Type":"Wait","Seconds":1.5,"End":true}"#, "Integer at /States/A/Seconds"),
            (r#"{"Type":"Wait","Seconds":"1","End":true}"#, "Integer at /States/A/Seconds"),
            (r#"{"Type":"Pass","Comment":1,"End":true}"#, "[STRING] at /States/A/Comment"),
            (r#"{"Type":"Parallel","Branches":{},"End":true}"#, "[ARRAY] at /States/A/Branches"),
            (r#"{"Type":"Parallel","Branches":[1],"End":true}"#, "[OBJECT] at /States/A/Branches[0]"),
        ] {
            let expected = format!("SCHEMA_VALIDATION_FAILED: Expected value of type {expected}");
            assert_eq!(problems_of_state(state), [expected], "{state}");
        }
    }

    #[test]
    fn a_state_is_an_object() {
        let expected = "SCHEMA_VALIDATION_FAILED: Expected value of type [OBJECT] at /States/A";
        assert_eq!(problems_of_state("1").first().map(String::as_str), Some(expected));
    }
}
