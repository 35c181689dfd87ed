//! Requests to any address, as they are: not signed, sent once, redirections not followed.

use crate::client::Client;
use crate::endpoints::Endpoint;
use crate::error::{CallError, TransportError, TransportKind};
use crate::read_only;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, StatusCode, Uri};
use http_body_util::Full;
use std::time::Duration;

/// A request.
#[derive(Clone, Debug)]
pub struct WebRequest<'a> {
    /// `GET`
    pub method: &'a str,
    /// `https://HOST[:PORT][/PATH][?QUERY]`, encoded; `http` too.
    pub url: &'a str,
    /// Names and values, in their order.
    pub headers: &'a [(String, String)],
    /// The body; empty where there is none.
    pub body: Bytes,
    /// How long it may take, the answer's body included.
    pub timeout: Duration,
    /// Bytes of the answer's body at most.
    pub limit: usize,
}

/// An answer, whatever its status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebAnswer {
    /// The status.
    pub status: u16,
    /// What the status is called: `OK`.
    pub reason: String,
    /// Names, in lower case, and values, in their order. Bytes that are no text are replaced.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

impl Client {
    /// Sends a request to any address.
    pub async fn fetch(&self, request: WebRequest<'_>) -> Result<WebAnswer, CallError> {
        let unsendable = |reason: String| CallError::Unsendable { reason };
        let uri: Uri = request.url.parse().map_err(|_| unsendable(format!("{:?} is no URL", request.url)))?;
        let is_tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(unsendable(format!("{:?} is no URL of the form https://HOST", request.url))),
        };
        let authority = uri.authority().map(ToString::to_string).unwrap_or_default();
        let endpoint = Endpoint { authority, base_path: String::new(), is_tls };
        if self.config().only_reads_aws {
            let is_read = read_only::reads_by_method(request.method);
            read_only::check(&endpoint, is_read, || format!("{} {}", request.method, uri.path()))?;
        }
        let mut sent = Request::new(Full::new(request.body));
        *sent.method_mut() =
            request.method.parse().map_err(|_| unsendable(format!("{:?} is no method", request.method)))?;
        *sent.uri_mut() = uri;
        for (name, value) in request.headers {
            let parsed = (HeaderName::try_from(name.as_str()), HeaderValue::try_from(value.as_str()));
            let (Ok(name), Ok(value)) = parsed else {
                return Err(unsendable(format!("the header {name:?} cannot be sent")));
            };
            sent.headers_mut().append(name, value);
        }
        let exchange = self.transport().exchange(sent, &endpoint, request.limit);
        let answer = tokio::time::timeout(request.timeout, exchange).await.unwrap_or_else(|_| {
            let reason = "Read timed out".to_owned();
            Err(CallError::Transport(TransportError { kind: TransportKind::TimedOut, reason }))
        })?;
        let reason = StatusCode::from_u16(answer.status).ok().and_then(|status| status.canonical_reason());
        let headers = answer.headers.iter().map(|(name, value)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        });
        Ok(WebAnswer {
            status: answer.status,
            reason: reason.unwrap_or_default().to_owned(),
            headers: headers.collect(),
            body: answer.body,
        })
    }
}
