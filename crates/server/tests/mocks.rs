//! Executions that are started with a test case, over the wire.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on ends"
)]

mod support;

use json::Value;
use server::Limits;
use std::sync::Arc;
use support::{ROLE, Server, text};
use tasks::{Mocks, TaskLimits, Tasks};

const MOCKS: &str = r#"{
    "StateMachines": {
        "standard": {"TestCases": {"Happy": {"A": "Answer"}, "Sad": {"A": "Error"}}},
        "express": {"TestCases": {"Happy": {"A": "Answer"}}}},
    "MockedResponses": {
        "Answer": {"0": {"Return": {"paid": true}}},
        "Error": {"0": {"Throw": {"Error": "Declined", "Cause": "no money"}}}}}"#;
const TASK: &str = r#"{"StartAt":"A","States":{"A":{"Type":"Task","Resource":"arn:aws:states:::dynamodb:getItem",
    "Parameters":{"TableName":"t","Key":{}},"End":true}}}"#;

struct Bed {
    server: Server,
    _directory: tempfile::TempDir,
}

impl Bed {
    async fn start() -> Bed {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("mocks.json");
        std::fs::write(&path, MOCKS).unwrap();
        let tasks = Tasks::with_callers(Vec::new(), TaskLimits::default()).with_mocks(Mocks::at(path));
        let server = Server::start_on(Limits::default(), Arc::new(tasks)).await;
        Bed { server, _directory: directory }
    }

    async fn create_express(&self) -> String {
        let members = [("name", "express"), ("definition", TASK), ("roleArn", ROLE), ("type", "EXPRESS")];
        let created = self.server.succeed("CreateStateMachine", &Value::object(members).to_text()).await;
        text(&created, "stateMachineArn")
    }
}

fn start(machine: &str) -> String {
    Value::object([("stateMachineArn", machine)]).to_text()
}

#[tokio::test]
async fn the_suffix_of_the_arn_chooses_the_answers() {
    let bed = Bed::start().await;
    let machine = bed.server.create("standard", TASK).await;
    let happy = bed.server.ended(&bed.server.run(&format!("{machine}#Happy"), "happy").await).await;
    assert_eq!(
        (text(&happy, "status"), text(&happy, "output")),
        ("SUCCEEDED".into(), r#"{"paid":true}"#.into())
    );
    assert_eq!(text(&happy, "stateMachineArn"), machine);
    let sad = bed.server.ended(&bed.server.run(&format!("{machine}#Sad"), "sad").await).await;
    assert_eq!((text(&sad, "error"), text(&sad, "cause")), ("Declined".into(), "no money".into()));
}

#[tokio::test]
async fn a_synchronous_execution_is_answered_too() {
    let bed = Bed::start().await;
    let machine = bed.create_express().await;
    let ended = bed.server.succeed("StartSyncExecution", &start(&format!("{machine}#Happy"))).await;
    assert_eq!(
        (text(&ended, "status"), text(&ended, "output")),
        ("SUCCEEDED".into(), r#"{"paid":true}"#.into())
    );
    assert_eq!(text(&ended, "stateMachineArn"), machine);
}

#[tokio::test]
async fn unknown_machines_and_test_cases_are_refused() {
    let bed = Bed::start().await;
    let machine = bed.server.create("standard", TASK).await;
    for case in ["None", "", "happy"] {
        let refused = bed.server.fail("StartExecution", &start(&format!("{machine}#{case}"))).await;
        let message = format!(
            "Invalid Name: the test case cannot be used: the mock configuration file has no test case '{case}' of the \
             state machine 'standard'"
        );
        assert_eq!(refused, ("InvalidName".into(), message));
    }
    let express = bed.create_express().await;
    let refused = bed.server.fail("StartSyncExecution", &start(&format!("{express}#Sad"))).await;
    assert_eq!(refused.0, "InvalidName");
    let unknown = machine.replace("standard", "unknown");
    let refused = bed.server.fail("StartExecution", &start(&format!("{unknown}#Happy"))).await;
    let message = format!("State Machine Does Not Exist: '{unknown}'");
    assert_eq!(refused, ("StateMachineDoesNotExist".into(), message));
}

#[tokio::test]
async fn without_mocks_no_test_case_is_known() {
    let server = Server::start().await;
    let machine = server.create("standard", TASK).await;
    let (code, message) = server.fail("StartExecution", &start(&format!("{machine}#Happy"))).await;
    assert_eq!(code, "InvalidName");
    assert!(message.contains("no mock configuration file"), "{message}");
}
