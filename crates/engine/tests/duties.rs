//! What is still to be done when a process dies right after the facts that ask for it are durable.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use engine::StartError;
use model::{ExecutionArn, ExecutionStatus, Failure};
use std::sync::Arc;
use std::time::Duration;
use store::{KeyRange, Store, Table};
use support::{Bed, Process, request, wait};
use tasks::{TaskLimits, Tasks};

on_both_stores!(
    executions_of_a_deleted_machine_stop_though_the_process_died,
    a_machine_made_anew_keeps_its_executions,
    a_start_that_comes_after_the_deletion_is_refused,
    executions_whose_start_was_under_way_stop_with_their_machine,
    a_child_stops_with_its_parent_though_the_process_died,
    a_branch_that_failed_stops_the_child_of_the_other_though_the_process_died,
    a_grandchild_stops_though_every_process_dies_on_the_way,
    a_redriven_parent_starts_a_child_of_its_own,
);

fn boot(bed: &Bed) -> Process {
    bed.boot_on(bed.config.clone(), Arc::new(Tasks::with_callers(Vec::new(), TaskLimits::default())))
}

/// A Task state that starts a machine and waits for the end of its execution.
fn start_and_wait(machine: &str) -> String {
    format!(
        r#"{{"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync", "End": true, "Parameters": {{
            "StateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:{machine}"}}}}"#
    )
}

fn parent_of(machine: &str) -> String {
    format!(r#"{{"StartAt": "S", "States": {{"S": {}}}}}"#, start_and_wait(machine))
}

fn only_execution(process: &Process, machine: &str) -> ExecutionArn {
    let arn = process.engine.partition().state_machine(machine);
    let mut items = process.engine.executions(&arn, None, None, 10).unwrap().items;
    assert_eq!(items.len(), 1);
    items.remove(0).arn
}

/// Until nothing is owed any more.
fn until_done(process: &Process) {
    process.until("the end of all duties", || {
        let duties = process.store.scan(Table::Duties, KeyRange::all(), store::Direction::Forward, 1);
        duties.unwrap().records.is_empty()
    });
}

fn executions_of_a_deleted_machine_stop_though_the_process_died(bed: &Bed) {
    let process = boot(bed);
    let machine = process.create("m", &wait(3_600));
    let other = process.create("other", &wait(3_600));
    let arns: Vec<_> = (0..20).map(|i| process.start(&machine, &format!("e{i}"))).collect();
    let left_alone = process.start(&other, "e");
    // The deletion is durable, and none of the stops.
    process.store.die_after(1);
    process.run(process.engine.delete_state_machine(&machine.arn.0)).unwrap();
    process.kill();
    // The next process dies on the way.
    let process = boot(bed);
    process.store.die_after(2);
    process.until("the end of the store", || process.store.is_dead());
    process.kill();
    let process = boot(bed);
    for arn in &arns {
        assert_eq!(process.ended(arn).status, ExecutionStatus::Aborted);
    }
    until_done(&process);
    assert_eq!(process.engine.execution(&left_alone).unwrap().unwrap().status, ExecutionStatus::Running);
}

fn a_machine_made_anew_keeps_its_executions(bed: &Bed) {
    let process = boot(bed);
    let machine = process.create("m", &wait(3_600));
    let old = process.start(&machine, "old");
    process.store.die_after(1);
    process.run(process.engine.delete_state_machine(&machine.arn.0)).unwrap();
    process.kill();
    let process = boot(bed);
    let machine = process.create("m", &wait(3_601));
    let new = process.start(&machine, "new");
    assert_eq!(process.ended(&old).status, ExecutionStatus::Aborted);
    until_done(&process);
    assert_eq!(process.engine.execution(&new).unwrap().unwrap().status, ExecutionStatus::Running);
}

fn a_start_that_comes_after_the_deletion_is_refused(bed: &Bed) {
    let process = boot(bed);
    let machine = process.create("m", &wait(3_600));
    process.run(process.engine.delete_state_machine(&machine.arn.0)).unwrap();
    let late = process.run(process.engine.start_execution(request(&machine, "late", "{}")));
    assert!(matches!(late, Err(StartError::MachineDeleted(arn)) if arn == machine.arn));
    let machine = process.create("m", &wait(3_600));
    process.start(&machine, "new");
}

fn executions_whose_start_was_under_way_stop_with_their_machine(bed: &Bed) {
    let process = boot(bed);
    let machine = process.create("m", &wait(3_600));
    // The starts wait for the disk while the machine is deleted.
    let gate = process.store.gate.lock().unwrap();
    let starts: Vec<_> = (0..8)
        .map(|number| {
            let (engine, request) = (process.engine.clone(), request(&machine, &format!("e{number}"), "{}"));
            process.spawn(async move { engine.start_execution(request).await })
        })
        .collect();
    std::thread::sleep(Duration::from_millis(50));
    let (engine, arn) = (process.engine.clone(), machine.arn.clone());
    let deletion = process.spawn(async move { engine.delete_state_machine(&arn.0).await });
    std::thread::sleep(Duration::from_millis(50));
    drop(gate);
    process.run(deletion).unwrap().unwrap();
    for start in starts {
        if let Ok(started) = process.run(start).unwrap() {
            assert_eq!(process.ended(&started.arn).status, ExecutionStatus::Aborted);
        }
    }
    until_done(&process);
}

fn a_child_stops_with_its_parent_though_the_process_died(bed: &Bed) {
    let process = boot(bed);
    process.create("child", &wait(3_600));
    let machine = process.create("parent", &parent_of("child"));
    let arn = process.start(&machine, "p");
    process.until_events(&arn, "TaskSubmitted", 1);
    let child = only_execution(&process, "child");
    process.store.die_after(1);
    process.run(process.engine.stop_execution(&arn, Failure::default())).unwrap();
    assert_eq!(process.engine.execution(&child).unwrap().unwrap().status, ExecutionStatus::Running);
    process.kill();
    let process = boot(bed);
    assert_eq!(process.ended(&child).status, ExecutionStatus::Aborted);
    until_done(&process);
}

fn a_branch_that_failed_stops_the_child_of_the_other_though_the_process_died(bed: &Bed) {
    let process = boot(bed);
    process.create("child", &wait(3_600));
    let definition = format!(
        r#"{{"StartAt": "B", "States": {{
            "B": {{"Type": "Parallel", "Next": "W", "Catch": [{{"ErrorEquals": ["States.ALL"], "Next": "W"}}], "Branches": [
                {{"StartAt": "S", "States": {{"S": {}}}}},
                {{"StartAt": "A", "States": {{
                    "A": {{"Type": "Task", "Resource": "arn:aws:states:us-east-1:000000000000:activity:a", "End": true}}}}}}]}},
            "W": {{"Type": "Wait", "Seconds": 3600, "End": true}}}}}}"#,
        start_and_wait("child")
    );
    process.run(process.engine.activities().create("a", Vec::new(), None)).unwrap();
    let machine = process.create("parent", &definition);
    let arn = process.start(&machine, "p");
    process.until_events(&arn, "TaskSubmitted", 1);
    let child = only_execution(&process, "child");
    let activity = "arn:aws:states:us-east-1:000000000000:activity:a";
    let task = process.run(process.engine.next_activity_task(activity, None)).unwrap();
    process.store.die_after(1);
    process.run(process.engine.send_task_failure(&task.token, Failure::named("E"))).unwrap();
    process.kill();
    let process = boot(bed);
    assert_eq!(process.ended(&child).status, ExecutionStatus::Aborted);
    assert_eq!(process.engine.execution(&arn).unwrap().unwrap().status, ExecutionStatus::Running);
    until_done(&process);
}

fn a_grandchild_stops_though_every_process_dies_on_the_way(bed: &Bed) {
    let process = boot(bed);
    process.create("grandchild", &wait(3_600));
    process.create("child", &parent_of("grandchild"));
    let machine = process.create("parent", &parent_of("child"));
    let arn = process.start(&machine, "p");
    process.until_events(&arn, "TaskSubmitted", 1);
    let child = only_execution(&process, "child");
    process.until_events(&child, "TaskSubmitted", 1);
    let grandchild = only_execution(&process, "grandchild");
    process.store.die_after(1);
    process.run(process.engine.stop_execution(&arn, Failure::default())).unwrap();
    process.kill();
    let process = boot(bed);
    process.store.die_after(1);
    process.until("the end of the store", || process.store.is_dead());
    process.kill();
    let process = boot(bed);
    assert_eq!(process.ended(&child).status, ExecutionStatus::Aborted);
    assert_eq!(process.ended(&grandchild).status, ExecutionStatus::Aborted);
    until_done(&process);
}

fn a_redriven_parent_starts_a_child_of_its_own(bed: &Bed) {
    let process = boot(bed);
    process.create("child", &wait(2));
    let machine = process.create("parent", &parent_of("child"));
    let start = request(&machine, "p", "{}");
    let arn = process.run(process.engine.start_execution(start)).unwrap().arn;
    process.until_events(&arn, "TaskSubmitted", 1);
    let first = only_execution(&process, "child");
    process.run(process.engine.stop_execution(&arn, Failure::default())).unwrap();
    assert_eq!(process.ended(&first).status, ExecutionStatus::Aborted);
    process.run(process.engine.redrive_execution(&arn, None)).unwrap();
    process.until_events(&arn, "TaskSubmitted", 2);
    process.kill();
    let process = boot(bed);
    let record = process.ended(&arn);
    assert_eq!(record.status, ExecutionStatus::Succeeded, "{:?}", record.failure);
    let children = process
        .engine
        .executions(&process.engine.partition().state_machine("child"), None, None, 10)
        .unwrap();
    let statuses: Vec<ExecutionStatus> = children.items.iter().map(|child| child.status).collect();
    assert_eq!(statuses, [ExecutionStatus::Succeeded, ExecutionStatus::Aborted]);
}
