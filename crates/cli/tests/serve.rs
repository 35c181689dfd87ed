//! `stepwright serve` and `stepwright dev`.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "these are tests")]

mod support;

use std::io::Write as _;
use std::net::TcpStream;
use std::time::Duration;
use support::{PASSES, Serving, run, write};

fn created(server: &Serving, name: &str, definition: &str) -> (u16, String) {
    let request = json::Value::object([
        ("name", json::Value::from(name)),
        ("definition", json::Value::from(definition)),
        ("roleArn", json::Value::from("arn:aws:iam::000000000000:role/r")),
    ]);
    server.call("CreateStateMachine", &request.to_text())
}

#[test]
fn it_answers_when_it_says_so_and_ends_with_0_when_told() {
    for signal in ["-TERM", "-INT"] {
        let dir = tempfile::tempdir().unwrap();
        let server = Serving::start(dir.path(), &["serve", "--in-memory"]);
        assert_eq!(server.health(), 200);
        assert_eq!(server.end_with(signal), 0);
        assert!(!dir.path().join(".stepwright").exists());
    }
}

#[test]
fn state_machines_survive_a_restart_in_the_data_directory() {
    let dir = tempfile::tempdir().unwrap();
    let first = Serving::start(dir.path(), &["serve", "--region", "eu-west-1", "--account", "123456789012"]);
    assert_eq!(created(&first, "kept", PASSES).0, 200);
    assert_eq!(first.end_with("-TERM"), 0);
    let second = Serving::start(dir.path(), &["serve", "--region", "eu-west-1", "--account", "123456789012"]);
    let (status, body) = second.call("ListStateMachines", "{}");
    assert_eq!(status, 200);
    assert!(body.contains("arn:aws:states:eu-west-1:123456789012:stateMachine:kept"), "{body}");
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut server = Serving::start(dir.path(), &["serve", "--in-memory"]);
    // A request that never becomes whole keeps the server waiting.
    let mut stream = TcpStream::connect(("127.0.0.1", server.port)).unwrap();
    let head = "POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: AWSStepFunctions.ListStateMachines\r\nContent-Length: 99\r\n\r\n{";
    stream.write_all(head.as_bytes()).unwrap();
    assert_eq!(server.health(), 200);
    let code = loop {
        server.signal("-TERM");
        std::thread::sleep(Duration::from_millis(20));
        if let Some(status) = server.child.try_wait().unwrap() {
            break status.code();
        }
    };
    assert_eq!(code, Some(130));
}

#[test]
fn a_port_or_a_data_directory_in_use_is_explained() {
    let dir = tempfile::tempdir().unwrap();
    let server = Serving::start(dir.path(), &["serve"]);
    let port = server.port.to_string();
    let taken = run(dir.path(), &["serve", "--in-memory", "--port", &port]);
    assert_eq!(taken.code, 1);
    assert!(taken.err.contains(&format!("cannot listen on 127.0.0.1:{port}")), "{}", taken.err);
    assert!(taken.err.contains("--port"), "{}", taken.err);
    let locked = run(dir.path(), &["serve", "--port", "0"]);
    assert_eq!((locked.code, locked.out.as_str()), (1, ""));
    assert!(locked.err.contains("in use by another stepwright process"), "{}", locked.err);
}

#[test]
fn a_folder_of_functions_that_is_none_is_explained() {
    let dir = tempfile::tempdir().unwrap();
    let missing = run(dir.path(), &["serve", "--in-memory", "--port", "0", "--functions", "nowhere"]);
    assert_eq!(missing.code, 1);
    assert!(missing.err.contains("nowhere") && missing.err.contains("handler.py"), "{}", missing.err);
    write(dir.path(), "functions/f/handler.py", "def handler(e, c): return e\n");
    write(dir.path(), "functions/f/function.toml", "timeout = \"long\"\n");
    let wrong = run(dir.path(), &["serve", "--in-memory", "--port", "0", "--functions", "functions"]);
    assert_eq!(wrong.code, 1);
    assert!(wrong.err.contains("function.toml:1"), "{}", wrong.err);
}

#[test]
fn the_region_comes_from_the_environment_where_no_flag_says() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "a.asl.json", PASSES);
    let text = r#"{"StartAt": "A", "States": {"A": {"Type": "Pass", "Parameters": {"id.$": "$$.StateMachine.Id"}, "End": true}}}"#;
    write(dir.path(), "b.asl.json", text);
    let mut command = support::stepwright(dir.path());
    command.env("AWS_REGION", "").env("AWS_DEFAULT_REGION", "eu-north-1");
    let ended = support::Ended::from(command.args(["run", "b.asl.json", "--json"]).output().unwrap());
    assert_eq!(
        ended.out, "{\"id\":\"arn:aws:states:eu-north-1:000000000000:stateMachine:b\"}\n",
        "{}",
        ended.err
    );
    for (variable, text, problem) in [
        ("AWS_ACCOUNT_ID", "12345", "AWS_ACCOUNT_ID is \"12345\": an account has twelve digits"),
        ("AWS_REGION", "Mars", "AWS_REGION or AWS_DEFAULT_REGION is \"Mars\": a region looks like us-east-1"),
    ] {
        let mut command = support::stepwright(dir.path());
        let ended =
            support::Ended::from(command.env(variable, text).args(["run", "b.asl.json"]).output().unwrap());
        assert_eq!(ended.code, 2, "{}", ended.err);
        assert!(ended.err.contains(problem), "{}", ended.err);
        // What is given takes its place.
        let flags = ["--account", "123456789012", "--region", "eu-west-1"];
        let ended = support::Ended::from(command.args(flags).output().unwrap());
        assert_eq!(ended.code, 0, "{}", ended.err);
    }
}

#[test]
fn dev_serves_a_project_and_follows_its_changes() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "flows/order.asl.json", PASSES);
    write(dir.path(), "node_modules/other/hidden.asl.json", PASSES);
    write(dir.path(), "functions/echo/handler.py", "def handler(e, c): return e\n");
    let mut server = Serving::start(dir.path(), &["dev", "."]);
    let arn = "arn:aws:states:us-east-1:000000000000:stateMachine:order";
    let welcome = server.read_to("Ctrl-C ends");
    assert!(welcome.contains(arn) && welcome.contains("  echo  python"), "{welcome}");
    assert!(welcome.contains(&format!("AWS_ENDPOINT_URL_SFN=http://127.0.0.1:{}", server.port)), "{welcome}");
    assert!(!welcome.contains("hidden"), "{welcome}");

    let described =
        |server: &Serving| server.call("DescribeStateMachine", &format!(r#"{{"stateMachineArn": "{arn}"}}"#));
    assert!(described(&server).1.contains("\\\"n\\\": 1"));
    write(dir.path(), "flows/order.asl.json", &PASSES.replace("\"n\": 1", "\"n\": 2"));
    server.read_to("state machine order: updated");
    assert!(described(&server).1.contains("\\\"n\\\": 2"));

    // The API shows the JSON of a definition in YAML.
    write(
        dir.path(),
        "flows/ship.asl.yaml",
        "StartAt: A\nStates:\n  A: {Type: Wait, Seconds: 5, End: true}\n",
    );
    server.read_to("state machine ship: in service");
    let ship = r#"{"stateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:ship"}"#;
    assert!(server.call("DescribeStateMachine", ship).1.contains("\\\"Seconds\\\":5"));

    // A wrong version changes nothing; the next right one does.
    write(dir.path(), "flows/order.asl.json", "{");
    write(dir.path(), "flows/second.asl.json", PASSES);
    server.read_to("state machine second: in service");
    assert!(described(&server).1.contains("\\\"n\\\": 2"));
    write(dir.path(), "functions/later/handler.py", "def handler(e, c): return e\n");
    server.read_to("function later: new");
    std::fs::create_dir(dir.path().join("moved")).unwrap();
    std::fs::rename(dir.path().join("flows/second.asl.json"), dir.path().join("moved/second.asl.json"))
        .unwrap();
    server.read_to("state machine second: in service, as it was");
    std::fs::remove_file(dir.path().join("moved/second.asl.json")).unwrap();
    server.read_to("state machine second: removed with its file");
    assert_eq!(server.end_with("-TERM"), 0);
}
