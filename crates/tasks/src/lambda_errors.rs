//! The failures of a Lambda call: of the function, of the service, of the way there.

use crate::access::CallFailure;
use crate::call::TaskOutcome;
use crate::errors::{self, failed, result_too_large};
use aws::{CallError, OperationError, ServiceError};
use json::Value;
use model::TaskResource;

/// How the cause shows the error document that a function returned.
#[derive(Clone, Copy)]
pub(crate) enum ErrorText {
    /// To the byte.
    AsReturned,
    /// Written anew without blanks.
    Compact,
}

/// A function that failed: its own error's name, and the error document as the cause.
pub(crate) fn function_failed(document: &[u8], shown: ErrorText) -> TaskOutcome {
    let text = String::from_utf8_lossy(document);
    let value = json::parse(&text).unwrap_or_default();
    match value.get("errorType").and_then(Value::as_str).filter(|name| !name.is_empty()) {
        Some(name) => match shown {
            ErrorText::AsReturned => failed(name, &text),
            ErrorText::Compact => failed(name, &value.to_text()),
        },
        // AWS: the error and cause of executions that were published with a function's time-out.
        None => failed(
            "Lambda.Unknown",
            &format!(
                "The cause could not be determined because Lambda did not return an error type. Returned payload: {text}"
            ),
        ),
    }
}

/// A call that reached no function, or whose answer did not come back.
pub(crate) fn call_failed(error: &CallFailure, resource: &TaskResource) -> TaskOutcome {
    let error = match error {
        CallFailure::NotMade(failure) => return TaskOutcome::Failed(failure.clone()),
        CallFailure::Operation(OperationError::Call(error)) => error,
        CallFailure::Operation(error) => return failed("Lambda.SdkClientException", &error.to_string()),
    };
    match error {
        CallError::ReadOnly { call, host } => errors::only_read(call, host),
        CallError::Service(service) => {
            failed(&format!("Lambda.{}", exception(service)), &service.to_string())
        }
        CallError::TooLarge { .. } => result_too_large(resource),
        CallError::NoEndpoint { .. }
        | CallError::NoCredentials { .. }
        | CallError::Unsendable { .. }
        | CallError::Transport(_) => failed("Lambda.SdkClientException", &error.to_string()),
    }
}

/// The SDK's class for a service error: the code's own where the service model has one, else the one for everything.
fn exception(error: &ServiceError) -> &str {
    match &error.code {
        Some(code) if MODELLED.contains(&code.as_str()) => code,
        None if error.status == 429 => "TooManyRequestsException",
        // AWS: public logs: a missing permission is `Lambda.AWSLambdaException`, the code stands in the cause alone.
        Some(_) | None => "AWSLambdaException",
    }
}

/// The errors that the service model lists for Invoke.
const MODELLED: &[&str] = &[
    "EC2AccessDeniedException",
    "EC2ThrottledException",
    "EC2UnexpectedException",
    "EFSIOException",
    "EFSMountConnectivityException",
    "EFSMountFailureException",
    "EFSMountTimeoutException",
    "ENILimitReachedException",
    "InvalidParameterValueException",
    "InvalidRequestContentException",
    "InvalidRuntimeException",
    "InvalidSecurityGroupIDException",
    "InvalidSubnetIDException",
    "InvalidZipFileException",
    "KMSAccessDeniedException",
    "KMSDisabledException",
    "KMSInvalidStateException",
    "KMSNotFoundException",
    "RecursiveInvocationException",
    "RequestTooLargeException",
    "ResourceConflictException",
    "ResourceNotFoundException",
    "ResourceNotReadyException",
    "ServiceException",
    "SnapStartException",
    "SnapStartNotReadyException",
    "SnapStartTimeoutException",
    "SubnetIPAddressLimitReachedException",
    "TooManyRequestsException",
    "UnsupportedMediaTypeException",
];
