//! The error that a service answers with.

use super::{HttpAnswer, cbor, output::header, xml};
use crate::model::{Operation, Protocol, Service};
use crate::names::pascal;
use json::Value;
use std::sync::Arc;

/// An error that a service answered with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fault {
    /// The HTTP status.
    pub status: u16,
    /// The error's code without namespace: `ResourceNotFoundException`, `NoSuchBucket`.
    pub code: Option<String>,
    /// The code of the protocol that the service spoke before, where it says so: `AWS.SimpleQueueService.NonExistentQueue`.
    pub query_code: Option<String>,
    /// What the service said.
    pub message: Option<String>,
    /// The id of the request.
    pub request_id: Option<String>,
    /// S3's second id of the request.
    pub extended_request_id: Option<String>,
    /// The class that AWS's SDKs for Java have for it, where the service's model knows the code: `NoSuchBucketException`.
    pub exception: Option<Arc<str>>,
    /// How many times the request was sent.
    pub attempts: u32,
}

/// Whether an answer with a good status says that the request failed, as S3 does that began to answer too early.
pub(super) fn hides_in(service: &Service, answer: &HttpAnswer) -> bool {
    service.protocol == Protocol::RestXml
        && answer.body.len() < 4096
        && answer.body.windows(7).take(128).any(|window| window == b"<Error>")
        && xml::parse(&answer.body).is_ok_and(|root| root.is_named("Error"))
}

pub(super) fn read(service: &Service, operation: &Operation, answer: &HttpAnswer) -> Fault {
    let mut fault = match service.protocol {
        Protocol::Json | Protocol::RestJson | Protocol::Cbor => from_document(service, answer),
        Protocol::RestXml | Protocol::Query | Protocol::Ec2 => from_xml(answer),
    };
    fault.status = if (200..300).contains(&answer.status) { 500 } else { answer.status };
    fault.attempts = 1;
    let ids = ["x-amzn-requestid", "x-amz-request-id", "x-amzn-request-id"];
    let id = ids.into_iter().find_map(|name| header(&answer.headers, name));
    fault.request_id = fault.request_id.or(id);
    fault.extended_request_id = fault.extended_request_id.or_else(|| header(&answer.headers, "x-amz-id-2"));
    fault.query_code = header(&answer.headers, "x-amzn-query-error")
        .and_then(|text| text.split(';').next().map(str::to_owned))
        .filter(|code| !code.is_empty());
    // AWS's SDKs name what a HEAD request, whose answer has no body, did not find.
    if fault.code.is_none() && fault.status == 404 && &*operation.method == "HEAD" && &*service.name == "s3" {
        let code = if &*operation.name == "HeadBucket" { "NoSuchBucket" } else { "NoSuchKey" };
        fault.code = Some(code.to_owned());
    }
    fault.exception = fault.code.as_deref().and_then(|code| exception(service, code));
    fault
}

fn from_document(service: &Service, answer: &HttpAnswer) -> Fault {
    let body = match service.protocol {
        Protocol::Cbor => cbor::parse(&answer.body).unwrap_or_default(),
        _ => json::parse_bytes(&answer.body).unwrap_or_default(),
    };
    let member = |names: &[&str]| {
        names.iter().find_map(|name| body.get(name).and_then(Value::as_str)).map(str::to_owned)
    };
    let code = header(&answer.headers, "x-amzn-errortype").or_else(|| member(&["__type", "code", "Code"]));
    Fault {
        code: code.map(|code| bare(&code).to_owned()).filter(|code| !code.is_empty()),
        message: member(&["message", "Message", "errorMessage"]),
        ..Fault::default()
    }
}

fn from_xml(answer: &HttpAnswer) -> Fault {
    let Ok(root) = xml::parse(&answer.body) else { return Fault::default() };
    let errors = root.child("Errors").unwrap_or(&root);
    let error = errors.child("Error").unwrap_or(&root);
    let text = |element: &xml::Element, names: &[&str]| {
        let found = names.iter().find_map(|name| element.child(name));
        found.map(|element| element.text.trim().to_owned()).filter(|text| !text.is_empty())
    };
    let ids = ["RequestId", "RequestID"];
    Fault {
        code: text(error, &["Code"]),
        message: text(error, &["Message", "message"]),
        request_id: text(&root, &ids).or_else(|| text(error, &ids)),
        extended_request_id: text(error, &["HostId"]),
        ..Fault::default()
    }
}

/// `com.amazonaws.lambda#ServiceException:http://…` without namespace and documentation link.
fn bare(code: &str) -> &str {
    let code = code.split(':').next().unwrap_or_default();
    code.rsplit('#').next().unwrap_or_default().trim()
}

/// The class of an error that the service's model has under that code.
fn exception(service: &Service, code: &str) -> Option<Arc<str>> {
    let shape = service.shapes.iter().find(|shape| {
        shape.error_code.as_deref().is_some_and(|known| known == code || &*shape.name == code)
    })?;
    let name = pascal(&shape.name);
    let name = name.strip_suffix("Fault").unwrap_or(&name);
    Some(if name.ends_with("Exception") { Arc::from(name) } else { format!("{name}Exception").into() })
}

impl Fault {
    /// Whether the service asks for fewer requests.
    pub(crate) fn is_throttling(&self) -> bool {
        const CODES: &[&str] = &[
            "Throttling",
            "ThrottlingException",
            "ThrottledException",
            "RequestThrottledException",
            "RequestThrottled",
            "TooManyRequestsException",
            "ProvisionedThroughputExceededException",
            "TransactionInProgressException",
            "RequestLimitExceeded",
            "BandwidthLimitExceeded",
            "LimitExceededException",
            "PriorRequestNotComplete",
            "EC2ThrottledException",
            "SlowDown",
        ];
        // A limit that is no rate gives LimitExceededException too; only with 429 it is one.
        match self.code.as_deref() {
            Some("LimitExceededException") => self.status == 429,
            Some(code) => self.status == 429 || CODES.contains(&code),
            None => self.status == 429,
        }
    }
}
