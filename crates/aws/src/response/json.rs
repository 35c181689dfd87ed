//! Values of JSON bodies, and of CBOR bodies read as JSON.

use super::{Form, output};
use crate::model::{Kind, Reference, Service};
use crate::moment::Moment;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use json::{Number, Value};
use std::sync::Arc;

/// The members of a structure that are there and not null.
pub(super) fn structure(
    service: &Service,
    reference: &Reference,
    document: &Value,
    form: Form,
) -> Vec<(Arc<str>, Value)> {
    let members = service.members(reference.shape).iter();
    members
        .filter(|member| member.target.traits.location.is_none())
        .filter_map(|member| {
            let name = member.target.traits.name.as_deref().unwrap_or(&member.name);
            Some((form.name(member), value(service, &member.target, document.get(name)?, form)?))
        })
        .collect()
}

/// A value; `None` for null and for what the model does not allow there.
pub(super) fn value(service: &Service, reference: &Reference, given: &Value, form: Form) -> Option<Value> {
    match (&service.target(reference).kind, given) {
        (_, Value::Null) => None,
        (Kind::Structure(_), Value::Object(_)) => {
            Some(output::object(structure(service, reference, given, form)))
        }
        (Kind::List(item), Value::Array(items)) => {
            let items = items.iter().map(|given| value(service, item, given, form).unwrap_or_default());
            Some(Value::array(items.collect()))
        }
        (Kind::Map { value: item, .. }, Value::Object(entries)) => {
            let entries = entries
                .iter()
                .map(|(key, given)| (key.clone(), value(service, item, given, form).unwrap_or_default()));
            Some(Value::object(entries))
        }
        (Kind::Document, given) => Some(given.clone()),
        (Kind::Structure(_) | Kind::List(_) | Kind::Map { .. }, _) => None,
        _ => scalar(service, reference, given, form),
    }
}

/// Anything but a structure, a list or a map; from its value or from its text.
pub(super) fn scalar(service: &Service, reference: &Reference, given: &Value, form: Form) -> Option<Value> {
    Some(match (&service.target(reference).kind, given) {
        (Kind::Blob, Value::String(text)) => match STANDARD.decode(text.as_bytes()) {
            Ok(bytes) => Value::from(String::from_utf8_lossy(&bytes).into_owned()),
            Err(_) => given.clone(),
        },
        (Kind::Timestamp, given) => form.moment(Moment::read(given)?),
        (Kind::Boolean, Value::String(text)) => Value::Bool(text.eq_ignore_ascii_case("true")),
        (Kind::Integer | Kind::Long, Value::String(text)) => {
            Value::Number(Number::I64(text.trim().parse().ok()?))
        }
        (Kind::Float | Kind::Double, Value::String(text)) => {
            match text.trim().parse().ok().and_then(Number::from_f64) {
                Some(number) => Value::Number(number),
                None => given.clone(),
            }
        }
        (Kind::String(_), Value::String(_)) => given.clone(),
        (Kind::String(_), other) => Value::from(other.to_text()),
        (_, other) => other.clone(),
    })
}
