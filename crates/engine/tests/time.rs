//! Timers, and executions that are not in memory while they wait.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use engine::{Clock, SteadyClock, SystemClock};
use model::{ExecutionStatus, Timestamp};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};
use support::{Bed, Reaction, chain, request, token_task, wait};

on_both_stores!(
    a_wait_ends_when_its_time_has_come,
    a_timer_beyond_the_horizon_comes_from_the_store,
    a_timer_that_came_due_while_no_engine_ran_fires_at_the_start,
    a_machines_timeout_ends_its_execution,
    hundreds_of_waiting_executions_need_no_memory,
    executions_that_wait_for_tokens_are_brought_back_by_them,
    a_wait_lasts_as_long_as_it_says_though_the_clock_is_set_back,
    a_clock_that_is_set_forward_lets_no_wait_last_longer,
);

/// The system's clock, set forward or back by so many milliseconds.
#[derive(Clone, Default)]
struct SetClock(Arc<AtomicI64>);

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        Timestamp(SystemClock.now().0 + self.0.load(Ordering::SeqCst))
    }
}

fn lasts_with_the_clock_set_by(bed: &Bed, millis: i64) -> Duration {
    let wall = SetClock::default();
    let mut config = bed.config.clone();
    config.clock = Arc::new(SteadyClock::over(wall.clone()));
    let process = bed.boot_with(config);
    let machine = process.create("m", &wait(1));
    let begun = Instant::now();
    let arn = process.start(&machine, "e");
    wall.0.store(millis, Ordering::SeqCst);
    let record = process.ended(&arn);
    assert_eq!(record.status, ExecutionStatus::Succeeded);
    assert!(record.stopped_at >= Some(record.started_at), "time does not run backwards");
    let events = process.history(&arn);
    assert!(events.is_sorted_by_key(|event| event.timestamp), "{events:?}");
    begun.elapsed()
}

fn a_wait_lasts_as_long_as_it_says_though_the_clock_is_set_back(bed: &Bed) {
    let lasted = lasts_with_the_clock_set_by(bed, -3_600_000);
    assert!((1_000..5_000).contains(&lasted.as_millis()), "{lasted:?}");
}

fn a_clock_that_is_set_forward_lets_no_wait_last_longer(bed: &Bed) {
    let lasted = lasts_with_the_clock_set_by(bed, 3_600_000);
    assert!(lasted.as_millis() < 5_000, "{lasted:?}");
}

fn a_wait_ends_when_its_time_has_come(bed: &Bed) {
    let process = bed.boot();
    let machine = process.create("m", &wait(1));
    let record = process.ended(&process.start(&machine, "e"));
    let lasted = record.stopped_at.unwrap().millis_since(record.started_at);
    assert!((1_000..3_000).contains(&lasted), "lasted {lasted} ms");
}

fn a_timer_beyond_the_horizon_comes_from_the_store(bed: &Bed) {
    let mut config = bed.config.clone();
    config.timer_horizon = Duration::from_millis(100);
    config.idle_executions = 0;
    let process = bed.boot_with(config);
    let machine = process.create("m", &wait(1));
    let arns: Vec<_> = (0..30).map(|i| process.start(&machine, &format!("e{i}"))).collect();
    for arn in arns {
        let record = process.ended(&arn);
        assert_eq!(record.status, ExecutionStatus::Succeeded);
        let lasted = record.stopped_at.unwrap().millis_since(record.started_at);
        assert!((1_000..3_000).contains(&lasted), "lasted {lasted} ms");
    }
}

fn a_timer_that_came_due_while_no_engine_ran_fires_at_the_start(bed: &Bed) {
    let process = bed.boot();
    let machine = process.create("m", &wait(1));
    let arn = process.start(&machine, "e");
    process.kill();
    std::thread::sleep(Duration::from_millis(1_100));
    let process = bed.boot();
    let record = process.ended(&arn);
    assert_eq!(record.status, ExecutionStatus::Succeeded);
    assert_eq!(
        process.types(&arn),
        ["ExecutionStarted", "WaitStateEntered", "WaitStateExited", "ExecutionSucceeded"]
    );
}

fn a_machines_timeout_ends_its_execution(bed: &Bed) {
    bed.script.let_function("a", &[Reaction::Hang]);
    let process = bed.boot();
    let definition = chain(&["a"]).replacen('{', r#"{"TimeoutSeconds": 1, "#, 1);
    let machine = process.create("m", &definition);
    let arn = process.start(&machine, "e");
    let record = process.ended(&arn);
    assert_eq!(record.status, ExecutionStatus::TimedOut);
    assert_eq!(process.types(&arn).last(), Some(&"ExecutionTimedOut"));
}

fn hundreds_of_waiting_executions_need_no_memory(bed: &Bed) {
    let mut config = bed.config.clone();
    config.idle_executions = 2;
    let process = bed.boot_with(config);
    let definition = r#"{"StartAt": "W", "States": {
        "W": {"Type": "Wait", "Seconds": 1, "Next": "P"},
        "P": {"Type": "Parallel", "Next": "T", "ResultPath": "$.p", "Branches": [
            {"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 1, "End": true}}},
            {"StartAt": "B", "States": {"B": {"Type": "Pass", "End": true}}}]},
        "T": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:000000000000:function:t", "End": true}}}"#;
    let machine = process.create("m", definition);
    let arns: Vec<_> = process.run(async {
        let starts: Vec<_> = (0..300)
            .map(|i| {
                let (engine, machine) = (process.engine.clone(), machine.clone());
                tokio::spawn(async move {
                    let request = request(&machine, &format!("e{i}"), &format!(r#"{{"i":{i}}}"#));
                    engine.start_execution(request).await.unwrap().arn
                })
            })
            .collect();
        let mut arns = Vec::new();
        for start in starts {
            arns.push(start.await.unwrap());
        }
        arns
    });
    for (i, arn) in arns.iter().enumerate() {
        let record = process.ended(arn);
        assert_eq!(record.status, ExecutionStatus::Succeeded);
        assert_eq!(**record.output.unwrap().text(), format!(r#"{{"i":{i},"p":[{{"i":{i}}},{{"i":{i}}}]}}"#));
    }
    assert_eq!(bed.script.calls_of("t"), 300);
}

fn executions_that_wait_for_tokens_are_brought_back_by_them(bed: &Bed) {
    let mut config = bed.config.clone();
    config.idle_executions = 2;
    let process = bed.boot_with(config);
    let machine = process.create("m", &token_task(""));
    let arns: Vec<_> = (0..200).map(|i| process.start(&machine, &format!("e{i}"))).collect();
    for arn in &arns {
        process.until_events(arn, "TaskSubmitted", 1);
    }
    for arn in arns.iter().rev() {
        let token = bed.script.token(arn).unwrap();
        let output = json::Payload::from_text("1").unwrap();
        process.run(process.engine.send_task_success(&token, output)).unwrap();
    }
    for arn in &arns {
        assert_eq!(process.ended(arn).status, ExecutionStatus::Succeeded);
    }
    assert_eq!(bed.script.calls_of("ask"), 200);
}
