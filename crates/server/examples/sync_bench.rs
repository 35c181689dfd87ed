//! StartSyncExecution of a workflow of five states over HTTP with keep-alive, beside a bare axum endpoint that parses and
//! answers the same bodies: in turns, in one run, on the same machine. Fails below half of the endpoint's rate.
//!
//! `cargo run --release -p stepwright-server --example sync_bench -- target/release/stepwright`

#![allow(clippy::print_stdout, reason = "an example prints its results")]
#![allow(clippy::indexing_slicing, reason = "a member that a document lacks is null")]

use axum::Router;
use axum::body::Bytes;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::post;
use serde_json::{Value, json};
use std::error::Error;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const CONNECTIONS: usize = 32;
const WARM_UP: Duration = Duration::from_millis(500);
const MEASURED: Duration = Duration::from_millis(1500);
const TURNS: usize = 5;
/// Of the bare endpoint's requests per second.
const LEAST: f64 = 0.5;
/// What the endpoint is started with.
const BARE: &str = "--bare";
const LISTENING: &str = " listening on http://";

type Failure = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    match std::env::args().nth(1) {
        Some(flag) if flag == BARE => {
            // The runtime that the server has.
            tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(serve_bare())
        }
        Some(binary) => {
            tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(compare(&binary))
        }
        None => Err("which binary? sync_bench target/release/stepwright".into()),
    }
}

/// Answers every request as StartSyncExecution answers, with nothing behind it.
async fn serve_bare() -> Result<(), Failure> {
    let app = Router::new().route("/", post(answer));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("bare{LISTENING}{}", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}

async fn answer(body: Bytes) -> impl IntoResponse {
    let request: Value = serde_json::from_slice(&body).unwrap_or_default();
    let input: Value =
        request["input"].as_str().and_then(|input| serde_json::from_str(input).ok()).unwrap_or_default();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64());
    let (name, unique) = (uuid::Uuid::new_v4(), uuid::Uuid::new_v4());
    let machine = request["stateMachineArn"].as_str().unwrap_or_default();
    let answer = json!({
        "executionArn": format!("{}:{name}:{unique}", machine.replace(":stateMachine:", ":express:")),
        "stateMachineArn": machine,
        "name": name.to_string(),
        "startDate": now,
        "stopDate": now,
        "status": "SUCCEEDED",
        "input": request["input"],
        "inputDetails": {"included": true},
        "output": json!({"order": input["order"], "total": 3, "shipped": [1, 2, 3]}).to_string(),
        "outputDetails": {"included": true},
        "billingDetails": {"billedMemoryUsedInMB": 64, "billedDurationInMilliseconds": 100},
    });
    let headers = [
        (header::CONTENT_TYPE, "application/x-amz-json-1.0".to_owned()),
        (header::HeaderName::from_static("x-amzn-requestid"), uuid::Uuid::new_v4().to_string()),
    ];
    (headers, answer.to_string())
}

/// A server process, ended with this value.
struct Server {
    child: Child,
    address: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    fn start(mut command: Command) -> Result<Server, Failure> {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().ok_or("no standard output")?).read_line(&mut line)?;
        let (_, address) = line.trim().split_once(LISTENING).ok_or_else(|| format!("it says {line:?}"))?;
        Ok(Server { address: address.to_owned(), child })
    }

    /// Seconds of processor time that the process has used.
    fn processor_seconds(&self) -> Option<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).ok()?;
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
        let mut ticks = || fields.next()?.parse::<f64>().ok();
        Some((ticks()? + ticks()?) / 100.0)
    }
}

/// What one turn gave.
#[derive(Clone, Copy)]
struct Turn {
    rate: f64,
    processor_micros: f64,
}

async fn compare(binary: &str) -> Result<(), Failure> {
    let mut command = Command::new(binary);
    command.args(["serve", "--port", "0", "--in-memory", "--execution-log", "none"]);
    let stepwright = Server::start(command)?;
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(BARE);
    let bare = Server::start(command)?;
    let created = call(
        &stepwright.address,
        "CreateStateMachine",
        &json!({
            "name": "bench",
            "definition": definition().to_string(),
            "roleArn": "arn:aws:iam::000000000000:role/bench",
            "type": "EXPRESS",
        }),
    )
    .await?;
    let body =
        json!({"stateMachineArn": created["stateMachineArn"], "input": r#"{"order":"o-1","items":[1,2,3]}"#});
    let mut sizes = Vec::new();
    for server in [&stepwright, &bare] {
        let answer = call(&server.address, "StartSyncExecution", &body).await?;
        if answer["status"] != "SUCCEEDED" {
            return Err(format!("it answers {answer}").into());
        }
        sizes.push(answer.to_string().len());
    }
    let request = request("StartSyncExecution", &body.to_string());
    let mut turns = [Vec::new(), Vec::new()];
    for _ in 0..TURNS {
        for (server, turns) in [&stepwright, &bare].into_iter().zip(&mut turns) {
            turns.push(measure(server, &request).await?);
        }
    }
    println!(
        "StartSyncExecution of Pass, Choice, Pass, Map of 3, Succeed; {CONNECTIONS} connections kept alive; answers of {} \
         and {} bytes",
        sizes.first().unwrap_or(&0),
        sizes.get(1).unwrap_or(&0)
    );
    let mut best = Vec::new();
    for (name, turns) in ["stepwright", "bare axum"].into_iter().zip(&turns) {
        let all: Vec<String> = turns.iter().map(|turn| format!("{:.0}", turn.rate)).collect();
        let fastest = turns.iter().copied().max_by(|a, b| a.rate.total_cmp(&b.rate)).ok_or("no turn")?;
        println!(
            "  {name:<12}{:>8.0} requests/s   {:>5.0} µs of processor time each   turns: {}",
            fastest.rate,
            fastest.processor_micros,
            all.join(", ")
        );
        best.push(fastest.rate);
    }
    let ratio = best.first().ok_or("no turn")? / best.get(1).ok_or("no turn")?;
    println!("  {ratio:.2} of the bare endpoint's rate; {LEAST} is the least");
    if ratio < LEAST { Err("too slow".into()) } else { Ok(()) }
}

/// Keeps every connection busy for the measured time.
async fn measure(server: &Server, request: &str) -> Result<Turn, Failure> {
    let begin = Instant::now() + WARM_UP;
    let end = begin + MEASURED;
    let clients: Vec<_> = (0..CONNECTIONS)
        .map(|_| tokio::spawn(keep_asking(server.address.clone(), request.to_owned(), begin, end)))
        .collect();
    tokio::time::sleep_until(begin.into()).await;
    let before = server.processor_seconds();
    tokio::time::sleep_until(end.into()).await;
    let after = server.processor_seconds();
    let mut count = 0_u32;
    for client in clients {
        count += client.await??;
    }
    let used = before.zip(after).map_or(f64::NAN, |(before, after)| after - before);
    Ok(Turn {
        rate: f64::from(count) / MEASURED.as_secs_f64(),
        processor_micros: used * 1e6 / f64::from(count.max(1)),
    })
}

async fn keep_asking(address: String, request: String, begin: Instant, end: Instant) -> Result<u32, Failure> {
    let mut stream = TcpStream::connect(&address).await?;
    stream.set_nodelay(true)?;
    let mut buffer = Vec::with_capacity(4096);
    let mut count = 0;
    loop {
        stream.write_all(request.as_bytes()).await?;
        let (head, _) = read_answer(&mut stream, &mut buffer).await?;
        if !head.starts_with("HTTP/1.1 200") {
            return Err(format!("it answers {head}").into());
        }
        let now = Instant::now();
        if now >= end {
            return Ok(count);
        }
        count += u32::from(now >= begin);
    }
}

async fn call(address: &str, operation: &str, body: &Value) -> Result<Value, Failure> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(request(operation, &body.to_string()).as_bytes()).await?;
    let (_, body) = read_answer(&mut stream, &mut Vec::new()).await?;
    Ok(serde_json::from_slice(&body)?)
}

fn request(operation: &str, body: &str) -> String {
    format!(
        "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-amz-json-1.0\r\n\
         x-amz-target: AWSStepFunctions.{operation}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// The head and the body of the next answer.
async fn read_answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<(String, Vec<u8>), Failure> {
    buffer.clear();
    loop {
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(buffer.get(..end).unwrap_or_default()).into_owned();
            let length = head
                .lines()
                .filter_map(|line| line.split_once(':'))
                .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
                .and_then(|(_, value)| value.trim().parse::<usize>().ok())
                .unwrap_or(0);
            if let Some(body) = buffer.get(end + 4..end + 4 + length) {
                return Ok((head, body.to_vec()));
            }
        }
        if stream.read_buf(buffer).await? == 0 {
            return Err("the connection ended".into());
        }
    }
}

fn definition() -> Value {
    json!({
        "StartAt": "Take",
        "States": {
            "Take": {"Type": "Pass", "Result": 3, "ResultPath": "$.total", "Next": "IsOrder"},
            "IsOrder": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.total", "NumericGreaterThan": 0, "Next": "Note"}],
                "Default": "Done",
            },
            "Note": {"Type": "Pass", "Next": "Ship"},
            "Ship": {
                "Type": "Map",
                "ItemsPath": "$.items",
                "ItemProcessor": {"StartAt": "One", "States": {"One": {"Type": "Pass", "End": true}}},
                "ResultPath": "$.shipped",
                "Next": "Done",
            },
            "Done": {"Type": "Succeed"},
        },
    })
}
