//! The HTTP client that all operations share.

use crate::credentials::{Credentials, CredentialsSource};
use crate::endpoints::{Endpoint, Endpoints};
use crate::error::{CallError, TransportError, TransportKind};
use crate::read_only;
use crate::sigv4::{self, Scope, Signable};
use crate::transport::{Answer, Transport, TransportConfig};
use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// How a client calls.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// Where the services are.
    pub endpoints: Endpoints,
    /// Who signs.
    pub credentials: CredentialsSource,
    /// Whether services without a configured endpoint are called at AWS.
    pub calls_aws: bool,
    /// Whether calls that would write to an account at AWS are refused.
    pub only_reads_aws: bool,
    /// How long making a connection may take.
    pub connect_timeout: Duration,
    /// How long the whole call may take; a Lambda function may run for 15 minutes.
    pub call_timeout: Duration,
    /// How long an operation of any other service may take, each attempt of it.
    pub attempt_timeout: Duration,
    /// How often an operation is sent at most.
    pub max_attempts: u32,
    /// Bytes of a response body; a larger one is [`CallError::TooLarge`].
    pub max_response: usize,
    /// Idle connections kept per host.
    pub max_idle_per_host: usize,
    /// A file of certificates to trust in place of the system's.
    pub ca_bundle: Option<PathBuf>,
}

impl ClientConfig {
    /// Configured endpoints only; 5 s to connect, 16 minutes for a function to answer, 70 s for anything else, three
    /// attempts, 6 MiB of body with a little room, 64 idle connections.
    pub fn new(endpoints: Endpoints, credentials: impl Into<CredentialsSource>) -> ClientConfig {
        ClientConfig {
            endpoints,
            credentials: credentials.into(),
            calls_aws: false,
            only_reads_aws: false,
            connect_timeout: Duration::from_secs(5),
            call_timeout: Duration::from_secs(16 * 60),
            attempt_timeout: Duration::from_secs(70),
            max_attempts: 3,
            max_response: 6 * 1024 * 1024 + 64 * 1024,
            max_idle_per_host: 64,
            ca_bundle: None,
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
    transport: Arc<Transport>,
}

/// A call of an operation.
pub(crate) struct Call<'a> {
    /// The service as signatures and endpoints name it.
    pub(crate) service: &'static str,
    /// `Invoke`
    pub(crate) operation: &'a str,
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

/// A request that only lacks its signature.
pub(crate) struct Unsigned<'a> {
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) method: &'a str,
    /// Percent-encoded, from the slash on, without the endpoint's own.
    pub(crate) path: &'a str,
    /// Names and values, encoded.
    pub(crate) query: &'a [(String, String)],
    /// Lower-case names.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
    /// Whose signature it gets; none where the operation takes none.
    pub(crate) signer: Option<(&'a Credentials, Scope<'a>)>,
    /// Whether the body is left out of the signature.
    pub(crate) has_unsigned_payload: bool,
}

impl Client {
    /// A client that has not connected to anything yet.
    pub fn new(config: ClientConfig) -> Client {
        let transport = Transport::new(TransportConfig {
            connect_timeout: config.connect_timeout,
            max_idle_per_host: config.max_idle_per_host,
            ca_bundle: config.ca_bundle.clone(),
            certificates: None,
        });
        Client { inner: Arc::new(Inner { config, transport: Arc::new(transport) }) }
    }

    /// The same client with calls that these credentials sign. It shares the connections.
    pub fn with_credentials(&self, credentials: CredentialsSource) -> Client {
        self.with(ClientConfig { credentials, ..self.config().clone() })
    }

    /// The same client with every service at one endpoint. It shares the connections.
    pub fn with_endpoint(&self, endpoint: Endpoint) -> Client {
        self.with(ClientConfig {
            endpoints: Endpoints::none().with_default(endpoint),
            ..self.config().clone()
        })
    }

    /// The same client with every service at AWS. It shares the connections.
    pub fn at_aws(&self) -> Client {
        let credentials = self.config().credentials.for_aws();
        let endpoints = Endpoints::none();
        self.with(ClientConfig { endpoints, credentials, calls_aws: true, ..self.config().clone() })
    }

    /// The same client with nothing trusted but these certificates, in PEM. It has connections of its own.
    pub fn trusting(&self, certificates: Vec<u8>) -> Client {
        let config = self.config().clone();
        let transport = Transport::new(TransportConfig {
            connect_timeout: config.connect_timeout,
            max_idle_per_host: config.max_idle_per_host,
            ca_bundle: None,
            certificates: Some(certificates),
        });
        Client { inner: Arc::new(Inner { config, transport: Arc::new(transport) }) }
    }

    fn with(&self, config: ClientConfig) -> Client {
        Client { inner: Arc::new(Inner { config, transport: self.inner.transport.clone() }) }
    }

    /// Whether the service is called at AWS itself.
    pub fn calls_at_aws(&self, service: &str) -> bool {
        match self.config().endpoints.get(service) {
            Some(endpoint) => endpoint.is_aws(),
            None => self.config().calls_aws,
        }
    }

    /// Whether the service has an endpoint of its own.
    pub fn has_own_endpoint(&self, service: &str) -> bool {
        self.config().endpoints.has_own(service)
    }

    /// Whether an address of the service is configured, or it is called at AWS.
    pub fn reaches(&self, service: &str) -> bool {
        self.config().calls_aws || self.config().endpoints.get(service).is_some()
    }

    pub(crate) fn config(&self) -> &ClientConfig {
        &self.inner.config
    }

    pub(crate) fn transport(&self) -> &Transport {
        &self.inner.transport
    }

    pub(crate) async fn send(&self, call: Call<'_>) -> Result<Answer, CallError> {
        let config = self.config();
        let endpoint = self.endpoint_of(call.service, call.region)?;
        if config.only_reads_aws {
            let is_read = read_only::reads(call.service, call.operation);
            read_only::check(&endpoint, is_read, || format!("{}:{}", call.service, call.operation))?;
        }
        let credentials = config
            .credentials
            .get()
            .await
            .map_err(|error| CallError::NoCredentials { reason: error.reason })?;
        let unsigned = Unsigned {
            endpoint: &endpoint,
            method: call.method,
            path: &call.path,
            query: &call.query,
            headers: call.headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            body: call.body,
            signer: Some((&credentials, Scope { region: call.region, service: call.service })),
            has_unsigned_payload: false,
        };
        self.exchange(unsigned, config.call_timeout, config.max_response).await
    }

    /// Signs the request and sends it once.
    pub(crate) async fn exchange(
        &self,
        unsigned: Unsigned<'_>,
        timeout: Duration,
        limit: usize,
    ) -> Result<Answer, CallError> {
        let endpoint = unsigned.endpoint.clone();
        let request = signed(unsigned)?;
        let exchange = self.inner.transport.exchange(request, &endpoint, limit);
        tokio::time::timeout(timeout, exchange).await.unwrap_or_else(|_| {
            let reason = "Read timed out".to_owned();
            Err(CallError::Transport(TransportError { kind: TransportKind::TimedOut, reason }))
        })
    }

    pub(crate) fn endpoint_of(&self, service: &str, region: &str) -> Result<Endpoint, CallError> {
        let no_endpoint = || CallError::NoEndpoint { service: service.to_owned() };
        if let Some(endpoint) = self.config().endpoints.get(service) {
            return Ok(endpoint.clone());
        }
        let name = if service == "logs" { "cloudwatchlogs" } else { service };
        let model = self.config().calls_aws.then(|| crate::model::service(name)).flatten();
        let model = model.ok_or_else(no_endpoint)?;
        crate::place::usual(&model, region).ok_or_else(no_endpoint)
    }
}

fn signed(unsigned: Unsigned<'_>) -> Result<Request<Full<Bytes>>, CallError> {
    let endpoint = unsigned.endpoint;
    let path = format!("{}{}", endpoint.base_path, unsigned.path);
    let mut headers = unsigned.headers;
    headers.push(("host".to_owned(), endpoint.authority.clone()));
    let added = unsigned.signer.map(|(credentials, scope)| {
        let borrowed: Vec<(&str, String)> =
            headers.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        let signable = Signable {
            method: unsigned.method,
            path: &path,
            query: unsigned.query,
            headers: &borrowed,
            body: &unsigned.body,
            has_unsigned_payload: unsigned.has_unsigned_payload,
        };
        sigv4::sign(&signable, &scope, credentials, SystemTime::now())
    });
    let query = unsigned.query.iter().map(|(name, value)| format!("{name}={value}"));
    let query = query.collect::<Vec<_>>().join("&");
    let question = if query.is_empty() { "" } else { "?" };
    let scheme = if endpoint.is_tls { "https" } else { "http" };
    let uri = format!("{scheme}://{}{path}{question}{query}", endpoint.authority);
    let request = Request::builder().method(unsigned.method).uri(uri);
    let request = headers.into_iter().fold(request, |request, (name, value)| request.header(name, value));
    let added = added.into_iter().flatten();
    added
        .fold(request, |request, (name, value)| request.header(name, value))
        .body(Full::new(unsigned.body))
        .map_err(|error| CallError::Unsendable { reason: error.to_string() })
}
