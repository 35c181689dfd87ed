//! From an HTTP answer to an operation's output or to the error that it says.

mod cbor;
mod fault;
mod json;
mod output;
mod xml;

pub use fault::Fault;

use crate::model::{Operation, Protocol, Service};
use crate::moment::Moment;
use ::json::Value;
use bytes::Bytes;
use http::HeaderMap;

/// An answer as it came.
#[derive(Clone, Debug, Default)]
pub struct HttpAnswer {
    /// `200`
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// What an operation gave.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Output {
    /// The members that are there. Bytes stand as the text that they are in UTF-8.
    pub value: Value,
    /// The payload of an operation whose payload is bytes or text.
    pub streamed: Option<Bytes>,
    /// The HTTP status.
    pub status: u16,
    /// The headers of the answer.
    pub headers: HeaderMap,
    /// Bytes of its body; of one in JSON without the blanks that emulators put in and AWS does not.
    pub length: usize,
}

/// An answer that is not what its service's model says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Unable to unmarshall response ({reason})")]
pub struct DecodeError {
    /// What is wrong with it.
    pub reason: String,
}

/// How an output is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As the model names things; moments in ISO 8601.
    Model,
    /// As SDK integrations give it: names of AWS's SDK for Java 2, moments in ISO 8601.
    SdkIntegration,
    /// As optimised integrations give it: the model's names with a capital, moments in milliseconds since 1970.
    Optimised,
}

impl Form {
    fn name(self, member: &crate::model::Member) -> std::sync::Arc<str> {
        match self {
            Form::Model => member.name.clone(),
            Form::SdkIntegration => member.sdk_name.clone(),
            Form::Optimised if member.name.starts_with(|c: char| c.is_ascii_lowercase()) => {
                ::model::sdk_names::capitalised(&member.name).into()
            }
            Form::Optimised => member.name.clone(),
        }
    }

    fn moment(self, moment: Moment) -> Value {
        match self {
            Form::Model | Form::SdkIntegration => Value::from(moment.to_instant()),
            Form::Optimised => Value::from(moment.to_millis()),
        }
    }
}

/// Reads an answer: the output, or the error that the service gives.
pub fn read(
    service: &Service,
    operation: &Operation,
    answer: HttpAnswer,
    form: Form,
) -> Result<Result<Output, Fault>, DecodeError> {
    if !(200..300).contains(&answer.status) || fault::hides_in(service, &answer) {
        return Ok(Err(fault::read(service, operation, &answer)));
    }
    let (status, headers, length) = (answer.status, answer.headers.clone(), length(service, &answer));
    let output = output::read(service, operation, answer, form)?;
    Ok(Ok(Output { status, headers, length, ..output }))
}

fn length(service: &Service, answer: &HttpAnswer) -> usize {
    let compact = match service.protocol {
        Protocol::Json => ::json::parse_bytes(&answer.body).ok().map(|document| document.to_text().len()),
        _ => None,
    };
    compact.unwrap_or(answer.body.len())
}
