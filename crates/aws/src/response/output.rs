//! The output of an operation that went well.

use super::{DecodeError, Form, HttpAnswer, Output, cbor, json, xml};
use crate::model::{Kind, Location, Member, Operation, Protocol, Reference, Service};
use ::json::Value;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use std::sync::Arc;

type Members = Vec<(Arc<str>, Value)>;

pub(super) fn read(
    service: &Service,
    operation: &Operation,
    answer: HttpAnswer,
    form: Form,
) -> Result<Output, DecodeError> {
    let Some(output) = &operation.output else {
        return Ok(Output { value: Value::empty_object(), ..Output::default() });
    };
    match service.protocol {
        Protocol::Json | Protocol::Cbor => {
            let document = document(service, &answer)?;
            Ok(whole(json::structure(service, output, &document, form)))
        }
        Protocol::Query | Protocol::Ec2 => {
            let root = xml::parse(&answer.body)?;
            let wrapper = output.traits.result_wrapper.as_deref();
            let start = wrapper.and_then(|name| root.child(name)).unwrap_or(&root);
            Ok(whole(xml::structure(service, output, start, form)))
        }
        Protocol::RestJson | Protocol::RestXml => rest(service, operation, output, answer, form),
    }
}

fn whole(members: Members) -> Output {
    Output { value: object(members), ..Output::default() }
}

/// Members sorted by name, as AWS shows results.
pub(super) fn object(mut members: Members) -> Value {
    members.sort_by(|(a, _), (b, _)| a.cmp(b));
    Value::object(members)
}

fn rest(
    service: &Service,
    operation: &Operation,
    output: &Reference,
    answer: HttpAnswer,
    form: Form,
) -> Result<Output, DecodeError> {
    let all = service.members(output.shape);
    let mut members: Members = Vec::new();
    for member in all {
        if let Some(value) = outside_the_body(service, member, &answer, form) {
            members.push((form.name(member), value));
        }
    }
    let payload = output.traits.payload.as_deref();
    let Some(payload) = all.iter().find(|member| Some(&*member.name) == payload) else {
        members.extend(in_body(service, operation, output, &answer, form)?);
        return Ok(whole(members));
    };
    if matches!(service.target(&payload.target).kind, Kind::Blob | Kind::String(_)) {
        // AWS: recorded test_s3_get_object_empty_str and test_s3_get_object_binary.
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        members.push((form.name(payload), Value::from(text)));
        return Ok(Output { value: object(members), streamed: Some(answer.body), ..Output::default() });
    }
    if !answer.body.is_empty() {
        let value = match service.protocol {
            Protocol::RestXml => {
                let root = xml::parse(&answer.body)?;
                xml::value(service, &payload.target, &[&root], form)
            }
            _ => json::value(service, &payload.target, &document(service, &answer)?, form),
        };
        members.extend(value.map(|value| (form.name(payload), value)));
    }
    Ok(whole(members))
}

fn in_body(
    service: &Service,
    operation: &Operation,
    output: &Reference,
    answer: &HttpAnswer,
    form: Form,
) -> Result<Members, DecodeError> {
    let has_any = service.members(output.shape).iter().any(|member| member.target.traits.location.is_none());
    if answer.body.is_empty() || !has_any {
        return Ok(Vec::new());
    }
    if service.protocol == Protocol::RestJson {
        return Ok(json::structure(service, output, &document(service, answer)?, form));
    }
    let root = xml::parse(&answer.body)?;
    if &*operation.name == "GetBucketLocation" && root.children.is_empty() {
        // The one answer of S3 whose root is the member.
        let member = service.members(output.shape).first().filter(|_| !root.text.is_empty());
        return Ok(member
            .map(|member| (form.name(member), Value::from(root.text.as_str())))
            .into_iter()
            .collect());
    }
    Ok(xml::structure(service, output, &root, form))
}

/// The document of a JSON or CBOR body; of an empty one an empty object.
fn document(service: &Service, answer: &HttpAnswer) -> Result<Value, DecodeError> {
    if answer.body.is_empty() {
        return Ok(Value::empty_object());
    }
    if service.protocol == Protocol::Cbor {
        return cbor::parse(&answer.body);
    }
    ::json::parse_bytes(&answer.body).map_err(|error| DecodeError { reason: error.message() })
}

fn outside_the_body(service: &Service, member: &Member, answer: &HttpAnswer, form: Form) -> Option<Value> {
    let name = member.target.traits.name.as_deref().unwrap_or(&member.name);
    match member.target.traits.location? {
        Location::StatusCode => Some(Value::from(u32::from(answer.status))),
        Location::Header => {
            let text = header(&answer.headers, name)?;
            header_value(service, &member.target, &text, form)
        }
        // AWS: recorded test_s3_get_object_str: an object without metadata has an empty object of it.
        Location::Headers => {
            let prefix = name.to_ascii_lowercase();
            let entries = answer.headers.iter().filter_map(|(name, value)| {
                let rest = name.as_str().strip_prefix(&prefix)?;
                Some((rest.to_owned(), Value::from(String::from_utf8_lossy(value.as_bytes()).into_owned())))
            });
            Some(Value::object(entries))
        }
        Location::Uri | Location::QueryString => None,
    }
}

/// The text of a header; of one that came more than once all texts with commas.
pub(super) fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    let texts: Vec<String> = headers
        .get_all(name)
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        .collect();
    (!texts.is_empty()).then(|| texts.join(","))
}

fn header_value(service: &Service, reference: &Reference, text: &str, form: Form) -> Option<Value> {
    match &service.target(reference).kind {
        Kind::String(_) if reference.traits.is_json_value => {
            let bytes = STANDARD.decode(text).ok()?;
            ::json::parse_bytes(&bytes).ok()
        }
        Kind::List(item) => {
            let items = text.split(',').map(str::trim);
            Some(Value::array(items.filter_map(|text| header_value(service, item, text, form)).collect()))
        }
        _ => json::scalar(service, reference, &Value::from(text), form),
    }
}
