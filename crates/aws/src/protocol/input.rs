//! Members of an input, found by their names.

use super::scalar;
use crate::model::{Kind, Member, Operation, Reference, Service, Structure};
use json::Value;
use std::fmt;

/// What is wrong with an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InputError {
    /// The operation takes no such member.
    Unknown {
        /// The name as given.
        member: String,
    },
    /// A member has a value that it cannot have.
    Invalid {
        /// The name as given.
        member: String,
        /// What it has to be: `a STRING`.
        expected: &'static str,
    },
    /// A member that is part of the address is missing.
    Missing {
        /// The name in SDK integrations.
        member: String,
    },
}

/// In Step Functions' words.
impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InputError::Unknown { member } => {
                write!(f, "The field \"{member}\" is not supported by Step Functions")
            }
            InputError::Invalid { member, expected } => {
                write!(f, "The value for the field '{member}' must be {expected}")
            }
            InputError::Missing { member } => write!(f, "The field '{member}' is required but was missing"),
        }
    }
}

impl std::error::Error for InputError {}

impl InputError {
    /// The error of a value whose member only its holder knows.
    pub(super) fn unexpected(expected: &'static str) -> InputError {
        InputError::Invalid { member: String::new(), expected }
    }

    /// Names the member, where it has no name yet.
    pub(super) fn in_member(self, name: &str) -> InputError {
        match self {
            InputError::Invalid { member, expected } if member.is_empty() => {
                InputError::Invalid { member: name.to_owned(), expected }
            }
            named => named,
        }
    }
}

/// The members that a value gives to a structure, in the value's order and without those that are null.
pub(super) fn members<'a>(
    structure: &'a Structure,
    value: &'a Value,
) -> Result<Vec<(&'a Member, &'a Value)>, InputError> {
    if let Value::String(_) = value
        && let Some(text) = attribute_text(structure)
    {
        return Ok(vec![(text, value)]);
    }
    let object = value.as_object().ok_or(InputError::unexpected("an OBJECT"))?;
    let given = object.iter().filter(|(_, value)| !value.is_null());
    given
        .map(|(name, value)| {
            let member =
                find(structure, name).ok_or_else(|| InputError::Unknown { member: name.to_string() })?;
            Ok((member, value))
        })
        .collect()
}

/// The member `S` of DynamoDB's `AttributeValue`, for which a text alone may stand.
// AWS: unconfirmed, chosen because published workflows write `"id.$": "$$.Execution.Id"` for an attribute, and the SDK
// that AWS calls DynamoDB with makes an AttributeValue of a text.
fn attribute_text(structure: &Structure) -> Option<&Member> {
    let member = |name: &str| structure.members.iter().find(|member| &*member.name == name);
    let is_attribute = ["N", "SS", "NS", "BS", "NULL", "BOOL"].iter().all(|name| member(name).is_some());
    member("S").filter(|_| is_attribute)
}

/// The members that a value gives to an operation's input.
pub(super) fn of_operation<'a>(
    service: &'a Service,
    operation: &'a Operation,
    input: &'a Value,
) -> Result<Vec<(&'a Member, &'a Value)>, InputError> {
    match operation.input.as_ref().map(|reference| &service.target(reference).kind) {
        Some(Kind::Structure(structure)) => members(structure, input),
        _ => members(&Structure { members: Vec::new(), is_union: false }, input).map(|_| Vec::new()),
    }
}

fn find<'a>(structure: &'a Structure, name: &str) -> Option<&'a Member> {
    let by_sdk_name = structure.members.iter().find(|member| &*member.sdk_name == name);
    by_sdk_name.or_else(|| {
        // AWS: documented: members begin with a capital whatever the service's own names do.
        let is_it =
            |member: &&Member| &*member.name == name || ::model::sdk_names::capitalised(&member.name) == name;
        structure.members.iter().find(is_it)
    })
}

/// What an operation puts before its service's host.
pub(super) fn host_prefix(
    service: &Service,
    operation: &Operation,
    input: &Value,
) -> Result<Option<String>, InputError> {
    let Some(template) = &operation.host_prefix else { return Ok(None) };
    let mut prefix = template.to_string();
    for member in operation.input.iter().flat_map(|input| service.members(input.shape)) {
        if !member.target.traits.is_host_label {
            continue;
        }
        let missing = || InputError::Missing { member: member.sdk_name.to_string() };
        let value = input.get(&member.sdk_name).or_else(|| input.get(&member.name)).ok_or_else(missing)?;
        let label = scalar::text(value);
        let is_label =
            !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'));
        if !is_label {
            let member = member.sdk_name.to_string();
            return Err(InputError::Invalid { member, expected: "part of a host name" });
        }
        prefix = prefix.replace(&format!("{{{}}}", member.name), &label);
    }
    Ok(Some(prefix))
}

/// What a list holds, without nulls.
pub(super) fn items(value: &Value) -> Result<impl Iterator<Item = &Value>, InputError> {
    let items = value.as_array().ok_or(InputError::unexpected("an ARRAY"))?;
    Ok(items.iter().filter(|item| !item.is_null()))
}

/// What a map holds, without nulls.
pub(super) fn entries(value: &Value) -> Result<Vec<(&str, &Value)>, InputError> {
    let object = value.as_object().ok_or(InputError::unexpected("an OBJECT"))?;
    Ok(object.iter().filter(|(_, value)| !value.is_null()).map(|(key, value)| (&**key, value)).collect())
}

/// The name that the model gives the member on the wire.
pub(super) fn wire_name(member: &Member) -> &str {
    member.target.traits.name.as_deref().unwrap_or(&member.name)
}

/// The name that the model gives what a reference names, or else the other.
pub(super) fn name_or<'a>(reference: &'a Reference, other: &'a str) -> &'a str {
    reference.traits.name.as_deref().unwrap_or(other)
}
