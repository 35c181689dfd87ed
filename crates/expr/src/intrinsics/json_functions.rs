//! `States.StringToJson`, `States.JsonToString`, `States.JsonMerge`.

use super::Failure;
use crate::java;
use crate::scope::Evaluation;
use json::{Object, Value};

pub(super) fn string_to_json(arguments: &[Value]) -> Result<Value, Failure> {
    let [Value::String(text)] = arguments else { return Err(Failure::Arguments) };
    if text.trim_matches([' ', '\t', '\n', '\r']).is_empty() {
        return Ok(Value::Null);
    }
    json::parse(text).map_err(Failure::NotJson)
}

pub(super) fn json_to_string(
    arguments: &[Value],
    evaluation: &mut Evaluation<'_, '_>,
) -> Result<Value, Failure> {
    let [value] = arguments else { return Err(Failure::Arguments) };
    evaluation.charge_text(value)?;
    Ok(Value::from(value.to_text()))
}

/// A shallow merge in which the second object wins; its keys come in the order of a `HashMap`.
// AWS: recorded intrinsic_functions.test_json_merge_escaped_argument
pub(super) fn merge(arguments: &[Value]) -> Result<Value, Failure> {
    // AWS: unconfirmed for other numbers of arguments, chosen because the documents ask for three.
    let [Value::Object(first), Value::Object(second), deep] = arguments else {
        return Err(Failure::Arguments);
    };
    if *deep == Value::Bool(true) {
        return Err(Failure::Arguments);
    }
    let mut merged = Object::clone(first);
    for (key, value) in second.iter() {
        merged.insert(key.clone(), value.clone());
    }
    let members: Vec<_> = merged.into_iter().collect();
    let order = java::hash_order(members.iter().map(|(key, _)| &**key));
    let in_order = order.into_iter().filter_map(|at| members.get(at).cloned());
    Ok(Value::from(in_order.collect::<Object>()))
}
