//! Tasks that workers fetch.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use engine::{ActivityTask, TokenError};
use json::Payload;
use model::{EventDetails, ExecutionArn, ExecutionStatus};
use std::collections::HashSet;
use std::time::Duration;
use support::{Bed, Process, request};

on_both_stores!(
    a_worker_is_given_a_task_and_answers_it,
    a_worker_that_came_first_waits_for_the_task,
    a_worker_that_gives_up_takes_no_task_with_it,
    a_worker_that_gives_up_while_the_engine_is_busy_takes_no_task_with_it,
    each_task_goes_to_one_worker,
    tasks_that_wait_for_a_worker_outlive_the_process,
    a_task_that_was_handed_out_is_not_handed_out_again_after_a_restart,
    a_task_of_an_execution_that_ended_is_handed_to_nobody,
    an_activity_that_does_not_exist_fails_the_execution,
);

fn definition(process: &Process) -> String {
    let arn = process.engine.partition().activity("work");
    format!(
        r#"{{"StartAt": "Work", "States": {{"Work": {{"Type": "Task", "Resource": "{arn}", "End": true}}}}}}"#
    )
}

fn create_activity(process: &Process) {
    process.run(process.engine.activities().create("work", Vec::new(), None)).unwrap();
}

/// Starts an execution for each number, with the number as its input.
fn start(process: &Process, numbers: std::ops::Range<u64>) -> Vec<ExecutionArn> {
    let text = definition(process);
    let arn = process.engine.partition().state_machine("m");
    let machine = match process.engine.machines().get(&arn.0).unwrap() {
        Some(machine) => machine,
        None => process.create("m", &text),
    };
    numbers
        .map(|number| {
            let request = request(&machine, &format!("e{number}"), &number.to_string());
            process.run(process.engine.start_execution(request)).unwrap().arn
        })
        .collect()
}

async fn take(engine: &engine::Engine, worker: Option<&str>) -> ActivityTask {
    let activity = engine.partition().activity("work");
    engine.next_activity_task(&activity, worker.map(str::to_owned)).await.unwrap()
}

/// Whether a worker that waits for a moment is given nothing.
fn nothing_is_there(process: &Process) -> bool {
    process.run(async {
        tokio::time::timeout(Duration::from_millis(200), take(&process.engine, None)).await.is_err()
    })
}

fn answer(process: &Process, task: &ActivityTask) -> Result<(), TokenError> {
    let output = Payload::from_text(format!("[{}]", task.input.text())).unwrap();
    process.run(process.engine.send_task_success(&task.token, output))
}

fn a_worker_is_given_a_task_and_answers_it(bed: &Bed) {
    let process = bed.boot();
    create_activity(&process);
    let arn = start(&process, 7..8).remove(0);
    let task = process.run(take(&process.engine, Some("w")));
    assert_eq!(&**task.input.text(), "7");
    process.run(process.engine.send_task_heartbeat(&task.token)).unwrap();
    answer(&process, &task).unwrap();
    assert!(matches!(answer(&process, &task), Err(TokenError::TimedOut)));

    assert_eq!(&**process.ended(&arn).output.unwrap().text(), "[7]");
    let started = process.history(&arn).into_iter().find_map(|event| match event.details {
        EventDetails::ActivityStarted { worker_name } => Some(worker_name),
        _ => None,
    });
    assert_eq!(started.unwrap().as_deref(), Some("w"));
    assert!(bed.script.calls().is_empty());
}

fn a_worker_that_came_first_waits_for_the_task(bed: &Bed) {
    let process = bed.boot();
    create_activity(&process);
    let engine = process.engine.clone();
    let worker = process.spawn(async move { take(&engine, None).await });
    let arn = start(&process, 0..1).remove(0);
    let task = process.run(worker).unwrap();
    answer(&process, &task).unwrap();
    assert_eq!(process.ended(&arn).status, ExecutionStatus::Succeeded);
}

fn a_worker_that_gives_up_takes_no_task_with_it(bed: &Bed) {
    let process = bed.boot();
    create_activity(&process);
    for _ in 0..3 {
        assert!(nothing_is_there(&process));
    }
    let arns = start(&process, 0..2);
    // The two may have been queued in either order.
    for _ in &arns {
        let task = process.run(take(&process.engine, None));
        answer(&process, &task).unwrap();
    }
    for arn in &arns {
        assert_eq!(process.ended(arn).status, ExecutionStatus::Succeeded);
    }
}

fn a_worker_that_gives_up_while_the_engine_is_busy_takes_no_task_with_it(bed: &Bed) {
    for mailbox_capacity in [1, 4096] {
        let config = engine::EngineConfig { shards: 1, mailbox_capacity, ..bed.config.clone() };
        let process = bed.boot_with(config);
        create_activity(&process);
        let name = format!("busy{mailbox_capacity}");
        let machine = process.create(&name, &definition(&process));
        let arn = process.start(&machine, "first");
        // A start whose commit hangs keeps the shard; the ones behind it fill its mailbox, where that is small.
        let gate = process.store.gate.lock().unwrap();
        let starts: Vec<_> = (0..4)
            .map(|number| {
                let engine = process.engine.clone();
                let request = request(&machine, &format!("e{number}"), "{}");
                process.spawn(async move { engine.start_execution(request).await })
            })
            .collect();
        std::thread::sleep(Duration::from_millis(100));
        for _ in 0..2 {
            assert!(nothing_is_there(&process));
        }
        drop(gate);
        let mut arns = vec![arn];
        for start in starts {
            arns.push(process.run(start).unwrap().unwrap().arn);
        }
        for _ in &arns {
            answer(&process, &process.run(take(&process.engine, None))).unwrap();
        }
        for arn in &arns {
            assert_eq!(process.ended(arn).status, ExecutionStatus::Succeeded);
        }
        assert!(nothing_is_there(&process));
        process.kill();
    }
}

fn each_task_goes_to_one_worker(bed: &Bed) {
    let mut config = bed.config.clone();
    config.idle_executions = 2;
    let process = bed.boot_with(config);
    create_activity(&process);
    let arns = start(&process, 0..100);
    let workers: Vec<_> = (0..10)
        .map(|_| {
            let engine = process.engine.clone();
            process.spawn(async move {
                let mut inputs = Vec::new();
                for _ in 0..10 {
                    let task = take(&engine, None).await;
                    engine.send_task_success(&task.token, task.input.clone()).await.unwrap();
                    inputs.push(task.input.text().to_string());
                }
                inputs
            })
        })
        .collect();
    let inputs: Vec<String> = workers.into_iter().flat_map(|worker| process.run(worker).unwrap()).collect();
    assert_eq!(inputs.iter().collect::<HashSet<_>>().len(), 100);
    for arn in &arns {
        assert_eq!(process.ended(arn).status, ExecutionStatus::Succeeded);
    }
    assert!(nothing_is_there(&process));
}

fn tasks_that_wait_for_a_worker_outlive_the_process(bed: &Bed) {
    let process = bed.boot();
    create_activity(&process);
    let arns = start(&process, 0..3);
    process.kill();
    let process = bed.boot();
    let mut inputs = HashSet::new();
    for _ in 0..3 {
        let task = process.run(take(&process.engine, None));
        inputs.insert(task.input.text().to_string());
        answer(&process, &task).unwrap();
    }
    assert_eq!(inputs.len(), 3);
    for arn in &arns {
        assert_eq!(process.ended(arn).status, ExecutionStatus::Succeeded);
        assert!(!process.types(arn).contains(&"ActivityFailed"));
    }
}

fn a_task_that_was_handed_out_is_not_handed_out_again_after_a_restart(bed: &Bed) {
    let process = bed.boot();
    create_activity(&process);
    let arn = start(&process, 0..1).remove(0);
    let task = process.run(take(&process.engine, None));
    process.kill();
    let process = bed.boot();
    assert!(nothing_is_there(&process));
    answer(&process, &task).unwrap();
    assert_eq!(process.ended(&arn).status, ExecutionStatus::Succeeded);
}

fn a_task_of_an_execution_that_ended_is_handed_to_nobody(bed: &Bed) {
    let process = bed.boot();
    create_activity(&process);
    let arns = start(&process, 0..2);
    process.run(process.engine.stop_execution(&arns[0], model::Failure::default())).unwrap();
    let task = process.run(take(&process.engine, None));
    assert_eq!(&**task.input.text(), "1");
    assert!(nothing_is_there(&process));
}

fn an_activity_that_does_not_exist_fails_the_execution(bed: &Bed) {
    let process = bed.boot();
    let arn = start(&process, 0..1).remove(0);
    let record = process.ended(&arn);
    assert_eq!(record.status, ExecutionStatus::Failed);
    let cause = record.failure.unwrap().cause.unwrap();
    assert!(cause.contains("activity:work does not exist"), "{cause}");
    assert!(!process.types(&arn).contains(&"ActivityScheduled"));
}
