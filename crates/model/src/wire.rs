//! History events in the API's JSON.

use crate::history::{
    AssignedVariable, EventDetails, Failure, HistoryEvent, Iteration, ScheduleOptions, ServiceAction,
    StoredPayload,
};
use crate::status::StateType;
use json::{Object, Value};
use std::sync::Arc;

impl HistoryEvent {
    /// The event as GetExecutionHistory writes it. Without execution data the members that hold inputs and outputs are left out.
    pub fn to_wire(&self, include_execution_data: bool) -> Value {
        let mut event = Object::new();
        event.insert("timestamp", self.timestamp.to_wire());
        event.insert("type", self.details.type_name());
        event.insert("id", self.id.0);
        event.insert("previousEventId", self.previous.0);
        if let Some((member, details)) = self.details.to_wire(include_execution_data) {
            event.insert(member, Value::from(details));
        }
        Value::from(event)
    }
}

impl EventDetails {
    /// The event type's name.
    pub fn type_name(&self) -> &'static str {
        use EventDetails as E;
        match self {
            E::StateEntered { state_type, .. } => match state_type {
                StateType::Task => "TaskStateEntered",
                StateType::Wait => "WaitStateEntered",
                StateType::Pass => "PassStateEntered",
                StateType::Succeed => "SucceedStateEntered",
                StateType::Fail => "FailStateEntered",
                StateType::Choice => "ChoiceStateEntered",
                StateType::Parallel => "ParallelStateEntered",
                StateType::Map => "MapStateEntered",
            },
            E::StateExited { state_type, .. } => match state_type {
                StateType::Task => "TaskStateExited",
                StateType::Wait => "WaitStateExited",
                StateType::Pass => "PassStateExited",
                StateType::Succeed => "SucceedStateExited",
                StateType::Fail => "FailStateExited",
                StateType::Choice => "ChoiceStateExited",
                StateType::Parallel => "ParallelStateExited",
                StateType::Map => "MapStateExited",
            },
            E::ExecutionStarted { .. } => "ExecutionStarted",
            E::ExecutionSucceeded { .. } => "ExecutionSucceeded",
            E::ExecutionFailed(_) => "ExecutionFailed",
            E::ExecutionAborted(_) => "ExecutionAborted",
            E::ExecutionTimedOut(_) => "ExecutionTimedOut",
            E::ExecutionRedriven { .. } => "ExecutionRedriven",
            E::ParallelStateStarted => "ParallelStateStarted",
            E::ParallelStateSucceeded => "ParallelStateSucceeded",
            E::ParallelStateFailed => "ParallelStateFailed",
            E::ParallelStateAborted => "ParallelStateAborted",
            E::MapStateStarted { .. } => "MapStateStarted",
            E::MapStateSucceeded => "MapStateSucceeded",
            E::MapStateFailed => "MapStateFailed",
            E::MapStateAborted => "MapStateAborted",
            E::MapIterationStarted(_) => "MapIterationStarted",
            E::MapIterationSucceeded(_) => "MapIterationSucceeded",
            E::MapIterationFailed(_) => "MapIterationFailed",
            E::MapIterationAborted(_) => "MapIterationAborted",
            E::MapRunStarted { .. } => "MapRunStarted",
            E::MapRunSucceeded => "MapRunSucceeded",
            E::MapRunFailed(_) => "MapRunFailed",
            E::MapRunAborted => "MapRunAborted",
            E::MapRunRedriven { .. } => "MapRunRedriven",
            E::EvaluationFailed { .. } => "EvaluationFailed",
            E::TaskStateAborted => "TaskStateAborted",
            E::WaitStateAborted => "WaitStateAborted",
            E::TaskScheduled { .. } => "TaskScheduled",
            E::TaskStarted(_) => "TaskStarted",
            E::TaskStartFailed(..) => "TaskStartFailed",
            E::TaskSubmitted { .. } => "TaskSubmitted",
            E::TaskSubmitFailed(..) => "TaskSubmitFailed",
            E::TaskSucceeded { .. } => "TaskSucceeded",
            E::TaskFailed(..) => "TaskFailed",
            E::TaskTimedOut(..) => "TaskTimedOut",
            E::LambdaFunctionScheduled { .. } => "LambdaFunctionScheduled",
            E::LambdaFunctionScheduleFailed(_) => "LambdaFunctionScheduleFailed",
            E::LambdaFunctionStarted => "LambdaFunctionStarted",
            E::LambdaFunctionStartFailed(_) => "LambdaFunctionStartFailed",
            E::LambdaFunctionSucceeded { .. } => "LambdaFunctionSucceeded",
            E::LambdaFunctionFailed(_) => "LambdaFunctionFailed",
            E::LambdaFunctionTimedOut(_) => "LambdaFunctionTimedOut",
            E::ActivityScheduled { .. } => "ActivityScheduled",
            E::ActivityScheduleFailed(_) => "ActivityScheduleFailed",
            E::ActivityStarted { .. } => "ActivityStarted",
            E::ActivitySucceeded { .. } => "ActivitySucceeded",
            E::ActivityFailed(_) => "ActivityFailed",
            E::ActivityTimedOut(_) => "ActivityTimedOut",
        }
    }

    /// The name of the member that holds the details, and the details; `None` for types without any.
    pub fn to_wire(&self, include_execution_data: bool) -> Option<(String, Object)> {
        use EventDetails as E;
        let data = |object: &mut Object, member: &str, payload: &StoredPayload| {
            if include_execution_data {
                object.insert(member, payload.0.text().clone());
                object.insert(format!("{member}Details"), Value::object([("truncated", false)]));
            }
        };
        let mut o = Object::new();
        match self {
            E::ExecutionStarted { input, role_arn, state_machine_alias_arn, state_machine_version_arn } => {
                data(&mut o, "input", input);
                o.insert("roleArn", role_arn.clone());
                optional(&mut o, "stateMachineAliasArn", state_machine_alias_arn);
                optional(&mut o, "stateMachineVersionArn", state_machine_version_arn);
            }
            E::ExecutionSucceeded { output }
            | E::LambdaFunctionSucceeded { output }
            | E::ActivitySucceeded { output } => data(&mut o, "output", output),
            E::ExecutionFailed(failure)
            | E::ExecutionAborted(failure)
            | E::ExecutionTimedOut(failure)
            | E::MapRunFailed(failure)
            | E::LambdaFunctionScheduleFailed(failure)
            | E::LambdaFunctionStartFailed(failure)
            | E::LambdaFunctionFailed(failure)
            | E::LambdaFunctionTimedOut(failure)
            | E::ActivityScheduleFailed(failure)
            | E::ActivityFailed(failure)
            | E::ActivityTimedOut(failure) => put_failure(&mut o, failure),
            E::ExecutionRedriven { redrive_count } => {
                o.insert("redriveCount", *redrive_count);
            }
            E::StateEntered { name, input, .. } => {
                o.insert("name", name.clone());
                data(&mut o, "input", input);
            }
            E::StateExited { name, output, assigned_variables, .. } => {
                o.insert("name", name.clone());
                data(&mut o, "output", output);
                put_assigned(&mut o, assigned_variables);
            }
            E::MapStateStarted { length } => {
                o.insert("length", *length);
            }
            E::MapIterationStarted(i)
            | E::MapIterationSucceeded(i)
            | E::MapIterationFailed(i)
            | E::MapIterationAborted(i) => put_iteration(&mut o, i),
            E::MapRunStarted { map_run_arn } => {
                o.insert("mapRunArn", map_run_arn.clone());
            }
            E::MapRunRedriven { map_run_arn, redrive_count } => {
                o.insert("mapRunArn", map_run_arn.clone());
                o.insert("redriveCount", *redrive_count);
            }
            E::EvaluationFailed { state, failure, location } => {
                put_failure(&mut o, failure);
                if let Some(location) = location {
                    o.insert("location", location.clone());
                }
                o.insert("state", state.clone());
            }
            E::TaskScheduled { action, region, parameters, options } => {
                put_action(&mut o, action);
                o.insert("region", region.clone());
                o.insert("parameters", parameters.0.text().clone());
                put_options(&mut o, options);
            }
            E::TaskStarted(action) => put_action(&mut o, action),
            E::TaskSubmitted { action, output } | E::TaskSucceeded { action, output } => {
                put_action(&mut o, action);
                data(&mut o, "output", output);
            }
            E::TaskFailed(action, failure)
            | E::TaskTimedOut(action, failure)
            | E::TaskStartFailed(action, failure)
            | E::TaskSubmitFailed(action, failure) => {
                put_action(&mut o, action);
                put_failure(&mut o, failure);
            }
            E::LambdaFunctionScheduled { resource, input, options }
            | E::ActivityScheduled { resource, input, options } => {
                o.insert("resource", resource.clone());
                data(&mut o, "input", input);
                put_options(&mut o, options);
            }
            E::ActivityStarted { worker_name } => optional(&mut o, "workerName", worker_name),
            E::ParallelStateStarted
            | E::ParallelStateSucceeded
            | E::ParallelStateFailed
            | E::ParallelStateAborted
            | E::MapStateSucceeded
            | E::MapStateFailed
            | E::MapStateAborted
            | E::MapRunSucceeded
            | E::MapRunAborted
            | E::TaskStateAborted
            | E::WaitStateAborted
            | E::LambdaFunctionStarted => return None,
        }
        Some((self.member_name(), o))
    }

    fn member_name(&self) -> String {
        let stem = match self {
            EventDetails::StateEntered { .. } => "stateEntered".to_owned(),
            EventDetails::StateExited { .. } => "stateExited".to_owned(),
            other => {
                let name = other.type_name();
                let (first, rest) = name.split_at_checked(1).unwrap_or((name, ""));
                format!("{}{rest}", first.to_ascii_lowercase())
            }
        };
        format!("{stem}EventDetails")
    }
}

fn optional(object: &mut Object, member: &str, value: &Option<Arc<str>>) {
    if let Some(value) = value {
        object.insert(member, value.clone());
    }
}

fn put_failure(object: &mut Object, failure: &Failure) {
    optional(object, "error", &failure.error);
    optional(object, "cause", &failure.cause);
}

fn put_iteration(object: &mut Object, iteration: &Iteration) {
    object.insert("name", iteration.name.clone());
    object.insert("index", iteration.index);
}

fn put_action(object: &mut Object, action: &ServiceAction) {
    object.insert("resourceType", action.resource_type.clone());
    object.insert("resource", action.resource.clone());
}

fn put_options(object: &mut Object, options: &ScheduleOptions) {
    if let Some(seconds) = options.timeout_seconds {
        object.insert("timeoutInSeconds", seconds);
    }
    if let Some(seconds) = options.heartbeat_seconds {
        object.insert("heartbeatInSeconds", seconds);
    }
    if let Some(role) = &options.role_arn {
        object.insert("taskCredentials", Value::object([("roleArn", role.clone())]));
    }
}

fn put_assigned(object: &mut Object, variables: &[AssignedVariable]) {
    if variables.is_empty() {
        return;
    }
    let texts = variables.iter().map(|(name, value)| (name.clone(), value.0.text().clone()));
    object.insert("assignedVariables", Value::object(texts));
    object.insert("assignedVariablesDetails", Value::object([("truncated", false)]));
}
