//! `lambda:invoke`, with and without `.waitForTaskToken`: the parameters are those of Lambda's Invoke, and the result is
//! its answer with what the SDK knows about it.

use crate::call::{TaskCall, TaskOutcome};
use crate::errors::{failed, result_too_large, succeeded};
use crate::functions::Functions;
use crate::lambda_errors::{ErrorText, call_failed, function_failed};
use crate::sdk_metadata;
use crate::services::Services;
use aws::lambda::{InvocationType, InvokeRequest, InvokeResponse, LogType, SERVICE_NAME};
use aws::{CallError, ServiceError};
use bytes::Bytes;
use json::{Payload, Value};
use model::{error_name, limits};
use std::sync::Arc;
use std::time::SystemTime;
use uuid::Uuid;

pub(crate) async fn call(functions: &Functions, services: &Services, call: &TaskCall) -> TaskOutcome {
    let request = match request(call) {
        Ok(request) => request,
        Err(outcome) => return outcome,
    };
    match functions.invoke(services, request, call).await {
        Err(error) => call_failed(&error, &call.resource),
        Ok(answer) if answer.function_error.is_some() => function_failed(&answer.payload, ErrorText::Compact),
        Ok(answer) if answer.payload.len() > limits::PAYLOAD_SIZE => result_too_large(&call.resource),
        Ok(answer) => succeeded(&call.resource, Payload::from(result(answer))),
    }
}

fn request(call: &TaskCall) -> Result<InvokeRequest, TaskOutcome> {
    let parameters = call.parameters.value();
    let unusable = |problem: String| {
        let parameters = call.parameters.text();
        let cause = format!("The Parameters '{parameters}' could not be used to start the Task: [{problem}]");
        failed(error_name::RUNTIME, &cause)
    };
    let text = |name: &str| match parameters.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.to_string())),
        Some(_) => Err(unusable(format!("The value for the field '{name}' must be a STRING"))),
    };
    let Some(function) = text("FunctionName")? else {
        return Err(unusable("The field 'FunctionName' is required but was missing".to_owned()));
    };
    let invocation_type = match text("InvocationType")? {
        None => InvocationType::default(),
        Some(name) => InvocationType::from_name(&name)
            .ok_or_else(|| refused(call, &name, "invocationType", "[Event, RequestResponse, DryRun]"))?,
    };
    let log_type = match text("LogType")?.as_deref() {
        None | Some("None") => LogType::None,
        Some("Tail") => LogType::Tail,
        Some(name) => return Err(refused(call, name, "logType", "[None, Tail]")),
    };
    Ok(InvokeRequest {
        function,
        qualifier: text("Qualifier")?,
        payload: event(parameters.get("Payload")),
        invocation_type,
        client_context: text("ClientContext")?,
        log_type,
        region: String::new(),
    })
}

/// What Lambda answers to a value that its model does not list.
fn refused(call: &TaskCall, value: &str, member: &str, allowed: &str) -> TaskOutcome {
    let message = format!(
        "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: Member must satisfy \
         enum value set: {allowed}"
    );
    let error = CallError::Service(ServiceError {
        service: SERVICE_NAME,
        status: 400,
        code: Some("ValidationException".to_owned()),
        message: Some(message),
        request_id: Some(Uuid::new_v4().to_string()),
    });
    call_failed(&error.into(), &call.resource)
}

/// The bytes that the function gets.
///
/// AWS: recorded test_invoke (null is no payload at all, and the function gets `{}`) and test_invoke_json_values (a string
/// that holds JSON goes out as that JSON). Another string goes out as a JSON string.
fn event(payload: Option<&Value>) -> Bytes {
    match payload {
        None | Some(Value::Null) => Bytes::new(),
        Some(Value::String(text)) if json::parse(text).is_ok() => Bytes::copy_from_slice(text.as_bytes()),
        Some(value) => Bytes::from(value.to_text()),
    }
}

fn result(answer: InvokeResponse) -> Value {
    let (http, response) = sdk_metadata::of(&answer, SystemTime::now());
    let text = std::str::from_utf8(&answer.payload).ok();
    // AWS: unconfirmed that no JSON reads as null, chosen because the empty answer to an Event has to read as something.
    let payload = text.and_then(|text| json::parse(text).ok()).unwrap_or_default();
    let members: [(&str, Option<Value>); 6] = [
        ("ExecutedVersion", answer.executed_version.map(Value::from)),
        ("LogResult", answer.log_result.map(Value::from)),
        ("Payload", Some(payload)),
        ("SdkHttpMetadata", Some(http)),
        ("SdkResponseMetadata", Some(response)),
        ("StatusCode", Some(Value::from(u32::from(answer.status)))),
    ];
    let present = members.into_iter().filter_map(|(name, value)| Some((Arc::<str>::from(name), value?)));
    Value::object(present)
}
