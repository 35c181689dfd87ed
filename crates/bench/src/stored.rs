//! A store full of executions that have ended: what StartExecution, ListExecutions and GetExecutionHistory cost beside the
//! same on a store with few, and how long reading it up takes.

use crate::client::{Client, keep_busy, run};
use crate::rows::{Rows, median, percentile};
use crate::server::{Scratch, Server, folder_size, pin_load_generator, unpin};
use crate::starts::{create, start_request};
use crate::{Failure, local, workflows};
use model::StateMachineType;
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::{EmbeddedOptions, EmbeddedStore};

const FEW: u64 = 1000;
const CONNECTIONS: u64 = 64;
const EVENTS: f64 = 26.0;

pub(crate) fn measure(
    rows: &mut Rows,
    binary: &Path,
    scratch: &Scratch,
    count: u64,
    seconds: Duration,
) -> Result<(), Failure> {
    let (folder, empty) = (scratch.folder()?, scratch.folder()?);
    let (full, few) = (folder.path().join("data"), empty.path().join("data"));
    let begun = Instant::now();
    fill(&full, count)?;
    let took = begun.elapsed().as_secs_f64();
    eprintln!("bench: {count} executions are stored after {took:.0} s ({:.0}/s)", count as f64 / took);
    fill(&few, FEW)?;
    let size = folder_size(&full)? as f64 / count as f64;
    rows.add(
        format!("disk_per_stored_execution_of_{count}"),
        (size, "bytes"),
        (folder_size(&few)? as f64 / FEW as f64, format!("with {FEW}")),
    );
    let [of_full, of_few] = [&full, &few].map(|data| Server::stepwright(binary, Some(data)));
    let (of_full, of_few) = (of_full?, of_few?);
    let million_events = count as f64 * EVENTS / 1e6;
    rows.add(
        format!("start_with_{count}_stored_per_million_events"),
        (of_full.ready_after.as_secs_f64() * 1000.0 / million_events, "ms"),
        (of_few.ready_after.as_secs_f64() * 1000.0, format!("a start with {FEW}")),
    );
    pin_load_generator();
    let figures = [read(&of_full)?, read(&of_few)?];
    let beside = format!("with {FEW} stored");
    let [with_full, with_few] = figures;
    rows.add(format!("list_executions_at_{count}"), (with_full.list, "ms"), (with_few.list, &*beside));
    rows.add(
        format!("get_execution_history_at_{count}"),
        (with_full.history, "ms"),
        (with_few.history, &*beside),
    );
    let (mut slow, mut fast) = (Vec::new(), Vec::new());
    for turn in 0..3 {
        slow.push(start_rate(&of_full, turn, seconds)?);
        fast.push(start_rate(&of_few, turn, seconds)?);
    }
    unpin();
    let value = (median(slow), "starts/s");
    rows.add(format!("standard_starts_at_{count}"), value, (median(fast), beside));
    Ok(())
}

fn fill(data: &Path, count: u64) -> Result<(), Failure> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let store = EmbeddedStore::open(data, &EmbeddedOptions::default())?;
        let engine = local::boot(Arc::new(store)).await?;
        let definition = workflows::five_states();
        let machine = local::create(&engine, "stored", &definition, StateMachineType::Standard).await?;
        local::start_many(&engine, &machine, count, "e", &workflows::input(200)).await?;
        engine.shutdown(Duration::from_secs(10)).await;
        Ok(())
    })
}

struct Read {
    list: f64,
    history: f64,
}

/// Milliseconds of a first page, each in the median of many; the executions read are spread over all there are.
fn read(server: &Server) -> Result<Read, Failure> {
    run(async {
        let mut client = Client::connect(&server.address).await?;
        let arn = "arn:aws:states:us-east-1:000000000000:stateMachine:stored";
        let mut list = Vec::new();
        let mut found = Vec::new();
        let mut token = json!(null);
        for _ in 0..40 {
            let begun = Instant::now();
            let page = client.call("ListExecutions", &json!({"stateMachineArn": arn})).await?;
            list.push(begun.elapsed().as_secs_f64() * 1000.0);
            // Further pages only serve to find executions of some age.
            let next =
                client.call("ListExecutions", &json!({"stateMachineArn": arn, "nextToken": token})).await;
            let next = next.unwrap_or(page);
            token = next["nextToken"].clone();
            found.extend(next["executions"][0]["executionArn"].as_str().map(str::to_owned));
        }
        let mut history = Vec::new();
        for arn in &found {
            let begun = Instant::now();
            let page = client.call("GetExecutionHistory", &json!({"executionArn": arn})).await?;
            history.push(begun.elapsed().as_secs_f64() * 1000.0);
            if page["events"].as_array().map_or(0, Vec::len) < 20 {
                return Err(format!("a history of {page}").into());
            }
        }
        history.sort_by(f64::total_cmp);
        Ok(Read { list: median(list), history: percentile(&history, 0.5) })
    })
}

fn start_rate(server: &Server, turn: usize, measured: Duration) -> Result<f64, Failure> {
    run(async {
        let arn = create(server, &workflows::five_states()).await?;
        let input = workflows::input(200);
        let seen = keep_busy(
            &server.address,
            CONNECTIONS,
            Duration::from_millis(300),
            measured,
            move |client, count| start_request(&arn, &format!("{turn}-{client}-{count}"), &input),
        );
        Ok(seen.await?.per_second())
    })
}
