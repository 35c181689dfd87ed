//! `http:invoke`: a request to any address, with what an EventBridge connection adds to it.

mod connection;
mod encoding;
mod exchange;
mod request;

use crate::call::{TaskCall, TaskOutcome};
use crate::errors::{failed, succeeded, unusable};
use crate::services::Services;
use aws::{CallError, TransportKind, WebAnswer, WebRequest};
use bytes::Bytes;
use json::{Object, Payload, Value};
use model::{error_name, limits};
use request::HttpCall;
use std::time::Duration;

pub use exchange::{HttpExchange, HttpRequestShown, HttpResponseShown};

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
    let mut http = match HttpCall::read(call) {
        Ok(http) => http,
        Err(outcome) => return (outcome, None),
    };
    if let Err(outcome) = connection::add(services, client, call, &mut http).await {
        return (outcome, None);
    }
    let sent = match http.finish(&call.region) {
        Ok(sent) => sent,
        Err(problem) => return (unusable(call, &problem), None),
    };
    let answer = client
        .fetch(WebRequest {
            method: &http.method,
            url: &sent.url,
            headers: &sent.headers,
            body: Bytes::from(sent.body.clone().unwrap_or_default()),
            timeout: TIMEOUT,
            limit: limits::PAYLOAD_SIZE,
        })
        .await;
    let shown = exchange::shown(&http, &sent, reveal_secrets, answer.as_ref().ok());
    let outcome = match answer {
        Ok(answer) => outcome(call, &answer),
        Err(error) => no_answer(call, &error),
    };
    (outcome, Some(shown))
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
