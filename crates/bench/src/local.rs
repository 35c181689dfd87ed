//! An engine in this process.

use crate::Failure;
use engine::{CreateOutcome, Engine, EngineConfig, StartExecution, StateMachine};
use json::Payload;
use model::{Partition, StartedThrough, StateMachineType, Timestamp};
use std::sync::Arc;
use store::Store;
use tasks::{TaskLimits, Tasks};

pub(crate) async fn boot(store: Arc<dyn Store>) -> Result<Engine, Failure> {
    let mut config = EngineConfig::new(Partition::of("us-east-1", "000000000000"));
    config.quotas.open_executions = u64::MAX;
    let tasks = Tasks::new(None, None, TaskLimits::default());
    Ok(Engine::open(config, store, Arc::new(tasks)).await?)
}

pub(crate) async fn create(
    engine: &Engine,
    name: &str,
    definition: &str,
    machine_type: StateMachineType,
) -> Result<Arc<StateMachine>, Failure> {
    let compiled = asl::compile(definition, machine_type).map_err(|refused| format!("{refused:?}"))?;
    let arn = engine.partition().state_machine(name);
    let (compiled, role) = (Arc::new(compiled.definition), "arn:aws:iam::000000000000:role/bench".into());
    let machine = StateMachine::new(arn, machine_type, definition.into(), compiled, role, Timestamp(0));
    match engine.machines().create(machine).await? {
        CreateOutcome::Created(machine) | CreateOutcome::Exists(machine) => Ok(machine),
    }
}

pub(crate) fn request(machine: &Arc<StateMachine>, name: Option<String>, input: Payload) -> StartExecution {
    StartExecution {
        machine: machine.clone(),
        through: StartedThrough::default(),
        name,
        input,
        trace_header: None,
        test_case: None,
    }
}

/// Starts that many executions, many at once.
pub(crate) async fn start_many(
    engine: &Engine,
    machine: &Arc<StateMachine>,
    count: u64,
    prefix: &str,
    input: &str,
) -> Result<(), Failure> {
    const STARTERS: u64 = 512;
    let starters: Vec<_> = (0..STARTERS)
        .map(|starter| {
            let (engine, machine) = (engine.clone(), machine.clone());
            let (prefix, input) = (prefix.to_owned(), input.to_owned());
            tokio::spawn(async move {
                for number in (starter..count).step_by(STARTERS as usize) {
                    let input = Payload::from_text(input.as_str())?;
                    engine
                        .start_execution(request(&machine, Some(format!("{prefix}{number}")), input))
                        .await?;
                }
                Ok::<_, Failure>(())
            })
        })
        .collect();
    for starter in starters {
        starter.await??;
    }
    Ok(())
}
