//! Optimised integrations that make one request: `dynamodb:putItem`, `sqs:sendMessage`, `events:putEvents` and their like.

use crate::access::CallFailure;
use crate::call::{TaskCall, TaskOutcome};
use crate::emr;
use crate::errors::{failed, succeeded};
use crate::sdk_metadata;
use crate::services::{self, Naming, OptimisedService, Services};
use aws::response::{Form, Output};
use json::{Object, Payload, Value};
use std::time::SystemTime;

/// What an action asks of a service.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request {
    pub(crate) service: &'static OptimisedService,
    /// The model that has the operation, where it is not the service's.
    pub(crate) model: &'static str,
}

/// The request of an action; `None` where the action is more than a request.
pub(crate) fn find(service: &str, action: &str) -> Option<Request> {
    let known = services::of_resource(service)?;
    let model = match (service, action) {
        // Requests to a cluster's own API.
        ("eks", "runJob" | "call") => return None,
        ("bedrock", "invokeModel") => "bedrockruntime",
        _ => known.model,
    };
    Some(Request { service: known, model })
}

/// Makes the request: the result of the Task.
pub(crate) async fn call(
    services: &Services,
    call: &TaskCall,
    request: Request,
    action: &str,
) -> TaskOutcome {
    let service = request.service;
    let input = match (service.resource, action) {
        ("events", "putEvents") => with_origin(call),
        _ => call.parameters.value().clone(),
    };
    match send(services, call, request, action, &input).await {
        Ok(output) if service.resource == "events" => entries(call, output.value),
        Ok(output) => succeeded(&call.resource, Payload::from(with_metadata(service, output))),
        Err(error) => Naming::Optimised(service).failure(call, &error),
    }
}

/// Makes the request: what the service answered, with the members that Step Functions adds.
pub(crate) async fn send(
    services: &Services,
    call: &TaskCall,
    Request { service, model }: Request,
    action: &str,
    input: &Value,
) -> Result<Output, CallFailure> {
    let added: &[&str] = match (service.resource, action) {
        ("elasticmapreduce", _) => return emr::send(services, call, action, input).await,
        // AWS: documented results: what was asked for stands beside what was started.
        ("glue", "startJobRun") => &["JobName"],
        ("emr-serverless", "cancelJobRun") => &["ApplicationId", "JobRunId"],
        ("emr-serverless", _) => &["ApplicationId"],
        _ => &[],
    };
    let output = services.call(call, (model, action), input, Form::Optimised).await?;
    let Value::Object(members) = &output.value else { return Ok(output) };
    let mut members: Object = (**members).clone();
    for name in added {
        if let (false, Some(value)) = (members.contains_key(name), input.get(name)) {
            members.insert(*name, value.clone());
        }
    }
    Ok(Output { value: Value::from(members), ..output })
}

/// What the service gave, and what the SDK knows about the way it came.
///
/// AWS: recorded test_send_message, test_base_integrations.
pub(crate) fn with_metadata(service: &OptimisedService, output: Output) -> Value {
    let (http, response) = sdk_metadata::of_service(service.resource, &output, SystemTime::now());
    let Value::Object(members) = output.value else { return output.value };
    let mut all: Vec<(&str, Value)> = members.iter().map(|(name, value)| (&**name, value.clone())).collect();
    all.extend([("SdkHttpMetadata", http), ("SdkResponseMetadata", response)]);
    all.sort_by_key(|(name, _)| *name);
    Value::object(all)
}

/// The entries, each with where it comes from among its resources. AWS: documented.
fn with_origin(call: &TaskCall) -> Value {
    let parameters = call.parameters.value();
    let (Some(object), Some(entries)) =
        (parameters.as_object(), parameters.get("Entries").and_then(Value::as_array))
    else {
        return parameters.clone();
    };
    let execution = Value::String(call.execution_arn.clone());
    let origin: Vec<Value> =
        std::iter::once(execution).chain(state_machine_arn(&call.execution_arn).map(Value::from)).collect();
    let entries = entries.iter().map(|entry| match entry.as_object() {
        Some(entry) => {
            let mut entry: Object = entry.clone();
            let given = entry.get("Resources").and_then(Value::as_array).unwrap_or_default();
            let resources: Vec<Value> = given.iter().chain(&origin).cloned().collect();
            entry.insert("Resources", Value::array(resources));
            Value::from(entry)
        }
        None => entry.clone(),
    });
    let mut object: Object = object.clone();
    object.insert("Entries", Value::array(entries.collect()));
    Value::from(object)
}

/// `arn:aws:states:R:A:execution:MACHINE:NAME`, or of an Express execution, as the ARN of its machine.
pub(crate) fn state_machine_arn(execution_arn: &str) -> Option<String> {
    let parts: Vec<&str> = execution_arn.splitn(8, ':').collect();
    match parts.as_slice() {
        [arn, partition, states, region, account, "execution" | "express", machine, ..] => {
            Some(format!("{arn}:{partition}:{states}:{region}:{account}:stateMachine:{machine}"))
        }
        _ => None,
    }
}

/// AWS: recorded test_put_events_base, test_put_events_no_source: one entry that EventBridge did not take fails the Task.
fn entries(call: &TaskCall, output: Value) -> TaskOutcome {
    match output.get("FailedEntryCount").and_then(Value::as_i64) {
        Some(count) if count > 0 => failed("EventBridge.FailedEntry", &output.to_text()),
        Some(_) | None => succeeded(&call.resource, Payload::from(output)),
    }
}
