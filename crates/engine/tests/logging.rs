//! What the log of executions is given.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use engine::{CreateOutcome, EngineConfig, StateMachine};
use logs::{ExecutionLog, LogEntry};
use model::{ExecutionStatus, StateMachineType};
use std::sync::{Arc, Mutex};
use support::{Bed, Process, request, wait};

on_both_stores!(
    a_level_lets_through_what_it_names,
    an_express_execution_logs_as_a_standard_one_does,
    what_does_not_become_durable_is_not_logged,
    an_execution_goes_on_logging_after_a_restart,
);

const FAILS: &str = r#"{"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "E", "Cause": "C"}}}"#;
const PASSES: &str = r#"{"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}"#;

/// Keeps what it is given.
#[derive(Default)]
struct Kept(Mutex<Vec<LogEntry>>);

impl ExecutionLog for Kept {
    fn is_listening(&self) -> bool {
        true
    }

    fn log(&self, entry: LogEntry) {
        self.0.lock().unwrap().push(entry);
    }
}

impl Kept {
    /// The types of the events that an execution logged.
    fn types(&self, execution: &str) -> Vec<&'static str> {
        let entries = self.0.lock().unwrap();
        let of_execution = entries.iter().filter(|entry| &*entry.execution_arn == execution);
        of_execution.flat_map(|entry| &entry.events).map(|event| event.details.type_name()).collect()
    }

    fn is_empty(&self) -> bool {
        self.0.lock().unwrap().is_empty()
    }
}

fn boot(bed: &Bed) -> (Process, Arc<Kept>) {
    let kept = Arc::new(Kept::default());
    let log: Arc<dyn ExecutionLog> = kept.clone();
    (bed.boot_with(EngineConfig { log, ..bed.config.clone() }), kept)
}

fn create(
    process: &Process,
    name: &str,
    definition: &str,
    level: &str,
    machine_type: StateMachineType,
) -> Arc<StateMachine> {
    let configuration = format!(
        r#"{{"level": "{level}", "includeExecutionData": true, "destinations":
            [{{"cloudWatchLogsLogGroup": {{"logGroupArn": "arn:aws:logs:us-east-1:0:log-group:g:*"}}}}]}}"#
    );
    let machine = StateMachine {
        machine_type,
        logging_configuration: Some(json::parse(&configuration).unwrap()),
        ..process.machine(name, definition)
    };
    match process.run(process.engine.machines().create(machine)).unwrap() {
        CreateOutcome::Created(machine) => machine,
        CreateOutcome::Exists(_) => panic!("{name} exists already"),
    }
}

fn a_level_lets_through_what_it_names(bed: &Bed) {
    let (process, kept) = boot(bed);
    let logged = |level: &str, definition: &str| {
        let name = format!("{level}-{}", definition.len());
        let machine = create(&process, &name, definition, level, StateMachineType::Standard);
        let arn = process.start(&machine, "e");
        process.ended(&arn);
        // Logging comes behind the answer; the next execution of the same shard comes behind both.
        (process.types(&arn), arn)
    };
    let (whole, arn) = logged("ALL", FAILS);
    process.until("all events", || kept.types(&arn.0) == whole);
    let (_, arn) = logged("ERROR", FAILS);
    process.until("the failure", || kept.types(&arn.0) == ["FailStateEntered", "ExecutionFailed"]);
    let (_, arn) = logged("FATAL", FAILS);
    process.until("the end", || kept.types(&arn.0) == ["ExecutionFailed"]);
    let quiet: Vec<_> = [("ERROR", PASSES), ("FATAL", PASSES), ("OFF", PASSES), ("OFF", FAILS)]
        .map(|(level, definition)| logged(level, definition).1)
        .into();
    process.shut_down(std::time::Duration::from_secs(5));
    for arn in quiet {
        assert!(kept.types(&arn.0).is_empty(), "{arn}");
    }
}

fn an_express_execution_logs_as_a_standard_one_does(bed: &Bed) {
    let (process, kept) = boot(bed);
    let machine = create(&process, "m", PASSES, "ALL", StateMachineType::Express);
    let ended = process.run(process.engine.start_sync_execution(request(&machine, "e", "{}"))).unwrap();
    assert_eq!(ended.status, ExecutionStatus::Succeeded);
    assert_eq!(
        kept.types(&ended.arn.0),
        ["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"]
    );
}

fn what_does_not_become_durable_is_not_logged(bed: &Bed) {
    let (process, kept) = boot(bed);
    let machine = create(&process, "m", PASSES, "ALL", StateMachineType::Standard);
    process.store.die();
    assert!(process.run(process.engine.start_execution(request(&machine, "e", "{}"))).is_err());
    assert!(kept.is_empty());
}

fn an_execution_goes_on_logging_after_a_restart(bed: &Bed) {
    let (process, kept) = boot(bed);
    let machine = create(&process, "m", &wait(1), "ALL", StateMachineType::Standard);
    let arn = process.start(&machine, "e");
    process.until("its beginning", || kept.types(&arn.0) == ["ExecutionStarted", "WaitStateEntered"]);
    process.kill();
    let (process, kept) = boot(bed);
    process.ended(&arn);
    process.until("its end", || kept.types(&arn.0) == ["WaitStateExited", "ExecutionSucceeded"]);
}
