//! Map Runs: their children, their counts, and what an engine finds of them after another one died.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use engine::{MapRunRecord, StateMachine};
use model::{ExecutionArn, ExecutionStatus, Failure, MapRunArn, MapRunStatus};
use std::collections::BTreeSet;
use std::sync::Arc;
use support::{Bed, Process, Reaction, request};

on_both_stores!(
    every_item_has_one_child_however_often_the_engine_dies,
    children_that_were_cut_short_by_a_threshold_stay_so,
    a_run_whose_execution_was_stopped_is_wound_up_by_the_next_engine,
    an_end_that_the_execution_did_not_hear_of_is_told_again,
    a_run_goes_on_with_children_that_are_not_kept_in_memory,
    a_run_of_a_run_goes_on,
);

fn distributed(states: &str, fields: &str) -> String {
    format!(
        r#"{{"StartAt": "M", "States": {{"M": {}}}}}"#,
        map(states, &format!(r#"{fields} "Label": "L", "End": true,"#))
    )
}

fn map(states: &str, fields: &str) -> String {
    format!(
        r#"{{"Type": "Map", {fields} "ItemProcessor": {{"ProcessorConfig": {{"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}},
             "StartAt": "A", "States": {{"A": {states}}}}}}}"#
    )
}

fn call(function: &str) -> String {
    format!(
        r#"{{"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:000000000000:function:{function}", "End": true,
             "Retry": [{{"ErrorEquals": ["Lambda.SdkClientException"], "IntervalSeconds": 0, "MaxAttempts": 9}}]}}"#
    )
}

const WAIT: &str = r#"{"Type": "Wait", "Seconds": 600, "End": true}"#;

fn start(process: &Process, machine: &Arc<StateMachine>, items: usize) -> ExecutionArn {
    let items: Vec<String> = (0..items).map(|item| item.to_string()).collect();
    let input = format!("[{}]", items.join(","));
    process.run(process.engine.start_execution(request(machine, "e", &input))).unwrap().arn
}

fn run_of(process: &Process, arn: &ExecutionArn) -> MapRunArn {
    process.until("a Map Run", || !process.engine.map_runs(arn, None, 10).unwrap().items.is_empty());
    process.engine.map_runs(arn, None, 10).unwrap().items[0].arn.clone()
}

fn record(process: &Process, run: &MapRunArn) -> MapRunRecord {
    process.engine.map_run(run).unwrap().unwrap()
}

fn children(process: &Process, run: &MapRunArn) -> Vec<engine::ExecutionRecord> {
    process.engine.children(run, None, None, None, 10_000).unwrap().items
}

fn numbers(count: usize) -> String {
    format!("[{}]", (0..count).map(|n| n.to_string()).collect::<Vec<_>>().join(","))
}

fn every_item_has_one_child_however_often_the_engine_dies(bed: &Bed) {
    const ITEMS: usize = 60;
    bed.script.let_function("f", &[Reaction::Echo]);
    let mut process = bed.boot();
    let machine = process.create("m", &distributed(&call("f"), r#""MaxConcurrency": 5,"#));
    let arn = start(&process, &machine, ITEMS);
    let run = run_of(&process, &arn);
    for more in 1..6 {
        process.until("some children", || children(&process, &run).len() >= more * 8);
        process.kill();
        process = bed.boot();
    }
    let ended = process.ended(&arn);
    assert_eq!(ended.status, ExecutionStatus::Succeeded, "{:?}", ended.failure);
    assert_eq!(ended.output.unwrap().text().as_ref(), numbers(ITEMS));
    let children = children(&process, &run);
    let inputs: BTreeSet<u64> = children.iter().map(|child| child.input.text().parse().unwrap()).collect();
    assert_eq!((children.len(), inputs.len()), (ITEMS, ITEMS));
    let record = record(&process, &run);
    assert_eq!((record.counts.items.succeeded, record.counts.items.total()), (60, 60));
    assert_eq!(record.status, MapRunStatus::Succeeded);
}

fn children_that_were_cut_short_by_a_threshold_stay_so(bed: &Bed) {
    let failing = r#"{"Type": "Choice", "Default": "W", "Choices": [{"Variable": "$", "NumericEquals": 7, "Next": "F"}]},
        "F": {"Type": "Fail", "Error": "E"}, "W": {"Type": "Wait", "Seconds": 600, "End": true}"#;
    let process = bed.boot();
    let machine = process.create("m", &distributed(failing, r#""MaxConcurrency": 10,"#));
    let arn = start(&process, &machine, 40);
    let ended = process.ended(&arn);
    let failure = ended.failure.unwrap();
    assert_eq!(failure.error.as_deref(), Some("States.ExceedToleratedFailureThreshold"));
    let run = run_of(&process, &arn);
    let counts = record(&process, &run).counts;
    assert_eq!((counts.items.failed, counts.items.running), (1, 0));
    assert_eq!((counts.items.aborted, counts.items.total()), (children(&process, &run).len() as u64 - 1, 40));
    process.kill();
    let process = bed.boot();
    assert_eq!(record(&process, &run).counts, counts);
}

fn a_run_whose_execution_was_stopped_is_wound_up_by_the_next_engine(bed: &Bed) {
    let process = bed.boot();
    let machine = process.create("m", &distributed(WAIT, ""));
    let arn = start(&process, &machine, 50);
    let run = run_of(&process, &arn);
    process.until("the children", || children(&process, &run).len() == 50);
    // The store dies with the answer: what follows from the stop is the next engine's.
    process.run(process.engine.stop_execution(&arn, Failure::default())).unwrap();
    process.kill();
    let process = bed.boot();
    assert_eq!(record(&process, &run).status, MapRunStatus::Aborted);
    process.until("the end of the children", || record(&process, &run).counts.items.aborted == 50);
    assert!(children(&process, &run).iter().all(|child| child.status == ExecutionStatus::Aborted));
}

fn an_end_that_the_execution_did_not_hear_of_is_told_again(bed: &Bed) {
    bed.script.let_function("f", &[Reaction::Echo]);
    let process = bed.boot();
    let machine = process.create("m", &distributed(&call("f"), ""));
    let arn = start(&process, &machine, 3);
    let run = run_of(&process, &arn);
    process.until("the end of the children", || record(&process, &run).counts.items.succeeded == 3);
    process.kill();
    let process = bed.boot();
    assert_eq!(process.ended(&arn).output.unwrap().text().as_ref(), "[0,1,2]");
    assert_eq!(process.types(&arn).iter().filter(|one| **one == "MapRunSucceeded").count(), 1);
}

fn a_run_goes_on_with_children_that_are_not_kept_in_memory(bed: &Bed) {
    let mut config = bed.config.clone();
    config.idle_executions = 2;
    let process = bed.boot_with(config);
    let waits = r#"{"Type": "Wait", "Seconds": 1, "End": true}"#;
    let machine = process.create("m", &distributed(waits, ""));
    let arn = start(&process, &machine, 100);
    assert_eq!(process.ended(&arn).output.unwrap().text().as_ref(), numbers(100));
}

fn a_run_of_a_run_goes_on(bed: &Bed) {
    bed.script.let_function("f", &[Reaction::Echo]);
    let process = bed.boot();
    let inner =
        map(&call("f"), r#""Label": "Inner", "ItemsPath": "$.rows", "End": true,"#).replace("\"A\"", "\"B\"");
    let machine = process.create(
        "m",
        &distributed(&inner, r#""ItemSelector": {"rows.$": "States.Array($$.Map.Item.Value, 1)"},"#),
    );
    let arn = start(&process, &machine, 12);
    let run = run_of(&process, &arn);
    process.until("some children", || record(&process, &run).counts.items.succeeded >= 2);
    process.kill();
    let process = bed.boot();
    let rows: Vec<String> = (0..12).map(|row| format!("[{row},1]")).collect();
    assert_eq!(process.ended(&arn).output.unwrap().text().as_ref(), format!("[{}]", rows.join(",")));
}

#[test]
fn more_children_wait_at_once_than_are_kept_in_memory() {
    let bed = Bed::in_memory();
    let mut config = bed.config.clone();
    config.verify = false;
    config.idle_executions = 10;
    let process = bed.boot_with(config);
    let machine = process.create("m", &distributed(WAIT, ""));
    let arn = start(&process, &machine, 12_000);
    let run = run_of(&process, &arn);
    process.until("as many children as may run", || record(&process, &run).counts.items.running == 10_000);
    let counts = record(&process, &run).counts;
    assert_eq!((counts.items.running, counts.items.pending), (10_000, 2_000));
    assert!(process.run(process.engine.update_map_run(&run, Some(1), None, None)).unwrap().unwrap());
    process.run(process.engine.stop_execution(&arn, Failure::default())).unwrap();
    process.until("their end", || record(&process, &run).counts.items.aborted == 10_000);
    assert_eq!(record(&process, &run).counts.items.pending, 2_000);
}
