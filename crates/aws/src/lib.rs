//! Signed HTTP calls to AWS service endpoints.
//!
//! What it is: endpoints and credentials from explicit configuration ([`Endpoints`], [`Credentials`]), one pooled
//! HTTP/1.1 [`Client`] that signs with Signature Version 4, and errors told apart the way an AWS SDK tells them
//! apart ([`CallError`]). It speaks [`lambda::invoke`] and the part of CloudWatch Logs that delivers records, [`logs`].
//!
//! What it is not: it reads no environment and no files, retries nothing, and knows nothing of workflows. It has
//! no TLS yet: an `https` endpoint is refused when it is configured.
//!
//! The contract its callers keep: calls run inside a tokio runtime; dropping a call's future gives the call up and
//! closes its connection.

mod client;
mod credentials;
mod endpoints;
mod error;
pub mod lambda;
pub mod logs;
mod sigv4;

pub use client::{Client, ClientConfig};
pub use credentials::Credentials;
pub use endpoints::{Endpoint, EndpointError, Endpoints};
pub use error::{CallError, ServiceError, TransportError, TransportKind};
