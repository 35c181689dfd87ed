//! Express executions of five states in process, on one thread: how many a second and core, beside the machine alone.

use crate::client::run;
use crate::rows::{Rows, median};
use crate::{Failure, local, workflows};
use asl::Definition;
use engine::{Engine, StateMachine};
use json::Payload;
use machine::{About, Execution, Outside, Stimulus};
use model::{ExecutionArn, ExecutionStatus, StartedThrough, StateMachineArn, StateMachineType, Timestamp};
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::MemoryStore;

/// Runs a number of executions and prints nothing, for whoever counts instructions: `--count-in-process 5000`.
pub(crate) const FLAG: &str = "--count-in-process";
const TURNS: usize = 5;
const OUTPUT: &str = r#"{"order":"o-1","items":[1,2,3],"total":3,"shipped":[1,2,3]}"#;
const INPUT: &str = r#"{"order":"o-1","items":[1,2,3]}"#;

pub(crate) fn count_here() -> Result<(), Failure> {
    let count = std::env::args().nth(2).and_then(|count| count.parse().ok()).unwrap_or(1000);
    run(async {
        let (engine, machine) = boot().await?;
        engine_runs(&engine, &machine, count).await
    })
}

pub(crate) fn measure(rows: &mut Rows, seconds: Duration) -> Result<(), Failure> {
    run(async {
        let (engine, machine) = boot().await?;
        let compiled = asl::compile(&workflows::five_states(), StateMachineType::Express);
        let definition = compiled.map_err(|refused| format!("{refused:?}"))?.definition;
        engine_runs(&engine, &machine, 20_000).await?;
        let (mut ours, mut alone) = (Vec::new(), Vec::new());
        for _ in 0..TURNS {
            let end = seconds.mul_f64(1.0 / TURNS as f64);
            let (begun, mut count) = (Instant::now(), 0);
            while begun.elapsed() < end {
                engine_runs(&engine, &machine, 500).await?;
                count += 500;
            }
            ours.push(count as f64 / begun.elapsed().as_secs_f64());
            let (begun, mut count) = (Instant::now(), 0);
            while begun.elapsed() < end {
                for _ in 0..500 {
                    machine_runs(&definition)?;
                }
                count += 500;
            }
            alone.push(count as f64 / begun.elapsed().as_secs_f64());
        }
        let value = (median(ours), "executions/s");
        rows.add(
            "express_in_process_per_core",
            value,
            (median(alone), "the machine alone, without the engine"),
        );
        Ok(())
    })
}

async fn boot() -> Result<(Engine, Arc<StateMachine>), Failure> {
    let engine = local::boot(Arc::new(MemoryStore::new())).await?;
    let definition = workflows::five_states();
    let machine = local::create(&engine, "express", &definition, StateMachineType::Express).await?;
    Ok((engine, machine))
}

async fn engine_runs(engine: &Engine, machine: &Arc<StateMachine>, count: u64) -> Result<(), Failure> {
    for _ in 0..count {
        let request = local::request(machine, None, Payload::from_text(INPUT)?);
        let ended = engine.start_sync_execution(request).await?;
        if ended.output.as_ref().is_none_or(|output| &**output.text() != OUTPUT) {
            return Err(format!("it ended as {:?} with {:?}", ended.status, ended.output).into());
        }
    }
    Ok(())
}

struct Zeros;

impl expr::Entropy for Zeros {
    fn next_u64(&mut self) -> u64 {
        0
    }
}

fn machine_runs(definition: &Definition) -> Result<(), Failure> {
    let about = About {
        arn: ExecutionArn("arn:aws:states:us-east-1:000000000000:express:express:name:unique".into()),
        state_machine_arn: StateMachineArn(
            "arn:aws:states:us-east-1:000000000000:stateMachine:express".into(),
        ),
        role_arn: "arn:aws:iam::000000000000:role/bench".into(),
        region: "us-east-1".into(),
        started_at: Timestamp(0),
        deadline: Timestamp(300_000),
        is_synchronous: true,
    };
    let input = Payload::from_text(INPUT)?;
    let stimulus = Stimulus::Start { about, input, through: StartedThrough::default() };
    let mut entropy = Zeros;
    let outside = Outside { now: Timestamp(0), entropy: &mut entropy, activity_exists: &|_| false };
    let mut execution = Execution::new();
    machine::decide(&mut execution, definition, stimulus, outside);
    let output = execution.output.as_ref().map(|output| output.text().clone());
    if execution.status == ExecutionStatus::Succeeded && output.is_some_and(|output| &*output == OUTPUT) {
        return Ok(());
    }
    Err(format!("it ended as {:?}", execution.status).into())
}
