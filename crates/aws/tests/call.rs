//! Calls of operations, against a stand-in of their endpoint.
#![allow(clippy::unwrap_used, clippy::panic)] // a test that panics has failed

mod stand_in;

use aws::{
    CallError, Client, ClientConfig, Credentials, Endpoint, Endpoints, OperationCall, OperationError, model,
};
use json::Value;
use stand_in::{Reply, StandIn, json_answer, service_error};

fn client(url: &str) -> Client {
    let endpoints = Endpoints::none().with_default(Endpoint::parse(url).unwrap());
    Client::new(ClientConfig::new(endpoints, Credentials::new("AKID", "secret")))
}

async fn call(client: &Client, service: &str, action: &str, input: &str) -> Result<Value, OperationError> {
    let service = model::service(service).unwrap();
    let operation = service.action(action).unwrap();
    let input = json::parse(input).unwrap();
    client.call(OperationCall::new(&service, operation, "us-east-1", &input)).await.map(|output| output.value)
}

fn ok(body: &str, headers: Vec<(&'static str, &'static str)>) -> Reply {
    Reply::Answer { status: 200, headers, body: body.into() }
}

#[tokio::test]
async fn a_request_is_signed_and_its_answer_read() {
    let server = StandIn::start(json_answer(r#"{"Item":{"n":{"N":"1"}},"ConsumedCapacity":null}"#)).await;
    let input = r#"{"TableName":"t","Key":{"id":{"S":"1"}},"ConsistentRead":"true"}"#;
    let output = call(&client(&server.url), "dynamodb", "getItem", input).await.unwrap();
    assert_eq!(output.to_text(), r#"{"Item":{"n":{"N":"1"}}}"#);
    let asked = server.asked().remove(0);
    assert_eq!(asked.headers["x-amz-target"], "DynamoDB_20120810.GetItem");
    let authorization = asked.headers["authorization"].to_str().unwrap();
    assert!(authorization.contains("/us-east-1/dynamodb/aws4_request"), "{authorization}");
    assert_eq!(&asked.body[..], br#"{"TableName":"t","Key":{"id":{"S":"1"}},"ConsistentRead":true}"#);
}

#[tokio::test]
async fn a_text_stands_for_an_attribute_of_dynamodb() {
    let server = StandIn::start(json_answer("{}")).await;
    let input = r#"{"TableName":"t","Item":{"id":"1","done":{"BOOL":"false"},"all":{"L":["a",{"N":"1"}]}}}"#;
    call(&client(&server.url), "dynamodb", "putItem", input).await.unwrap();
    let sent = r#"{"TableName":"t","Item":{"id":{"S":"1"},"done":{"BOOL":false},"all":{"L":[{"S":"a"},{"N":"1"}]}}}"#;
    assert_eq!(server.asked().remove(0).body, sent);
    // No other structure is made of a text.
    let error =
        call(&client(&server.url), "dynamodb", "putItem", r#"{"Expected":{"a":"t"}}"#).await.unwrap_err();
    assert_eq!(error.to_string(), "The value for the field 'Expected' must be an OBJECT");
}

#[tokio::test]
async fn an_object_is_sent_with_its_checksum_and_read_with_its_headers() {
    let server =
        StandIn::start(ok("text", vec![("ETag", "\"e\""), ("x-amz-meta-a", "1"), ("Content-Length", "4")]))
            .await;
    let client = client(&server.url);
    let body = bytes::Bytes::from_static(b"hello");
    aws::s3::put_object(&client, "us-east-1", "bucket", "a key/ü", body, &[]).await.unwrap();
    let found =
        aws::s3::get_object(&client, "us-east-1", "bucket", "k", &[("VersionId", "v 1")], 100).await.unwrap();
    assert_eq!((&found.bytes[..], found.e_tag.as_deref()), (&b"text"[..], Some("\"e\"")));
    let asked = server.asked();
    assert_eq!((asked[0].method.as_str(), asked[0].target.as_str()), ("PUT", "/bucket/a%20key/%C3%BC"));
    assert_eq!(asked[0].headers["x-amz-checksum-crc32"], "NhCmhg==");
    assert!(asked[0].headers.contains_key("x-amz-content-sha256"));
    assert_eq!(asked[1].target, "/bucket/k?versionId=v%201");
    let refused = aws::s3::get_object(&client, "us-east-1", "bucket", "k", &[], 3).await.unwrap_err();
    assert_eq!(refused, OperationError::Call(CallError::TooLarge { limit: 3 }));
}

#[tokio::test]
async fn throttling_is_waited_out_and_other_errors_are_not() {
    let busy = service_error(400, "ThrottlingException", "slow down");
    let server = StandIn::start(Reply::Turns(vec![busy.clone(), busy.clone(), json_answer("{}")])).await;
    call(&client(&server.url), "dynamodb", "putItem", "{}").await.unwrap();
    assert_eq!(server.asked().len(), 3);
    let server = StandIn::start(busy).await;
    match call(&client(&server.url), "dynamodb", "putItem", "{}").await {
        Err(OperationError::Fault(fault)) => assert_eq!((fault.attempts, fault.status), (3, 400)),
        other => panic!("{other:?}"),
    }
    let server = StandIn::start(service_error(400, "ValidationException", "no")).await;
    call(&client(&server.url), "dynamodb", "putItem", "{}").await.unwrap_err();
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_only_where_that_does_no_harm() {
    let count = async |action: &str| {
        let server = StandIn::start(Reply::BreakOff).await;
        let input = r#"{"TableName":"t"}"#;
        call(&client(&server.url), "dynamodb", action, input).await.unwrap_err();
        server.asked().len()
    };
    assert_eq!(count("describeTable").await, 3);
    assert_eq!(count("deleteTable").await, 1);
}

#[tokio::test]
async fn a_token_is_made_up_where_the_caller_gives_none() {
    let server = StandIn::start(json_answer("{}")).await;
    let client = client(&server.url);
    call(&client, "athena", "startQueryExecution", r#"{"QueryString":"q"}"#).await.unwrap();
    call(&client, "athena", "startQueryExecution", r#"{"QueryString":"q","ClientRequestToken":"mine"}"#)
        .await
        .unwrap();
    let token = |at: usize| {
        let body = json::parse_bytes(&server.asked()[at].body).unwrap();
        body.get("ClientRequestToken").and_then(Value::as_str).unwrap().to_owned()
    };
    assert_eq!(token(0).len(), 36);
    assert_eq!(token(1), "mine");
}

#[tokio::test]
async fn what_cannot_be_sent_is_not_sent() {
    let server = StandIn::start(json_answer("{}")).await;
    let client = client(&server.url);
    let error = call(&client, "dynamodb", "getItem", r#"{"Tabel":"t"}"#).await.unwrap_err();
    assert_eq!(error.to_string(), r#"The field "Tabel" is not supported by Step Functions"#);
    let error = call(&client, "dynamodb", "getItem", r#"{"Key":"t"}"#).await.unwrap_err();
    assert_eq!(error.to_string(), "The value for the field 'Key' must be an OBJECT");
    let error = call(&client, "s3", "getObject", r#"{"Bucket":"b"}"#).await.unwrap_err();
    assert_eq!(error.to_string(), "The field 'Key' is required but was missing");
    let error =
        call(&client, "lambda", "invokeWithResponseStream", r#"{"FunctionName":"f"}"#).await.unwrap_err();
    assert!(matches!(error, OperationError::EventStream { .. }), "{error}");
    assert!(server.asked().is_empty());
    let nowhere = Client::new(ClientConfig::new(Endpoints::none(), Credentials::new("a", "b")));
    let error = call(&nowhere, "dynamodb", "listTables", "{}").await.unwrap_err();
    assert_eq!(error, OperationError::Call(CallError::NoEndpoint { service: "dynamodb".into() }));
}

#[tokio::test]
async fn a_role_is_assumed_once_and_signs() {
    let answer = "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIA</AccessKeyId>\
        <SecretAccessKey>s</SecretAccessKey><SessionToken>tok</SessionToken>\
        <Expiration>2999-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>";
    let sts = StandIn::start(ok(answer, vec![("content-type", "text/xml")])).await;
    let role =
        aws::CredentialsSource::assumed(client(&sts.url), "arn:aws:iam::1:role/r", "session", "us-east-1");
    for _ in 0..2 {
        let credentials = role.get().await.unwrap();
        assert_eq!(
            (credentials.access_key_id.as_str(), credentials.session_token.as_deref()),
            ("ASIA", Some("tok"))
        );
    }
    let asked = sts.asked();
    assert_eq!(asked.len(), 1);
    let body = String::from_utf8_lossy(&asked[0].body).into_owned();
    assert!(
        body.starts_with("Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr"),
        "{body}"
    );
}

#[tokio::test]
async fn an_operation_that_is_not_answered_in_time_is_not_sent_again() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let endpoints = Endpoints::none().with_default(Endpoint::parse(&url).unwrap());
    let config = ClientConfig::new(endpoints, Credentials::new("AKID", "secret"));
    let client =
        Client::new(ClientConfig { attempt_timeout: std::time::Duration::from_millis(50), ..config });
    let error = call(&client, "dynamodb", "listTables", "{}").await.unwrap_err();
    let OperationError::Call(CallError::Transport(error)) = error else { panic!("{error:?}") };
    assert_eq!(error.kind, aws::TransportKind::TimedOut);
    assert_eq!(error.to_string(), "Unable to execute HTTP request: Read timed out");
}

#[tokio::test]
async fn nobody_who_listens_is_tried_as_often_as_is_set() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    let begin = std::time::Instant::now();
    let error = call(&client(&url), "dynamodb", "putItem", "{}").await.unwrap_err();
    // Two pauses, of 50 and of 100 milliseconds at the least.
    assert!(begin.elapsed() >= std::time::Duration::from_millis(150));
    let OperationError::Call(CallError::Transport(error)) = error else { panic!("{error:?}") };
    assert_eq!(error.kind, aws::TransportKind::Connect);
}

#[tokio::test]
async fn a_configured_endpoint_keeps_its_host() {
    // AWS's own address of it begins with `sync-`.
    let server = StandIn::start(json_answer("{}")).await;
    call(&client(&server.url), "sfn", "startSyncExecution", r#"{"StateMachineArn":"m"}"#).await.unwrap();
    let host = server.asked()[0].headers["host"].to_str().unwrap().to_owned();
    assert_eq!(format!("http://{host}"), server.url);
}

#[tokio::test]
async fn a_large_object_is_streamed_whole_and_a_larger_answer_refused() {
    let large = vec![b'x'; 3_000_000];
    let server = StandIn::start(Reply::Answer { status: 200, headers: vec![], body: large.clone() }).await;
    let client = client(&server.url);
    let body = bytes::Bytes::from(large);
    aws::s3::put_object(&client, "us-east-1", "bucket", "k", body.clone(), &[]).await.unwrap();
    let found = aws::s3::get_object(&client, "us-east-1", "bucket", "k", &[], 3_000_000).await.unwrap();
    assert!(found.bytes == body && server.asked()[0].body == body);
    let refused = aws::s3::get_object(&client, "us-east-1", "bucket", "k", &[], 2_999_999).await;
    assert_eq!(refused.unwrap_err(), OperationError::Call(CallError::TooLarge { limit: 2_999_999 }));
}

#[tokio::test]
async fn requests_that_are_no_operations_write_nothing_to_aws_either() {
    let config = ClientConfig::new(Endpoints::none(), Credentials::new("a", "b"));
    let client = Client::new(ClientConfig { only_reads_aws: true, ..config });
    let url = "https://api.execute-api.us-east-1.amazonaws.com";
    let call = aws::HttpCall { url: url.into(), method: "POST".into(), ..aws::HttpCall::default() };
    assert!(matches!(client.http(call).await, Err(CallError::ReadOnly { .. })));
    let request = aws::WebRequest {
        method: "DELETE",
        url,
        headers: &[],
        body: bytes::Bytes::new(),
        timeout: std::time::Duration::from_secs(1),
        limit: 1,
    };
    assert!(matches!(client.fetch(request).await, Err(CallError::ReadOnly { .. })));
    let server = StandIn::start(ok("", vec![])).await;
    let call = aws::HttpCall { url: server.url.clone(), method: "POST".into(), ..aws::HttpCall::default() };
    assert_eq!(client.http(call).await.unwrap().status, 200);
}
