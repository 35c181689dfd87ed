//! The Lambda API: what the AWS CLI and SDKs need to create, change, list, call and delete functions, with their
//! versions, aliases and layers.
//!
//! REST, JSON bodies, paths below a date: `/2015-03-31/functions`, `/2018-10-31/layers`, whichever date it is.
//! Requests are taken as they come: signatures are the caller's matter.

mod aliases;
mod concurrency;
mod configuration;
mod create;
mod delete;
mod errors;
mod event_invoke_config;
mod get;
mod invoke;
mod layers;
mod list;
mod paging;
mod update;
mod versions;
mod view;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::config::HostConfig;
use crate::host::FunctionHost;
use crate::invocation::Target;
use crate::registry::Entry;
use errors::ApiError;

/// Bytes of a request's body: an archive of 50 MB in base64, and the rest. AWS: unconfirmed, from the text of
/// `RequestEntityTooLargeException` that SDK users report.
const BODY_LIMIT: usize = 69_905_067;

pub use view::PATH as VIEW_PATH;

/// Answers a request of the Lambda API, or of [`VIEW_PATH`]; `None` when its path belongs to another service.
pub async fn handle(host: &FunctionHost, request: Request<Bytes>) -> Option<Response<Bytes>> {
    if request.uri().path() == VIEW_PATH && request.method() == Method::GET {
        return Some(view::view(host).unwrap_or_else(ApiError::into_response));
    }
    let path = lambda_path(request.uri().path())?;
    let answer = match path {
        Ok(path) => route(host, &path, &request).await,
        Err(error) => Err(error),
    };
    let mut response = answer.unwrap_or_else(ApiError::into_response);
    let id = uuid::Uuid::new_v4().to_string();
    if let (false, Ok(id)) = (response.headers().contains_key("x-amzn-requestid"), HeaderValue::from_str(&id))
    {
        response.headers_mut().insert("x-amzn-requestid", id);
    }
    Some(response)
}

/// What paths after the date begin with.
const ROOMS: [&str; 3] = ["functions", "layers", "account-settings"];

/// The segments of a path after its date, decoded.
fn lambda_path(path: &str) -> Option<Result<Vec<String>, ApiError>> {
    let mut segments = path.strip_prefix('/')?.split('/');
    if !is_date(segments.next()?) {
        return None;
    }
    let room = segments.next().filter(|room| ROOMS.contains(room))?;
    let decoded =
        [room].into_iter().chain(segments).filter(|segment| !segment.is_empty()).map(decode_percent);
    Some(decoded.collect::<Option<_>>().ok_or_else(ApiError::unknown_operation))
}

/// Whether a path's first segment is the date of an API version, `2015-03-31`.
fn is_date(segment: &str) -> bool {
    let form = segment.bytes().enumerate().all(|(at, byte)| match at {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    segment.len() == 10 && form
}

async fn route(
    host: &FunctionHost,
    path: &[String],
    request: &Request<Bytes>,
) -> Result<Response<Bytes>, ApiError> {
    if request.body().len() > BODY_LIMIT {
        return Err(ApiError::body_too_large(BODY_LIMIT));
    }
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    match path.as_slice() {
        ["functions", path @ ..] => route_function(host, path, request).await,
        ["layers", path @ ..] => route_layer(host, path, request).await,
        ["account-settings"] if request.method() == Method::GET => concurrency::get_account_settings(host),
        _ => Err(ApiError::unknown_operation()),
    }
}

async fn route_function(
    host: &FunctionHost,
    path: &[&str],
    request: &Request<Bytes>,
) -> Result<Response<Bytes>, ApiError> {
    use event_invoke_config::Way;
    match (request.method(), path) {
        (&Method::POST, []) => create::create_function(host, request).await,
        (&Method::GET, []) => list::list_functions(host, request),
        (&Method::GET, [name]) => get::get_function(host, name, request),
        (&Method::DELETE, [name]) => delete::delete_function(host, name, request).await,
        (&Method::GET, [name, "configuration"]) => get::get_function_configuration(host, name, request),
        (&Method::PUT, [name, "configuration"]) => update::update_configuration(host, name, request).await,
        (&Method::PUT, [name, "code"]) => update::update_code(host, name, request).await,
        (&Method::POST, [name, "invocations"]) => invoke::invoke(host, name, request).await,
        (&Method::POST, [name, "versions"]) => versions::publish(host, name, request).await,
        (&Method::GET, [name, "versions"]) => versions::list_versions(host, name, request),
        (&Method::POST, [name, "aliases"]) => aliases::create_alias(host, name, request).await,
        (&Method::GET, [name, "aliases"]) => aliases::list_aliases(host, name, request),
        (&Method::GET, [name, "aliases", alias]) => aliases::get_alias(host, name, alias, request),
        (&Method::PUT, [name, "aliases", alias]) => aliases::update_alias(host, name, alias, request).await,
        (&Method::DELETE, [name, "aliases", alias]) => {
            aliases::delete_alias(host, name, alias, request).await
        }
        (&Method::PUT, [name, "concurrency"]) => concurrency::put_concurrency(host, name, request).await,
        (&Method::GET, [name, "concurrency"]) => concurrency::get_concurrency(host, name, request),
        (&Method::DELETE, [name, "concurrency"]) => {
            concurrency::delete_concurrency(host, name, request).await
        }
        (&Method::PUT, [name, "event-invoke-config"]) => {
            event_invoke_config::set(host, name, request, Way::Put).await
        }
        (&Method::POST, [name, "event-invoke-config"]) => {
            event_invoke_config::set(host, name, request, Way::Update).await
        }
        (&Method::GET, [name, "event-invoke-config"]) => event_invoke_config::get(host, name, request),
        (&Method::DELETE, [name, "event-invoke-config"]) => {
            event_invoke_config::delete(host, name, request).await
        }
        (&Method::GET, [name, "event-invoke-config", "list"]) => {
            event_invoke_config::list(host, name, request)
        }
        _ => Err(ApiError::unknown_operation()),
    }
}

async fn route_layer(
    host: &FunctionHost,
    path: &[&str],
    request: &Request<Bytes>,
) -> Result<Response<Bytes>, ApiError> {
    match (request.method(), path) {
        (&Method::GET, []) if query(request, "find").is_some() => layers::get_by_arn(host, request),
        (&Method::GET, []) => layers::list(host, request),
        (&Method::POST, [name, "versions"]) => layers::publish(host, name, request).await,
        (&Method::GET, [name, "versions"]) => layers::list_versions(host, name, request),
        (&Method::GET, [name, "versions", version]) => layers::get(host, name, version),
        (&Method::DELETE, [name, "versions", version]) => layers::delete(host, name, version).await,
        _ => Err(ApiError::unknown_operation()),
    }
}

/// The function a path and query name, with whichever qualifier.
fn qualified(config: &HostConfig, name: &str, request: &Request<Bytes>) -> Result<Target, ApiError> {
    Ok(Target::read(name, query(request, "Qualifier").as_deref(), config)?)
}

/// The function a path and query name, which must be `$LATEST`.
fn target(config: &HostConfig, name: &str, request: &Request<Bytes>) -> Result<Target, ApiError> {
    let target = qualified(config, name, request)?;
    if target.is_latest() { Ok(target) } else { Err(ApiError::not_found(&target.arn)) }
}

/// The function that is asked for; an error if there is none.
fn existing(host: &FunctionHost, target: &Target) -> Result<Entry, ApiError> {
    host.entry(&target.name).ok_or_else(|| ApiError::not_found(&target.arn))
}

/// The value of a query parameter.
fn query(request: &Request<Bytes>, key: &str) -> Option<String> {
    let pairs = request.uri().query()?.split('&').filter_map(|pair| pair.split_once('='));
    pairs.filter(|(name, _)| *name == key).find_map(|(_, value)| decode_percent(&value.replace('+', " ")))
}

/// `None` when the text is not well-formed or not UTF-8 behind its escapes.
fn decode_percent(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let high = char::from(rest.next()?).to_digit(16)?;
        let low = char::from(rest.next()?).to_digit(16)?;
        bytes.push(u8::try_from(high * 16 + low).ok()?);
    }
    String::from_utf8(bytes).ok()
}

/// A request's body read as `T`.
fn read_body<T: DeserializeOwned>(body: &Bytes) -> Result<T, ApiError> {
    serde_json::from_slice(body).map_err(|error| ApiError::malformed_body(&error))
}

/// As [`read_body`], where a body without anything in it stands for one without members.
fn read_body_or_default<T: DeserializeOwned + Default>(body: &Bytes) -> Result<T, ApiError> {
    if body.is_empty() { Ok(T::default()) } else { read_body(body) }
}

/// Refuses a member of more characters than AWS's model allows.
fn check_length(text: &str, member: &str, limit: usize) -> Result<(), ApiError> {
    if text.chars().count() <= limit {
        return Ok(());
    }
    let rule = format!("Member must have length less than or equal to {limit}");
    Err(ApiError::validation(text, member, &rule))
}

fn no_content() -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// A JSON answer.
fn json(status: StatusCode, body: &impl Serialize) -> Result<Response<Bytes>, ApiError> {
    let text = serde_json::to_vec(body).map_err(|error| ApiError::internal(&error.to_string()))?;
    let mut response = Response::new(Bytes::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_dated_functions_paths_are_lambdas() {
        for other in ["/", "/functions", "/2015-03-31/tags", "/2015-03-3x/functions", "//functions", ""] {
            assert!(lambda_path(other).is_none(), "{other}");
        }
        let path = lambda_path("/2015-03-31/functions/arn%3Aaws/invocations").unwrap().ok().unwrap();
        assert_eq!(path, ["functions", "arn:aws", "invocations"]);
        assert_eq!(lambda_path("/2015-03-31/functions/").unwrap().ok().unwrap(), ["functions"]);
        assert!(lambda_path("/2020-06-30/functions/%zz").unwrap().is_err());
    }
}
