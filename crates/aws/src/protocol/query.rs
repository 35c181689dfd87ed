//! The query protocol and EC2's variant of it: a form.

use super::input::{entries, items, members, of_operation};
use super::{HttpRequest, InputError, scalar};
use crate::model::{Kind, Member, Operation, Protocol, Reference, Service, TimestampFormat};
use crate::sigv4::encode;
use bytes::Bytes;
use json::Value;

pub(super) fn request(
    service: &Service,
    operation: &Operation,
    input: &Value,
) -> Result<HttpRequest, InputError> {
    let mut form = Form { service, is_ec2: service.protocol == Protocol::Ec2, fields: Vec::new() };
    form.fields.push(("Action".to_owned(), operation.name.to_string()));
    form.fields.push(("Version".to_owned(), service.api_version.to_string()));
    form.structure("", &of_operation(service, operation, input)?)?;
    let fields = form.fields.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value)));
    let content_type = "application/x-www-form-urlencoded; charset=utf-8";
    Ok(HttpRequest {
        method: operation.method.to_string(),
        path: "/".to_owned(),
        headers: vec![("Content-Type".to_owned(), content_type.to_owned())],
        body: Bytes::from(fields.collect::<Vec<_>>().join("&")),
        ..HttpRequest::default()
    })
}

struct Form<'a> {
    service: &'a Service,
    is_ec2: bool,
    fields: Vec<(String, String)>,
}

impl Form<'_> {
    fn structure(&mut self, prefix: &str, given: &[(&Member, &Value)]) -> Result<(), InputError> {
        for (member, given) in given {
            let name = self.name(&member.target, &member.name);
            let name = if prefix.is_empty() { name } else { format!("{prefix}.{name}") };
            self.value(&name, &member.target, given).map_err(|error| error.in_member(&member.sdk_name))?;
        }
        Ok(())
    }

    fn value(&mut self, name: &str, reference: &Reference, given: &Value) -> Result<(), InputError> {
        match &self.service.target(reference).kind {
            Kind::Structure(structure) => self.structure(name, &members(structure, given)?),
            Kind::List(item) => self.list(name, reference, item, given),
            Kind::Map { key, value } => self.map(name, reference, (key, value), given),
            kind => {
                let text = scalar::scalar_text(kind, given, reference, TimestampFormat::Iso8601)?;
                self.fields.push((name.to_owned(), text));
                Ok(())
            }
        }
    }

    fn list(
        &mut self,
        name: &str,
        reference: &Reference,
        item: &Reference,
        given: &Value,
    ) -> Result<(), InputError> {
        let mut given = items(given)?.peekable();
        let prefix = if self.is_ec2 {
            name.to_owned()
        } else if given.peek().is_none() {
            self.fields.push((name.to_owned(), String::new()));
            return Ok(());
        } else if reference.traits.is_flattened {
            match &item.traits.name {
                // The item's name takes the place of the list's.
                Some(item) => match name.rsplit_once('.') {
                    Some((outer, _)) => format!("{outer}.{item}"),
                    None => item.to_string(),
                },
                None => name.to_owned(),
            }
        } else {
            format!("{name}.{}", item.traits.name.as_deref().unwrap_or("member"))
        };
        for (given, number) in given.zip(1..) {
            self.value(&format!("{prefix}.{number}"), item, given)?;
        }
        Ok(())
    }

    fn map(
        &mut self,
        name: &str,
        reference: &Reference,
        (key, value): (&Reference, &Reference),
        given: &Value,
    ) -> Result<(), InputError> {
        let prefix = if reference.traits.is_flattened { name.to_owned() } else { format!("{name}.entry") };
        let (key_name, value_name) = (self.name(key, "key"), self.name(value, "value"));
        for ((given_key, given), number) in entries(given)?.into_iter().zip(1..) {
            self.fields.push((format!("{prefix}.{number}.{key_name}"), given_key.to_owned()));
            self.value(&format!("{prefix}.{number}.{value_name}"), value, given)?;
        }
        Ok(())
    }

    fn name(&self, reference: &Reference, otherwise: &str) -> String {
        let traits = &reference.traits;
        match (&traits.query_name, &traits.name) {
            (Some(name), _) if self.is_ec2 => name.to_string(),
            (_, Some(name)) if self.is_ec2 => ::model::sdk_names::capitalised(name),
            (_, Some(name)) => name.to_string(),
            (_, None) => otherwise.to_owned(),
        }
    }
}
