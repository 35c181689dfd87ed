//! Express executions on `GET /stepwright/v1/express-executions`.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "these are tests")]

mod support;

use json::Value;
use support::{PASS, ROLE, Reply, Server, text};

const PATH: &str = "/stepwright/v1/express-executions";

async fn get(server: &Server, target: &str) -> Reply {
    server.exchange(format!("GET {PATH}{target} HTTP/1.1\r\nhost: h\r\n\r\n").as_bytes()).await
}

async fn express(server: &Server, name: &str, definition: &str) -> String {
    let members = [("name", name), ("definition", definition), ("roleArn", ROLE), ("type", "EXPRESS")];
    let created = server.succeed("CreateStateMachine", &Value::object(members).to_text()).await;
    text(&created, "stateMachineArn")
}

async fn run(server: &Server, machine: &str, name: &str) -> String {
    let members = [("stateMachineArn", machine), ("name", name), ("input", r#"{"secret":1}"#)];
    let ended = server.succeed("StartSyncExecution", &Value::object(members).to_text()).await;
    text(&ended, "executionArn")
}

fn names(reply: &Reply) -> Vec<String> {
    assert_eq!(reply.status, 200, "{reply:?}");
    let executions = reply.body.get("executions").unwrap().as_array().unwrap();
    executions.iter().map(|execution| text(execution, "name")).collect()
}

#[tokio::test]
async fn executions_are_listed_described_and_told_as_standard_ones_are() {
    let server = Server::start().await;
    let machine = express(&server, "m", PASS).await;
    let first = run(&server, &machine, "first").await;
    run(&server, &machine, "second").await;
    let listed = get(&server, &format!("?stateMachineArn={machine}")).await;
    assert_eq!(names(&listed), ["second", "first"]);
    let page = get(&server, &format!("?stateMachineArn={machine}&maxResults=1")).await;
    assert_eq!(names(&page), ["second"]);
    let token = page.text("nextToken");
    let rest = get(&server, &format!("?stateMachineArn={machine}&maxResults=1&nextToken={token}")).await;
    assert_eq!((names(&rest), rest.body.get("nextToken")), (vec!["first".to_owned()], None));
    let failed = get(&server, &format!("?stateMachineArn={machine}&statusFilter=FAILED")).await;
    assert!(names(&failed).is_empty());

    let described = get(&server, &format!("/{first}")).await;
    assert_eq!(
        (described.text("status"), described.text("output")),
        ("SUCCEEDED".into(), r#"{"secret":1}"#.into())
    );
    assert!(described.head.contains("content-type: application/json"), "{}", described.head);
    let described = get(&server, &format!("/{}?includedData=METADATA_ONLY", first.replace(':', "%3A"))).await;
    assert_eq!((described.text("name"), described.body.get("output")), ("first".into(), None));

    let history = get(&server, &format!("/{first}/history")).await;
    let events = history.body.get("events").unwrap().as_array().unwrap();
    let types: Vec<String> = events.iter().map(|event| text(event, "type")).collect();
    assert_eq!(types, ["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"]);
    assert_eq!(history.body.get("isComplete"), Some(&Value::Bool(true)));
    let page =
        get(&server, &format!("/{first}/history?reverseOrder=true&maxResults=3&includeExecutionData=false"))
            .await;
    let token = page.text("nextToken");
    assert!(!page.body.to_text().contains("secret"), "{}", page.body);
    let query = format!("reverseOrder=true&maxResults=3&includeExecutionData=false&nextToken={token}");
    let rest = get(&server, &format!("/{first}/history?{query}")).await;
    assert_eq!(rest.body.get("events").unwrap().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_not_there_is_said_so() {
    let server = Server::start().await;
    let standard = server.create("standard", PASS).await;
    let machine = express(&server, "m", PASS).await;
    let unknown = machine.replace(":stateMachine:m", ":express:m:e:u");
    let refused = async |target: String| {
        let reply = get(&server, &target).await;
        (reply.status, reply.body.get("__type").and_then(Value::as_str).unwrap_or("").to_owned())
    };
    assert_eq!(refused(format!("/{unknown}")).await, (404, "ExecutionDoesNotExist".into()));
    assert_eq!(refused(format!("/{unknown}/history")).await, (404, "ExecutionDoesNotExist".into()));
    assert_eq!(
        refused(format!("?stateMachineArn={machine}x")).await,
        (404, "StateMachineDoesNotExist".into())
    );
    assert_eq!(
        refused(format!("?stateMachineArn={standard}")).await,
        (400, "StateMachineTypeNotSupported".into())
    );
    assert_eq!(refused("?maxResults=1".into()).await, (400, "ValidationException".into()));
    assert_eq!(refused(format!("/{standard}")).await, (400, "InvalidArn".into()));
    assert_eq!(
        refused(format!("?stateMachineArn={machine}&nextToken=x")).await,
        (400, "InvalidToken".into())
    );
    for target in ["/", "/a/b", "x", "/a/history/x"] {
        assert_eq!(get(&server, target).await.status, 404, "{target}");
    }
}
