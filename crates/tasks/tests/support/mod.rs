//! What the tests that call services share: a Task's call, and Tasks whose services are at a stand-in.
#![allow(clippy::unwrap_used, clippy::panic)] // a test that panics has failed
// Each test file uses its own part.
#![allow(dead_code, unreachable_pub)]

use aws::{Client, ClientConfig, Credentials, Endpoint, Endpoints};
use json::Payload;
use model::TaskResource;
use tasks::{TaskCall, TaskLimits, TaskOutcome, Tasks};

/// An attempt of an optimised or SDK integration: `sqs:sendMessage`.
pub fn service_call(resource: &str, parameters: &str) -> TaskCall {
    call(&format!("arn:aws:states:::{resource}"), parameters)
}

/// An attempt of a Resource.
pub fn call(resource: &str, parameters: &str) -> TaskCall {
    TaskCall {
        resource: TaskResource::parse(resource).unwrap(),
        parameters: Payload::from_text(parameters).unwrap(),
        region: "us-east-1".into(),
        execution_arn: "arn:aws:states:us-east-1:000000000000:execution:machine:run".into(),
        caller: tasks::Caller::default(),
        mock: None,
    }
}

/// Tasks that call every service at one address.
pub fn tasks_at(url: &str) -> Tasks {
    let endpoints = Endpoints::none().with_default(Endpoint::parse(url).unwrap());
    let client = Client::new(ClientConfig::new(endpoints, Credentials::new("test", "test")));
    Tasks::new(None, Some(client), TaskLimits::default())
}

/// The result of an attempt that must have one.
pub fn result(outcome: TaskOutcome) -> Payload {
    match outcome {
        TaskOutcome::Succeeded(result) => result,
        TaskOutcome::Failed(failure) => panic!("failed: {failure:?}"),
    }
}

/// Error and cause of an attempt that must fail.
pub fn failure(outcome: TaskOutcome) -> (String, String) {
    match outcome {
        TaskOutcome::Failed(failure) => {
            (failure.error.unwrap().to_string(), failure.cause.unwrap().to_string())
        }
        TaskOutcome::Succeeded(result) => panic!("succeeded: {result:?}"),
    }
}
