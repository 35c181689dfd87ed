//! Why a call failed, told apart as an SDK tells it apart: the service said no, or no answer came.

use json::Value;
use std::fmt;

/// Why a call has no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// No address is configured for the service.
    #[error("no endpoint is configured for the service {service}")]
    NoEndpoint {
        /// The service: `lambda`.
        service: String,
    },
    /// It would write to an account at AWS, where the client only reads.
    #[error("{call} would write to the AWS account at {host}, which is only read")]
    ReadOnly {
        /// `dynamodb:PutItem`
        call: String,
        /// The host that it would have gone to.
        host: String,
    },
    /// Nobody is there to sign.
    #[error("Unable to load credentials from any of the providers in the chain: {reason}")]
    NoCredentials {
        /// Where they were looked for.
        reason: String,
    },
    /// The request cannot be written as HTTP.
    #[error("Unable to build the HTTP request: {reason}")]
    Unsendable {
        /// What is wrong with it.
        reason: String,
    },
    /// The service answered with an error.
    #[error(transparent)]
    Service(ServiceError),
    /// No answer came.
    #[error(transparent)]
    Transport(TransportError),
    /// The answer is larger than the client takes; the service did do its work.
    #[error("the response is larger than {limit} bytes")]
    TooLarge {
        /// Bytes that the client takes.
        limit: usize,
    },
}

/// An error that the service answered with. `Display` is the text that an AWS SDK for Java 1 gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceError {
    /// The service as SDK texts name it: `AWSLambda`.
    pub service: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// The error's code without namespace: `ResourceNotFoundException`.
    pub code: Option<String>,
    /// What the service said.
    pub message: Option<String>,
    /// The id of the request.
    pub request_id: Option<String>,
}

/// How the answer was missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransportKind {
    /// The host's name has no address.
    Dns,
    /// Nobody listens, or the way there is barred: the service has not seen the call.
    Connect,
    /// The connection was made and the answer did not come back: the service may have done the work.
    Lost,
    /// The answer did not come within the client's limit: the service may have done the work.
    TimedOut,
}

/// A call without an answer. `Display` is in an SDK's words: `Unable to execute HTTP request: …`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransportError {
    /// What happened.
    pub kind: TransportKind,
    /// The part after the colon.
    pub reason: String,
}

impl ServiceError {
    /// Reads what a JSON service says in its headers and its body; both may be anything.
    pub(crate) fn read(
        service: &'static str,
        status: u16,
        header: impl Fn(&str) -> Option<String>,
        body: &[u8],
    ) -> ServiceError {
        let body = std::str::from_utf8(body).ok().and_then(|text| json::parse(text).ok()).unwrap_or_default();
        let member = |names: &[&str]| {
            names.iter().find_map(|name| body.get(name).and_then(Value::as_str)).map(str::to_owned)
        };
        let code = header("x-amzn-errortype").or_else(|| member(&["__type", "code", "Code"]));
        ServiceError {
            service,
            status,
            code: code.map(|code| bare_code(&code).to_owned()).filter(|code| !code.is_empty()),
            message: member(&["message", "Message", "errorMessage"]),
            request_id: header("x-amzn-requestid").or_else(|| header("x-amz-request-id")),
        }
    }
}

/// `com.amazonaws.lambda#ServiceException:http://…` without namespace and documentation link.
fn bare_code(code: &str) -> &str {
    let code = code.split(':').next().unwrap_or_default();
    code.rsplit('#').next().unwrap_or_default().trim()
}

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let or_null = |text: &Option<String>| text.clone().unwrap_or_else(|| "null".to_owned());
        let (message, code, id) = (or_null(&self.message), or_null(&self.code), or_null(&self.request_id));
        let (service, status) = (self.service, self.status);
        write!(
            f,
            "{message} (Service: {service}; Status Code: {status}; Error Code: {code}; Request ID: {id}; Proxy: null)"
        )
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Unable to execute HTTP request: {}", self.reason)
    }
}

impl std::error::Error for ServiceError {}
impl std::error::Error for TransportError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(header: Option<&str>, body: &str) -> ServiceError {
        let header = header.map(str::to_owned);
        let find = |name: &str| header.clone().filter(|_| name == "x-amzn-errortype");
        ServiceError::read("AWSLambda", 500, find, body.as_bytes())
    }

    #[test]
    fn the_code_is_found_in_header_or_body() {
        let code = |header, body| read(header, body).code;
        assert_eq!(code(Some("A:http://x/"), "{}").as_deref(), Some("A"));
        assert_eq!(code(None, r#"{"__type":"com.amazonaws#B"}"#).as_deref(), Some("B"));
        assert_eq!(code(Some("C"), r#"{"__type":"D"}"#).as_deref(), Some("C"));
        assert_eq!(code(None, "<html>502</html>"), None);
    }

    #[test]
    fn the_text_is_the_sdks_and_says_null_for_what_is_missing() {
        let shown = read(None, r#"{"Message":"No."}"#).to_string();
        assert_eq!(
            shown,
            "No. (Service: AWSLambda; Status Code: 500; Error Code: null; Request ID: null; Proxy: null)"
        );
    }
}
