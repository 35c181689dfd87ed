//! The Lambda API, request by request.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "tests may fail"
)]

mod support;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use http::Request;
use lambda::{FunctionHost, api};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use support::api::{FUNCTIONS, creation, raw, refusal, send, zip};
use support::{Functions, config};

#[tokio::test]
async fn a_function_lives_from_its_creation_to_its_end() {
    let host = FunctionHost::start(config()).await.unwrap();
    let mut body = creation("pay", "import os\ndef handler(e, c): return [e, os.environ.get('A'), 1]\n");
    body["Timeout"] = json!(7);
    body["Environment"] = json!({"Variables": {"A": "x"}});
    let archive = BASE64.decode(body["Code"]["ZipFile"].as_str().unwrap()).unwrap();
    let (status, made) = send(&host, "POST", FUNCTIONS, body.clone()).await;
    assert_eq!(status, 201);
    for (member, value) in [
        ("FunctionArn", json!("arn:aws:lambda:us-east-1:123456789012:function:pay")),
        ("Runtime", json!("python3.12")),
        ("Timeout", json!(7)),
        ("MemorySize", json!(128)),
        ("CodeSize", json!(archive.len())),
        ("CodeSha256", json!(BASE64.encode(Sha256::digest(&archive)))),
        ("Version", json!("$LATEST")),
        ("State", json!("Active")),
        ("LastUpdateStatus", json!("Successful")),
        ("Environment", json!({"Variables": {"A": "x"}})),
    ] {
        assert_eq!(made[member], value, "{member}");
    }
    let path = format!("{FUNCTIONS}/pay");
    let (status, got) = send(&host, "GET", &path, Value::Null).await;
    assert_eq!((status, &got["Configuration"]), (200, &made));
    let (_, got) = send(&host, "GET", &format!("{path}/configuration?Qualifier=$LATEST"), Value::Null).await;
    assert_eq!(got, made);

    let call = async || send(&host, "POST", &format!("{path}/invocations"), json!({"n": 1})).await;
    assert_eq!(call().await, (200, json!([{"n": 1}, "x", 1])));
    let (status, configured) = send(
        &host,
        "PUT",
        &format!("{path}/configuration"),
        json!({"Environment": {"Variables": {"A": "y"}}}),
    )
    .await;
    assert_eq!((status, &configured["Timeout"]), (200, &json!(7)));
    assert_ne!(configured["RevisionId"], made["RevisionId"]);
    assert_eq!(call().await, (200, json!([{"n": 1}, "y", 1])));
    let code = BASE64.encode(zip("app.py", "def handler(e, c): return 'second'\n"));
    let stale = json!({"ZipFile": code, "RevisionId": made["RevisionId"]});
    assert_eq!(send(&host, "PUT", &format!("{path}/code"), stale).await.0, 412);
    let (status, coded) = send(&host, "PUT", &format!("{path}/code"), json!({"ZipFile": code})).await;
    assert_eq!(status, 200);
    assert_ne!(coded["CodeSha256"], made["CodeSha256"]);
    assert_eq!(call().await, (200, json!("second")));

    assert_eq!(send(&host, "DELETE", &path, Value::Null).await, (204, Value::Null));
    assert_eq!(send(&host, "GET", &path, Value::Null).await.0, 404);
    assert_eq!(send(&host, "POST", FUNCTIONS, body).await.0, 201, "the name is free again");
    host.shutdown().await;
}

#[tokio::test]
async fn functions_survive_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let mut config = config();
    config.data_dir = Some(directory.path().join("lambda"));
    let host = FunctionHost::start(config.clone()).await.unwrap();
    for name in ["a", "b", "c"] {
        send(&host, "POST", FUNCTIONS, creation(name, "def handler(e, c): return c.function_name\n")).await;
    }
    let code = BASE64.encode(zip("app.py", "def handler(e, c): return 'changed'\n"));
    send(&host, "PUT", &format!("{FUNCTIONS}/b/code"), json!({"ZipFile": code})).await;
    send(&host, "DELETE", &format!("{FUNCTIONS}/c"), Value::Null).await;
    let (_, before) = send(&host, "GET", FUNCTIONS, Value::Null).await;
    host.shutdown().await;

    let host = FunctionHost::start(config).await.unwrap();
    let (_, after) = send(&host, "GET", FUNCTIONS, Value::Null).await;
    assert_eq!(after, before);
    assert_eq!(after["Functions"].as_array().unwrap().len(), 2);
    let call =
        async |name: &str| send(&host, "POST", &format!("{FUNCTIONS}/{name}/invocations"), json!({})).await.1;
    assert_eq!((call("a").await, call("b").await), (json!("a"), json!("changed")));
    host.shutdown().await;
}

#[tokio::test]
async fn invoke_carries_lambdas_headers() {
    let functions = Functions::new().with(
        "say/handler.py",
        "def handler(event, context):\n\
         \x20   print('said', event)\n\
         \x20   if event == 'context': return context.client_context.custom\n\
         \x20   if event: raise ValueError(event)\n",
    );
    let host = functions.host().await;
    let path = format!("{FUNCTIONS}/say/invocations");
    let response = raw(&host, "POST", &path, &[("X-Amz-Log-Type", "Tail")], "null").await;
    assert_eq!((response.status().as_u16(), &response.body()[..]), (200, &b"null"[..]));
    let headers = response.headers();
    assert_eq!(headers["x-amz-executed-version"], "$LATEST");
    assert!(!headers.contains_key("x-amz-function-error"));
    let log = String::from_utf8(BASE64.decode(headers["x-amz-log-result"].as_bytes()).unwrap()).unwrap();
    let id = headers["x-amzn-requestid"].to_str().unwrap();
    assert!(log.starts_with(&format!("START RequestId: {id} Version: $LATEST\nsaid None\nEND")), "{log}");

    let response = raw(&host, "POST", &path, &[], "\"oh\"").await;
    assert_eq!(
        (response.status().as_u16(), &response.headers()["x-amz-function-error"]),
        (200, &"Unhandled".parse().unwrap())
    );
    let response = raw(&host, "POST", &path, &[("X-Amz-Invocation-Type", "Event")], "null").await;
    assert_eq!((response.status().as_u16(), response.body().len()), (202, 0));
    let response = raw(&host, "POST", &path, &[("X-Amz-Invocation-Type", "DryRun")], "null").await;
    assert_eq!(response.status().as_u16(), 204);
    let context = BASE64.encode(r#"{"custom":{"k":"v"}}"#);
    let response = raw(&host, "POST", &path, &[("X-Amz-Client-Context", &context)], "\"context\"").await;
    assert_eq!(response.body(), r#"{"k": "v"}"#);
    let (status, kind, message) = refusal(&host, "POST", &path, "{not json").await;
    assert_eq!((status, kind.as_str()), (400, "InvalidRequestContentException"));
    assert!(message.starts_with("Could not parse request body into json: "), "{message}");
    host.shutdown().await;
}

#[tokio::test]
async fn the_callers_trace_reaches_the_function() {
    let functions = Functions::new()
        .with("trace/handler.py", "import os\ndef handler(e, c): return os.environ['_X_AMZN_TRACE_ID']\n");
    let host = functions.host().await;
    let path = format!("{FUNCTIONS}/trace/invocations");
    let header = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
    let response = raw(&host, "POST", &path, &[("X-Amzn-Trace-Id", header)], "null").await;
    assert_eq!(response.body(), &format!("\"{header}\""));
    let response = raw(&host, "POST", &path, &[], "null").await;
    assert!(response.body().starts_with(b"\"Root=1-"), "one is made: {:?}", response.body());
    host.shutdown().await;
}

#[tokio::test]
async fn what_is_wrong_is_refused_in_awss_words() {
    let functions = Functions::new().with("local/handler.py", "def handler(e, c): pass\n");
    let host = functions.host().await;
    let with = |member: &str, value: Value| {
        let mut body = creation("new", "");
        body[member] = value;
        body.to_string()
    };
    let cases = [
        ("{", "InvalidRequestContentException", "Could not parse request body into json: "),
        ("{\"FunctionName\":3}", "SerializationException", "invalid type"),
        ("{}", "ValidationException", "1 validation error detected: Value null at 'functionName'"),
        (
            &with("Role", json!("r")),
            "ValidationException",
            "1 validation error detected: Value 'r' at 'role'",
        ),
        (
            &with("Timeout", json!(901)),
            "ValidationException",
            "1 validation error detected: Value '901' at 'timeout'",
        ),
        (&with("Runtime", json!("java21")), "InvalidParameterValueException", "Value java21 at 'runtime'"),
        (
            &with("Code", json!({"S3Bucket": "b", "S3Key": "k"})),
            "InvalidParameterValueException",
            "This host takes",
        ),
        (&with("Code", json!({"ZipFile": "bm8="})), "InvalidParameterValueException", "Could not unzip"),
        (
            &with("Layers", json!(["arn:aws:lambda:us-east-1:123456789012:layer:none:1"])),
            "InvalidParameterValueException",
            "Layer version arn:aws:lambda:us-east-1:123456789012:layer:none:1 does not exist.",
        ),
        (
            &with("Environment", json!({"Variables": {"AWS_REGION": "x"}})),
            "InvalidParameterValueException",
            "Lambda was unable to configure your environment variables",
        ),
    ];
    for (body, kind, message) in cases {
        let (status, told, text) = refusal(&host, "POST", FUNCTIONS, body).await;
        assert_eq!((status, told.as_str()), (400, kind), "{text}");
        assert!(text.starts_with(message), "{text}");
    }
    let arn = "arn:aws:lambda:us-east-1:123456789012:function:none";
    let (status, kind, message) = refusal(&host, "GET", &format!("{FUNCTIONS}/none"), "").await;
    assert_eq!((status, kind.as_str()), (404, "ResourceNotFoundException"));
    assert_eq!(message, format!("Function not found: {arn}"));
    let (status, kind, message) = refusal(&host, "POST", FUNCTIONS, &creation("local", "").to_string()).await;
    assert_eq!(
        (status, kind.as_str(), message.as_str()),
        (409, "ResourceConflictException", "Function already exist: local")
    );
    assert_eq!(refusal(&host, "DELETE", &format!("{FUNCTIONS}/local"), "").await.0, 409);
    assert_eq!(
        refusal(&host, "GET", &format!("{FUNCTIONS}/local/policy"), "").await.1,
        "UnknownOperationException"
    );
    let other = Request::builder().uri("/2015-03-31/event-source-mappings").body(Bytes::new()).unwrap();
    assert!(api::handle(&host, other).await.is_none());
    host.shutdown().await;
}

#[tokio::test]
async fn hostile_bodies_are_refused_and_the_host_goes_on() {
    let functions = Functions::new().with("echo/handler.py", "def handler(e, c): return e\n");
    let host = functions.host().await;
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let nested = format!("{{\"FunctionName\":{deep}}}");
    for body in [deep.as_str(), &nested, "\0", "{\"FunctionName\":\"\0\"}", "null", "[]", "\u{feff}{}"] {
        assert_eq!(refusal(&host, "POST", FUNCTIONS, body).await.0, 400);
    }
    let path = format!("{FUNCTIONS}/echo/invocations");
    let response = raw(&host, "POST", &path, &[], &deep).await;
    assert_eq!(response.headers()["x-amz-function-error"], "Unhandled", "too deep for the function");
    let huge = "x".repeat(70_000_000);
    assert_eq!(refusal(&host, "POST", FUNCTIONS, &huge).await.0, 413);
    let mut body = creation("new", "");
    body["Handler"] = json!("app.\0handler");
    assert_eq!(refusal(&host, "POST", FUNCTIONS, &body.to_string()).await.1, "ValidationException");
    assert_eq!(send(&host, "POST", &path, json!(1)).await, (200, json!(1)));
    host.shutdown().await;
}

#[tokio::test]
async fn lists_come_in_pages() {
    let functions = Functions::new();
    (0..7).for_each(|n| drop(functions.write(&format!("f{n}/handler.py"), "")));
    let host = functions.host().await;
    let (mut names, mut marker, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let (_, page) =
            send(&host, "GET", &format!("{FUNCTIONS}/?MaxItems=3&Marker={marker}"), Value::Null).await;
        names.extend(page["Functions"].as_array().unwrap().iter().map(|f| f["FunctionName"].clone()));
        pages += 1;
        match page["NextMarker"].as_str() {
            Some(next) => marker = next.to_owned(),
            None => break,
        }
    }
    assert_eq!((pages, json!(names)), (3, json!(["f0", "f1", "f2", "f3", "f4", "f5", "f6"])));
    assert_eq!(refusal(&host, "GET", &format!("{FUNCTIONS}/?MaxItems=0"), "").await.1, "ValidationException");
    host.shutdown().await;
}
