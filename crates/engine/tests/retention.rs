//! Executions that ended long ago are removed.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use engine::{Clock, EngineConfig, StartError};
use model::{ExecutionArn, ExecutionStatus, Failure};
use std::sync::Arc;
use std::time::Duration;
use store::{Direction, KeyRange, Store, Table};
use support::{Ahead, Bed, DAY, Process, request, wait};

on_both_stores!(
    what_was_kept_long_enough_goes_whole,
    what_runs_and_what_ended_lately_stays,
    a_name_can_be_used_again_once_its_execution_is_gone,
    a_redriven_execution_is_kept_from_its_last_end,
    without_retention_everything_stays,
    a_removal_that_was_cut_short_is_finished_by_the_next_process,
    a_store_of_an_earlier_version_is_taken_up,
    a_long_history_goes_in_small_batches,
    children_of_a_map_run_go_with_the_execution_it_belongs_to,
);

const PASSES: &str = r#"{"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}"#;
const FAILS: &str = r#"{"StartAt": "F", "States": {"F": {"Type": "Fail"}}}"#;

fn boot(bed: &Bed, clock: &Arc<Ahead>) -> Process {
    let clock: Arc<dyn Clock> = clock.clone();
    let retention_interval = Duration::from_millis(5);
    bed.boot_with(EngineConfig { clock, retention_interval, ..bed.config.clone() })
}

fn records(process: &Process, table: Table) -> usize {
    process.store.scan(table, KeyRange::all(), Direction::Forward, 10_000).unwrap().records.len()
}

fn is_gone(process: &Process, arn: &ExecutionArn) -> bool {
    process.engine.execution(arn).unwrap().is_none()
}

/// Waits until nothing at all is left of any execution.
fn until_nothing_is_left(process: &Process) {
    process.until("the last record", || {
        const EXECUTIONS: [Table; 7] = [
            Table::Facts,
            Table::ClosedExecutions,
            Table::Executions,
            Table::ExecutionsByMachine,
            Table::MapRuns,
            Table::MapRunChildren,
            Table::MapRunsByExecution,
        ];
        EXECUTIONS.into_iter().all(|table| records(process, table) == 0)
    });
}

fn what_was_kept_long_enough_goes_whole(bed: &Bed) {
    let clock = Arc::default();
    let process = boot(bed, &clock);
    let machine = process.create("m", PASSES);
    let arns: Vec<_> = (0..600).map(|i| process.start(&machine, &format!("e{i}"))).collect();
    for arn in &arns {
        process.ended(arn);
    }
    clock.pass(89);
    assert!(arns.iter().all(|arn| !is_gone(&process, arn)));
    clock.pass(2);
    until_nothing_is_left(&process);
    assert!(arns.iter().all(|arn| is_gone(&process, arn)));
    assert!(process.engine.executions(&machine.arn, None, None, 10).unwrap().items.is_empty());
    assert!(process.history(&arns[0]).is_empty());
    let stopped = process.run(process.engine.stop_execution(&arns[0], Failure::default())).unwrap();
    assert_eq!(stopped, None);
}

fn what_runs_and_what_ended_lately_stays(bed: &Bed) {
    let clock = Arc::default();
    let process = boot(bed, &clock);
    let (passes, waits) = (process.create("m", PASSES), process.create("w", &wait(90_000_000)));
    let old = process.start(&passes, "old");
    let running = process.start(&waits, "running");
    process.ended(&old);
    clock.pass(60);
    let late = process.start(&passes, "late");
    process.ended(&late);
    clock.pass(40);
    process.until("the old one's end", || is_gone(&process, &old));
    assert_eq!(process.types(&late).len(), 4);
    assert_eq!(process.engine.execution(&running).unwrap().unwrap().status, ExecutionStatus::Running);
    assert_eq!(process.types(&running).len(), 2);
}

fn a_name_can_be_used_again_once_its_execution_is_gone(bed: &Bed) {
    let clock = Arc::default();
    let process = boot(bed, &clock);
    let machine = process.create("m", PASSES);
    let arn = process.start(&machine, "e");
    process.ended(&arn);
    let again = process.run(process.engine.start_execution(request(&machine, "e", "{}")));
    assert!(matches!(again, Err(StartError::AlreadyExists(_))));
    clock.pass(91);
    process.until("room for the name", || is_gone(&process, &arn) && records(&process, Table::Facts) == 0);
    process.until("the end of the removal", || records(&process, Table::ClosedExecutions) == 0);
    process.run(async {
        // The name is free a moment after the last record is gone.
        while process
            .engine
            .start_execution(request(&machine, "e", r#"{"second":true}"#))
            .await
            .is_err_and(|error| matches!(error, StartError::AlreadyExists(_)))
        {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
    let record = process.ended(&arn);
    assert_eq!(**record.input.text(), *r#"{"second":true}"#);
    assert_eq!(process.types(&arn).len(), 4);
}

fn a_redriven_execution_is_kept_from_its_last_end(bed: &Bed) {
    let clock = Arc::default();
    let mut config = bed.config.clone();
    config.retention = Some(Duration::from_millis(10 * DAY));
    config.retention_interval = Duration::from_millis(5);
    config.clock = Arc::<Ahead>::clone(&clock);
    let process = bed.boot_with(config);
    let (fails, other) = (process.create("m", FAILS), process.create("o", PASSES));
    let arn = process.start(&fails, "e");
    process.ended(&arn);
    clock.pass(8);
    process.run(process.engine.redrive_execution(&arn, None)).unwrap();
    process.ended(&arn);
    let witness = process.start(&other, "e");
    process.ended(&witness);
    clock.pass(8);
    // Its first end is longer ago than it is kept; a sweep has been there when the table has forgotten that end.
    process.until("a sweep", || records(&process, Table::ClosedExecutions) == 2);
    assert!(!is_gone(&process, &arn));
    clock.pass(3);
    until_nothing_is_left(&process);
    assert!(is_gone(&process, &arn) && is_gone(&process, &witness));
}

fn without_retention_everything_stays(bed: &Bed) {
    let clock = Arc::default();
    let mut config = bed.config.clone();
    config.retention = None;
    config.retention_interval = Duration::from_millis(5);
    config.clock = Arc::<Ahead>::clone(&clock);
    let process = bed.boot_with(config);
    let machine = process.create("m", PASSES);
    let arn = process.start(&machine, "e");
    process.ended(&arn);
    clock.pass(100_000);
    let later = process.start(&machine, "later");
    process.ended(&later);
    assert!(!is_gone(&process, &arn));
}

fn a_removal_that_was_cut_short_is_finished_by_the_next_process(bed: &Bed) {
    let clock: Arc<Ahead> = Arc::default();
    let process = boot(bed, &clock);
    let machine = process.create("m", PASSES);
    let arns: Vec<_> = (0..300).map(|i| process.start(&machine, &format!("e{i}"))).collect();
    for arn in &arns {
        process.ended(arn);
    }
    // Killed as soon as the first is gone, wherever that is.
    clock.pass(91);
    process.until("the first", || arns.iter().any(|arn| is_gone(&process, arn)));
    process.kill();
    let process = boot(bed, &clock);
    // What is left of facts belongs to no execution that can be seen, and no new one comes among them.
    for arn in &arns {
        let machine = machine.clone();
        let name = arn.name().to_owned();
        let started = process.run(process.engine.start_execution(request(&machine, &name, "{}")));
        if started.is_ok() {
            assert_eq!(process.ended(arn).status, ExecutionStatus::Succeeded);
            assert_eq!(process.types(arn).len(), 4);
        }
    }
    clock.pass(91);
    until_nothing_is_left(&process);
}

fn a_store_of_an_earlier_version_is_taken_up(bed: &Bed) {
    let clock: Arc<Ahead> = Arc::default();
    let process = boot(bed, &clock);
    let machine = process.create("m", PASSES);
    let arn = process.start(&machine, "e");
    process.ended(&arn);
    process.until("the index", || {
        process.store.get(Table::Meta, b"closed-executions-indexed").unwrap().is_some()
    });
    // An earlier version wrote neither of these.
    let mut batch = store::Batch::new();
    batch.delete(Table::Meta, *b"closed-executions-indexed");
    for (key, _) in
        process.store.scan(Table::ClosedExecutions, KeyRange::all(), Direction::Forward, 10).unwrap().records
    {
        batch.delete(Table::ClosedExecutions, key);
    }
    process.store.commit(batch).unwrap();
    process.kill();
    clock.pass(91);
    let process = boot(bed, &clock);
    process.until("its removal", || is_gone(&process, &arn));
    until_nothing_is_left(&process);
}

fn a_long_history_goes_in_small_batches(bed: &Bed) {
    let clock: Arc<Ahead> = Arc::default();
    let process = boot(bed, &clock);
    let definition = r#"{"StartAt": "M", "States": {"M": {"Type": "Map", "End": true, "ItemProcessor":
        {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}}}}"#;
    let machine = process.create("m", definition);
    let items = format!("[{}]", vec!["1"; 500].join(","));
    let arn = process.run(process.engine.start_execution(request(&machine, "e", &items))).unwrap().arn;
    process.ended(&arn);
    assert!(process.types(&arn).len() > 2000);
    clock.pass(91);
    until_nothing_is_left(&process);
}

fn children_of_a_map_run_go_with_the_execution_it_belongs_to(bed: &Bed) {
    let clock: Arc<Ahead> = Arc::default();
    let process = boot(bed, &clock);
    let definition = r#"{"StartAt": "M", "States": {
        "M": {"Type": "Map", "Next": "W", "Label": "M", "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}},
        "W": {"Type": "Wait", "Seconds": 8640000, "End": true}}}"#;
    let machine = process.create("m", definition);
    let arn = process.run(process.engine.start_execution(request(&machine, "e", "[1,2,3,4,5]"))).unwrap().arn;
    process.until_events(&arn, "WaitStateEntered", 1);
    assert_eq!(records(&process, Table::MapRunChildren), 5);
    // The children ended long ago, and their execution runs still.
    clock.pass(95);
    let witness = process.start(&process.create("o", PASSES), "witness");
    process.ended(&witness);
    assert_eq!(records(&process, Table::ExecutionsByMachine), 7);
    process.run(process.engine.stop_execution(&arn, Failure::default())).unwrap();
    clock.pass(91);
    until_nothing_is_left(&process);
}
