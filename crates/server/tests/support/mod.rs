//! A server on a free port, over a memory store, and a client that speaks to it in bytes.
#![allow(dead_code, unreachable_pub, reason = "every test uses a part of it")]

use engine::{Clock, Engine, EngineConfig, SystemClock};
use json::Value;
use model::{Partition, Timestamp};
use server::{Api, Limits};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use store::MemoryStore;
use tasks::{TaskCall, TaskFuture, TaskRunner};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub const PASS: &str = r#"{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}}"#;
pub const WAIT: &str = r#"{"StartAt":"A","States":{"A":{"Type":"Wait","Seconds":600,"End":true}}}"#;
pub const ROLE: &str = "arn:aws:iam::000000000000:role/r";

pub struct Server {
    pub address: SocketAddr,
    pub clock: Arc<BreakableClock>,
    stop: oneshot::Sender<()>,
    served: JoinHandle<std::io::Result<()>>,
}

/// An answer taken apart.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: Value,
}

/// The system's clock until it is broken; then whoever asks it the time panics.
#[derive(Default)]
pub struct BreakableClock {
    pub is_broken: AtomicBool,
}

impl Clock for BreakableClock {
    fn now(&self) -> Timestamp {
        assert!(!self.is_broken.load(Ordering::SeqCst), "the clock is broken");
        SystemClock.now()
    }
}

/// Runs no tasks.
pub struct NoTasks;

impl TaskRunner for NoTasks {
    fn call(&self, _: TaskCall) -> TaskFuture {
        Box::pin(std::future::pending())
    }

    fn supports(&self, _: &model::TaskResource) -> bool {
        true
    }
}

impl Server {
    pub async fn start() -> Server {
        Server::start_within(Limits::default()).await
    }

    pub async fn start_within(limits: Limits) -> Server {
        Server::start_on(limits, Arc::new(NoTasks)).await
    }

    /// Starts a server whose engine has other settings.
    pub async fn start_with(set: impl FnOnce(&mut EngineConfig)) -> Server {
        Server::start_so(Arc::new(NoTasks), set, |_| {}).await
    }

    /// Starts a server whose tasks are run.
    pub async fn start_on(limits: Limits, tasks: Arc<dyn TaskRunner>) -> Server {
        Server::start_so(tasks, |_| {}, |api| api.limits = limits).await
    }

    /// Starts a server with settings of the test's own.
    pub async fn start_so(
        tasks: Arc<dyn TaskRunner>,
        set_engine: impl FnOnce(&mut EngineConfig),
        set_api: impl FnOnce(&mut Api),
    ) -> Server {
        let clock = Arc::new(BreakableClock::default());
        let mut config = EngineConfig::new(Partition::of("us-east-1", "000000000000"));
        config.clock = clock.clone();
        set_engine(&mut config);
        let engine = Engine::open(config, Arc::new(MemoryStore::new()), tasks).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let mut api = Api::new(engine);
        set_api(&mut api);
        let served = tokio::spawn(server::serve(listener, api, stopped));
        Server { address, clock, stop, served }
    }

    /// Asks the server to stop, and gives what `serve` will return.
    pub fn stop(self) -> JoinHandle<std::io::Result<()>> {
        self.stop.send(()).unwrap();
        self.served
    }

    pub async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends bytes on a connection of their own, and reads the answer.
    pub async fn exchange(&self, request: &[u8]) -> Reply {
        let mut stream = self.connect().await;
        stream.write_all(request).await.unwrap();
        read_reply(&mut stream).await.expect("an answer")
    }

    /// Calls an operation with a body of JSON.
    pub async fn call(&self, operation: &str, body: &str) -> Reply {
        self.exchange(&post(operation, body.as_bytes())).await
    }

    /// Calls an operation that must succeed.
    pub async fn succeed(&self, operation: &str, body: &str) -> Value {
        let reply = self.call(operation, body).await;
        assert_eq!(reply.status, 200, "{operation}: {reply:?}");
        reply.body
    }

    /// Calls an operation that must fail, and gives `__type` and `message`.
    pub async fn fail(&self, operation: &str, body: &str) -> (String, String) {
        let reply = self.call(operation, body).await;
        assert_eq!(reply.status, 400, "{operation}: {reply:?}");
        (reply.text("__type"), reply.text("message"))
    }

    pub async fn is_healthy(&self) -> bool {
        let reply = self.exchange(b"GET /health HTTP/1.1\r\nhost: h\r\n\r\n").await;
        reply.status == 200 && reply.text("status") == "ok"
    }

    pub async fn create(&self, name: &str, definition: &str) -> String {
        let body = Value::object([("name", name), ("definition", definition), ("roleArn", ROLE)]).to_text();
        text(&self.succeed("CreateStateMachine", &body).await, "stateMachineArn")
    }

    /// Starts an execution, and gives its ARN.
    pub async fn run(&self, machine: &str, name: &str) -> String {
        let body = Value::object([("stateMachineArn", machine), ("name", name)]).to_text();
        text(&self.succeed("StartExecution", &body).await, "executionArn")
    }

    /// Asks for an execution until it has ended.
    pub async fn ended(&self, execution: &str) -> Value {
        let body = Value::object([("executionArn", execution)]).to_text();
        for _ in 0..1000 {
            let described = self.succeed("DescribeExecution", &body).await;
            if text(&described, "status") != "RUNNING" {
                return described;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("{execution} does not end");
    }
}

impl Reply {
    pub fn text(&self, member: &str) -> String {
        text(&self.body, member)
    }
}

pub fn text(value: &Value, member: &str) -> String {
    let found = value.get(member).unwrap_or_else(|| panic!("no {member} in {value}"));
    found.as_str().unwrap_or_else(|| panic!("{member} is no text in {value}")).to_owned()
}

/// A request for an operation.
pub fn post(operation: &str, body: &[u8]) -> Vec<u8> {
    let mut request = head(operation, &format!("content-length: {}", body.len()));
    request.extend_from_slice(body);
    request
}

/// The head of a request for an operation.
pub fn head(operation: &str, header: &str) -> Vec<u8> {
    format!(
        "POST / HTTP/1.1\r\nhost: sync-localhost\r\ncontent-type: application/x-amz-json-1.0\r\n\
         x-amz-target: AWSStepFunctions.{operation}\r\n{header}\r\n\r\n"
    )
    .into_bytes()
}

/// The next answer on a connection; `None` when it ends before one.
pub async fn read_reply(stream: &mut TcpStream) -> Option<Reply> {
    let mut bytes = Vec::new();
    let (head, mut body) = loop {
        if let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            let body = bytes.split_off(end + 4);
            break (String::from_utf8(bytes).unwrap().to_lowercase(), body);
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.unwrap_or("0").trim().parse().unwrap();
    while body.len() < length {
        if stream.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let body = if body.is_empty() { Value::Null } else { json::parse_bytes(&body).unwrap() };
    Some(Reply { status, head, body })
}
