//! Invoke.

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode};
use serde::de::IgnoredAny;

use super::errors::ApiError;
use super::query;
use crate::host::FunctionHost;
use crate::invocation::{Invocation, InvocationType};

pub(super) async fn invoke(
    host: &FunctionHost,
    name: &str,
    request: &Request<Bytes>,
) -> Result<Response<Bytes>, ApiError> {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let invocation_type = match header("x-amz-invocation-type") {
        None | Some("RequestResponse") => InvocationType::RequestResponse,
        Some("Event") => InvocationType::Event,
        Some("DryRun") => InvocationType::DryRun,
        Some(other) => {
            let rule = "Member must satisfy enum value set: [Event, RequestResponse, DryRun]";
            return Err(ApiError::validation(other, "invocationType", rule));
        }
    };
    let log_type_tail = match header("x-amz-log-type") {
        None | Some("None") => false,
        Some("Tail") => true,
        Some(other) => {
            let rule = "Member must satisfy enum value set: [None, Tail]";
            return Err(ApiError::validation(other, "logType", rule));
        }
    };
    let payload = request.body().clone();
    if !payload.is_empty() {
        check_json(&payload)?;
    }
    let result = host
        .invoke(Invocation {
            function: name.to_owned(),
            qualifier: query(request, "Qualifier"),
            payload,
            invocation_type,
            client_context: header("x-amz-client-context").map(str::to_owned),
            log_type_tail,
            trace_header: header("x-amzn-trace-id").map(str::to_owned),
        })
        .await?;
    let mut response = Response::new(result.payload);
    *response.status_mut() = StatusCode::from_u16(result.status).unwrap_or(StatusCode::OK);
    let headers = response.headers_mut();
    let mut set = |name: &'static str, value: Option<&str>| {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(value).ok()) {
            headers.insert(name, value);
        }
    };
    set("x-amzn-requestid", Some(&result.request_id));
    set("x-amz-function-error", result.function_error.as_deref());
    set("x-amz-log-result", result.log_result.as_deref());
    if invocation_type == InvocationType::RequestResponse {
        set("x-amz-executed-version", Some(&result.executed_version));
        set("content-type", Some("application/json"));
    }
    Ok(response)
}

fn check_json(payload: &Bytes) -> Result<(), ApiError> {
    serde_json::from_slice::<IgnoredAny>(payload).map(|_| ()).map_err(|error| {
        ApiError::invalid_request_content(format!(
            "Could not parse request body into json: Could not parse payload into json: {error}"
        ))
    })
}
