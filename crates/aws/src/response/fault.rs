//! The error that a service answers with.

use super::{HttpAnswer, cbor, output::header, xml};
use crate::model::{Operation, Protocol, Service};
use ::model::sdk_names::pascal;
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
    /// The error's shape, where the service's model knows the code: `NoSuchBucket`.
    pub shape: Option<Arc<str>>,
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
    fault.shape = fault.code.as_deref().and_then(|code| shape(service, code));
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

/// The error of any of the service's operations that has that code. Which of them lists it makes no difference to AWS's SDKs.
fn shape(service: &Service, code: &str) -> Option<Arc<str>> {
    let is_it = |known: &str, name: &str| known == code || name == code;
    let found = service
        .shapes
        .iter()
        .find(|shape| shape.error_code.as_deref().is_some_and(|known| is_it(known, &shape.name)));
    found.map(|shape| shape.name.clone())
}

impl Fault {
    /// What the service would answer to somebody who may not do what they ask for.
    ///
    /// AWS: documented statuses and codes, by protocol.
    pub fn denied(service: &Service, message: String, request_id: String) -> Fault {
        let (status, code) = match (service.protocol, &*service.name) {
            (Protocol::Json | Protocol::Cbor, "sqs") => (403, "AccessDenied"),
            (Protocol::Json | Protocol::Cbor, _) => (400, "AccessDeniedException"),
            (Protocol::RestJson, _) => (403, "AccessDeniedException"),
            (Protocol::Query, "sns") => (403, "AuthorizationError"),
            (Protocol::Query | Protocol::RestXml, _) => (403, "AccessDenied"),
            (Protocol::Ec2, _) => (403, "UnauthorizedOperation"),
        };
        Fault {
            status,
            code: Some(code.to_owned()),
            message: Some(message),
            request_id: Some(request_id),
            shape: shape(service, code),
            attempts: 1,
            ..Fault::default()
        }
    }

    /// The class that AWS's SDK for Java 2 has for it: `NoSuchBucketException`, `KmsDisabledException`.
    pub fn exception(&self) -> Option<String> {
        let name = pascal(self.shape.as_deref()?);
        Some(with_suffix(name.strip_suffix("Fault").unwrap_or(&name)))
    }

    /// The class that AWS's SDK for Java 1 has for it: `NotFoundException`, `KMSDisabledException`.
    pub fn exception_of_first_sdk(&self) -> Option<String> {
        let name = self.shape.as_deref()?;
        Some(with_suffix(name.strip_suffix("Fault").unwrap_or(name)))
    }

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

fn with_suffix(name: &str) -> String {
    if name.ends_with("Exception") { name.to_owned() } else { format!("{name}Exception") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_named_as_in_each_sdk() {
        let fault = |shape: &str| Fault { shape: Some(shape.into()), ..Fault::default() };
        let both = |shape| {
            let fault = fault(shape);
            (fault.exception().unwrap(), fault.exception_of_first_sdk().unwrap())
        };
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(both("NoSuchBucket"), pair("NoSuchBucketException", "NoSuchBucketException"));
        assert_eq!(both("KMSDisabledException"), pair("KmsDisabledException", "KMSDisabledException"));
        assert_eq!(
            both("DBInstanceNotFoundFault"),
            pair("DbInstanceNotFoundException", "DBInstanceNotFoundException")
        );
        assert_eq!(Fault::default().exception(), None);
    }

    #[test]
    fn throttling_is_told_by_code_and_status() {
        let is = |code: &str, status| {
            Fault { code: Some(code.into()), status, ..Fault::default() }.is_throttling()
        };
        assert!(is("ThrottlingException", 400) && is("SlowDown", 503) && is("Other", 429));
        assert!(!is("LimitExceededException", 400) && !is("ValidationException", 400));
    }
}
