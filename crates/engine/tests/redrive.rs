//! RedriveExecution: what it answers, and that a redriven execution is as durable as any.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use engine::{Clock, EngineConfig, RedriveError};
use model::{ExecutionArn, ExecutionStatus, Failure, Timestamp};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use support::{Bed, Process, RETRY, Reaction, chain, request, task, token_task, wait};

on_both_stores!(
    a_failed_execution_goes_on_and_succeeds,
    what_cannot_be_redriven_says_why,
    a_client_token_gives_the_same_answer_again,
    a_redriven_execution_survives_its_process,
    a_call_of_a_redriven_execution_is_lost_with_its_process,
    timers_of_a_redriven_execution_are_its_own,
    tokens_of_the_attempt_before_are_dead,
    an_execution_of_a_deleted_machine_is_not_redriven,
    redriving_again_and_again_counts,
);

/// Fails in its second state as long as the function `b` does.
fn two_states() -> String {
    chain(&["a", "b"]).replace(RETRY, r#""Comment": "no retry""#)
}

fn redrive(process: &Process, arn: &ExecutionArn, token: Option<&str>) -> Result<Timestamp, RedriveError> {
    process.run(process.engine.redrive_execution(arn, token.map(Into::into)))
}

fn reason(process: &Process, arn: &ExecutionArn) -> Option<String> {
    let record = process.engine.execution(arn).unwrap().unwrap();
    process.engine.redrivability(&record).unwrap().err().map(|reason| reason.to_string())
}

/// The reason with which a redrive is refused, which DescribeExecution gives too.
fn refused(process: &Process, arn: &ExecutionArn) -> String {
    match redrive(process, arn, None) {
        Err(RedriveError::NotRedrivable(refused)) => {
            assert_eq!(reason(process, arn), Some(refused.to_string()));
            refused.to_string()
        }
        other => panic!("{other:?}"),
    }
}

fn failed(process: &Process, bed: &Bed) -> ExecutionArn {
    bed.script.let_function("b", &[Reaction::Fail("E"), Reaction::Echo]);
    let machine = process.create("m", &two_states());
    let arn = process.start(&machine, "e");
    assert_eq!(process.ended(&arn).status, ExecutionStatus::Failed);
    arn
}

fn a_failed_execution_goes_on_and_succeeds(bed: &Bed) {
    let process = bed.boot();
    let arn = failed(&process, bed);
    assert_eq!(reason(&process, &arn), None);
    let at = redrive(&process, &arn, None).unwrap();
    let record = process.ended(&arn);
    assert_eq!((record.status, record.failure), (ExecutionStatus::Succeeded, None));
    assert_eq!((record.redrive_count, record.redriven_at), (1, Some(at)));
    assert!(record.stopped_at.unwrap() >= at);
    assert_eq!((bed.script.calls_of("a"), bed.script.calls_of("b")), (1, 2));
    let types = process.types(&arn);
    assert_eq!(types[10..13], ["ExecutionFailed", "ExecutionRedriven", "LambdaFunctionScheduled"]);
    let machine = record.state_machine_arn;
    let page = process.engine.executions(&machine, Some(ExecutionStatus::Succeeded), None, 10).unwrap();
    assert_eq!(
        page.items.iter().map(|item| (&item.arn, item.redrive_count)).collect::<Vec<_>>(),
        [(&arn, 1)]
    );
}

fn what_cannot_be_redriven_says_why(bed: &Bed) {
    let process = bed.boot();
    let machine = process.create("w", &wait(3_600));
    let arn = process.start(&machine, "e");
    assert_eq!(refused(&process, &arn), "Execution is RUNNING and cannot be redriven");
    let machine = process.create("p", r#"{"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}"#);
    let arn = process.start(&machine, "e");
    process.ended(&arn);
    assert_eq!(refused(&process, &arn), "Execution is SUCCEEDED and cannot be redriven");
    let nobody = process.engine.partition().execution("p", "nobody");
    assert!(
        matches!(redrive(&process, &nobody, None), Err(RedriveError::DoesNotExist(arn)) if arn == nobody)
    );
}

fn a_client_token_gives_the_same_answer_again(bed: &Bed) {
    let process = bed.boot();
    let arn = failed(&process, bed);
    let at = redrive(&process, &arn, Some("t")).unwrap();
    assert_eq!(redrive(&process, &arn, Some("t")).unwrap(), at);
    process.ended(&arn);
    assert_eq!(redrive(&process, &arn, Some("t")).unwrap(), at);
    process.kill();
    let process = bed.boot();
    assert_eq!(redrive(&process, &arn, Some("t")).unwrap(), at);
    assert!(matches!(redrive(&process, &arn, Some("u")), Err(RedriveError::NotRedrivable(_))));
    let record = process.ended(&arn);
    assert_eq!((record.status, record.redrive_count), (ExecutionStatus::Succeeded, 1));
}

fn a_redriven_execution_survives_its_process(bed: &Bed) {
    let process = bed.boot();
    let machine = process.create("m", &wait(1));
    let arn = process.start(&machine, "e");
    process.run(process.engine.stop_execution(&arn, Failure::named("Stopped"))).unwrap();
    let at = redrive(&process, &arn, None).unwrap();
    process.kill();
    let process = bed.boot();
    let record = process.ended(&arn);
    assert_eq!((record.status, record.redrive_count), (ExecutionStatus::Succeeded, 1));
    assert!(record.stopped_at.unwrap().millis_since(at) >= 1_000, "it waits its whole time again");
    let expected = "ExecutionStarted WaitStateEntered ExecutionAborted ExecutionRedriven WaitStateExited \
                    ExecutionSucceeded";
    assert_eq!(process.types(&arn), expected.split_whitespace().collect::<Vec<_>>());
}

fn a_call_of_a_redriven_execution_is_lost_with_its_process(bed: &Bed) {
    let process = bed.boot();
    bed.script.let_function("a", &[Reaction::Fail("E"), Reaction::Hang, Reaction::Echo]);
    let definition = format!(r#"{{"StartAt": "a", "States": {{"a": {{{}, "End": true}}}}}}"#, task("a"));
    let machine = process.create("m", &definition);
    let arn = process.start(&machine, "e");
    process.ended(&arn);
    redrive(&process, &arn, None).unwrap();
    process.until("the second call", || bed.script.calls_of("a") == 2);
    process.kill();
    let process = bed.boot();
    let record = process.ended(&arn);
    assert_eq!(record.failure.unwrap().error.as_deref(), Some("Lambda.SdkClientException"));
    redrive(&process, &arn, None).unwrap();
    let record = process.ended(&arn);
    assert_eq!((record.status, record.redrive_count), (ExecutionStatus::Succeeded, 2));
    assert_eq!(bed.script.calls_of("a"), 3);
}

fn timers_of_a_redriven_execution_are_its_own(bed: &Bed) {
    let config =
        EngineConfig { timer_horizon: Duration::from_millis(100), idle_executions: 0, ..bed.config.clone() };
    let process = bed.boot_with(config);
    let definition = token_task("").replace(r#""StartAt""#, r#""TimeoutSeconds": 1, "StartAt""#);
    let machine = process.create("m", &definition);
    let arn = process.start(&machine, "e");
    assert_eq!(process.ended(&arn).status, ExecutionStatus::TimedOut);
    let at = redrive(&process, &arn, None).unwrap();
    let record = process.ended(&arn);
    assert_eq!(record.status, ExecutionStatus::TimedOut);
    let lasted = record.stopped_at.unwrap().millis_since(at);
    assert!((1_000..3_000).contains(&lasted), "lasted {lasted} ms");
}

fn tokens_of_the_attempt_before_are_dead(bed: &Bed) {
    let process = bed.boot();
    let machine = process.create("m", &token_task(""));
    let arn = process.start(&machine, "e");
    process.until("the token", || bed.script.token(&arn).is_some());
    let old = bed.script.token(&arn).unwrap();
    process.run(process.engine.stop_execution(&arn, Failure::default())).unwrap();
    let answer = |token: &str| {
        let output = json::Payload::from_text("7").unwrap();
        process.run(process.engine.send_task_success(token, output))
    };
    assert!(matches!(answer(&old), Err(engine::TokenError::TimedOut)));
    redrive(&process, &arn, None).unwrap();
    process.until("another token", || bed.script.token(&arn).is_some_and(|token| token != old));
    assert!(matches!(answer(&old), Err(engine::TokenError::TimedOut)));
    answer(&bed.script.token(&arn).unwrap()).unwrap();
    assert_eq!(process.ended(&arn).output.unwrap().text().as_ref(), "7");
}

fn an_execution_of_a_deleted_machine_is_not_redriven(bed: &Bed) {
    let process = bed.boot();
    let arn = failed(&process, bed);
    let machine = process.engine.execution(&arn).unwrap().unwrap().state_machine_arn;
    process.run(process.engine.delete_state_machine(&machine.0)).unwrap();
    assert_eq!(refused(&process, &arn), "State machine is in DELETING status");
    // Another machine of that name is not the one that it ran.
    let again = engine::StateMachine { created_at: Timestamp(1), ..process.machine("m", &two_states()) };
    process.run(process.engine.machines().create(again)).unwrap();
    assert_eq!(refused(&process, &arn), "State machine is in DELETING status");
}

fn redriving_again_and_again_counts(bed: &Bed) {
    let process = bed.boot();
    let machine = process.create("m", r#"{"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "E"}}}"#);
    let arn = process.start(&machine, "e");
    for count in 0..20 {
        assert_eq!(process.ended(&arn).redrive_count, count);
        redrive(&process, &arn, Some(&format!("t{count}"))).unwrap();
    }
    let record = process.ended(&arn);
    assert_eq!((record.status, record.redrive_count), (ExecutionStatus::Failed, 20));
    assert_eq!(process.history(&arn).len(), 43);
    // Nothing of it is left to be taken up.
    process.kill();
    let process = bed.boot();
    assert_eq!(process.ended(&arn).redrive_count, 20);
    let page = process.engine.executions(&machine.arn, Some(ExecutionStatus::Failed), None, 10).unwrap();
    assert_eq!(page.items.len(), 1);
}

/// A clock that a test sets.
struct Hands(AtomicI64);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

#[test]
fn the_period_for_redriving_ends_after_14_days() {
    const DAY: i64 = 86_400_000;
    let start = 1_767_225_600_000;
    let clock = Arc::new(Hands(AtomicI64::new(start)));
    let mut bed = Bed::in_memory();
    bed.config.clock = clock.clone();
    let process = bed.boot();
    let arn = failed(&process, &bed);
    clock.0.store(start + 14 * DAY - 1, Ordering::SeqCst);
    assert_eq!(reason(&process, &arn), None);
    clock.0.store(start + 14 * DAY, Ordering::SeqCst);
    assert_eq!(refused(&process, &arn), "Execution redrivable period exceeded");
    clock.0.store(start + 365 * DAY, Ordering::SeqCst);
    assert_eq!(refused(&process, &arn), "Execution has exceeded the max execution time");
}

#[test]
fn a_start_with_the_name_of_a_redriven_execution_gives_that_one_while_it_runs() {
    let bed = Bed::in_memory();
    let process = bed.boot();
    let machine = process.create("m", &wait(3_600));
    let arn = process.start(&machine, "e");
    process.run(process.engine.stop_execution(&arn, Failure::default())).unwrap();
    assert!(process.run(process.engine.start_execution(request(&machine, "e", "{}"))).is_err());
    redrive(&process, &arn, None).unwrap();
    assert_eq!(process.run(process.engine.start_execution(request(&machine, "e", "{}"))).unwrap().arn, arn);
}
