//! A payload through a thousand Pass states: a large one beside a small one.

use crate::client::run;
use crate::rows::{Rows, median};
use crate::server::memory_of;
use crate::{Failure, local, workflows};
use engine::Engine;
use json::Payload;
use model::{ExecutionArn, StateMachineType};
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;
use store::{EmbeddedOptions, EmbeddedStore};

/// Runs executions with an input of a size, and prints milliseconds and bytes of memory: `--passes BYTES`.
pub(crate) const FLAG: &str = "--passes";
const STATES: usize = 1000;
const EXECUTIONS: u64 = 20;

pub(crate) fn measure(rows: &mut Rows) -> Result<(), Failure> {
    let (mut small, mut large) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        small.push(in_a_process(1_000)?);
        large.push(in_a_process(100_000)?);
    }
    let time = |runs: &[(f64, f64)]| median(runs.iter().map(|run| run.0).collect());
    let memory = |runs: &[(f64, f64)]| median(runs.iter().map(|run| run.1).collect());
    let beside = "1 KB through as many";
    rows.add("payload_100_kb_1000_passes_time", (time(&large), "ms"), (time(&small), beside));
    rows.add("payload_100_kb_1000_passes_memory", (memory(&large), "bytes"), (memory(&small), beside));
    Ok(())
}

fn in_a_process(bytes: usize) -> Result<(f64, f64), Failure> {
    let output = Command::new(std::env::current_exe()?).arg(FLAG).arg(bytes.to_string()).output()?;
    let text = String::from_utf8(output.stdout)?;
    let mut figures = text.split_whitespace().filter_map(|figure| figure.parse::<f64>().ok());
    figures.next().zip(figures.next()).ok_or_else(|| format!("it says {text:?}").into())
}

pub(crate) fn run_here() -> Result<(), Failure> {
    let bytes = std::env::args().nth(2).and_then(|bytes| bytes.parse().ok()).unwrap_or(1_000);
    let input = workflows::input(bytes);
    let folder = tempfile::tempdir()?;
    run(async {
        let store = EmbeddedStore::open(folder.path(), &EmbeddedOptions::default())?;
        let engine = local::boot(Arc::new(store)).await?;
        let definition = workflows::passes(STATES);
        let machine = local::create(&engine, "passes", &definition, StateMachineType::Standard).await?;
        let one = async |name: String| -> Result<(), Failure> {
            let request = local::request(&machine, Some(name), Payload::from_text(input.as_str())?);
            let started = engine.start_execution(request).await?;
            until_ended(&engine, &started.arn).await
        };
        one("first".to_owned()).await?;
        let begun = Instant::now();
        for number in 0..EXECUTIONS {
            one(number.to_string()).await?;
        }
        let took = begun.elapsed().as_secs_f64() * 1000.0 / EXECUTIONS as f64;
        println!("{took} {}", memory_of("self")?);
        Ok(())
    })
}

async fn until_ended(engine: &Engine, arn: &ExecutionArn) -> Result<(), Failure> {
    let ended = engine.ended(arn).await?.ok_or("it is gone")?;
    if ended.output.is_none() { Err(format!("it ended as {:?}", ended.status).into()) } else { Ok(()) }
}
