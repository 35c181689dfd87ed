//! Executable bootstraps that speak the Runtime API by hand, and what outlives a host.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "tests may fail"
)]

mod support;

use std::process::{Command, Stdio};

use lambda::FunctionHost;
use serde_json::json;
use support::{Functions, config, eventually, failure, is_alive, ok};

/// Answers each event with itself, the headers it came with and how often it was called.
const BOOTSTRAP: &str = r#"#!/usr/bin/env python3
import json, os, urllib.request, urllib.error
api = 'http://' + os.environ['AWS_LAMBDA_RUNTIME_API'] + '/2018-06-01/runtime'
def post(path, body):
    try:
        with urllib.request.urlopen(urllib.request.Request(api + path, body, method='POST')) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
calls = 0
while True:
    with urllib.request.urlopen(api + '/invocation/next') as answer:
        headers, event = answer.headers, json.loads(answer.read())
    calls += 1
    id = headers['Lambda-Runtime-Aws-Request-Id']
    if event == 'fail':
        post('/invocation/%s/error' % id, b'{"errorType":"Custom","errorMessage":"no"}')
        continue
    seen = {
        'event': event, 'calls': calls, 'handler': os.environ['_HANDLER'],
        'arn': headers['Lambda-Runtime-Invoked-Function-Arn'],
        'trace': headers['Lambda-Runtime-Trace-Id'].startswith('Root=1-'),
        'deadline': int(headers['Lambda-Runtime-Deadline-Ms']) > 0,
        'wrong_id': post('/invocation/00000000/response', b'1'),
        'late_init_error': post('/init/error', b'{}'),
    }
    post('/invocation/%s/response' % id, json.dumps(seen).encode())
    seen_again = post('/invocation/%s/response' % id, b'"twice"')
    assert seen_again == 400, seen_again
"#;

#[tokio::test]
async fn a_bootstrap_speaks_the_runtime_api_itself() {
    let functions =
        Functions::new().with("own/bootstrap", BOOTSTRAP).with("own/function.toml", "timeout = 20\n");
    let host = functions.host().await;
    for calls in 1..=3 {
        let seen = json!({
            "event": {"a": 1}, "calls": calls, "handler": "bootstrap", "trace": true, "deadline": true,
            "arn": "arn:aws:lambda:us-east-1:123456789012:function:own", "wrong_id": 400, "late_init_error": 403,
        });
        assert_eq!(ok(&host, "own", r#"{"a":1}"#).await, seen);
    }
    let (_, error) = failure(&host, "own", "\"fail\"").await;
    assert_eq!(error, json!({"errorType": "Custom", "errorMessage": "no"}));
    host.shutdown().await;
}

#[tokio::test]
async fn a_bootstrap_that_cannot_run_is_the_functions_error() {
    let functions = Functions::new()
        .with("absent/function.toml", "runtime = \"provided.al2023\"\n")
        .with("broken/bootstrap", "#!/nonexistent/interpreter\n")
        .with("ends/bootstrap", "#!/bin/sh\necho leaving >&2\nexit 7\n");
    let host = functions.host().await;
    let (_, error) = failure(&host, "absent", "{}").await;
    assert_eq!(error["errorType"], "Runtime.InvalidEntrypoint");
    let (_, error) = failure(&host, "broken", "{}").await;
    assert_eq!(error["errorType"], "Runtime.InvalidEntrypoint");
    let (id, error) = failure(&host, "ends", "{}").await;
    let message = format!("RequestId: {id} Error: Runtime exited with error: exit status 7");
    assert_eq!(error, json!({"errorType": "Runtime.ExitError", "errorMessage": message}));
    assert!(host.logs("ends").iter().any(|line| line.text == "leaving"));
    host.shutdown().await;
}

#[tokio::test]
async fn a_process_that_never_polls_runs_out_of_time() {
    let functions = Functions::new()
        .with("mute/bootstrap", "#!/bin/sh\nexec sleep 1000\n")
        .with("mute/function.toml", "timeout = 1\n");
    let host =
        functions.host_with(|config| config.init_timeout = std::time::Duration::from_millis(100)).await;
    let (_, error) = failure(&host, "mute", "{}").await;
    assert_eq!(error["errorType"], "Sandbox.Timedout");
    host.shutdown().await;
}

/// The host that `processes_do_not_outlive_a_host_that_is_killed` kills. Alone, it does nothing.
#[tokio::test]
async fn child_host() {
    let Some(folder) = std::env::var_os("CHILD_HOST_FOLDER") else { return };
    let host = FunctionHost::start(config()).await.unwrap();
    host.load_folder(folder.as_ref()).unwrap();
    let calls = ["python", "shell"].map(|name| {
        let (host, request) = (host.clone(), lambda::Invocation::request_response(name, "{}"));
        tokio::spawn(async move { host.invoke(request).await })
    });
    for call in calls {
        let _ = call.await;
    }
}

#[tokio::test]
async fn processes_do_not_outlive_a_host_that_is_killed() {
    let functions = Functions::new()
        .with(
            "python/handler.py",
            "import os, subprocess\n\
             def handler(event, context):\n\
             \x20   child = subprocess.Popen(['sleep', '1000'])\n\
             \x20   open('../python.pids', 'w').write('%d %d\\n' % (os.getpid(), child.pid))\n\
             \x20   child.wait()\n",
        )
        .with("python/function.toml", "timeout = 900\n")
        .with("shell/bootstrap", "#!/bin/sh\nsleep 1000 &\necho $$ $! > ../shell.pids\nwait\n")
        .with("shell/function.toml", "timeout = 900\n");
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_host", "--nocapture"])
        .env("CHILD_HOST_FOLDER", functions.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let pids = || -> Vec<i64> {
        let read = |name| std::fs::read_to_string(functions.path().join(name)).unwrap_or_default();
        let text = read("python.pids") + &read("shell.pids");
        text.split_whitespace().map(|pid| pid.parse().unwrap()).collect()
    };
    eventually("both functions run", || pids().len() == 4).await;
    assert!(pids().iter().all(|pid| is_alive(*pid)));
    child.kill().unwrap();
    child.wait().unwrap();
    eventually("every process is gone", || !pids().iter().any(|pid| is_alive(*pid))).await;
}
