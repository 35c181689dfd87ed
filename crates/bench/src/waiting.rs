//! Executions that wait: what each takes in memory, and how soon a server that is started again answers with all of them.

use crate::client::{Client, run};
use crate::rows::Rows;
use crate::server::{Scratch, Server, folder_size};
use crate::{Failure, local, workflows};
use model::StateMachineType;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::{EmbeddedOptions, EmbeddedStore};

/// Those among them that are due soon after the restart.
const DUE_SOON: u64 = 1000;
const SOON_SECONDS: u64 = 20;
const LONG_SECONDS: u64 = 7 * 24 * 60 * 60;
const PATIENCE: Duration = Duration::from_secs(300);

pub(crate) fn measure(rows: &mut Rows, binary: &Path, scratch: &Scratch, count: u64) -> Result<(), Failure> {
    let (folder, empty) = (scratch.folder()?, scratch.folder()?);
    let (data, none) = (folder.path().join("data"), empty.path().join("data"));
    let begun = Instant::now();
    fill(&data, count)?;
    eprintln!("bench: {count} executions wait after {:.0} s", begun.elapsed().as_secs_f64());
    let server = Server::stepwright(binary, Some(&data))?;
    let idle = Server::stepwright(binary, Some(&none))?;
    let answered = run(first_answer(&server))?;
    let of_idle = run(first_answer(&idle))?;
    let ready = |server: &Server, answered: Duration| (server.ready_after + answered).as_secs_f64();
    rows.add(
        format!("restart_with_{count}_waiting"),
        (ready(&server, answered), "s to first answer"),
        (ready(&idle, of_idle), "with none"),
    );
    let all_due = run(until_soon_ended(&server))?;
    let beside = (SOON_SECONDS as f64, "their own wait");
    rows.add(format!("{DUE_SOON}_due_after_restart"), (all_due, "s until all ended"), beside);
    // By now all of them were taken up.
    std::thread::sleep(Duration::from_secs(2));
    rows.add(
        "memory_per_waiting_execution",
        ((server.memory()? - idle.memory()?) / count as f64, "bytes"),
        (folder_size(&data)? as f64 / count as f64, "its bytes on the disk"),
    );
    Ok(())
}

/// Starts the executions, in this process.
fn fill(data: &Path, count: u64) -> Result<(), Failure> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let store = EmbeddedStore::open(data, &EmbeddedOptions::default())?;
        let engine = local::boot(Arc::new(store)).await?;
        for (name, seconds, count) in
            [("long", LONG_SECONDS, count.saturating_sub(DUE_SOON)), ("soon", SOON_SECONDS, DUE_SOON)]
        {
            let machine =
                local::create(&engine, name, &workflows::wait(seconds), StateMachineType::Standard).await?;
            local::start_many(&engine, &machine, count, name, "{}").await?;
        }
        engine.shutdown(Duration::from_secs(10)).await;
        Ok(())
    })
}

async fn first_answer(server: &Server) -> Result<Duration, Failure> {
    let begun = Instant::now();
    let mut client = Client::connect(&server.address).await?;
    client.call("ListStateMachines", &json!({})).await?;
    Ok(begun.elapsed())
}

/// Seconds until none of those that are due soon runs any more; all of them must have succeeded.
async fn until_soon_ended(server: &Server) -> Result<f64, Failure> {
    let begun = Instant::now();
    let mut client = Client::connect(&server.address).await?;
    let arn = "arn:aws:states:us-east-1:000000000000:stateMachine:soon";
    let query =
        |status: &str| json!({"stateMachineArn": arn, "statusFilter": status, "maxResults": DUE_SOON});
    loop {
        let answer = client.call("ListExecutions", &query("SUCCEEDED")).await?;
        let ended = answer["executions"].as_array().map_or(0, Vec::len) as u64;
        if ended == DUE_SOON {
            return Ok(begun.elapsed().as_secs_f64());
        }
        if begun.elapsed() > PATIENCE {
            let running: Value = client.call("ListExecutions", &query("RUNNING")).await?;
            return Err(format!("only {ended} ended, and these run: {running}").into());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
