//! GetFunction and GetFunctionConfiguration.

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use serde_json::json as document;

use super::configuration::FunctionConfiguration;
use super::errors::ApiError;
use super::{existing, json, qualified};
use crate::host::FunctionHost;
use crate::invocation::Target;
use crate::registry::{Entry, Origin};

pub(super) fn get_function(
    host: &FunctionHost,
    name: &str,
    request: &Request<Bytes>,
) -> Result<Response<Bytes>, ApiError> {
    let (entry, target, configuration) = find(host, name, request)?;
    let version = target.qualifier.as_deref().and_then(|qualifier| entry.annex.resolve(Some(qualifier), 1.0));
    let (location, tags) = match &entry.origin {
        Origin::Api(stored) => {
            let published = version.and_then(|version| entry.annex.published(&version).cloned());
            let tags = stored.tags.clone();
            (host.store().code_path(published.as_ref().unwrap_or(stored)), tags)
        }
        Origin::Folder { .. } => (entry.function.root.path().to_owned(), Default::default()),
    };
    let mut body = document!({
        "Configuration": configuration,
        // AWS gives a signed address in S3; here the code is a file of this machine.
        "Code": { "RepositoryType": "File", "Location": format!("file://{}", location.display()) },
    });
    if let (false, Some(members)) = (tags.is_empty(), body.as_object_mut()) {
        members.insert("Tags".to_owned(), document!(tags));
    }
    if let (Some(reserved), Some(members)) = (entry.annex.reserved_concurrency, body.as_object_mut()) {
        let concurrency = document!({ "ReservedConcurrentExecutions": reserved });
        members.insert("Concurrency".to_owned(), concurrency);
    }
    json(StatusCode::OK, &body)
}

pub(super) fn get_function_configuration(
    host: &FunctionHost,
    name: &str,
    request: &Request<Bytes>,
) -> Result<Response<Bytes>, ApiError> {
    json(StatusCode::OK, &find(host, name, request)?.2)
}

fn find(
    host: &FunctionHost,
    name: &str,
    request: &Request<Bytes>,
) -> Result<(Entry, Target, FunctionConfiguration), ApiError> {
    let target = qualified(host.config(), name, request)?;
    let entry = existing(host, &target)?;
    let configuration = FunctionConfiguration::of_qualifier(&entry, target.qualifier.as_deref())
        .ok_or_else(|| ApiError::not_found(&target.arn))?;
    Ok((entry, target, configuration))
}
