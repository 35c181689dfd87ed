//! Express executions of five states (Pass, Choice, Pass, Map of 3, Succeed) in process, on one thread: how many a second
//! and core.
//!
//! `cargo run --release -p stepwright-engine --example express_bench [SECONDS] [KEPT]`; `KEPT` says how many of those that
//! ended can be looked at. With `--count N` it runs exactly N and prints nothing, for whoever counts instructions.

#![allow(clippy::print_stdout, reason = "an example prints its results")]

use engine::{CreateOutcome, Engine, EngineConfig, StartExecution, StateMachine};
use json::Payload;
use model::{ExecutionStatus, Partition, StartedThrough, StateMachineStatus, StateMachineType, Timestamp};
use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::MemoryStore;
use tasks::{TaskLimits, Tasks};

/// The binary's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const DEFINITION: &str = r#"{"StartAt": "Take", "States": {
    "Take": {"Type": "Pass", "Result": 3, "ResultPath": "$.total", "Next": "IsOrder"},
    "IsOrder": {"Type": "Choice", "Choices": [{"Variable": "$.total", "NumericGreaterThan": 0, "Next": "Note"}], "Default": "Done"},
    "Note": {"Type": "Pass", "Next": "Ship"},
    "Ship": {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": {"StartAt": "One", "States": {"One": {"Type": "Pass", "End": true}}},
        "ResultPath": "$.shipped", "Next": "Done"},
    "Done": {"Type": "Succeed"}}}"#;
const INPUT: &str = r#"{"order":"o-1","items":[1,2,3]}"#;
const OUTPUT: &str = r#"{"order":"o-1","items":[1,2,3],"total":3,"shipped":[1,2,3]}"#;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize| arguments.get(at).and_then(|text| text.parse::<u64>().ok());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        if arguments.first().is_some_and(|flag| flag == "--count") {
            let (engine, machine) = boot(None).await?;
            return run(&engine, &machine, number(1).unwrap_or(1000)).await;
        }
        let (engine, machine) = boot(number(1)).await?;
        let end = Duration::from_secs(number(0).unwrap_or(2));
        run(&engine, &machine, 10_000).await?;
        let (begun, mut count) = (Instant::now(), 0_u64);
        while begun.elapsed() < end {
            run(&engine, &machine, 1000).await?;
            count += 1000;
        }
        println!("{:.0} executions/s", count as f64 / begun.elapsed().as_secs_f64());
        Ok(())
    })
}

async fn boot(kept: Option<u64>) -> Result<(Engine, Arc<StateMachine>), Box<dyn Error>> {
    let mut config = EngineConfig::new(Partition::of("us-east-1", "000000000000"));
    if let Some(kept) = kept {
        config.kept_express_executions = usize::try_from(kept)?;
    }
    let tasks = Tasks::new(None, None, TaskLimits::default());
    let engine = Engine::open(config, Arc::new(MemoryStore::new()), Arc::new(tasks)).await?;
    let machine_type = StateMachineType::Express;
    let compiled = asl::compile(DEFINITION, machine_type).map_err(|refused| format!("{refused:?}"))?;
    let machine = StateMachine {
        arn: engine.partition().state_machine("bench"),
        name: "bench".into(),
        machine_type,
        definition_text: DEFINITION.into(),
        definition: Arc::new(compiled.definition),
        role_arn: "arn:aws:iam::000000000000:role/bench".into(),
        logging_configuration: None,
        tracing_configuration: None,
        encryption_configuration: None,
        tags: Vec::new(),
        created_at: Timestamp(0),
        updated_at: None,
        revision_id: None,
        status: StateMachineStatus::Active,
        revision: 0,
    };
    match engine.machines().create(machine).await? {
        CreateOutcome::Created(machine) | CreateOutcome::Exists(machine) => Ok((engine, machine)),
    }
}

async fn run(engine: &Engine, machine: &Arc<StateMachine>, count: u64) -> Result<(), Box<dyn Error>> {
    for _ in 0..count {
        let request = StartExecution {
            machine: machine.clone(),
            through: StartedThrough::default(),
            name: None,
            input: Payload::from_text(INPUT)?,
            trace_header: None,
            test_case: None,
        };
        let ended = engine.start_sync_execution(request).await?;
        if ended.status != ExecutionStatus::Succeeded
            || ended.output.as_ref().is_none_or(|it| &**it.text() != OUTPUT)
        {
            return Err(format!("it ended as {:?} with {:?}", ended.status, ended.output).into());
        }
    }
    Ok(())
}
