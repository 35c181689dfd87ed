//! Requests that mean harm, and loads that are too much: a clean answer each time, and the server stays.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on ends"
)]

mod support;

use server::Limits;
use std::sync::atomic::Ordering;
use std::time::Duration;
use support::{PASS, Server, head, post, read_reply};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

#[tokio::test]
async fn every_answer_has_a_request_id_and_aws_content_type() {
    let server = Server::start().await;
    for (body, status) in [("{}", " 200 "), ("[]", " 400 ")] {
        let reply = server.call("ListStateMachines", body).await;
        assert!(reply.head.lines().next().unwrap().contains(status));
        assert!(reply.head.contains("\r\ncontent-type: application/x-amz-json-1.0\r\n"), "{}", reply.head);
        let id = reply.head.lines().find_map(|line| line.strip_prefix("x-amzn-requestid: ")).unwrap();
        assert_eq!(id.len(), 36);
    }
}

#[tokio::test]
async fn unknown_operations_and_missing_targets_are_unknown_operations() {
    let server = Server::start().await;
    for operation in ["PublishStateMachine", "Nonsense", ""] {
        assert_eq!(server.fail(operation, "{}").await.0, "UnknownOperationException");
    }
    for target in ["", "x-amz-target: DynamoDB_20120810.GetItem\r\n", "x-amz-target: \u{e9}\r\n"] {
        let request = format!("POST / HTTP/1.1\r\nhost: h\r\n{target}content-length: 2\r\n\r\n{{}}");
        let reply = server.exchange(request.as_bytes()).await;
        assert_eq!((reply.status, reply.text("__type").as_str()), (400, "UnknownOperationException"));
    }
}

#[tokio::test]
async fn other_paths_and_methods_are_not_found_with_a_hint() {
    let server = Server::start().await;
    for line in ["GET /", "PUT /", "POST /nowhere", "GET /2015-03-31/functions"] {
        let reply = server.exchange(format!("{line} HTTP/1.1\r\nhost: h\r\n\r\n").as_bytes()).await;
        assert_eq!(reply.status, 404, "{line}");
        assert!(reply.text("hint").contains("X-Amz-Target"));
    }
}

#[tokio::test]
async fn malformed_bodies_are_serialization_exceptions() {
    let server = Server::start().await;
    let deep = "[".repeat(10_000);
    for body in [
        "{\"maxResults\":",
        "nonsense",
        "\0\0\0",
        "{\"nextToken\":\"a\0b\"}",
        "{\"maxResults\":\"ten\"}",
        "{\"maxResults\":{}}",
        &deep,
    ] {
        assert_eq!(server.fail("ListStateMachines", body).await.0, "SerializationException", "{body:.20}");
    }
    let reply = server.exchange(&post("ListStateMachines", b"\xff\xfe")).await;
    assert_eq!(reply.text("__type"), "SerializationException");
    assert!(server.is_healthy().await);
}

#[tokio::test]
async fn unknown_members_are_ignored() {
    let server = Server::start().await;
    server.succeed("ListStateMachines", r#"{"unknown":{"a":[1]},"maxResults":null}"#).await;
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_before_it_is_sent_and_while_it_is() {
    let server = Server::start().await;
    let announced = head("ListStateMachines", "content-length: 104857600");
    let mut stream = server.connect().await;
    stream.write_all(&announced).await.unwrap();
    let reply = read_reply(&mut stream).await.unwrap();
    assert_eq!((reply.status, reply.text("__type").as_str()), (413, "RequestEntityTooLargeException"));
    assert!(reply.head.contains("connection: close"));

    let mut stream = server.connect().await;
    stream.write_all(&head("ListStateMachines", "transfer-encoding: chunked")).await.unwrap();
    let chunk = [b"10000\r\n".as_slice(), &vec![b' '; 0x10000], b"\r\n"].concat();
    for _ in 0..64 {
        stream.write_all(&chunk).await.unwrap();
    }
    stream.write_all(b"0\r\n\r\n").await.unwrap();
    let reply = read_reply(&mut stream).await.unwrap();
    assert_eq!(reply.status, 413);
    assert_eq!(stream.read(&mut [0; 1]).await.unwrap(), 0, "the connection ends without a reset");
    assert!(server.is_healthy().await);
}

#[tokio::test]
async fn a_hundred_megabytes_are_answered_although_all_of_them_are_sent() {
    let server = Server::start().await;
    let mut stream = server.connect().await;
    stream.write_all(&head("ListStateMachines", "content-length: 104857600")).await.unwrap();
    let chunk = vec![b' '; 1 << 20];
    for _ in 0..100 {
        stream.write_all(&chunk).await.unwrap();
    }
    assert_eq!(read_reply(&mut stream).await.unwrap().status, 413);
    assert_eq!(stream.read(&mut [0; 1]).await.unwrap(), 0);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_answered() {
    let server = Server::start().await;
    let mut stream = server.connect().await;
    stream.write_all(&head("ListStateMachines", "content-length: 100")).await.unwrap();
    stream.write_all(b"{\"max").await.unwrap();
    stream.shutdown().await.unwrap();
    let reply = read_reply(&mut stream).await.unwrap();
    assert_eq!((reply.status, reply.text("__type").as_str()), (400, "SerializationException"));
}

#[tokio::test]
async fn bad_heads_are_bad_requests() {
    let server = Server::start().await;
    let many = format!("GET /health HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(1000));
    let long = format!("GET /health HTTP/1.1\r\na: {}\r\n\r\n", "b".repeat(1 << 20));
    for (request, statuses) in [
        ("nonsense\r\n\r\n", &[400][..]),
        ("GET /health HTTP/1.1\r\nno colon\r\n\r\n", &[400]),
        ("GET /health HTTP/1.1\r\na\0b: c\r\n\r\n", &[400]),
        ("POST / HTTP/1.1\r\ncontent-length: many\r\n\r\n", &[400]),
        (&many, &[431]),
    ] {
        let reply = server.exchange(request.as_bytes()).await;
        assert!(statuses.contains(&reply.status), "{request:.40} {reply:?}");
    }
    let mut stream = server.connect().await;
    // The server may close before all is written; it must not wait for more.
    let _ = stream.write_all(long.as_bytes()).await;
    if let Some(reply) = read_reply(&mut stream).await {
        assert_eq!(reply.status, 431);
    }
    assert!(server.is_healthy().await);
}

#[tokio::test]
async fn slow_heads_and_slow_bodies_are_cut_off() {
    let stall = Duration::from_millis(50);
    let limits = Limits { head_timeout: stall, body_stall: stall, ..Limits::default() };
    let server = Server::start_within(limits).await;
    let mut stream = server.connect().await;
    stream.write_all(b"POST / HTT").await.unwrap();
    assert!(read_reply(&mut stream).await.is_none_or(|reply| reply.status == 408));
    let mut stream = server.connect().await;
    stream.write_all(&head("ListStateMachines", "content-length: 100")).await.unwrap();
    stream.write_all(b"{").await.unwrap();
    let reply = read_reply(&mut stream).await.unwrap();
    assert_eq!((reply.status, reply.text("__type").as_str()), (408, "RequestTimeoutException"));
}

#[tokio::test]
async fn requests_beyond_the_limit_are_throttled_and_health_is_not() {
    let server = Server::start_within(Limits { requests: 1, ..Limits::default() }).await;
    let mut first = server.connect().await;
    first.write_all(&head("ListStateMachines", "content-length: 2\r\nexpect: 100-continue")).await.unwrap();
    let mut interim = [0; 25];
    // The interim answer shows that the request holds its place.
    first.read_exact(&mut interim).await.unwrap();
    assert!(interim.starts_with(b"HTTP/1.1 100 Continue"));
    let throttled = ("ThrottlingException".to_owned(), "Rate exceeded".to_owned());
    assert_eq!(server.fail("ListStateMachines", "{}").await, throttled);
    assert!(server.is_healthy().await);
    first.write_all(b"{}").await.unwrap();
    assert_eq!(read_reply(&mut first).await.unwrap().status, 200);
    assert_eq!(server.call("ListStateMachines", "{}").await.status, 200);
}

#[tokio::test]
async fn connections_beyond_the_limit_are_throttled_until_one_ends() {
    let server = Server::start_within(Limits { connections: 1, ..Limits::default() }).await;
    let mut first = server.connect().await;
    first.write_all(&post("ListStateMachines", b"{}")).await.unwrap();
    assert_eq!(read_reply(&mut first).await.unwrap().status, 200);
    assert_eq!(server.fail("ListStateMachines", "{}").await.0, "ThrottlingException");
    first.write_all(&post("ListStateMachines", b"{}")).await.unwrap();
    assert_eq!(read_reply(&mut first).await.unwrap().status, 200);
}

#[tokio::test]
async fn bodies_share_their_memory() {
    let limits = Limits { body_memory: 64 * 1024, ..Limits::default() };
    let server = Server::start_within(limits).await;
    let padded = format!("{{}}{}", " ".repeat(200 * 1024));
    assert_eq!(server.fail("ListStateMachines", &padded).await.0, "ThrottlingException");
    assert_eq!(server.call("ListStateMachines", "{}").await.status, 200);
}

#[tokio::test]
async fn a_bug_in_a_handler_is_an_internal_failure_and_no_more() {
    let server = Server::start().await;
    let machine = server.create("m", PASS).await;
    let update = format!(r#"{{"stateMachineArn":"{machine}","roleArn":"arn:aws:iam::1:role/other"}}"#);
    server.clock.is_broken.store(true, Ordering::SeqCst);
    let reply = server.call("UpdateStateMachine", &update).await;
    assert_eq!((reply.status, reply.text("__type").as_str()), (500, "InternalFailure"));
    assert!(reply.head.contains("x-amzn-requestid: "));
    server.clock.is_broken.store(false, Ordering::SeqCst);
    assert_eq!(server.call("UpdateStateMachine", &update).await.status, 200);
}

#[tokio::test]
async fn a_connection_serves_request_after_request() {
    let server = Server::start().await;
    let mut stream = server.connect().await;
    for _ in 0..3 {
        stream.write_all(&post("ListStateMachines", b"{}")).await.unwrap();
        assert_eq!(read_reply(&mut stream).await.unwrap().status, 200);
    }
}

#[tokio::test]
async fn shutting_down_lets_requests_under_way_end_and_closes_idle_connections() {
    let server = Server::start().await;
    let mut idle = server.connect().await;
    idle.write_all(&post("ListStateMachines", b"{}")).await.unwrap();
    read_reply(&mut idle).await.unwrap();
    let mut busy = server.connect().await;
    busy.write_all(&head("ListStateMachines", "content-length: 2\r\nexpect: 100-continue")).await.unwrap();
    let mut interim = [0; 25];
    busy.read_exact(&mut interim).await.unwrap();
    let address = server.address;
    let served = server.stop();
    assert_eq!(idle.read(&mut [0; 1]).await.unwrap(), 0);
    busy.write_all(b"{}").await.unwrap();
    assert_eq!(read_reply(&mut busy).await.unwrap().status, 200);
    served.await.unwrap().unwrap();
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn shutting_down_does_not_wait_for_those_that_never_end() {
    let limits = Limits { shutdown_grace: Duration::from_millis(50), ..Limits::default() };
    let server = Server::start_within(limits).await;
    let mut busy = server.connect().await;
    busy.write_all(&head("ListStateMachines", "content-length: 2\r\nexpect: 100-continue")).await.unwrap();
    busy.read_exact(&mut [0; 25]).await.unwrap();
    server.stop().await.unwrap().unwrap();
}
