//! TestState.

mod answer;
mod context;
mod mock;
mod request;
mod schema;
mod service_models;

use super::{Caller, machine, start_execution};
use crate::error::ApiError;
use asl::{Definition, FoundState, LONE_STATE, State, StateKind};
use engine::{TestState, TestStateError};
use json::{Payload, Value};
use model::{Pattern, StateType, TaskResource};
use request::Request;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Tries one state; that it failed is the answer, not an exception.
pub(super) async fn call(caller: &Caller<'_>, body: &Value) -> Result<Value, ApiError> {
    let request = Request::read(body)?;
    request.check()?;
    let definition = definition(&request)?;
    let name = request.state_name.clone().unwrap_or_else(|| Arc::from(LONE_STATE));
    let found =
        definition.find_state(&name).ok_or_else(|| ApiError::validation("State not found in definition"))?;
    check_state(&request, &found)?;
    if let Some(role_arn) = &request.role_arn {
        machine::check_role(role_arn)?;
    }
    let context = request.context.as_deref().map(|text| context::read(text, found.state)).transpose()?;
    if request.mock.is_some() {
        load_model(found.state).await;
    }
    let mock = request.mock.as_ref().map(|mock| mock::read(mock, found.state)).transpose()?;
    let test = TestState {
        state: name,
        role_arn: request.role_arn.clone().unwrap_or_default(),
        input: start_execution::read_input(request.input.clone())?,
        variables: variables(request.variables.as_deref())?,
        context,
        mock,
        retry_count: request.configuration.retrier_retry_count.unwrap_or(0),
        failed_iterations: request.configuration.map_iteration_failure_count,
        reader_data: request.configuration.map_item_reader_data.clone(),
        reveal_secrets: request.reveal_secrets,
        definition,
    };
    let tested = caller.api.engine.test_state(test).await?;
    Ok(answer::answer(&tested, request.inspection_level))
}

/// Reads the model that a mocked result is held against, which takes too long for a thread that serves others.
async fn load_model(state: &State) {
    if let StateKind::Task(task) = &state.kind
        && let Some(description) = service_models::described_by(&task.resource)
    {
        let service = description.service.to_owned();
        // What cannot be loaded is not there either when the result is checked.
        let _ = tokio::task::spawn_blocking(move || aws::model::service(&service).is_some()).await;
    }
}

fn definition(request: &Request) -> Result<Arc<Definition>, ApiError> {
    let compiled = match &request.state_name {
        Some(_) => asl::compile(&request.definition, model::StateMachineType::Standard)
            .map(|compiled| compiled.definition),
        None => asl::compile_state(&request.definition),
    };
    let refused = |found: Vec<_>| ApiError::InvalidDefinition(asl::invalid_definition_message(&found));
    compiled.map(Arc::new).map_err(refused)
}

/// Whether a state of that type can be tried, with a mock or without one.
fn check_state(request: &Request, found: &FoundState<'_>) -> Result<(), ApiError> {
    let state_type = found.state.state_type();
    if let Some(name) = &request.configuration.error_caused_by_state
        && !is_inside(found, name)
    {
        // AWS: unconfirmed, chosen as for stateName.
        return Err(ApiError::validation("State not found in definition"));
    }
    match &found.state.kind {
        StateKind::Map(_) | StateKind::Parallel(_) if request.mock.is_none() => {
            Err(ApiError::InvalidDefinition(
                "TestState API does not support Map or Parallel states. Supported state types include: \
                 [Task, Wait, Pass, Succeed, Fail, Choice]"
                    .to_owned(),
            ))
        }
        StateKind::Task(task) if request.mock.is_none() => {
            check_callable(&task.resource)?;
            match request.role_arn {
                Some(_) => Ok(()),
                None => Err(ApiError::validation("RoleArn must be specified when testing a Task state")),
            }
        }
        StateKind::Map(_) | StateKind::Parallel(_) | StateKind::Task(_) => Ok(()),
        // AWS: recorded for Pass, Succeed and Fail, documented for the others.
        StateKind::Pass(_)
        | StateKind::Choice(_)
        | StateKind::Wait(_)
        | StateKind::Succeed
        | StateKind::Fail(_)
            if request.mock.is_some() =>
        {
            let shown = state_type.as_str();
            Err(ApiError::validation(format!(
                "State type '{shown}' is not supported when a mock is specified"
            )))
        }
        StateKind::Pass(_)
        | StateKind::Choice(_)
        | StateKind::Wait(_)
        | StateKind::Succeed
        | StateKind::Fail(_) => Ok(()),
    }
}

/// Tasks that somebody else ends are tried with a mock only.
// AWS: documented, the words are unconfirmed.
fn check_callable(resource: &TaskResource) -> Result<(), ApiError> {
    let refused = match (resource, resource.pattern()) {
        (TaskResource::Activity { .. }, _) => "Activity tasks",
        (_, Pattern::Sync | Pattern::Sync2) => "'.sync' service integrations",
        (_, Pattern::WaitForTaskToken) => "'.waitForTaskToken' service integrations",
        (TaskResource::LambdaFunction { .. } | TaskResource::Service { .. }, Pattern::RequestResponse) => {
            return Ok(());
        }
    };
    Err(ApiError::InvalidDefinition(format!(
        "TestState API does not support {refused} when a mock is not specified."
    )))
}

fn is_inside(found: &FoundState<'_>, name: &str) -> bool {
    let block = asl::Block {
        start_at: found.state.name.clone(),
        states: [(found.state.name.clone(), found.state.clone())].into_iter().collect(),
    };
    let alone = Definition { block, timeout_seconds: None, comment: None };
    alone.find_state(name).is_some_and(|inner| !inner.around.is_empty())
        && matches!(found.state.state_type(), StateType::Map | StateType::Parallel)
}

fn variables(text: Option<&str>) -> Result<BTreeMap<Arc<str>, Payload>, ApiError> {
    let Some(text) = text else { return Ok(BTreeMap::new()) };
    let read = json::parse(text).ok();
    // AWS: unconfirmed words.
    let refused = || ApiError::validation("Variables must be a valid JSON object");
    let variables = read.as_ref().and_then(Value::as_object).ok_or_else(refused)?;
    Ok(variables.iter().map(|(name, value)| (name.clone(), Payload::from(value.clone()))).collect())
}

impl From<TestStateError> for ApiError {
    fn from(error: TestStateError) -> ApiError {
        match error {
            TestStateError::Throttled => ApiError::Throttling,
            TestStateError::Refused(refused) => ApiError::validation(refused.to_string()),
        }
    }
}
