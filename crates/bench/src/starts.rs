//! StartExecution of five states, each answered once it is on the disk and run to its end, beside the bare store's commits of
//! as many bytes.

use crate::client::{Client, Seen, keep_busy, request, run};
use crate::rows::{Rows, percentile};
use crate::server::{Scratch, Server, folder_size, pin_as_server, pin_load_generator, unpin};
use crate::{Failure, workflows};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::{Batch, EmbeddedOptions, EmbeddedStore, GroupCommit, GroupCommitOptions, KeyWriter, Table};

const CONNECTIONS: u64 = 64;
const END_PATIENCE: Duration = Duration::from_secs(20);

/// What StartExecution did in a data directory of its own.
pub(crate) struct Starts {
    pub(crate) seen: Seen,
    /// Bytes on the disk of each execution.
    pub(crate) bytes: f64,
}

pub(crate) fn measure(
    rows: &mut Rows,
    binary: &Path,
    previous: Option<&Path>,
    scratch: &Scratch,
    seconds: Duration,
) -> Result<(), Failure> {
    for (name, bytes) in [("", 200), (" 10 KB", 10_000), (" 200 KB", 200_000)] {
        let input = workflows::input(bytes);
        let ours = starts(binary, scratch, &input, seconds)?;
        let beside = "the bare store's commits of as many bytes";
        let bare = bare_commits(scratch, ours.bytes, seconds)?;
        rows.add(
            format!("standard_starts_per_second{name}"),
            (ours.seen.per_second(), "starts/s"),
            (bare.per_second(), beside),
        );
        let worst = (percentile(&ours.seen.took, 0.99), "ms, p99");
        rows.add(format!("standard_start_full_load{name}"), worst, (percentile(&bare.took, 0.99), beside));
        let of_input = (input.len() as f64, "bytes of its input");
        rows.add(format!("disk_per_execution{name}"), (ours.bytes, "bytes"), of_input);
        if let Some(previous) = previous {
            let earlier = starts(previous, scratch, &input, seconds)?;
            rows.add(
                format!("standard_starts_vs_previous{name}"),
                (ours.seen.per_second(), "starts/s"),
                (earlier.seen.per_second(), "the earlier binary"),
            );
        }
    }
    Ok(())
}

fn starts(binary: &Path, scratch: &Scratch, input: &str, measured: Duration) -> Result<Starts, Failure> {
    let folder = scratch.folder()?;
    let data = folder.path().join("data");
    let server = Server::stepwright(binary, Some(&data))?;
    pin_load_generator();
    let (seen, count) = run(async {
        let arn = create(&server, &workflows::five_states()).await?;
        let (of, input) = (arn.clone(), input.to_owned());
        let warm_up = Duration::from_millis(300);
        let seen = keep_busy(&server.address, CONNECTIONS, warm_up, measured, move |client, count| {
            start_request(&of, &format!("{client}-{count}"), &input)
        });
        let seen = seen.await?;
        until_all_ended(&server, &arn).await?;
        let all = seen.per_second() * (warm_up + measured).as_secs_f64();
        Ok((seen, all))
    })?;
    unpin();
    server.shut_down()?;
    Ok(Starts { seen, bytes: folder_size(&data)? as f64 / count })
}

pub(crate) async fn create(server: &Server, definition: &str) -> Result<String, Failure> {
    let mut client = Client::connect(&server.address).await?;
    let created =
        client.call("CreateStateMachine", &workflows::machine("bench", definition, "STANDARD")).await?;
    Ok(created["stateMachineArn"].as_str().ok_or("no ARN")?.to_owned())
}

pub(crate) fn start_request(arn: &str, name: &str, input: &str) -> Vec<u8> {
    let body = json!({"stateMachineArn": arn, "name": name, "input": input});
    request("StartExecution", &body.to_string())
}

async fn until_all_ended(server: &Server, arn: &str) -> Result<(), Failure> {
    let mut client = Client::connect(&server.address).await?;
    let end = Instant::now() + END_PATIENCE;
    let running = json!({"stateMachineArn": arn, "statusFilter": "RUNNING"});
    while client.call("ListExecutions", &running).await?["executions"] != Value::Array(Vec::new()) {
        if Instant::now() > end {
            return Err("executions are still running: the server does not keep up with its clients".into());
        }
    }
    let failed = json!({"stateMachineArn": arn, "statusFilter": "FAILED"});
    match &client.call("ListExecutions", &failed).await?["executions"] {
        Value::Array(failed) if failed.is_empty() => Ok(()),
        failed => Err(format!("executions failed: {failed}").into()),
    }
}

/// Commits of batches of so many bytes, in as many clients as there were.
pub(crate) fn bare_commits(scratch: &Scratch, bytes: f64, measured: Duration) -> Result<Seen, Failure> {
    commits_at(scratch, bytes, None, measured)
}

/// The same at a set rate, where one is given.
pub(crate) fn commits_at(
    scratch: &Scratch,
    bytes: f64,
    per_second: Option<f64>,
    measured: Duration,
) -> Result<Seen, Failure> {
    let folder = scratch.folder()?;
    // Its threads stay where they are begun.
    pin_as_server();
    let store = EmbeddedStore::open(folder.path().join("data"), &EmbeddedOptions::default())?;
    let commits = Arc::new(GroupCommit::start(Arc::new(store), &GroupCommitOptions::default())?);
    let pause = per_second.map(|rate| Duration::from_secs_f64(CONNECTIONS as f64 / rate));
    let seen = run(async {
        let begin = Instant::now() + Duration::from_millis(100);
        let clients: Vec<_> = (0..CONNECTIONS)
            .map(|client| {
                let commits = commits.clone();
                tokio::spawn(async move {
                    let mut took = Vec::new();
                    let mut due =
                        begin + pause.unwrap_or_default().mul_f64(client as f64 / CONNECTIONS as f64);
                    for count in 0_u64.. {
                        let now = Instant::now();
                        let wanted = if pause.is_some() { due } else { now };
                        if wanted >= begin + measured {
                            break;
                        }
                        if wanted > now {
                            tokio::time::sleep_until(wanted.into()).await;
                        }
                        // As of the server's clients: what is late counts from when it was due.
                        let begun = if wanted < now { wanted } else { Instant::now() };
                        commits.enqueue(batch(client, count, bytes)).await?.await?;
                        if begun >= begin {
                            took.push(begun.elapsed().as_secs_f64() * 1000.0);
                        }
                        due += pause.unwrap_or_default();
                    }
                    Ok::<_, Failure>(took)
                })
            })
            .collect();
        let mut took = Vec::new();
        for client in clients {
            took.append(&mut client.await??);
        }
        took.sort_by(f64::total_cmp);
        Ok(Seen { took, measured })
    });
    unpin();
    seen
}

/// Five records, as an execution that runs through at once has, of so many bytes altogether.
fn batch(client: u64, count: u64, bytes: f64) -> Batch {
    const RECORDS: usize = 5;
    let mut batch = Batch::new();
    let key = format!("arn:aws:states:us-east-1:000000000000:execution:bench:{client}-{count}");
    // Sizes of payloads: far below what a usize holds.
    let value = (bytes as usize / RECORDS).saturating_sub(key.len());
    // Nothing that the disk could make smaller.
    let noise = |record: u64| {
        let mut state = (client << 40 | count << 8 | record).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let next = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state as u8
        };
        std::iter::repeat_with(next).take(value).collect::<Vec<u8>>()
    };
    for record in 0..RECORDS as u64 {
        batch.put(Table::Facts, KeyWriter::new().text(&key).u64(record).finish(), noise(record));
    }
    batch
}
