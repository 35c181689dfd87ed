//! Redrive: which states run again, what they are given, and what history shows of it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]

mod harness;

use harness::{Runner, fails, flow, flow_with, never, one, returns, script};
use machine::Stimulus;
use model::{ExecutionStatus, Failure};

/// A map over `[0,1,2]` whose iterations call `f` and then `g`.
fn map(fields: &str) -> Runner {
    one(&format!(
        r#"{{"Type": "Map", {fields} "End": true, "ItemProcessor": {{"StartAt": "A", "States": {{
             "A": {{"Type": "Task", "Resource": "fn:f", "Next": "B"}},
             "B": {{"Type": "Task", "Resource": "fn:g", "End": true}}}}}}}}"#
    ))
    .input("[0,1,2]")
}

#[test]
fn a_task_is_scheduled_again_and_the_states_before_it_are_not() {
    let run = flow(
        r#""P": {"Type": "Pass", "Result": 7, "Next": "T"},
           "T": {"Type": "Task", "Resource": "fn:f", "Next": "Q"}, "Q": {"Type": "Pass", "End": true}"#,
    )
    .on("f", [fails("E", "why"), returns("8")])
    .run();
    assert_eq!(run.status(), ExecutionStatus::Failed);
    let run = run.redrive_after(1_000);
    run.assert_history(
        "1<-0 ExecutionStarted | 2<-0 PassStateEntered | 3<-2 PassStateExited | 4<-3 TaskStateEntered
         5<-4 LambdaFunctionScheduled | 6<-5 LambdaFunctionStarted | 7<-6 LambdaFunctionFailed{E} | 8<-7 ExecutionFailed{E}
         9<-8 ExecutionRedriven{1} | 10<-9 LambdaFunctionScheduled | 11<-10 LambdaFunctionStarted
         12<-11 LambdaFunctionSucceeded | 13<-12 TaskStateExited | 14<-13 PassStateEntered | 15<-14 PassStateExited
         16<-15 ExecutionSucceeded",
    )
    .assert_output("8");
    assert_eq!((run.calls[1].input.as_str(), run.calls[1].at), ("7", 1_000));
    assert_eq!((run.execution.redrive_count, run.execution.failure), (1, None));
}

#[test]
fn each_redrive_counts_and_the_context_object_shows_it() {
    let run = flow(
        r#""T": {"Type": "Task", "Resource": "fn:f", "End": true, "Parameters": {
             "count.$": "$$.Execution.RedriveCount", "execution.$": "$$.Execution"}}"#,
    )
    .on("f", [fails("E", "")])
    .run();
    assert!(run.calls[0].input.contains(r#""count":0"#) && !run.calls[0].input.contains("RedriveTime"));
    let run = run.redrive_after(1_000).redrive_after(60_000);
    assert!(run.calls[1].input.contains(r#""RedriveTime":"2026-01-01T00:00:01Z""#), "{}", run.calls[1].input);
    assert!(run.calls[2].input.contains(r#""count":2"#), "{}", run.calls[2].input);
    assert!(run.calls[2].input.contains(r#""RedriveTime":"2026-01-01T00:01:01Z""#));
    assert_eq!((run.execution.redrive_count, run.count("ExecutionRedriven")), (2, 2));
}

#[test]
fn retry_counters_begin_anew() {
    let run = one(
        r#"{"Type": "Task", "Resource": "fn:f", "End": true, "Parameters": {"n.$": "$$.State.RetryCount"},
            "Retry": [{"ErrorEquals": ["E"], "MaxAttempts": 2, "IntervalSeconds": 1, "BackoffRate": 3}]}"#,
    )
    .on("f", [fails("E", "")])
    .run()
    .redrive_after(10_000);
    let inputs: Vec<&str> = run.calls.iter().map(|call| call.input.as_str()).collect();
    let counts = [r#"{"n":0}"#, r#"{"n":1}"#, r#"{"n":2}"#];
    assert_eq!(inputs, [counts, counts].concat());
    assert_eq!(run.call_times("f"), [0, 1_000, 4_000, 14_000, 15_000, 18_000]);
}

#[test]
fn a_fail_state_fails_again_and_a_choice_looks_at_its_rules_again() {
    let run = one(r#"{"Type": "Fail", "Error": "E"}"#).run().redrive();
    run.assert_history(
        "1<-0 ExecutionStarted | 2<-0 FailStateEntered | 3<-2 ExecutionFailed{E}
         4<-3 ExecutionRedriven{1} | 5<-4 ExecutionFailed{E}",
    );
    let run = flow(
        r#""C": {"Type": "Choice", "Choices": [
             {"Variable": "$$.Execution.RedriveCount", "NumericGreaterThan": 0, "Next": "S"}]},
           "S": {"Type": "Succeed"}"#,
    )
    .run();
    assert_eq!(run.failure().0, Some("States.Runtime"));
    run.redrive().assert_history(
        "1<-0 ExecutionStarted | 2<-0 ChoiceStateEntered | 3<-2 ExecutionFailed{States.Runtime}
         4<-3 ExecutionRedriven{1} | 5<-4 ChoiceStateExited | 6<-5 SucceedStateEntered | 7<-6 SucceedStateExited
         8<-7 ExecutionSucceeded",
    );
}

#[test]
fn a_wait_that_was_stopped_waits_again_and_leaves_at_once_where_its_moment_is_past() {
    let seconds = one(r#"{"Type": "Wait", "Seconds": 10, "End": true}"#)
        .stop_at(4_000, Failure::default())
        .run()
        .redrive();
    seconds.assert_history(
        "1<-0 ExecutionStarted | 2<-0 WaitStateEntered | 3<-0 ExecutionAborted{}
         4<-3 ExecutionRedriven{1} | 5<-4 WaitStateExited | 6<-5 ExecutionSucceeded",
    );
    assert_eq!(seconds.elapsed(), 14_000);
    let moment = one(r#"{"Type": "Wait", "Timestamp": "2026-01-01T00:00:10Z", "End": true}"#)
        .stop_at(4_000, Failure::default())
        .run()
        .redrive_after(60_000);
    assert_eq!((moment.status(), moment.elapsed()), (ExecutionStatus::Succeeded, 64_000));
}

#[test]
fn an_execution_that_timed_out_has_its_whole_time_again() {
    let run =
        flow_with(r#""TimeoutSeconds": 5,"#, r#""T": {"Type": "Task", "Resource": "fn:f", "End": true}"#)
            .on("f", [never(), never(), script().returns(4_000, "1").done()])
            .run();
    assert_eq!((run.status(), run.elapsed()), (ExecutionStatus::TimedOut, 5_000));
    let run = run.redrive_after(60_000);
    assert_eq!((run.status(), run.elapsed()), (ExecutionStatus::TimedOut, 70_000));
    let run = run.redrive();
    assert_eq!((run.status(), run.elapsed()), (ExecutionStatus::Succeeded, 74_000));
}

#[test]
fn the_year_of_an_execution_goes_on_through_a_redrive() {
    let run = one(r#"{"Type": "Task", "Resource": "fn:f", "End": true}"#)
        .on("f", [fails("E", ""), never()])
        .run()
        .redrive_after(1_000);
    assert_eq!(run.execution.about.as_ref().unwrap().deadline, harness::about().deadline);
}

#[test]
fn a_task_that_was_under_way_when_the_execution_was_stopped_gets_another_token() {
    let run = one(r#"{"Type": "Task", "Resource": "sfn:lambda:invoke.waitForTaskToken", "End": true,
            "Parameters": {"FunctionName": "f", "Payload": {"t.$": "$$.Task.Token"}}}"#)
    .on("f", [script().returns(0, "1").done(), script().returns(0, "1").sends(2_000, "2").done()])
    .stop_at(1_000, Failure::named("Stopped"))
    .run();
    let old = run.calls[0].token.clone().unwrap();
    assert_eq!(run.execution.scope_of_token(&old), None, "an execution that has ended waits for no token");
    let mut run = run.redrive_after(1_000);
    run.assert_output("2");
    assert_ne!(run.calls[1].token.as_ref(), Some(&old));
    let late = Stimulus::TokenAnswered {
        token: old.into(),
        answer: machine::TaskAnswer::Failed(Failure::default()),
    };
    assert_eq!(run.give(late), 0);
    assert_eq!(run.count("ExecutionRedriven"), 1);
}

#[test]
fn of_a_parallel_only_the_branches_that_did_not_succeed_go_on_from_their_open_states() {
    let run = one(r#"{"Type": "Parallel", "End": true, "Branches": [
             {"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "fn:a", "End": true}}},
             {"StartAt": "B1", "States": {"B1": {"Type": "Task", "Resource": "fn:b1", "Next": "B2"},
                "B2": {"Type": "Task", "Resource": "fn:b2", "End": true}}},
             {"StartAt": "C", "States": {"C": {"Type": "Task", "Resource": "fn:c", "End": true}}}]}"#)
    .on("a", [returns("1")])
    .on("b1", [returns("2")])
    .on("b2", [script().raises(1_000, Failure::named("E")).done(), returns("3")])
    .on("c", [never(), returns("4")])
    .run();
    assert_eq!(
        run.since(20),
        "20<-19 LambdaFunctionFailed{E} | 21<-20 TaskStateAborted | 22<-20 TaskStateAborted \
         | 23<-20 ParallelStateFailed | 24<-23 ExecutionFailed{E}"
    );
    let run = run.redrive();
    run.assert_output("[1,3,4]");
    assert_eq!(
        run.since(25),
        "25<-24 ExecutionRedriven{1} | 26<-25 ParallelStateStarted | 27<-26 LambdaFunctionScheduled \
         | 28<-26 LambdaFunctionScheduled | 29<-27 LambdaFunctionStarted | 30<-28 LambdaFunctionStarted \
         | 31<-29 LambdaFunctionSucceeded | 32<-31 TaskStateExited | 33<-30 LambdaFunctionSucceeded | 34<-33 TaskStateExited \
         | 35<-34 ParallelStateSucceeded | 36<-34 ParallelStateExited | 37<-36 ExecutionSucceeded"
    );
    let count = |name: &str| run.call_times(name).len();
    assert_eq!((count("a"), count("b1"), count("b2"), count("c")), (1, 1, 2, 2));
}

#[test]
fn of_a_map_only_the_iterations_that_did_not_succeed_go_on() {
    // Item 0 succeeds; item 1 fails in its second state while item 2 is in its first one.
    let run = map("")
        .on("f", [returns("10"), returns("11"), never(), returns("12")])
        .on(
            "g",
            [returns("100"), script().raises(5, Failure::named("E")).done(), returns("101"), returns("102")],
        )
        .run();
    assert_eq!(run.status(), ExecutionStatus::Failed);
    assert_eq!(run.count("MapIterationSucceeded"), 1);
    let failed = run.execution.last_event.0;
    let run = run.redrive();
    run.assert_output("[100,101,102]");
    let redriven = failed + 1;
    let started = failed + 2;
    assert!(
        run.since(redriven).starts_with(&format!(
            "{redriven}<-{failed} ExecutionRedriven{{1}} | {started}<-{redriven} MapStateStarted{{3}} \
             | {}<-{started} MapIterationStarted{{1}} | {}<-{started} MapIterationStarted{{2}} \
             | {}<-{} LambdaFunctionScheduled | {}<-{} LambdaFunctionScheduled",
            started + 1,
            started + 2,
            started + 3,
            started + 1,
            started + 4,
            started + 2
        )),
        "{}",
        run.since(redriven)
    );
    let inputs = |name: &str| -> Vec<&str> {
        run.calls.iter().filter(|call| call.name == name).map(|call| call.input.as_str()).collect()
    };
    assert_eq!(inputs("f"), ["0", "1", "2", "2"]);
    assert_eq!(inputs("g"), ["10", "11", "11", "12"]);
}

#[test]
fn items_that_were_never_begun_are_begun_by_the_redrive() {
    let run = map(r#""MaxConcurrency": 1,"#)
        .on("f", [returns("1")])
        .on("g", [returns("7"), fails("E", ""), returns("8")])
        .run();
    assert_eq!(run.count("MapIterationStarted"), 2);
    let run = run.redrive();
    run.assert_output("[7,8,8]");
    assert_eq!((run.count("MapIterationStarted"), run.count("MapIterationSucceeded")), (4, 3));
}

#[test]
fn branches_that_failed_before_others_began_are_all_taken_up() {
    // The Fail of the first branch ends the execution while the second stands between two states and the third before its
    // first one.
    let run = one(
        r#"{"Type": "Parallel", "End": true, "Parameters": {"v.$": "$.v"}, "Branches": [
             {"StartAt": "P0", "States": {"P0": {"Type": "Pass", "Next": "F"},
                "F": {"Type": "Choice", "Choices": [{"Variable": "$$.Execution.RedriveCount", "NumericEquals": 1, "Next": "Z"}]},
                "Z": {"Type": "Succeed"}}},
             {"StartAt": "P1", "States": {"P1": {"Type": "Pass", "Result": 1, "Next": "P2"},
                "P2": {"Type": "Pass", "End": true}}},
             {"StartAt": "M", "States": {"M": {"Type": "Map", "ItemsPath": "$.v", "End": true, "ItemProcessor": {
                "StartAt": "Q", "States": {"Q": {"Type": "Pass", "End": true}}}}}}]}"#,
    )
    .input(r#"{"v":[5,6]}"#)
    .run();
    assert_eq!(run.count("MapIterationStarted"), 2);
    assert_eq!(run.inputs("P2").len(), 0);
    assert_eq!(run.inputs("Q").len(), 0);
    let run = run.redrive();
    run.assert_output(r#"[{"v":[5,6]},1,[5,6]]"#);
    assert_eq!((run.inputs("P1").len(), run.inputs("P2").len(), run.inputs("Q").len()), (1, 1, 2));
}

#[test]
fn nested_states_keep_what_succeeded_at_every_depth() {
    let run = one(
        r#"{"Type": "Parallel", "End": true, "Branches": [
             {"StartAt": "M", "States": {"M": {"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "P", "States": {
                "P": {"Type": "Parallel", "End": true, "Branches": [
                   {"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "fn:a", "End": true}}},
                   {"StartAt": "B", "States": {"B": {"Type": "Task", "Resource": "fn:b", "End": true}}}]}}}}}},
             {"StartAt": "C", "States": {"C": {"Type": "Task", "Resource": "fn:c", "End": true}}}]}"#,
    )
    .input("[0,1]")
    .on("a", [returns("1")])
    .on("b", [returns("2"), script().raises(10, Failure::named("E")).done(), returns("3")])
    .on("c", [returns("4")])
    .run()
    .redrive();
    run.assert_output("[[[1,2],[1,3]],4]");
    assert_eq!((run.call_times("a").len(), run.call_times("b").len(), run.call_times("c").len()), (2, 3, 1));
}

#[test]
fn a_parallel_that_was_stopped_goes_on_and_one_that_was_caught_does_not() {
    let stopped = one(r#"{"Type": "Parallel", "End": true, "Branches": [
             {"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "fn:a", "End": true}}},
             {"StartAt": "B", "States": {"B": {"Type": "Task", "Resource": "fn:b", "End": true}}}]}"#)
    .on("a", [returns("1")])
    .on("b", [never(), returns("2")])
    .stop_at(1_000, Failure::default())
    .run()
    .redrive();
    stopped.assert_output("[1,2]");
    assert_eq!((stopped.call_times("a").len(), stopped.call_times("b").len()), (1, 2));

    let caught = flow(
        r#""P": {"Type": "Parallel", "End": true, "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "T"}], "Branches": [
             {"StartAt": "A", "States": {"A": {"Type": "Fail", "Error": "E"}}},
             {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 9, "End": true}}}]},
           "T": {"Type": "Task", "Resource": "fn:t", "ResultPath": null, "End": true}"#,
    )
    .on("t", [fails("X", ""), returns("1")])
    .run();
    assert_eq!(caught.execution.scopes.len(), 1, "what was caught leaves nothing behind");
    let caught = caught.redrive();
    assert_eq!((caught.status(), caught.count("ParallelStateStarted")), (ExecutionStatus::Succeeded, 1));
}

#[test]
fn a_state_with_branches_retries_as_a_whole_also_after_a_redrive() {
    let run = one(
        r#"{"Type": "Parallel", "End": true, "Retry": [{"ErrorEquals": ["E"], "MaxAttempts": 1}], "Branches": [
             {"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "fn:a", "End": true}}},
             {"StartAt": "B", "States": {"B": {"Type": "Task", "Resource": "fn:b", "End": true}}}]}"#,
    )
    .on("a", [returns("1")])
    .on("b", [fails("E", ""), fails("E", ""), fails("E", ""), returns("2")])
    .run();
    assert_eq!(run.call_times("a").len(), 2);
    let run = run.redrive();
    run.assert_output("[1,2]");
    // The redrive keeps the result of `a`; the retry behind it runs all branches.
    assert_eq!((run.call_times("a").len(), run.call_times("b").len()), (3, 4));
}

#[test]
fn after_a_result_over_the_limit_every_branch_runs_again() {
    let half = format!("\"{}\"", "x".repeat(140_000));
    let run = one(r#"{"Type": "Parallel", "End": true, "Branches": [
             {"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "fn:a", "End": true}}},
             {"StartAt": "B", "States": {"B": {"Type": "Task", "Resource": "fn:b", "End": true}}}]}"#)
    .on("a", [returns(&half), returns("1")])
    .on("b", [returns(&half), returns("2")])
    .run();
    assert_eq!(run.failure().0, Some("States.DataLimitExceeded"));
    let run = run.redrive();
    run.assert_output("[1,2]");
    assert_eq!((run.call_times("a").len(), run.call_times("b").len()), (2, 2));
}

#[test]
fn a_state_whose_branches_all_succeeded_leaves_again_without_running_them() {
    let run = one(
        r#"{"Type": "Parallel", "End": true, "ResultSelector": {"n.$": "$$.Execution.RedriveTime"}, "Branches": [
             {"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "fn:a", "End": true}}}]}"#,
    )
    .on("a", [returns("1")])
    .run();
    assert_eq!(run.failure().0, Some("States.Runtime"));
    let run = run.redrive_after(2_000);
    run.assert_output(r#"{"n":"2026-01-01T00:00:02Z"}"#);
    assert_eq!(run.call_times("a").len(), 1);
}

#[test]
fn a_map_that_failed_before_its_first_iteration_begins_anew() {
    let run =
        one(r#"{"Type": "Map", "ToleratedFailurePercentagePath": "$.p", "ItemsPath": "$.v", "End": true,
            "ItemProcessor": {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}}"#)
        .input(r#"{"v":[1],"p":200}"#)
        .run();
    let run = run.redrive();
    assert_eq!((run.count("MapStateStarted"), run.failure().0), (2, Some("States.Runtime")));
}

#[test]
fn variables_are_as_the_open_state_found_them() {
    let run = flow(
        r#""P": {"Type": "Pass", "Assign": {"v": 1}, "Next": "T"},
           "T": {"Type": "Task", "Resource": "fn:f", "Assign": {"v": 2}, "Parameters": {"v.$": "$v"}, "Next": "Q"},
           "Q": {"Type": "Pass", "Parameters": {"v.$": "$v"}, "End": true}"#,
    )
    .on("f", [fails("E", ""), returns("0")])
    .run()
    .redrive();
    assert_eq!(run.calls[1].input, r#"{"v":1}"#);
    run.assert_output(r#"{"v":2}"#);
}

#[test]
fn jsonata_states_are_redriven_alike() {
    let run = flow_with(
        r#""QueryLanguage": "JSONata","#,
        r#""M": {"Type": "Map", "Items": "{% $states.input.v %}", "End": true, "ItemSelector": {"i": "{% $states.context.Map.Item.Value %}"},
             "ItemProcessor": {"StartAt": "T", "States": {
             "T": {"Type": "Task", "Resource": "fn:f", "Arguments": "{% $states.input.i + $states.context.Execution.RedriveCount %}",
                   "Output": "{% $states.result %}", "End": true}}}}"#,
    )
    .input(r#"{"v":[10,20]}"#)
    .on("f", [returns("1"), fails("E", ""), returns("2")])
    .run()
    .redrive();
    run.assert_output("[1,2]");
    assert_eq!(run.calls.iter().map(|call| call.input.as_str()).collect::<Vec<_>>(), ["10", "20", "21"]);
}

#[test]
fn what_runs_or_has_succeeded_is_not_redriven() {
    let mut run = one(r#"{"Type": "Pass", "End": true}"#).run();
    assert_eq!(run.give(Stimulus::Redrive), 0);
    let mut waits = one(r#"{"Type": "Task", "Resource": "fn:f", "End": true}"#).on("f", [never()]).run();
    assert_eq!(waits.give(Stimulus::Redrive), 0);
    let mut fresh = one(r#"{"Type": "Pass", "End": true}"#);
    assert_eq!(fresh.give(Stimulus::Redrive), 0);
}

#[test]
fn a_history_without_room_is_not_redriven() {
    let mut run = flow(
        r#""A": {"Type": "Pass", "Next": "C"},
           "C": {"Type": "Choice", "Choices": [{"Variable": "$", "IsNull": true, "Next": "S"}], "Default": "A"},
           "S": {"Type": "Succeed"}"#,
    )
    .run();
    assert_eq!(run.execution.last_event.0, 25_000);
    assert_eq!(run.give(Stimulus::Redrive), 0);
}

#[test]
fn a_redrive_that_fills_the_history_fails() {
    // Every redrive of a Fail costs two events.
    let mut run = one(r#"{"Type": "Fail", "Error": "E"}"#).run();
    while run.execution.last_event.0 < 24_997 {
        run.give(Stimulus::Redrive);
    }
    run.check();
    assert_eq!(run.give(Stimulus::Redrive), 2);
    assert_eq!(run.execution.last_event.0, 24_999);
    assert_eq!(run.give(Stimulus::Redrive), 0);
}
