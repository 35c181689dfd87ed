//! Warnings about literals that look dynamic: `NO_DOLLAR` where a template's key has no `.$`, `NO_PATH` where a field
//! does not end in `Path`, `PASS_RESULT_IS_STATIC` in the Result of a Pass.
// AWS: documented codes; the sentences are unconfirmed.

use crate::checker::Checker;
use crate::diagnostic::Code;
use crate::location::shown;
use crate::tree::Field;
use json::spanned::{Node, Spanned};

/// The literals of a template.
pub(crate) fn check_template(template: &Field<'_>, cx: &mut Checker) {
    warn_members(template, template.value, cx);
}

/// A literal whose field has a twin ending in `Path`.
pub(crate) fn check_literal(field: &Field<'_>, twin: &str, cx: &mut Checker) {
    if field.as_str().is_some_and(|text| looks_dynamic(text)) {
        cx.warn(
            Code::NoPath,
            field,
            format!("The value looks like a path. Use the field '{twin}' for a path"),
        );
    }
}

/// The Result of a Pass.
pub(crate) fn check_result(field: &Field<'_>, cx: &mut Checker) {
    if has_dynamic_look(field.value) {
        let message =
            "The field 'Result' is static. Use the field 'Parameters' for paths and intrinsic functions";
        cx.warn(Code::PassResultIsStatic, field, message);
    }
}

fn warn_members(template: &Field<'_>, value: &Spanned, cx: &mut Checker) {
    match &value.node {
        Node::Array(items) => items.iter().for_each(|item| warn_members(template, item, cx)),
        Node::Object(members) => {
            for member in members {
                let is_dynamic = member.value.as_str().is_some_and(looks_dynamic);
                if is_dynamic && !member.key.ends_with(".$") {
                    let key = shown(&member.key);
                    let message = format!(
                        "The value for the field '{key}' looks like a path or an intrinsic function, but the field's name does not end with '.$'"
                    );
                    cx.warn(Code::NoDollar, template, message);
                }
                warn_members(template, &member.value, cx);
            }
        }
        Node::Null | Node::Bool(_) | Node::Number(_) | Node::String(_) => {}
    }
}

fn has_dynamic_look(value: &Spanned) -> bool {
    match &value.node {
        Node::String(text) => looks_dynamic(text),
        Node::Array(items) => items.iter().any(has_dynamic_look),
        Node::Object(members) => {
            members.iter().any(|member| member.key.ends_with(".$") || has_dynamic_look(&member.value))
        }
        Node::Null | Node::Bool(_) | Node::Number(_) => false,
    }
}

fn looks_dynamic(text: &str) -> bool {
    ["$.", "$$.", "$["].iter().any(|start| text.starts_with(start))
        || (text.starts_with("States.") && text.contains('(') && text.ends_with(')'))
}

#[cfg(test)]
mod tests {
    use crate::test_support::warnings_of_state;

    #[test]
    fn literals_that_look_dynamic_are_warned_about() {
        for (state, expected) in [
            (
                r#"{"Type":"Pass","Parameters":{"a":[{"b":"$.c"}]},"End":true}"#,
                "NO_DOLLAR at /States/A/Parameters",
            ),
            (
                r#"{"Type":"Pass","Result":{"a":"States.UUID()"},"End":true}"#,
                "PASS_RESULT_IS_STATIC at /States/A/Result",
            ),
            (r#"{"Type":"Fail","Cause":"$.cause"}"#, "NO_PATH at /States/A/Cause"),
        ] {
            assert_eq!(warnings_of_state(state), [expected]);
        }
    }

    #[test]
    fn plain_literals_are_not() {
        let state = r#"{"Type":"Pass","Result":{"a":"costs $5"},"Parameters":{"b":"States.ALL"},"End":true}"#;
        assert_eq!(warnings_of_state(state), [""; 0]);
    }
}
