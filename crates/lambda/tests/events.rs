//! Calls of type `Event`, and bounds on calls.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "tests may fail"
)]

mod support;

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use lambda::{Clock, FunctionHost, Invocation, InvocationType, Shutdown, api};
use serde_json::{Value, json};
use support::api::{FUNCTIONS, creation, refusal, send};
use support::{Functions, config, eventually, ok};

/// Time passes when somebody waits for it, and no other way.
#[derive(Debug, Default)]
struct Hourglass {
    now: AtomicU64,
    waits: Mutex<Vec<u64>>,
}

impl Clock for Hourglass {
    fn now_millis(&self) -> u64 {
        self.now.load(Ordering::SeqCst)
    }

    fn sleep(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        self.now.fetch_add(time.as_millis() as u64, Ordering::SeqCst);
        self.waits.lock().unwrap().push(time.as_secs());
        Box::pin(tokio::task::yield_now())
    }
}

/// One whose waits do not end.
#[derive(Debug)]
struct Standstill;

impl Clock for Standstill {
    fn now_millis(&self) -> u64 {
        1_000
    }

    fn sleep(&self, _: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(std::future::pending())
    }
}

const FAILS: &str = "def handler(event, context):\n\
    \x20   print('try', context.aws_request_id)\n\
    \x20   raise ValueError(event['n'])\n";
/// Prints what it hears.
const HEARS: &str = "import json\n\
    def handler(event, context):\n\
    \x20   print('heard ' + json.dumps(event))\n";

async fn event(host: &FunctionHost, function: &str, payload: &str) -> String {
    let request = Invocation {
        invocation_type: InvocationType::Event,
        ..Invocation::request_response(function, payload.to_owned())
    };
    let result = host.invoke(request).await.unwrap();
    assert_eq!((result.status, result.payload.len()), (202, 0));
    result.request_id
}

fn lines(host: &FunctionHost, name: &str, start: &str) -> Vec<String> {
    let logs = host.logs(name).into_iter();
    logs.map(|line| line.text).filter(|text| text.starts_with(start)).collect()
}

/// The record that a destination has heard.
async fn heard(host: &FunctionHost, name: &str) -> Value {
    eventually("the destination hears", || !lines(host, name, "heard ").is_empty()).await;
    serde_json::from_str(lines(host, name, "heard ")[0].strip_prefix("heard ").unwrap()).unwrap()
}

#[tokio::test]
async fn an_event_that_fails_is_called_thrice_and_then_told_to_its_destination() {
    let clock = Arc::new(Hourglass::default());
    let functions = Functions::new()
        .with("fails/handler.py", FAILS)
        .with("fails/function.toml", "[event]\non_failure = \"hears\"\non_success = \"other\"\n")
        .with("hears/handler.py", HEARS);
    let host = functions.host_with(|config| config.clock = clock.clone()).await;
    let id = event(&host, "fails", "{\"n\": \"no\"}").await;
    let record = heard(&host, "hears").await;
    assert_eq!(lines(&host, "fails", "try ").len(), 3);
    assert_eq!(*clock.waits.lock().unwrap(), [60, 120], "AWS waits a minute, then two");
    assert_eq!(record["timestamp"], "1970-01-01T00:03:00.000Z");
    assert_eq!(
        record["requestContext"],
        json!({
            "requestId": id, "condition": "RetriesExhausted", "approximateInvokeCount": 3,
            "functionArn": "arn:aws:lambda:us-east-1:123456789012:function:fails:$LATEST",
        })
    );
    assert_eq!(record["requestPayload"], json!({"n": "no"}));
    let context = json!({"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"});
    assert_eq!(record["responseContext"], context);
    assert_eq!(record["responsePayload"]["errorType"], "ValueError");
    host.shutdown().await;
}

#[tokio::test]
async fn a_function_says_how_often_and_how_long() {
    let clock = Arc::new(Hourglass::default());
    let functions = Functions::new().with("hears/handler.py", HEARS);
    let host = functions.host_with(|config| config.clock = clock.clone()).await;
    send(&host, "POST", FUNCTIONS, creation("fails", FAILS)).await;
    let path = "/2019-09-25/functions/fails/event-invoke-config";
    let arn = host.function_arn("hears");
    let none = json!({"MaximumRetryAttempts": 0, "DestinationConfig": {"OnFailure": {"Destination": arn}}});
    let (status, set) = send(&host, "PUT", path, none).await;
    assert_eq!(status, 200);
    assert_eq!(set["FunctionArn"], format!("{}:$LATEST", host.function_arn("fails")));
    assert_eq!(set["DestinationConfig"], json!({"OnSuccess": {}, "OnFailure": {"Destination": arn}}));
    event(&host, "fails", "{\"n\": \"no\"}").await;
    assert_eq!(heard(&host, "hears").await["requestContext"]["approximateInvokeCount"], 1);
    assert_eq!(*clock.waits.lock().unwrap(), [] as [u64; 0]);

    // Update leaves what it does not name.
    let (_, updated) =
        send(&host, "POST", path, json!({"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 60})).await;
    assert_eq!(
        (&updated["MaximumRetryAttempts"], &updated["MaximumEventAgeInSeconds"]),
        (&json!(2), &json!(60))
    );
    assert_eq!(updated["DestinationConfig"], set["DestinationConfig"]);
    assert_eq!(send(&host, "GET", path, Value::Null).await, (200, updated));
    let (_, listed) = send(&host, "GET", &format!("{path}/list"), Value::Null).await;
    assert_eq!(listed["FunctionEventInvokeConfigs"].as_array().unwrap().len(), 1);
    event(&host, "fails", "{\"n\": \"again\"}").await;
    eventually("the destination hears again", || lines(&host, "hears", "heard ").len() == 2).await;
    let record = lines(&host, "hears", "heard ")[1].clone();
    // The second retry would come 180 seconds after the first call.
    assert!(record.contains("\"condition\": \"EventAgeExceeded\""), "{record}");
    assert_eq!(send(&host, "DELETE", path, Value::Null).await.0, 204);
    let (status, kind, message) = refusal(&host, "GET", path, "").await;
    assert_eq!((status, kind.as_str()), (404, "ResourceNotFoundException"));
    let arn = host.function_arn("fails");
    assert_eq!(message, format!("The function {arn}:$LATEST doesn't have an EventInvokeConfig"));
    host.shutdown().await;
}

#[tokio::test]
async fn what_cannot_become_of_events_is_refused() {
    let host = FunctionHost::start(config()).await.unwrap();
    send(&host, "POST", FUNCTIONS, creation("f", "")).await;
    let path = "/2019-09-25/functions/f/event-invoke-config";
    let destination = |arn: &str| json!({"DestinationConfig": {"OnFailure": {"Destination": arn}}});
    let queue = "arn:aws:sqs:us-east-1:123456789012:q";
    let cases = [
        (
            json!({"MaximumRetryAttempts": 3}),
            "1 validation error detected: Value '3' at 'maximumRetryAttempts'",
        ),
        (json!({"MaximumEventAgeInSeconds": 59}), "1 validation error detected: Value '59'"),
        (
            destination(queue),
            "The destination ARN arn:aws:sqs:us-east-1:123456789012:q is of the service sqs: this host",
        ),
        (destination("queue"), "The provided destination config"),
    ];
    for (body, message) in cases {
        let (status, _, text) = refusal(&host, "PUT", path, &body.to_string()).await;
        assert_eq!(status, 400);
        assert!(text.starts_with(message), "{text}");
    }
    assert_eq!(refusal(&host, "POST", path, "{}").await.0, 404, "there is nothing to update");
    assert_eq!(refusal(&host, "PUT", &format!("{path}?Qualifier=none"), "{}").await.0, 404);
    host.shutdown().await;
}

#[tokio::test]
async fn events_that_wait_survive_the_host() {
    let directory = tempfile::tempdir().unwrap();
    let gate = directory.path().join("open");
    let code = format!(
        "import os\n\
         def handler(event, context):\n\
         \x20   print('try', event, context.aws_request_id)\n\
         \x20   if not os.path.exists('{}'): raise ValueError('not yet')\n\
         \x20   print('done', event)\n",
        gate.display()
    );
    let functions = Functions::new().with("f/handler.py", &code);
    let start = async || {
        functions
            .host_with(|config| {
                config.data_dir = Some(directory.path().join("lambda"));
                config.clock = Arc::new(Standstill);
            })
            .await
    };
    let host = start().await;
    let ids = [event(&host, "f", "1").await, event(&host, "f", "2").await];
    eventually("both were tried", || lines(&host, "f", "END ").len() == 2).await;
    assert_eq!(host.shutdown().await, Shutdown { kept_events: 2, lost_events: 0 });

    std::fs::write(&gate, "").unwrap();
    let host = start().await;
    assert_eq!(host.resume_events().unwrap(), 2);
    assert_eq!(host.resume_events().unwrap(), 0, "they are under way");
    eventually("both are done", || lines(&host, "f", "done ").len() == 2).await;
    for (n, id) in ids.iter().enumerate() {
        assert_eq!(lines(&host, "f", &format!("try {} {id}", n + 1)).len(), 1, "the same request again");
    }
    let kept = || std::fs::read_dir(directory.path().join("lambda/.events")).unwrap().count();
    eventually("nothing is left on disk", || kept() == 0).await;
    assert_eq!(host.shutdown().await, Shutdown { kept_events: 0, lost_events: 0 });

    let host = functions.host_with(|config| config.clock = Arc::new(Standstill)).await;
    std::fs::remove_file(&gate).unwrap();
    event(&host, "f", "3").await;
    eventually("it was tried", || lines(&host, "f", "END ").len() == 1).await;
    let lost = Shutdown { kept_events: 0, lost_events: 1 };
    assert_eq!(host.shutdown().await, lost, "without a data directory it is told");
}

#[tokio::test]
async fn functions_that_hear_of_each_other_come_to_an_end() {
    let functions = Functions::new()
        .with("a/handler.py", "def handler(event, context): pass\n")
        .with("a/function.toml", "[event]\non_success = \"a\"\n");
    let host = functions.host().await;
    event(&host, "a", "{}").await;
    let ended = || !host.logs("a").iter().all(|line| !line.text.contains("functions heard of each other"));
    eventually("the loop ends", ended).await;
    assert_eq!(lines(&host, "a", "START ").len(), 17, "one call, and sixteen that came of it");
    host.shutdown().await;
}

#[tokio::test]
async fn calls_over_the_reserved_concurrency_are_throttled() {
    let directory = tempfile::tempdir().unwrap();
    let gate = directory.path().join("open");
    let code = "import os, time\n\
        def handler(event, context):\n\
        \x20   print('runs', flush=True)\n\
        \x20   while event and not os.path.exists(event): time.sleep(0.01)\n\
        \x20   return 1\n";
    let host = FunctionHost::start(config()).await.unwrap();
    let mut body = creation("f", code);
    body["Timeout"] = json!(60);
    send(&host, "POST", FUNCTIONS, body).await;
    send(&host, "POST", &format!("{FUNCTIONS}/f/versions"), json!({})).await;
    let path = "/2017-10-31/functions/f/concurrency";
    let reserve =
        async |number: i64| send(&host, "PUT", path, json!({"ReservedConcurrentExecutions": number})).await;
    assert_eq!(reserve(1).await, (200, json!({"ReservedConcurrentExecutions": 1})));
    for _ in 0..10 {
        ok(&host, "f", "null").await;
    }
    let running = {
        let (host, event) = (host.clone(), json!(gate).to_string());
        tokio::spawn(async move { host.invoke(Invocation::request_response("f", event)).await })
    };
    eventually("the call runs", || lines(&host, "f", "runs").len() == 11).await;
    for qualifier in ["", "?Qualifier=1"] {
        let path = format!("{FUNCTIONS}/f/invocations{qualifier}");
        let response = support::api::raw(&host, "POST", &path, &[], "null").await;
        assert_eq!(response.status(), 429, "it holds over all versions");
        assert_eq!(response.headers()["x-amzn-errortype"], "TooManyRequestsException");
        let told: Value = serde_json::from_slice(response.body()).unwrap();
        let reason = "ReservedFunctionConcurrentInvocationLimitExceeded";
        assert_eq!(told, json!({"Reason": reason, "Type": "User", "message": "Rate Exceeded."}));
    }
    let view = api::handle(&host, Request::get(api::VIEW_PATH).body(Bytes::new()).unwrap()).await.unwrap();
    let view: Value = serde_json::from_slice(view.body()).unwrap();
    let function = &view["functions"][0];
    assert_eq!(
        (&function["functionName"], &function["busy"], &function["limit"], &function["queue"]),
        (&json!("f"), &json!(1), &json!(1), &json!(0)),
        "{view}"
    );
    assert_eq!((&view["all"]["busy"], &view["all"]["limit"]), (&json!(1), &json!(64)));
    std::fs::write(&gate, "").unwrap();
    running.await.unwrap().unwrap();
    let (_, settings) = send(&host, "GET", "/2016-08-19/account-settings/", Value::Null).await;
    assert_eq!(settings["AccountLimit"]["ConcurrentExecutions"], 64);
    assert_eq!(settings["AccountLimit"]["UnreservedConcurrentExecutions"], 63);
    assert_eq!(settings["AccountUsage"]["FunctionCount"], 1);
    let (_, got) = send(&host, "GET", &format!("{FUNCTIONS}/f"), Value::Null).await;
    assert_eq!(got["Concurrency"], json!({"ReservedConcurrentExecutions": 1}));
    assert_eq!(reserve(0).await.0, 200);
    assert_eq!(send(&host, "POST", &format!("{FUNCTIONS}/f/invocations"), json!(1)).await.0, 429);
    assert_eq!(reserve(-1).await.0, 400);
    assert_eq!(send(&host, "DELETE", path, Value::Null).await.0, 204);
    assert_eq!(
        send(&host, "GET", "/2019-09-30/functions/f/concurrency", Value::Null).await,
        (200, json!({}))
    );
    ok(&host, "f", "null").await;
    host.shutdown().await;
}
