//! What the API answers where an account holds as much as it may.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on ends")]

mod support;

use engine::Quotas;
use json::Value;
use std::time::Duration;
use support::{PASS, ROLE, Server, WAIT, post, text};
use tokio::io::AsyncWriteExt as _;

async fn one_of_each() -> Server {
    let quotas = Quotas { state_machines: 1, activities: 1, open_executions: 1, activity_workers: 1 };
    Server::start_with(|config| config.quotas = quotas).await
}

fn machine(name: &str, definition: &str) -> String {
    Value::object([("name", name), ("definition", definition), ("roleArn", ROLE)]).to_text()
}

#[tokio::test]
async fn registries_are_full_at_some_time() {
    let server = one_of_each().await;
    server.succeed("CreateStateMachine", &machine("a", PASS)).await;
    server.succeed("CreateStateMachine", &machine("a", PASS)).await;
    assert_eq!(server.fail("CreateStateMachine", &machine("b", PASS)).await.0, "StateMachineLimitExceeded");
    server.succeed("CreateActivity", r#"{"name":"a"}"#).await;
    assert_eq!(server.fail("CreateActivity", r#"{"name":"b"}"#).await.0, "ActivityLimitExceeded");
}

#[tokio::test]
async fn executions_are_open_in_numbers() {
    let server = one_of_each().await;
    let arn = text(&server.succeed("CreateStateMachine", &machine("a", WAIT)).await, "stateMachineArn");
    let start = Value::object([("stateMachineArn", arn.as_str())]).to_text();
    let first = text(&server.succeed("StartExecution", &start).await, "executionArn");
    assert_eq!(server.fail("StartExecution", &start).await.0, "ExecutionLimitExceeded");
    let first = Value::object([("executionArn", first.as_str())]).to_text();
    server.succeed("StopExecution", &first).await;
    server.succeed("StartExecution", &start).await;
    assert_eq!(server.fail("RedriveExecution", &first).await.0, "ExecutionLimitExceeded");
}

#[tokio::test]
async fn workers_poll_in_numbers() {
    let server = one_of_each().await;
    let activity = text(&server.succeed("CreateActivity", r#"{"name":"a"}"#).await, "activityArn");
    let poll = Value::object([("activityArn", activity.as_str())]).to_text();
    let mut first = server.connect().await;
    first.write_all(&post("GetActivityTask", poll.as_bytes())).await.unwrap();
    // Time for the poll to reach the queue of the activity.
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(server.fail("GetActivityTask", &poll).await.0, "ActivityWorkerLimitExceeded");
}
