//! UpdateFunctionCode and UpdateFunctionConfiguration.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use serde::Deserialize;

use super::configuration::{FunctionConfiguration, Settings};
use super::create::Code;
use super::errors::ApiError;
use super::layers::attach;
use super::versions::publish_version;
use super::{existing, json, read_body, target};
use crate::clock;
use crate::host::FunctionHost;
use crate::invocation::Target;
use crate::registry::{Entry, Origin};
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
        if request.dry_run {
            // AWS: documented: everything is checked, nothing is changed.
            host.check_code(&archive)?;
            let entry = existing(host, &target)?;
            return Ok(FunctionConfiguration::of(&entry));
        }
        let entry = host.put(stored, Some(&archive))?;
        match request.publish {
            true => publish_version(host, &entry, None),
            false => Ok(FunctionConfiguration::of(&entry)),
        }
    };
    json(StatusCode::OK, &host.change(update).await?)
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
        if let Some(layers) = &settings.layers {
            stored.spec.layers = attach(host, layers)?;
        }
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
    let (_, stored) = changeable(host, target)?;
    match revision.is_none_or(|id| id == stored.revision_id) {
        true => Ok(Stored::clone(&stored)),
        false => Err(ApiError::revision_mismatch()),
    }
}

/// A function that the API can change, which is one of its own.
pub(super) fn changeable(host: &FunctionHost, target: &Target) -> Result<(Entry, Arc<Stored>), ApiError> {
    let entry = existing(host, target)?;
    match &entry.origin {
        Origin::Api(stored) => {
            let stored = Arc::clone(stored);
            Ok((entry, stored))
        }
        Origin::Folder { directory, .. } => {
            Err(ApiError::served_from_folder(&target.name, &directory.to_string_lossy()))
        }
    }
}
