//! Jobs of services: what `.sync` waits for. A job is started by a request, asked after until it has ended, and cancelled where
//! nobody waits for it any more. `table.rs` says for each integration how.

mod table;

pub(crate) use table::{Job, find};

use crate::access::CallFailure;
use crate::call::{TaskCall, TaskOutcome};
use crate::errors::{failed, succeeded};
use crate::optimised::{self, with_metadata};
use crate::services::{self, Naming, Services};
use aws::response::{Form, Output};
use aws::{CallError, OperationError};
use json::{Object, Payload, Value};
use model::error_name;
use std::time::Duration;
use table::{Ends, Gives, Members, Source};

/// How long after its start a job is asked after first, and how long at most between two times.
///
/// AWS: documented that it polls, not how often; emulators end jobs within milliseconds.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How many answers in a row may fail to come before the Task does.
const MOST_FAILURES: u32 = 20;

/// What a job's description says.
enum State {
    Running,
    Succeeded,
    Failed,
}

/// Starts the job: what history shows as submitted.
pub(crate) async fn start(services: &Services, call: &TaskCall, job: &'static Job) -> TaskOutcome {
    let Some(request) = optimised::find(job.service, job.action) else {
        return TaskOutcome::Failed(crate::errors::not_called_yet(&call.resource));
    };
    let input = marked(job, call.parameters.value());
    match optimised::send(services, call, request, job.action, &input).await {
        Ok(output) => started(call, job, output),
        Err(error) => Naming::Optimised(request.service).failure(call, &error),
    }
}

fn started(call: &TaskCall, job: &Job, output: Output) -> TaskOutcome {
    let failures = output.value.get("Failures").and_then(Value::as_array).unwrap_or_default();
    if job.service == "ecs" && !failures.is_empty() {
        // AWS: documented: what ECS could not place is no error of ECS's API.
        return failed("AmazonECS.Unknown", &output.value.to_text());
    }
    match services::of_resource(job.service) {
        Some(service) => succeeded(&call.resource, Payload::from(with_metadata(service, output))),
        None => succeeded(&call.resource, Payload::from(output.value)),
    }
}

/// Waits until the job has ended.
pub(crate) async fn watch(
    services: &Services,
    call: &TaskCall,
    job: &'static Job,
    submitted: &Payload,
) -> TaskOutcome {
    let Some(service) = services::of_resource(job.service) else {
        return TaskOutcome::Failed(crate::errors::not_watched(&call.resource));
    };
    let input = input(job.describe.1, call, submitted);
    let (mut pause, mut failures) = (FIRST_PAUSE, 0);
    loop {
        tokio::time::sleep(pause).await;
        pause = pause.mul_f64(1.5).min(LONGEST_PAUSE);
        let answer =
            services.call(call, (service.model, job.asked_after_with()), &input, Form::Optimised).await;
        let described = match answer {
            Ok(output) => output.value,
            Err(error) if is_gone(job, &error) => {
                return succeeded(&call.resource, Payload::from(Value::empty_object()));
            }
            Err(error) if may_pass(&error) && failures < MOST_FAILURES => {
                failures += 1;
                continue;
            }
            Err(error) => return Naming::Optimised(service).failure(call, &error),
        };
        failures = 0;
        let Some(description) = description(job, &described, submitted.value()) else { continue };
        match state(job, description) {
            State::Running => {}
            State::Succeeded => {
                return succeeded(&call.resource, Payload::from(result(job, description, submitted.value())));
            }
            State::Failed => {
                let shown = result(job, description, submitted.value());
                return failed(error_name::TASK_FAILED, &shown.to_text());
            }
        }
    }
}

/// Cancels the job. AWS: documented, one attempt, whose failure is ignored.
pub(crate) async fn cancel(services: &Services, call: &TaskCall, job: &'static Job, submitted: &Payload) {
    let (Some((action, members)), Some(service)) = (job.cancel, services::of_resource(job.service)) else {
        return;
    };
    let input = input(members, call, submitted);
    let answer = services.call(call, (service.model, action), &input, Form::Optimised).await;
    if let Err(error) = answer {
        tracing::warn!(resource = %call.resource, ?error, "a job could not be cancelled");
    }
}

/// The parameters, with the mark of who started the job where AWS puts one.
fn marked(job: &Job, parameters: &Value) -> Value {
    let Value::Object(given) = parameters else { return parameters.clone() };
    let mut object: Object = (**given).clone();
    match job.service {
        // AWS: documented: it is how events of tasks are told apart, so that nobody else may set it.
        "ecs" => _ = object.insert("StartedBy", "AWS Step Functions"),
        "mediaconvert" => {
            let mut tags = given.get("Tags").and_then(Value::as_object).cloned().unwrap_or_default();
            tags.insert("ManagedByService", "AWSStepFunctions");
            object.insert("Tags", tags);
        }
        "batch" => {
            let overrides = given.get("ContainerOverrides").and_then(Value::as_object);
            let mut overrides = overrides.cloned().unwrap_or_default();
            let variables = overrides.get("Environment").and_then(Value::as_array).unwrap_or_default();
            let mark = [("Name", "MANAGED_BY_AWS"), ("Value", "STARTED_BY_STEP_FUNCTIONS")];
            let variables: Vec<Value> =
                variables.iter().cloned().chain([Value::object::<&str, &str>(mark)]).collect();
            overrides.insert("Environment", Value::array(variables));
            object.insert("ContainerOverrides", overrides);
        }
        _ => {}
    }
    Value::from(object)
}

fn input(members: Members, call: &TaskCall, submitted: &Payload) -> Value {
    let (given, started) = (call.parameters.value(), submitted.value());
    let members = members.iter().filter_map(|(name, from)| {
        let value = match from {
            Source::Given(path) => at(given, path)?.clone(),
            Source::Started(path) => at(started, path)?.clone(),
            Source::StartedInList(path) => Value::array(vec![at(started, path)?.clone()]),
            Source::Text(text) => Value::from(*text),
        };
        Some((*name, value))
    });
    Value::object(members)
}

/// What a path of member names and places in lists leads to; the empty path leads to the value itself.
fn at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    let mut steps = path.split('.').filter(|step| !step.is_empty());
    steps.try_fold(value, |value, step| match step.parse::<usize>() {
        Ok(place) => value.item(place),
        Err(_) => value.get(step),
    })
}

fn description<'a>(job: &Job, described: &'a Value, submitted: &Value) -> Option<&'a Value> {
    if job.service == "databrew" {
        // Its runs are listed, newest first.
        let run = submitted.get("RunId")?;
        return described.get("JobRuns")?.as_array()?.iter().find(|one| one.get("RunId") == Some(run));
    }
    at(described, job.description)
}

fn state(job: &Job, description: &Value) -> State {
    match job.ends {
        Ends::At { status, succeeded, failed } => match at(description, status).and_then(Value::as_str) {
            Some(status) if succeeded.contains(&status) => State::Succeeded,
            Some(status) if failed.contains(&status) => State::Failed,
            Some(_) | None => State::Running,
        },
        Ends::WhenGone { status, failed } => match at(description, status).and_then(Value::as_str) {
            Some(status) if failed.contains(&status) => State::Failed,
            Some(_) | None => State::Running,
        },
        Ends::WithContainers => task_state(description),
    }
}

/// AWS: documented: a task of ECS succeeded when it was stopped and its containers ended with 0.
fn task_state(task: &Value) -> State {
    if task.get("LastStatus").and_then(Value::as_str) != Some("STOPPED") {
        return State::Running;
    }
    let is_started = task.get("StopCode").and_then(Value::as_str) != Some("TaskFailedToStart");
    let containers = task.get("Containers").and_then(Value::as_array).unwrap_or_default();
    let is_good = |container: &Value| container.get("ExitCode").and_then(Value::as_i64).unwrap_or(0) == 0;
    if is_started && containers.iter().all(is_good) { State::Succeeded } else { State::Failed }
}

fn result(job: &Job, description: &Value, submitted: &Value) -> Value {
    match job.gives {
        Gives::Description => description.clone(),
        Gives::DescriptionIn(name) => Value::object([(name, description.clone())]),
        Gives::Started(names) => {
            Value::object(names.iter().filter_map(|name| Some((*name, submitted.get(name)?.clone()))))
        }
        Gives::Both(id, name) => {
            let started = submitted.get(id).cloned().unwrap_or_default();
            Value::object([(name, description.clone()), (id, started)])
        }
    }
}

fn is_gone(job: &Job, error: &CallFailure) -> bool {
    let CallFailure::Operation(OperationError::Fault(fault)) = error else { return false };
    matches!(job.ends, Ends::WhenGone { .. })
        && (fault.status == 404 || fault.code.as_deref().is_some_and(|code| code.contains("NotFound")))
}

/// Whether the next answer may come: the service was not reached, or not well.
fn may_pass(error: &CallFailure) -> bool {
    let CallFailure::Operation(error) = error else { return false };
    match error {
        OperationError::Fault(fault) => {
            fault.status >= 500
                || fault.status == 429
                || fault.code.as_deref().is_some_and(|code| code.contains("Throttl"))
        }
        OperationError::Call(CallError::Transport(_) | CallError::NoCredentials { .. }) => true,
        OperationError::Call(_)
        | OperationError::Input(_)
        | OperationError::EventStream { .. }
        | OperationError::Undecodable(_) => false,
    }
}
