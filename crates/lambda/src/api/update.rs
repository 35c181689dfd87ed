//! UpdateFunctionCode and UpdateFunctionConfiguration.

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use serde::Deserialize;

use super::configuration::{FunctionConfiguration, Settings};
use super::create::{Code, refuse_publish};
use super::errors::ApiError;
use super::{json, read_body, target};
use crate::clock;
use crate::host::FunctionHost;
use crate::invocation::Target;
use crate::registry::Origin;
use crate::store::{Stored, sha256_hex};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct UpdateFunctionCode {
    #[serde(default)]
    publish: bool,
    #[serde(default)]
    dry_run: bool,
    revision_id: Option<String>,
    #[serde(flatten)]
    code: Code,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct UpdateFunctionConfiguration {
    revision_id: Option<String>,
    #[serde(flatten)]
    settings: Settings,
}

pub(super) async fn update_code(
    host: &FunctionHost,
    name: &str,
    request: &Request<Bytes>,
) -> Result<Response<Bytes>, ApiError> {
    let target = target(host.config(), name, request)?;
    let request: UpdateFunctionCode = read_body(request.body())?;
    refuse_publish(request.publish)?;
    if request.dry_run {
        return Err(ApiError::invalid_parameter("DryRun is not available in this host"));
    }
    let archive = request.code.archive()?;
    let update = move |host: &FunctionHost| {
        let stored = current(host, &target, request.revision_id.as_deref())?;
        let stored = Stored {
            code_sha256: sha256_hex(&archive),
            code_size: archive.len() as u64,
            last_modified: clock::now_millis(),
            revision_id: uuid::Uuid::new_v4().to_string(),
            ..stored
        };
        Ok::<_, ApiError>(host.put(stored, Some(&archive))?)
    };
    let entry = host.change(update).await?;
    json(StatusCode::OK, &FunctionConfiguration::of(&entry))
}

pub(super) async fn update_configuration(
    host: &FunctionHost,
    name: &str,
    request: &Request<Bytes>,
) -> Result<Response<Bytes>, ApiError> {
    let target = target(host.config(), name, request)?;
    let UpdateFunctionConfiguration { revision_id, settings } = read_body(request.body())?;
    let update = move |host: &FunctionHost| {
        let mut stored = current(host, &target, revision_id.as_deref())?;
        settings.apply(&mut stored.spec)?;
        let stored = Stored {
            role: settings.role.unwrap_or(stored.role),
            description: settings.description.unwrap_or(stored.description),
            last_modified: clock::now_millis(),
            revision_id: uuid::Uuid::new_v4().to_string(),
            ..stored
        };
        Ok::<_, ApiError>(host.put(stored, None)?)
    };
    let entry = host.change(update).await?;
    json(StatusCode::OK, &FunctionConfiguration::of(&entry))
}

/// The function to be changed, which must be one of the API's, and at the revision the caller knows, if any.
pub(super) fn current(
    host: &FunctionHost,
    target: &Target,
    revision: Option<&str>,
) -> Result<Stored, ApiError> {
    let entry = host.entry(&target.name).ok_or_else(|| ApiError::not_found(&target.arn))?;
    match entry.origin {
        Origin::Api(stored) if revision.is_none_or(|id| id == stored.revision_id) => Ok(*stored),
        Origin::Api(_) => Err(ApiError::revision_mismatch()),
        Origin::Folder { directory, .. } => {
            Err(ApiError::served_from_folder(&target.name, &directory.to_string_lossy()))
        }
    }
}
