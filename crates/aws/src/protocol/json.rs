//! AWS JSON 1.0 and 1.1; and JSON bodies in general.

use super::input::{entries, members, of_operation, wire_name};
use super::{HttpRequest, InputError, scalar};
use crate::model::{Kind, Member, Operation, Reference, Service, TimestampFormat};
use bytes::Bytes;
use json::{Object, Value};

pub(super) fn request(
    service: &Service,
    operation: &Operation,
    input: &Value,
) -> Result<HttpRequest, InputError> {
    let mut headers = vec![
        ("X-Amz-Target".to_owned(), format!("{}.{}", service.target_prefix, operation.name)),
        ("Content-Type".to_owned(), format!("application/x-amz-json-{}", service.json_version)),
    ];
    if service.query_compatible {
        headers.push(("x-amzn-query-mode".to_owned(), "true".to_owned()));
    }
    let given = of_operation(service, operation, input)?;
    Ok(HttpRequest {
        method: operation.method.to_string(),
        path: "/".to_owned(),
        headers,
        body: Bytes::from(object(service, &given)?.to_text()),
        ..HttpRequest::default()
    })
}

/// The members as an object.
pub(super) fn object(service: &Service, given: &[(&Member, &Value)]) -> Result<Value, InputError> {
    let mut object = Object::with_capacity(given.len());
    for (member, given) in given {
        let written = value(service, &member.target, given).map_err(|e| e.in_member(&member.sdk_name))?;
        object.insert(wire_name(member), written);
    }
    Ok(Value::from(object))
}

/// A value as the body has it.
pub(super) fn value(service: &Service, reference: &Reference, given: &Value) -> Result<Value, InputError> {
    Ok(match &service.target(reference).kind {
        Kind::Structure(structure) => object(service, &members(structure, given)?)?,
        Kind::List(item) => {
            let items = given.as_array().ok_or(InputError::unexpected("an ARRAY"))?;
            let written: Result<Vec<Value>, InputError> =
                items.iter().map(|given| or_null(service, item, given)).collect();
            Value::array(written?)
        }
        Kind::Map { value: item, .. } => {
            let written: Result<Object, InputError> = entries(given)?
                .into_iter()
                .map(|(key, given)| Ok((key, or_null(service, item, given)?)))
                .collect();
            Value::from(written?)
        }
        Kind::String(_) => Value::from(scalar::text(given)),
        Kind::Blob => Value::from(scalar::base64(given)),
        Kind::Boolean => Value::from(scalar::boolean(given)?),
        Kind::Integer | Kind::Long => Value::Number(scalar::integer(given)?),
        Kind::Float | Kind::Double => scalar::float(given)?,
        Kind::Timestamp => scalar::timestamp(given, reference, TimestampFormat::UnixTimestamp)?,
        Kind::Document => given.clone(),
    })
}

/// Lists may have places without a value.
fn or_null(service: &Service, reference: &Reference, given: &Value) -> Result<Value, InputError> {
    if given.is_null() { Ok(Value::Null) } else { value(service, reference, given) }
}
