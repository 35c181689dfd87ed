//! From the values of an evaluation to JSON.

use super::Item;
use crate::budget::Budget;
use crate::error::Fault;
use crate::number::js_text;
use crate::text::MAX_VALUE_DEPTH;
use json::{Number, Object, Value};
use std::rc::Rc;
use std::sync::Arc;

/// The value as it leaves the evaluation: functions inside it are left out as JavaScript's JSON leaves them out,
/// infinities become their names; undefined items of arrays become `null`.
///
/// AWS: measured, language.md 7.1 (infinities).
pub(crate) fn into_value(item: Item, budget: &mut Budget) -> Result<Value, Fault> {
    convert(item, 0, budget)
}

fn convert(item: Item, depth: usize, budget: &mut Budget) -> Result<Value, Fault> {
    if depth > MAX_VALUE_DEPTH {
        return Err(budget.too_deep(depth));
    }
    Ok(match item {
        Item::Undefined | Item::Function(_) => Value::Null,
        Item::Json(Value::Number(Number::F64(number))) if !number.is_finite() => js_text(number).into(),
        // What came from outside has only what JSON has, and a depth that its reader has checked.
        Item::Json(value) => {
            // The input alone costs nothing.
            if depth > 0 {
                charge(&value, depth, budget)?;
            }
            value
        }
        Item::List(mut list) => {
            budget.items(list.items.len())?;
            let mut items = Vec::with_capacity(list.items.len());
            // What nobody else holds is moved and not shared.
            match Rc::get_mut(&mut list) {
                Some(list) => {
                    for item in list.items.drain(..) {
                        items.push(match item {
                            Item::Json(Value::String(text)) => {
                                budget.charge(0, text.len())?;
                                Value::String(text)
                            }
                            Item::Json(Value::Number(number @ Number::I64(_))) => Value::Number(number),
                            item => convert(item, depth + 1, budget)?,
                        });
                    }
                }
                None => {
                    for item in &list.items {
                        items.push(convert(item.clone(), depth + 1, budget)?);
                    }
                }
            }
            Value::array(items)
        }
        Item::Tuples(tuples) => {
            budget.items(tuples.len())?;
            let mut items = Vec::with_capacity(tuples.len());
            for tuple in tuples.iter() {
                items.push(convert(tuple.at.clone(), depth + 1, budget)?);
            }
            Value::array(items)
        }
        Item::Record(mut record) => {
            budget.items(record.members.len() * 3)?;
            let mut object = Object::with_capacity(record.members.len());
            let members = match Rc::get_mut(&mut record) {
                Some(record) => std::mem::take(&mut record.members),
                None => record.members.clone(),
            };
            for (key, member) in members {
                if !member.is_undefined() && !member.is_function() {
                    object.insert(key, convert(member, depth + 1, budget)?);
                }
            }
            Value::Object(Arc::new(object))
        }
    })
}

/// A small value for an error to show; a large one is not worth its room.
pub(super) fn shown(item: &Item) -> Option<Value> {
    let limits = crate::Limits { steps: 10_000, depth: MAX_VALUE_DEPTH, bytes: 1 << 20 };
    into_value(item.clone(), &mut Budget::new(limits, crate::Dialect::Aws)).ok()
}

/// A value from outside is shared here, but walked and written at each place where it stands.
fn charge(value: &Value, depth: usize, budget: &mut Budget) -> Result<(), Fault> {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
        Value::String(text) => budget.charge(0, text.len()),
        Value::Array(_) | Value::Object(_) if depth >= MAX_VALUE_DEPTH => Err(budget.too_deep(depth)),
        Value::Array(items) => {
            budget.charge(0, 2 + 8 * items.len())?;
            items.iter().try_for_each(|item| charge(item, depth + 1, budget))
        }
        Value::Object(members) => {
            budget.charge(0, 2 + 8 * members.len())?;
            members.iter().try_for_each(|(key, member)| {
                budget.charge(0, key.len())?;
                charge(member, depth + 1, budget)
            })
        }
    }
}
