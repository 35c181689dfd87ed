//! HTTP with and without TLS: one request, one answer.

use crate::endpoints::Endpoint;
use crate::error::{CallError, TransportError, TransportKind};
use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::{self, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

type Connections<C> = legacy::Client<C, Full<Bytes>>;

/// How connections are made and kept.
#[derive(Clone, Debug)]
pub(crate) struct TransportConfig {
    pub(crate) connect_timeout: Duration,
    pub(crate) max_idle_per_host: usize,
    /// A file of certificates to trust in place of the system's.
    pub(crate) ca_bundle: Option<PathBuf>,
    /// Certificates to trust in place of both, in PEM.
    pub(crate) certificates: Option<Vec<u8>>,
}

/// The connections of a client.
#[derive(Debug)]
pub(crate) struct Transport {
    config: TransportConfig,
    plain: Connections<HttpConnector>,
    /// Made at the first call that needs it, because the system's certificates take milliseconds to read.
    tls: OnceLock<Result<Connections<HttpsConnector<HttpConnector>>, String>>,
}

/// What the service answered, whatever its status.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Transport {
    pub(crate) fn new(config: TransportConfig) -> Transport {
        let plain = builder(&config).build(connector(&config));
        Transport { config, plain, tls: OnceLock::new() }
    }

    /// Sends the request; an answer of more than `limit` bytes is refused.
    pub(crate) async fn exchange(
        &self,
        request: Request<Full<Bytes>>,
        endpoint: &Endpoint,
        limit: usize,
    ) -> Result<Answer, CallError> {
        let sent = if endpoint.is_tls {
            let tls = self.tls.get_or_init(|| tls_client(&self.config)).as_ref();
            let unusable = |reason: &String| {
                CallError::Transport(TransportError { kind: TransportKind::Connect, reason: reason.clone() })
            };
            tls.map_err(unusable)?.request(request).await
        } else {
            self.plain.request(request).await
        };
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

fn connector(config: &TransportConfig) -> HttpConnector {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    connector.enforce_http(false);
    connector.set_connect_timeout(Some(config.connect_timeout));
    connector
}

fn builder(config: &TransportConfig) -> legacy::Builder {
    let mut builder = legacy::Client::builder(TokioExecutor::new());
    builder
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(Duration::from_secs(30))
        .pool_max_idle_per_host(config.max_idle_per_host);
    builder
}

fn tls_client(config: &TransportConfig) -> Result<Connections<HttpsConnector<HttpConnector>>, String> {
    let mut roots = rustls::RootCertStore::empty();
    let (found, source) = match (&config.certificates, &config.ca_bundle) {
        (Some(pem), _) => {
            let read = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
            let read = read.map_err(|error| format!("the certificate authority cannot be read: {error}"))?;
            (read, "the certificate authority".to_owned())
        }
        (None, Some(path)) => {
            let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
            let shown = path.display();
            (
                read.map_err(|error| format!("the certificates of {shown} cannot be read: {error}"))?,
                format!("{shown}"),
            )
        }
        (None, None) => (rustls_native_certs::load_native_certs().certs, "the system".to_owned()),
    };
    roots.add_parsable_certificates(found);
    if roots.is_empty() {
        return Err(format!(
            "{source} has no certificates to trust; install ca-certificates, or name a file of them with AWS_CA_BUNDLE"
        ));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = HttpsConnectorBuilder::new()
        .with_tls_config(tls)
        .https_only()
        .enable_http1()
        .wrap_connector(connector(config));
    Ok(builder(config).build(connector))
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
    let inner = |error: &&(dyn Error + 'static)| {
        error.downcast_ref::<io::Error>().and_then(io::Error::get_ref).map(ToString::to_string)
    };
    if let Some(tls) = chain().find(|error| error.downcast_ref::<rustls::Error>().is_some()) {
        return failed(TransportKind::Connect, format!("{authority}: {tls}"));
    }
    if let Some(tls) = chain().find_map(|error| inner(&error)).filter(|_| endpoint.is_tls) {
        return failed(TransportKind::Connect, format!("{authority}: {tls}"));
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
