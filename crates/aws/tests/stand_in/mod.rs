//! A stand-in for the Lambda endpoint: an HTTP server on a free port that gives one canned reply and keeps what it was
//! asked.
#![allow(dead_code)] // shared by the tests of two crates, which look at different parts

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use tokio::net::TcpListener;

/// How the stand-in answers.
#[derive(Clone)]
pub(crate) enum Reply {
    Answer {
        status: u16,
        headers: Vec<(&'static str, &'static str)>,
        body: Vec<u8>,
    },
    /// Reads the request and closes the connection.
    HangUp,
    /// Promises a hundred bytes, sends a few and closes the connection.
    BreakOff,
    /// One after another; the last one for ever.
    Turns(Vec<Reply>),
}

pub(crate) struct StandIn {
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    connections: Arc<AtomicUsize>,
}

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: Bytes,
}

impl StandIn {
    pub(crate) async fn start(reply: Reply) -> StandIn {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let connections = Arc::new(AtomicUsize::new(0));
        let (kept, counter) = (asked.clone(), connections.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::Relaxed);
                let (reply, kept) = (reply.clone(), kept.clone());
                let service = service_fn(move |request| answer(request, reply.clone(), kept.clone()));
                let connection = hyper::server::conn::http1::Builder::new();
                tokio::spawn(connection.serve_connection(TokioIo::new(stream), service));
            }
        });
        StandIn { url, asked, connections }
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

/// A function's answer as Lambda gives it.
pub(crate) fn function_answer(body: impl Into<Vec<u8>>) -> Reply {
    let headers = vec![
        ("Content-Type", "application/json"),
        ("X-Amz-Executed-Version", "$LATEST"),
        ("x-amzn-RequestId", "11111111-2222-3333-4444-555555555555"),
        ("X-Amzn-Trace-Id", "root=1-0-0;parent=0;sampled=0"),
    ];
    Reply::Answer { status: 200, headers, body: body.into() }
}

/// A function's failure as Lambda gives it.
pub(crate) fn function_failure(body: &str) -> Reply {
    let headers = vec![("X-Amz-Function-Error", "Unhandled"), ("X-Amz-Executed-Version", "$LATEST")];
    Reply::Answer { status: 200, headers, body: body.into() }
}

/// An error of the service.
pub(crate) fn service_error(status: u16, kind: &'static str, message: &str) -> Reply {
    let body = format!(r#"{{"Type":"User","Message":"{message}"}}"#);
    Reply::Answer {
        status,
        headers: vec![("x-amzn-errortype", kind), ("x-amzn-RequestId", "r-1")],
        body: body.into(),
    }
}

/// A body of JSON, with a good status.
pub(crate) fn json_answer(body: &str) -> Reply {
    let headers = vec![("content-type", "application/x-amz-json-1.0"), ("x-amzn-RequestId", "r-1")];
    Reply::Answer { status: 200, headers, body: body.into() }
}

async fn answer(
    request: Request<Incoming>,
    reply: Reply,
    kept: Arc<Mutex<Vec<Asked>>>,
) -> Result<Response<Canned>, std::io::Error> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(std::io::Error::other)?.to_bytes();
    let turn = {
        let mut kept = kept.lock().unwrap();
        kept.push(Asked {
            method: head.method.to_string(),
            target: head.uri.to_string(),
            headers: head.headers,
            body,
        });
        kept.len() - 1
    };
    let reply = match reply {
        Reply::Turns(turns) => turns.get(turn).or(turns.last()).cloned().unwrap_or(Reply::HangUp),
        reply => reply,
    };
    match reply {
        Reply::Turns(_) => Err(std::io::Error::other("turns within turns")),
        Reply::Answer { status, headers, body } => {
            let response = Response::builder().status(status);
            let response =
                headers.into_iter().fold(response, |response, (name, value)| response.header(name, value));
            let size = body.len() as u64;
            Ok(response.body(Canned { size, pending: Some(body.into()), breaks: false }).unwrap())
        }
        Reply::HangUp => Err(std::io::Error::other("hung up")),
        Reply::BreakOff => {
            let pending = Some(Bytes::from_static(b"\"part"));
            Ok(Response::new(Canned { size: 100, pending, breaks: true }))
        }
    }
}

/// A body of a promised size that may break before its end.
struct Canned {
    size: u64,
    pending: Option<Bytes>,
    breaks: bool,
}

impl Body for Canned {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        match self.pending.take() {
            Some(bytes) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
            None if self.breaks => Poll::Ready(Some(Err(std::io::Error::other("broken off")))),
            None => Poll::Ready(None),
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.size)
    }
}
