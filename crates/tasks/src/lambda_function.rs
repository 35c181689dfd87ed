//! A function called by its ARN: the input goes in, what the function returns is the result.

use crate::call::{TaskCall, TaskOutcome};
use crate::errors::{result_too_large, succeeded};
use crate::functions::Functions;
use crate::lambda_errors::{ErrorText, call_failed, function_failed};
use crate::services::Services;
use aws::lambda::InvokeRequest;
use bytes::Bytes;
use json::{Payload, Value};
use model::limits;

pub(crate) async fn call(functions: &Functions, services: &Services, call: &TaskCall) -> TaskOutcome {
    let request = InvokeRequest {
        function: call.resource.arn().to_string(),
        payload: Bytes::copy_from_slice(call.parameters.text().as_bytes()),
        ..InvokeRequest::default()
    };
    match functions.invoke(services, request, call).await {
        Err(error) => call_failed(&error, &call.resource),
        Ok(answer) if answer.function_error.is_some() => {
            function_failed(&answer.payload, ErrorText::AsReturned)
        }
        Ok(answer) if answer.payload.len() > limits::PAYLOAD_SIZE => result_too_large(&call.resource),
        Ok(answer) => succeeded(&call.resource, result(&answer.payload)),
    }
}

/// What the function returned, kept to the byte.
/// AWS: unconfirmed that an answer that is no JSON reads as null, chosen because an empty one does.
fn result(answer: &[u8]) -> Payload {
    let text = std::str::from_utf8(answer).ok();
    text.and_then(|text| Payload::from_text(text).ok()).unwrap_or_else(|| Payload::from(Value::Null))
}
