//! Calls that are refused because there are too many.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "these are tests")]

mod support;

use json::Value;
use server::TokenBuckets;
use std::sync::Arc;
use support::{NoTasks, PASS, ROLE, Reply, Server, WAIT};

async fn with_quotas() -> Server {
    let buckets = Some(Arc::new(TokenBuckets::of_region("us-east-1")));
    Server::start_so(Arc::new(NoTasks), |_| {}, |api| api.token_buckets = buckets).await
}

async fn express(server: &Server, name: &str, definition: &str) -> String {
    let members = [("name", name), ("definition", definition), ("roleArn", ROLE), ("type", "EXPRESS")];
    let created = server.succeed("CreateStateMachine", &Value::object(members).to_text()).await;
    support::text(&created, "stateMachineArn")
}

fn is_throttled(reply: &Reply) -> bool {
    let is = reply.status == 400 && reply.text("__type") == "ThrottlingException";
    if is {
        // What an SDK goes by, and nothing more.
        assert_eq!(reply.body.to_text(), r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#);
        assert!(reply.head.contains("x-amzn-requestid: "), "{}", reply.head);
    }
    is
}

#[tokio::test]
async fn an_operation_whose_bucket_is_empty_is_throttled_and_the_others_are_not() {
    let server = with_quotas().await;
    let mut count = 0;
    while !is_throttled(&server.call("ListTagsForResource", "{}").await) {
        count += 1;
        assert!(count < 200, "never throttled");
    }
    // A token a second comes back meanwhile.
    assert!((100..=105).contains(&count), "{count}");
    server.succeed("ListStateMachines", "{}").await;
}

#[tokio::test]
async fn without_quotas_nothing_is_throttled() {
    let server = Server::start().await;
    for _ in 0..150 {
        server.succeed("ListActivities", "{}").await;
    }
}

#[tokio::test]
async fn express_executions_beyond_those_held_at_once_are_throttled_until_one_ends() {
    let set = |config: &mut engine::EngineConfig| config.express_executions = 2;
    let server = Server::start_so(Arc::new(NoTasks), set, |_| {}).await;
    let short = r#"{"StartAt":"A","States":{"A":{"Type":"Wait","Seconds":1,"End":true}}}"#;
    let (waits, ends) = (express(&server, "waits", WAIT).await, express(&server, "ends", short).await);
    let start = |arn: &str| Value::object([("stateMachineArn", arn)]).to_text();
    server.succeed("StartExecution", &start(&waits)).await;
    let begun = std::time::Instant::now();
    server.succeed("StartExecution", &start(&ends)).await;
    for operation in ["StartExecution", "StartSyncExecution"] {
        assert!(is_throttled(&server.call(operation, &start(&ends)).await), "{operation}");
    }
    while is_throttled(&server.call("StartSyncExecution", &start(&ends)).await) {
        assert!(begun.elapsed().as_secs() < 20, "the room is never free again");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert!(begun.elapsed().as_millis() >= 1000);
    // A Standard one needs none of that room.
    let standard = server.create("standard", PASS).await;
    server.succeed("StartExecution", &start(&standard)).await;
}

#[tokio::test]
async fn starts_of_both_types_have_buckets_of_their_own() {
    let server = with_quotas().await;
    let (standard, express) =
        (server.create("standard", PASS).await, express(&server, "express", PASS).await);
    let start = |arn: &str| Value::object([("stateMachineArn", arn)]).to_text();
    let mut count = 0;
    while !is_throttled(&server.call("StartExecution", &start(&standard)).await) {
        count += 1;
        assert!(count < 5000, "never throttled");
    }
    assert!(count >= 1300, "{count}");
    for _ in 0..20 {
        server.succeed("StartExecution", &start(&express)).await;
    }
}
