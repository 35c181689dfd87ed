//! CreateFunction, and the reading of code that UpdateFunctionCode shares.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use serde::Deserialize;

use super::configuration::{FunctionConfiguration, Settings};
use super::errors::ApiError;
use super::layers::attach;
use super::versions::publish_version;
use super::{json, read_body};
use crate::archive::check_zipped_size;
use crate::clock;
use crate::function::{DEFAULT_MEMORY_MB, DEFAULT_TIMEOUT_SECONDS, Family, FunctionSpec, Runtime};
use crate::host::FunctionHost;
use crate::invocation::Target;
use crate::store::{Stored, sha256_hex};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CreateFunction {
    function_name: Option<String>,
    package_type: Option<String>,
    code: Option<Code>,
    #[serde(default)]
    publish: bool,
    #[serde(default)]
    tags: Option<BTreeMap<String, String>>,
    #[serde(flatten)]
    settings: Settings,
}

/// AWS's `FunctionCode`; UpdateFunctionCode has the same members at its top level.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Code {
    zip_file: Option<String>,
    s3_bucket: Option<String>,
    image_uri: Option<String>,
}

pub(super) async fn create_function(
    host: &FunctionHost,
    request: &Request<Bytes>,
) -> Result<Response<Bytes>, ApiError> {
    let request: CreateFunction = read_body(request.body())?;
    let name = request.function_name.as_deref().ok_or_else(|| missing("functionName"))?;
    let target = Target::read(name, None, host.config())?;
    let settings = &request.settings;
    let role = settings.role.clone().ok_or_else(|| missing("role"))?;
    if request.package_type.as_deref().is_some_and(|kind| kind != "Zip") {
        return Err(ApiError::invalid_parameter("Only functions of package type Zip run in this host"));
    }
    if settings.runtime.is_none() || settings.handler.is_none() {
        // AWS: unconfirmed, the text SDK users report.
        let message =
            "Runtime and Handler are mandatory parameters for functions created with deployment packages.";
        return Err(ApiError::invalid_parameter(message));
    }
    let mut spec = FunctionSpec {
        name: target.name,
        runtime: Runtime::of_family(Family::Provided),
        handler: String::new(),
        timeout_seconds: DEFAULT_TIMEOUT_SECONDS,
        memory_mb: DEFAULT_MEMORY_MB,
        environment: BTreeMap::new(),
        layers: Vec::new(),
    };
    settings.apply(&mut spec)?;
    let archive = request.code.ok_or_else(|| missing("code"))?.archive()?;
    let stored = Stored {
        role,
        description: settings.description.clone().unwrap_or_default(),
        code_sha256: sha256_hex(&archive),
        code_size: archive.len() as u64,
        last_modified: clock::now_millis(),
        revision_id: uuid::Uuid::new_v4().to_string(),
        tags: request.tags.unwrap_or_default(),
        spec,
    };
    let (layers, publish) = (request.settings.layers, request.publish);
    let create = move |host: &FunctionHost| {
        if host.has(&stored.spec.name) {
            return Err(ApiError::already_exists(&stored.spec.name));
        }
        let mut stored = stored;
        stored.spec.layers = attach(host, &layers.unwrap_or_default())?;
        let entry = host.put(stored, Some(&archive))?;
        if publish { publish_version(host, &entry, None) } else { Ok(FunctionConfiguration::of(&entry)) }
    };
    json(StatusCode::CREATED, &host.change(create).await?)
}

impl Code {
    /// The bytes of the archive.
    pub(super) fn archive(self) -> Result<Vec<u8>, ApiError> {
        if self.s3_bucket.is_some() || self.image_uri.is_some() {
            let message =
                "This host takes code as a zip file only (ZipFile): it does not read S3 or image registries";
            return Err(ApiError::invalid_parameter(message));
        }
        let Some(text) = self.zip_file else {
            return Err(ApiError::invalid_parameter("Please provide a source for function code."));
        };
        let archive = BASE64.decode(text).map_err(|error| {
            ApiError::invalid_request_content(format!(
                "Could not parse request body into json: ZipFile: {error}"
            ))
        })?;
        check_zipped_size(archive.len() as u64)?;
        Ok(archive)
    }
}

pub(super) fn missing(member: &str) -> ApiError {
    ApiError::validation("null", member, "Member must not be null")
}
