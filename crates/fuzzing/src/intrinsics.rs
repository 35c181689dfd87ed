//! Intrinsic functions, paths with roots, and payload templates.

use crate::{Words, first_line};
use expr::{Expression, ExpressionError, MAX_BYTES, Scope, Template};
use json::{Object, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The first line is a path or a call of an intrinsic function, the rest a document that is input, context, variable and
/// template. An evaluation ends the same way each time, makes no more than it may, and gives in a template what it gives
/// alone.
pub fn intrinsics(bytes: &[u8]) {
    let Some((text, document)) = first_line(bytes) else { return };
    let document = json::parse(document).unwrap_or_default();
    let variables: BTreeMap<Arc<str>, Value> = BTreeMap::from([(Arc::from("v"), document.clone())]);
    let scope = Scope { input: &document, context: &document, variables: &variables };
    if let Ok(template) = Template::compile(&document) {
        let value = template.eval(&scope, &mut words());
        assert_eq!(value, template.eval(&scope, &mut words()), "evaluated twice it ends differently");
        if let Ok(value) = value {
            assert!(
                !value.is_deeper_than(json::MAX_DEPTH),
                "a template made a value deeper than the reader goes"
            );
        }
    }
    let expression = match Expression::parse(text) {
        Ok(expression) => expression,
        Err(error) => {
            assert!(error.at <= text.chars().count(), "the error is behind the text: {error}");
            assert!(!error.message.is_empty());
            return;
        }
    };
    assert_eq!(expression.text(), text, "an expression keeps its text");
    let outcome = expression.eval(&scope, &mut words());
    assert_eq!(outcome, expression.eval(&scope, &mut words()), "evaluated twice it ends differently");
    if let Ok(value) = &outcome {
        // A byte may be written as six, and a path may show a document again at each place it stands.
        let shown = (1 + expression.paths().len()) * document.to_text().len();
        let length = value.to_text().len();
        assert!(length <= 6 * (MAX_BYTES + shown + text.len()), "{length} bytes were made");
    }
    agrees_with_template(text, &outcome, &scope);
}

/// `{"member.$": text}` gives what the text gives.
fn agrees_with_template(text: &str, outcome: &Result<Value, ExpressionError>, scope: &Scope<'_>) {
    let member: Object = [("member.$", Value::from(text))].into_iter().collect();
    let template =
        Template::compile(&Value::from(member)).expect("what is an expression alone is one in a template");
    match (template.eval(scope, &mut words()), outcome) {
        (Ok(made), Ok(value)) => {
            assert_eq!(made.get("member"), Some(value), "a template makes another value")
        }
        (Ok(made), Err(error)) => {
            // An index outside an array reads as null in a template.
            assert_eq!(made.get("member"), Some(&Value::Null), "a template hides the error: {error}");
        }
        (Err(error), Ok(value)) => {
            assert!(value.is_deeper_than(json::MAX_DEPTH - 1), "only a template fails: {error}");
        }
        (Err(_), Err(_)) => {}
    }
}

fn words() -> impl FnMut() -> u64 {
    let mut words = Words(0);
    move || words.next()
}
