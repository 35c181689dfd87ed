//! `States.Format` and `States.StringSplit`.

use super::Failure;
use crate::scope::Evaluation;
use json::{Value, write_number};

/// `States.Format` with a template that comes from a path or another call.
pub(super) fn format_from_value(
    arguments: &[Value],
    evaluation: &mut Evaluation<'_, '_>,
) -> Result<Value, Failure> {
    match arguments.split_first() {
        Some((Value::String(template), rest)) => format(template, false, rest, evaluation),
        Some(_) | None => Err(Failure::Arguments),
    }
}

/// Puts the arguments into the places `{}` of the template. A literal's backslash escapes the next character; data has
/// no escapes.
pub(super) fn format(
    template: &str,
    has_escapes: bool,
    arguments: &[Value],
    evaluation: &mut Evaluation<'_, '_>,
) -> Result<Value, Failure> {
    let pieces = pieces(template, has_escapes)?;
    if pieces.len() != arguments.len() + 1 {
        return Err(Failure::Arguments);
    }
    evaluation.charge(template.len())?;
    let mut text = String::new();
    for (i, piece) in pieces.iter().enumerate() {
        text.push_str(piece);
        if let Some(argument) = arguments.get(i) {
            evaluation.charge_text(argument)?;
            write_java(&mut text, argument);
        }
    }
    Ok(Value::from(text))
}

/// `States.StringSplit`: at any character of the second text; empty pieces are dropped.
pub(super) fn split(arguments: &[Value], evaluation: &mut Evaluation<'_, '_>) -> Result<Value, Failure> {
    let [Value::String(text), Value::String(separators)] = arguments else { return Err(Failure::Arguments) };
    evaluation.charge(text.len())?;
    // A table keeps many separators from being searched for each character.
    let separators: std::collections::HashSet<char> = separators.chars().collect();
    let pieces = text.split(|c| separators.contains(&c)).filter(|piece| !piece.is_empty());
    Ok(Value::array(pieces.map(Value::from).collect()))
}

/// The texts around the places.
fn pieces(template: &str, has_escapes: bool) -> Result<Vec<String>, Failure> {
    let mut pieces = Vec::new();
    let mut piece = String::new();
    let mut chars = template.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' if has_escapes => piece.extend(chars.next()),
            '{' => {
                if chars.next() != Some('}') {
                    return Err(Failure::Template { missing: '}', found: '{' });
                }
                pieces.push(std::mem::take(&mut piece));
            }
            '}' => return Err(Failure::Template { missing: '{', found: '}' }),
            other => piece.push(other),
        }
    }
    pieces.push(piece);
    Ok(pieces)
}

/// As Java's `toString` prints maps and lists: `{a=1, b=[x, y]}`.
// AWS: recorded intrinsic_functions.test_context_json_path
fn write_java(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        Value::Number(number) => write_number(out, number),
        Value::String(text) => out.push_str(text),
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push_str(", ");
                }
                write_java(out, item);
            }
            out.push(']');
        }
        Value::Object(object) => {
            out.push('{');
            for (i, (key, member)) in object.iter().enumerate() {
                if i > 0 {
                    out.push_str(", ");
                }
                out.push_str(key);
                out.push('=');
                write_java(out, member);
            }
            out.push('}');
        }
    }
}
