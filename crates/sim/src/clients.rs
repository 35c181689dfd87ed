//! Those who use the API: clients who start and redrive executions, and the workers of the activity.

use crate::check;
use crate::definitions::ACTIVITY;
use crate::notes::Notes;
use crate::people::People;
use crate::randomness::fate;
use engine::{Engine, EngineError, StartError, StartExecution};
use json::Payload;
use model::ExecutionArn;
use std::sync::Arc;
use std::time::Duration;

/// What a client asks for.
pub(crate) fn request(
    engine: &Engine,
    machine: &str,
    execution: u32,
    input: &str,
) -> Result<StartExecution, EngineError> {
    let arn = engine.partition().state_machine(machine);
    let machine = engine.machines().get(&arn.0)?.ok_or(EngineError::Stopped)?;
    let input = Payload::from_text(input).map_err(|_| EngineError::Stopped)?;
    Ok(StartExecution {
        machine,
        through: model::StartedThrough::default(),
        name: Some(execution.to_string()),
        input,
        trace_header: None,
        test_case: None,
    })
}

/// A client starts an execution.
pub(crate) async fn start(engine: Engine, notes: Arc<Notes>, machine: String, execution: u32, input: String) {
    let Ok(request) = request(&engine, &machine, execution, &input) else { return };
    match engine.start_execution(request).await {
        Ok(started) => {
            notes.lock().started.insert(started.arn.clone(), input);
            // What is acknowledged can be read.
            if let Err(problem) = check::read(&engine, &started.arn, &notes) {
                notes.violation(problem);
            }
        }
        // Nobody can know whether it was started.
        Err(StartError::Engine(_)) => {}
        Err(StartError::MachineDeleted(_)) => {}
        Err(StartError::AlreadyExists(arn)) => {
            if let Err(problem) = check::read(&engine, &arn, &notes) {
                notes.violation(problem);
            }
        }
        Err(error) => notes.violation(format!("execution {execution} of {machine} was refused: {error}")),
    }
}

/// A client redrives an execution; most cannot be.
pub(crate) async fn redrive(engine: Engine, notes: Arc<Notes>, arn: ExecutionArn) {
    if engine.redrive_execution(&arn, None).await.is_ok() {
        *notes.lock().redriven.entry(arn).or_default() += 1;
    }
}

/// A worker of the activity: polls, gives up polling now and then, and passes what it got to people.
pub(crate) async fn work(engine: Engine, notes: Arc<Notes>, people: Arc<People>, seed: u64, worker: usize) {
    let mut rng = fate(seed, ("worker", worker));
    loop {
        let patience = Duration::from_millis(rng.u64(1..30_000));
        let poll = engine.next_activity_task(ACTIVITY, Some(format!("worker-{worker}")));
        let task = match tokio::time::timeout(patience, poll).await {
            Ok(Ok(task)) => task,
            Ok(Err(EngineError::Stopped)) => return,
            // A worker asks again, as SDKs do.
            Ok(Err(_)) => {
                tokio::time::sleep(Duration::from_secs(1)).await;
                continue;
            }
            Err(_) => continue,
        };
        let execution = match task.input.value().get("execution").and_then(json::Value::as_str) {
            Some(execution) => ExecutionArn(execution.into()),
            None => continue,
        };
        let given = {
            let mut noted = notes.lock();
            let given = noted.given.entry(execution.clone()).or_default();
            *given += 1;
            *given
        };
        if let Err(problem) = check::given_are_recorded(&engine, &execution, given) {
            notes.violation(problem);
        }
        people.are_asked(&execution, &task.token, &mut fate(seed, (&execution.0, "worker", given)));
    }
}
