//! Which door a request takes.

use crate::body::{BodyMemory, Held, Refused, discard};
use crate::error::ApiError;
use crate::express_view;
use crate::handler::{Handler, Panicked};
use crate::operations::{self, Caller};
use crate::page::PageTokens;
use crate::response::{Answer, aws_json, closing, plain_json};
use crate::{Api, Limits};
use bytes::Bytes;
use engine::{Randomness as _, SystemRandomness};
use http::request::Parts;
use http::{Method, Request, StatusCode};
use http_body_util::Full;
use hyper::body::{Body as _, Incoming};
use json::Value;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::{Semaphore, watch};

const TARGET_PREFIX: &str = "AWSStepFunctions.";
/// Characters of an unknown operation's name that the answer repeats.
const SHOWN_TARGET: usize = 100;

/// What all connections share.
pub(crate) struct Router {
    api: Api,
    tokens: PageTokens,
    requests: Semaphore,
    body_memory: BodyMemory,
    /// Resolves to an error once the server shuts down.
    stopping: watch::Receiver<()>,
}

/// Where a request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Door {
    Health,
    StepFunctions,
    Lambda { body_limit: usize },
    ExpressExecutions,
    Unknown,
}

impl Router {
    pub(crate) fn new(api: Api, stopping: watch::Receiver<()>) -> Router {
        let requests = Semaphore::new(api.limits.requests.min(Semaphore::MAX_PERMITS));
        let (tokens, body_memory) = (PageTokens::new(api.engine.partition()), BodyMemory::new(&api.limits));
        Router { api, tokens, requests, body_memory, stopping }
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.api.limits
    }

    /// Answers a request. On a connection beyond the limit (`is_admitted` is false) only `/health` is served.
    pub(crate) async fn answer(self: Arc<Self>, request: Request<Incoming>, is_admitted: bool) -> Answer {
        let request_id = SystemRandomness.uuid().to_string();
        let (head, mut body) = request.into_parts();
        let door = Door::of(&head, &self.api);
        if door == Door::Health {
            return plain_json(StatusCode::OK, &self.health());
        }
        let permit = self.requests.try_acquire().ok().filter(|_| is_admitted);
        let read = match (&permit, door.body_limit(&self.api.limits)) {
            (None, _) => Err(Refused::Because(ApiError::Throttling)),
            (Some(_), limit) => self.body_memory.read(&mut body, limit, &self.api.limits).await,
        };
        let held = match read {
            Ok(held) => held,
            Err(refused) => {
                let error = match refused {
                    Refused::Because(error) => error,
                    Refused::BrokenOff => {
                        ApiError::Serialization("Unexpected end of the request's body".to_owned())
                    }
                };
                if !body.is_end_stream() {
                    discard(body, &head.headers, &self.api.limits);
                }
                return closing(aws_json(Err(error), &request_id));
            }
        };
        let ends_with_client = operation(&head) == Some("GetActivityTask");
        let (router, id) = (self.clone(), request_id.clone());
        // A worker that polls takes no room from those who want an answer now; connections bound how many there are.
        let _permit = permit.filter(|_| !ends_with_client);
        let handler =
            Handler::new(async move { router.enter(door, head, held, &id).await }, ends_with_client);
        handler.await.unwrap_or_else(|Panicked| {
            tracing::error!(%request_id, "a request's handler ended with a bug");
            aws_json(Err(ApiError::Internal), &request_id)
        })
    }

    async fn enter(&self, door: Door, head: Parts, held: Held, request_id: &str) -> Answer {
        match (door, &self.api.functions) {
            (Door::StepFunctions, _) => {
                let begun = Instant::now();
                let answer = self.call(&head, &held.bytes).await;
                log(&head, request_id, begun, &answer);
                aws_json(answer, request_id)
            }
            (Door::ExpressExecutions, _) => {
                let (path, query) = (head.uri.path(), head.uri.query().unwrap_or_default());
                match express_view::answer(&self.caller(&head), path, query) {
                    Some(answer) => extension(answer),
                    None => not_found(path),
                }
            }
            (Door::Lambda { .. }, Some(host)) => {
                let request = Request::from_parts(head, held.bytes.clone());
                let path = request.uri().path().to_owned();
                match lambda::api::handle(host, request).await {
                    Some(response) => response.map(Full::new),
                    None => not_found(&path),
                }
            }
            (Door::Lambda { .. } | Door::Unknown | Door::Health, _) => not_found(head.uri.path()),
        }
    }

    fn health(&self) -> Value {
        let throttled = self.api.engine.throttled_transitions();
        let counted = throttled.map(|count| ("throttledTransitions", Value::from(count)));
        Value::object([("status", Value::from("ok"))].into_iter().chain(counted))
    }

    async fn call(&self, head: &Parts, body: &Bytes) -> Result<Value, ApiError> {
        let target = head.headers.get("x-amz-target").map(|target| target.to_str().unwrap_or_default());
        let operation = target.and_then(|target| target.strip_prefix(TARGET_PREFIX));
        let unknown =
            || ApiError::UnknownOperation(target.unwrap_or("").chars().take(SHOWN_TARGET).collect());
        let operation = operation.ok_or_else(unknown)?;
        operations::call(&self.caller(head), operation, body).await.unwrap_or_else(|| Err(unknown()))
    }

    fn caller<'a>(&'a self, head: &'a Parts) -> Caller<'a> {
        let trace_header = head.headers.get("x-amzn-trace-id").and_then(|header| header.to_str().ok());
        Caller { api: &self.api, tokens: &self.tokens, trace_header, stopping: self.stopping.clone() }
    }
}

impl Door {
    fn of(head: &Parts, api: &Api) -> Door {
        let path = head.uri.path();
        match (&head.method, path) {
            (&Method::GET | &Method::HEAD, "/health") => Door::Health,
            (&Method::POST, "/") => Door::StepFunctions,
            (&Method::GET, path) if path.starts_with(express_view::PATH) => Door::ExpressExecutions,
            (&Method::GET, lambda::api::VIEW_PATH) if api.functions.is_some() => {
                Door::Lambda { body_limit: api.limits.request_size }
            }
            _ if is_dated(path) && api.functions.is_some() => {
                let brings_archive = match head.method {
                    Method::POST => {
                        let path = path.trim_end_matches('/');
                        path.ends_with("/functions")
                            || path.contains("/layers/") && path.ends_with("/versions")
                    }
                    Method::PUT => path.ends_with("/code"),
                    _ => false,
                };
                let limits = &api.limits;
                let body_limit = if brings_archive { limits.archive_size } else { limits.invocation_size };
                Door::Lambda { body_limit }
            }
            _ => Door::Unknown,
        }
    }

    fn body_limit(self, limits: &Limits) -> usize {
        match self {
            Door::Lambda { body_limit } => body_limit,
            Door::Health | Door::StepFunctions | Door::ExpressExecutions | Door::Unknown => {
                limits.request_size
            }
        }
    }
}

/// The header that names the operation; empty where there is none that can be read.
fn target(head: &Parts) -> &str {
    head.headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or("")
}

fn operation(head: &Parts) -> Option<&str> {
    target(head).strip_prefix(TARGET_PREFIX)
}

/// One line for each call; those of our own making are errors already when they arise.
fn log(head: &Parts, request_id: &str, begun: Instant, answer: &Result<Value, ApiError>) {
    let operation = operation(head).unwrap_or_else(|| target(head));
    let milliseconds = begun.elapsed().as_millis();
    match answer {
        Ok(_) => tracing::debug!(operation, request_id, milliseconds, "answered"),
        Err(error) => {
            let code = error.code();
            tracing::debug!(operation, request_id, milliseconds, code, %error, "answered with an exception");
        }
    }
}

/// Whether a path begins with the date of an API version, as those of the Lambda API do: `/2015-03-31/…`.
fn is_dated(path: &str) -> bool {
    let date = path.strip_prefix('/').and_then(|path| path.split('/').next()).unwrap_or("");
    let is_digit_or_dash = |(at, byte): (usize, u8)| match at {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    };
    date.len() == 10 && date.bytes().enumerate().all(is_digit_or_dash)
}

/// An answer of our own API: AWS's exceptions, with the status that says more than AWS's 400 does.
fn extension(answer: Result<Value, ApiError>) -> Answer {
    match answer {
        Ok(value) => plain_json(StatusCode::OK, &value),
        Err(error) => {
            let is_missing =
                matches!(error, ApiError::ExecutionDoesNotExist(_) | ApiError::StateMachineDoesNotExist(_));
            let status = if is_missing { StatusCode::NOT_FOUND } else { error.status() };
            plain_json(status, &error.to_wire())
        }
    }
}

fn not_found(path: &str) -> Answer {
    let shown: String = path.chars().take(SHOWN_TARGET).collect();
    let hint = "AWS Step Functions is served on POST / with an X-Amz-Target header (point the AWS CLI here with \
                --endpoint-url), the Lambda API below /2015-03-31/functions where functions are hosted and how they \
                are used on GET /stepwright/v1/functions, Express executions on GET \
                /stepwright/v1/express-executions, and the server's health on GET /health";
    let message = format!("There is nothing at {shown}");
    plain_json(StatusCode::NOT_FOUND, &Value::object([("message", message.as_str()), ("hint", hint)]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt as _;

    #[test]
    fn dated_paths_belong_to_lambda() {
        assert!(is_dated("/2015-03-31/functions/f/invocations"));
        assert!(is_dated("/2021-10-31"));
        for path in ["/", "/2015-03-3", "/2015-03-31x/functions", "/20150331aa/x", "/functions"] {
            assert!(!is_dated(path), "{path}");
        }
    }

    #[tokio::test]
    async fn unknown_paths_get_a_hint() {
        let answer = not_found("/nowhere");
        assert_eq!(answer.status(), StatusCode::NOT_FOUND);
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        let body = json::parse_bytes(&body).unwrap();
        assert_eq!(body.get("message").and_then(Value::as_str), Some("There is nothing at /nowhere"));
        assert!(body.get("hint").is_some());
    }
}
