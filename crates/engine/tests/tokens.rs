//! Tasks that wait for their token.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use engine::TokenError;
use json::Payload;
use model::{ExecutionArn, ExecutionStatus, Failure};
use std::sync::Arc;
use support::{Bed, Process, Reaction, token_task};
use tokio::sync::Semaphore;

on_both_stores!(
    a_success_gives_the_tasks_result,
    a_failure_fails_the_task,
    a_token_is_good_once,
    a_token_may_come_back_before_the_call_does,
    a_token_of_an_earlier_attempt_is_out_of_date,
    a_token_is_out_of_date_once_its_execution_ended,
    heartbeats_keep_a_task_alive_and_their_absence_ends_it,
    what_is_no_token_is_invalid_and_what_names_no_execution_does_not_exist,
    a_token_outlives_the_process,
);

/// An execution of `token_task` whose function has been called, and the token it was given.
fn waiting(bed: &Bed, process: &Process, more: &str) -> (ExecutionArn, String) {
    let machine = process.create("m", &token_task(more));
    let arn = process.start(&machine, "e");
    process.until_events(&arn, "TaskSubmitted", 1);
    let token = bed.script.token(&arn).unwrap();
    (arn, token)
}

fn succeed(process: &Process, token: &str) -> Result<(), TokenError> {
    let output = Payload::from_text(r#"{"approved":true}"#).unwrap();
    process.run(process.engine.send_task_success(token, output))
}

fn fail(process: &Process, token: &str) -> Result<(), TokenError> {
    process.run(process.engine.send_task_failure(token, Failure::new("Rejected", "no money")))
}

fn a_success_gives_the_tasks_result(bed: &Bed) {
    let process = bed.boot();
    let (arn, token) = waiting(bed, &process, "");
    succeed(&process, &token).unwrap();
    assert_eq!(&**process.ended(&arn).output.unwrap().text(), r#"{"approved":true}"#);
    assert_eq!(
        process.types(&arn),
        [
            "ExecutionStarted",
            "TaskStateEntered",
            "TaskScheduled",
            "TaskStarted",
            "TaskSubmitted",
            "TaskSucceeded",
            "TaskStateExited",
            "ExecutionSucceeded"
        ]
    );
}

fn a_failure_fails_the_task(bed: &Bed) {
    let process = bed.boot();
    let (arn, token) = waiting(bed, &process, "");
    fail(&process, &token).unwrap();
    let record = process.ended(&arn);
    assert_eq!(record.status, ExecutionStatus::Failed);
    assert_eq!(record.failure, Some(Failure::new("Rejected", "no money")));
}

fn a_token_is_good_once(bed: &Bed) {
    let process = bed.boot();
    let more = r#""Catch": [{"ErrorEquals": ["Rejected"], "Next": "Rest"}],"#;
    let definition = token_task(more)
        .replace(r#""States": {"#, r#""States": {"Rest": {"Type": "Wait", "Seconds": 100, "End": true}, "#);
    let machine = process.create("m", &definition);
    let arn = process.start(&machine, "e");
    process.until_events(&arn, "TaskSubmitted", 1);
    let token = bed.script.token(&arn).unwrap();
    fail(&process, &token).unwrap();
    let events = process.types(&arn);
    assert!(matches!(succeed(&process, &token), Err(TokenError::TimedOut)));
    assert!(matches!(fail(&process, &token), Err(TokenError::TimedOut)));
    let heartbeat = process.run(process.engine.send_task_heartbeat(&token));
    assert!(matches!(heartbeat, Err(TokenError::TimedOut)));
    assert_eq!(process.types(&arn), events);
}

fn a_token_may_come_back_before_the_call_does(bed: &Bed) {
    let gate = Arc::new(Semaphore::new(0));
    bed.script.let_function("ask", &[Reaction::WaitFor(gate.clone())]);
    let process = bed.boot();
    let machine = process.create("m", &token_task(""));
    let arn = process.start(&machine, "e");
    process.until("the call", || bed.script.token(&arn).is_some());
    succeed(&process, &bed.script.token(&arn).unwrap()).unwrap();
    let ended = process.ended(&arn);
    gate.add_permits(1);
    assert_eq!(ended.status, ExecutionStatus::Succeeded);
    // The call's own answer comes too late to matter, also to an engine that has dropped the execution from memory.
    let events = process.types(&arn);
    process.run(process.engine.stop_execution(&arn, Failure::default())).unwrap();
    assert_eq!(process.types(&arn), events);
}

fn a_token_of_an_earlier_attempt_is_out_of_date(bed: &Bed) {
    let process = bed.boot();
    let retry =
        r#""TimeoutSeconds": 1, "Retry": [{"ErrorEquals": ["States.Timeout"], "IntervalSeconds": 1}],"#;
    let (arn, first) = waiting(bed, &process, retry);
    process.until("the second attempt", || bed.script.token(&arn).is_some_and(|token| token != first));
    assert!(matches!(succeed(&process, &first), Err(TokenError::TimedOut)));
    succeed(&process, &bed.script.token(&arn).unwrap()).unwrap();
    assert_eq!(process.ended(&arn).status, ExecutionStatus::Succeeded);
}

fn a_token_is_out_of_date_once_its_execution_ended(bed: &Bed) {
    let process = bed.boot();
    let (arn, token) = waiting(bed, &process, "");
    process.run(process.engine.stop_execution(&arn, Failure::default())).unwrap();
    assert!(matches!(succeed(&process, &token), Err(TokenError::TimedOut)));
    process.kill();
    assert!(matches!(succeed(&bed.boot(), &token), Err(TokenError::TimedOut)));
}

fn heartbeats_keep_a_task_alive_and_their_absence_ends_it(bed: &Bed) {
    let process = bed.boot();
    let (arn, token) = waiting(bed, &process, r#""HeartbeatSeconds": 1,"#);
    let start = std::time::Instant::now();
    // Three times the heartbeat's interval.
    while start.elapsed() < std::time::Duration::from_secs(3) {
        process.run(process.engine.send_task_heartbeat(&token)).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    let record = process.ended(&arn);
    assert_eq!(record.status, ExecutionStatus::Failed);
    assert_eq!(record.failure.unwrap().error.as_deref(), Some("States.Timeout"));
    let lasted = record.stopped_at.unwrap().millis_since(record.started_at);
    assert!((3_800..8_000).contains(&lasted), "lasted {lasted} ms");
}

fn what_is_no_token_is_invalid_and_what_names_no_execution_does_not_exist(bed: &Bed) {
    let process = bed.boot();
    for text in ["", "nonsense", "AAAA"] {
        assert!(matches!(succeed(&process, text), Err(TokenError::Invalid)), "{text:?}");
    }
    let token = machine::TaskToken {
        execution: process.engine.partition().execution("m", "none"),
        entered: model::EventId(2),
        nonce: [1, 2],
    };
    assert!(matches!(succeed(&process, &token.to_text()), Err(TokenError::DoesNotExist)));

    // The right execution and state do not make up for a nonce that was guessed.
    let (arn, _) = waiting(bed, &process, "");
    let guessed = machine::TaskToken { execution: arn.clone(), ..token };
    assert!(matches!(succeed(&process, &guessed.to_text()), Err(TokenError::TimedOut)));
    assert_eq!(process.engine.execution(&arn).unwrap().unwrap().status, ExecutionStatus::Running);
}

fn a_token_outlives_the_process(bed: &Bed) {
    let process = bed.boot();
    let (arn, token) = waiting(bed, &process, "");
    process.kill();
    let process = bed.boot();
    succeed(&process, &token).unwrap();
    assert_eq!(process.ended(&arn).status, ExecutionStatus::Succeeded);
    assert_eq!(bed.script.calls_of("ask"), 1);
}
