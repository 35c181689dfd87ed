//! Variables: when they are set, who sees them, and how large they may be.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]

mod harness;

use harness::{fails, flow, one, returns};
use model::ExecutionStatus;

#[test]
fn a_state_reads_the_values_from_before_it() {
    // AWS: recorded BASE_EVALUATION_ORDER_PASS_STATE.
    let run = flow(
        r#""A": {"Type": "Pass", "Assign": {"x": 1, "y": "old"}, "Next": "B"},
           "B": {"Type": "Pass", "InputPath": "$x", "OutputPath": "$y", "Assign": {"x.$": "$y", "y.$": "$x", "z.$": "$"}, "Next": "C"},
           "C": {"Type": "Pass", "Parameters": {"in.$": "$", "x.$": "$x", "y.$": "$y", "z.$": "$z"}, "End": true}"#,
    )
    .run();
    run.assert_output(r#"{"in":"old","x":"old","y":1,"z":1}"#);
}

#[test]
fn assign_of_a_task_sees_the_result_before_result_selector() {
    let run = flow(
        r#""A": {"Type": "Task", "Resource": "fn:f", "ResultSelector": {"s.$": "$.v"}, "ResultPath": "$.r",
                 "Assign": {"whole.$": "$"}, "Next": "B"},
           "B": {"Type": "Pass", "InputPath": "$whole", "End": true}"#,
    )
    .on("f", [returns(r#"{"v":1}"#)])
    .run();
    run.assert_output(r#"{"v":1}"#);
}

#[test]
fn an_iteration_reads_outer_variables_and_keeps_its_own_to_itself() {
    let run = flow(
        r#""A": {"Type": "Pass", "Assign": {"outer": 10}, "Next": "M"},
           "M": {"Type": "Map", "ItemProcessor": {"StartAt": "I", "States": {
                   "I": {"Type": "Pass", "Assign": {"own.$": "States.MathAdd($, $outer)"}, "Next": "J"},
                   "J": {"Type": "Pass", "InputPath": "$own", "End": true}}},
                 "Assign": {"all.$": "$"}, "Next": "B"},
           "B": {"Type": "Pass", "Parameters": {"all.$": "$all", "outer.$": "$outer"}, "Next": "C"},
           "C": {"Type": "Pass", "Parameters": {"own.$": "$own"}, "End": true}"#,
    )
    .input("[1,2,3]")
    .run();
    assert_eq!(run.execution.status, ExecutionStatus::Failed);
    let entered = run.facts.iter().rev().filter_map(|fact| match &fact.event()?.details {
        model::EventDetails::StateEntered { input, .. } => Some(input.0.text().to_string()),
        _ => None,
    });
    assert_eq!(entered.take(1).collect::<Vec<_>>(), [r#"{"all":[11,12,13],"outer":10}"#]);
}

#[test]
fn a_catcher_assigns_in_the_scope_of_its_state() {
    let run = flow(
        r#""P": {"Type": "Parallel", "Branches": [{"StartAt": "F", "States": {"F": {"Type": "Task", "Resource": "fn:f", "End": true}}}],
                 "Catch": [{"ErrorEquals": ["E"], "Assign": {"why.$": "$.Cause"}, "ResultPath": null, "Next": "B"}], "End": true},
           "B": {"Type": "Pass", "Parameters": {"why.$": "$why"}, "End": true}"#,
    )
    .on("f", [fails("E", "because")])
    .run();
    run.assert_output(r#"{"why":"because"}"#);
}

#[test]
fn the_assign_of_a_choice_is_for_its_default_route() {
    let states = r#""C": {"Type": "Choice", "Assign": {"by": "default"}, "Default": "B",
                 "Choices": [{"Variable": "$.n", "NumericEquals": 1, "Assign": {"by": "rule"}, "Next": "B"}]},
           "B": {"Type": "Pass", "InputPath": "$by", "End": true}"#;
    flow(states).input(r#"{"n":1}"#).run().assert_output(r#""rule""#);
    flow(states).input(r#"{"n":2}"#).run().assert_output(r#""default""#);
}

#[test]
fn history_shows_what_was_assigned_sorted_by_name() {
    let run = one(r#"{"Type": "Pass", "Assign": {"b": [1], "a.$": "$", "c": "x"}, "End": true}"#).run();
    let assigned = run.facts.iter().find_map(|fact| match &fact.event()?.details {
        model::EventDetails::StateExited { assigned_variables, .. } => Some(assigned_variables.clone()),
        _ => None,
    });
    let shown: Vec<String> =
        assigned.unwrap().iter().map(|(name, value)| format!("{name}={}", value.0.text())).collect();
    assert_eq!(shown, ["a={}", "b=[1]", r#"c="x""#]);
}

#[test]
fn a_variable_that_was_never_assigned_is_an_error_of_the_interpreter() {
    let run = one(r#"{"Type": "Pass", "Parameters": {"a.$": "$x"}, "End": true}"#).run();
    assert_eq!(run.failure().0, Some("States.Runtime"));
}

#[test]
fn one_assign_sets_at_most_256_kib() {
    let input = |bytes: usize| format!(r#""{}""#, "x".repeat(bytes - 2));
    let state = r#"{"Type": "Pass", "Assign": {"a.$": "$", "b.$": "$"}, "ResultPath": null, "End": true}"#;
    assert_eq!(one(state).input(&input(128 * 1024)).run().execution.status, ExecutionStatus::Succeeded);
    let run = one(state).input(&input(128 * 1024 + 1)).run();
    assert_eq!(run.failure().0, Some("States.DataLimitExceeded"));
}

#[test]
fn the_variables_of_an_execution_have_at_most_10_mib() {
    // 40 times 256 KiB fit, one byte more does not; values that are replaced do not count.
    let pass = |n: usize, name: usize, next: &str| {
        format!(r#""S{n}": {{"Type": "Pass", "Assign": {{"v{name}.$": "$"}}, {next}}}"#)
    };
    let chain = |last: &str| {
        let mut states: Vec<String> =
            (0..45).map(|n| pass(n, n % 40, &format!(r#""Next": "S{}""#, n + 1))).collect();
        states.push(format!(r#""S45": {{"Type": "Pass", "Assign": {last}, "End": true}}"#));
        flow(&states.join(",")).input(&format!(r#""{}""#, "x".repeat(256 * 1024 - 2))).run()
    };
    assert_eq!(chain(r#"{"v0": 1}"#).execution.status, ExecutionStatus::Succeeded);
    assert_eq!(chain(r#"{"more": 1}"#).failure().0, Some("States.DataLimitExceeded"));
}

#[test]
fn variables_survive_a_rebuild_and_a_retry() {
    let run = flow(
        r#""A": {"Type": "Pass", "Assign": {"n": 1}, "Next": "T"},
           "T": {"Type": "Task", "Resource": "fn:f", "Parameters": {"n.$": "$n"}, "Assign": {"n.$": "$"},
                 "Retry": [{"ErrorEquals": ["E"]}], "Next": "B"},
           "B": {"Type": "Pass", "InputPath": "$n", "End": true}"#,
    )
    .on("f", [fails("E", "c"), returns("2")])
    .run();
    run.assert_output("2");
    let inputs: Vec<&str> = run.calls.iter().map(|call| call.input.as_str()).collect();
    assert_eq!(inputs, [r#"{"n":1}"#, r#"{"n":1}"#]);
}
