//! What REST-JSON and REST-XML have in common: members in the path, the query and the headers, the rest in the body.

use super::input::{items, of_operation, wire_name};
use super::{HttpRequest, InputError, json, scalar, xml};
use crate::model::{Kind, Location, Member, Operation, Reference, Service, TimestampFormat};
use crate::moment::Moment;
use crate::sigv4::{encode, encode_path};
use ::json::Value;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

/// How the body is written.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Body {
    Json,
    Xml,
}

pub(super) fn request(
    service: &Service,
    operation: &Operation,
    input: &Value,
    streamed: Option<Bytes>,
    form: Body,
) -> Result<HttpRequest, InputError> {
    let given = of_operation(service, operation, input)?;
    let mut request = HttpRequest { method: operation.method.to_string(), ..HttpRequest::default() };
    let mut in_body = Vec::new();
    for (member, given) in &given {
        let place = |error: InputError| error.in_member(&member.sdk_name);
        match member.target.traits.location {
            Some(Location::Uri) => {}
            Some(Location::QueryString) => in_query(service, member, given, &mut request).map_err(place)?,
            Some(Location::Header) => in_header(service, member, given, &mut request).map_err(place)?,
            Some(Location::Headers) => {
                for (name, value) in super::input::entries(given).map_err(place)? {
                    request.headers.push((format!("{}{name}", wire_name(member)), scalar::text(value)));
                }
            }
            Some(Location::StatusCode) | None => in_body.push((*member, *given)),
        }
    }
    fill_uri(service, operation, &given, &mut request)?;
    body(service, operation, &in_body, streamed, form, &mut request)?;
    Ok(request)
}

fn fill_uri(
    service: &Service,
    operation: &Operation,
    given: &[(&Member, &Value)],
    request: &mut HttpRequest,
) -> Result<(), InputError> {
    let (path, query) = operation.uri.split_once('?').unwrap_or((&operation.uri, ""));
    let fixed = query.split('&').filter(|part| !part.is_empty());
    let fixed = fixed.map(|part| part.split_once('=').unwrap_or((part, "")));
    let fixed = fixed.map(|(name, value)| (name.to_owned(), value.to_owned()));
    request.query.splice(0..0, fixed);
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        let (label, after) = after.split_once('}').unwrap_or((after, ""));
        let name = label.trim_end_matches('+');
        let is_it = |member: &&Member| {
            member.target.traits.location == Some(Location::Uri) && wire_name(member) == name
        };
        let value = match given.iter().find(|(member, _)| is_it(member)) {
            Some((member, given)) => {
                uri_text(service, &member.target, given).map_err(|e| e.in_member(&member.sdk_name))?
            }
            None => String::new(),
        };
        if value.is_empty() {
            let members = operation.input.iter().flat_map(|input| service.members(input.shape));
            let member = members.into_iter().find(is_it).map_or(name, |member| &member.sdk_name);
            return Err(InputError::Missing { member: member.to_owned() });
        }
        request.path.push_str(before);
        let is_greedy = label.ends_with('+');
        request.path.push_str(&if is_greedy { encode_path(&value) } else { encode(&value) });
        rest = after;
    }
    request.path.push_str(rest);
    Ok(())
}

fn in_query(
    service: &Service,
    member: &Member,
    given: &Value,
    request: &mut HttpRequest,
) -> Result<(), InputError> {
    let name = wire_name(member);
    match &service.target(&member.target).kind {
        Kind::Map { value, .. } => {
            for (key, given) in super::input::entries(given)? {
                match &service.target(value).kind {
                    Kind::List(item) => {
                        for given in items(given)? {
                            request.query.push((key.to_owned(), uri_text(service, item, given)?));
                        }
                    }
                    _ => request.query.push((key.to_owned(), uri_text(service, value, given)?)),
                }
            }
        }
        Kind::List(item) => {
            for given in items(given)? {
                request.query.push((name.to_owned(), uri_text(service, item, given)?));
            }
        }
        _ => request.query.push((name.to_owned(), uri_text(service, &member.target, given)?)),
    }
    Ok(())
}

fn uri_text(service: &Service, reference: &Reference, given: &Value) -> Result<String, InputError> {
    scalar::scalar_text(&service.target(reference).kind, given, reference, TimestampFormat::Iso8601)
}

fn in_header(
    service: &Service,
    member: &Member,
    given: &Value,
    request: &mut HttpRequest,
) -> Result<(), InputError> {
    let text = match &service.target(&member.target).kind {
        Kind::List(item) => {
            let texts: Result<Vec<String>, InputError> =
                items(given)?.map(|given| listed_text(service, item, given)).collect();
            let texts = texts?;
            if texts.is_empty() {
                return Ok(());
            }
            texts.join(",")
        }
        _ => header_text(service, &member.target, given)?,
    };
    request.headers.push((wire_name(member).to_owned(), text));
    Ok(())
}

fn listed_text(service: &Service, item: &Reference, given: &Value) -> Result<String, InputError> {
    let text = header_text(service, item, given)?;
    let is_string = matches!(service.target(item).kind, Kind::String(_));
    let needs_quotes = is_string && text.contains(['"', ',']);
    Ok(if needs_quotes { format!("\"{}\"", text.replace('"', "\\\"")) } else { text })
}

fn header_text(service: &Service, reference: &Reference, given: &Value) -> Result<String, InputError> {
    match &service.target(reference).kind {
        // A string that holds JSON; what is given may be that string or the value itself.
        Kind::String(_) if reference.traits.is_json_value => Ok(STANDARD.encode(scalar::text(given))),
        Kind::Timestamp => {
            // Headers count whole seconds.
            let moment = Moment::read(given).ok_or(InputError::unexpected("a TIMESTAMP"))?;
            let format = reference.traits.timestamp_format.unwrap_or(TimestampFormat::Rfc822);
            Ok(scalar::text(&Moment { nanos: 0, ..moment }.write(format)))
        }
        kind => scalar::scalar_text(kind, given, reference, TimestampFormat::Rfc822),
    }
}

fn body(
    service: &Service,
    operation: &Operation,
    given: &[(&Member, &Value)],
    streamed: Option<Bytes>,
    form: Body,
    request: &mut HttpRequest,
) -> Result<(), InputError> {
    let Some(input) = &operation.input else { return Ok(()) };
    let all = service.members(input.shape);
    let payload = input.traits.payload.as_deref();
    if let Some(payload) = all.iter().find(|member| Some(&*member.name) == payload) {
        let given = given.iter().find(|(member, _)| member.name == payload.name).map(|(_, given)| *given);
        if matches!(service.target(&payload.target).kind, Kind::Blob | Kind::String(_)) {
            request.body =
                streamed.unwrap_or_else(|| Bytes::from(given.map(scalar::text).unwrap_or_default()));
            return Ok(());
        }
        request.body = match (given, form) {
            (Some(given), Body::Json) => {
                let written = json::value(service, &payload.target, given);
                Bytes::from(written.map_err(|error| error.in_member(&payload.sdk_name))?.to_text())
            }
            (Some(given), Body::Xml) => Bytes::from(xml::payload(service, payload, given)?),
            (None, Body::Json) => Bytes::from_static(b"{}"),
            (None, Body::Xml) => Bytes::new(),
        };
    } else {
        let has_body_members = all.iter().any(|member| member.target.traits.location.is_none());
        request.body = match form {
            Body::Json if has_body_members => Bytes::from(json::object(service, given)?.to_text()),
            Body::Xml if !given.is_empty() => Bytes::from(xml::document(service, input, given)?),
            Body::Json | Body::Xml => Bytes::new(),
        };
    }
    let has_type = request.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    if form == Body::Json && !request.body.is_empty() && !has_type {
        request.headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
    }
    Ok(())
}
