//! "The value for the field 'x.$' must be a valid JSONPath or a valid intrinsic function call": in a payload template, a
//! key ending in `.$` has such a string. The location is the template, not the member.

use super::jsonata::{self, Sees};
use super::literal_hints;
use crate::checker::Checker;
use crate::definition::ValueTemplate;
use crate::location::shown;
use crate::tree::{Field, Object, QueryLanguage};
use expr::{Expression, Template};
use json::spanned::{Member, Node, Spanned};
use std::collections::HashSet;

/// The JSONPath template in the member `name`: `Some(None)` where there is none.
pub(crate) fn optional(object: &Object<'_>, name: &str, cx: &mut Checker) -> Option<Option<Template>> {
    match object.field(name) {
        Some(field) if !object.is_jsonata() => compile(&field, cx).map(Some),
        // In JSONata the field itself is refused.
        Some(_) | None => Some(None),
    }
}

/// The template of either language in the member `name`, where no result is seen yet: `Some(None)` where there is none.
pub(crate) fn optional_value(
    object: &Object<'_>,
    name: &str,
    cx: &mut Checker,
) -> Option<Option<ValueTemplate>> {
    match object.field(name) {
        Some(field) => value(&field, Sees::Input, cx).map(Some),
        None => Some(None),
    }
}

/// The template of either language.
pub(crate) fn value(field: &Field<'_>, sees: Sees, cx: &mut Checker) -> Option<ValueTemplate> {
    match field.dialect.language {
        QueryLanguage::JsonPath => compile(field, cx).map(ValueTemplate::JsonPath),
        QueryLanguage::Jsonata => jsonata::template(field, sees, cx).map(ValueTemplate::Jsonata),
    }
}

fn compile(field: &Field<'_>, cx: &mut Checker) -> Option<Template> {
    if field.is_null() {
        // AWS: unconfirmed, chosen because a template that is null means nothing.
        cx.schema(field, "Expected value of type [OBJECT]");
        return None;
    }
    if !is_valid(field, field.value, cx) {
        return None;
    }
    literal_hints::check_template(field, cx);
    match Template::compile(&field.value.to_value()) {
        Ok(template) => Some(template),
        Err(error) => {
            cx.schema(field, error.message);
            None
        }
    }
}

fn is_valid(template: &Field<'_>, value: &Spanned, cx: &mut Checker) -> bool {
    match &value.node {
        Node::Array(items) => {
            // Every fault is to be said, not only the first.
            items.iter().filter(|item| !is_valid(template, item, cx)).count() == 0
        }
        Node::Object(members) => {
            let keys: HashSet<&str> = members.iter().map(|member| &*member.key).collect();
            members.iter().filter(|member| !is_valid_member(template, member, &keys, cx)).count() == 0
        }
        Node::Null | Node::Bool(_) | Node::Number(_) | Node::String(_) => true,
    }
}

fn is_valid_member(template: &Field<'_>, member: &Member, keys: &HashSet<&str>, cx: &mut Checker) -> bool {
    let Some(name) = member.key.strip_suffix(".$") else {
        return is_valid(template, &member.value, cx);
    };
    let key = shown(&member.key);
    if keys.contains(name) {
        // AWS: unconfirmed words.
        cx.schema(template, format!("The fields '{}' and '{key}' cannot both be given", shown(name)));
        return false;
    }
    let found = match &member.value.node {
        Node::String(text) => return is_valid_expression(template, &key, text, cx),
        Node::Null => "a NULL",
        Node::Bool(_) => "a BOOLEAN",
        Node::Number(_) => "a NUMBER",
        Node::Array(_) => "an ARRAY",
        Node::Object(_) => "an OBJECT",
    };
    let what = "must be a STRING that contains a JSONPath";
    cx.schema(template, format!("The value for the field '{key}' {what} but was {found}"));
    false
}

fn is_valid_expression(template: &Field<'_>, key: &str, text: &str, cx: &mut Checker) -> bool {
    let is_valid = Expression::parse(text).is_ok();
    if !is_valid {
        // AWS: recorded test_escape_sequence_illegal.
        let what = "must be a valid JSONPath or a valid intrinsic function call";
        cx.schema(template, format!("The value for the field '{key}' {what}"));
    }
    is_valid
}

#[cfg(test)]
mod tests {
    use crate::test_support::problems_of_state;

    fn problems_of_template(template: &str) -> Vec<String> {
        problems_of_state(&format!(r#"{{"Type":"Pass","Parameters":{template},"End":true}}"#))
    }

    #[test]
    fn values_that_are_no_path_and_no_intrinsic_are_refused_at_the_template() {
        for text in [
            "a",
            "",
            "$.a[",
            "States.Nope($.a)",
            "States.Format('x'",
            "States.Format",
            "States.Format('a\\\\nb')",
            "States.Format(\\\"x\\\")",
            "States.UUID() x",
        ] {
            assert_eq!(
                problems_of_template(&format!(r#"{{"deep":[{{"x.$":"{text}"}}]}}"#)),
                [
                    "SCHEMA_VALIDATION_FAILED: The value for the field 'x.$' must be a valid JSONPath or a valid intrinsic function call at /States/A/Parameters"
                ],
                "{text}"
            );
        }
    }

    #[test]
    fn every_wrong_member_is_named() {
        assert_eq!(problems_of_template(r#"{"x.$":"a","y":{"z.$":"b"}}"#).len(), 2);
    }

    #[test]
    fn values_of_another_type_are_named_by_their_type() {
        for (value, kind) in
            [("[]", "an ARRAY"), ("1", "a NUMBER"), ("{}", "an OBJECT"), ("true", "a BOOLEAN")]
        {
            assert_eq!(
                problems_of_template(&format!(r#"{{"x.$":{value}}}"#)),
                [format!(
                    "SCHEMA_VALIDATION_FAILED: The value for the field 'x.$' must be a STRING that contains a JSONPath but was {kind} at /States/A/Parameters"
                )]
            );
        }
    }

    #[test]
    fn a_literal_and_a_path_for_one_member_are_refused() {
        assert_eq!(problems_of_template(r#"{"x":1,"x.$":"$.a"}"#).len(), 1);
    }

    #[test]
    fn paths_intrinsics_and_literals_are_accepted() {
        for template in [
            r#"{"x.$":"$","y.$":"$$.Task.Token","z.$":"States.Array($.a, 'b', 1)","w":"$.literal"}"#,
            "[1,2]",
            "\"text\"",
            "{}",
            // AWS: recorded: the number of arguments is not checked.
            r#"{"x.$":"States.UUID(1)"}"#,
        ] {
            assert_eq!(problems_of_template(template), [""; 0], "{template}");
        }
    }
}
