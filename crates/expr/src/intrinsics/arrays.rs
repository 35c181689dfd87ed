//! The functions on arrays.

use super::Failure;
use super::function::{truncated, truncated_int};
use crate::java;
use crate::scope::Evaluation;
use json::{Number, Value, write_number, write_string};
use std::borrow::Cow;
use std::collections::HashSet;

/// The most items of a range.
const MAX_RANGE: i128 = 1_000;

pub(super) fn partition(arguments: &[Value]) -> Result<Value, Failure> {
    let [Value::Array(items), size] = arguments else { return Err(Failure::Arguments) };
    // AWS: recorded, the size is cut and not rounded.
    let size = usize::try_from(truncated(size)?).ok().filter(|size| *size > 0).ok_or(Failure::Arguments)?;
    Ok(Value::array(items.chunks(size).map(|chunk| Value::array(chunk.to_vec())).collect()))
}

/// By text: the number 1 is the string "1", and the order of an object's keys counts.
// AWS: recorded
pub(super) fn contains(arguments: &[Value], evaluation: &mut Evaluation<'_, '_>) -> Result<Value, Failure> {
    let [array @ Value::Array(items), wanted] = arguments else { return Err(Failure::Arguments) };
    evaluation.charge_text(array)?;
    evaluation.charge_text(wanted)?;
    let wanted = text_form(wanted);
    Ok(Value::Bool(items.iter().any(|item| text_form(item) == wanted)))
}

pub(super) fn range(arguments: &[Value]) -> Result<Value, Failure> {
    let [start, end, step] = arguments else { return Err(Failure::Arguments) };
    let (start, end, step) = (truncated(start)?, truncated(end)?, truncated(step)?);
    if step == 0 {
        return Err(Failure::Arguments);
    }
    let count = (i128::from(end) - i128::from(start)) / i128::from(step) + 1;
    if (end > start) != (step > 0) && end != start {
        return Ok(Value::array(Vec::new()));
    }
    if count > MAX_RANGE {
        return Err(Failure::Arguments);
    }
    let items = (0..count).map(|n| i128::from(start) + n * i128::from(step));
    Ok(Value::array(items.filter_map(|n| i64::try_from(n).ok()).map(Value::from).collect()))
}

pub(super) fn get_item(arguments: &[Value]) -> Result<Value, Failure> {
    let [Value::Array(items), index] = arguments else { return Err(Failure::Arguments) };
    let index = truncated_int(index)?;
    // AWS: recorded, an empty array gives null whatever the index is.
    if items.is_empty() {
        return Ok(Value::Null);
    }
    let at = usize::try_from(index).map_err(|_| Failure::Arguments)?;
    items.get(at).cloned().ok_or(Failure::Arguments)
}

pub(super) fn length(arguments: &[Value]) -> Result<Value, Failure> {
    let [Value::Array(items)] = arguments else { return Err(Failure::Arguments) };
    Ok(Value::from(items.len()))
}

/// Without repetitions, in the order of a `HashSet`.
// AWS: recorded, `[true,false]` gives `[false,true]`; 1 equals 1.0.
pub(super) fn unique(arguments: &[Value], evaluation: &mut Evaluation<'_, '_>) -> Result<Value, Failure> {
    let [array @ Value::Array(items)] = arguments else { return Err(Failure::Arguments) };
    evaluation.charge_text(array)?;
    let mut seen = HashSet::new();
    let unique: Vec<&Value> = items.iter().filter(|item| seen.insert(canonical(item))).collect();
    let hashes: Vec<i32> = unique.iter().map(|item| java::value_hash(item)).collect();
    let order = java::bucket_order(&hashes);
    Ok(Value::array(order.into_iter().filter_map(|at| unique.get(at).map(|v| (*v).clone())).collect()))
}

fn text_form(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => Cow::Borrowed(text),
        other => Cow::Owned(other.to_text()),
    }
}

/// A text that equal values share: keys sorted, whole numbers without a fraction.
fn canonical(value: &Value) -> String {
    let mut out = String::new();
    write_canonical(&mut out, value);
    out
}

fn write_canonical(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        Value::Number(number) => {
            let whole = number.to_i64().map(Number::I64);
            write_number(out, whole.as_ref().unwrap_or(number));
        }
        Value::String(text) => write_string(out, text),
        Value::Array(items) => {
            out.push('[');
            for item in items.iter() {
                write_canonical(out, item);
                out.push(',');
            }
            out.push(']');
        }
        Value::Object(object) => {
            let mut members: Vec<_> = object.iter().collect();
            members.sort_unstable_by_key(|(key, _)| *key);
            out.push('{');
            for (key, member) in members {
                write_string(out, key);
                out.push(':');
                write_canonical(out, member);
                out.push(',');
            }
            out.push('}');
        }
    }
}
