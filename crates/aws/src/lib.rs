//! Calls of AWS's services: any operation of any service, from models that are data.
//!
//! What it is: the models of all services ([`model`]), requests and answers in every protocol of AWS ([`protocol`],
//! [`response`]), and a [`Client`] that finds the service ([`Endpoints`]), signs with Signature Version 4 for who calls
//! ([`CredentialsSource`]), sends again what may be sent again, and bounds what comes back. [`Client::call`] is the way for any
//! operation; [`lambda::invoke`], [`logs`] and [`s3`] are short ways for what the engine itself needs. [`Settings`] are AWS's standard
//! settings, read from variables and the files that they name.
//!
//! What it is not: it reads no environment, and knows nothing of workflows. Operations that stream events are refused.
//!
//! The contract its callers keep: calls run inside a tokio runtime; dropping a call's future gives the call up and
//! closes its connection.

mod call;
mod checksum;
mod client;
mod credentials;
pub mod eks;
mod endpoints;
mod error;
mod http_call;
pub mod lambda;
pub mod logs;
pub mod model;
mod moment;
mod place;
pub mod protocol;
mod read_only;
pub mod response;
pub mod s3;
mod settings;
mod sigv4;
mod transport;
mod web;

pub use call::{OperationCall, OperationError};
pub use client::{Client, ClientConfig};
pub use credentials::{ChainSettings, Credentials, CredentialsSource, NoCredentials};
pub use endpoints::{Endpoint, EndpointError, Endpoints};
pub use error::{CallError, ServiceError, TransportError, TransportKind};
pub use http_call::HttpCall;
pub use settings::{Settings, SettingsError};
pub use web::{WebAnswer, WebRequest};
