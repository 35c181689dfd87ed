//! Plain HTTP requests, signed or not: what is no operation of a service.

use crate::client::{Client, Unsigned};
use crate::endpoints::Endpoint;
use crate::error::CallError;
use crate::read_only;
use crate::response::HttpAnswer;
use crate::sigv4::{Scope, encode, encode_path};
use bytes::Bytes;

/// A request to any URL.
#[derive(Clone, Debug, Default)]
pub struct HttpCall {
    /// `https://host:port/path`, without a query.
    pub url: String,
    /// What comes after the URL, not encoded; joined to it by a slash.
    pub path: Vec<String>,
    /// `GET`
    pub method: String,
    /// Names and values, not encoded.
    pub query: Vec<(String, String)>,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
    /// The region and the service that a signature names; without, the request is not signed.
    pub signed_for: Option<(String, String)>,
}

impl Client {
    /// Sends the request once.
    pub async fn http(&self, call: HttpCall) -> Result<HttpAnswer, CallError> {
        let unsendable = |reason: String| CallError::Unsendable { reason };
        let endpoint = Endpoint::parse(&call.url).map_err(|error| unsendable(error.to_string()))?;
        if self.config().only_reads_aws {
            let is_read = read_only::reads_by_method(&call.method);
            read_only::check(&endpoint, is_read, || format!("{} {}", call.method, call.url))?;
        }
        let path: String = call.path.iter().map(|part| format!("/{}", encode_path(part))).collect();
        let query: Vec<(String, String)> =
            call.query.iter().map(|(name, value)| (encode(name), encode(value))).collect();
        let credentials = match &call.signed_for {
            None => None,
            Some(_) => {
                let found = self.config().credentials.get().await;
                Some(found.map_err(|error| CallError::NoCredentials { reason: error.reason })?)
            }
        };
        let signer = call.signed_for.as_ref().zip(credentials.as_ref());
        let path = if path.is_empty() && endpoint.base_path.is_empty() { "/".to_owned() } else { path };
        let unsigned = Unsigned {
            endpoint: &endpoint,
            method: &call.method,
            path: &path,
            query: &query,
            headers: call
                .headers
                .into_iter()
                .map(|(name, value)| (name.to_ascii_lowercase(), value))
                .collect(),
            body: call.body,
            signer: signer.map(|((region, service), credentials)| (credentials, Scope { region, service })),
            has_unsigned_payload: false,
        };
        let config = self.config();
        let answer = self.exchange(unsigned, config.attempt_timeout, config.max_response).await?;
        Ok(HttpAnswer { status: answer.status, headers: answer.headers, body: answer.body })
    }
}
