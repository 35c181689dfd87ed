//! GetFunction and GetFunctionConfiguration.

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use serde_json::json as document;

use super::configuration::FunctionConfiguration;
use super::errors::ApiError;
use super::{json, target};
use crate::host::FunctionHost;
use crate::registry::{Entry, Origin};

pub(super) fn get_function(
    host: &FunctionHost,
    name: &str,
    request: &Request<Bytes>,
) -> Result<Response<Bytes>, ApiError> {
    let entry = find(host, name, request)?;
    let (location, tags) = match &entry.origin {
        Origin::Api(stored) => (host.store().code_path(stored), stored.tags.clone()),
        Origin::Folder { .. } => (entry.function.root.path().to_owned(), Default::default()),
    };
    let mut body = document!({
        "Configuration": FunctionConfiguration::of(&entry),
        // AWS gives a signed address in S3; here the code is a file of this machine.
        "Code": { "RepositoryType": "File", "Location": format!("file://{}", location.display()) },
    });
    if let (false, Some(members)) = (tags.is_empty(), body.as_object_mut()) {
        members.insert("Tags".to_owned(), document!(tags));
    }
    json(StatusCode::OK, &body)
}

pub(super) fn get_function_configuration(
    host: &FunctionHost,
    name: &str,
    request: &Request<Bytes>,
) -> Result<Response<Bytes>, ApiError> {
    json(StatusCode::OK, &FunctionConfiguration::of(&find(host, name, request)?))
}

fn find(host: &FunctionHost, name: &str, request: &Request<Bytes>) -> Result<Entry, ApiError> {
    let target = target(host.config(), name, request)?;
    host.entry(&target.name).ok_or_else(|| ApiError::not_found(&target.arn))
}
