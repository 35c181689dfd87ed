//! Published versions and aliases.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "tests may fail"
)]

mod support;

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use lambda::{FunctionHost, Invocation};
use serde_json::{Value, json};
use support::api::{FUNCTIONS, creation, raw, refusal, send, zip};
use support::{Functions, config};

const ARN: &str = "arn:aws:lambda:us-east-1:123456789012:function:pay";

/// Says which code it is, which version it believes to be, and by which ARN it was called.
fn code(mark: &str) -> String {
    format!(
        "import os\n\
         def handler(event, context):\n\
         \x20   return ['{mark}', os.environ['AWS_LAMBDA_FUNCTION_VERSION'], context.function_version,\n\
         \x20       context.invoked_function_arn, os.environ['AWS_LAMBDA_LOG_STREAM_NAME'].split(']')[0].split('[')[1]]\n"
    )
}

async fn update(host: &FunctionHost, mark: &str) {
    let code = BASE64.encode(zip("app.py", &code(mark)));
    let (status, _) = send(host, "PUT", &format!("{FUNCTIONS}/pay/code"), json!({"ZipFile": code})).await;
    assert_eq!(status, 200);
}

async fn publish(host: &FunctionHost) -> Value {
    let (status, version) = send(host, "POST", &format!("{FUNCTIONS}/pay/versions"), json!({})).await;
    assert_eq!(status, 201, "{version}");
    version
}

/// What the function answers, and the version that the answer names.
async fn called(host: &FunctionHost, qualifier: &str) -> (Value, String) {
    let path = format!("{FUNCTIONS}/pay/invocations?Qualifier={qualifier}");
    let response = raw(host, "POST", &path, &[], "null").await;
    assert_eq!(response.status(), 200, "{:?}", response.body());
    let version = response.headers()["x-amz-executed-version"].to_str().unwrap().to_owned();
    (serde_json::from_slice(response.body()).unwrap(), version)
}

async fn host_with_pay(config: lambda::HostConfig) -> FunctionHost {
    let host = FunctionHost::start(config).await.unwrap();
    let (status, made) = send(&host, "POST", FUNCTIONS, creation("pay", &code("first"))).await;
    assert_eq!((status, &made["Version"]), (201, &json!("$LATEST")));
    host
}

#[tokio::test]
async fn a_version_stays_as_it_was_published() {
    let directory = tempfile::tempdir().unwrap();
    let mut config = config();
    config.data_dir = Some(directory.path().join("lambda"));
    let host = host_with_pay(config.clone()).await;
    let first = publish(&host).await;
    assert_eq!((&first["Version"], &first["FunctionArn"]), (&json!("1"), &json!(format!("{ARN}:1"))));
    assert_eq!(publish(&host).await, first, "nothing has changed since");
    update(&host, "second").await;
    assert_eq!(publish(&host).await["Version"], "2");
    update(&host, "third").await;

    let check = async |host: &FunctionHost| {
        let answer = |mark: &str, version: &str, qualifier: &str| {
            let arn = format!("{ARN}:{qualifier}");
            (json!([mark, version, version, arn, version]), version.to_owned())
        };
        assert_eq!(called(host, "1").await, answer("first", "1", "1"));
        assert_eq!(called(host, "2").await, answer("second", "2", "2"));
        assert_eq!(called(host, "$LATEST").await, answer("third", "$LATEST", "$LATEST"));
        let (_, listed) = send(host, "GET", &format!("{FUNCTIONS}/pay/versions"), Value::Null).await;
        let versions: Vec<&Value> =
            listed["Versions"].as_array().unwrap().iter().map(|version| &version["FunctionArn"]).collect();
        let expected = ["$LATEST", "1", "2"].map(|version| json!(format!("{ARN}:{version}")));
        assert_eq!(versions, expected.iter().collect::<Vec<_>>());
        listed
    };
    let listed = check(&host).await;
    let result = host.invoke(Invocation::request_response(format!("{ARN}:1"), "null")).await.unwrap();
    assert_eq!(result.executed_version, "1");
    host.shutdown().await;
    let host = FunctionHost::start(config).await.unwrap();
    assert_eq!(check(&host).await, listed, "after a restart");

    let (status, _) = send(&host, "DELETE", &format!("{FUNCTIONS}/pay?Qualifier=2"), Value::Null).await;
    assert_eq!(status, 204);
    let (_, kind, message) =
        refusal(&host, "POST", &format!("{FUNCTIONS}/pay/invocations?Qualifier=2"), "{}").await;
    assert_eq!(
        (kind.as_str(), message),
        ("ResourceNotFoundException", format!("Function not found: {ARN}:2"))
    );
    assert_eq!(publish(&host).await["Version"], "3", "a number is not given twice");
    host.shutdown().await;
}

#[tokio::test]
async fn publishing_goes_with_creation_and_update_and_checks_what_is_meant() {
    let host = FunctionHost::start(config()).await.unwrap();
    let mut body = creation("pay", &code("first"));
    body["Publish"] = json!(true);
    let (_, made) = send(&host, "POST", FUNCTIONS, body).await;
    assert_eq!((&made["Version"], &made["FunctionArn"]), (&json!("1"), &json!(format!("{ARN}:1"))));
    let archive = BASE64.encode(zip("app.py", &code("second")));
    let path = format!("{FUNCTIONS}/pay/code");
    let (_, dry) = send(&host, "PUT", &path, json!({"ZipFile": archive, "DryRun": true})).await;
    assert_eq!(dry["CodeSha256"], made["CodeSha256"], "nothing is changed");
    let (_, updated) = send(&host, "PUT", &path, json!({"ZipFile": archive, "Publish": true})).await;
    assert_eq!(updated["Version"], "2");
    let versions = format!("{FUNCTIONS}/pay/versions");
    let (status, kind, message) = refusal(&host, "POST", &versions, r#"{"CodeSha256":"other"}"#).await;
    assert_eq!((status, kind.as_str()), (400, "InvalidParameterValueException"));
    assert!(message.starts_with("CodeSHA256 (other) is different from current CodeSHA256 in $LATEST ("));
    assert_eq!(refusal(&host, "POST", &versions, r#"{"RevisionId":"other"}"#).await.0, 412);
    let (_, all) = send(&host, "GET", &format!("{FUNCTIONS}?FunctionVersion=ALL"), Value::Null).await;
    assert_eq!(all["Functions"].as_array().unwrap().len(), 3);
    host.shutdown().await;
}

#[tokio::test]
async fn an_alias_leads_to_one_version_or_to_two_by_their_weights() {
    let host = host_with_pay(config()).await;
    publish(&host).await;
    update(&host, "second").await;
    publish(&host).await;
    let aliases = format!("{FUNCTIONS}/pay/aliases");
    let (status, made) =
        send(&host, "POST", &aliases, json!({"Name": "live", "FunctionVersion": "1", "Description": "d"}))
            .await;
    assert_eq!(status, 201);
    assert_eq!(
        (&made["AliasArn"], &made["FunctionVersion"], &made["Description"]),
        (&json!(format!("{ARN}:live")), &json!("1"), &json!("d"))
    );
    assert_eq!(send(&host, "GET", &format!("{aliases}/live"), Value::Null).await, (200, made.clone()));
    let (answer, version) = called(&host, "live").await;
    assert_eq!(
        (&answer[0], &answer[3], version.as_str()),
        (&json!("first"), &json!(format!("{ARN}:live")), "1")
    );
    let (_, got) =
        send(&host, "GET", &format!("{FUNCTIONS}/pay/configuration?Qualifier=live"), Value::Null).await;
    assert_eq!((&got["Version"], &got["FunctionArn"]), (&json!("1"), &json!(format!("{ARN}:live"))));

    let split = json!({"RoutingConfig": {"AdditionalVersionWeights": {"2": 0.5}}});
    let (status, updated) = send(&host, "PUT", &format!("{aliases}/live"), split.clone()).await;
    assert_eq!((status, &updated["RoutingConfig"]), (200, &split["RoutingConfig"]));
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    for _ in 0..64 {
        *counts.entry(called(&host, "live").await.1).or_default() += 1;
    }
    // With even weights, one in 2^63 runs has one version alone.
    assert_eq!(counts.keys().collect::<Vec<_>>(), ["1", "2"], "{counts:?}");

    let (status, kind, message) = refusal(&host, "DELETE", &format!("{FUNCTIONS}/pay?Qualifier=2"), "").await;
    assert_eq!((status, kind.as_str()), (409, "ResourceConflictException"));
    assert_eq!(message, "Unable to delete version because the following aliases reference it: [live]");
    let whole = json!({"FunctionVersion": "2", "RoutingConfig": {"AdditionalVersionWeights": {}}});
    send(&host, "PUT", &format!("{aliases}/live"), whole).await;
    assert_eq!(called(&host, "live").await.0[0], "second");
    let (_, listed) = send(&host, "GET", &format!("{aliases}?FunctionVersion=2"), Value::Null).await;
    assert_eq!(listed["Aliases"][0]["Name"], "live");
    let (_, none) = send(&host, "GET", &format!("{aliases}?FunctionVersion=1"), Value::Null).await;
    assert_eq!(none["Aliases"], json!([]));
    for _ in 0..2 {
        assert_eq!(send(&host, "DELETE", &format!("{aliases}/live"), Value::Null).await.0, 204);
    }
    let (_, kind, message) = refusal(&host, "GET", &format!("{aliases}/live"), "").await;
    assert_eq!(kind, "ResourceNotFoundException");
    assert_eq!(message, format!("Cannot find alias arn: {ARN}:live"));
    host.shutdown().await;
}

#[tokio::test]
async fn an_alias_that_cannot_be_is_refused() {
    let host = host_with_pay(config()).await;
    publish(&host).await;
    let aliases = format!("{FUNCTIONS}/pay/aliases");
    send(&host, "POST", &aliases, json!({"Name": "taken", "FunctionVersion": "$LATEST"})).await;
    let weights = |version: &str, weights: Value| {
        let routing = json!({"AdditionalVersionWeights": weights});
        json!({"Name": "a", "FunctionVersion": version, "RoutingConfig": routing})
    };
    let cases = [
        (
            json!({"FunctionVersion": "1"}),
            "ValidationException",
            "1 validation error detected: Value null at 'name'",
        ),
        (
            json!({"Name": "7", "FunctionVersion": "1"}),
            "ValidationException",
            "1 validation error detected: Value '7'",
        ),
        (
            json!({"Name": "a", "FunctionVersion": "one"}),
            "ValidationException",
            "1 validation error detected",
        ),
        (
            json!({"Name": "a", "FunctionVersion": "9"}),
            "ResourceNotFoundException",
            "Function not found: arn",
        ),
        (
            json!({"Name": "taken", "FunctionVersion": "1"}),
            "ResourceConflictException",
            "Alias already exists: arn",
        ),
        (weights("1", json!({"2": 0.1, "3": 0.1})), "InvalidParameterValueException", "Number of items in"),
        (weights("$LATEST", json!({"1": 0.1})), "InvalidParameterValueException", "$LATEST is not supported"),
        (weights("1", json!({"1": 0.1})), "InvalidParameterValueException", "Invalid function version 1"),
        (weights("1", json!({"2": 1.5})), "ValidationException", "1 validation error detected: Value '1.5'"),
        (weights("1", json!({"2": 0.5})), "ResourceNotFoundException", "Function not found: arn"),
    ];
    for (body, kind, message) in cases {
        let (_, told, text) = refusal(&host, "POST", &aliases, &body.to_string()).await;
        assert_eq!(told, kind, "{body}: {text}");
        assert!(text.starts_with(message), "{text}");
    }
    host.shutdown().await;
}

#[tokio::test]
async fn a_function_of_a_folder_has_the_aliases_it_names() {
    let functions = Functions::new()
        .with("pay/handler.py", "def handler(e, c): return c.invoked_function_arn\n")
        .with("pay/function.toml", "aliases = [\"live\", \"beta\"]\n");
    let host = functions.host().await;
    let result = host.invoke(Invocation::request_response("pay:live", "null")).await.unwrap();
    assert_eq!(result.payload, format!("\"{ARN}:live\""));
    assert_eq!(result.executed_version, "$LATEST");
    let error = host.invoke(Invocation::request_response("pay:other", "null")).await.unwrap_err();
    assert_eq!(error.to_string(), format!("Function not found: {ARN}:other"));
    let (status, kind, _) = refusal(&host, "POST", &format!("{FUNCTIONS}/pay/versions"), "").await;
    assert_eq!((status, kind.as_str()), (409, "ResourceConflictException"), "it changes in its folder alone");
    functions.write("pay/function.toml", "aliases = [\"1\"]\n");
    let error = host.load_folder(functions.path()).unwrap_err();
    assert!(error.to_string().contains("function.toml:1: '1' cannot be an alias"), "{error}");
    host.shutdown().await;
}
