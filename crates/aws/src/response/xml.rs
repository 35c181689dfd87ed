//! XML bodies: read into elements, and from there into values.

use super::{DecodeError, Form, json, output};
use crate::model::{Kind, Reference, Service};
use ::json::Value;
use std::sync::Arc;

mod reader;

pub(super) use reader::{Element, parse};

/// The members of a structure that the element has.
pub(super) fn structure(
    service: &Service,
    reference: &Reference,
    element: &Element,
    form: Form,
) -> Vec<(Arc<str>, Value)> {
    let members = service.members(reference.shape).iter();
    members
        .filter(|member| member.target.traits.location.is_none())
        .filter_map(|member| {
            let name = member_name(service, &member.target, &member.name);
            if member.target.traits.is_xml_attribute {
                let text = element.attribute(name)?;
                return Some((form.name(member), Value::from(text)));
            }
            let found: Vec<&Element> = element.children.iter().filter(|child| child.is_named(name)).collect();
            Some((form.name(member), value(service, &member.target, &found, form)?))
        })
        .collect()
}

/// The value of the elements of one name; `None` where there are none.
pub(super) fn value(
    service: &Service,
    reference: &Reference,
    elements: &[&Element],
    form: Form,
) -> Option<Value> {
    let first = *elements.first()?;
    let is_flattened = reference.traits.is_flattened;
    match &service.target(reference).kind {
        Kind::Structure(_) => Some(output::object(structure(service, reference, first, form))),
        Kind::List(item) => {
            let nested: Vec<&Element> = first.children.iter().collect();
            let items = if is_flattened { elements } else { &nested };
            let read = items.iter().filter_map(|element| value(service, item, &[*element], form));
            Some(Value::array(read.collect()))
        }
        Kind::Map { key, value: item } => {
            let nested: Vec<&Element> = first.children.iter().collect();
            let entries = if is_flattened { elements } else { &nested };
            let key_name = key.traits.name.as_deref().unwrap_or("key");
            let value_name = item.traits.name.as_deref().unwrap_or("value");
            let read = entries.iter().filter_map(|entry| {
                let key = entry.child(key_name)?.text.clone();
                Some((key, value(service, item, &[entry.child(value_name)?], form)?))
            });
            Some(Value::object(read))
        }
        Kind::Boolean => Some(Value::Bool(first.text.trim() == "true")),
        _ => json::scalar(service, reference, &Value::from(first.text.as_str()), form),
    }
}

fn member_name<'a>(service: &'a Service, reference: &'a Reference, otherwise: &'a str) -> &'a str {
    if reference.traits.is_flattened
        && let Kind::List(item) = &service.target(reference).kind
        && let Some(name) = &item.traits.name
    {
        return name;
    }
    reference.traits.name.as_deref().unwrap_or(otherwise)
}

/// An error for a body that is no XML.
fn malformed(reason: &str) -> DecodeError {
    DecodeError { reason: reason.to_owned() }
}
