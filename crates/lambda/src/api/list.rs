//! ListFunctions.

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use serde_json::json as document;

use super::configuration::FunctionConfiguration;
use super::errors::ApiError;
use super::paging::{Place, write_marker};
use super::versions::versions_of;
use super::{json, query};
use crate::host::FunctionHost;

pub(super) fn list_functions(
    host: &FunctionHost,
    request: &Request<Bytes>,
) -> Result<Response<Bytes>, ApiError> {
    match query(request, "FunctionVersion").as_deref() {
        None => {}
        Some("ALL") => return list_all_versions(host, request),
        Some(other) => {
            let rule = "Member must satisfy enum value set: [ALL]";
            return Err(ApiError::validation(other, "functionVersion", rule));
        }
    }
    let Place { count, after } = Place::read(request)?;
    let mut entries = host.page(&after, count + 1);
    let more = entries.len() > count;
    entries.truncate(count);
    let functions: Vec<FunctionConfiguration> = entries.iter().map(FunctionConfiguration::of).collect();
    let last = entries.last().filter(|_| more).map(|entry| write_marker(&entry.function.spec.name));
    json(StatusCode::OK, &document!({ "Functions": functions, "NextMarker": last }))
}

/// Every version of every function, `$LATEST` first.
fn list_all_versions(host: &FunctionHost, request: &Request<Bytes>) -> Result<Response<Bytes>, ApiError> {
    let all = host.page("", usize::MAX);
    let versions = all.iter().flat_map(|entry| {
        let name = &entry.function.spec.name;
        versions_of(entry).map(move |(key, version)| (format!("{name} {key}"), version))
    });
    let (functions, next) = Place::read(request)?.cut(versions);
    json(StatusCode::OK, &document!({ "Functions": functions, "NextMarker": next }))
}
