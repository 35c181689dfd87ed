//! The quota on state transitions: what goes on by itself waits for tokens, and nobody else does.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use engine::{EngineConfig, TransitionQuota};
use model::{ExecutionStatus, Failure};
use std::time::{Duration, Instant};
use support::{Bed, Process, Reaction, chain, request, token_task, wait};

fn boot(bed: &Bed, bucket: u64, per_second: u64) -> Process {
    let transitions = Some(TransitionQuota { bucket, per_second });
    bed.boot_with(EngineConfig { transitions, ..bed.config.clone() })
}

const CALLS: &str = r#"{"StartAt": "M", "States": {"M": {"Type": "Map", "MaxConcurrency": 1, "End": true, "ItemProcessor": {
    "StartAt": "T", "States": {"T": {"Type": "Task", "End": true,
        "Resource": "arn:aws:lambda:us-east-1:000000000000:function:f"}}}}}}"#;

#[test]
fn transitions_over_the_bucket_are_late_and_never_fail() {
    let bed = Bed::in_memory();
    let process = boot(&bed, 5, 50);
    let machine = process.create("m", CALLS);
    let began = Instant::now();
    let items = format!("[{}]", ["0"; 30].join(","));
    let arn = process.run(process.engine.start_execution(request(&machine, "e", &items))).unwrap().arn;
    assert_eq!(process.ended(&arn).output.unwrap().text().as_ref(), items);
    // 31 states, of which 5 find tokens; the last one is owed.
    assert!(began.elapsed() >= Duration::from_millis(25 * 1_000 / 50), "{:?}", began.elapsed());
    let throttled = process.engine.throttled_transitions().unwrap();
    assert!((20..=30).contains(&throttled), "{throttled}");
}

#[test]
fn retries_are_transitions_and_their_timers_wait_too() {
    let bed = Bed::in_memory();
    let mut reactions = vec![Reaction::Fail("E"); 15];
    reactions.push(Reaction::Echo);
    bed.script.let_function("f", &reactions);
    let process = boot(&bed, 3, 30);
    let machine = process.create(
        "m",
        r#"{"StartAt": "T", "States": {"T": {"Type": "Task", "End": true,
            "Resource": "arn:aws:lambda:us-east-1:000000000000:function:f",
            "Retry": [{"ErrorEquals": ["E"], "IntervalSeconds": 0, "MaxAttempts": 20}]}}}"#,
    );
    let began = Instant::now();
    let arn = process.start(&machine, "e");
    assert_eq!(process.ended(&arn).status, ExecutionStatus::Succeeded);
    assert!(began.elapsed() >= Duration::from_millis(12 * 1_000 / 30), "{:?}", began.elapsed());
}

#[test]
fn what_is_asked_for_is_answered_while_others_wait() {
    let bed = Bed::in_memory();
    let process = boot(&bed, 1, 1);
    let chained = process.create("chained", &chain(&["a", "b", "c"]));
    let slow = process.start(&chained, "slow");
    process.until("the first answer", || bed.script.calls_of("a") == 1);
    // Each of these owes more; none of them waits.
    let waits = process.create("waits", &wait(600));
    let executions: Vec<_> = (0..100).map(|number| process.start(&waits, &number.to_string())).collect();
    for arn in &executions {
        process.run(process.engine.stop_execution(arn, Failure::default())).unwrap();
    }
    let asks = process.create("asks", &token_task(""));
    let asking = process.start(&asks, "e");
    process.until("the token", || bed.script.token(&asking).is_some());
    let token = bed.script.token(&asking).unwrap();
    process.run(process.engine.send_task_heartbeat(&token)).unwrap();
    process.run(process.engine.send_task_success(&token, json::Value::from(1).into())).unwrap();
    assert_eq!(process.ended(&asking).status, ExecutionStatus::Succeeded);
    let record = process.engine.execution(&slow).unwrap().unwrap();
    assert_eq!((record.status, bed.script.calls_of("b")), (ExecutionStatus::Running, 0));
    // An engine that ends does what it held back.
    process.shut_down(Duration::from_secs(5));
    let process = bed.boot();
    assert_eq!(process.ended(&slow).status, ExecutionStatus::Succeeded);
    assert_eq!((bed.script.calls_of("a"), bed.script.calls_of("b")), (1, 1));
    assert_eq!(process.engine.throttled_transitions(), None);
}
