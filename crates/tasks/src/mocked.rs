//! An attempt that a mock answers in place of its service.

use crate::call::{TaskCall, TaskOutcome};
use crate::errors::{failed, succeeded};
use crate::mock_config::Mocked;
use crate::mocks::{MockError, MockedCall, Mocks};
use crate::workflows::StartedWorkflow;
use crate::{sdk_metadata, start_execution};
use json::{Payload, Value};
use model::{Pattern, TaskResource, Timestamp, error_name};
use std::time::SystemTime;
use uuid::Uuid;

/// The members of Lambda's answer to an Invoke, as Tasks see it.
const INVOKE_ANSWER: [&str; 7] = [
    "ExecutedVersion",
    "FunctionError",
    "LogResult",
    "Payload",
    "SdkHttpMetadata",
    "SdkResponseMetadata",
    "StatusCode",
];

/// The result of a request, and what `.sync` and `.waitForTaskToken` submit.
pub(crate) fn call(mocks: Option<&Mocks>, call: &TaskCall, mock: &MockedCall) -> TaskOutcome {
    match (answer(mocks, mock), call.resource.pattern()) {
        (Err(outcome), _) => outcome,
        (Ok(mocked), Pattern::RequestResponse) => outcome(&call.resource, mocked),
        // AWS: recorded local_mocking test_sqs_wait_for_task_token_task_failure: what was submitted comes before the error.
        (Ok(mocked), Pattern::Sync | Pattern::Sync2 | Pattern::WaitForTaskToken) => {
            succeeded(&call.resource, Payload::from(submitted(&call.resource, &mocked)))
        }
    }
}

/// What a mock of the routing file answers in place of the service. Who has a task's token sends it as ever.
pub(crate) fn call_routed(call: &TaskCall, mocked: Mocked) -> TaskOutcome {
    match (call.resource.pattern(), mocked) {
        (Pattern::Sync | Pattern::Sync2, mocked @ Mocked::Return(_)) => {
            succeeded(&call.resource, Payload::from(submitted(&call.resource, &mocked)))
        }
        (_, mocked) => outcome(&call.resource, mocked),
    }
}

/// What ends a job that a mock of the routing file stands for.
pub(crate) fn watch_routed(call: &TaskCall, mocked: Mocked) -> TaskOutcome {
    outcome(&call.resource, mocked)
}

/// What ends an attempt that was submitted, or that a worker would have taken.
pub(crate) fn watch(mocks: Option<&Mocks>, call: &TaskCall, mock: &MockedCall) -> TaskOutcome {
    match answer(mocks, mock) {
        Ok(mocked) => outcome(&call.resource, mocked),
        Err(outcome) => outcome,
    }
}

fn answer(mocks: Option<&Mocks>, mock: &MockedCall) -> Result<Mocked, TaskOutcome> {
    let answer = match mocks {
        Some(mocks) => mocks.answer(mock),
        None => Err(MockError::NotConfigured),
    };
    // An execution that runs out of answers fails: States.Runtime is neither retried nor caught by States.ALL.
    let problem = match answer {
        Ok(Some(mocked)) => return Ok(mocked),
        Ok(None) => format!(
            "the test case '{}' of the state machine '{}' does not mock the state '{}' any more",
            mock.test_case, mock.machine, mock.state
        ),
        Err(error) => error.to_string(),
    };
    Err(failed(error_name::RUNTIME, &format!("The Task is mocked and cannot be answered: {problem}")))
}

fn outcome(resource: &TaskResource, mocked: Mocked) -> TaskOutcome {
    match mocked {
        Mocked::Return(result) => succeeded(resource, result_of(resource, result)),
        Mocked::Throw(failure) => {
            let (error, cause) = (failure.error.unwrap_or_default(), failure.cause.unwrap_or_default());
            failed(&error, &cause)
        }
    }
}

/// AWS: recorded local_mocking test_lambda_invoke: the mock is what Lambda's Invoke answers, also for a function called by
/// its ARN, whose result is the payload alone. Anything else counts as what the function returned.
fn result_of(resource: &TaskResource, result: Payload) -> Payload {
    let TaskResource::LambdaFunction { .. } = resource else { return result };
    let Some(members) = result.value().as_object() else { return result };
    match members.get("Payload") {
        Some(payload) if members.keys().all(|name| INVOKE_ANSWER.contains(&&**name)) => {
            Payload::from(payload.clone())
        }
        Some(_) | None => result,
    }
}

/// AWS: recorded for states:startExecution. Other services answer with members of their own that a mock does not say; what
/// every answer has is shown.
fn submitted(resource: &TaskResource, mocked: &Mocked) -> Value {
    if let Mocked::Return(result) = mocked
        && let Some(("states", "startExecution")) = service(resource)
        && let Some(started) = started(result.value())
    {
        return start_execution::answer(&started);
    }
    let (http, response) = sdk_metadata::of_states(Uuid::new_v4().to_string(), 2, SystemTime::now());
    Value::object([("SdkHttpMetadata", http), ("SdkResponseMetadata", response)])
}

fn service(resource: &TaskResource) -> Option<(&str, &str)> {
    match resource {
        TaskResource::Service { service, action, .. } => Some((service, action)),
        TaskResource::LambdaFunction { .. } | TaskResource::Activity { .. } => None,
    }
}

/// The execution that a mocked description tells of; moments are numbers or texts of them.
fn started(description: &Value) -> Option<StartedWorkflow> {
    let execution_arn = description.get("ExecutionArn")?.as_str()?;
    let date = description.get("StartDate")?;
    let millis = date.as_i64().or_else(|| date.as_str()?.parse().ok())?;
    Some(StartedWorkflow { execution_arn: execution_arn.into(), started_at: Timestamp(millis) })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:pay";
    const INVOKE: &str = "arn:aws:states:::lambda:invoke";

    fn result(resource: &str, returned: &str) -> String {
        let mocked = Mocked::Return(Payload::from_text(returned).unwrap());
        match outcome(&TaskResource::parse(resource).unwrap(), mocked) {
            TaskOutcome::Succeeded(result) => result.text().to_string(),
            TaskOutcome::Failed(failure) => panic!("{failure:?}"),
        }
    }

    #[test]
    fn a_function_called_by_its_arn_gives_the_payload_of_the_mocked_answer() {
        let answer = r#"{"StatusCode":200,"Payload":{"body":1}}"#;
        assert_eq!(result(FUNCTION, answer), r#"{"body":1}"#);
        assert_eq!(result(INVOKE, answer), answer);
        for own in [r#"{"StatusCode":200}"#, r#"{"Payload":1,"more":2}"#, "[]", "null"] {
            assert_eq!(result(FUNCTION, own), own);
        }
    }

    #[test]
    fn a_result_that_is_too_large_fails_as_that_of_a_service_does() {
        let large = Payload::from(Value::from("x".repeat(model::limits::PAYLOAD_SIZE)));
        let outcome = outcome(&TaskResource::parse(INVOKE).unwrap(), Mocked::Return(large));
        let TaskOutcome::Failed(failure) = outcome else { panic!("it succeeded") };
        assert_eq!(failure.error.as_deref(), Some(error_name::DATA_LIMIT_EXCEEDED));
    }

    #[test]
    fn without_a_file_a_mocked_attempt_fails_and_calls_nothing() {
        let mock =
            MockedCall { machine: "m".into(), test_case: "c".into(), state: "s".into(), invocation: 0 };
        let call = TaskCall {
            resource: TaskResource::parse(INVOKE).unwrap(),
            parameters: Payload::from(Value::Null),
            region: "us-east-1".into(),
            execution_arn: "arn".into(),
            caller: crate::Caller::default(),
            mock: None,
        };
        let TaskOutcome::Failed(failure) = super::call(None, &call, &mock) else { panic!("it succeeded") };
        assert_eq!(failure.error.as_deref(), Some(error_name::RUNTIME));
    }
}
