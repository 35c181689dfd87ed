//! What an engine holds at once.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use engine::{CreateActivityOutcome, EngineConfig, EngineError, Quota, Quotas, StartError};
use model::Failure;
use support::{Bed, request};

on_both_stores!(
    state_machines_are_counted_over_restarts,
    activities_are_counted_over_restarts,
    executions_that_ended_count_no_more,
    workers_that_gave_up_count_no_more,
);

/// A bed whose engines hold two of everything.
fn two(bed: &Bed) -> EngineConfig {
    let quotas = Quotas { state_machines: 2, activities: 2, open_executions: 2, activity_workers: 2 };
    EngineConfig { quotas, ..bed.config.clone() }
}

fn state_machines_are_counted_over_restarts(bed: &Bed) {
    let process = bed.boot_with(two(bed));
    let first = process.create("a", &support::wait(1)).arn.clone();
    process.create("b", &support::wait(1));
    process.kill();

    let process = bed.boot_with(two(bed));
    let third = || process.run(process.engine.machines().create(process.machine("c", &support::wait(1))));
    assert!(matches!(third(), Err(EngineError::Quota(Quota::StateMachines))));
    // One that is there already is no new one.
    process.run(process.engine.machines().create(process.machine("b", &support::wait(1)))).unwrap();
    process.run(process.engine.delete_state_machine(&first.0)).unwrap();
    process.run(process.engine.delete_state_machine(&first.0)).unwrap();
    third().unwrap();
    let fourth = process.machine("d", &support::wait(1));
    assert!(process.run(process.engine.machines().create(fourth)).is_err());
}

fn activities_are_counted_over_restarts(bed: &Bed) {
    let process = bed.boot_with(two(bed));
    let create = |process: &support::Process, name: &str| {
        process.run(process.engine.activities().create(name, Vec::new(), None))
    };
    create(&process, "a").unwrap();
    create(&process, "b").unwrap();
    process.kill();

    let process = bed.boot_with(two(bed));
    assert!(matches!(create(&process, "c"), Err(EngineError::Quota(Quota::Activities))));
    assert!(matches!(create(&process, "b").unwrap(), CreateActivityOutcome::Exists(_)));
    let first = process.engine.partition().activity("a");
    process.run(process.engine.activities().delete(&first)).unwrap();
    assert!(matches!(create(&process, "c").unwrap(), CreateActivityOutcome::Created(_)));
}

fn executions_that_ended_count_no_more(bed: &Bed) {
    let process = bed.boot_with(two(bed));
    let machine = process.create("m", &support::wait(600));
    let first = process.start(&machine, "e1");
    process.start(&machine, "e2");
    process.kill();

    let process = bed.boot_with(two(bed));
    let machine = process.engine.machines().get(&machine.arn.0).unwrap().unwrap();
    let third = || process.run(process.engine.start_execution(request(&machine, "e3", "{}")));
    let refused =
        |outcome: &Result<_, StartError>| matches!(outcome, Err(StartError::Engine(EngineError::Quota(_))));
    assert!(refused(&third()));
    // The same start again is no new one.
    assert_eq!(process.start(&machine, "e1"), first);
    process.run(process.engine.stop_execution(&first, Failure::default())).unwrap();
    third().unwrap();
    let again = process.run(process.engine.redrive_execution(&first, None));
    assert!(again.is_err());
}

fn workers_that_gave_up_count_no_more(bed: &Bed) {
    let process = bed.boot_with(two(bed));
    process.run(process.engine.activities().create("work", Vec::new(), None)).unwrap();
    let activity = process.engine.partition().activity("work");
    let poll = || {
        let (engine, activity) = (process.engine.clone(), activity.clone());
        process.spawn(async move { engine.next_activity_task(&activity, None).await })
    };
    let workers = [poll(), poll(), poll()];
    // Which of the three came last is the runtime's affair.
    process.until("one that is refused", || workers.iter().any(tokio::task::JoinHandle::is_finished));
    let (refused, waiting): (Vec<_>, Vec<_>) = workers.into_iter().partition(|worker| worker.is_finished());
    for worker in refused {
        let outcome = process.run(worker).unwrap();
        assert!(matches!(outcome, Err(EngineError::Quota(Quota::ActivityWorkers))));
    }
    assert_eq!(waiting.len(), 2);
    for worker in waiting.into_iter().take(1) {
        worker.abort();
        assert!(process.run(worker).unwrap_err().is_cancelled());
    }
    let fourth = poll();
    let machine = process.create(
        "m",
        &format!(r#"{{"StartAt": "W", "States": {{"W": {{"Type": "Task", "Resource": "{activity}", "End": true}}}}}}"#),
    );
    process.start(&machine, "e1");
    process.start(&machine, "e2");
    process.run(fourth).unwrap().unwrap();
}
