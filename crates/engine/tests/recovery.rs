//! What an engine finds on the store of one that died, or was shut down.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use engine::{EngineError, StartError};
use model::{ExecutionArn, ExecutionStatus, Failure};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use support::{Bed, Process, RETRY, Reaction, chain, request, task, token_task, wait};
use tokio::sync::Semaphore;

on_both_stores!(
    a_waiting_execution_goes_on,
    a_call_under_way_fails_as_a_lost_answer_and_is_not_made_again,
    the_recommended_retry_makes_a_new_attempt_of_a_lost_call,
    calls_under_way_in_branches_are_all_lost,
    a_retry_that_was_waited_for_is_made,
    recovery_can_be_cut_short_any_number_of_times,
    calls_that_a_shutdown_held_back_are_made_exactly_once,
    a_held_back_call_that_was_made_is_lost_after_another_shutdown,
    a_held_back_call_that_was_made_is_lost_when_its_process_dies,
    held_back_calls_are_known_whatever_is_kept_in_memory,
    a_shutdown_gives_calls_under_way_time_to_come_back,
    a_shutdown_that_has_waited_long_enough_leaves_calls_as_lost,
    a_store_that_fails_stops_answers_instead_of_acknowledging,
    an_engine_that_was_shut_down_refuses,
);

/// The error of the first failed attempt of a function.
fn lost(process: &Process, arn: &ExecutionArn) -> Option<Arc<str>> {
    process.history(arn).iter().find_map(|event| match &event.details {
        model::EventDetails::LambdaFunctionFailed(failure) => failure.error.clone(),
        _ => None,
    })
}

fn a_waiting_execution_goes_on(bed: &Bed) {
    let process = bed.boot();
    let machine = process.create("m", &wait(1));
    let arn = process.start(&machine, "e");
    let before = process.history(&arn);
    process.kill();
    let process = bed.boot();
    let record = process.ended(&arn);
    assert_eq!(record.status, ExecutionStatus::Succeeded);
    assert!(record.stopped_at.unwrap().millis_since(record.started_at) >= 1_000);
    assert_eq!(process.history(&arn)[..before.len()], before);
}

fn a_call_under_way_fails_as_a_lost_answer_and_is_not_made_again(bed: &Bed) {
    bed.script.let_function("a", &[Reaction::Hang, Reaction::Echo]);
    let process = bed.boot();
    let without_retry = chain(&["a", "b"]).replace(RETRY, r#""Comment": "no retry""#);
    let machine = process.create("m", &without_retry);
    let arn = process.start(&machine, "e");
    process.until("the call", || bed.script.calls_of("a") == 1);
    process.kill();

    let process = bed.boot();
    let record = process.ended(&arn);
    assert_eq!(record.status, ExecutionStatus::Failed);
    assert_eq!(record.failure.unwrap().error.as_deref(), Some("Lambda.SdkClientException"));
    assert_eq!(bed.script.calls().len(), 1);
}

fn the_recommended_retry_makes_a_new_attempt_of_a_lost_call(bed: &Bed) {
    bed.script.let_function("b", &[Reaction::Hang, Reaction::Echo]);
    let process = bed.boot();
    let machine = process.create("m", &chain(&["a", "b", "c"]));
    let arn = process.start(&machine, "e");
    process.until("the call", || bed.script.calls_of("b") == 1);
    process.kill();

    let process = bed.boot();
    assert_eq!(process.ended(&arn).status, ExecutionStatus::Succeeded);
    assert_eq!(lost(&process, &arn).as_deref(), Some("Lambda.SdkClientException"));
    let attempts: Vec<_> =
        bed.script.calls().iter().map(|call| (call.attempt().2, call.attempt().3)).collect();
    assert_eq!(attempts, [("a".into(), 0), ("b".into(), 0), ("b".into(), 1), ("c".into(), 0)]);
}

fn calls_under_way_in_branches_are_all_lost(bed: &Bed) {
    bed.script.let_function("x", &[Reaction::Hang, Reaction::Hang, Reaction::Hang, Reaction::Echo]);
    let process = bed.boot();
    let definition = format!(
        r#"{{"StartAt": "M", "States": {{"M": {{"Type": "Map", "ItemsPath": "$.items", "End": true,
            "ItemProcessor": {{"StartAt": "x", "States": {{"x": {{{}, {RETRY}, "End": true}}}}}}}}}}}}"#,
        task("x")
    );
    let machine = process.create("m", &definition);
    let start = request(&machine, "e", r#"{"items": [1, 2, 3]}"#);
    let arn = process.run(process.engine.start_execution(start)).unwrap().arn;
    process.until("the calls", || bed.script.calls_of("x") == 3);
    process.kill();
    let process = bed.boot();
    assert_eq!(process.ended(&arn).status, ExecutionStatus::Succeeded);
    assert_eq!(bed.script.calls_of("x"), 6);
    let failed = process.types(&arn).iter().filter(|event| **event == "LambdaFunctionFailed").count();
    assert_eq!(failed, 3);
}

fn a_retry_that_was_waited_for_is_made(bed: &Bed) {
    bed.script.let_function("a", &[Reaction::Fail("Lambda.ServiceException"), Reaction::Echo]);
    let process = bed.boot();
    let machine = process.create("m", &chain(&["a"]));
    let arn = process.start(&machine, "e");
    process.until_events(&arn, "LambdaFunctionFailed", 1);
    process.kill();
    let process = bed.boot();
    assert_eq!(process.ended(&arn).status, ExecutionStatus::Succeeded);
    assert_eq!(bed.script.calls_of("a"), 2);
    assert_eq!(lost(&process, &arn).as_deref(), Some("Lambda.ServiceException"));
}

fn recovery_can_be_cut_short_any_number_of_times(bed: &Bed) {
    let process = bed.boot();
    let machine = process.create("m", &chain(&["a", "b", "c", "d"]));
    let mut arns: Vec<ExecutionArn> = Vec::new();
    for i in 0..50 {
        arns.push(process.start(&machine, &format!("e{i}")));
    }
    process.kill();
    for round in 0..8 {
        let process = bed.boot();
        arns.push(process.start(&machine, &format!("of-round-{round}")));
        process.kill();
    }
    let process = bed.boot();
    for arn in &arns {
        let record = process.ended(arn);
        // Six retries of a lost call are all there are.
        let is_due = record.failure.as_ref().and_then(|failure| failure.error.as_deref())
            == Some("Lambda.SdkClientException");
        assert!(record.status == ExecutionStatus::Succeeded || is_due, "{arn}: {record:?}");
    }
    no_attempt_was_made_twice(bed);
}

fn no_attempt_was_made_twice(bed: &Bed) {
    let mut seen = HashSet::new();
    for call in bed.script.calls() {
        assert!(seen.insert(call.attempt()), "called twice: {call:?}");
    }
}

/// Shuts an engine down while `a` is under way, so that the call of `b` is held back.
fn shut_down_between_a_and_b(bed: &Bed, process: Process, executions: usize) -> Vec<ExecutionArn> {
    let gate = Arc::new(Semaphore::new(0));
    bed.script.let_function("a", &[Reaction::WaitFor(gate.clone())]);
    let machine = process.create("m", &chain(&["a", "b"]));
    let arns: Vec<_> = (0..executions).map(|i| process.start(&machine, &format!("e{i}"))).collect();
    process.until("the calls", || bed.script.calls_of("a") == executions);
    let opener = gate.clone();
    let opening = std::thread::spawn(move || {
        // Long enough for the engine to be draining; were it not, the calls of `b` would be seen below.
        std::thread::sleep(Duration::from_millis(500));
        opener.add_permits(executions);
    });
    process.shut_down(Duration::from_secs(20));
    opening.join().unwrap();
    assert_eq!(bed.script.calls_of("b"), 0);
    arns
}

fn calls_that_a_shutdown_held_back_are_made_exactly_once(bed: &Bed) {
    let arns = shut_down_between_a_and_b(bed, bed.boot(), 5);
    let process = bed.boot();
    for arn in &arns {
        assert_eq!(process.ended(arn).status, ExecutionStatus::Succeeded);
        assert_eq!(lost(&process, arn), None);
    }
    assert_eq!((bed.script.calls_of("a"), bed.script.calls_of("b")), (5, 5));
}

fn a_held_back_call_that_was_made_is_lost_after_another_shutdown(bed: &Bed) {
    let arns = shut_down_between_a_and_b(bed, bed.boot(), 1);
    let gate = Arc::new(Semaphore::new(0));
    bed.script.let_function("b", &[Reaction::WaitFor(gate.clone())]);
    let process = bed.boot();
    process.until("the call", || bed.script.calls_of("b") == 1);
    // The call that was held back once is under way now, and so is none that this shutdown holds back.
    process.shut_down(Duration::ZERO);
    let process = bed.boot();
    bed.script.let_function("b", &[Reaction::Echo]);
    assert_eq!(process.ended(&arns[0]).status, ExecutionStatus::Succeeded);
    assert_eq!(lost(&process, &arns[0]).as_deref(), Some("Lambda.SdkClientException"));
    no_attempt_was_made_twice(bed);
}

fn a_held_back_call_that_was_made_is_lost_when_its_process_dies(bed: &Bed) {
    let arns = shut_down_between_a_and_b(bed, bed.boot(), 1);
    bed.script.let_function("b", &[Reaction::Hang, Reaction::Echo]);
    let process = bed.boot();
    process.until("the call", || bed.script.calls_of("b") == 1);
    process.kill();
    let process = bed.boot();
    assert_eq!(process.ended(&arns[0]).status, ExecutionStatus::Succeeded);
    assert_eq!(lost(&process, &arns[0]).as_deref(), Some("Lambda.SdkClientException"));
    no_attempt_was_made_twice(bed);
}

fn held_back_calls_are_known_whatever_is_kept_in_memory(bed: &Bed) {
    let mut config = bed.config.clone();
    config.idle_executions = 2;
    let arns = shut_down_between_a_and_b(bed, bed.boot_with(config), 60);
    let process = bed.boot();
    for arn in &arns {
        assert_eq!(process.ended(arn).status, ExecutionStatus::Succeeded);
        assert_eq!(lost(&process, arn), None);
    }
    assert_eq!((bed.script.calls_of("a"), bed.script.calls_of("b")), (60, 60));
}

fn a_shutdown_gives_calls_under_way_time_to_come_back(bed: &Bed) {
    let arns = shut_down_between_a_and_b(bed, bed.boot(), 3);
    let process = bed.boot();
    for arn in &arns {
        process.ended(arn);
        assert!(!process.types(arn).contains(&"LambdaFunctionFailed"));
    }
}

fn a_shutdown_that_has_waited_long_enough_leaves_calls_as_lost(bed: &Bed) {
    bed.script.let_function("a", &[Reaction::Hang, Reaction::Echo]);
    let process = bed.boot();
    let machine = process.create("m", &chain(&["a"]));
    let arn = process.start(&machine, "e");
    process.until("the call", || bed.script.calls_of("a") == 1);
    process.shut_down(Duration::from_millis(50));
    let process = bed.boot();
    assert_eq!(process.ended(&arn).status, ExecutionStatus::Succeeded);
    assert_eq!(lost(&process, &arn).as_deref(), Some("Lambda.SdkClientException"));
    assert_eq!(bed.script.calls_of("a"), 2);
}

fn a_store_that_fails_stops_answers_instead_of_acknowledging(bed: &Bed) {
    let process = bed.boot();
    let machine = process.create("m", &chain(&["a"]));
    let asking = process.create("asks", &token_task(""));
    let acknowledged = process.start(&machine, "good");
    process.ended(&acknowledged);
    let waiting = process.start(&asking, "waiting");
    process.until_events(&waiting, "TaskSubmitted", 1);
    let calls = bed.script.calls().len();

    process.store.die();
    for i in 0..20 {
        let outcome =
            process.run(process.engine.start_execution(request(&machine, &format!("lost{i}"), "{}")));
        assert!(matches!(outcome, Err(StartError::Engine(_))), "{outcome:?}");
    }
    let token = bed.script.token(&waiting).unwrap();
    let output = json::Payload::from_text("1").unwrap();
    process.run(process.engine.send_task_success(&token, output)).unwrap_err();
    process.run(process.engine.stop_execution(&waiting, Failure::default())).unwrap_err();
    process.run(process.engine.machines().create(process.machine("lost", &wait(1)))).unwrap_err();
    assert_eq!(bed.script.calls().len(), calls, "what is not durable was called");
    process.kill();

    let process = bed.boot();
    for i in 0..20 {
        let arn = process.engine.partition().execution("m", &format!("lost{i}"));
        assert!(process.engine.execution(&arn).unwrap().is_none());
    }
    assert_eq!(process.engine.execution(&waiting).unwrap().unwrap().status, ExecutionStatus::Running);
    let output = json::Payload::from_text("1").unwrap();
    process.run(process.engine.send_task_success(&token, output)).unwrap();
    assert_eq!(process.ended(&waiting).status, ExecutionStatus::Succeeded);
}

fn an_engine_that_was_shut_down_refuses(bed: &Bed) {
    let process = bed.boot();
    let machine = process.create("m", &wait(1));
    process.run(process.engine.shutdown(Duration::ZERO));
    let outcome = process.run(process.engine.start_execution(request(&machine, "e", "{}")));
    assert!(matches!(outcome, Err(StartError::Engine(EngineError::Stopped))), "{outcome:?}");
}
