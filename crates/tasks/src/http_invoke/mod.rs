//! `http:invoke`: a request to any address, with what an EventBridge connection adds to it.

mod connection;
mod encoding;
mod exchange;
mod local;
mod request;
mod tokens;

use crate::access::Denial;
use crate::call::{TaskCall, TaskOutcome};
use crate::errors::{failed, succeeded, unusable};
use crate::permissions::Permission;
use crate::services::Services;
use aws::{CallError, TransportKind, WebAnswer, WebRequest};
use bytes::Bytes;
use connection::KeptToken;
use iam::Context;
use json::{Object, Payload, Value};
use model::{error_name, limits};
use request::HttpCall;
use std::time::Duration;

pub(crate) use encoding::joined;
pub(crate) use tokens::Tokens;

pub use exchange::{HttpExchange, HttpRequestShown, HttpResponseShown};
pub use local::{Connections, ConnectionsError};

/// AWS: documented.
const TIMEOUT: Duration = Duration::from_secs(60);
const SOCKET_ERROR: &str = "States.Http.Socket";

/// Makes the request, and tells what went over the wire where there was something.
pub(crate) async fn call(
    services: &Services,
    call: &TaskCall,
    reveal_secrets: bool,
) -> (TaskOutcome, Option<HttpExchange>) {
    let Some(client) = services.client() else {
        return (failed(SOCKET_ERROR, "Stepwright was started without a client for other services"), None);
    };
    let read = match HttpCall::read(call) {
        Ok(http) => http,
        Err(outcome) => return (outcome, None),
    };
    if let Err(outcome) = may_invoke(services, call, &read).await {
        return (outcome, None);
    }
    let first = match send(services, client, call, read.clone()).await {
        Ok(sent) => sent,
        Err(outcome) => return (outcome, None),
    };
    // AWS: documented: EventBridge asks for a new token when the endpoint does not take the one it had.
    let is_refused = first.answer.as_ref().is_ok_and(|answer| matches!(answer.status, 401 | 407));
    let last = match &first.kept {
        Some(kept) if is_refused => {
            kept.forget(services);
            match send(services, client, call, read).await {
                Ok(sent) => sent,
                Err(outcome) => return (outcome, None),
            }
        }
        Some(_) | None => first,
    };
    let shown = exchange::shown(&last.http, &last.sent, reveal_secrets, last.answer.as_ref().ok());
    let outcome = match last.answer {
        Ok(answer) => outcome(call, &answer),
        Err(error) => no_answer(call, &error),
    };
    (outcome, Some(shown))
}

/// A request that was sent.
struct Exchanged {
    http: HttpCall,
    sent: request::Sent,
    /// The token that it was sent with, if that was not a new one.
    kept: Option<KeptToken>,
    answer: Result<WebAnswer, CallError>,
}

/// Sends the request with what its connection adds.
async fn send(
    services: &Services,
    client: &aws::Client,
    call: &TaskCall,
    mut http: HttpCall,
) -> Result<Exchanged, TaskOutcome> {
    let kept = connection::add(services, client, call, &mut http).await?;
    let sent = http.finish(&call.region).map_err(|problem| unusable(call, &problem))?;
    let request = WebRequest {
        method: &http.method,
        url: &sent.url,
        headers: &sent.headers,
        body: Bytes::from(sent.body.clone().unwrap_or_default()),
        timeout: TIMEOUT,
        limit: limits::PAYLOAD_SIZE,
    };
    let answer = client.fetch(request).await;
    Ok(Exchanged { http, sent, kept, answer })
}

/// Whether the state machine's role may make requests like this.
///
/// AWS: documented permission and condition keys; the error is unconfirmed, chosen: the name that is meant for it.
async fn may_invoke(services: &Services, call: &TaskCall, http: &HttpCall) -> Result<(), TaskOutcome> {
    let machine = crate::optimised::state_machine_arn(&call.execution_arn);
    let resource = machine.unwrap_or_else(|| "*".to_owned());
    let needed = [Permission { action: "states:InvokeHTTPEndpoint".to_owned(), resource }];
    let context = Context::new()
        .with("states:HTTPMethod", http.method.as_str())
        .with("states:HTTPEndpoint", http.endpoint.as_str());
    match services.access.check(services.client(), call, &needed, context).await {
        Ok(()) => Ok(()),
        Err(Denial::Failed(failure)) => Err(TaskOutcome::Failed(failure)),
        Err(Denial::Refused(message)) => Err(failed(error_name::PERMISSIONS, &message)),
    }
}

fn outcome(call: &TaskCall, answer: &WebAnswer) -> TaskOutcome {
    let text = match body_text(answer) {
        Ok(text) => text,
        Err(problem) => return failed(error_name::RUNTIME, &problem),
    };
    if !(200..300).contains(&answer.status) {
        return failed(&format!("States.Http.StatusCode.{}", answer.status), &text);
    }
    let mut headers = Object::new();
    for (name, value) in &answer.headers {
        let value = Value::from(value.as_str());
        match headers.get_mut(name) {
            Some(Value::Array(values)) => std::sync::Arc::make_mut(values).push(value),
            Some(_) | None => {
                headers.insert(name.as_str(), Value::array(vec![value]));
            }
        }
    }
    let body = match header(answer, "content-type").is_some_and(|kind| kind.contains("json")) {
        true => json::parse(&text).unwrap_or_else(|_| Value::from(text)),
        false => Value::from(text),
    };
    let result = Value::object([
        ("Headers", Value::from(headers)),
        ("ResponseBody", body),
        ("StatusCode", Value::from(u32::from(answer.status))),
        ("StatusText", Value::from(answer.reason.as_str())),
    ]);
    succeeded(&call.resource, Payload::from(result))
}

// AWS: documented that these bodies are refused, the words are unconfirmed.
fn body_text(answer: &WebAnswer) -> Result<String, String> {
    let kind = header(answer, "content-type").unwrap_or_default();
    let is_binary = ["application/octet-stream", "image/", "video/", "audio/"];
    if is_binary.iter().any(|binary| kind.starts_with(binary)) {
        return Err(format!("The response has the content type '{kind}', which is not supported"));
    }
    String::from_utf8(answer.body.to_vec()).map_err(|_| "The response body cannot be read as text".to_owned())
}

fn header<'a>(answer: &'a WebAnswer, name: &str) -> Option<&'a str> {
    answer.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

fn no_answer(call: &TaskCall, error: &CallError) -> TaskOutcome {
    match error {
        CallError::ReadOnly { call, host } => crate::errors::only_read(call, host),
        CallError::TooLarge { .. } => crate::errors::result_too_large(&call.resource),
        CallError::Unsendable { reason } => unusable(call, reason),
        CallError::Transport(error) => {
            let text = match error.kind {
                // AWS: unconfirmed words.
                TransportKind::TimedOut => "The HTTP request timed out after 60 seconds".to_owned(),
                TransportKind::Dns | TransportKind::Connect | TransportKind::Lost => error.reason.clone(),
            };
            failed(SOCKET_ERROR, &text)
        }
        CallError::NoEndpoint { .. } | CallError::NoCredentials { .. } | CallError::Service(_) => {
            failed(SOCKET_ERROR, &error.to_string())
        }
    }
}
