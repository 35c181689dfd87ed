//! Python functions in real processes, on the host's own runtime client.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "tests may fail"
)]

mod support;

use std::time::Duration;

use lambda::LogSource;
use serde_json::json;
use support::{Functions, call, eventually, failure, is_alive, ok};

#[tokio::test]
async fn a_handler_gets_its_event_and_context() {
    let functions = Functions::new()
        .with(
            "hello/handler.py",
            "import os\n\
             def handler(event, context):\n\
             \x20   left = context.get_remaining_time_in_millis()\n\
             \x20   assert 0 < left <= 5000, left\n\
             \x20   return {'event': event, 'name': context.function_name, 'arn': context.invoked_function_arn,\n\
             \x20           'memory': context.memory_limit_in_mb, 'id': context.aws_request_id,\n\
             \x20           'env': os.environ['GREETING'], 'zone': os.environ['TZ'], 'region': os.environ['AWS_REGION'],\n\
             \x20           'task': os.environ['LAMBDA_TASK_ROOT'] == os.getcwd(), 'text': 'grüße'}\n",
        )
        .with("hello/function.toml", "timeout = 5\nmemory = 256\n[environment]\nGREETING = \"hi\"\n");
    let host = functions.host().await;
    let result = call(&host, "hello", r#"{"a":[1,"é"]}"#).await;
    let payload: serde_json::Value = serde_json::from_slice(&result.payload).unwrap();
    let expected = json!({
        "event": {"a": [1, "é"]}, "name": "hello", "memory": "256", "id": result.request_id, "env": "hi",
        "arn": "arn:aws:lambda:us-east-1:123456789012:function:hello", "zone": ":UTC", "region": "us-east-1",
        "task": true, "text": "grüße",
    });
    assert_eq!(payload, expected);
    assert_eq!((result.status, result.executed_version.as_str()), (200, "$LATEST"));
    host.shutdown().await;
}

#[tokio::test]
async fn an_exception_is_told_as_lambda_tells_it() {
    let text = "def handler(event, context):\n    raise ValueError('bad order')\n";
    let functions = Functions::new().with("boom/handler.py", text);
    let host = functions.host().await;
    let (id, error) = failure(&host, "boom", "{}").await;
    let frame = "  File \"/var/task/handler.py\", line 2, in handler\n    raise ValueError('bad order')\n";
    let expected = json!({"errorMessage": "bad order", "errorType": "ValueError", "requestId": id, "stackTrace": [frame]});
    assert_eq!(error, expected);
    host.shutdown().await;
}

// AWS: recorded test_invoke_bytes_payload.
#[tokio::test]
async fn bytes_are_the_response_as_they_stand() {
    let text = "def handler(event, context):\n    return b'\"Hello\"' if event else bytes([255, 0])\n";
    let functions = Functions::new().with("raw/handler.py", text);
    let host = functions.host().await;
    assert_eq!(call(&host, "raw", "1").await.payload.as_ref(), b"\"Hello\"");
    assert_eq!(call(&host, "raw", "0").await.payload.as_ref(), [255, 0]);
    host.shutdown().await;
}

#[tokio::test]
async fn an_exception_leaves_the_process_warm() {
    let text = "calls = 0\n\
                def lambda_handler(event, context):\n\
                \x20   global calls\n\
                \x20   calls += 1\n\
                \x20   if event.get('fail'): raise KeyError('x')\n\
                \x20   return calls\n";
    let functions = Functions::new().with("count/handler.py", text);
    let host = functions.host().await;
    assert_eq!(ok(&host, "count", "{}").await, json!(1));
    failure(&host, "count", r#"{"fail":true}"#).await;
    for expected in 3..20 {
        assert_eq!(ok(&host, "count", "{}").await, json!(expected));
    }
    host.shutdown().await;
}

#[tokio::test]
async fn a_timeout_kills_the_process_and_what_it_started() {
    let text = "import json, os, subprocess, sys, time\n\
                def handler(event, context):\n\
                \x20   child = subprocess.Popen(['sleep', '1000'])\n\
                \x20   print(json.dumps([os.getpid(), child.pid]))\n\
                \x20   time.sleep(1000)\n";
    let functions =
        Functions::new().with("slow/handler.py", text).with("slow/function.toml", "timeout = 1\n");
    let host = functions.host().await;
    let (id, error) = failure(&host, "slow", "{}").await;
    assert_eq!(
        error,
        json!({
            "errorType": "Sandbox.Timedout",
            "errorMessage": format!("RequestId: {id} Error: Task timed out after 1.00 seconds"),
        })
    );
    let line = host.logs("slow").into_iter().find(|line| line.source == LogSource::Function).unwrap();
    let pids: Vec<i64> = serde_json::from_str(&line.text).unwrap();
    assert_eq!(pids.len(), 2);
    eventually("the process and its child are gone", || !pids.iter().any(|pid| is_alive(*pid))).await;
    host.shutdown().await;
}

#[tokio::test]
async fn errors_of_the_start_are_told_and_each_call_tries_again() {
    let functions = Functions::new()
        .with("absent/handler.py", "import nothing_of_the_kind\ndef handler(e, c): pass\n")
        .with("nameless/handler.py", "def other(e, c): pass\n")
        .with("wrong/handler.py", "def handler(e, c)\n    pass\n")
        .with("raises/handler.py", "raise RuntimeError('no config')\ndef handler(e, c): pass\n");
    let host = functions.host().await;
    for _ in 0..2 {
        let (_, error) = failure(&host, "absent", "{}").await;
        assert_eq!(error["errorType"], "Runtime.ImportModuleError");
        assert_eq!(
            error["errorMessage"],
            "Unable to import module 'handler': No module named 'nothing_of_the_kind'"
        );
    }
    let (_, error) = failure(&host, "nameless", "{}").await;
    assert_eq!(error["errorType"], "Runtime.HandlerNotFound");
    assert_eq!(error["errorMessage"], "Handler 'handler' missing on module 'handler'");
    let (_, error) = failure(&host, "wrong", "{}").await;
    assert_eq!(error["errorType"], "Runtime.UserCodeSyntaxError");
    let message = error["errorMessage"].as_str().unwrap();
    assert!(message.starts_with("Syntax error in module 'handler': expected ':'"), "{message}");
    assert_eq!(
        error["stackTrace"],
        json!(["  File \"/var/task/handler.py\" Line 1\n    def handler(e, c)\n"])
    );
    let (_, error) = failure(&host, "raises", "{}").await;
    assert_eq!((&error["errorType"], &error["errorMessage"]), (&json!("RuntimeError"), &json!("no config")));

    functions.write("absent/handler.py", "def handler(e, c): return 'mended'\n");
    host.load_folder(functions.path()).unwrap();
    assert_eq!(ok(&host, "absent", "{}").await, json!("mended"));
    host.shutdown().await;
}

#[tokio::test]
async fn the_end_of_the_process_in_a_call_is_told() {
    let text = "import os, signal, sys\n\
                def handler(event, context):\n\
                \x20   if event == 'kill': os.kill(os.getpid(), signal.SIGKILL)\n\
                \x20   if event == 'exit': sys.exit(1)\n\
                \x20   if event == 'quiet': os._exit(0)\n\
                \x20   return 'alive'\n";
    let functions = Functions::new().with("die/handler.py", text);
    let host = functions.host().await;
    for (event, reason) in [
        ("kill", "Runtime exited with error: signal: killed"),
        ("exit", "Runtime exited with error: exit status 1"),
        ("quiet", "Runtime exited without providing a reason"),
    ] {
        let (id, error) = failure(&host, "die", &format!("\"{event}\"")).await;
        let message = format!("RequestId: {id} Error: {reason}");
        assert_eq!(error, json!({"errorType": "Runtime.ExitError", "errorMessage": message}));
        assert_eq!(ok(&host, "die", "0").await, json!("alive"));
    }
    host.shutdown().await;
}

#[tokio::test]
async fn a_process_that_dies_between_calls_is_replaced_unseen() {
    let text = "import os\ndef handler(event, context):\n    return os.getpid()\n";
    let functions = Functions::new().with("pid/handler.py", text);
    let host = functions.host().await;
    let first = ok(&host, "pid", "{}").await.as_i64().unwrap();
    let pid = rustix::process::Pid::from_raw(i32::try_from(first).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    eventually("the process is gone", || !is_alive(first)).await;
    assert_ne!(ok(&host, "pid", "{}").await.as_i64().unwrap(), first);
    host.shutdown().await;
}

#[tokio::test]
async fn results_that_are_no_json_and_results_too_large_fail() {
    let text = "from decimal import Decimal\n\
                def handler(event, context):\n\
                \x20   if event == 'set': return {1, 2}\n\
                \x20   if event == 'decimal': return [Decimal('1.5'), Decimal(2)]\n\
                \x20   return 'x' * event\n";
    let functions =
        Functions::new().with("shape/handler.py", text).with("shape/function.toml", "timeout = 20\n");
    let host = functions.host().await;
    let (_, error) = failure(&host, "shape", "\"set\"").await;
    assert_eq!(error["errorType"], "Runtime.MarshalError");
    let message = error["errorMessage"].as_str().unwrap();
    assert_eq!(message, "Unable to marshal response: Object of type set is not JSON serializable");
    assert_eq!(ok(&host, "shape", "\"decimal\"").await, json!([1.5, 2]));
    assert_eq!(ok(&host, "shape", "6000000").await.as_str().unwrap().len(), 6_000_000);
    let (_, error) = failure(&host, "shape", "6291555").await;
    assert_eq!(error["errorType"], "Function.ResponseSizeTooLarge");
    assert_eq!(ok(&host, "shape", "1").await, json!("x"), "the process goes on");
    host.shutdown().await;
}

#[tokio::test]
async fn a_large_payload_arrives_whole() {
    let functions = Functions::new().with("size/handler.py", "def handler(e, c): return len(e)\n");
    let host = functions.host().await;
    let payload = format!("\"{}\"", "y".repeat(6_291_454));
    assert_eq!(ok(&host, "size", &payload).await, json!(6_291_454));
    host.shutdown().await;
}

#[tokio::test]
async fn the_log_has_lambdas_lines_around_the_functions_own() {
    let text = "import logging, sys\n\
                print('loading')\n\
                def handler(event, context):\n\
                \x20   print('out')\n\
                \x20   print('err', file=sys.stderr)\n\
                \x20   logging.warning('careful')\n\
                \x20   return 1\n";
    let functions = Functions::new().with("log/handler.py", text);
    let host = functions.host().await;
    let result = call(&host, "log", "{}").await;
    let id = result.request_id;
    let lines = host.logs("log");
    let texts: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(texts[..4], ["loading", &format!("START RequestId: {id} Version: $LATEST"), "out", "err"]);
    assert!(
        texts[4].starts_with("[WARNING]\t") && texts[4].ends_with(&format!("{id}\tcareful")),
        "{}",
        texts[4]
    );
    assert_eq!(texts[5], format!("END RequestId: {id}"));
    assert!(texts[6].starts_with(&format!("REPORT RequestId: {id}\tDuration: ")), "{}", texts[6]);
    assert!(texts[6].contains("\tMemory Size: 128 MB\tMax Memory Used: "), "{}", texts[6]);
    assert!(texts[6].contains("Init Duration: "), "{}", texts[6]);
    assert!(lines[1..].iter().all(|line| line.request_id.as_deref() == Some(&id)));
    host.shutdown().await;
}

#[tokio::test]
async fn shutdown_ends_the_calls_under_way_with_their_processes() {
    let text = "import os, time\n\
                def handler(event, context):\n\
                \x20   print(os.getpid(), flush=True)\n\
                \x20   time.sleep(1000)\n";
    let functions =
        Functions::new().with("long/handler.py", text).with("long/function.toml", "timeout = 900\n");
    let host = functions.host().await;
    let (caller, request) = (host.clone(), lambda::Invocation::request_response("long", "{}"));
    let pending = tokio::spawn(async move { caller.invoke(request).await });
    let pid = || host.logs("long").iter().find_map(|line| line.text.parse::<i64>().ok());
    eventually("the function runs", || pid().is_some()).await;
    tokio::time::timeout(Duration::from_secs(5), host.shutdown()).await.unwrap();
    assert_eq!(pending.await.unwrap().unwrap_err().error_type(), "ServiceException");
    assert!(!is_alive(pid().unwrap()));
}
