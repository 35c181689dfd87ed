//! Values that are no structure, list or map.
//!
//! Step Functions turns what it is given into what a member needs, where that can be done: an object into its JSON text where
//! a string or bytes are needed (AWS: recorded test_s3_put_object_dict, test_sfn_start_execution_implicit_json_serialisation),
//! digits into a number where a number is needed.

use super::InputError;
use crate::model::{Kind, Reference, TimestampFormat};
use crate::moment::Moment;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use json::{Number, Value};

/// The text of a value: a string as it is, anything else as JSON.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.to_string(),
        other => other.to_text(),
    }
}

/// The bytes of a value in base64.
pub(super) fn base64(value: &Value) -> String {
    STANDARD.encode(text(value))
}

pub(super) fn boolean(value: &Value) -> Result<bool, InputError> {
    match value {
        Value::Bool(flag) => Ok(*flag),
        Value::String(text) if &**text == "true" => Ok(true),
        Value::String(text) if &**text == "false" => Ok(false),
        _ => Err(InputError::unexpected("a BOOLEAN")),
    }
}

pub(super) fn integer(value: &Value) -> Result<Number, InputError> {
    let refused = InputError::unexpected("an INTEGER");
    match value {
        Value::Number(number) if number.is_integer() => Ok(number.clone()),
        Value::Number(number) => number.to_i64().map(Number::I64).ok_or(refused),
        Value::String(text) => text.trim().parse().map(Number::I64).map_err(|_| refused),
        _ => Err(refused),
    }
}

/// A number; or a string where it is none that JSON can hold: `NaN`, `Infinity`, `-Infinity`.
pub(super) fn float(value: &Value) -> Result<Value, InputError> {
    let refused = InputError::unexpected("a NUMBER");
    match value {
        Value::Number(_) => Ok(value.clone()),
        Value::String(text) if matches!(&**text, "NaN" | "Infinity" | "-Infinity") => Ok(value.clone()),
        Value::String(text) => {
            let number = text.trim().parse().ok().and_then(Number::from_f64);
            number.map(Value::Number).ok_or(refused)
        }
        _ => Err(refused),
    }
}

/// A moment in the format that the model names, or else the protocol's.
pub(super) fn timestamp(
    value: &Value,
    reference: &Reference,
    otherwise: TimestampFormat,
) -> Result<Value, InputError> {
    let moment = Moment::read(value).ok_or(InputError::unexpected("a TIMESTAMP"))?;
    Ok(moment.write(reference.traits.timestamp_format.unwrap_or(otherwise)))
}

/// The text of anything but a structure, a list or a map.
pub(super) fn scalar_text(
    kind: &Kind,
    value: &Value,
    reference: &Reference,
    timestamps: TimestampFormat,
) -> Result<String, InputError> {
    Ok(match kind {
        Kind::Boolean => boolean(value)?.to_string(),
        Kind::Integer | Kind::Long => number_text(&integer(value)?),
        Kind::Float | Kind::Double => match float(value)? {
            Value::Number(number) => number_text(&number),
            other => text(&other),
        },
        Kind::Timestamp => text(&timestamp(value, reference, timestamps)?),
        Kind::Blob => base64(value),
        Kind::String(_) | Kind::Document | Kind::Structure(_) | Kind::List(_) | Kind::Map { .. } => {
            text(value)
        }
    })
}

/// A number in the shortest text that reads as the same number, exponents aside.
fn number_text(number: &Number) -> String {
    match number {
        Number::F64(number) => format!("{number:?}"),
        Number::I64(_) | Number::U64(_) | Number::Big(_) => Value::Number(number.clone()).to_text(),
    }
}
