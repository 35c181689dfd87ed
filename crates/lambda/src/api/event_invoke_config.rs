//! PutFunctionEventInvokeConfig, UpdateFunctionEventInvokeConfig, GetFunctionEventInvokeConfig,
//! DeleteFunctionEventInvokeConfig and ListFunctionEventInvokeConfigs.

use std::ops::RangeInclusive;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value, json as document};

use super::errors::ApiError;
use super::paging::Place;
use super::update::changeable;
use super::{check_length, existing, json, no_content, qualified, read_body_or_default};
use crate::annex::{Annex, EVENT_AGE_SECONDS, EventInvokeConfig, RETRY_ATTEMPTS};
use crate::clock;
use crate::function::LATEST;
use crate::host::FunctionHost;
use crate::invocation::Target;
use crate::registry::Entry;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Given {
    maximum_retry_attempts: Option<i64>,
    maximum_event_age_in_seconds: Option<i64>,
    destination_config: Option<DestinationConfig>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DestinationConfig {
    on_success: Option<Destination>,
    on_failure: Option<Destination>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Destination {
    destination: Option<String>,
}

/// Put makes the configuration anew; Update leaves what is absent as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Put,
    Update,
}

pub(super) async fn set(
    host: &FunctionHost,
    name: &str,
    request: &Request<Bytes>,
    way: Way,
) -> Result<Response<Bytes>, ApiError> {
    let target = qualified(host.config(), name, request)?;
    let given: Given = read_body_or_default(request.body())?;
    let set = move |host: &FunctionHost| {
        let (entry, stored) = changeable(host, &target)?;
        check_qualifier(&entry, &target)?;
        let qualifier = target.qualifier.as_deref().unwrap_or(LATEST);
        let mut annex = Annex::clone(&entry.annex);
        let there = annex.event_invoke.get(qualifier).cloned();
        let config = match (way, there) {
            (Way::Put, _) => given.apply(host, EventInvokeConfig::default())?,
            (Way::Update, Some(there)) => given.apply(host, there)?,
            (Way::Update, None) => return Err(not_found(&entry, qualifier)),
        };
        annex.event_invoke.insert(qualifier.to_owned(), config.clone());
        host.put_annex(&entry, &stored, annex)?;
        Ok(config_document(&entry, qualifier, &config))
    };
    json(StatusCode::OK, &host.change(set).await?)
}

pub(super) fn get(
    host: &FunctionHost,
    name: &str,
    request: &Request<Bytes>,
) -> Result<Response<Bytes>, ApiError> {
    let target = qualified(host.config(), name, request)?;
    let entry = existing(host, &target)?;
    check_qualifier(&entry, &target)?;
    let qualifier = target.qualifier.as_deref().unwrap_or(LATEST);
    let config = entry.annex.event_invoke.get(qualifier).ok_or_else(|| not_found(&entry, qualifier))?;
    json(StatusCode::OK, &config_document(&entry, qualifier, config))
}

pub(super) async fn delete(
    host: &FunctionHost,
    name: &str,
    request: &Request<Bytes>,
) -> Result<Response<Bytes>, ApiError> {
    let target = qualified(host.config(), name, request)?;
    let delete = move |host: &FunctionHost| {
        let (entry, stored) = changeable(host, &target)?;
        let qualifier = target.qualifier.as_deref().unwrap_or(LATEST);
        let mut annex = Annex::clone(&entry.annex);
        annex.event_invoke.remove(qualifier).ok_or_else(|| not_found(&entry, qualifier))?;
        host.put_annex(&entry, &stored, annex)?;
        Ok::<_, ApiError>(())
    };
    host.change(delete).await?;
    Ok(no_content())
}

pub(super) fn list(
    host: &FunctionHost,
    name: &str,
    request: &Request<Bytes>,
) -> Result<Response<Bytes>, ApiError> {
    let target = qualified(host.config(), name, request)?;
    let entry = existing(host, &target)?;
    let configs = entry.annex.event_invoke.iter();
    let configs = configs.map(|(name, config)| (name.clone(), config_document(&entry, name, config)));
    let (configs, next) = Place::read(request)?.cut(configs);
    json(StatusCode::OK, &document!({ "FunctionEventInvokeConfigs": configs, "NextMarker": next }))
}

impl Given {
    fn apply(self, host: &FunctionHost, config: EventInvokeConfig) -> Result<EventInvokeConfig, ApiError> {
        let age = within(self.maximum_event_age_in_seconds, "maximumEventAgeInSeconds", EVENT_AGE_SECONDS)?;
        let retries = within(self.maximum_retry_attempts, "maximumRetryAttempts", RETRY_ATTEMPTS)?;
        let (on_success, on_failure) = match self.destination_config {
            None => (config.on_success, config.on_failure),
            Some(given) => (destination(host, given.on_success)?, destination(host, given.on_failure)?),
        };
        Ok(EventInvokeConfig {
            maximum_retry_attempts: retries.or(config.maximum_retry_attempts),
            maximum_event_age_seconds: age.or(config.maximum_event_age_seconds),
            on_success,
            on_failure,
            last_modified: clock::now_millis(),
        })
    }
}

/// The function that shall hear of an event's end. One that is not there yet may come.
fn destination(host: &FunctionHost, given: Option<Destination>) -> Result<Option<String>, ApiError> {
    let Some(arn) = given.and_then(|given| given.destination).filter(|arn| !arn.is_empty()) else {
        return Ok(None);
    };
    check_length(&arn, "destinationConfig", 350)?;
    match arn.split(':').collect::<Vec<_>>().as_slice() {
        ["arn", _, "lambda", _, _, "function", ..] => {
            Target::read(&arn, None, host.config())?;
            Ok(Some(arn))
        }
        ["arn", _, service, ..] => Err(ApiError::invalid_parameter(format!(
            "The destination ARN {arn} is of the service {service}: this host tells functions alone; name a function \
             that passes the record on"
        ))),
        // AWS: unconfirmed, chosen after its model's pattern for a destination.
        _ => Err(ApiError::invalid_parameter(format!(
            "The provided destination config DestinationConfig is invalid: {arn} is no ARN"
        ))),
    }
}

fn within(value: Option<i64>, member: &str, range: RangeInclusive<u32>) -> Result<Option<u32>, ApiError> {
    let Some(value) = value else { return Ok(None) };
    match u32::try_from(value).ok().filter(|value| range.contains(value)) {
        Some(value) => Ok(Some(value)),
        None => {
            let (bound, limit) = match value > i64::from(*range.end()) {
                true => ("less", range.end()),
                false => ("greater", range.start()),
            };
            let rule = format!("Member must have value {bound} than or equal to {limit}");
            Err(ApiError::validation(&value.to_string(), member, &rule))
        }
    }
}

fn check_qualifier(entry: &Entry, target: &Target) -> Result<(), ApiError> {
    match entry.annex.resolve(target.qualifier.as_deref(), 1.0) {
        Some(_) => Ok(()),
        None => Err(ApiError::not_found(&target.arn)),
    }
}

/// AWS: unconfirmed, the text SDK users report.
fn not_found(entry: &Entry, qualifier: &str) -> ApiError {
    let arn = format!("{}:{qualifier}", entry.function.arn);
    ApiError::resource_not_found(format!("The function {arn} doesn't have an EventInvokeConfig"))
}

/// AWS's `FunctionEventInvokeConfig`.
fn config_document(entry: &Entry, qualifier: &str, config: &EventInvokeConfig) -> Value {
    let destination = |arn: &Option<String>| match arn {
        Some(arn) => document!({ "Destination": arn }),
        None => document!({}),
    };
    let mut members = Map::new();
    let mut set = |name: &str, value: Value| drop(members.insert(name.to_owned(), value));
    set("LastModified", document!(config.last_modified as f64 / 1000.0));
    set("FunctionArn", document!(format!("{}:{qualifier}", entry.function.arn)));
    if let Some(retries) = config.maximum_retry_attempts {
        set("MaximumRetryAttempts", document!(retries));
    }
    if let Some(age) = config.maximum_event_age_seconds {
        set("MaximumEventAgeInSeconds", document!(age));
    }
    let (on_success, on_failure) = (destination(&config.on_success), destination(&config.on_failure));
    set("DestinationConfig", document!({ "OnSuccess": on_success, "OnFailure": on_failure }));
    Value::Object(members)
}
