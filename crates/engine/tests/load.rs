//! Many executions at once.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use model::{ExecutionArn, ExecutionStatus};
use std::collections::HashSet;
use std::time::Duration;
use support::{Bed, Process, chain, request};

on_both_stores!(each_task_of_many_executions_is_called_once, executions_in_flight_when_engines_die_end_once,);

const EXECUTIONS: usize = 500;

fn each_task_of_many_executions_is_called_once(bed: &Bed) {
    let process = bed.boot();
    let machine = process.create("m", &chain(&["a", "b", "c"]));
    let arns = process.run(async {
        let starts: Vec<_> = (0..EXECUTIONS)
            .map(|i| {
                let (engine, machine) = (process.engine.clone(), machine.clone());
                tokio::spawn(async move {
                    engine.start_execution(request(&machine, &format!("e{i}"), "{}")).await.unwrap().arn
                })
            })
            .collect();
        let mut arns = Vec::new();
        for start in starts {
            arns.push(start.await.unwrap());
        }
        arns
    });
    for arn in &arns {
        assert_eq!(process.ended(arn).status, ExecutionStatus::Succeeded);
    }
    let attempts: HashSet<_> = bed.script.calls().iter().map(|call| call.attempt()).collect();
    assert_eq!(bed.script.calls().len(), EXECUTIONS * 3);
    assert_eq!(attempts.len(), EXECUTIONS * 3);
    check_histories(&process, &arns);
}

fn executions_in_flight_when_engines_die_end_once(bed: &Bed) {
    let process = bed.boot();
    let machine = process.create("m", &chain(&["a", "b", "c"]));
    process.kill();
    let mut acknowledged: Vec<ExecutionArn> = Vec::new();
    for round in 0..5_u64 {
        let process = bed.boot();
        let starts: Vec<_> = process.run(async {
            (0..100)
                .map(|i| {
                    let (engine, machine) = (process.engine.clone(), machine.clone());
                    tokio::spawn(async move {
                        let name = format!("e{round}-{i}");
                        engine.start_execution(request(&machine, &name, "{}")).await.ok().map(|s| s.arn)
                    })
                })
                .collect()
        });
        process.run(async { tokio::time::sleep(Duration::from_millis(round * 7)).await });
        process.store.die();
        for start in starts {
            acknowledged.extend(process.run(start).unwrap());
        }
        process.kill();
    }
    let process = bed.boot();
    for arn in &acknowledged {
        assert_eq!(process.ended(arn).status, ExecutionStatus::Succeeded, "{arn}");
    }
    let mut seen = HashSet::new();
    for call in bed.script.calls() {
        assert!(seen.insert(call.attempt()), "called twice: {call:?}");
    }
    check_histories(&process, &acknowledged);
}

fn check_histories(process: &Process, arns: &[ExecutionArn]) {
    for arn in arns {
        let history = process.history(arn);
        for (index, event) in history.iter().enumerate() {
            assert_eq!(event.id.0, index as u64 + 1, "{arn}");
            assert!(event.previous < event.id, "{arn}");
        }
        let types = process.types(arn);
        let count = |event: &str| types.iter().filter(|one| **one == event).count();
        assert_eq!((count("TaskStateEntered"), count("TaskStateExited")), (3, 3), "{arn}");
        assert_eq!(count("ExecutionSucceeded"), 1, "{arn}");
        assert_eq!(types.last(), Some(&"ExecutionSucceeded"), "{arn}");
    }
}
