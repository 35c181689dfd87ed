//! CreateAlias, UpdateAlias, GetAlias, DeleteAlias and ListAliases.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json as document};

use super::create::missing;
use super::errors::ApiError;
use super::paging::Place;
use super::update::changeable;
use super::{check_length, existing, json, no_content, query, read_body, target};
use crate::annex::{Alias, Annex, read_number};
use crate::config::VERSION_LIMIT;
use crate::function::LATEST;
use crate::host::FunctionHost;
use crate::invocation::is_alias_name;
use crate::registry::Entry;

/// The members of CreateAlias and UpdateAlias; for the latter the name is in the path.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Given {
    name: Option<String>,
    function_version: Option<String>,
    description: Option<String>,
    routing_config: Option<RoutingConfig>,
    revision_id: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RoutingConfig {
    additional_version_weights: Option<BTreeMap<String, f64>>,
}

pub(super) async fn create_alias(
    host: &FunctionHost,
    function: &str,
    request: &Request<Bytes>,
) -> Result<Response<Bytes>, ApiError> {
    let target = target(host.config(), function, request)?;
    let given: Given = read_body(request.body())?;
    let name = given.name.clone().ok_or_else(|| missing("name"))?;
    if !is_alias_name(&name) {
        let rule = "Member must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)";
        return Err(ApiError::validation(&name, "name", rule));
    }
    let version = given.function_version.clone().ok_or_else(|| missing("functionVersion"))?;
    let create = move |host: &FunctionHost| {
        let (entry, stored) = changeable(host, &target)?;
        let mut annex = Annex::clone(&entry.annex);
        if annex.aliases.contains_key(&name) {
            let arn = format!("{}:{name}", entry.function.arn);
            return Err(ApiError::conflict(format!("Alias already exists: {arn}")));
        }
        if annex.aliases.len() >= VERSION_LIMIT {
            return Err(ApiError::too_many("aliases", VERSION_LIMIT));
        }
        let empty = Alias {
            version,
            description: String::new(),
            weights: BTreeMap::new(),
            revision_id: String::new(),
        };
        let alias = given.apply(&entry, empty)?;
        annex.aliases.insert(name.clone(), alias.clone());
        host.put_annex(&entry, &stored, annex)?;
        Ok(alias_document(&entry, &name, &alias))
    };
    json(StatusCode::CREATED, &host.change(create).await?)
}

pub(super) async fn update_alias(
    host: &FunctionHost,
    function: &str,
    name: &str,
    request: &Request<Bytes>,
) -> Result<Response<Bytes>, ApiError> {
    let target = target(host.config(), function, request)?;
    let given: Given = read_body(request.body())?;
    let name = name.to_owned();
    let update = move |host: &FunctionHost| {
        let (entry, stored) = changeable(host, &target)?;
        let mut annex = Annex::clone(&entry.annex);
        let there = annex.aliases.get(&name).cloned().ok_or_else(|| not_found(&entry, &name))?;
        if given.revision_id.as_ref().is_some_and(|id| *id != there.revision_id) {
            return Err(ApiError::revision_mismatch());
        }
        let alias = given.apply(&entry, there)?;
        annex.aliases.insert(name.clone(), alias.clone());
        host.put_annex(&entry, &stored, annex)?;
        Ok(alias_document(&entry, &name, &alias))
    };
    json(StatusCode::OK, &host.change(update).await?)
}

pub(super) fn get_alias(
    host: &FunctionHost,
    function: &str,
    name: &str,
    request: &Request<Bytes>,
) -> Result<Response<Bytes>, ApiError> {
    let target = target(host.config(), function, request)?;
    let entry = existing(host, &target)?;
    let alias = entry.annex.aliases.get(name).ok_or_else(|| not_found(&entry, name))?;
    json(StatusCode::OK, &alias_document(&entry, name, alias))
}

/// AWS: documented without an error for an alias that is not there.
pub(super) async fn delete_alias(
    host: &FunctionHost,
    function: &str,
    name: &str,
    request: &Request<Bytes>,
) -> Result<Response<Bytes>, ApiError> {
    let target = target(host.config(), function, request)?;
    let name = name.to_owned();
    let delete = move |host: &FunctionHost| {
        let (entry, stored) = changeable(host, &target)?;
        let mut annex = Annex::clone(&entry.annex);
        annex.event_invoke.remove(&name);
        if annex.aliases.remove(&name).is_some() {
            host.put_annex(&entry, &stored, annex)?;
        }
        Ok::<_, ApiError>(())
    };
    host.change(delete).await?;
    Ok(no_content())
}

pub(super) fn list_aliases(
    host: &FunctionHost,
    function: &str,
    request: &Request<Bytes>,
) -> Result<Response<Bytes>, ApiError> {
    let target = target(host.config(), function, request)?;
    let entry = existing(host, &target)?;
    let version = query(request, "FunctionVersion");
    let of_version = |alias: &Alias| version.as_ref().is_none_or(|version| alias.version == *version);
    let aliases = entry.annex.aliases.iter().filter(|(_, alias)| of_version(alias));
    let aliases = aliases.map(|(name, alias)| (name.clone(), alias_document(&entry, name, alias)));
    let (aliases, next) = Place::read(request)?.cut(aliases);
    json(StatusCode::OK, &document!({ "Aliases": aliases, "NextMarker": next }))
}

impl Given {
    /// Checks what is given and writes it into `alias`. What is absent leaves what was.
    fn apply(self, entry: &Entry, alias: Alias) -> Result<Alias, ApiError> {
        let version = self.function_version.unwrap_or(alias.version);
        if version != LATEST && read_number(&version).is_none() {
            let rule = "Member must satisfy regular expression pattern: (\\$LATEST|[0-9]+)";
            return Err(ApiError::validation(&version, "functionVersion", rule));
        }
        let given = self.routing_config.map(|config| config.additional_version_weights.unwrap_or_default());
        let weights = given.unwrap_or(alias.weights);
        check_weights(&version, &weights)?;
        for version in weights.keys().chain([&version]) {
            if !entry.annex.has_version(version) {
                return Err(ApiError::not_found(&format!("{}:{version}", entry.function.arn)));
            }
        }
        let description = self.description.unwrap_or(alias.description);
        check_length(&description, "description", 256)?;
        Ok(Alias { version, description, weights, revision_id: uuid::Uuid::new_v4().to_string() })
    }
}

/// AWS: unconfirmed, the texts SDK users report.
fn check_weights(version: &str, weights: &BTreeMap<String, f64>) -> Result<(), ApiError> {
    if weights.len() > 1 {
        let message = "Number of items in AdditionalVersionWeights cannot be greater than 1";
        return Err(ApiError::invalid_parameter(message));
    }
    let Some((other, weight)) = weights.first_key_value() else { return Ok(()) };
    if version == LATEST || other == LATEST {
        let message = "$LATEST is not supported for an alias pointing to more than 1 version";
        return Err(ApiError::invalid_parameter(message));
    }
    if other == version {
        return Err(ApiError::invalid_parameter(format!(
            "Invalid function version {other}. Function version {other} is already included in routing configuration."
        )));
    }
    if !(0.0..=1.0).contains(weight) {
        let rule = "Member must have value between 0.0 and 1.0";
        let member = "routingConfig.additionalVersionWeights";
        return Err(ApiError::validation(&weight.to_string(), member, rule));
    }
    Ok(())
}

/// AWS: the text SDK users report.
fn not_found(entry: &Entry, name: &str) -> ApiError {
    ApiError::resource_not_found(format!("Cannot find alias arn: {}:{name}", entry.function.arn))
}

/// AWS's `AliasConfiguration`.
fn alias_document(entry: &Entry, name: &str, alias: &Alias) -> Value {
    let mut alias_document = document!({
        "AliasArn": format!("{}:{name}", entry.function.arn),
        "Name": name,
        "FunctionVersion": alias.version,
        "Description": alias.description,
        "RevisionId": alias.revision_id,
    });
    if let (false, Some(members)) = (alias.weights.is_empty(), alias_document.as_object_mut()) {
        let weights = document!({ "AdditionalVersionWeights": alias.weights });
        members.insert("RoutingConfig".to_owned(), weights);
    }
    alias_document
}
