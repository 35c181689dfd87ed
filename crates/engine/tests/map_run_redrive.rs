//! Redrive of Map Runs: which children run again, how they are counted, and what an engine finds after another one died.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use engine::{Clock, ExecutionRecord, MapRunRecord, RedriveError, RedriveTally, StateMachine, SystemClock};
use model::{ExecutionArn, ExecutionStatus, Failure, MapRunArn, MapRunStatus, Timestamp};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use support::{Bed, Process, Reaction, request};
use tokio::sync::Semaphore;

on_both_stores!(
    only_children_that_did_not_succeed_run_again,
    a_redriven_run_goes_on_however_often_the_engine_dies,
    children_that_wait_stay_as_they_ended_where_the_run_is_stopped,
    a_redrive_waits_for_express_children_of_the_attempt_before,
    a_redrive_that_has_not_begun_can_be_stopped,
    a_child_is_redriven_with_its_run_alone,
    runs_of_runs_are_redriven,
    children_that_failed_too_long_ago_stay_failed,
);

fn distributed(execution_type: &str, states: &str, fields: &str) -> String {
    format!(
        r#"{{"StartAt": "M", "States": {{"M": {{"Type": "Map", {fields} "Label": "L", "End": true, "ItemProcessor": {{
             "ProcessorConfig": {{"Mode": "DISTRIBUTED", "ExecutionType": "{execution_type}"}},
             "StartAt": "A", "States": {{"A": {states}}}}}}}}}}}"#
    )
}

fn call(function: &str) -> String {
    format!(
        r#"{{"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:000000000000:function:{function}", "End": true,
             "Retry": [{{"ErrorEquals": ["Lambda.SdkClientException"], "IntervalSeconds": 0, "MaxAttempts": 9}}]}}"#
    )
}

fn start(process: &Process, machine: &Arc<StateMachine>, items: usize) -> ExecutionArn {
    process.run(process.engine.start_execution(request(machine, "e", &numbers(items)))).unwrap().arn
}

fn numbers(count: usize) -> String {
    format!("[{}]", (0..count).map(|n| n.to_string()).collect::<Vec<_>>().join(","))
}

fn run_of(process: &Process, arn: &ExecutionArn) -> MapRunArn {
    process.until("a Map Run", || !process.engine.map_runs(arn, None, 10).unwrap().items.is_empty());
    let runs = process.engine.map_runs(arn, None, 10).unwrap().items;
    assert_eq!(runs.len(), 1);
    runs[0].arn.clone()
}

fn record(process: &Process, run: &MapRunArn) -> MapRunRecord {
    process.engine.map_run(run).unwrap().unwrap()
}

fn children(process: &Process, run: &MapRunArn, status: Option<ExecutionStatus>) -> Vec<ExecutionRecord> {
    process.engine.children(run, status, None, None, 10_000).unwrap().items
}

fn redrive(process: &Process, arn: &ExecutionArn) -> Timestamp {
    process.run(process.engine.redrive_execution(arn, None)).unwrap()
}

fn stop(process: &Process, arn: &ExecutionArn) {
    process.run(process.engine.stop_execution(arn, Failure::default())).unwrap();
}

fn count(process: &Process, arn: &ExecutionArn, event: &str) -> usize {
    process.types(arn).iter().filter(|one| **one == event).count()
}

/// A run over `items` of which all but those before `good` failed, one after the other, up to the last.
fn failed(process: &Process, bed: &Bed, items: usize, good: usize) -> (ExecutionArn, MapRunArn) {
    let reactions: Vec<Reaction> =
        (0..items).map(|item| if item < good { Reaction::Echo } else { Reaction::Fail("E") }).collect();
    bed.script.let_function("f", &reactions);
    let fields = format!(r#""MaxConcurrency": 1, "ToleratedFailureCount": {},"#, items - good - 1);
    let machine = process.create("m", &distributed("STANDARD", &call("f"), &fields));
    let arn = start(process, &machine, items);
    assert_eq!(process.ended(&arn).status, ExecutionStatus::Failed);
    let run = run_of(process, &arn);
    let counts = record(process, &run).counts;
    assert_eq!((counts.items.succeeded, counts.items.failed), (good as u64, (items - good) as u64));
    (arn, run)
}

fn only_children_that_did_not_succeed_run_again(bed: &Bed) {
    bed.script.let_function("f", &[Reaction::Echo, Reaction::Fail("E"), Reaction::Echo, Reaction::Fail("E")]);
    let process = bed.boot();
    let fields = r#""MaxConcurrency": 1, "ToleratedFailureCount": 2,"#;
    let machine = process.create("m", &distributed("STANDARD", &call("f"), fields));
    let arn = start(&process, &machine, 7);
    assert_eq!(process.ended(&arn).status, ExecutionStatus::Failed);
    let run = run_of(&process, &arn);
    let before = record(&process, &run);
    assert_eq!((before.counts.items.failed, before.counts.items.pending), (3, 2));
    assert_eq!((before.redrive_count, before.redriven_at), (0, None));

    bed.script.let_function("f", &[Reaction::Echo]);
    let at = redrive(&process, &arn);
    assert_eq!(process.ended(&arn).output.unwrap().text().as_ref(), numbers(7));
    assert_eq!(bed.script.calls_of("f"), 5 + 3 + 2);
    let after = record(&process, &run);
    assert_eq!(
        (after.status, after.redrive_count, after.redriven_at),
        (MapRunStatus::Succeeded, 1, Some(at))
    );
    assert_eq!((after.started_at, after.counts.items.succeeded), (before.started_at, 7));
    assert_eq!(after.counts.items.total(), 7);
    let redriven =
        |is_redriven| process.engine.children(&run, None, Some(is_redriven), None, 10).unwrap().items;
    assert_eq!((redriven(true).len(), redriven(false).len()), (3, 4));
    for child in redriven(true) {
        assert_eq!((child.redrive_count, child.status), (1, ExecutionStatus::Succeeded));
        assert_eq!(count(&process, &child.arn, "ExecutionRedriven"), 1);
        assert_eq!(count(&process, &child.arn, "LambdaFunctionScheduled"), 2);
    }
    let types = process.types(&arn);
    assert_eq!(
        types[types.len() - 7..],
        [
            "ExecutionRedriven",
            "MapStateStarted",
            "MapRunRedriven",
            "MapRunSucceeded",
            "MapStateSucceeded",
            "MapStateExited",
            "ExecutionSucceeded"
        ]
    );
}

fn a_redriven_run_goes_on_however_often_the_engine_dies(bed: &Bed) {
    const ITEMS: u64 = 40;
    let mut process = bed.boot();
    let (arn, run) = failed(&process, bed, ITEMS as usize, 4);
    let permits = Arc::new(Semaphore::new(0));
    bed.script.let_function("f", &[Reaction::WaitFor(permits.clone())]);
    redrive(&process, &arn);
    process.run(process.engine.update_map_run(&run, Some(3), None, None)).unwrap();
    for more in 1..5_u64 {
        let done = 4 + more * 5;
        permits.add_permits(5);
        process.until("some children", || record(&process, &run).counts.items.succeeded == done);
        process.until("others that run", || record(&process, &run).counts.items.running == 3);
        let counts = record(&process, &run).counts;
        let waiting = ITEMS - done - 3;
        assert_eq!((counts.items.failed, counts.items.pending), (0, waiting));
        assert_eq!(counts.execution_redrives, RedriveTally { pending: waiting, not_redrivable: 0 });
        let pending = children(&process, &run, Some(ExecutionStatus::PendingRedrive));
        assert_eq!(pending.len() as u64, waiting);
        assert_eq!(children(&process, &run, Some(ExecutionStatus::Failed)).len(), 0);
        process.kill();
        process = bed.boot();
    }
    bed.script.let_function("f", &[Reaction::Echo]);
    permits.add_permits(ITEMS as usize);
    let ended = process.ended(&arn);
    assert_eq!(ended.status, ExecutionStatus::Succeeded, "{:?}", ended.failure);
    assert_eq!(ended.output.unwrap().text().as_ref(), numbers(ITEMS as usize));
    let all = children(&process, &run, None);
    assert_eq!(all.len() as u64, ITEMS);
    assert_eq!(all.iter().map(|child| child.redrive_count).sum::<u64>(), ITEMS - 4);
    assert!(all.iter().all(|child| child.redrive_count <= 1));
    assert_eq!(record(&process, &run).counts.items.total(), ITEMS);
    assert_eq!((count(&process, &arn, "MapRunStarted"), count(&process, &arn, "MapRunRedriven")), (1, 1));
}

fn children_that_wait_stay_as_they_ended_where_the_run_is_stopped(bed: &Bed) {
    let process = bed.boot();
    let (arn, run) = failed(&process, bed, 6, 1);
    bed.script.let_function("f", &[Reaction::Hang]);
    redrive(&process, &arn);
    process.until("a child that runs", || record(&process, &run).counts.items.running == 1);
    stop(&process, &arn);
    process.until("its end", || record(&process, &run).counts.items.aborted == 1);
    let counts = record(&process, &run).counts;
    assert_eq!((counts.items.failed, counts.items.pending, counts.items.total()), (4, 0, 6));
    assert_eq!(counts.execution_redrives, RedriveTally::default());
    assert_eq!(children(&process, &run, Some(ExecutionStatus::Failed)).len(), 4);
    process.kill();

    let process = bed.boot();
    bed.script.let_function("f", &[Reaction::Echo]);
    redrive(&process, &arn);
    assert_eq!(process.ended(&arn).output.unwrap().text().as_ref(), numbers(6));
    assert_eq!(record(&process, &run).redrive_count, 2);
    let mut redrives: Vec<u64> =
        children(&process, &run, None).iter().map(|child| child.redrive_count).collect();
    redrives.sort_unstable();
    assert_eq!(redrives, [0, 1, 1, 1, 1, 2]);
}

/// A run of Express children, of which two wait for the permits while the third has failed the run.
fn failed_express(process: &Process, bed: &Bed, permits: &Arc<Semaphore>) -> (ExecutionArn, MapRunArn) {
    let waits = Reaction::WaitFor(permits.clone());
    bed.script.let_function("f", &[waits.clone(), waits, Reaction::Fail("E")]);
    let machine = process.create("m", &distributed("EXPRESS", &call("f"), ""));
    let arn = start(process, &machine, 3);
    assert_eq!(process.ended(&arn).status, ExecutionStatus::Failed);
    bed.script.let_function("f", &[Reaction::Echo]);
    let run = run_of(process, &arn);
    (arn, run)
}

fn a_redrive_waits_for_express_children_of_the_attempt_before(bed: &Bed) {
    let permits = Arc::new(Semaphore::new(0));
    let process = bed.boot();
    let (arn, run) = failed_express(&process, bed, &permits);
    redrive(&process, &arn);
    let record_of = || record(&process, &run);
    assert_eq!((record_of().status, record_of().redrive_count), (MapRunStatus::Running, 1));
    assert_eq!(bed.script.calls_of("f"), 3);
    permits.add_permits(2);
    assert_eq!(process.ended(&arn).output.unwrap().text().as_ref(), "[0,1,2]");
    assert_eq!((bed.script.calls_of("f"), record_of().counts.items.succeeded), (4, 3));
}

fn a_redrive_that_has_not_begun_can_be_stopped(bed: &Bed) {
    let permits = Arc::new(Semaphore::new(0));
    let process = bed.boot();
    let (arn, run) = failed_express(&process, bed, &permits);
    redrive(&process, &arn);
    stop(&process, &arn);
    permits.add_permits(2);
    process.until("the end of the children", || record(&process, &run).counts.items.running == 0);
    let record = record(&process, &run);
    assert_eq!((record.status, bed.script.calls_of("f")), (MapRunStatus::Aborted, 3));
    redrive(&process, &arn);
    assert_eq!(process.ended(&arn).output.unwrap().text().as_ref(), "[0,1,2]");
}

fn a_child_is_redriven_with_its_run_alone(bed: &Bed) {
    let process = bed.boot();
    let (_, run) = failed(&process, bed, 2, 1);
    let failed = children(&process, &run, Some(ExecutionStatus::Failed));
    let refused = process.run(process.engine.redrive_execution(&failed[0].arn, None));
    match refused {
        Err(RedriveError::NotRedrivable(reason)) => {
            assert_eq!(
                reason.to_string(),
                "Execution is a child of a Map Run and can only be redriven with it"
            );
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(children(&process, &run, Some(ExecutionStatus::Failed)).len(), 1);
}

fn runs_of_runs_are_redriven(bed: &Bed) {
    let inner = format!(
        r#"{{"Type": "Map", "Label": "Inner", "MaxConcurrency": 1, "ItemsPath": "$.rows", "End": true, "ItemProcessor": {{
             "ProcessorConfig": {{"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}, "StartAt": "B", "States": {{"B": {}}}}}}}"#,
        call("f")
    );
    let fields = r#""MaxConcurrency": 1, "ItemSelector": {"rows.$": "States.Array($$.Map.Item.Value, 10)"},"#;
    bed.script.let_function("f", &[Reaction::Echo, Reaction::Echo, Reaction::Echo, Reaction::Fail("E")]);
    let process = bed.boot();
    let machine = process.create("m", &distributed("STANDARD", &inner, fields));
    let arn = start(&process, &machine, 3);
    assert_eq!(process.ended(&arn).status, ExecutionStatus::Failed);
    let run = run_of(&process, &arn);
    bed.script.let_function("f", &[Reaction::Echo]);
    redrive(&process, &arn);
    assert_eq!(process.ended(&arn).output.unwrap().text().as_ref(), "[[0,10],[1,10],[2,10]]");
    let redriven = process.engine.children(&run, None, Some(true), None, 10).unwrap().items;
    assert_eq!(redriven.len(), 1);
    let nested = record(&process, &run_of(&process, &redriven[0].arn));
    assert_eq!((nested.redrive_count, nested.counts.items.succeeded), (1, 2));
    assert_eq!(bed.script.calls_of("f"), 7);
}

/// A clock that can be put forward.
#[derive(Debug, Default)]
struct Ahead(AtomicI64);

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        SystemClock.now().plus_millis(self.0.load(Ordering::SeqCst).unsigned_abs())
    }
}

fn children_that_failed_too_long_ago_stay_failed(bed: &Bed) {
    const DAY: i64 = 86_400_000;
    let clock = Arc::new(Ahead::default());
    let mut config = bed.config.clone();
    config.clock = clock.clone();
    let process = bed.boot_with(config);
    bed.script.let_function("f", &[Reaction::Fail("E"), Reaction::Hang]);
    let fields = r#""MaxConcurrency": 1, "ToleratedFailureCount": 1,"#;
    let machine = process.create("m", &distributed("STANDARD", &call("f"), fields));
    let arn = start(&process, &machine, 3);
    let run = run_of(&process, &arn);
    process.until("the second call", || bed.script.calls_of("f") == 2);
    clock.0.store(10 * DAY, Ordering::SeqCst);
    stop(&process, &arn);
    process.until("the end of the children", || record(&process, &run).counts.items.aborted == 1);
    clock.0.store(20 * DAY, Ordering::SeqCst);
    bed.script.let_function("f", &[Reaction::Echo]);
    redrive(&process, &arn);
    // The failure that stays is within the tolerance still.
    assert_eq!(process.ended(&arn).output.unwrap().text().as_ref(), "[1,2]");
    let counts = record(&process, &run).counts;
    assert_eq!((counts.items.failed, counts.items.succeeded), (1, 2));
    assert_eq!(counts.item_redrives, RedriveTally { pending: 0, not_redrivable: 1 });
}
