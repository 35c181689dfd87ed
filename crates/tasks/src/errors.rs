//! Failures that are not one integration's alone.

use json::Payload;
use model::{Failure, TaskResource, error_name, limits};

use crate::call::{TaskCall, TaskOutcome};
use crate::services;

/// What to record for an attempt that was under way when the process died: the call may or may not have been made, which
/// is what an SDK's client reports when it loses an answer. AWS's recommended Retry blocks name this error.
pub fn outcome_unknown(resource: &TaskResource) -> Failure {
    const LOST: &str =
        "Unable to execute HTTP request: The connection was lost before the response was received";
    match resource {
        TaskResource::LambdaFunction { .. } => Failure::new("Lambda.SdkClientException", LOST),
        TaskResource::Activity { .. } => Failure::new(error_name::TASK_FAILED, LOST),
        TaskResource::Service { service, .. } if &**service == "http" => {
            Failure::new("States.Http.Socket", LOST)
        }
        TaskResource::Service { service, .. } => {
            Failure::new(format!("{}.SdkClientException", error_prefix(service)), LOST)
        }
    }
}

/// A resource that this version has no integration for.
pub(crate) fn not_called_yet(resource: &TaskResource) -> Failure {
    Failure::new(error_name::TASK_FAILED, format!("This version of Stepwright does not call {resource} yet"))
}

/// Parameters that no request can be made of.
pub(crate) fn unusable(call: &TaskCall, problem: &str) -> TaskOutcome {
    let parameters = call.parameters.text();
    let cause = format!("The Parameters '{parameters}' could not be used to start the Task: [{problem}]");
    failed(error_name::RUNTIME, &cause)
}

/// A call that `--read-only-aws` keeps from an account.
pub(crate) fn only_read(call: &str, host: &str) -> TaskOutcome {
    let cause = format!(
        "{call} would write to the AWS account at {host}, and Stepwright was started with --read-only-aws. Route the \
         call to an endpoint, a function or a mock, or start without that option"
    );
    failed("Stepwright.ReadOnlyAws", &cause)
}

/// A text with a capital at its beginning.
pub(crate) fn sentence(text: &str) -> String {
    model::sdk_names::capitalised(text)
}

/// A job whose end a runner cannot wait for.
pub(crate) fn not_watched(resource: &TaskResource) -> Failure {
    Failure::new(
        error_name::TASK_FAILED,
        format!("This version of Stepwright cannot wait for the end of a job that {resource} started"),
    )
}

/// A failure whose parts are cut to what AWS keeps of them.
pub(crate) fn failed(error: &str, cause: &str) -> TaskOutcome {
    TaskOutcome::Failed(Failure::new(
        first_chars(error, limits::ERROR_LENGTH),
        first_chars(cause, limits::CAUSE_LENGTH),
    ))
}

/// The result, or the failure of a result that is too large.
pub(crate) fn succeeded(resource: &TaskResource, result: Payload) -> TaskOutcome {
    if result.size() > limits::PAYLOAD_SIZE {
        result_too_large(resource)
    } else {
        TaskOutcome::Succeeded(result)
    }
}

/// AWS: recorded test_task_lambda_data_limit_exceeded_on_large_utf8_response; a function is named by its ARN, a service by
/// its name.
pub(crate) fn result_too_large(resource: &TaskResource) -> TaskOutcome {
    let name = match resource {
        TaskResource::LambdaFunction { arn } | TaskResource::Activity { arn } => arn,
        TaskResource::Service { service, .. } => service,
    };
    let cause = format!(
        "The state/task '{name}' returned a result with a size exceeding the maximum number of bytes service limit."
    );
    failed(error_name::DATA_LIMIT_EXCEEDED, &cause)
}

/// How a service's errors begin. Optimised integrations and SDK integrations spell some services differently.
fn error_prefix(service: &str) -> &str {
    if let Some(service) = service.strip_prefix("aws-sdk:") {
        return services::sdk_prefix(service).unwrap_or(service);
    }
    match service {
        "lambda" => "Lambda",
        "states" => "StepFunctions",
        "apigateway" => "ApiGateway",
        other => services::of_resource(other).map_or(other, |known| known.prefix),
    }
}

fn first_chars(text: &str, count: usize) -> &str {
    text.char_indices().nth(count).and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_answer_is_named_after_the_service() {
        let error =
            |arn: &str| outcome_unknown(&TaskResource::parse(arn).unwrap()).error.unwrap().to_string();
        assert_eq!(error("arn:aws:lambda:us-east-1:1:function:f"), "Lambda.SdkClientException");
        assert_eq!(error("arn:aws:states:::lambda:invoke.waitForTaskToken"), "Lambda.SdkClientException");
        assert_eq!(error("arn:aws:states:::dynamodb:putItem"), "DynamoDB.SdkClientException");
        assert_eq!(error("arn:aws:states:::aws-sdk:dynamodb:putItem"), "DynamoDb.SdkClientException");
        assert_eq!(error("arn:aws:states:::states:startExecution"), "StepFunctions.SdkClientException");
        assert_eq!(error("arn:aws:states:::aws-sdk:sfn:listExecutions"), "Sfn.SdkClientException");
        assert_eq!(error("arn:aws:states:::http:invoke"), "States.Http.Socket");
    }

    #[test]
    fn long_errors_are_cut_by_characters() {
        let TaskOutcome::Failed(failure) = failed(&"é".repeat(300), &"é".repeat(40_000)) else {
            panic!("a failure succeeded");
        };
        assert_eq!(failure.error.unwrap().chars().count(), 256);
        assert_eq!(failure.cause.unwrap().chars().count(), 32_768);
    }
}
