//! Rounds that are decided while the commits of others are under way.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use engine::{EngineConfig, Occupancy, StartError};
use model::{ExecutionArn, ExecutionStatus, Failure};
use std::sync::Arc;
use std::time::Duration;
use support::{Ahead, Bed, DAY, Process, chain, request, wait};

on_both_stores!(
    what_comes_in_during_a_commit_is_decided_at_once_and_answered_after_its_own,
    an_execution_whose_commit_is_under_way_is_given_nothing_more,
    a_removal_waits_for_everything_before_it,
    a_commit_that_fails_takes_all_rounds_behind_it_with_it,
    a_shutdown_during_a_commit_loses_nothing,
);

fn boot(bed: &Bed) -> Process {
    bed.boot_with(EngineConfig { shards: 1, ..bed.config.clone() })
}

fn held(process: &Process) -> Occupancy {
    process.engine.occupancy()[0]
}

fn arn(process: &Process, name: &str) -> ExecutionArn {
    process.engine.partition().execution("m", name)
}

fn is_known(process: &Process, name: &str) -> bool {
    process.engine.execution(&arn(process, name)).unwrap().is_some()
}

fn what_comes_in_during_a_commit_is_decided_at_once_and_answered_after_its_own(bed: &Bed) {
    let process = boot(bed);
    let machine = process.create("m", &chain(&["a"]));
    let gate = process.store.gate.lock().unwrap();
    let starts: Vec<_> = (0..5)
        .map(|number| {
            let (engine, machine) = (process.engine.clone(), machine.clone());
            let start = process.spawn(async move {
                engine.start_execution(request(&machine, &format!("e{number}"), "{}")).await
            });
            process.until("a round under way", || held(&process).under_way == number + 1);
            start
        })
        .collect();
    // Nothing has had an effect.
    assert_eq!(bed.script.calls().len(), 0);
    assert!(starts.iter().all(|start| !start.is_finished()));
    assert!(!is_known(&process, "e0"));
    drop(gate);
    for start in starts {
        let started = process.run(start).unwrap().unwrap();
        assert_eq!(process.ended(&started.arn).status, ExecutionStatus::Succeeded);
    }
    process.until("nothing under way", || (held(&process).under_way, held(&process).held) == (0, 0));
    assert_eq!(bed.script.calls().len(), 5);
}

fn an_execution_whose_commit_is_under_way_is_given_nothing_more(bed: &Bed) {
    let process = boot(bed);
    let machine = process.create("m", &wait(600));
    let gate = process.store.gate.lock().unwrap();
    let start = |name: &'static str, input: &'static str| {
        let (engine, machine) = (process.engine.clone(), machine.clone());
        process.spawn(async move { engine.start_execution(request(&machine, name, input)).await })
    };
    let first = start("e", "{}");
    process.until("a round under way", || held(&process).under_way == 1);
    let same = start("e", "{}");
    process.until("a message that waits", || held(&process).held == 1);
    let (engine, e) = (process.engine.clone(), arn(&process, "e"));
    let stop = process.spawn(async move { engine.stop_execution(&e, Failure::new("Enough", "")).await });
    process.until("another", || held(&process).held == 2);
    let other = start("e", "[]");
    process.until("another", || held(&process).held == 3);
    // Others go on.
    let beside = start("beside", "{}");
    process.until("a second round", || held(&process).under_way == 2);
    drop(gate);
    let first = process.run(first).unwrap().unwrap();
    assert_eq!(process.run(same).unwrap().unwrap(), first);
    process.run(stop).unwrap().unwrap();
    assert!(matches!(process.run(other).unwrap(), Err(StartError::AlreadyExists(_))));
    process.run(beside).unwrap().unwrap();
    assert_eq!(process.ended(&first.arn).status, ExecutionStatus::Aborted);
    assert_eq!(process.types(&first.arn), ["ExecutionStarted", "WaitStateEntered", "ExecutionAborted"]);
}

fn a_removal_waits_for_everything_before_it(bed: &Bed) {
    let clock = Arc::<Ahead>::default();
    let process = bed.boot_with(EngineConfig {
        shards: 1,
        clock: clock.clone(),
        retention: Some(Duration::from_millis(DAY)),
        retention_interval: Duration::from_millis(5),
        ..bed.config.clone()
    });
    let machine = process.create("m", &chain(&["a"]));
    process.ended(&process.start(&machine, "old"));
    let gate = process.store.gate.lock().unwrap();
    let (engine, of) = (process.engine.clone(), machine.clone());
    let start = process.spawn(async move { engine.start_execution(request(&of, "new", "{}")).await });
    process.until("a round under way", || held(&process).under_way == 1);
    clock.pass(2);
    process.until("a removal that waits", || held(&process).held == 1);
    assert!(is_known(&process, "old"));
    drop(gate);
    let new = process.run(start).unwrap().unwrap();
    process.until("the removal", || !is_known(&process, "old"));
    assert_eq!(process.ended(&new.arn).status, ExecutionStatus::Succeeded);
}

fn a_commit_that_fails_takes_all_rounds_behind_it_with_it(bed: &Bed) {
    let process = boot(bed);
    let machine = process.create("m", &chain(&["a"]));
    let gate = process.store.gate.lock().unwrap();
    let mut starts = Vec::new();
    for number in 0..4_usize {
        let (engine, machine) = (process.engine.clone(), machine.clone());
        starts.push(process.spawn(async move {
            engine.start_execution(request(&machine, &format!("e{}", number % 3), "{}")).await
        }));
        // The last is of an execution that is under way, and waits.
        let expected = (number.min(2) + 1, number / 3);
        process.until("it", || (held(&process).under_way, held(&process).held) == expected);
    }
    process.store.die();
    drop(gate);
    for start in starts {
        assert!(matches!(process.run(start).unwrap(), Err(StartError::Engine(_))));
    }
    assert_eq!(bed.script.calls().len(), 0);
    process.store.revive();
    let again = async {
        while process.engine.start_execution(request(&machine, "again", "{}")).await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    process.run(again);
    assert!((0..3).all(|number| !is_known(&process, &format!("e{number}"))));
    assert_eq!(process.ended(&arn(&process, "again")).status, ExecutionStatus::Succeeded);
    assert_eq!(bed.script.calls().len(), 1);
}

fn a_shutdown_during_a_commit_loses_nothing(bed: &Bed) {
    let process = boot(bed);
    let machine = process.create("m", &chain(&["a"]));
    let gate = process.store.gate.lock().unwrap();
    let (engine, of) = (process.engine.clone(), machine.clone());
    let start = process.spawn(async move { engine.start_execution(request(&of, "e", "{}")).await });
    process.until("a round under way", || held(&process).under_way == 1);
    let engine = process.engine.clone();
    let shutdown = process.spawn(async move { engine.shutdown(Duration::from_secs(10)).await });
    process.until("it waits", || held(&process).held == 1);
    drop(gate);
    let started = process.run(start).unwrap().unwrap();
    process.run(shutdown).unwrap();
    process.kill();
    let process = boot(bed);
    assert_eq!(process.ended(&started.arn).status, ExecutionStatus::Succeeded);
    assert_eq!(bed.script.calls().len(), 1);
}
