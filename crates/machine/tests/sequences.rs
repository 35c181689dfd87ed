//! Which events a run leaves, with their numbers and the numbers they point to.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]

mod harness;

use harness::{fails, fails_bare, flow, flow_with, never, one, returns, script};
use model::{ExecutionStatus, Failure};

const INVOKE: &str =
    r#""Type": "Task", "Resource": "sfn:lambda:invoke", "Parameters": {"FunctionName": "f"}"#;
const CALLBACK: &str = r#""Type": "Task", "Resource": "sfn:lambda:invoke.waitForTaskToken",
    "Parameters": {"FunctionName": "f", "Payload": {"token.$": "$$.Task.Token"}}"#;

#[test]
fn the_first_state_points_to_zero() {
    one(r#"{"Type": "Pass", "End": true}"#).run().assert_history(
        "1<-0 ExecutionStarted | 2<-0 PassStateEntered | 3<-2 PassStateExited | 4<-3 ExecutionSucceeded",
    );
}

#[test]
fn choice_wait_and_succeed_are_entered_and_exited() {
    let run = flow(
        r#""C": {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericEquals": 1, "Next": "W"}]},
           "W": {"Type": "Wait", "Seconds": 3, "Next": "S"},
           "S": {"Type": "Succeed"}"#,
    )
    .input(r#"{"n":1}"#)
    .run();
    run.assert_history(
        "1<-0 ExecutionStarted | 2<-0 ChoiceStateEntered | 3<-2 ChoiceStateExited
         4<-3 WaitStateEntered | 5<-4 WaitStateExited
         6<-5 SucceedStateEntered | 7<-6 SucceedStateExited | 8<-7 ExecutionSucceeded",
    );
    assert_eq!(run.elapsed(), 3_000);
    run.assert_output(r#"{"n":1}"#);
}

#[test]
fn a_fail_state_is_not_exited() {
    let run = one(r#"{"Type": "Fail", "Error": "E", "Cause": "why"}"#).run();
    run.assert_history("1<-0 ExecutionStarted | 2<-0 FailStateEntered | 3<-2 ExecutionFailed{E}");
    run.assert_failure("E", "why");
    assert_eq!(one(r#"{"Type": "Fail"}"#).run().failure(), (None, None));
}

#[test]
fn an_interpreter_failure_has_no_event_of_its_own() {
    one(r#"{"Type": "Wait", "SecondsPath": "$.p", "End": true}"#).run().assert_history(
        "1<-0 ExecutionStarted | 2<-0 WaitStateEntered | 3<-2 ExecutionFailed{States.Runtime}",
    );
}

#[test]
fn a_result_over_the_limit_ends_the_execution() {
    let big = format!(r#""{}""#, "x".repeat(200_000));
    let run =
        one(r#"{"Type": "Pass", "Parameters": {"a.$": "$", "b.$": "$"}, "End": true}"#).input(&big).run();
    run.assert_history(
        "1<-0 ExecutionStarted | 2<-0 PassStateEntered | 3<-2 ExecutionFailed{States.DataLimitExceeded}",
    );
}

#[test]
fn a_service_task_that_succeeds() {
    one(&format!(r#"{{{INVOKE}, "End": true}}"#)).on("f", [returns("1")]).run().assert_history(
        "1<-0 ExecutionStarted | 2<-0 TaskStateEntered | 3<-2 TaskScheduled | 4<-3 TaskStarted
         5<-4 TaskSucceeded | 6<-5 TaskStateExited | 7<-6 ExecutionSucceeded",
    );
}

#[test]
fn a_service_task_that_fails() {
    let run = one(&format!(r#"{{{INVOKE}, "End": true}}"#)).on("f", [fails("E", "why")]).run();
    run.assert_history(
        "1<-0 ExecutionStarted | 2<-0 TaskStateEntered | 3<-2 TaskScheduled | 4<-3 TaskStarted
         5<-4 TaskFailed{E} | 6<-5 ExecutionFailed{E}",
    );
    run.assert_failure("E", "why");
}

#[test]
fn a_service_task_that_fails_and_is_caught() {
    let run = flow(&format!(
        r#""S": {{{INVOKE}, "End": true, "Catch": [{{"ErrorEquals": ["E"], "Next": "P"}}]}},
           "P": {{"Type": "Pass", "End": true}}"#
    ))
    .on("f", [fails("E", "why")])
    .run();
    run.assert_history(
        "1<-0 ExecutionStarted | 2<-0 TaskStateEntered | 3<-2 TaskScheduled | 4<-3 TaskStarted
         5<-4 TaskFailed{E} | 6<-5 TaskStateExited | 7<-6 PassStateEntered | 8<-7 PassStateExited
         9<-8 ExecutionSucceeded",
    );
    run.assert_output(r#"{"Error":"E","Cause":"why"}"#);
}

#[test]
fn a_retry_schedules_anew_and_leaves_no_event_of_its_own() {
    one(&format!(r#"{{{INVOKE}, "End": true, "Retry": [{{"ErrorEquals": ["States.ALL"]}}]}}"#))
        .on("f", [fails("E", ""), returns("1")])
        .run()
        .assert_history(
            "1<-0 ExecutionStarted | 2<-0 TaskStateEntered | 3<-2 TaskScheduled | 4<-3 TaskStarted
             5<-4 TaskFailed{E} | 6<-5 TaskScheduled | 7<-6 TaskStarted | 8<-7 TaskSucceeded
             9<-8 TaskStateExited | 10<-9 ExecutionSucceeded",
        );
}

#[test]
fn a_service_task_that_times_out() {
    let run = one(&format!(r#"{{{INVOKE}, "TimeoutSeconds": 5, "End": true}}"#)).on("f", [never()]).run();
    run.assert_history(
        "1<-0 ExecutionStarted | 2<-0 TaskStateEntered | 3<-2 TaskScheduled | 4<-3 TaskStarted
         5<-4 TaskTimedOut{States.Timeout} | 6<-5 ExecutionFailed{States.Timeout}",
    );
    assert_eq!(run.failure(), (Some("States.Timeout"), None));
    assert_eq!(run.elapsed(), 5_000);
}

#[test]
fn a_task_whose_parameters_fail_is_never_scheduled() {
    one(r#"{"Type": "Task", "Resource": "sfn:lambda:invoke", "End": true,
            "Parameters": {"FunctionName": "f", "Payload.$": "$.nope"}}"#)
    .run()
    .assert_history("1<-0 ExecutionStarted | 2<-0 TaskStateEntered | 3<-2 ExecutionFailed{States.Runtime}");
}

#[test]
fn a_task_whose_result_cannot_be_used_fails_after_its_success() {
    for field in [r#""ResultSelector": {"a.$": "$.nope"}"#, r#""OutputPath": "$.nope""#] {
        one(&format!(r#"{{{INVOKE}, {field}, "End": true}}"#)).on("f", [returns("{}")]).run().assert_history(
            "1<-0 ExecutionStarted | 2<-0 TaskStateEntered | 3<-2 TaskScheduled | 4<-3 TaskStarted
             5<-4 TaskSucceeded | 6<-5 ExecutionFailed{States.Runtime}",
        );
    }
}

#[test]
fn a_task_result_over_the_limit_is_a_failure_of_the_task() {
    let big = format!(r#""{}""#, "x".repeat(262_143));
    let run = one(&format!(r#"{{{INVOKE}, "End": true}}"#)).on("f", [returns(&big)]).run();
    run.assert_history(
        "1<-0 ExecutionStarted | 2<-0 TaskStateEntered | 3<-2 TaskScheduled | 4<-3 TaskStarted
         5<-4 TaskFailed{States.DataLimitExceeded} | 6<-5 ExecutionFailed{States.DataLimitExceeded}",
    );
}

#[test]
fn a_callback_is_submitted_and_then_answered_by_token() {
    let run = one(&format!(r#"{{{CALLBACK}, "End": true}}"#))
        .on("f", [script().returns(10, r#"{"StatusCode":200}"#).sends(500, r#"{"ok":true}"#).done()])
        .run();
    run.assert_history(
        "1<-0 ExecutionStarted | 2<-0 TaskStateEntered | 3<-2 TaskScheduled | 4<-3 TaskStarted
         5<-4 TaskSubmitted | 6<-5 TaskSucceeded | 7<-6 TaskStateExited | 8<-7 ExecutionSucceeded",
    );
    run.assert_output(r#"{"ok":true}"#);
}

#[test]
fn a_callback_that_fails_shows_only_what_was_sent() {
    let run = one(&format!(r#"{{{CALLBACK}, "End": true}}"#))
        .on("f", [script().returns(1, "{}").sends_failure(2, Failure::default()).done()])
        .run();
    run.assert_history(
        "1<-0 ExecutionStarted | 2<-0 TaskStateEntered | 3<-2 TaskScheduled | 4<-3 TaskStarted
         5<-4 TaskSubmitted | 6<-5 TaskFailed{} | 7<-6 ExecutionFailed{}",
    );
    assert_eq!(run.failure(), (None, None));
}

#[test]
fn a_callback_times_out_and_a_missed_heartbeat_looks_the_same() {
    for field in [r#""TimeoutSeconds": 7"#, r#""HeartbeatSeconds": 7"#] {
        let run = one(&format!(r#"{{{CALLBACK}, {field}, "End": true}}"#))
            .on("f", [script().returns(0, "{}").done()])
            .run();
        run.assert_history(
            "1<-0 ExecutionStarted | 2<-0 TaskStateEntered | 3<-2 TaskScheduled | 4<-3 TaskStarted
             5<-4 TaskSubmitted | 6<-5 TaskTimedOut{States.Timeout} | 7<-6 ExecutionFailed{States.Timeout}",
        );
        assert_eq!((run.elapsed(), run.failure()), (7_000, (Some("States.Timeout"), None)));
    }
}

#[test]
fn a_callback_whose_call_is_refused_is_never_submitted() {
    one(&format!(r#"{{{CALLBACK}, "End": true}}"#))
        .on("f", [fails("Lambda.Refused", "no")])
        .run()
        .assert_history(
            "1<-0 ExecutionStarted | 2<-0 TaskStateEntered | 3<-2 TaskScheduled | 4<-3 TaskStarted
         5<-4 TaskFailed{Lambda.Refused} | 6<-5 ExecutionFailed{Lambda.Refused}",
        );
}

#[test]
fn a_function_called_by_its_arn_has_events_of_its_own() {
    let task = r#""Type": "Task", "Resource": "fn:f", "End": true"#;
    one(&format!("{{{task}}}")).on("f", [returns("1")]).run().assert_history(
        "1<-0 ExecutionStarted | 2<-0 TaskStateEntered | 3<-2 LambdaFunctionScheduled | 4<-3 LambdaFunctionStarted
         5<-4 LambdaFunctionSucceeded | 6<-5 TaskStateExited | 7<-6 ExecutionSucceeded",
    );
    one(&format!("{{{task}}}")).on("f", [fails("E", "")]).run().assert_history(
        "1<-0 ExecutionStarted | 2<-0 TaskStateEntered | 3<-2 LambdaFunctionScheduled | 4<-3 LambdaFunctionStarted
         5<-4 LambdaFunctionFailed{E} | 6<-5 ExecutionFailed{E}",
    );
    one(&format!(r#"{{{task}, "TimeoutSeconds": 2}}"#)).on("f", [never()]).run().assert_history(
        "1<-0 ExecutionStarted | 2<-0 TaskStateEntered | 3<-2 LambdaFunctionScheduled | 4<-3 LambdaFunctionStarted
         5<-4 LambdaFunctionTimedOut{States.Timeout} | 6<-5 ExecutionFailed{States.Timeout}",
    );
    one(&format!(r#"{{{task}, "Retry": [{{"ErrorEquals": ["E"], "MaxAttempts": 1}}]}}"#))
        .on("f", [fails("E", "")])
        .run()
        .assert_history(
            "1<-0 ExecutionStarted | 2<-0 TaskStateEntered | 3<-2 LambdaFunctionScheduled
             4<-3 LambdaFunctionStarted | 5<-4 LambdaFunctionFailed{E} | 6<-5 LambdaFunctionScheduled
             7<-6 LambdaFunctionStarted | 8<-7 LambdaFunctionFailed{E} | 9<-8 ExecutionFailed{E}",
        );
}

#[test]
fn an_activity_is_started_when_a_worker_takes_it() {
    let task = r#""Type": "Task", "Resource": "act:a", "End": true"#;
    one(&format!("{{{task}}}"))
        .on("a", [script().taken(100, "w").sends(200, "1").done()])
        .run()
        .assert_history(
            "1<-0 ExecutionStarted | 2<-0 TaskStateEntered | 3<-2 ActivityScheduled | 4<-3 ActivityStarted
             5<-4 ActivitySucceeded | 6<-5 TaskStateExited | 7<-6 ExecutionSucceeded",
        );
    one(&format!("{{{task}}}"))
        .on("a", [script().taken(100, "").sends_failure(200, Failure::named("E")).done()])
        .run()
        .assert_history(
            "1<-0 ExecutionStarted | 2<-0 TaskStateEntered | 3<-2 ActivityScheduled | 4<-3 ActivityStarted
             5<-4 ActivityFailed{E} | 6<-5 ExecutionFailed{E}",
        );
    let run =
        one(&format!(r#"{{{task}, "TimeoutSeconds": 9}}"#)).on("a", [script().taken(100, "w").done()]).run();
    run.assert_history(
        "1<-0 ExecutionStarted | 2<-0 TaskStateEntered | 3<-2 ActivityScheduled | 4<-3 ActivityStarted
         5<-4 ActivityTimedOut{States.Timeout} | 6<-5 ExecutionFailed{States.Timeout}",
    );
    assert_eq!(run.elapsed(), 9_100);
}

#[test]
fn a_deleted_activity_ends_the_execution() {
    let run = one(r#"{"Type": "Task", "Resource": "act:a", "End": true}"#).without_activities().run();
    run.assert_history(
        "1<-0 ExecutionStarted | 2<-0 TaskStateEntered | 3<-2 ExecutionFailed{States.Runtime}",
    );
    run.assert_runtime("The activity arn:aws:states:us-east-1:000000000000:activity:a does not exist.");
}

#[test]
fn a_machine_that_times_out_shows_no_error_and_aborts_nothing() {
    let run =
        flow_with(r#""TimeoutSeconds": 5,"#, r#""S": {"Type": "Task", "Resource": "act:a", "End": true}"#)
            .on("a", [never()])
            .run();
    run.assert_history(
        "1<-0 ExecutionStarted | 2<-0 TaskStateEntered | 3<-2 ActivityScheduled | 4<-0 ExecutionTimedOut{}",
    );
    assert_eq!((run.status(), run.failure()), (ExecutionStatus::TimedOut, (None, None)));
    assert_eq!(run.elapsed(), 5_000);
}

#[test]
fn a_stopped_execution_is_aborted_and_points_to_zero() {
    let wait = r#"{"Type": "Wait", "Seconds": 60, "End": true}"#;
    let run = one(wait).stop_at(1_000, Failure::default()).run();
    run.assert_history("1<-0 ExecutionStarted | 2<-0 WaitStateEntered | 3<-0 ExecutionAborted{}");
    assert_eq!(run.status(), ExecutionStatus::Aborted);
    let run = one(wait).stop_at(1_000, Failure::new("E", "why")).run();
    run.assert_history("1<-0 ExecutionStarted | 2<-0 WaitStateEntered | 3<-0 ExecutionAborted{E}");
    run.assert_failure("E", "why");
}

#[test]
fn an_endless_loop_ends_with_event_25_000_and_does_so_fast() {
    let began = std::time::Instant::now();
    let run = flow(
        r#""A": {"Type": "Pass", "Next": "B"},
           "B": {"Type": "Choice", "Choices": [{"Variable": "$.never", "IsPresent": true, "Next": "C"}], "Default": "A"},
           "C": {"Type": "Succeed"}"#,
    )
    .run();
    assert!(began.elapsed().as_secs() < 10, "it took {:?}", began.elapsed());
    let history = run.history();
    assert_eq!(history.len(), 25_000);
    assert_eq!(history[24_999], "25000<-24999 ExecutionFailed{States.Runtime}");
    run.assert_failure(
        "States.Runtime",
        "The execution reached the maximum number of history events (25000).",
    );
}

fn map(fields: &str, state: &str) -> String {
    format!(
        r#"{{"Type": "Map", {fields} "End": true,
             "ItemProcessor": {{"StartAt": "X", "States": {{"X": {state}}}}}}}"#
    )
}

const PASS: &str = r#"{"Type": "Pass", "End": true}"#;
/// A machine that leaves so many events, an even number: a Map over many items, then a few Pass states.
fn long(events: usize) -> harness::Runner {
    // Two of the execution and four of the Map itself; then four for each item and two for each Pass.
    let items = (events - 6) / 4 - 1;
    let passes = (events - 6 - items * 4) / 2;
    let map = map("", PASS).replacen(r#""End": true"#, r#""Next": "P1""#, 1);
    let mut states = format!(r#""M": {map}"#);
    for number in 1..=passes {
        let next = match number == passes {
            true => r#""End": true"#.to_owned(),
            false => format!(r#""Next": "P{}""#, number + 1),
        };
        states += &format!(r#", "P{number}": {{"Type": "Pass", {next}}}"#);
    }
    flow(&states).input(&format!("[{}]", vec!["1"; items].join(",")))
}

#[test]
fn an_execution_may_succeed_with_its_25_000th_event() {
    let run = long(25_000 - 2).run();
    assert_eq!((run.history().len(), run.status()), (24_998, ExecutionStatus::Succeeded));
    let run = long(25_000).run();
    assert_eq!((run.history().len(), run.status()), (25_000, ExecutionStatus::Succeeded));
    let run = long(25_002).run();
    assert_eq!((run.history().len(), run.status()), (25_000, ExecutionStatus::Failed));
    assert!(run.history()[24_999].starts_with("25000<-24999 ExecutionFailed"));
}

#[test]
fn an_error_without_name_and_cause_is_caught_as_nulls() {
    let run = flow(&format!(
        r#""S": {{{INVOKE}, "End": true, "Catch": [{{"ErrorEquals": ["States.ALL"], "Next": "P"}}]}},
           "P": {{"Type": "Pass", "End": true}}"#
    ))
    .on("f", [fails_bare()])
    .run();
    run.assert_output(r#"{"Error":null,"Cause":null}"#);
}
