//! ListFunctions.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use serde_json::json as document;

use super::configuration::FunctionConfiguration;
use super::errors::ApiError;
use super::{json, query};
use crate::host::FunctionHost;

/// Functions in one answer, whatever `MaxItems` says. AWS: documented.
const PAGE_LIMIT: usize = 50;

pub(super) fn list_functions(
    host: &FunctionHost,
    request: &Request<Bytes>,
) -> Result<Response<Bytes>, ApiError> {
    let count = match query(request, "MaxItems") {
        None => PAGE_LIMIT,
        Some(text) => match text.parse::<usize>() {
            Ok(count @ 1..=10_000) => count.min(PAGE_LIMIT),
            Ok(_) | Err(_) => {
                let rule = "Member must have value between 1 and 10000";
                return Err(ApiError::validation(&text, "maxItems", rule));
            }
        },
    };
    let after =
        query(request, "Marker").filter(|marker| !marker.is_empty()).map(|marker| read_marker(&marker));
    let mut entries = host.page(&after.transpose()?.unwrap_or_default(), count + 1);
    let more = entries.len() > count;
    entries.truncate(count);
    let functions: Vec<FunctionConfiguration> = entries.iter().map(FunctionConfiguration::of).collect();
    let last = entries.last().filter(|_| more).map(|entry| BASE64.encode(&entry.function.spec.name));
    json(StatusCode::OK, &document!({ "Functions": functions, "NextMarker": last }))
}

/// The name of the last function of the page before.
fn read_marker(marker: &str) -> Result<String, ApiError> {
    let name = BASE64.decode(marker).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    name.ok_or_else(|| ApiError::invalid_parameter("Invalid Marker"))
}
