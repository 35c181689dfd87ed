//! A store that fails for a while under a running engine: nothing is acknowledged meanwhile, reads go on, and everything goes
//! on by itself afterwards.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use engine::{EngineError, Health, StartError};
use model::{ExecutionStatus, Failure};
use std::sync::Arc;
use store::{Batch, Store, Table};
use support::{Bed, Process, Reaction, chain, request, token_task, wait};
use tokio::sync::Semaphore;

on_both_stores!(
    everything_is_refused_and_everything_goes_on,
    a_call_under_way_is_not_lost_and_not_made_again,
    what_a_failed_commit_decided_is_decided_anew,
    a_workflow_that_waits_for_another_hears_of_its_end,
    an_execution_whose_records_are_damaged_stands_still_alone,
    an_engine_that_is_shut_down_meanwhile_ends,
);

fn fail(process: &Process, arn_of_nobody: &str) {
    process.store.die();
    // A failure shows when something is to be written.
    let machine = process.engine.machines().list(None, 1).unwrap().items[0].clone();
    let refused = process.run(process.engine.start_execution(request(&machine, arn_of_nobody, "{}")));
    assert!(matches!(&refused, Err(StartError::Engine(error)) if error.is_outage()), "{refused:?}");
    process.until("the outage", || matches!(process.engine.health(), Health::Unavailable { .. }));
}

fn come_back(process: &Process) {
    process.store.revive();
    process.until("the end of the outage", || process.engine.health() == Health::Serving);
}

fn everything_is_refused_and_everything_goes_on(bed: &Bed) {
    let process = bed.boot();
    let machine = process.create("m", &wait(1));
    let asks = process.create("asks", &token_task(""));
    let waiting = process.start(&machine, "waits");
    let asking = process.start(&asks, "asks");
    process.until_events(&asking, "TaskSubmitted", 1);
    let token = bed.script.token(&asking).unwrap();
    let output = || json::Payload::from_text("1").unwrap();
    fail(&process, "lost");
    let health = process.engine.health();
    assert!(matches!(&health, Health::Unavailable { reason, .. } if reason.contains("the disk is gone")));
    assert!(health.advice().unwrap().contains("no restart is needed"));
    for outcome in [
        process.run(process.engine.stop_execution(&waiting, Failure::default())).map(drop),
        process.run(process.engine.activities().create("a", Vec::new(), None)).map(drop),
        process.run(process.engine.delete_state_machine(&machine.arn.0)),
    ] {
        assert!(matches!(&outcome, Err(error) if error.is_outage()), "{outcome:?}");
    }
    process.run(process.engine.send_task_success(&token, output())).unwrap_err();
    assert_eq!(process.engine.execution(&waiting).unwrap().unwrap().status, ExecutionStatus::Running);
    come_back(&process);
    // The machine whose deletion was refused is there, and starts executions.
    let late = process.start(&machine, "late");
    process.run(process.engine.send_task_success(&token, output())).unwrap();
    for arn in [&waiting, &asking, &late] {
        assert_eq!(process.ended(arn).status, ExecutionStatus::Succeeded);
    }
    assert_eq!(engine::audit(&*process.store).unwrap(), Vec::<String>::new());
}

fn a_call_under_way_is_not_lost_and_not_made_again(bed: &Bed) {
    for comes_back_meanwhile in [true, false] {
        let gate = Arc::new(Semaphore::new(0));
        bed.script.let_function("a", &[Reaction::WaitFor(gate.clone())]);
        let process = bed.boot();
        let machine = process.create(&format!("m{comes_back_meanwhile}"), &chain(&["a", "b"]));
        let before = bed.script.calls_of("a");
        let arn = process.start(&machine, &format!("e{comes_back_meanwhile}"));
        process.until("the call", || bed.script.calls_of("a") == before + 1);
        fail(&process, "lost");
        if comes_back_meanwhile {
            gate.add_permits(1);
            process.until("an answer that is kept", || {
                process.engine.occupancy().iter().any(|shard| shard.waiting == 0)
            });
        }
        come_back(&process);
        gate.add_permits(1);
        assert_eq!(process.ended(&arn).status, ExecutionStatus::Succeeded);
        assert_eq!(bed.script.calls_of("a"), before + 1);
        assert!(!process.types(&arn).contains(&"LambdaFunctionFailed"));
        process.kill();
    }
}

fn what_a_failed_commit_decided_is_decided_anew(bed: &Bed) {
    let process = bed.boot();
    let machine = process.create("m", &chain(&["a", "b", "c"]));
    // The commit of each step fails in turn.
    for step in 0..4 {
        process.store.die_after(step);
        let outcome =
            process.run(process.engine.start_execution(request(&machine, &format!("e{step}"), "{}")));
        process.until("the outage", || process.engine.health() != Health::Serving);
        come_back(&process);
        if let Ok(started) = outcome {
            assert_eq!(process.ended(&started.arn).status, ExecutionStatus::Succeeded);
            for function in ["a", "b", "c"] {
                let of_this =
                    |call: &&support::Call| call.function == function && *call.execution == *started.arn.0;
                assert_eq!(bed.script.calls().iter().filter(of_this).count(), 1, "{step}: {function}");
            }
        }
    }
    assert_eq!(engine::audit(&*process.store).unwrap(), Vec::<String>::new());
}

fn a_workflow_that_waits_for_another_hears_of_its_end(bed: &Bed) {
    let process = bed.boot();
    let machine = process.create("m", &wait(1));
    let arn = process.start(&machine, "e");
    let engine = process.engine.clone();
    let of = arn.clone();
    let waiting = process.spawn(async move { engine.ended(&of).await });
    fail(&process, "lost");
    std::thread::sleep(std::time::Duration::from_millis(1_200));
    come_back(&process);
    assert_eq!(process.run(waiting).unwrap().unwrap().unwrap().status, ExecutionStatus::Succeeded);
}

fn an_execution_whose_records_are_damaged_stands_still_alone(bed: &Bed) {
    let mut config = bed.config.clone();
    (config.idle_executions, config.shards) = (0, 1);
    let process = bed.boot_with(config);
    let asks = process.create("asks", &token_task(""));
    let arns: Vec<_> = (0..2).map(|number| process.start(&asks, &format!("e{number}"))).collect();
    for arn in &arns {
        process.until_events(arn, "TaskSubmitted", 1);
    }
    process.until("room", || process.engine.occupancy()[0].executions == 0);
    let mut batch = Batch::new();
    let facts = store::KeyRange::prefix(&store::KeyWriter::new().text(&arns[0].0).finish());
    let first = process.store.scan(Table::Facts, facts, store::Direction::Forward, 1).unwrap();
    let (key, _) = first.records[0].clone();
    batch.put(Table::Facts, key, *b"garbage");
    process.store.commit(batch).unwrap();
    let output = json::Payload::from_text("1").unwrap();
    let tokens: Vec<String> = arns.iter().map(|arn| bed.script.token(arn).unwrap()).collect();
    process.run(process.engine.send_task_success(&tokens[0], output.clone())).unwrap_err();
    process.run(process.engine.send_task_success(&tokens[1], output)).unwrap();
    assert_eq!(process.ended(&arns[1]).status, ExecutionStatus::Succeeded);
    assert_eq!(process.engine.health(), Health::Serving);
}

fn an_engine_that_is_shut_down_meanwhile_ends(bed: &Bed) {
    let process = bed.boot();
    let machine = process.create("m", &wait(600));
    let arn = process.start(&machine, "e");
    fail(&process, "lost");
    process.run(process.engine.shutdown(std::time::Duration::from_millis(50)));
    let outcome = process.run(process.engine.start_execution(request(&machine, "late", "{}")));
    assert!(matches!(outcome, Err(StartError::Engine(EngineError::Stopped))), "{outcome:?}");
    process.kill();
    let process = bed.boot();
    assert_eq!(process.engine.execution(&arn).unwrap().unwrap().status, ExecutionStatus::Running);
}
