//! From an operation's input to the HTTP request that says it, in each protocol of AWS.

mod cbor;
mod input;
mod json;
mod query;
mod rest;
mod scalar;
mod xml;

pub use input::InputError;

use crate::model::{Operation, Protocol, Service};
use ::json::Value;
use bytes::Bytes;

/// A request before it has an address, a checksum and a signature.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HttpRequest {
    /// `POST`
    pub method: String,
    /// What goes before the host of the service.
    pub host_prefix: Option<String>,
    /// Percent-encoded, from the slash on.
    pub path: String,
    /// Names and values, not encoded. A name without a value has an empty one.
    pub query: Vec<(String, String)>,
    /// Names as the model spells them.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

/// The request of an operation. Members may have the model's names or those of SDK integrations; what is null is not there.
/// `streamed` is the payload of an operation whose payload is bytes, in place of the member.
pub fn request(
    service: &Service,
    operation: &Operation,
    input: &Value,
    streamed: Option<Bytes>,
) -> Result<HttpRequest, InputError> {
    let mut request = match service.protocol {
        Protocol::Json => json::request(service, operation, input)?,
        Protocol::RestJson => rest::request(service, operation, input, streamed, rest::Body::Json)?,
        Protocol::RestXml => rest::request(service, operation, input, streamed, rest::Body::Xml)?,
        Protocol::Query | Protocol::Ec2 => query::request(service, operation, input)?,
        Protocol::Cbor => cbor::request(service, operation, input)?,
    };
    request.host_prefix = input::host_prefix(service, operation, input)?;
    Ok(request)
}
