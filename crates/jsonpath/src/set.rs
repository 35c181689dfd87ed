//! Writing through a reference path, by the rules of ResultPath.

use crate::error::SetError;
use crate::{Path, Step};
use json::{Object, Value};
use std::sync::Arc;

pub(crate) fn set(path: &Path, root: &Value, new: Value) -> Result<Value, SetError> {
    if !path.is_reference() {
        return Err(SetError::NotReference { path: path.text().to_owned() });
    }
    put(root, path.steps(), new).map_err(|step| match root {
        Value::Object(_) | Value::Array(_) => SetError::Step { step, input: root.clone() },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            SetError::Root { path: path.text().to_owned(), input: root.clone() }
        }
    })
}

/// A copy of `value` with `new` behind `steps`; the error is the step that did not fit.
fn put(value: &Value, steps: &[Step], new: Value) -> Result<Value, String> {
    let Some((step, rest)) = steps.split_first() else { return Ok(new) };
    match (step, value) {
        (Step::Name(name), Value::Object(object)) => {
            let member = match object.get(name) {
                Some(member) => put(member, rest, new)?,
                None => made(rest, new)?,
            };
            let mut object = Object::clone(object);
            object.insert(name.clone(), member);
            Ok(Value::from(object))
        }
        (Step::Index(index), Value::Array(items)) => {
            let at = usize::try_from(*index).map_err(|_| index.to_string())?;
            // AWS: reported, an index outside the array fails.
            let item = put(items.get(at).ok_or_else(|| index.to_string())?, rest, new)?;
            let mut items = Vec::clone(items);
            if let Some(place) = items.get_mut(at) {
                *place = item;
            }
            Ok(Value::Array(Arc::new(items)))
        }
        (step, _) => Err(bare(step)),
    }
}

/// `new` inside the objects that the steps ask for, where nothing was before.
fn made(steps: &[Step], new: Value) -> Result<Value, String> {
    steps.iter().rev().try_fold(new, |value, step| match step {
        Step::Name(name) => Ok(Value::object([(name.clone(), value)])),
        other => Err(bare(other)),
    })
}

fn bare(step: &Step) -> String {
    match step {
        Step::Name(name) => name.to_string(),
        Step::Index(index) => index.to_string(),
        other => other.to_string(),
    }
}
