//! The operations over the wire.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on ends"
)]

mod support;

use json::Value;
use support::{PASS, ROLE, Server, WAIT, text};

const PREFIX: &str = "arn:aws:states:us-east-1:000000000000";

fn body<const N: usize>(members: [(&str, &str); N]) -> String {
    Value::object(members).to_text()
}

fn names(answer: &Value, list: &str) -> Vec<String> {
    answer.get(list).and_then(Value::as_array).unwrap().iter().map(|item| text(item, "name")).collect()
}

#[tokio::test]
async fn every_operation_of_the_first_release_is_served() {
    let server = Server::start().await;
    for operation in [
        "CreateStateMachine",
        "DeleteStateMachine",
        "DescribeExecution",
        "DescribeStateMachine",
        "DescribeStateMachineForExecution",
        "GetExecutionHistory",
        "ListTagsForResource",
        "RedriveExecution",
        "SendTaskFailure",
        "SendTaskHeartbeat",
        "SendTaskSuccess",
        "StartExecution",
        "StopExecution",
        "TagResource",
        "UntagResource",
        "UpdateStateMachine",
        "ValidateStateMachineDefinition",
    ] {
        let (code, message) = server.fail(operation, "{}").await;
        assert_eq!(code, "ValidationException", "{operation}");
        assert!(message.contains("validation error"), "{message}");
    }
    server.succeed("ListStateMachines", "{}").await;
    assert_eq!(server.fail("ListExecutions", "{}").await.0, "ValidationException");
}

#[tokio::test]
async fn variables_that_states_read_are_shown() {
    let server = Server::start().await;
    let definition = r#"{"StartAt":"A","States":{"A":{"Type":"Pass","Assign":{"x":1,"y":2},"Next":"B"},
        "B":{"Type":"Pass","Parameters":{"b.$":"$y","a.$":"$x"},"End":true}}}"#;
    let machine = server.create("m", definition).await;
    let described = server.succeed("DescribeStateMachine", &body([("stateMachineArn", &machine)])).await;
    assert_eq!(described.get("variableReferences").unwrap().to_text(), r#"{"B":["x","y"]}"#);
    let plain = server.create("plain", PASS).await;
    let described = server.succeed("DescribeStateMachine", &body([("stateMachineArn", &plain)])).await;
    assert!(described.get("variableReferences").is_none());
}

#[tokio::test]
async fn an_execution_is_started_described_and_told() {
    let server = Server::start().await;
    let machine = server.create("m", PASS).await;
    assert_eq!(machine, format!("{PREFIX}:stateMachine:m"));
    let input = " { \"a\" : 1.50 }";
    let request =
        body([("stateMachineArn", &machine), ("name", "e"), ("input", input), ("traceHeader", "t")]);
    let started = server.succeed("StartExecution", &request).await;
    let execution = text(&started, "executionArn");
    assert_eq!(execution, format!("{PREFIX}:execution:m:e"));
    assert!(started.get("startDate").unwrap().as_f64().is_some());

    let described = server.ended(&execution).await;
    let keys: Vec<&str> = described.as_object().unwrap().keys().map(|key| &**key).collect();
    let expected = [
        "executionArn",
        "stateMachineArn",
        "name",
        "status",
        "startDate",
        "stopDate",
        "input",
        "inputDetails",
        "output",
        "outputDetails",
        "traceHeader",
        "redriveCount",
        "redriveStatus",
        "redriveStatusReason",
    ];
    assert_eq!(keys, expected);
    assert_eq!(
        (text(&described, "status").as_str(), text(&described, "input").as_str()),
        ("SUCCEEDED", input)
    );

    let history = server.succeed("GetExecutionHistory", &body([("executionArn", &execution)])).await;
    let types: Vec<String> =
        history.get("events").unwrap().as_array().unwrap().iter().map(|e| text(e, "type")).collect();
    assert_eq!(types, ["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"]);
    let snapshot =
        server.succeed("DescribeStateMachineForExecution", &body([("executionArn", &execution)])).await;
    assert_eq!(text(&snapshot, "definition"), PASS);
}

#[tokio::test]
async fn metadata_alone_shows_no_data() {
    let server = Server::start().await;
    let machine = server.create("m", PASS).await;
    let execution = server.run(&machine, "e").await;
    server.ended(&execution).await;
    let request = body([("executionArn", &execution), ("includedData", "METADATA_ONLY")]);
    let described = server.succeed("DescribeExecution", &request).await;
    assert!(described.get("input").is_none() && described.get("output").is_none());
    assert_eq!(described.get("inputDetails").unwrap().to_text(), r#"{"included":false}"#);
    let request = body([("stateMachineArn", &machine), ("includedData", "METADATA_ONLY")]);
    assert_eq!(text(&server.succeed("DescribeStateMachine", &request).await, "definition"), "{}");
}

#[tokio::test]
async fn creating_the_same_machine_again_gives_the_first_and_another_conflicts() {
    let server = Server::start().await;
    let request = body([("name", "m"), ("definition", PASS), ("roleArn", ROLE)]);
    let first = server.succeed("CreateStateMachine", &request).await;
    assert_eq!(server.succeed("CreateStateMachine", &request).await, first);
    let spaced = format!("{PASS} ");
    let other = body([("name", "m"), ("definition", &spaced), ("roleArn", ROLE)]);
    let (code, message) = server.fail("CreateStateMachine", &other).await;
    assert_eq!(code, "StateMachineAlreadyExists");
    assert_eq!(message, format!("State Machine Already Exists: '{PREFIX}:stateMachine:m'"));
}

#[tokio::test]
async fn only_a_change_makes_a_new_revision() {
    let server = Server::start().await;
    let machine = server.create("m", PASS).await;
    let describe = body([("stateMachineArn", &machine)]);
    assert!(server.succeed("DescribeStateMachine", &describe).await.get("revisionId").is_none());
    let same = body([("stateMachineArn", &machine), ("definition", PASS)]);
    assert!(server.succeed("UpdateStateMachine", &same).await.get("revisionId").is_none());
    let other = body([("stateMachineArn", &machine), ("definition", WAIT)]);
    let revision = text(&server.succeed("UpdateStateMachine", &other).await, "revisionId");
    assert_eq!(text(&server.succeed("UpdateStateMachine", &other).await, "revisionId"), revision);
    let tracing = format!(r#"{{"stateMachineArn":"{machine}","tracingConfiguration":{{"enabled":true}}}}"#);
    assert_ne!(text(&server.succeed("UpdateStateMachine", &tracing).await, "revisionId"), revision);
    let (code, message) = server.fail("UpdateStateMachine", &describe).await;
    assert_eq!(code, "MissingRequiredParameter");
    assert!(
        message.starts_with("Either the definition, the role ARN, the LoggingConfiguration"),
        "{message}"
    );
}

#[tokio::test]
async fn a_machine_is_described_with_its_defaults() {
    let server = Server::start().await;
    let machine = server.create("m", PASS).await;
    let described = server.succeed("DescribeStateMachine", &body([("stateMachineArn", &machine)])).await;
    let shown = |member: &str| described.get(member).unwrap().to_text();
    assert_eq!(shown("loggingConfiguration"), r#"{"level":"OFF","includeExecutionData":false}"#);
    assert_eq!(shown("tracingConfiguration"), r#"{"enabled":false}"#);
    assert_eq!(shown("encryptionConfiguration"), r#"{"type":"AWS_OWNED_KEY"}"#);
    assert_eq!((shown("status"), shown("type")), ("\"ACTIVE\"".into(), "\"STANDARD\"".into()));
}

#[tokio::test]
async fn pages_lead_through_every_machine_and_their_tokens_fit_nowhere_else() {
    let server = Server::start().await;
    for name in ["c", "a", "e", "b", "d"] {
        server.create(name, PASS).await;
    }
    let (mut seen, mut token) = (Vec::new(), None::<String>);
    loop {
        let request = match &token {
            Some(token) => format!(r#"{{"maxResults":2,"nextToken":"{token}"}}"#),
            None => r#"{"maxResults":2}"#.to_owned(),
        };
        let page = server.succeed("ListStateMachines", &request).await;
        seen.extend(names(&page, "stateMachines"));
        match page.get("nextToken") {
            Some(next) => token = Some(next.as_str().unwrap().to_owned()),
            None => break,
        }
    }
    assert_eq!(seen, ["a", "b", "c", "d", "e"]);
    let machine = format!("{PREFIX}:stateMachine:a");
    let foreign = body([("stateMachineArn", &machine), ("nextToken", &token.unwrap())]);
    let invalid = ("InvalidToken".to_owned(), "Invalid Token: 'Invalid token'".to_owned());
    assert_eq!(server.fail("ListExecutions", &foreign).await, invalid);
    assert_eq!(server.fail("ListStateMachines", r#"{"nextToken":"garbage"}"#).await, invalid);
}

#[tokio::test]
async fn executions_are_listed_newest_first_and_by_status() {
    let server = Server::start().await;
    let machine = server.create("m", PASS).await;
    for name in ["one", "two", "three"] {
        let execution = server.run(&machine, name).await;
        server.ended(&execution).await;
    }
    let waiting = server.create("w", WAIT).await;
    server.run(&waiting, "waits").await;
    let first = format!(r#"{{"stateMachineArn":"{machine}","maxResults":2}}"#);
    let page = server.succeed("ListExecutions", &first).await;
    assert_eq!(names(&page, "executions"), ["three", "two"]);
    let token = text(&page, "nextToken");
    let second = format!(r#"{{"stateMachineArn":"{machine}","maxResults":2,"nextToken":"{token}"}}"#);
    let page = server.succeed("ListExecutions", &second).await;
    assert_eq!(names(&page, "executions"), ["one"]);
    assert!(page.get("nextToken").is_none());
    let filtered = |status| body([("stateMachineArn", &machine), ("statusFilter", status)]);
    assert_eq!(names(&server.succeed("ListExecutions", &filtered("RUNNING")).await, "executions").len(), 0);
    assert_eq!(names(&server.succeed("ListExecutions", &filtered("SUCCEEDED")).await, "executions").len(), 3);
    let (code, message) = server.fail("ListExecutions", &filtered("succeeded")).await;
    assert_eq!(code, "ValidationException");
    assert!(message.ends_with(
        "Member must satisfy enum value set: [SUCCEEDED, TIMED_OUT, PENDING_REDRIVE, ABORTED, FAILED, RUNNING]"
    ));
}

#[tokio::test]
async fn history_pages_run_both_ways() {
    let server = Server::start().await;
    let machine = server.create("m", PASS).await;
    let execution = server.run(&machine, "e").await;
    server.ended(&execution).await;
    for (reverse, expected) in [(false, [1, 2, 3, 4]), (true, [4, 3, 2, 1])] {
        let (mut seen, mut token) = (Vec::new(), String::new());
        loop {
            let request =
                format!(r#"{{"executionArn":"{execution}","reverseOrder":{reverse},"maxResults":3{token}}}"#);
            let page = server.succeed("GetExecutionHistory", &request).await;
            let events = page.get("events").and_then(Value::as_array).unwrap();
            seen.extend(events.iter().map(|event| event.get("id").and_then(Value::as_i64).unwrap()));
            match page.get("nextToken") {
                Some(next) => token = format!(r#","nextToken":{next}"#),
                None => break,
            }
        }
        assert_eq!(seen, expected);
    }
}

#[tokio::test]
async fn a_name_serves_one_execution() {
    let server = Server::start().await;
    let machine = server.create("w", WAIT).await;
    let request = body([("stateMachineArn", &machine), ("name", "e"), ("input", "{\"a\":1}")]);
    let first = server.succeed("StartExecution", &request).await;
    assert_eq!(server.succeed("StartExecution", &request).await, first);
    let other = body([("stateMachineArn", &machine), ("name", "e"), ("input", "{\"a\":2}")]);
    let conflict =
        ("ExecutionAlreadyExists".to_owned(), format!("Execution Already Exists: '{PREFIX}:execution:w:e'"));
    assert_eq!(server.fail("StartExecution", &other).await, conflict);
    let execution = text(&first, "executionArn");
    let stop = body([("executionArn", &execution), ("error", "E"), ("cause", "C")]);
    let stopped = server.succeed("StopExecution", &stop).await;
    let described = server.ended(&execution).await;
    assert_eq!(described.get("stopDate"), stopped.get("stopDate"));
    let shown = ["status", "error", "cause"].map(|member| text(&described, member));
    assert_eq!(shown, ["ABORTED", "E", "C"]);
    assert_eq!(server.fail("StartExecution", &request).await, conflict);
    assert_eq!(server.succeed("StopExecution", &stop).await, stopped);
}

#[tokio::test]
async fn what_is_not_there_is_told_by_its_own_exception() {
    let server = Server::start().await;
    let execution = format!("{PREFIX}:execution:m:none");
    for operation in
        ["DescribeExecution", "StopExecution", "GetExecutionHistory", "DescribeStateMachineForExecution"]
    {
        let (code, message) = server.fail(operation, &body([("executionArn", &execution)])).await;
        assert_eq!(code, "ExecutionDoesNotExist", "{operation}");
        assert_eq!(message, format!("Execution Does Not Exist: '{execution}'"));
        let express = format!("{PREFIX}:express:m:e:u");
        let (code, message) = server.fail(operation, &body([("executionArn", &express)])).await;
        assert_eq!(code, "InvalidArn");
        assert_eq!(message, "Invalid Arn: 'Resource type not valid in this context: express'");
    }
    let version = format!("{PREFIX}:stateMachine:m:2");
    for operation in ["DescribeStateMachine", "StartExecution", "UpdateStateMachine", "ListExecutions"] {
        let (code, message) = server.fail(operation, &body([("stateMachineArn", &version)])).await;
        assert_eq!(code, "StateMachineDoesNotExist", "{operation}");
        assert_eq!(message, format!("State Machine Does Not Exist: '{version}'"));
        let (code, message) = server.fail(operation, &body([("stateMachineArn", "nonsense")])).await;
        assert_eq!(code, "InvalidArn");
        assert_eq!(message, "Invalid Arn: 'Invalid ARN prefix: nonsense'");
    }
    let machine = format!("{PREFIX}:stateMachine:m");
    assert_eq!(
        server.succeed("DeleteStateMachine", &body([("stateMachineArn", &machine)])).await,
        Value::empty_object()
    );
}

#[tokio::test]
async fn requests_that_break_a_rule_are_told_which() {
    let server = Server::start().await;
    let create =
        |name, definition, role| body([("name", name), ("definition", definition), ("roleArn", role)]);
    let cases = [
        ("CreateStateMachine", create("a b", PASS, ROLE), "InvalidName", "Invalid Name: 'a b'"),
        ("CreateStateMachine", create("a", PASS, "me"), "InvalidArn", "Invalid Role Arn: 'me'"),
        (
            "CreateStateMachine",
            create("a", r#"{"StartAt":"A"}"#, ROLE),
            "InvalidDefinition",
            "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: These fields are required: [States] at /'",
        ),
        (
            "ListStateMachines",
            r#"{"maxResults":1001}"#.to_owned(),
            "ValidationException",
            "1 validation error detected: Value '1001' at 'maxResults' failed to satisfy constraint: Member must \
             have value less than or equal to 1000",
        ),
        (
            "SendTaskSuccess",
            // A token of no task there is, which looks like one.
            body([
                ("taskToken", "MSA3IDAwMDAwMDAwMDAwMDAwMDEwMDAwMDAwMDAwMDAwMDAxIGFybjph"),
                ("output", "{"),
            ]),
            "InvalidOutput",
            "Invalid Output: 'Unexpected end-of-input",
        ),
        (
            "SendTaskSuccess",
            body([("taskToken", "t"), ("output", "{")]),
            "InvalidToken",
            "Invalid Token: 'Invalid token'",
        ),
        ("SendTaskFailure", body([("taskToken", "t")]), "InvalidToken", "Invalid Token: 'Invalid token'"),
        ("SendTaskHeartbeat", body([("taskToken", "t")]), "InvalidToken", "Invalid Token: 'Invalid token'"),
        (
            "ListExecutions",
            "{}".to_owned(),
            "ValidationException",
            "Either stateMachineArn or mapRunArn must be specified",
        ),
    ];
    for (operation, request, code, message) in cases {
        let (found_code, found_message) = server.fail(operation, &request).await;
        assert_eq!(found_code, code, "{request}");
        assert!(found_message.starts_with(message), "{found_message}");
    }
}

#[tokio::test]
async fn tags_are_set_listed_and_taken_away() {
    let server = Server::start().await;
    let machine = server.create("m", PASS).await;
    let list = body([("resourceArn", &machine)]);
    let tag = format!(
        r#"{{"resourceArn":"{machine}","tags":[{{"key":"a","value":"1"}},{{"key":"b","value":""}}]}}"#
    );
    server.succeed("TagResource", &tag).await;
    let listed = server.succeed("ListTagsForResource", &list).await;
    assert_eq!(listed.to_text(), r#"{"tags":[{"key":"a","value":"1"},{"key":"b","value":""}]}"#);
    let untag = format!(r#"{{"resourceArn":"{machine}","tagKeys":["a","none"]}}"#);
    server.succeed("UntagResource", &untag).await;
    let listed = server.succeed("ListTagsForResource", &list).await;
    assert_eq!(listed.to_text(), r#"{"tags":[{"key":"b","value":""}]}"#);
    let version = format!("{machine}:1");
    let (code, message) = server.fail("ListTagsForResource", &body([("resourceArn", &version)])).await;
    assert_eq!((code, message), ("ResourceNotFound".into(), format!("Resource not found: '{version}'")));
}

#[tokio::test]
async fn definitions_are_validated_without_an_exception() {
    let server = Server::start().await;
    let answer = server.succeed("ValidateStateMachineDefinition", &body([("definition", PASS)])).await;
    assert_eq!(answer.to_text(), r#"{"result":"OK","diagnostics":[],"truncated":false}"#);
    let answer = server.succeed("ValidateStateMachineDefinition", &body([("definition", " ")])).await;
    assert_eq!(
        answer.to_text(),
        r#"{"result":"FAIL","diagnostics":[{"severity":"ERROR","code":"SCHEMA_VALIDATION_FAILED","message":"Definition must be a valid JSON object"}],"truncated":false}"#
    );
}

#[tokio::test]
async fn deleting_a_machine_frees_its_name_and_leaves_its_executions_to_be_read() {
    let server = Server::start().await;
    let machine = server.create("m", WAIT).await;
    let execution = server.run(&machine, "e").await;
    server.succeed("DeleteStateMachine", &body([("stateMachineArn", &machine)])).await;
    assert_eq!(text(&server.ended(&execution).await, "status"), "ABORTED");
    let (code, _) = server.fail("DescribeStateMachine", &body([("stateMachineArn", &machine)])).await;
    assert_eq!(code, "StateMachineDoesNotExist");
    assert_eq!(server.create("m", PASS).await, machine);
}
