//! Invoke against a stand-in of the Lambda endpoint.
#![allow(clippy::unwrap_used, clippy::panic)] // a test that panics has failed

mod stand_in;

use aws::lambda::{InvocationType, InvokeRequest, InvokeResponse, LogType, invoke};
use aws::{CallError, Client, ClientConfig, Credentials, Endpoint, Endpoints, TransportKind};
use stand_in::{Reply, StandIn, function_answer, function_failure, service_error};
use std::time::Duration;

fn client(url: &str) -> Client {
    let endpoints = Endpoints::none().with_default(Endpoint::parse(url).unwrap());
    let mut config = ClientConfig::new(endpoints, Credentials::new("AKID", "secret"));
    config.max_response = 1000;
    Client::new(config)
}

fn request() -> InvokeRequest {
    InvokeRequest {
        function: "pay".into(),
        payload: r#"{"order":1}"#.into(),
        region: "eu-west-1".into(),
        ..InvokeRequest::default()
    }
}

async fn answer_to(reply: Reply) -> Result<InvokeResponse, CallError> {
    let server = StandIn::start(reply).await;
    invoke(&client(&server.url), request()).await
}

fn transport_kind(answer: Result<InvokeResponse, CallError>) -> (TransportKind, String) {
    match answer {
        Err(CallError::Transport(error)) => (error.kind, error.to_string()),
        other => panic!("no transport error: {other:?}"),
    }
}

#[tokio::test]
async fn a_call_is_signed_and_carries_what_was_asked() {
    let server = StandIn::start(function_answer("null")).await;
    let full = InvokeRequest {
        function: "arn:aws:lambda:eu-west-1:1:function:pay".into(),
        qualifier: Some("$LATEST".into()),
        invocation_type: InvocationType::Event,
        client_context: Some("e30=".into()),
        log_type: LogType::Tail,
        ..request()
    };
    invoke(&client(&server.url), full).await.unwrap();
    let asked = server.asked();
    let asked = asked.first().unwrap();
    let header = |name: &str| asked.headers.get(name).map_or("", |value| value.to_str().unwrap());
    assert_eq!(asked.method, "POST");
    assert_eq!(
        asked.target,
        "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-west-1%3A1%3Afunction%3Apay/invocations?Qualifier=%24LATEST"
    );
    assert_eq!(&asked.body[..], br#"{"order":1}"#);
    let authorization = header("authorization");
    assert!(authorization.starts_with("AWS4-HMAC-SHA256 Credential=AKID/"), "{authorization}");
    assert!(authorization.contains("/eu-west-1/lambda/aws4_request, SignedHeaders="), "{authorization}");
    assert!(authorization.contains(";host;x-amz-client-context;x-amz-date;"), "{authorization}");
    assert_eq!(header("x-amz-date").len(), "20150830T123600Z".len());
    assert_eq!(header("x-amz-invocation-type"), "Event");
    assert_eq!(header("x-amz-log-type"), "Tail");
}

#[tokio::test]
async fn a_result_comes_with_its_headers() {
    let answer = answer_to(function_answer(r#"{"ok":true}"#)).await.unwrap();
    assert_eq!((answer.status, &answer.payload[..]), (200, &br#"{"ok":true}"#[..]));
    assert_eq!(answer.executed_version.as_deref(), Some("$LATEST"));
    assert_eq!(answer.request_id.as_deref(), Some("11111111-2222-3333-4444-555555555555"));
    assert_eq!(answer.function_error, None);
    assert!(answer.headers.iter().any(|(name, value)| name == "content-type" && value == "application/json"));
}

#[tokio::test]
async fn a_function_that_fails_is_a_result() {
    let answer = answer_to(function_failure(r#"{"errorType":"E"}"#)).await.unwrap();
    assert_eq!(answer.function_error.as_deref(), Some("Unhandled"));
    assert_eq!(&answer.payload[..], br#"{"errorType":"E"}"#);
}

#[tokio::test]
async fn the_services_errors_keep_code_status_and_message() {
    for (status, code) in
        [(404, "ResourceNotFoundException"), (429, "TooManyRequestsException"), (500, "ServiceException")]
    {
        let Err(CallError::Service(error)) = answer_to(service_error(status, code, "No.")).await else {
            panic!("{code} is no service error");
        };
        assert_eq!((error.status, error.code.as_deref()), (status, Some(code)));
        assert_eq!(
            error.to_string(),
            format!(
                "No. (Service: AWSLambda; Status Code: {status}; Error Code: {code}; Request ID: r-1; Proxy: null)"
            )
        );
    }
}

#[tokio::test]
async fn a_lost_answer_is_told_from_a_refused_connection() {
    let (kind, text) = transport_kind(answer_to(Reply::HangUp).await);
    assert_eq!(kind, TransportKind::Lost);
    assert!(text.starts_with("Unable to execute HTTP request: 127.0.0.1:"), "{text}");
    assert!(text.ends_with("failed to respond"), "{text}");
    assert_eq!(transport_kind(answer_to(Reply::BreakOff).await).0, TransportKind::Lost);

    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    let (kind, text) = transport_kind(invoke(&client(&url), request()).await);
    assert_eq!(kind, TransportKind::Connect);
    assert!(text.ends_with("failed: Connection refused (Connection refused)"), "{text}");
}

#[tokio::test]
async fn a_name_without_address_is_told_in_the_sdks_words() {
    // A label of more than 63 characters cannot be asked for, so that nothing leaves the machine.
    let host = "x".repeat(64);
    let (kind, text) = transport_kind(invoke(&client(&format!("http://{host}:80")), request()).await);
    assert_eq!(kind, TransportKind::Dns);
    assert_eq!(text, format!("Unable to execute HTTP request: {host}: Name or service not known"));
}

#[tokio::test]
async fn a_body_over_the_limit_is_not_read_to_its_end() {
    let answer = answer_to(function_answer(vec![b'a'; 5_000_000])).await;
    assert_eq!(answer, Err(CallError::TooLarge { limit: 1000 }));
}

#[tokio::test]
async fn an_answer_that_never_comes_times_out() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let endpoints = Endpoints::none().with_default(Endpoint::parse(&url).unwrap());
    let config = ClientConfig::new(endpoints, Credentials::new("AKID", "secret"));
    let client = Client::new(ClientConfig { call_timeout: Duration::from_millis(50), ..config });
    let (kind, text) = transport_kind(invoke(&client, request()).await);
    assert_eq!(
        (kind, text.as_str()),
        (TransportKind::TimedOut, "Unable to execute HTTP request: Read timed out")
    );
}

#[tokio::test]
async fn connections_are_kept() {
    let server = StandIn::start(function_answer("1")).await;
    let client = client(&server.url);
    for _ in 0..3 {
        invoke(&client, request()).await.unwrap();
    }
    assert_eq!(server.asked().len(), 3);
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_service_without_address_is_named() {
    let client = Client::new(ClientConfig::new(Endpoints::none(), Credentials::new("a", "b")));
    assert!(!client.reaches("lambda"));
    let answer = invoke(&client, request()).await;
    assert_eq!(answer, Err(CallError::NoEndpoint { service: "lambda".into() }));
}

#[tokio::test]
async fn a_value_that_no_header_can_hold_is_no_call() {
    let server = StandIn::start(function_answer("1")).await;
    let bad = InvokeRequest { client_context: Some("a\nb".into()), ..request() };
    assert!(matches!(invoke(&client(&server.url), bad).await, Err(CallError::Unsendable { .. })));
    assert_eq!(server.asked().len(), 0);
}
