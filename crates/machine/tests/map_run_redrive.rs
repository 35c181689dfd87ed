//! Redrive of distributed Maps: when the same Map Run goes on, and when there is a new one.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]

mod harness;

use harness::{Runner, flow, one};
use json::Payload;
use machine::{OutstandingMapRun, Stimulus, TaskAnswer, threshold_exceeded};
use model::{ExecutionStatus, Failure, limits};

/// A distributed Map with the given fields.
fn distributed(fields: &str) -> String {
    format!(
        r#"{{"Type": "Map", {fields} "ItemProcessor": {{"ProcessorConfig": {{"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}},
             "StartAt": "P", "States": {{"P": {{"Type": "Pass", "End": true}}}}}}}}"#
    )
}

/// An execution of a distributed Map over `[7,8]`, whose Map Run is under way.
fn begun(fields: &str) -> Runner {
    let mut runner = one(&distributed(&format!(r#"{fields} "End": true,"#))).input("[7,8]");
    runner.start();
    runner
}

fn only(runner: &Runner) -> OutstandingMapRun {
    let mut runs = runner.execution.map_runs();
    assert_eq!(runs.len(), 1);
    runs.remove(0)
}

fn end(runner: &mut Runner, answer: TaskAnswer) {
    let OutstandingMapRun { scope, run, .. } = only(runner);
    runner.give(Stimulus::MapRunEnded { scope, run, answer });
}

fn fail(runner: &mut Runner, error: &str) {
    end(runner, TaskAnswer::Failed(Failure::named(error)));
}

fn succeed(runner: &mut Runner, result: &str) {
    end(runner, TaskAnswer::Succeeded(Payload::from_text(result).unwrap()));
}

#[test]
fn the_same_run_goes_on_as_it_was_planned() {
    let mut run = begun(r#""MaxConcurrency": 3,"#);
    let first = only(&run);
    assert_eq!(first.redrives, 0);
    end(&mut run, TaskAnswer::Failed(threshold_exceeded()));
    assert_eq!(run.execution.map_runs(), []);
    run.give(Stimulus::Redrive);
    let second = only(&run);
    assert_eq!((&second.plan, second.redrives), (&first.plan, 1));
    assert!(second.run > first.run);
    // What the attempt before still had to say is not heard any more.
    let late = Stimulus::MapRunEnded {
        scope: first.scope,
        run: first.run,
        answer: TaskAnswer::Failed(Failure::named("E")),
    };
    assert_eq!(run.give(late), 0);
    succeed(&mut run, "[70,80]");
    run.check();
    run.assert_history(
        "1<-0 ExecutionStarted | 2<-0 MapStateEntered | 3<-2 MapStateStarted{2} | 4<-3 MapRunStarted
         5<-4 MapRunFailed | 6<-5 MapStateFailed | 7<-6 ExecutionFailed{States.ExceedToleratedFailureThreshold}
         8<-7 ExecutionRedriven{1} | 9<-8 MapStateStarted{2} | 10<-9 MapRunRedriven | 11<-10 MapRunSucceeded
         12<-11 MapStateSucceeded | 13<-11 MapStateExited | 14<-13 ExecutionSucceeded",
    )
    .assert_output("[70,80]");
}

#[test]
fn each_redrive_of_a_run_is_counted() {
    let mut run = begun("");
    for redrives in 1..4 {
        fail(&mut run, "States.ItemReaderFailed");
        run.give(Stimulus::Redrive);
        assert_eq!(only(&run).redrives, redrives);
    }
    assert_eq!((run.count("MapRunStarted"), run.count("MapRunRedriven")), (1, 3));
}

#[test]
fn a_run_that_was_aborted_goes_on() {
    let mut run = begun("");
    let arn = only(&run).plan.arn.clone();
    run.give(Stimulus::Stop { failure: Failure::default() });
    run.give(Stimulus::Redrive);
    assert_eq!((&only(&run).plan.arn, only(&run).redrives), (&arn, 1));
    run.check();
}

#[test]
fn runs_that_ended_with_an_error_of_the_interpreter_or_over_the_limit_are_begun_anew() {
    for error in ["States.DataLimitExceeded", "States.Runtime"] {
        let mut run = begun("");
        let first = only(&run).plan.arn.clone();
        fail(&mut run, error);
        run.give(Stimulus::Redrive);
        let second = only(&run);
        assert_ne!((&second.plan.arn, second.redrives), (&first, 1), "{error}");
        assert_eq!((run.count("MapRunStarted"), run.count("MapRunRedriven")), (2, 0));
        // The new one is redriven as every other.
        fail(&mut run, "States.ResultWriterFailed");
        run.give(Stimulus::Redrive);
        assert_eq!((&only(&run).plan.arn, only(&run).redrives), (&second.plan.arn, 1));
        run.check();
    }
}

#[test]
fn a_run_that_never_began_begins() {
    let fields = r#""ToleratedFailureCountPath": "$[0]","#;
    let run = one(&distributed(&format!(r#"{fields} "End": true,"#))).input("[-1]").run();
    assert_eq!(run.status(), ExecutionStatus::Failed);
    let run = run.redrive();
    assert_eq!((run.count("MapStateStarted"), run.count("MapRunRedriven")), (2, 0));
    run.assert_runtime("ToleratedFailureCount cannot be negative.");
}

#[test]
fn a_run_that_succeeded_before_its_state_failed_is_begun_anew() {
    let mut run = begun(r#""ResultSelector": {"a.$": "$.missing"},"#);
    let first = only(&run).plan.arn.clone();
    succeed(&mut run, "[]");
    assert_eq!(run.status(), ExecutionStatus::Failed);
    run.give(Stimulus::Redrive);
    assert_ne!(only(&run).plan.arn, first);
    run.check();
}

#[test]
fn a_retry_starts_a_new_run_and_a_redrive_goes_on_with_the_latest() {
    let retry = r#""Retry": [{"ErrorEquals": ["E"], "IntervalSeconds": 1, "MaxAttempts": 1}],"#;
    let mut run = begun(retry);
    let tick = |run: &mut Runner| {
        run.now = run.now.plus_seconds(1);
        run.give(Stimulus::Tick);
    };
    fail(&mut run, "E");
    tick(&mut run);
    let second = only(&run).plan.arn.clone();
    fail(&mut run, "E");
    assert_eq!(run.status(), ExecutionStatus::Failed);
    run.give(Stimulus::Redrive);
    assert_eq!((&only(&run).plan.arn, only(&run).redrives), (&second, 1));
    // Retry counters begin anew, and a retry is another run.
    fail(&mut run, "E");
    tick(&mut run);
    assert_ne!(only(&run).plan.arn, second);
    assert_eq!(only(&run).redrives, 0);
    succeed(&mut run, "[]");
    assert_eq!(run.status(), ExecutionStatus::Succeeded);
    run.check();
}

#[test]
fn a_run_in_a_branch_goes_on_after_a_failure_beside_it() {
    let state = distributed(r#""End": true,"#);
    let mut run = flow(&format!(
        r#""S": {{"Type": "Parallel", "End": true, "Branches": [
             {{"StartAt": "M", "States": {{"M": {state}}}}},
             {{"StartAt": "T", "States": {{"T": {{"Type": "Task", "Resource": "fn:f", "End": true}}}}}}]}}"#
    ))
    .input("[1]")
    .on("f", [harness::fails("E", ""), harness::returns("2")])
    .run();
    assert_eq!((run.status(), run.count("MapRunAborted")), (ExecutionStatus::Failed, 1));
    run = run.redrive();
    assert_eq!((only(&run).redrives, run.count("MapRunRedriven")), (1, 1));
    succeed(&mut run, "[1]");
    run.check();
    run.assert_output("[[1],2]");
}

#[test]
fn a_run_can_be_redriven_so_often_and_no_more() {
    let mut run = begun("");
    for _ in 0..limits::MAP_RUN_REDRIVES {
        fail(&mut run, "E");
        run.give(Stimulus::Redrive);
    }
    fail(&mut run, "E");
    run.give(Stimulus::Redrive);
    let arn = "arn:aws:states:us-east-1:000000000000:mapRun:m/";
    let (error, cause) = run.failure();
    assert_eq!(error, Some("States.Runtime"));
    assert!(
        cause.unwrap().contains(arn) && cause.unwrap().ends_with("the maximum number of redrives (1000).")
    );
    assert_eq!(run.count("MapRunRedriven"), 1_000);
    run.check();
}
