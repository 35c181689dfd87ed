//! JSONata in both dialects, under tight limits.

use crate::{Words, first_line};
use json::{Object, Value};
use jsonata::{Dialect, Environment, Error, Expression, Limits, Outcome};

/// What one evaluation may use here: little, so that an overrun shows.
const LIMITS: Limits = Limits { steps: 20_000, depth: 60, bytes: 1 << 20 };

const _: fn() = || {
    fn shared_between_threads<T: Send + Sync>() {}
    shared_between_threads::<Expression>();
};

/// The first line is the input in JSON, the rest an expression. It ends the same way each time and within its limits, and
/// its result can be written and read.
pub fn jsonata(bytes: &[u8]) {
    let Some((input, text)) = first_line(bytes) else { return };
    let input = json::parse(input).ok();
    let mut bindings = Object::new();
    bindings.insert("states", Value::object([("input", input.clone().unwrap_or_default())]));
    for dialect in [Dialect::Aws, Dialect::V22] {
        let expression = match Expression::compile(text, dialect) {
            Ok(expression) => expression,
            Err(error) => {
                is_explained(&error, text);
                continue;
            }
        };
        let references = expression.references();
        for reference in references.paths.iter().chain(&references.input) {
            assert!(reference.position <= text.encode_utf16().count(), "a reference behind the text");
        }
        let outcome = evaluate(&expression, input.as_ref(), &bindings);
        let again = evaluate(&expression, input.as_ref(), &bindings);
        assert_eq!(format!("{outcome:?}"), format!("{again:?}"), "evaluated twice it ends differently");
        match outcome {
            Ok(Outcome::Value(value)) => is_writable(&value, input.as_ref()),
            Ok(Outcome::Undefined | Outcome::Function) => {}
            Err(error) => is_explained(&error, text),
        }
    }
}

fn evaluate(expression: &Expression, input: Option<&Value>, bindings: &Object) -> Result<Outcome, Error> {
    let mut words = Words(0);
    let mut entropy = || words.next();
    let mut environment =
        Environment { now_millis: 1_700_000_000_123, entropy: &mut entropy, limits: LIMITS };
    let outcome = expression.evaluate(input, bindings, &mut environment);
    assert!(words.0 <= LIMITS.steps, "{} random words in {} steps", words.0, LIMITS.steps);
    outcome
}

/// A result is no larger than what it was charged for, deep no further than the reader goes, and reads back as itself.
fn is_writable(value: &Value, input: Option<&Value>) {
    let mut parts = 0;
    count(value, &mut parts, 0);
    let given = input.map_or(0, |input| input.to_text().len());
    // What is given back as it is costs nothing; each other part has cost a byte at least.
    assert!(parts <= LIMITS.bytes as usize + given, "{parts} parts");
    if parts > 50_000 {
        return; // Large results take the time of small ones, which show more.
    }
    let text = value.to_text();
    assert_eq!(json::parse(&text).as_ref(), Ok(value), "the result reads back as another value");
}

fn count(value: &Value, parts: &mut usize, depth: usize) {
    assert!(depth <= json::MAX_DEPTH, "a result deeper than the reader goes");
    *parts += 1;
    match value {
        Value::Array(items) => items.iter().for_each(|item| count(item, parts, depth + 1)),
        Value::Object(members) => members.values().for_each(|member| count(member, parts, depth + 1)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A code of the reference and words; a place in the text, unless another text was compiled on the way.
fn is_explained(error: &Error, text: &str) {
    assert_eq!(error.code.len(), 5, "{error:?}");
    assert!(!error.to_string().is_empty(), "{error:?}");
    if let Some(position) = error.position {
        let length = text.encode_utf16().count();
        assert!(position <= length || text.contains("$eval"), "{error:?} is behind the text");
    }
}
