//! PublishLayerVersion, GetLayerVersion, GetLayerVersionByArn, ListLayers, ListLayerVersions and
//! DeleteLayerVersion, and the giving of layers to functions.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json as document};

use super::configuration::base64_of_hex;
use super::create::{Code, missing};
use super::errors::ApiError;
use super::paging::Place;
use super::{check_length, json, no_content, query, read_body};
use crate::annex::read_number;
use crate::clock;
use crate::config::HostConfig;
use crate::function::LayerRef;
use crate::host::FunctionHost;
use crate::layers::overlay::LAYER_LIMIT;
use crate::layers::store::{LAYER_VERSION_LIMIT, LayerVersion, is_layer_name, read_arn};
use crate::store::sha256_hex;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PublishLayerVersion {
    content: Option<Code>,
    description: Option<String>,
    license_info: Option<String>,
    #[serde(default)]
    compatible_runtimes: Vec<String>,
    #[serde(default)]
    compatible_architectures: Vec<String>,
}

impl PublishLayerVersion {
    /// AWS: documented lengths.
    fn check(&self) -> Result<(), ApiError> {
        check_length(self.description.as_deref().unwrap_or_default(), "description", 256)?;
        check_length(self.license_info.as_deref().unwrap_or_default(), "licenseInfo", 512)?;
        let lists = [
            (&self.compatible_runtimes, "compatibleRuntimes", 15),
            (&self.compatible_architectures, "compatibleArchitectures", 2),
        ];
        for (list, member, limit) in lists {
            if list.len() > limit {
                let rule = format!("Member must have length less than or equal to {limit}");
                return Err(ApiError::validation(&format!("{list:?}"), member, &rule));
            }
            list.iter().try_for_each(|one| check_length(one, member, 64))?;
        }
        Ok(())
    }
}

pub(super) async fn publish(
    host: &FunctionHost,
    name: &str,
    request: &Request<Bytes>,
) -> Result<Response<Bytes>, ApiError> {
    let name = layer_name(name)?;
    let request: PublishLayerVersion = read_body(request.body())?;
    request.check()?;
    let archive = request.content.ok_or_else(|| missing("content"))?.archive()?;
    let given = LayerVersion {
        name,
        version: 0,
        description: request.description.unwrap_or_default(),
        license_info: request.license_info,
        compatible_runtimes: request.compatible_runtimes,
        compatible_architectures: request.compatible_architectures,
        code_sha256: sha256_hex(&archive),
        code_size: archive.len() as u64,
        created: clock::now_millis(),
        deleted: false,
    };
    let publish = move |host: &FunctionHost| {
        host.check_layer(archive.clone())?;
        let published = host.inner.layers.publish(given, &archive)?;
        published.ok_or_else(|| ApiError::too_many("layers, and versions of a layer,", LAYER_VERSION_LIMIT))
    };
    let version = host.change(publish).await?;
    json(StatusCode::CREATED, &with_content(host, &version))
}

pub(super) fn get(host: &FunctionHost, name: &str, version: &str) -> Result<Response<Bytes>, ApiError> {
    let name = layer_name(name)?;
    json(StatusCode::OK, &with_content(host, &*find(host, &name, version)?))
}

/// GetLayerVersionByArn, which shares its path with ListLayers.
pub(super) fn get_by_arn(host: &FunctionHost, request: &Request<Bytes>) -> Result<Response<Bytes>, ApiError> {
    let arn = query(request, "Arn").ok_or_else(|| missing("arn"))?;
    let (name, version) = read_arn(&arn).ok_or_else(|| malformed("arn", &arn))?;
    json(StatusCode::OK, &with_content(host, &*find(host, name, &version.to_string())?))
}

/// AWS: documented: functions that use the version go on to; deleting one that is gone is no error.
pub(super) async fn delete(
    host: &FunctionHost,
    name: &str,
    version: &str,
) -> Result<Response<Bytes>, ApiError> {
    let name = layer_name(name)?;
    let number = read_number(version).ok_or_else(|| malformed("versionNumber", version))?;
    let delete = move |host: &FunctionHost| {
        let in_use = host.used_layers().contains(&(name.clone(), number));
        Ok::<_, ApiError>(host.inner.layers.delete(&name, number, in_use)?)
    };
    host.change(delete).await?;
    Ok(no_content())
}

pub(super) fn list_versions(
    host: &FunctionHost,
    name: &str,
    request: &Request<Bytes>,
) -> Result<Response<Bytes>, ApiError> {
    let versions = matching(host, &layer_name(name)?, request);
    // The newest come first, and the keys go up.
    let versions = versions
        .iter()
        .map(|version| (format!("{:020}", u64::MAX - version.version), layer_document(host, version)));
    let (versions, next) = Place::read(request)?.cut(versions);
    json(StatusCode::OK, &document!({ "LayerVersions": versions, "NextMarker": next }))
}

pub(super) fn list(host: &FunctionHost, request: &Request<Bytes>) -> Result<Response<Bytes>, ApiError> {
    let layers = host.inner.layers.names().into_iter().filter_map(|name| {
        let latest = matching(host, &name, request).into_iter().next()?;
        let layer = document!({
            "LayerName": name,
            "LayerArn": layer_arn(host.config(), &name),
            "LatestMatchingVersion": layer_document(host, &latest),
        });
        Some((name, layer))
    });
    let (layers, next) = Place::read(request)?.cut(layers);
    json(StatusCode::OK, &document!({ "Layers": layers, "NextMarker": next }))
}

/// The layers a function shall have, by their ARNs.
pub(super) fn attach(host: &FunctionHost, arns: &[String]) -> Result<Vec<LayerRef>, ApiError> {
    // AWS: unconfirmed, the texts SDK users report.
    if arns.len() > LAYER_LIMIT {
        return Err(ApiError::invalid_parameter(format!(
            "You cannot reference more than {LAYER_LIMIT} layers."
        )));
    }
    let mut layers: Vec<(String, LayerRef)> = Vec::new();
    for arn in arns {
        check_length(arn, "layers", 2048)?;
        let (name, version) = read_arn(arn).ok_or_else(|| {
            let rule = "Member must satisfy regular expression pattern: \
                        arn:[a-zA-Z0-9-]+:lambda:[a-zA-Z0-9-]+:\\d{12}:layer:[a-zA-Z0-9-_]+:[0-9]+";
            ApiError::validation(&format!("[{arn}]"), "layers", rule)
        })?;
        if let Some((_, other)) = layers.iter().find(|(known, _)| known == name) {
            let other = &other.arn;
            return Err(ApiError::invalid_parameter(format!(
                "Two different versions of the same layer are not allowed to be referenced in the same function. {other} \
                 and {arn} are versions of the same layer."
            )));
        }
        let known = host
            .inner
            .layers
            .get(name, version)
            .ok_or_else(|| ApiError::invalid_parameter(format!("Layer version {arn} does not exist.")))?;
        layers.push((name.to_owned(), LayerRef { arn: arn.clone(), code_size: known.code_size }));
    }
    Ok(layers.into_iter().map(|(_, layer)| layer).collect())
}

/// The versions of a layer that suit `CompatibleRuntime` and `CompatibleArchitecture`, the newest first.
fn matching(host: &FunctionHost, name: &str, request: &Request<Bytes>) -> Vec<Arc<LayerVersion>> {
    let suits = |wanted: Option<String>, known: &[String]| wanted.is_none_or(|one| known.contains(&one));
    let versions = host.inner.layers.versions(name).into_iter();
    let all = versions.filter(|version| {
        suits(query(request, "CompatibleRuntime"), &version.compatible_runtimes)
            && suits(query(request, "CompatibleArchitecture"), &version.compatible_architectures)
    });
    all.collect()
}

fn find(host: &FunctionHost, name: &str, version: &str) -> Result<Arc<LayerVersion>, ApiError> {
    let number = read_number(version).ok_or_else(|| malformed("versionNumber", version))?;
    let found = host.inner.layers.get(name, number);
    // AWS: unconfirmed, the text SDK users report.
    found.ok_or_else(|| ApiError::resource_not_found("The resource you requested does not exist."))
}

/// A layer's name, given as that or as the layer's ARN.
fn layer_name(given: &str) -> Result<String, ApiError> {
    let name = match given.split(':').collect::<Vec<_>>().as_slice() {
        ["arn", _, "lambda", _, _, "layer", name] => *name,
        _ => given,
    };
    if is_layer_name(name) { Ok(name.to_owned()) } else { Err(malformed("layerName", given)) }
}

fn malformed(member: &str, value: &str) -> ApiError {
    let rule = match member {
        "versionNumber" => "Member must be a number from 1",
        _ => {
            "Member must satisfy regular expression pattern: \
             (arn:[a-zA-Z0-9-]+:lambda:[a-zA-Z0-9-]+:\\d{12}:layer:[a-zA-Z0-9-_]+)|[a-zA-Z0-9-_]+"
        }
    };
    ApiError::validation(value, member, rule)
}

fn layer_arn(config: &HostConfig, name: &str) -> String {
    format!("arn:aws:lambda:{}:{}:layer:{name}", config.region, config.account)
}

/// AWS's `LayerVersionsListItem`.
fn layer_document(host: &FunctionHost, version: &LayerVersion) -> Value {
    let arn = layer_arn(host.config(), &version.name);
    let mut layer = document!({
        "LayerVersionArn": format!("{arn}:{}", version.version),
        "Version": version.version,
        "Description": version.description,
        "CreatedDate": clock::last_modified(version.created),
        "CompatibleRuntimes": version.compatible_runtimes,
        "CompatibleArchitectures": version.compatible_architectures,
    });
    if let (Some(license), Some(members)) = (&version.license_info, layer.as_object_mut()) {
        members.insert("LicenseInfo".to_owned(), document!(license));
    }
    layer
}

/// The answer to PublishLayerVersion and GetLayerVersion.
fn with_content(host: &FunctionHost, version: &LayerVersion) -> Value {
    let mut layer = layer_document(host, version);
    let location = host.inner.layers.archive_path(&version.name, version.version);
    let content = document!({
        // AWS gives a signed address in S3; here the archive is a file of this machine.
        "Location": format!("file://{}", location.display()),
        "CodeSha256": base64_of_hex(&version.code_sha256),
        "CodeSize": version.code_size,
    });
    if let Some(members) = layer.as_object_mut() {
        members.insert("LayerArn".to_owned(), document!(layer_arn(host.config(), &version.name)));
        members.insert("Content".to_owned(), content);
    }
    layer
}
