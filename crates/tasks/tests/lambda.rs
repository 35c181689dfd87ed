//! Lambda tasks, against a stand-in of the Lambda endpoint and in a real local host.
#![allow(clippy::unwrap_used, clippy::panic)] // a test that panics has failed
#![allow(clippy::print_stderr)] // a test that is skipped says so

#[path = "../../aws/tests/stand_in/mod.rs"]
mod stand_in;
mod support;

use aws::{Client, ClientConfig, Credentials, Endpoint, Endpoints};
use json::Value;
use lambda::{FunctionHost, HostConfig};
use model::TaskResource;
use stand_in::{Reply, StandIn, function_answer, function_failure, service_error};
use std::sync::Arc;
use support::{call, failure, result};
use tasks::{FunctionCaller, InvokeFuture, TaskLimits, TaskOutcome, TaskRunner, Tasks};
use tokio::sync::{Semaphore, mpsc};

const INVOKE: &str = "arn:aws:states:::lambda:invoke";
const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:pay";
const PAY: &str = r#"{"FunctionName":"pay","Payload":{"order":1}}"#;

fn client(url: &str) -> Client {
    let endpoints = Endpoints::none().with("lambda", Endpoint::parse(url).unwrap());
    Client::new(ClientConfig::new(endpoints, Credentials::new("test", "test")))
}

fn tasks_at(url: &str) -> Tasks {
    Tasks::new(None, Some(client(url)), TaskLimits::default())
}

async fn outcome(reply: Reply, resource: &str, parameters: &str) -> TaskOutcome {
    let server = StandIn::start(reply).await;
    tasks_at(&server.url).call(call(resource, parameters)).await
}

/// The body that reaches the function.
async fn event_of(resource: &str, parameters: &str) -> String {
    let server = StandIn::start(function_answer("null")).await;
    result(tasks_at(&server.url).call(call(resource, parameters)).await);
    let asked = server.asked();
    String::from_utf8(asked.first().unwrap().body.to_vec()).unwrap()
}

#[tokio::test]
async fn a_function_called_by_arn_gives_its_answer_alone() {
    assert_eq!(
        &**result(outcome(function_answer(r#"{ "a": 1.0 }"#), FUNCTION, "{}").await).text(),
        r#"{ "a": 1.0 }"#
    );
    assert_eq!(
        &**result(outcome(function_answer("\"HelloWorld!\""), FUNCTION, "{}").await).text(),
        "\"HelloWorld!\""
    );
    assert_eq!(&**result(outcome(function_answer(""), FUNCTION, "{}").await).text(), "null");
    assert_eq!(event_of(FUNCTION, "\"HelloWorld\"").await, "\"HelloWorld\"");
    assert_eq!(event_of(FUNCTION, "0").await, "0");
}

#[tokio::test]
async fn lambda_invoke_gives_the_recorded_envelope() {
    let envelope = result(outcome(function_answer("0.0"), INVOKE, PAY).await);
    let keys: Vec<&str> = envelope.value().as_object().unwrap().keys().map(|key| &**key).collect();
    assert_eq!(keys, ["ExecutedVersion", "Payload", "SdkHttpMetadata", "SdkResponseMetadata", "StatusCode"]);
    let at = |path: &[&str]| {
        path.iter().fold(envelope.value().clone(), |value, key| value.get(key).unwrap().clone())
    };
    assert_eq!(at(&["ExecutedVersion"]).as_str(), Some("$LATEST"));
    assert_eq!(at(&["Payload"]).to_text(), "0.0");
    assert_eq!(at(&["StatusCode"]).as_i64(), Some(200));
    let id = "11111111-2222-3333-4444-555555555555";
    assert_eq!(at(&["SdkResponseMetadata", "RequestId"]).as_str(), Some(id));
    assert_eq!(at(&["SdkHttpMetadata", "HttpHeaders", "x-amzn-RequestId"]).as_str(), Some(id));
    assert_eq!(at(&["SdkHttpMetadata", "AllHttpHeaders", "Content-Length"]).to_text(), r#"["3"]"#);
    assert_eq!(at(&["SdkHttpMetadata", "AllHttpHeaders"]).as_object().unwrap().len(), 8);
}

#[tokio::test]
async fn the_payload_reaches_the_function_as_recorded() {
    let with = |payload: &str| format!(r#"{{"FunctionName":"pay","Payload":{payload}}}"#);
    assert_eq!(event_of(INVOKE, &with(r#"{"order": 1}"#)).await, r#"{"order":1}"#);
    assert_eq!(event_of(INVOKE, &with("null")).await, "");
    assert_eq!(event_of(INVOKE, r#"{"FunctionName":"pay"}"#).await, "");
    assert_eq!(event_of(INVOKE, &with(r#""\"HelloWorld\"""#)).await, "\"HelloWorld\"");
    assert_eq!(event_of(INVOKE, &with(r#""0.0""#)).await, "0.0");
    assert_eq!(event_of(INVOKE, &with(r#""Hello World""#)).await, "\"Hello World\"");
}

#[tokio::test]
async fn the_other_parameters_become_query_and_headers() {
    let server = StandIn::start(Reply::Answer { status: 202, headers: vec![], body: vec![] }).await;
    let parameters = r#"{"FunctionName":"arn:aws:lambda:eu-west-3:1:function:pay","Qualifier":"live",
        "InvocationType":"Event","ClientContext":"e30=","LogType":"Tail"}"#;
    let answer =
        result(tasks_at(&server.url).call(call(&format!("{INVOKE}.waitForTaskToken"), parameters)).await);
    assert_eq!(answer.value().get("StatusCode").and_then(Value::as_i64), Some(202));
    assert_eq!(answer.value().get("Payload"), Some(&Value::Null));
    assert_eq!(answer.value().get("ExecutedVersion"), None);
    let asked = server.asked();
    let asked = asked.first().unwrap();
    assert!(asked.target.ends_with("/invocations?Qualifier=live"), "{}", asked.target);
    let header = |name: &str| asked.headers.get(name).unwrap().to_str().unwrap().to_owned();
    assert_eq!(header("x-amz-invocation-type"), "Event");
    assert_eq!(header("x-amz-client-context"), "e30=");
    assert_eq!(header("x-amz-log-type"), "Tail");
    // A function named by a full ARN is called in its own region.
    assert!(
        header("authorization").contains("/eu-west-3/lambda/aws4_request"),
        "{}",
        header("authorization")
    );
}

#[tokio::test]
async fn a_functions_error_is_the_tasks_error() {
    let document = r#"{"errorMessage": "no money", "errorType": "Declined"}"#;
    let direct = failure(outcome(function_failure(document), FUNCTION, "{}").await);
    assert_eq!(direct, ("Declined".into(), document.into()));
    let invoked = failure(outcome(function_failure(document), INVOKE, PAY).await);
    assert_eq!(invoked, ("Declined".into(), r#"{"errorMessage":"no money","errorType":"Declined"}"#.into()));
}

#[tokio::test]
async fn an_error_without_type_is_unknown() {
    for document in
        [r#"{"errorMessage":"Task timed out after 3.00 seconds"}"#, "\"text\"", "", r#"{"errorType":""}"#]
    {
        let (error, cause) = failure(outcome(function_failure(document), FUNCTION, "{}").await);
        assert_eq!(error, "Lambda.Unknown");
        assert!(
            cause.ends_with(&format!("Lambda did not return an error type. Returned payload: {document}")),
            "{cause}"
        );
    }
}

#[tokio::test]
async fn the_services_errors_have_the_sdks_names() {
    let cases = [
        (404, "ResourceNotFoundException", "Lambda.ResourceNotFoundException"),
        (429, "TooManyRequestsException", "Lambda.TooManyRequestsException"),
        (500, "ServiceException", "Lambda.ServiceException"),
        (502, "", "Lambda.AWSLambdaException"),
        (429, "", "Lambda.TooManyRequestsException"),
        (403, "AccessDeniedException", "Lambda.AWSLambdaException"),
    ];
    for (status, code, name) in cases {
        let (error, cause) = failure(outcome(service_error(status, code, "No."), INVOKE, PAY).await);
        assert_eq!(error, name);
        let code = if code.is_empty() { "null" } else { code };
        assert_eq!(
            cause,
            format!(
                "No. (Service: AWSLambda; Status Code: {status}; Error Code: {code}; Request ID: r-1; Proxy: null)"
            )
        );
    }
}

#[tokio::test]
async fn a_missing_function_is_named_with_its_version() {
    let cause_start = "Function not found: arn:aws:lambda:us-east-1:000000000000:function:pay:$LATEST (Service: \
                       AWSLambda; Status Code: 404; Error Code: ResourceNotFoundException; Request ID: ";
    let nowhere = Tasks::new(None, None, TaskLimits::default());
    for (resource, parameters) in [(FUNCTION, "{}"), (INVOKE, PAY)] {
        let (error, cause) = failure(nowhere.call(call(resource, parameters)).await);
        assert_eq!(error, "Lambda.ResourceNotFoundException");
        assert!(cause.starts_with(cause_start) && cause.ends_with("; Proxy: null)"), "{cause}");
    }
    // An endpoint that leaves the version out, as emulators do, makes no difference.
    let reply = service_error(404, "ResourceNotFoundException", &format!("Function not found: {FUNCTION}"));
    let (_, cause) = failure(outcome(reply, INVOKE, PAY).await);
    assert!(cause.starts_with(cause_start), "{cause}");
}

#[tokio::test]
async fn a_lost_answer_is_the_clients_error() {
    let (error, cause) = failure(outcome(Reply::HangUp, INVOKE, PAY).await);
    assert_eq!(error, "Lambda.SdkClientException");
    assert!(cause.starts_with("Unable to execute HTTP request: "), "{cause}");
    assert_eq!(failure(outcome(Reply::BreakOff, FUNCTION, "{}").await).0, "Lambda.SdkClientException");
}

#[tokio::test]
async fn a_result_over_the_limit_is_refused_in_the_recorded_words() {
    let too_large = |name: &str| {
        let cause = format!(
            "The state/task '{name}' returned a result with a size exceeding the maximum number of bytes service limit."
        );
        ("States.DataLimitExceeded".to_owned(), cause)
    };
    for size in [257 * 1024, 8 * 1024 * 1024] {
        let body = || function_answer(vec![b'a'; size]);
        assert_eq!(failure(outcome(body(), FUNCTION, "{}").await), too_large(FUNCTION));
        assert_eq!(failure(outcome(body(), INVOKE, PAY).await), too_large("lambda"));
    }
    // The whole envelope counts, not the payload alone.
    let just_fits = format!("\"{}\"", "a".repeat(model::limits::PAYLOAD_SIZE - 2));
    result(outcome(function_answer(just_fits.clone()), FUNCTION, "{}").await);
    assert_eq!(failure(outcome(function_answer(just_fits), INVOKE, PAY).await), too_large("lambda"));
}

#[tokio::test]
async fn parameters_that_cannot_be_used_are_told_and_nothing_is_called() {
    let server = StandIn::start(function_answer("1")).await;
    let tasks = tasks_at(&server.url);
    let refused = |parameters: &'static str| {
        let tasks = tasks.clone();
        async move { failure(tasks.call(call(INVOKE, parameters)).await) }
    };
    let (error, cause) = refused(r#"{"FunctionName":7}"#).await;
    assert_eq!(error, "States.Runtime");
    assert_eq!(
        cause,
        "The Parameters '{\"FunctionName\":7}' could not be used to start the Task: [The value for the field \
         'FunctionName' must be a STRING]"
    );
    assert!(refused("{}").await.1.ends_with("[The field 'FunctionName' is required but was missing]"));
    let (error, cause) = refused(r#"{"FunctionName":"pay","InvocationType":"Later"}"#).await;
    assert_eq!(error, "Lambda.AWSLambdaException");
    assert!(cause.contains("Value 'Later' at 'invocationType'"), "{cause}");
    assert_eq!(server.asked().len(), 0);
}

#[tokio::test]
async fn resources_that_are_not_called_yet_say_so() {
    let tasks = Tasks::new(None, None, TaskLimits::default());
    for arn in ["arn:aws:states:::aws-sdk:nosuch:get", "arn:aws:states:us-east-1:000000000000:activity:a"] {
        assert!(!tasks.supports(&TaskResource::parse(arn).unwrap()));
        let (error, cause) = failure(tasks.call(call(arn, "{}")).await);
        assert_eq!(error, "States.TaskFailed");
        assert!(cause.contains(&format!("does not call {arn} yet")), "{cause}");
    }
    for arn in [FUNCTION, INVOKE, "arn:aws:states:::lambda:invoke.waitForTaskToken"] {
        assert!(tasks.supports(&TaskResource::parse(arn).unwrap()));
    }
}

/// A caller whose calls end when they are let go.
struct Gate {
    started: mpsc::UnboundedSender<()>,
    go_on: Semaphore,
}

impl FunctionCaller for Gate {
    fn has(&self, _name: &str) -> bool {
        true
    }

    fn invoke(&self, _request: aws::lambda::InvokeRequest) -> InvokeFuture<'_> {
        Box::pin(async move {
            self.started.send(()).unwrap();
            self.go_on.acquire().await.unwrap().forget();
            Ok(aws::lambda::InvokeResponse { status: 200, payload: "1".into(), ..Default::default() })
        })
    }
}

#[tokio::test]
async fn calls_beyond_the_limit_wait_for_their_turn() {
    let (sender, mut started) = mpsc::unbounded_channel();
    let gate = Arc::new(Gate { started: sender, go_on: Semaphore::new(0) });
    let tasks = Tasks::with_callers(vec![gate.clone()], TaskLimits { concurrent_calls: 2 });
    let calls: Vec<_> = (0..3).map(|_| tokio::spawn(tasks.call(call(FUNCTION, "{}")))).collect();
    started.recv().await.unwrap();
    started.recv().await.unwrap();
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(started.try_recv().is_err(), "a third call has started");
    gate.go_on.add_permits(3);
    for call in calls {
        assert_eq!(&**result(call.await.unwrap()).text(), "1");
    }
    started.recv().await.unwrap();
}

/// A host with one Python function named `pay`.
async fn host(handler: &str) -> (FunctionHost, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("pay")).unwrap();
    std::fs::write(folder.path().join("pay/handler.py"), handler).unwrap();
    let host = FunctionHost::start(HostConfig::new("us-east-1", "000000000000")).await.unwrap();
    host.load_folder(folder.path()).unwrap();
    (host, folder)
}

#[tokio::test]
async fn a_local_function_wins_over_the_endpoint() {
    let server = StandIn::start(function_answer("\"endpoint\"")).await;
    let (host, _folder) = host("def handler(event, context):\n    return event\n").await;
    let tasks = Tasks::new(Some(host.clone()), Some(client(&server.url)), TaskLimits::default());
    // A dry run starts no process.
    let dry = r#"{"FunctionName":"FN","InvocationType":"DryRun"}"#;
    for name in ["pay", "function:pay", FUNCTION] {
        let answer = result(tasks.call(call(INVOKE, &dry.replace("FN", name))).await);
        assert_eq!(answer.value().get("StatusCode").and_then(Value::as_i64), Some(204));
    }
    assert_eq!(server.asked().len(), 0);
    let other = result(tasks.call(call(INVOKE, &PAY.replace("pay", "ship"))).await);
    assert_eq!(other.value().get("Payload").and_then(Value::as_str), Some("endpoint"));
    assert_eq!(server.asked().len(), 1);
    host.shutdown().await;
}

#[tokio::test]
async fn the_local_hosts_refusals_are_lambdas() {
    let (host, _folder) = host("def handler(event, context):\n    return event\n").await;
    let tasks = Tasks::new(Some(host.clone()), None, TaskLimits::default());
    let (error, cause) = failure(tasks.call(call(INVOKE, r#"{"FunctionName":"pay","Qualifier":"7"}"#)).await);
    assert_eq!(error, "Lambda.ResourceNotFoundException");
    let start = "Function not found: arn:aws:lambda:us-east-1:000000000000:function:pay:7 (Service: AWSLambda; Status";
    assert!(cause.starts_with(start), "{cause}");
    host.shutdown().await;
}

#[tokio::test]
async fn a_python_function_runs_as_a_task() {
    if std::process::Command::new("python3").arg("--version").output().is_err() {
        eprintln!("SKIPPED: python3 is not installed, no function is run");
        return;
    }
    let handler = "def handler(event, context):\n    if event == {}:\n        raise ValueError('empty')\n    return event['order'] + 1\n";
    let (host, _folder) = host(handler).await;
    let tasks = Tasks::new(Some(host.clone()), None, TaskLimits::default());
    assert_eq!(&**result(tasks.call(call(FUNCTION, r#"{"order":1}"#)).await).text(), "2");
    let envelope = result(tasks.call(call(INVOKE, PAY)).await);
    assert_eq!(envelope.value().get("Payload").and_then(Value::as_i64), Some(2));
    assert_eq!(envelope.value().get("ExecutedVersion").and_then(Value::as_str), Some("$LATEST"));
    let (error, cause) = failure(tasks.call(call(INVOKE, r#"{"FunctionName":"pay","Payload":null}"#)).await);
    assert_eq!(error, "ValueError");
    assert!(cause.starts_with(r#"{"errorMessage":"empty","errorType":"ValueError","requestId":"#), "{cause}");
    host.shutdown().await;
}
