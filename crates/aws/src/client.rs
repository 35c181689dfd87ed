//! The HTTP client that all operations share.

use crate::credentials::Credentials;
use crate::endpoints::{Endpoint, Endpoints};
use crate::error::{CallError, TransportError, TransportKind};
use crate::sigv4::{self, Scope, Signable};
use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper_util::client::legacy::{self, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// How a client calls.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// Where the services are.
    pub endpoints: Endpoints,
    /// Who signs.
    pub credentials: Credentials,
    /// How long making a connection may take.
    pub connect_timeout: Duration,
    /// How long the whole call may take; a Lambda function may run for 15 minutes.
    pub call_timeout: Duration,
    /// Bytes of a response body; a larger one is [`CallError::TooLarge`].
    pub max_response: usize,
    /// Idle connections kept per host.
    pub max_idle_per_host: usize,
}

impl ClientConfig {
    /// 5 s to connect, 16 minutes to answer, 6 MiB of body with a little room, 64 idle connections.
    pub fn new(endpoints: Endpoints, credentials: Credentials) -> ClientConfig {
        ClientConfig {
            endpoints,
            credentials,
            connect_timeout: Duration::from_secs(5),
            call_timeout: Duration::from_secs(16 * 60),
            max_response: 6 * 1024 * 1024 + 64 * 1024,
            max_idle_per_host: 64,
        }
    }
}

/// A client with its connections. Clones share them.
#[derive(Clone, Debug)]
pub struct Client {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    config: ClientConfig,
    http: legacy::Client<HttpConnector, Full<Bytes>>,
}

/// A call of an operation.
pub(crate) struct Call<'a> {
    /// The service as signatures and endpoints name it.
    pub(crate) service: &'static str,
    pub(crate) region: &'a str,
    pub(crate) method: &'static str,
    /// Percent-encoded, from the slash on.
    pub(crate) path: String,
    /// Names and values, encoded.
    pub(crate) query: Vec<(String, String)>,
    /// Lower-case names.
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Bytes,
}

/// What the service answered, whatever its status.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Client {
    /// A client that has not connected to anything yet.
    pub fn new(config: ClientConfig) -> Client {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(config.connect_timeout));
        let http = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(30))
            .pool_max_idle_per_host(config.max_idle_per_host)
            .build(connector);
        Client { inner: Arc::new(Inner { config, http }) }
    }

    /// Whether an address is configured for the service.
    pub fn reaches(&self, service: &str) -> bool {
        self.inner.config.endpoints.get(service).is_some()
    }

    pub(crate) async fn send(&self, call: Call<'_>) -> Result<Answer, CallError> {
        let config = &self.inner.config;
        let no_endpoint = || CallError::NoEndpoint { service: call.service.to_owned() };
        let endpoint = config.endpoints.get(call.service).ok_or_else(no_endpoint)?;
        let request = signed(&call, endpoint, &config.credentials)?;
        let exchange = self.exchange(request, endpoint);
        tokio::time::timeout(config.call_timeout, exchange).await.unwrap_or_else(|_| {
            let reason = "Read timed out".to_owned();
            Err(CallError::Transport(TransportError { kind: TransportKind::TimedOut, reason }))
        })
    }

    async fn exchange(
        &self,
        request: Request<Full<Bytes>>,
        endpoint: &Endpoint,
    ) -> Result<Answer, CallError> {
        let limit = self.inner.config.max_response;
        let sent = self.inner.http.request(request).await;
        let response = sent.map_err(|error| CallError::Transport(no_answer(&error, endpoint)))?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, limit).collect().await.map_err(|error| {
            if error.is::<LengthLimitError>() {
                return CallError::TooLarge { limit };
            }
            let reason = "Connection reset".to_owned();
            CallError::Transport(TransportError { kind: TransportKind::Lost, reason })
        })?;
        Ok(Answer { status: head.status.as_u16(), headers: head.headers, body: body.to_bytes() })
    }
}

fn signed(
    call: &Call<'_>,
    endpoint: &Endpoint,
    credentials: &Credentials,
) -> Result<Request<Full<Bytes>>, CallError> {
    let path = format!("{}{}", endpoint.base_path, call.path);
    let mut headers = call.headers.clone();
    headers.push(("host", endpoint.authority.clone()));
    let signable = Signable {
        method: call.method,
        path: &path,
        query: &call.query,
        headers: &headers,
        body: &call.body,
    };
    let scope = Scope { region: call.region, service: call.service };
    let added = sigv4::sign(&signable, &scope, credentials, SystemTime::now());
    let query =
        call.query.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&");
    let question = if query.is_empty() { "" } else { "?" };
    let uri = format!("http://{}{path}{question}{query}", endpoint.authority);
    let request = Request::builder().method(call.method).uri(uri);
    headers
        .into_iter()
        .chain(added)
        .fold(request, |request, (name, value)| request.header(name, value))
        .body(Full::new(call.body.clone()))
        .map_err(|error| CallError::Unsendable { reason: error.to_string() })
}

/// What went wrong before the head of an answer was there.
fn no_answer(error: &legacy::Error, endpoint: &Endpoint) -> TransportError {
    let authority = &endpoint.authority;
    let failed = |kind, reason| TransportError { kind, reason };
    if !error.is_connect() {
        return failed(TransportKind::Lost, format!("{authority} failed to respond"));
    }
    let chain = || std::iter::successors(error.source(), next_cause);
    // The connector's own error type is private; this is its text for a failed look-up.
    if chain().any(|error| error.to_string().starts_with("dns error")) {
        // AWS: recorded text, services/sqs_task_service, a QueueUrl that is no URL.
        return failed(TransportKind::Dns, format!("{}: Name or service not known", endpoint.host()));
    }
    let kind = chain().find_map(|error| error.downcast_ref::<io::Error>()).map(io::Error::kind);
    let why = match kind {
        Some(io::ErrorKind::ConnectionRefused) => "Connection refused (Connection refused)",
        Some(io::ErrorKind::TimedOut) => "connect timed out",
        Some(_) | None => "No route to host",
    };
    failed(TransportKind::Connect, format!("Connect to {authority} failed: {why}"))
}

fn next_cause<'a>(error: &&'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    (*error).source()
}
