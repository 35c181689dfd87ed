//! The Lambda API: Invoke.

use crate::client::{Call, Client};
use crate::error::{CallError, ServiceError};
use crate::sigv4::encode;
use bytes::Bytes;

/// The service's name in the texts of SDK errors.
pub const SERVICE_NAME: &str = "AWSLambda";

/// AWS's `InvocationType`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InvocationType {
    /// Wait for the function's result.
    #[default]
    RequestResponse,
    /// Answer once the event is queued.
    Event,
    /// Only check that the call could be made.
    DryRun,
}

impl InvocationType {
    /// AWS's name of it.
    pub fn name(self) -> &'static str {
        match self {
            InvocationType::RequestResponse => "RequestResponse",
            InvocationType::Event => "Event",
            InvocationType::DryRun => "DryRun",
        }
    }

    /// The type of that name.
    pub fn from_name(name: &str) -> Option<InvocationType> {
        let all = [InvocationType::RequestResponse, InvocationType::Event, InvocationType::DryRun];
        all.into_iter().find(|kind| kind.name() == name)
    }
}

/// AWS's `LogType`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogType {
    /// No log in the answer.
    #[default]
    None,
    /// The last 4 KB of the call's log.
    Tail,
}

/// A call of a function.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InvokeRequest {
    /// A name, a partial or a full ARN, each with an optional `:QUALIFIER`.
    pub function: String,
    /// A version or an alias.
    pub qualifier: Option<String>,
    /// The event, JSON text; empty for none.
    pub payload: Bytes,
    /// Whether to wait for the result.
    pub invocation_type: InvocationType,
    /// The client's context: JSON in base64.
    pub client_context: Option<String>,
    /// Whether to answer with the end of the log.
    pub log_type: LogType,
    /// The region that the call is signed for.
    pub region: String,
}

/// What came of a call that Lambda took; the function itself may have failed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InvokeResponse {
    /// 200, 202 for `Event`, 204 for `DryRun`.
    pub status: u16,
    /// The function's answer, or the error document when `function_error` is set.
    pub payload: Bytes,
    /// `Unhandled` or `Handled` when the function failed.
    pub function_error: Option<String>,
    /// The version that ran.
    pub executed_version: Option<String>,
    /// The request's id.
    pub request_id: Option<String>,
    /// The end of the log in base64.
    pub log_result: Option<String>,
    /// The headers of the answer, names in lower case.
    pub headers: Vec<(String, String)>,
}

/// Calls a function.
///
/// A [`CallError::Service`] means that the function was not called; a function that failed is a response with
/// `function_error`. After [`CallError::Transport`] see its kind for whether it may have been called.
pub async fn invoke(client: &Client, request: InvokeRequest) -> Result<InvokeResponse, CallError> {
    let answer = client.send(call(&request)).await?;
    let header = |name: &str| {
        answer.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    if !(200..300).contains(&answer.status) {
        let error = ServiceError::read(SERVICE_NAME, answer.status, header, &answer.body);
        return Err(CallError::Service(error));
    }
    let lossy = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    Ok(InvokeResponse {
        status: answer.status,
        function_error: header("x-amz-function-error"),
        executed_version: header("x-amz-executed-version"),
        request_id: header("x-amzn-requestid"),
        log_result: header("x-amz-log-result"),
        headers: answer.headers.iter().map(|(name, value)| (name.to_string(), lossy(value))).collect(),
        payload: answer.body,
    })
}

fn call(request: &InvokeRequest) -> Call<'_> {
    let mut headers = vec![
        ("content-type", "application/json".to_owned()),
        ("x-amz-invocation-type", request.invocation_type.name().to_owned()),
    ];
    headers.extend(request.client_context.clone().map(|context| ("x-amz-client-context", context)));
    if request.log_type == LogType::Tail {
        headers.push(("x-amz-log-type", "Tail".to_owned()));
    }
    Call {
        service: "lambda",
        operation: "Invoke",
        region: &request.region,
        method: "POST",
        path: format!("/2015-03-31/functions/{}/invocations", encode(&request.function)),
        query: request
            .qualifier
            .iter()
            .map(|qualifier| ("Qualifier".to_owned(), encode(qualifier)))
            .collect(),
        headers,
        body: request.payload.clone(),
    }
}
