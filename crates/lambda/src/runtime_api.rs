//! The Lambda Runtime API: a worker's side of the host, one loopback listener per worker.
//!
//! Clients use fixed paths and know their host by `AWS_LAMBDA_RUNTIME_API` alone, so the port is what tells the
//! workers apart. The listener keeps no state: it turns requests into [`ApiCall`]s for the worker's task.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinHandle, JoinSet};

use crate::config::RESPONSE_LIMIT;

/// Connections one worker may hold; its client needs one or two.
const CONNECTION_LIMIT: usize = 32;

/// A request of a worker's runtime client.
#[derive(Debug)]
pub(crate) enum ApiCall {
    /// `GET /invocation/next`, held open until there is an event.
    Next { reply: oneshot::Sender<Delivery> },
    /// `POST /invocation/{id}/response`; `None` stands for a body over the limit.
    Response { request_id: String, body: Option<Bytes>, reply: oneshot::Sender<Ack> },
    /// `POST /invocation/{id}/error`.
    Error { request_id: String, body: Option<Bytes>, reply: oneshot::Sender<Ack> },
    /// `POST /init/error`.
    InitError { body: Option<Bytes>, reply: oneshot::Sender<Ack> },
}

/// The answer to `next`.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    pub(crate) request_id: String,
    /// Milliseconds since 1970.
    pub(crate) deadline_millis: u64,
    pub(crate) function_arn: String,
    pub(crate) trace_id: String,
    pub(crate) client_context: Option<HeaderValue>,
    pub(crate) payload: Bytes,
}

/// The answer to everything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ack {
    Accepted,
    InvalidRequestId,
    InvalidState,
    TooLarge,
}

/// A worker's listener. Dropping it closes the port and every connection.
#[derive(Debug)]
pub(crate) struct RuntimeApi {
    pub(crate) address: SocketAddr,
    pub(crate) calls: mpsc::Receiver<ApiCall>,
    listener: JoinHandle<()>,
}

impl RuntimeApi {
    pub(crate) async fn listen() -> io::Result<RuntimeApi> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (sender, calls) = mpsc::channel(8);
        Ok(RuntimeApi { address, calls, listener: tokio::spawn(accept(listener, sender)) })
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

async fn accept(listener: TcpListener, calls: mpsc::Sender<ApiCall>) {
    // Held here, so that aborting this task closes the connections too.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < CONNECTION_LIMIT => {
                // A failed accept is a lack of file descriptors or a client gone already; the next may succeed.
                match accepted {
                    Ok((stream, _)) => { connections.spawn(serve(stream, calls.clone())); }
                    Err(_) => tokio::time::sleep(std::time::Duration::from_millis(10)).await,
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(stream: TcpStream, calls: mpsc::Sender<ApiCall>) {
    // Without it an answer's last segment would wait for the acknowledgement of the one before.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let calls = calls.clone();
        async move { Ok::<_, Infallible>(answer(request, &calls).await) }
    });
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(request: Request<Incoming>, calls: &mpsc::Sender<ApiCall>) -> Response<Full<Bytes>> {
    let path = request.uri().path().to_owned();
    let Some(path) = path.strip_prefix("/2018-06-01/runtime/") else { return refuse(StatusCode::NOT_FOUND) };
    let parts: Vec<&str> = path.split('/').collect();
    match (request.method(), parts.as_slice()) {
        (&Method::GET, ["invocation", "next"]) => next(calls).await,
        (&Method::POST, ["invocation", id, end @ ("response" | "error")]) => {
            let (request_id, is_error) = ((*id).to_owned(), *end == "error");
            let body = read_body(request).await;
            post(calls, |reply| match is_error {
                true => ApiCall::Error { request_id, body, reply },
                false => ApiCall::Response { request_id, body, reply },
            })
            .await
        }
        (&Method::POST, ["init", "error"]) => {
            let body = read_body(request).await;
            post(calls, |reply| ApiCall::InitError { body, reply }).await
        }
        _ => refuse(StatusCode::NOT_FOUND),
    }
}

async fn next(calls: &mpsc::Sender<ApiCall>) -> Response<Full<Bytes>> {
    let (reply, delivery) = oneshot::channel();
    if calls.send(ApiCall::Next { reply }).await.is_err() {
        return refuse(StatusCode::INTERNAL_SERVER_ERROR);
    }
    // A worker's task that drops its side refuses a second poll, or is about to end the process.
    let Ok(delivery) = delivery.await else { return acknowledge(Ack::InvalidState) };
    let mut response = Response::new(Full::new(delivery.payload));
    let text = |value: &str| HeaderValue::from_str(value).unwrap_or(HeaderValue::from_static(""));
    let headers = response.headers_mut();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    headers.insert("lambda-runtime-aws-request-id", text(&delivery.request_id));
    headers.insert("lambda-runtime-deadline-ms", HeaderValue::from(delivery.deadline_millis));
    headers.insert("lambda-runtime-invoked-function-arn", text(&delivery.function_arn));
    headers.insert("lambda-runtime-trace-id", text(&delivery.trace_id));
    if let Some(context) = delivery.client_context {
        headers.insert("lambda-runtime-client-context", context);
    }
    response
}

async fn post(
    calls: &mpsc::Sender<ApiCall>,
    call: impl FnOnce(oneshot::Sender<Ack>) -> ApiCall,
) -> Response<Full<Bytes>> {
    let (reply, ack) = oneshot::channel();
    if calls.send(call(reply)).await.is_err() {
        return refuse(StatusCode::INTERNAL_SERVER_ERROR);
    }
    ack.await.map_or_else(|_| refuse(StatusCode::INTERNAL_SERVER_ERROR), acknowledge)
}

/// The whole body, or `None` when it is over the limit or was cut off.
async fn read_body(request: Request<Incoming>) -> Option<Bytes> {
    Limited::new(request.into_body(), RESPONSE_LIMIT).collect().await.ok().map(|body| body.to_bytes())
}

fn acknowledge(ack: Ack) -> Response<Full<Bytes>> {
    let (status, body) = match ack {
        Ack::Accepted => (StatusCode::ACCEPTED, r#"{"status":"OK"}"#),
        Ack::InvalidRequestId => (
            StatusCode::BAD_REQUEST,
            r#"{"errorMessage":"Invalid request ID","errorType":"InvalidRequestID"}"#,
        ),
        Ack::InvalidState => (
            StatusCode::FORBIDDEN,
            r#"{"errorMessage":"The transition is not allowed","errorType":"InvalidStateTransition"}"#,
        ),
        Ack::TooLarge => (
            StatusCode::PAYLOAD_TOO_LARGE,
            r#"{"errorMessage":"Exceeded maximum allowed payload size (6291556 bytes).","errorType":"RequestEntityTooLarge"}"#,
        ),
    };
    let mut response = Response::new(Full::new(Bytes::from_static(body.as_bytes())));
    *response.status_mut() = status;
    response.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
    response
}

fn refuse(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::new()));
    *response.status_mut() = status;
    response
}
