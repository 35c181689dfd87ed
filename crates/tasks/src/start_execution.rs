//! `arn:aws:states:::states:startExecution`: nested workflows.

use crate::access::Denial;
use crate::call::{TaskCall, TaskOutcome};
use crate::errors::{failed, succeeded};
use crate::permissions::Permission;
use crate::sdk_metadata;
use crate::services::Services;
use crate::workflows::{Connection, EndedWorkflow, StartedWorkflow, WorkflowError, WorkflowStart};
use aws::ServiceError;
use iam::Context;
use json::{Payload, Value};
use model::{ExecutionStatus, Pattern, Timestamp, error_name};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};
use uuid::Uuid;

/// Starts the execution: the result of a request, and what `.sync` and `.waitForTaskToken` submit.
pub(crate) async fn call(workflows: &Connection, services: &Services, call: &TaskCall) -> TaskOutcome {
    let request = match request(call) {
        Ok(request) => request,
        Err(outcome) => return outcome,
    };
    if let Err(outcome) = may_start(services, call, &request.state_machine_arn).await {
        return outcome;
    }
    let started = match workflows.get() {
        Ok(workflows) => workflows.start(request).await,
        Err(error) => Err(error),
    };
    match started {
        Ok(started) => succeeded(&call.resource, Payload::from(answer(&started))),
        Err(error) => refused(&error),
    }
}

/// Whether the call's role may start the state machine.
///
/// AWS: public logs for the class of the error.
async fn may_start(services: &Services, call: &TaskCall, arn: &str) -> Result<(), TaskOutcome> {
    if !services.access.checks_roles() {
        return Ok(());
    }
    let needed = [Permission { action: "states:StartExecution".to_owned(), resource: arn.to_owned() }];
    match services.access.check(services.client(), call, &needed, Context::new()).await {
        Ok(()) => Ok(()),
        Err(Denial::Failed(failure)) => Err(TaskOutcome::Failed(failure)),
        Err(Denial::Refused(message)) => {
            let error = service_error("AccessDeniedException", message);
            Err(failed("StepFunctions.AWSStepFunctionsException", &error.to_string()))
        }
    }
}

fn service_error(code: &str, message: String) -> ServiceError {
    ServiceError {
        service: "AWSStepFunctions",
        status: 400,
        code: Some(code.to_owned()),
        message: Some(message),
        request_id: Some(Uuid::new_v4().to_string()),
    }
}

/// Waits for the end of the execution that `submitted` names.
pub(crate) async fn watch(workflows: &Connection, call: &TaskCall, submitted: &Payload) -> TaskOutcome {
    let ended = match workflows.get() {
        Ok(workflows) => workflows.ended(execution_arn(submitted)).await,
        Err(error) => Err(error),
    };
    match ended {
        Ok(ended) if ended.status == ExecutionStatus::Succeeded => {
            let is_parsed = call.resource.pattern() == Pattern::Sync2;
            succeeded(&call.resource, Payload::from(description(&ended, is_parsed)))
        }
        // AWS: recorded test_start_execution_sync_delegate_timeout. AWS: public causes of `.sync:2` show texts too.
        Ok(ended) => failed(error_name::TASK_FAILED, &description(&ended, false).to_text()),
        Err(error) => refused(&error),
    }
}

/// Stops the execution that `submitted` names. AWS: documented, one attempt, whose failure is ignored.
pub(crate) async fn cancel(workflows: &Connection, submitted: &Payload) {
    let arn = execution_arn(submitted);
    let stopped = match workflows.get() {
        Ok(workflows) => workflows.stop(arn).await,
        Err(error) => Err(error),
    };
    if let Err(error) = stopped {
        tracing::warn!(execution = arn, ?error, "a nested execution could not be stopped");
    }
}

fn execution_arn(submitted: &Payload) -> &str {
    submitted.value().get("ExecutionArn").and_then(Value::as_str).unwrap_or_default()
}

fn request(call: &TaskCall) -> Result<WorkflowStart, TaskOutcome> {
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
    let Some(state_machine_arn) = text("StateMachineArn")? else {
        return Err(unusable("The field 'StateMachineArn' is required but was missing".to_owned()));
    };
    Ok(WorkflowStart {
        state_machine_arn,
        name: text("Name")?,
        input: input(parameters.get("Input"))?,
        trace_header: text("TraceHeader")?,
    })
}

/// AWS: recorded test_start_execution_sync (null is `{}`) and test_cross_account_states_start_sync_execution (a text is the
/// input's own JSON, not a string of it).
fn input(member: Option<&Value>) -> Result<Payload, TaskOutcome> {
    match member {
        None | Some(Value::Null) => Ok(Payload::from(Value::object::<&str, Value>([]))),
        Some(Value::String(text)) => Payload::from_text(text.clone()).map_err(|error| {
            let message = format!("Invalid State Machine Execution Input: '{}'", error.message());
            refused(&WorkflowError::Refused { code: "InvalidExecutionInput", message })
        }),
        Some(value) => Ok(Payload::from(value.clone())),
    }
}

/// AWS: recorded test_start_execution_no_such_arn.
fn refused(error: &WorkflowError) -> TaskOutcome {
    match error {
        WorkflowError::Refused { code, message } => {
            let error = service_error(code, message.clone());
            failed(&format!("StepFunctions.{code}Exception"), &error.to_string())
        }
        WorkflowError::Unanswered { reason } => {
            failed("StepFunctions.SdkClientException", &format!("Unable to execute HTTP request: {reason}"))
        }
    }
}

/// AWS: recorded test_start_execution_sync; the length is that of the body that AWS's API would have answered.
pub(crate) fn answer(started: &StartedWorkflow) -> Value {
    let arn = &started.execution_arn;
    let body = format!(r#"{{"executionArn":"{arn}","startDate":{}}}"#, scientific(started.started_at));
    let at = UNIX_EPOCH + Duration::from_millis(u64::try_from(started.started_at.0).unwrap_or(0));
    let (http, response) = sdk_metadata::of_states(Uuid::new_v4().to_string(), body.len(), at);
    Value::object([
        ("ExecutionArn", Value::from(arn.clone())),
        ("SdkHttpMetadata", http),
        ("SdkResponseMetadata", response),
        ("StartDate", Value::from(started.started_at.0)),
    ])
}

/// Seconds since 1970 as AWS's own service writes them: `1.588207173853E9`.
fn scientific(moment: Timestamp) -> String {
    let digits = moment.0.to_string();
    let (first, rest) = digits.split_at_checked(1).unwrap_or((&digits, ""));
    let rest = match rest.trim_end_matches('0') {
        "" => "0",
        rest => rest,
    };
    format!("{first}.{rest}E9")
}

/// DescribeExecution as a Task sees it: in alphabetical order, moments in milliseconds.
///
/// AWS: recorded local_mocking test_sfn_start_execution_sync and test_cross_account_states_start_sync_execution. The
/// recordings of callback/test_start_execution_sync are older than redriving and lack its members.
fn description(ended: &EndedWorkflow, is_parsed: bool) -> Value {
    let shown = |payload: &Payload| match is_parsed {
        true => payload.value().clone(),
        false => Value::from(payload.text().clone()),
    };
    let included = || Value::object([("Included", true)]);
    let text = |text: Option<Arc<str>>| text.map(Value::from);
    let status = if ended.not_redrivable.is_none() { "REDRIVABLE" } else { "NOT_REDRIVABLE" };
    let failure = ended.failure.clone().unwrap_or_default();
    let members = [
        ("Cause", text(failure.cause)),
        ("Error", text(failure.error)),
        ("ExecutionArn", text(Some(ended.execution_arn.clone()))),
        ("Input", Some(shown(&ended.input))),
        ("InputDetails", Some(included())),
        ("Name", text(Some(ended.name.clone()))),
        ("Output", ended.output.as_ref().map(shown)),
        ("OutputDetails", ended.output.as_ref().map(|_| included())),
        ("RedriveCount", Some(Value::from(ended.redrive_count))),
        ("RedriveDate", ended.redriven_at.map(|at| Value::from(at.0))),
        ("RedriveStatus", Some(Value::from(status))),
        ("RedriveStatusReason", ended.not_redrivable.as_deref().map(Value::from)),
        ("StartDate", Some(Value::from(ended.started_at.0))),
        ("StateMachineAliasArn", text(ended.through.alias_arn.clone())),
        ("StateMachineArn", text(Some(ended.state_machine_arn.clone()))),
        ("StateMachineVersionArn", text(ended.through.version_arn.clone())),
        ("Status", Some(Value::from(ended.status.as_str()))),
        ("StopDate", ended.stopped_at.map(|at| Value::from(at.0))),
        ("TraceHeader", text(ended.trace_header.clone())),
    ];
    let present = members.into_iter().filter_map(|(name, value)| Some((Arc::<str>::from(name), value?)));
    Value::object(present)
}
