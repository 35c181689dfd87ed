//! Polls for the tasks of activities, which wait longer than any other request.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on ends")]

mod support;

use json::Value;
use std::time::Duration;
use support::{ROLE, Server, post, read_reply, text};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

const ARN: &str = "arn:aws:states:us-east-1:000000000000:activity:a";

async fn poll(server: &Server) -> TcpStream {
    let body = Value::object([("activityArn", ARN)]).to_text();
    let mut stream = server.connect().await;
    stream.write_all(&post("GetActivityTask", body.as_bytes())).await.unwrap();
    stream
}

/// Makes an activity and a machine that waits for it.
async fn prepare(server: &Server) -> String {
    server.succeed("CreateActivity", r#"{"name":"a"}"#).await;
    let definition = format!(
        r#"{{"StartAt":"A","States":{{"A":{{"Type":"Task","Resource":"{ARN}","TimeoutSeconds":300,"End":true}}}}}}"#
    );
    let request = Value::object([("name", "m"), ("definition", &definition), ("roleArn", ROLE)]).to_text();
    text(&server.succeed("CreateStateMachine", &request).await, "stateMachineArn")
}

#[tokio::test]
async fn a_worker_that_dies_while_it_polls_takes_no_task_along() {
    let server = Server::start().await;
    let machine = prepare(&server).await;
    let dead = poll(&server).await;
    // Time for the poll to reach the queue of the activity, so that it is there to be given up.
    tokio::time::sleep(Duration::from_millis(100)).await;
    drop(dead);
    tokio::time::sleep(Duration::from_millis(100)).await;
    let execution = server.run(&machine, "e").await;
    let mut alive = poll(&server).await;
    let reply = tokio::time::timeout(Duration::from_secs(10), read_reply(&mut alive)).await;
    let task = reply.expect("the task goes to the worker that lives").unwrap();
    let done = Value::object([("taskToken", task.text("taskToken")), ("output", "1".to_owned())]).to_text();
    server.succeed("SendTaskSuccess", &done).await;
    assert_eq!(text(&server.ended(&execution).await, "status"), "SUCCEEDED");
}

#[tokio::test]
async fn polls_end_without_a_task_when_the_server_shuts_down() {
    let server = Server::start().await;
    prepare(&server).await;
    let mut polling = poll(&server).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let served = server.stop();
    let reply = tokio::time::timeout(Duration::from_secs(5), read_reply(&mut polling)).await.unwrap();
    assert_eq!(reply.unwrap().body.to_text(), r#"{"taskToken":null}"#);
    tokio::time::timeout(Duration::from_secs(5), served).await.unwrap().unwrap().unwrap();
}
