//! A client that keeps its connection open and spends as little as it can.

use crate::Failure;
use serde_json::Value;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

#[derive(Debug)]
pub(crate) struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Client {
    pub(crate) async fn connect(address: &str) -> Result<Client, Failure> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Client { stream, buffer: Vec::with_capacity(4096) })
    }

    pub(crate) async fn call(&mut self, operation: &str, body: &Value) -> Result<Value, Failure> {
        self.send(&request(operation, &body.to_string())).await?;
        Ok(serde_json::from_slice(self.body())?)
    }

    /// Sends bytes that are a whole request, and reads the answer.
    pub(crate) async fn send(&mut self, request: &[u8]) -> Result<(), Failure> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        loop {
            if let Some(length) = whole(&self.buffer)? {
                self.buffer.truncate(length);
                if self.buffer.starts_with(b"HTTP/1.1 200") {
                    return Ok(());
                }
                return Err(format!("it answers {}", String::from_utf8_lossy(&self.buffer)).into());
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err("the connection ended".into());
            }
        }
    }

    /// The body of the latest answer.
    pub(crate) fn body(&self) -> &[u8] {
        let head = head_length(&self.buffer).unwrap_or(0);
        self.buffer.get(head..).unwrap_or_default()
    }
}

pub(crate) fn request(operation: &str, body: &str) -> Vec<u8> {
    format!(
        "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-amz-json-1.0\r\n\
         x-amz-target: AWSStepFunctions.{operation}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// The length of the answer, once it is there as a whole.
fn whole(buffer: &[u8]) -> Result<Option<usize>, Failure> {
    let Some(head) = head_length(buffer) else { return Ok(None) };
    let text = std::str::from_utf8(buffer.get(..head).unwrap_or_default())?;
    let length = text
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse::<usize>().ok())
        .unwrap_or(0);
    Ok(Some(head + length).filter(|length| buffer.len() >= *length))
}

fn head_length(buffer: &[u8]) -> Option<usize> {
    buffer.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4)
}

/// What clients saw in the measured time.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Milliseconds of each answer, the shortest first.
    pub(crate) took: Vec<f64>,
    pub(crate) measured: Duration,
}

impl Seen {
    pub(crate) fn per_second(&self) -> f64 {
        self.took.len() as f64 / self.measured.as_secs_f64()
    }
}

/// Keeps that many connections busy: each sends what `next` gives for its number and its count.
pub(crate) async fn keep_busy(
    address: &str,
    connections: u64,
    warm_up: Duration,
    measured: Duration,
    next: impl Fn(u64, u64) -> Vec<u8> + Clone + Send + 'static,
) -> Result<Seen, Failure> {
    let begin = Instant::now() + warm_up;
    let end = begin + measured;
    let clients = (0..connections).map(|number| {
        let (address, next) = (address.to_owned(), next.clone());
        tokio::spawn(async move {
            let mut client = Client::connect(&address).await?;
            let mut took = Vec::new();
            for count in 0.. {
                let sent = Instant::now();
                if sent >= end {
                    break;
                }
                client.send(&next(number, count)).await?;
                if sent >= begin {
                    took.push(sent.elapsed().as_secs_f64() * 1000.0);
                }
            }
            Ok::<_, Failure>(took)
        })
    });
    gather(clients.collect(), measured).await
}

/// Sends at a set rate, whatever the answers take. A request that is sent late because the one before took its time counts from
/// when it was due.
pub(crate) async fn at_rate(
    address: &str,
    connections: u64,
    per_second: f64,
    measured: Duration,
    next: impl Fn(u64, u64) -> Vec<u8> + Clone + Send + 'static,
) -> Result<Seen, Failure> {
    let begin = Instant::now() + Duration::from_millis(50);
    let pause = Duration::from_secs_f64(connections as f64 / per_second);
    let clients = (0..connections).map(|number| {
        let (address, next) = (address.to_owned(), next.clone());
        tokio::spawn(async move {
            let mut client = Client::connect(&address).await?;
            let mut took = Vec::new();
            // The clients take turns.
            let mut due = begin + pause.mul_f64(number as f64 / connections as f64);
            for count in 0.. {
                if due >= begin + measured {
                    break;
                }
                let is_late = Instant::now() > due;
                tokio::time::sleep_until(due.into()).await;
                // A sleep ends on a whole millisecond; what that adds is the generator's own.
                let begun = if is_late { due } else { Instant::now() };
                client.send(&next(number, count)).await?;
                took.push(begun.elapsed().as_secs_f64() * 1000.0);
                due += pause;
            }
            Ok::<_, Failure>(took)
        })
    });
    gather(clients.collect(), measured).await
}

type Busy = tokio::task::JoinHandle<Result<Vec<f64>, Failure>>;

async fn gather(clients: Vec<Busy>, measured: Duration) -> Result<Seen, Failure> {
    let mut took = Vec::new();
    for client in clients {
        took.append(&mut client.await??);
    }
    took.sort_by(f64::total_cmp);
    Ok(Seen { took, measured })
}

/// One thread is enough for the load, and leaves the other processor to the server.
pub(crate) fn run<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}
