//! XML bodies.

use super::input::{entries, items, members, name_or, wire_name};
use super::{InputError, scalar};
use crate::model::{Kind, Member, Namespace, Reference, Service, TimestampFormat};
use json::Value;
use std::fmt::Write;

/// The document of members that stand in the body.
pub(super) fn document(
    service: &Service,
    reference: &Reference,
    given: &[(&Member, &Value)],
) -> Result<String, InputError> {
    let mut out = String::new();
    let name = name_or(reference, &service.target(reference).name);
    structure(&mut out, service, reference, name, given)?;
    Ok(out)
}

/// The document of one member that is the body.
pub(super) fn payload(service: &Service, member: &Member, given: &Value) -> Result<String, InputError> {
    let mut out = String::new();
    let name = wire_name(member);
    element(&mut out, service, &member.target, name, given).map_err(|e| e.in_member(&member.sdk_name))?;
    Ok(out)
}

fn structure(
    out: &mut String,
    service: &Service,
    reference: &Reference,
    name: &str,
    given: &[(&Member, &Value)],
) -> Result<(), InputError> {
    write!(out, "<{name}").unwrap_or_default();
    namespace(out, reference.traits.namespace.as_ref());
    for (member, given) in given.iter().filter(|(member, _)| member.target.traits.is_xml_attribute) {
        write!(out, " {}=\"{}\"", wire_name(member), escaped(&scalar::text(given))).unwrap_or_default();
    }
    out.push('>');
    for (member, given) in given.iter().filter(|(member, _)| !member.target.traits.is_xml_attribute) {
        element(out, service, &member.target, wire_name(member), given)
            .map_err(|error| error.in_member(&member.sdk_name))?;
    }
    write!(out, "</{name}>").unwrap_or_default();
    Ok(())
}

fn element(
    out: &mut String,
    service: &Service,
    reference: &Reference,
    name: &str,
    given: &Value,
) -> Result<(), InputError> {
    match &service.target(reference).kind {
        Kind::Structure(shape) => structure(out, service, reference, name, &members(shape, given)?),
        Kind::List(item) if reference.traits.is_flattened => {
            items(given)?.try_for_each(|given| element(out, service, item, name, given))
        }
        Kind::List(item) => {
            open(out, reference, name);
            let item_name = name_or(item, "member");
            items(given)?.try_for_each(|given| element(out, service, item, item_name, given))?;
            close(out, name);
            Ok(())
        }
        Kind::Map { key, value } => {
            let is_flattened = reference.traits.is_flattened;
            if !is_flattened {
                open(out, reference, name);
            }
            let entry = if is_flattened { name } else { "entry" };
            for (given_key, given) in entries(given)? {
                write!(out, "<{entry}>").unwrap_or_default();
                element(out, service, key, name_or(key, "key"), &Value::from(given_key))?;
                element(out, service, value, name_or(value, "value"), given)?;
                close(out, entry);
            }
            if !is_flattened {
                close(out, name);
            }
            Ok(())
        }
        kind => {
            let text = scalar::scalar_text(kind, given, reference, TimestampFormat::Iso8601)?;
            open(out, reference, name);
            out.push_str(&escaped(&text));
            close(out, name);
            Ok(())
        }
    }
}

fn open(out: &mut String, reference: &Reference, name: &str) {
    write!(out, "<{name}").unwrap_or_default();
    namespace(out, reference.traits.namespace.as_ref());
    out.push('>');
}

fn close(out: &mut String, name: &str) {
    write!(out, "</{name}>").unwrap_or_default();
}

fn namespace(out: &mut String, namespace: Option<&Namespace>) {
    let Some(Namespace { prefix, uri }) = namespace else { return };
    match prefix {
        Some(prefix) => write!(out, " xmlns:{prefix}=\"{}\"", escaped(uri)),
        None => write!(out, " xmlns=\"{}\"", escaped(uri)),
    }
    .unwrap_or_default();
}

/// Text that can stand between tags and in an attribute. Characters that a reader would change are written by their number.
fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\r' => out.push_str("&#13;"),
            '\n' => out.push_str("&#10;"),
            other => out.push(other),
        }
        out
    })
}
