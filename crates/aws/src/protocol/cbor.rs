//! Smithy RPC v2 with CBOR bodies.

use super::input::{entries, items, members, of_operation, wire_name};
use super::{HttpRequest, InputError, scalar};
use crate::model::{Kind, Member, Operation, Reference, Service, TimestampFormat};
use bytes::Bytes;
use json::{Number, Value};

// The first three bits of an item say what it is.
const UNSIGNED: u8 = 0;
const NEGATIVE: u8 = 1;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;
const MAP: u8 = 5;
const TAG: u8 = 6;
const FALSE: u8 = 0xf4;
const TRUE: u8 = 0xf5;
const SINGLE: u8 = 0xfa;
const DOUBLE: u8 = 0xfb;
const EPOCH_SECONDS: u64 = 1;

pub(super) fn request(
    service: &Service,
    operation: &Operation,
    input: &Value,
) -> Result<HttpRequest, InputError> {
    let mut headers = vec![
        ("smithy-protocol".to_owned(), "rpc-v2-cbor".to_owned()),
        ("Accept".to_owned(), "application/cbor".to_owned()),
    ];
    if service.query_compatible {
        headers.push(("x-amzn-query-mode".to_owned(), "true".to_owned()));
    }
    let given = of_operation(service, operation, input)?;
    let mut body = Vec::new();
    if operation.input.is_some() {
        headers.push(("Content-Type".to_owned(), "application/cbor".to_owned()));
        structure(&mut body, service, &given)?;
    }
    Ok(HttpRequest {
        method: "POST".to_owned(),
        path: format!("/service/{}/operation/{}", service.target_prefix, operation.name),
        headers,
        body: Bytes::from(body),
        ..HttpRequest::default()
    })
}

fn structure(out: &mut Vec<u8>, service: &Service, given: &[(&Member, &Value)]) -> Result<(), InputError> {
    head(out, MAP, given.len() as u64);
    for (member, given) in given {
        text(out, wire_name(member));
        value(out, service, &member.target, given).map_err(|error| error.in_member(&member.sdk_name))?;
    }
    Ok(())
}

fn value(
    out: &mut Vec<u8>,
    service: &Service,
    reference: &Reference,
    given: &Value,
) -> Result<(), InputError> {
    match &service.target(reference).kind {
        Kind::Structure(shape) => structure(out, service, &members(shape, given)?)?,
        Kind::List(item) => {
            let given: Vec<&Value> = items(given)?.collect();
            head(out, ARRAY, given.len() as u64);
            given.into_iter().try_for_each(|given| value(out, service, item, given))?;
        }
        Kind::Map { value: item, .. } => {
            let given = entries(given)?;
            head(out, MAP, given.len() as u64);
            for (key, given) in given {
                text(out, key);
                value(out, service, item, given)?;
            }
        }
        Kind::String(_) => text(out, &scalar::text(given)),
        Kind::Document => text(out, &given.to_text()),
        Kind::Blob => {
            let bytes = scalar::text(given);
            head(out, BYTES, bytes.len() as u64);
            out.extend_from_slice(bytes.as_bytes());
        }
        Kind::Boolean => out.push(if scalar::boolean(given)? { TRUE } else { FALSE }),
        Kind::Integer | Kind::Long => integer(out, &scalar::integer(given)?)?,
        Kind::Float => float(out, given, |out, number| {
            out.push(SINGLE);
            out.extend_from_slice(&(number as f32).to_be_bytes());
        })?,
        Kind::Double => float(out, given, double)?,
        Kind::Timestamp => {
            head(out, TAG, EPOCH_SECONDS);
            match scalar::timestamp(given, reference, TimestampFormat::UnixTimestamp)? {
                Value::Number(number @ (Number::F64(_) | Number::Big(_))) => double(out, number.to_f64()),
                Value::Number(number) => integer(out, &number)?,
                other => text(out, &scalar::text(&other)),
            }
        }
    }
    Ok(())
}

fn double(out: &mut Vec<u8>, number: f64) {
    out.push(DOUBLE);
    out.extend_from_slice(&number.to_be_bytes());
}

fn float(out: &mut Vec<u8>, given: &Value, write: fn(&mut Vec<u8>, f64)) -> Result<(), InputError> {
    match scalar::float(given)? {
        Value::Number(number) => write(out, number.to_f64()),
        // In half precision, which is enough for these.
        special => out.extend_from_slice(match special.as_str() {
            Some("Infinity") => &[0xf9, 0x7c, 0x00],
            Some("-Infinity") => &[0xf9, 0xfc, 0x00],
            _ => &[0xf9, 0x7e, 0x00],
        }),
    }
    Ok(())
}

fn integer(out: &mut Vec<u8>, number: &Number) -> Result<(), InputError> {
    match number {
        Number::U64(number) => head(out, UNSIGNED, *number),
        Number::I64(number) => match u64::try_from(*number) {
            Ok(number) => head(out, UNSIGNED, number),
            // -1 less the value, which is what all bits turned over are.
            Err(_) => head(out, NEGATIVE, !*number as u64),
        },
        Number::F64(_) | Number::Big(_) => return Err(InputError::unexpected("a 64-bit INTEGER")),
    }
    Ok(())
}

fn text(out: &mut Vec<u8>, text: &str) {
    head(out, TEXT, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

fn head(out: &mut Vec<u8>, major: u8, argument: u64) {
    let major = major << 5;
    match argument {
        0..=23 => out.push(major | argument as u8),
        24..=0xff => out.extend_from_slice(&[major | 24, argument as u8]),
        0x100..=0xffff => {
            out.push(major | 25);
            out.extend_from_slice(&(argument as u16).to_be_bytes());
        }
        0x1_0000..=0xffff_ffff => {
            out.push(major | 26);
            out.extend_from_slice(&(argument as u32).to_be_bytes());
        }
        _ => {
            out.push(major | 27);
            out.extend_from_slice(&argument.to_be_bytes());
        }
    }
}
