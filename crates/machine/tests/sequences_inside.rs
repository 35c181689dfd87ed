//! Which events Parallel and Map leave, with their numbers and the numbers they point to.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]

mod harness;

use harness::{flow, never, one, script};
use model::Failure;

const INVOKE: &str =
    r#""Type": "Task", "Resource": "sfn:lambda:invoke", "Parameters": {"FunctionName": "f"}"#;
const CALLBACK: &str = r#""Type": "Task", "Resource": "sfn:lambda:invoke.waitForTaskToken",
    "Parameters": {"FunctionName": "f", "Payload": {"token.$": "$$.Task.Token"}}"#;

#[test]
fn a_parallel_ends_with_two_events_that_point_to_its_last_inner_event() {
    flow(
        r#""A": {"Type": "Pass", "Next": "P"},
           "P": {"Type": "Parallel", "End": true, "Branches": [
             {"StartAt": "X", "States": {"X": {"Type": "Pass", "End": true}}},
             {"StartAt": "Y", "States": {"Y": {"Type": "Wait", "Seconds": 1, "End": true}}}]}"#,
    )
    .run()
    .assert_history(
        "1<-0 ExecutionStarted | 2<-0 PassStateEntered | 3<-2 PassStateExited
         4<-3 ParallelStateEntered | 5<-4 ParallelStateStarted
         6<-5 PassStateEntered | 7<-6 PassStateExited | 8<-5 WaitStateEntered | 9<-8 WaitStateExited
         10<-9 ParallelStateSucceeded | 11<-9 ParallelStateExited | 12<-11 ExecutionSucceeded",
    );
}

#[test]
fn a_nested_parallel_hands_its_exit_to_the_outer_one() {
    one(r#"{"Type": "Parallel", "End": true, "Branches": [{"StartAt": "I", "States": {"I":
             {"Type": "Parallel", "End": true, "Branches": [
               {"StartAt": "X", "States": {"X": {"Type": "Succeed"}}}]}}}]}"#)
    .run()
    .assert_history(
        "1<-0 ExecutionStarted | 2<-0 ParallelStateEntered | 3<-2 ParallelStateStarted
         4<-3 ParallelStateEntered | 5<-4 ParallelStateStarted | 6<-5 SucceedStateEntered
         7<-6 SucceedStateExited | 8<-7 ParallelStateSucceeded | 9<-7 ParallelStateExited
         10<-9 ParallelStateSucceeded | 11<-9 ParallelStateExited | 12<-11 ExecutionSucceeded",
    );
}

const FAILING_BRANCH: &str = r#""Type": "Parallel", "Branches": [
    {"StartAt": "X", "States": {"X": {"Type": "Fail", "Error": "E", "Cause": "why"}}}]"#;

#[test]
fn a_parallel_fails_with_the_error_of_its_branch() {
    let run = one(&format!(r#"{{{FAILING_BRANCH}, "End": true}}"#)).run();
    run.assert_history(
        "1<-0 ExecutionStarted | 2<-0 ParallelStateEntered | 3<-2 ParallelStateStarted | 4<-3 FailStateEntered
         5<-4 ParallelStateFailed | 6<-5 ExecutionFailed{E}",
    );
    run.assert_failure("E", "why");
}

#[test]
fn a_parallel_that_fails_is_caught() {
    flow(&format!(
        r#""S": {{{FAILING_BRANCH}, "End": true, "Catch": [{{"ErrorEquals": ["States.ALL"], "Next": "P"}}]}},
           "P": {{"Type": "Pass", "End": true}}"#
    ))
    .run()
    .assert_history(
        "1<-0 ExecutionStarted | 2<-0 ParallelStateEntered | 3<-2 ParallelStateStarted | 4<-3 FailStateEntered
         5<-4 ParallelStateFailed | 6<-5 ParallelStateExited | 7<-6 PassStateEntered | 8<-7 PassStateExited
         9<-8 ExecutionSucceeded",
    );
}

#[test]
fn a_parallel_that_is_retried_starts_again_without_failing() {
    let retry = r#""Retry": [{"ErrorEquals": ["E"], "MaxAttempts": 2}]"#;
    one(&format!(r#"{{{FAILING_BRANCH}, "End": true, {retry}}}"#)).run().assert_history(
        "1<-0 ExecutionStarted | 2<-0 ParallelStateEntered | 3<-2 ParallelStateStarted | 4<-3 FailStateEntered
         5<-4 ParallelStateStarted | 6<-5 FailStateEntered | 7<-6 ParallelStateStarted | 8<-7 FailStateEntered
         9<-8 ParallelStateFailed | 10<-9 ExecutionFailed{E}",
    );
}

#[test]
fn a_task_that_ends_its_branch_is_reported_as_aborted() {
    flow(&format!(
        r#""A": {{"Type": "Parallel", "End": true, "Branches": [
             {{"StartAt": "X", "States": {{"X": {{{CALLBACK}, "End": true}}}}}}]}}"#
    ))
    .on("f", [script().returns(1, "{}").sends_failure(2, Failure::named("E")).done()])
    .run()
    .assert_history(
        "1<-0 ExecutionStarted | 2<-0 ParallelStateEntered | 3<-2 ParallelStateStarted | 4<-3 TaskStateEntered
         5<-4 TaskScheduled | 6<-5 TaskStarted | 7<-6 TaskSubmitted | 8<-7 TaskFailed{E}
         9<-8 TaskStateAborted | 10<-8 ParallelStateFailed | 11<-10 ExecutionFailed{E}",
    );
}

#[test]
fn branches_that_are_still_open_are_aborted_innermost_first() {
    one(&format!(
        r#"{{"Type": "Parallel", "End": true, "Branches": [
             {{"StartAt": "X", "States": {{"X": {{"Type": "Wait", "Seconds": 1, "Next": "F"}},
                                          "F": {{"Type": "Fail", "Error": "E"}}}}}},
             {{"StartAt": "T", "States": {{"T": {{{INVOKE}, "End": true}}}}}},
             {{"StartAt": "W", "States": {{"W": {{"Type": "Wait", "Seconds": 60, "End": true}}}}}},
             {{"StartAt": "P", "States": {{"P": {{"Type": "Parallel", "End": true, "Branches": [
               {{"StartAt": "V", "States": {{"V": {{"Type": "Wait", "Seconds": 60, "End": true}}}}}}]}}}}}}]}}"#
    ))
    .on("f", [never()])
    .run()
    .assert_history(
        "1<-0 ExecutionStarted | 2<-0 ParallelStateEntered | 3<-2 ParallelStateStarted
         4<-3 WaitStateEntered | 5<-3 TaskStateEntered | 6<-5 TaskScheduled | 7<-3 WaitStateEntered
         8<-3 ParallelStateEntered | 9<-8 ParallelStateStarted | 10<-6 TaskStarted | 11<-9 WaitStateEntered
         12<-4 WaitStateExited | 13<-12 FailStateEntered
         14<-13 TaskStateAborted | 15<-13 WaitStateAborted | 16<-13 WaitStateAborted | 17<-13 ParallelStateAborted
         18<-13 ParallelStateFailed | 19<-18 ExecutionFailed{E}",
    );
}

fn map(fields: &str, state: &str) -> String {
    format!(
        r#"{{"Type": "Map", {fields} "End": true,
             "ItemProcessor": {{"StartAt": "X", "States": {{"X": {state}}}}}}}"#
    )
}

const PASS: &str = r#"{"Type": "Pass", "End": true}"#;
const FAIL: &str = r#"{"Type": "Fail", "Error": "E"}"#;

#[test]
fn a_map_one_at_a_time_points_each_iteration_to_the_one_before() {
    flow(&format!(
        r#""A": {{"Type": "Pass", "Next": "M"}}, "M": {}, "Z": {{"Type": "Succeed"}}"#,
        map(r#""MaxConcurrency": 1,"#, PASS).replacen(r#""End": true"#, r#""Next": "Z""#, 1)
    ))
    .input("[1,2]")
    .run()
    .assert_history(
        "1<-0 ExecutionStarted | 2<-0 PassStateEntered | 3<-2 PassStateExited
         4<-3 MapStateEntered | 5<-4 MapStateStarted{2} | 6<-5 MapIterationStarted{0} | 7<-6 PassStateEntered
         8<-7 PassStateExited | 9<-8 MapIterationSucceeded{0} | 10<-8 MapIterationStarted{1}
         11<-10 PassStateEntered | 12<-11 PassStateExited | 13<-12 MapIterationSucceeded{1}
         14<-13 MapStateSucceeded | 15<-13 MapStateExited | 16<-15 SucceedStateEntered
         17<-16 SucceedStateExited | 18<-17 ExecutionSucceeded",
    );
}

#[test]
fn the_first_wave_of_a_map_starts_before_anything_inside() {
    let run = one(&map("", PASS)).input("[1,2]").run();
    assert_eq!(
        run.history()[2..6],
        [
            "3<-2 MapStateStarted{2}",
            "4<-3 MapIterationStarted{0}",
            "5<-3 MapIterationStarted{1}",
            "6<-4 PassStateEntered"
        ]
    );
}

#[test]
fn a_map_over_nothing_succeeds_at_once() {
    one(&map("", PASS)).input("[]").run().assert_output("[]").assert_history(
        "1<-0 ExecutionStarted | 2<-0 MapStateEntered | 3<-2 MapStateStarted{0} | 4<-3 MapStateSucceeded
         5<-3 MapStateExited | 6<-5 ExecutionSucceeded",
    );
}

#[test]
fn a_nested_map_hands_its_exit_to_the_outer_iteration() {
    let inner = map("", PASS).replace("\"X\"", "\"Y\"");
    one(&map("", &inner)).input("[[1]]").run().assert_history(
        "1<-0 ExecutionStarted | 2<-0 MapStateEntered | 3<-2 MapStateStarted{1} | 4<-3 MapIterationStarted{0}
         5<-4 MapStateEntered | 6<-5 MapStateStarted{1} | 7<-6 MapIterationStarted{0} | 8<-7 PassStateEntered
         9<-8 PassStateExited | 10<-9 MapIterationSucceeded{0} | 11<-10 MapStateSucceeded | 12<-10 MapStateExited
         13<-12 MapIterationSucceeded{0} | 14<-13 MapStateSucceeded | 15<-13 MapStateExited
         16<-15 ExecutionSucceeded",
    );
}

#[test]
fn a_map_without_a_usable_limit_never_starts() {
    one(&map(r#""MaxConcurrencyPath": "$[0]","#, PASS)).input(r#"["NoNumber"]"#).run().assert_history(
        "1<-0 ExecutionStarted | 2<-0 MapStateEntered | 3<-2 ExecutionFailed{States.Runtime}",
    );
}

#[test]
fn a_map_with_an_unusable_tolerance_fails_after_it_started() {
    for field in ["ToleratedFailureCountPath", "ToleratedFailurePercentagePath"] {
        one(&map(&format!(r#""{field}": "$[0]","#), PASS)).input(r#"["NoNumber"]"#).run().assert_history(
            "1<-0 ExecutionStarted | 2<-0 MapStateEntered | 3<-2 MapStateStarted{1}
             4<-3 ExecutionFailed{States.Runtime}",
        );
    }
}

#[test]
fn a_failing_iteration_fails_the_map() {
    flow(&format!(r#""A": {{"Type": "Pass", "Next": "M"}}, "M": {}"#, map("", FAIL)))
        .input("[1]")
        .run()
        .assert_history(
            "1<-0 ExecutionStarted | 2<-0 PassStateEntered | 3<-2 PassStateExited | 4<-3 MapStateEntered
             5<-4 MapStateStarted{1} | 6<-5 MapIterationStarted{0} | 7<-6 FailStateEntered
             8<-7 MapIterationFailed{0} | 9<-7 MapStateFailed | 10<-9 ExecutionFailed{E}",
        );
}

#[test]
fn a_map_that_fails_is_caught() {
    let failing = map(r#""Catch": [{"ErrorEquals": ["E"], "Next": "Z"}],"#, FAIL);
    flow(&format!(r#""M": {failing}, "Z": {{"Type": "Pass", "End": true}}"#))
        .input("[1]")
        .run()
        .assert_history(
        "1<-0 ExecutionStarted | 2<-0 MapStateEntered | 3<-2 MapStateStarted{1} | 4<-3 MapIterationStarted{0}
         5<-4 FailStateEntered | 6<-5 MapIterationFailed{0} | 7<-5 MapStateFailed | 8<-7 MapStateExited
         9<-8 PassStateEntered | 10<-9 PassStateExited | 11<-10 ExecutionSucceeded",
    );
}

#[test]
fn a_map_that_is_retried_starts_again_and_fails_only_at_last() {
    one(&map(r#""Retry": [{"ErrorEquals": ["E"], "MaxAttempts": 1}],"#, FAIL))
        .input("[1]")
        .run()
        .assert_history(
        "1<-0 ExecutionStarted | 2<-0 MapStateEntered | 3<-2 MapStateStarted{1} | 4<-3 MapIterationStarted{0}
         5<-4 FailStateEntered | 6<-5 MapIterationFailed{0} | 7<-5 MapStateStarted{1}
         8<-7 MapIterationStarted{0} | 9<-8 FailStateEntered | 10<-9 MapIterationFailed{0}
         11<-9 MapStateFailed | 12<-11 ExecutionFailed{E}",
    );
}

#[test]
fn the_first_of_four_iterations_to_time_out_aborts_the_others() {
    let run = one(&map("", &format!(r#"{{{INVOKE}, "TimeoutSeconds": 5, "End": true}}"#)))
        .input("[1,2,3,4]")
        .on("f", [never()])
        .run();
    // AWS: recorded, with the other three time-outs (21 to 23) in another order among themselves.
    run.assert_history(
        "1<-0 ExecutionStarted | 2<-0 MapStateEntered | 3<-2 MapStateStarted{4}
         4<-3 MapIterationStarted{0} | 5<-3 MapIterationStarted{1} | 6<-3 MapIterationStarted{2}
         7<-3 MapIterationStarted{3}
         8<-4 TaskStateEntered | 9<-8 TaskScheduled | 10<-5 TaskStateEntered | 11<-10 TaskScheduled
         12<-6 TaskStateEntered | 13<-12 TaskScheduled | 14<-7 TaskStateEntered | 15<-14 TaskScheduled
         16<-9 TaskStarted | 17<-11 TaskStarted | 18<-13 TaskStarted | 19<-15 TaskStarted
         20<-16 TaskTimedOut{States.Timeout} | 21<-17 TaskTimedOut{States.Timeout}
         22<-18 TaskTimedOut{States.Timeout} | 23<-19 TaskTimedOut{States.Timeout}
         24<-20 MapIterationFailed{0} | 25<-20 TaskStateAborted | 26<-20 MapIterationAborted{1}
         27<-20 TaskStateAborted | 28<-20 MapIterationAborted{2} | 29<-20 TaskStateAborted
         30<-20 MapIterationAborted{3} | 31<-20 TaskStateAborted | 32<-20 MapStateFailed
         33<-32 ExecutionFailed{States.Timeout}",
    );
}
