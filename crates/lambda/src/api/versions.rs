//! PublishVersion and ListVersionsByFunction.

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use serde::Deserialize;
use serde_json::json as document;

use super::configuration::{FunctionConfiguration, base64_of_hex};
use super::errors::ApiError;
use super::paging::Place;
use super::update::changeable;
use super::{check_length, existing, json, read_body_or_default, target};
use crate::config::VERSION_LIMIT;
use crate::function::LATEST;
use crate::host::FunctionHost;
use crate::registry::{Entry, Origin};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PublishVersion {
    code_sha256: Option<String>,
    description: Option<String>,
    revision_id: Option<String>,
}

pub(super) async fn publish(
    host: &FunctionHost,
    name: &str,
    request: &Request<Bytes>,
) -> Result<Response<Bytes>, ApiError> {
    let target = target(host.config(), name, request)?;
    let request: PublishVersion = read_body_or_default(request.body())?;
    request.description.as_deref().map_or(Ok(()), |text| check_length(text, "description", 256))?;
    let publish = move |host: &FunctionHost| {
        let (entry, stored) = changeable(host, &target)?;
        if request.revision_id.is_some_and(|id| id != stored.revision_id) {
            return Err(ApiError::revision_mismatch());
        }
        let current = base64_of_hex(&stored.code_sha256);
        if let Some(given) = request.code_sha256.filter(|given| !given.is_empty() && *given != current) {
            // AWS: unconfirmed, the text SDK users report.
            return Err(ApiError::invalid_parameter(format!(
                "CodeSHA256 ({given}) is different from current CodeSHA256 in $LATEST ({current}). Please try again \
                 with the CodeSHA256 in $LATEST."
            )));
        }
        publish_version(host, &entry, request.description)
    };
    json(StatusCode::CREATED, &host.change(publish).await?)
}

/// Makes a version of `$LATEST` as it is. Only inside a change.
pub(super) fn publish_version(
    host: &FunctionHost,
    entry: &Entry,
    description: Option<String>,
) -> Result<FunctionConfiguration, ApiError> {
    let Origin::Api(stored) = &entry.origin else {
        return Err(ApiError::internal("a function of a folder has no versions"));
    };
    let published = host.publish(entry, stored, description)?;
    let (number, version) = published.ok_or_else(|| ApiError::too_many("versions", VERSION_LIMIT))?;
    Ok(FunctionConfiguration::of_version(entry, number, &version))
}

pub(super) fn list_versions(
    host: &FunctionHost,
    name: &str,
    request: &Request<Bytes>,
) -> Result<Response<Bytes>, ApiError> {
    let target = target(host.config(), name, request)?;
    let entry = existing(host, &target)?;
    let (versions, next) = Place::read(request)?.cut(versions_of(&entry));
    json(StatusCode::OK, &document!({ "Versions": versions, "NextMarker": next }))
}

/// All versions of a function, `$LATEST` first, with keys in their order.
pub(super) fn versions_of(entry: &Entry) -> impl Iterator<Item = (String, FunctionConfiguration)> {
    let latest = FunctionConfiguration::of(entry).with_version_in_arn();
    let published = entry.annex.versions.iter().map(|(number, version)| {
        (format!("{number:020}"), FunctionConfiguration::of_version(entry, *number, version))
    });
    [(LATEST.to_owned(), latest)].into_iter().chain(published)
}
