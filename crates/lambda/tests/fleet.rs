//! Which process takes which call: concurrency, limits, warm reuse, retirement.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "tests may fail"
)]

mod support;

use std::fs;
use std::time::Duration;

use lambda::{FunctionHost, Invocation, InvokeError, ThrottleReason};
use serde_json::json;
use support::{Functions, eventually, is_alive, ok};

/// Says who it is, then waits until the file named by the event is there.
const WAITER: &str = "import os, time\n\
    def handler(event, context):\n\
    \x20   print('pid', os.getpid(), flush=True)\n\
    \x20   while event and not os.path.exists(event): time.sleep(0.01)\n\
    \x20   return os.getpid()\n";

const PATIENT: &str = "timeout = 60\n";

fn waiters(names: &[&str]) -> Functions {
    let functions = Functions::new();
    for name in names {
        functions.write(&format!("{name}/handler.py"), WAITER);
        functions.write(&format!("{name}/function.toml"), PATIENT);
    }
    functions
}

struct Gate(tempfile::TempDir);

impl Gate {
    fn new() -> Gate {
        Gate(tempfile::tempdir().unwrap())
    }

    fn event(&self) -> String {
        json!(self.0.path().join("open")).to_string()
    }

    fn open(&self) {
        fs::write(self.0.path().join("open"), "").unwrap();
    }
}

fn started(host: &FunctionHost, name: &str) -> usize {
    host.logs(name).iter().filter(|line| line.text.starts_with("pid ")).count()
}

fn spawn(
    host: &FunctionHost,
    name: &str,
    payload: String,
) -> tokio::task::JoinHandle<Result<lambda::InvocationResult, InvokeError>> {
    let (host, request) = (host.clone(), Invocation::request_response(name, payload));
    tokio::spawn(async move { host.invoke(request).await })
}

#[tokio::test]
async fn calls_at_a_time_run_in_processes_of_their_own_and_later_ones_reuse_them() {
    let (functions, gate) = (waiters(&["wait"]), Gate::new());
    let host = functions.host().await;
    let calls: Vec<_> = (0..4).map(|_| spawn(&host, "wait", gate.event())).collect();
    eventually("four calls run at a time", || started(&host, "wait") == 4).await;
    gate.open();
    let mut pids = Vec::new();
    for call in calls {
        pids.push(serde_json::from_slice::<i64>(&call.await.unwrap().unwrap().payload).unwrap());
    }
    let mut unlike = pids.clone();
    unlike.sort_unstable();
    unlike.dedup();
    assert_eq!(unlike.len(), 4, "{pids:?}");
    let last = ok(&host, "wait", "null").await;
    assert!(pids.contains(&last.as_i64().unwrap()));
    assert_eq!(ok(&host, "wait", "null").await, last, "the worker used last is used first");
    host.shutdown().await;
}

#[tokio::test]
async fn calls_over_the_limit_wait_and_those_over_the_queue_are_throttled() {
    let (functions, gate) = (waiters(&["wait", "other"]), Gate::new());
    let host = functions
        .host_with(|config| {
            config.max_workers = 2;
            config.max_workers_per_function = 1;
            config.max_waiting = 1;
        })
        .await;
    let running = spawn(&host, "wait", gate.event());
    eventually("the first call runs", || started(&host, "wait") == 1).await;
    let (one, two) = (spawn(&host, "wait", gate.event()), spawn(&host, "wait", gate.event()));
    // One of the two waits and the other is refused, whichever came first.
    let (refused, waiting) = tokio::select! {
        biased;
        _ = tokio::time::sleep(Duration::from_secs(10)) => panic!("no call was refused"),
        (refused, waiting) = first_done(one, two) => (refused, waiting),
    };
    let reason = ThrottleReason::ReservedFunctionConcurrentInvocationLimitExceeded;
    assert_eq!(refused.unwrap_err(), InvokeError::TooManyRequests { reason });
    ok(&host, "other", "null").await;
    gate.open();
    assert_eq!(running.await.unwrap().unwrap().payload, waiting.await.unwrap().unwrap().payload);
    host.shutdown().await;
}

type Pending = tokio::task::JoinHandle<Result<lambda::InvocationResult, InvokeError>>;

async fn first_done(
    mut one: Pending,
    mut two: Pending,
) -> (Result<lambda::InvocationResult, InvokeError>, Pending) {
    tokio::select! {
        done = &mut one => (done.unwrap(), two),
        done = &mut two => (done.unwrap(), one),
    }
}

#[tokio::test]
async fn a_function_without_a_worker_gets_the_place_of_another_ones() {
    let (functions, gate) = (waiters(&["a", "b", "c"]), Gate::new());
    let host = functions.host_with(|config| config.max_workers = 1).await;
    let a = ok(&host, "a", "null").await.as_i64().unwrap();
    ok(&host, "b", "null").await;
    assert!(!is_alive(a), "the idle worker gave up its place");
    // A busy one gives it up after its call, though more calls of its own function wait.
    let busy: Vec<_> = (0..3).map(|_| spawn(&host, "b", gate.event())).collect();
    eventually("the call runs", || started(&host, "b") == 2).await;
    let other = spawn(&host, "c", "null".to_owned());
    gate.open();
    other.await.unwrap().unwrap();
    for call in busy {
        call.await.unwrap().unwrap();
    }
    host.shutdown().await;
}

#[tokio::test]
async fn a_worker_without_calls_ends() {
    let functions = waiters(&["wait"]);
    let host = functions.host_with(|config| config.idle_timeout = Duration::from_millis(50)).await;
    let pid = ok(&host, "wait", "null").await.as_i64().unwrap();
    eventually("the idle process is gone", || !is_alive(pid)).await;
    assert_ne!(ok(&host, "wait", "null").await, json!(pid));
    host.shutdown().await;
}

#[tokio::test]
async fn many_calls_at_a_time_are_each_answered_once() {
    let text = "def handler(event, context):\n    return event\n";
    let functions = Functions::new().with("echo/handler.py", text).with("echo/function.toml", PATIENT);
    let host = functions.host_with(|config| config.max_workers = 3).await;
    let calls: Vec<_> = (0..300).map(|n| spawn(&host, "echo", n.to_string())).collect();
    for (n, call) in calls.into_iter().enumerate() {
        assert_eq!(call.await.unwrap().unwrap().payload, n.to_string());
    }
    let starts = host.logs("echo").iter().filter(|line| line.text.contains("Init Duration")).count();
    assert!((1..=3).contains(&starts), "{starts}");
    host.shutdown().await;
}

#[tokio::test]
async fn a_caller_who_leaves_does_not_stop_the_call() {
    let (functions, gate) = (waiters(&["wait"]), Gate::new());
    let host = functions.host().await;
    let call = spawn(&host, "wait", gate.event());
    eventually("the call runs", || started(&host, "wait") == 1).await;
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    gate.open();
    let ended = || host.logs("wait").iter().any(|line| line.text.starts_with("END RequestId"));
    eventually("the call ends", ended).await;
    host.shutdown().await;
}

#[tokio::test]
async fn an_event_is_called_again_while_its_function_fails() {
    let text = "n = 0\n\
                def handler(event, context):\n\
                \x20   global n\n\
                \x20   n += 1\n\
                \x20   print('try', n, context.aws_request_id)\n\
                \x20   if n < 3: raise RuntimeError('again')\n";
    let functions = Functions::new().with("flaky/handler.py", text);
    let host =
        functions.host_with(|config| config.event_retry_delays = vec![Duration::from_millis(1); 5]).await;
    let request = Invocation {
        invocation_type: lambda::InvocationType::Event,
        ..Invocation::request_response("flaky", "{}")
    };
    let result = host.invoke(request).await.unwrap();
    assert_eq!((result.status, result.payload.len()), (202, 0));
    let done = || {
        let lines = host.logs("flaky");
        lines.iter().any(|line| line.text == format!("try 3 {}", result.request_id))
            && lines.iter().filter(|line| line.text.starts_with("END ")).count() == 3
    };
    eventually("the third try succeeds", done).await;
    host.shutdown().await;
}

#[tokio::test]
async fn calls_that_cannot_be_made_are_refused_with_awss_exceptions() {
    let functions = waiters(&["wait"]);
    let host = functions.host().await;
    let request = |name: &str| Invocation::request_response(name.to_owned(), "null");
    let error = host.invoke(request("absent")).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "Function not found: arn:aws:lambda:us-east-1:123456789012:function:absent"
    );
    assert_eq!((error.error_type(), error.status()), ("ResourceNotFoundException", 404));
    let error = host.invoke(request("wait:prod")).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "Function not found: arn:aws:lambda:us-east-1:123456789012:function:wait:prod"
    );
    host.invoke(request("arn:aws:lambda:us-east-1:123456789012:function:wait:$LATEST")).await.unwrap();
    let large = Invocation::request_response("wait", vec![b'1'; 6_291_457]);
    assert_eq!(host.invoke(large).await.unwrap_err().error_type(), "RequestTooLargeException");
    let large = Invocation {
        invocation_type: lambda::InvocationType::Event,
        ..Invocation::request_response("wait", vec![b'1'; 1_048_577])
    };
    assert_eq!(
        host.invoke(large).await.unwrap_err().to_string(),
        "1048577 byte payload is too large for the Event invocation type (limit 1048576 bytes)"
    );
    let dry = Invocation { invocation_type: lambda::InvocationType::DryRun, ..request("wait") };
    assert_eq!(host.invoke(dry).await.unwrap().status, 204);
    host.shutdown().await;
}

#[tokio::test]
async fn an_interpreter_that_is_not_there_is_told() {
    let functions = waiters(&["wait"]);
    let host = functions.host_with(|config| config.python = Some("/nonexistent/python3".into())).await;
    let error = host.invoke(Invocation::request_response("wait", "null")).await.unwrap_err();
    assert_eq!((error.error_type(), error.status()), ("InvalidRuntimeException", 502));
    assert!(error.to_string().starts_with("/nonexistent/python3 cannot be run here"), "{error}");
    host.shutdown().await;
}
