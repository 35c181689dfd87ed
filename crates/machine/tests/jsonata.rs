//! JSONata states: what they see and give, and which events their failures leave.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]

mod harness;

use harness::{Runner, fails, flow_with, returns};
use model::{EventDetails, ExecutionStatus};

const MACHINE: &str = r#""QueryLanguage": "JSONata","#;
const ERROR: &str = "States.QueryEvaluationError";

fn flow(states: &str) -> Runner {
    flow_with(MACHINE, states)
}

fn one(state: &str) -> Runner {
    flow(&format!(r#""S": {state}"#))
}

fn pass(fields: &str) -> Runner {
    one(&format!(r#"{{"Type": "Pass", {fields}, "End": true}}"#))
}

/// The cause of a failure in the state `S`, entered at event 2.
fn assert_cause(run: &Runner, text: &str) {
    let cause =
        format!("An error occurred while executing the state 'S' (entered at the event id #2). {text}");
    assert_eq!(run.failure(), (Some(ERROR), Some(cause.as_str())), "{:?}", run.history());
}

/// The places that EvaluationFailed events name.
fn locations(run: &Runner) -> Vec<Option<String>> {
    run.events()
        .filter_map(|event| match &event.details {
            EventDetails::EvaluationFailed { location, .. } => Some(location.as_deref().map(str::to_owned)),
            _ => None,
        })
        .collect()
}

fn at(location: &str) -> Vec<Option<String>> {
    vec![Some(location.to_owned())]
}

#[test]
fn a_failure_points_to_the_event_before_its_state() {
    let run = pass(r#""Output": {"result": "{% $doesNotExist %}"}"#).run();
    run.assert_history(&format!(
        "1<-0 ExecutionStarted | 2<-0 PassStateEntered | 3<-0 EvaluationFailed | 4<-3 ExecutionFailed{{{ERROR}}}"
    ));
    assert_cause(
        &run,
        "The JSONata expression '$doesNotExist' specified for the field 'Output/result' returned nothing (undefined).",
    );
    assert_eq!(locations(&run), at("Output/result"));
    let later = flow(
        r#""A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Pass", "Assign": {"x": {"y": "{% $no %}"}}, "End": true}"#,
    )
    .run();
    later.assert_history(&format!(
        "1<-0 ExecutionStarted | 2<-0 PassStateEntered | 3<-2 PassStateExited | 4<-3 PassStateEntered
         5<-3 EvaluationFailed | 6<-5 ExecutionFailed{{{ERROR}}}"
    ));
    assert_eq!(locations(&later), at("Assign/x/y"));
}

#[test]
fn states_hand_on_their_input_or_their_result_where_they_have_no_output() {
    flow(
        r#""P": {"Type": "Pass", "Next": "W"}, "W": {"Type": "Wait", "Seconds": 0, "Next": "C"},
           "C": {"Type": "Choice", "Choices": [{"Condition": true, "Next": "T"}]},
           "T": {"Type": "Task", "Resource": "fn:f", "Next": "S"}, "S": {"Type": "Succeed"}"#,
    )
    .input(r#"{"a":1}"#)
    .on("f", [returns(r#"{"r":2}"#)])
    .run()
    .assert_output(r#"{"r":2}"#);
}

#[test]
fn output_and_assign_see_the_values_from_before_the_state() {
    // AWS: recorded vectors 18 and 19 of the reference.
    flow(
        r#""A": {"Type": "Pass", "Assign": {"x": 5}, "Next": "B"},
           "B": {"Type": "Pass", "Assign": {"x": 42, "newOrOld": "{% $x %}"}, "Output": "{% $x %}", "Next": "C"},
           "C": {"Type": "Pass", "Output": {"before": "{% $states.input %}", "x": "{% $x %}", "newOrOld": "{% $newOrOld %}"}, "End": true}"#,
    )
    .run()
    .assert_output(r#"{"before":5,"x":42,"newOrOld":5}"#);
}

#[test]
fn data_and_variables_cross_between_the_languages() {
    harness::flow(
        r#""A": {"Type": "Pass", "Assign": {"n.$": "$.n"}, "Next": "B"},
           "B": {"Type": "Pass", "QueryLanguage": "JSONata", "Assign": {"m": "{% $n + $states.input.n %}"}, "Next": "C"},
           "C": {"Type": "Pass", "Parameters": {"m.$": "$m", "text": "{% 1 %}"}, "End": true}"#,
    )
    .input(r#"{"n":2}"#)
    .run()
    .assert_output(r#"{"text":"{% 1 %}","m":4}"#);
}

#[test]
fn arguments_and_results_of_tasks_are_computed() {
    let run = one(
        r#"{"Type": "Task", "Resource": "fn:f", "Arguments": {"b": "{% $states.input.n * 2 %}", "a": "{% $states.context.State.RetryCount %}"},
            "Output": {"in": "{% $states.input %}", "r": "{% $states.result.v %}"}, "Assign": {"kept": "{% $states.result %}"}, "End": true}"#,
    )
    .input(r#"{"n":3}"#)
    .on("f", [returns(r#"{"v":"x"}"#)])
    .run();
    run.assert_output(r#"{"in":{"n":3},"r":"x"}"#);
    assert_eq!(run.calls.first().map(|call| call.input.as_str()), Some(r#"{"b":6,"a":0}"#));
}

#[test]
fn failures_are_retried_and_caught() {
    let run = flow(
        r#""S": {"Type": "Task", "Resource": "fn:f", "Arguments": "{% $states.input.no %}",
                 "Retry": [{"ErrorEquals": ["States.QueryEvaluationError"], "MaxAttempts": 1}],
                 "Catch": [{"ErrorEquals": ["States.ALL"], "Output": {"e": "{% $states.errorOutput.Error %}", "n": "{% $states.input.n %}"},
                            "Assign": {"why": "{% $states.errorOutput.Cause %}"}, "Next": "R"}], "End": true},
           "R": {"Type": "Succeed"}"#,
    )
    .input(r#"{"n":1}"#)
    .run();
    run.assert_output(r#"{"e":"States.QueryEvaluationError","n":1}"#);
    run.assert_history(
        "1<-0 ExecutionStarted | 2<-0 TaskStateEntered | 3<-0 EvaluationFailed | 4<-0 EvaluationFailed
         5<-4 TaskStateExited | 6<-5 SucceedStateEntered | 7<-6 SucceedStateExited | 8<-7 ExecutionSucceeded",
    );
}

#[test]
fn an_output_that_fails_after_the_task_makes_it_be_called_again() {
    let run = one(r#"{"Type": "Task", "Resource": "fn:f", "Output": "{% $states.result.v %}", "End": true,
            "Retry": [{"ErrorEquals": ["States.ALL"]}]}"#)
    .on("f", [returns("{}"), returns(r#"{"v":1}"#)])
    .run();
    run.assert_output("1");
    run.assert_history(
        "1<-0 ExecutionStarted | 2<-0 TaskStateEntered
         3<-2 LambdaFunctionScheduled | 4<-3 LambdaFunctionStarted | 5<-4 LambdaFunctionSucceeded
         6<-0 EvaluationFailed
         7<-6 LambdaFunctionScheduled | 8<-7 LambdaFunctionStarted | 9<-8 LambdaFunctionSucceeded
         10<-9 TaskStateExited | 11<-10 ExecutionSucceeded",
    );
}

#[test]
fn a_catcher_that_fails_fails_its_state() {
    let run = one(r#"{"Type": "Task", "Resource": "fn:f", "End": true,
            "Retry": [{"ErrorEquals": ["States.QueryEvaluationError"]}],
            "Catch": [{"ErrorEquals": ["E"], "Output": {"v": "{% $states.input.no %}"}, "Next": "S"},
                      {"ErrorEquals": ["States.ALL"], "Next": "S"}]}"#)
    .on("f", [fails("E", "c")])
    .run();
    run.assert_history(&format!(
        "1<-0 ExecutionStarted | 2<-0 TaskStateEntered | 3<-2 LambdaFunctionScheduled | 4<-3 LambdaFunctionStarted
         5<-4 LambdaFunctionFailed{{E}} | 6<-0 EvaluationFailed | 7<-6 ExecutionFailed{{{ERROR}}}"
    ));
    assert_eq!(locations(&run), at("Catch[0]/Output/v"));
}

#[test]
fn conditions_are_booleans() {
    let choice = |condition: &str| {
        flow(&format!(
            r#""S": {{"Type": "Choice", "Choices": [{{"Condition": false, "Next": "A"}}, {{"Condition": {condition}, "Next": "A"}}], "Default": "B"}},
               "A": {{"Type": "Pass", "Output": "a", "End": true}}, "B": {{"Type": "Pass", "Output": "b", "End": true}}"#
        ))
        .input(r#"{"n":1}"#)
        .run()
    };
    choice(r#""{% $states.input.n = 1 %}""#).assert_output(r#""a""#);
    choice(r#""{% $states.input.n > 1 %}""#).assert_output(r#""b""#);
    let text = choice(r#""{% 'yes' %}""#);
    assert_cause(
        &text,
        "The JSONata expression ''yes'' specified for the field 'Choices[1]/Condition' returned an unexpected result type. Expected 'boolean', but was 'string' for value: \"yes\"",
    );
    // AWS: measured, there is no way on to Default.
    let nothing = choice(r#""{% $states.input.no %}""#);
    assert_eq!(locations(&nothing), at("Choices[1]/Condition"));
}

#[test]
fn the_output_of_a_choice_is_that_of_its_rule_or_of_its_default_route() {
    let states = r#""S": {"Type": "Choice", "Output": "default", "Default": "R", "Assign": {"by": "default"},
                 "Choices": [{"Condition": "{% $states.input = 1 %}", "Output": "", "Next": "R"},
                             {"Condition": "{% $states.input = 2 %}", "Assign": {"by": "rule"}, "Next": "R"}]},
           "R": {"Type": "Pass", "Output": ["{% $states.input %}", "{% $exists($by) ? $by : null %}"], "End": true}"#;
    // AWS: recorded vector 24 of the reference.
    flow(states).input("1").run().assert_output(r#"["",null]"#);
    flow(states).input("2").run().assert_output(r#"[2,"rule"]"#);
    flow(states).input("3").run().assert_output(r#"["default","default"]"#);
}

#[test]
fn waits_take_seconds_and_moments() {
    let wait = |field: &str, input: &str| {
        one(&format!(r#"{{"Type": "Wait", "{field}": "{{% $states.input %}}", "End": true}}"#))
            .input(input)
            .run()
    };
    assert_eq!(wait("Seconds", "3").elapsed(), 3_000);
    assert_eq!(wait("Timestamp", r#""2026-01-01T00:00:05Z""#).elapsed(), 5_000);
    assert_cause(&wait("Seconds", "1.6"), "The Seconds field cannot be parsed as an integer: 1.6");
    assert_cause(&wait("Seconds", "-1"), "Seconds must be between 0 and 99999999 but was: -1");
    assert_cause(
        &wait("Timestamp", r#""2016-12-05T21:29:29""#),
        "The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: 2016-12-05T21:29:29",
    );
    assert_eq!(locations(&wait("Seconds", r#""3""#)), at("Seconds"));
}

#[test]
fn the_limits_of_a_task_are_numbers() {
    let task = |input: &str| {
        one(r#"{"Type": "Task", "Resource": "fn:f", "TimeoutSeconds": "{% $states.input %}", "End": true}"#)
            .input(input)
            .on("f", [harness::never()])
            .run()
    };
    // AWS: recorded.
    assert_cause(&task("-1"), "TimeoutSeconds must be between 0 and 99999999 but was: -1");
    assert_cause(&task("1.6"), "The TimeoutSeconds field cannot be parsed as an integer: 1.6");
    let run = task("7");
    assert_eq!((run.failure().0, run.elapsed()), (Some("States.Timeout"), 7_000));
}

#[test]
fn error_and_cause_of_a_fail_state_are_text() {
    let fail = r#"{"Type": "Fail", "Error": "{% $states.input.e %}", "Cause": "plain"}"#;
    one(fail).input(r#"{"e":"Own"}"#).run().assert_failure("Own", "plain");
    let run = one(fail).input(r#"{"e":1}"#).run();
    assert_eq!(run.failure().0, Some(ERROR));
    assert_eq!(locations(&run), at("Error"));
}

const PROCESSOR: &str = r#""ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Pass", "Output": "{% $states.input.v %}", "End": true}}}"#;

#[test]
fn maps_take_items_and_make_their_inputs() {
    let map = |fields: &str| one(&format!(r#"{{"Type": "Map", {fields} {PROCESSOR}, "End": true}}"#));
    map(r#""Items": [{"v": 1}, "{% {'v': 2} %}"],"#).run().assert_output("[1,2]");
    map("").input(r#"[{"v":1}]"#).run().assert_output("[1]");
    map(r#""Items": "{% $states.input.list %}", "MaxConcurrency": "{% 1 %}", "ToleratedFailurePercentage": "{% 50 %}",
           "ItemSelector": {"v": "{% $states.context.Map.Item.Value & '/' & $states.context.Map.Item.Index & $states.input.x %}"},
           "Output": "{% $count($states.result) & $states.result[0] %}","#)
    .input(r#"{"list":["a","b"],"x":"!"}"#)
    .run()
    .assert_output(r#""2a/0!""#);
}

#[test]
fn items_that_are_no_array_fail_the_map() {
    let run = one(&format!(r#"{{"Type": "Map", "Items": "{{% 1 %}}", {PROCESSOR}, "End": true}}"#)).run();
    run.assert_history(&format!(
        "1<-0 ExecutionStarted | 2<-0 MapStateEntered | 3<-0 EvaluationFailed | 4<-3 MapStateFailed
         5<-4 ExecutionFailed{{{ERROR}}}"
    ));
    assert_eq!(locations(&run), at("Items"));
    // AWS: recorded test_map_state_items_input_types: no place is named.
    let run = one(&format!(r#"{{"Type": "Map", {PROCESSOR}, "End": true}}"#)).input(r#"{"foo":"bar"}"#).run();
    assert_cause(&run, r#"Map state input must be an array but was: {"foo":"bar"}"#);
    assert_eq!(locations(&run), [None]);
}

#[test]
fn a_failure_in_an_iteration_fails_the_iteration() {
    let run = one(&format!(r#"{{"Type": "Map", {PROCESSOR}, "End": true}}"#)).input("[{}]").run();
    run.assert_history(&format!(
        "1<-0 ExecutionStarted | 2<-0 MapStateEntered | 3<-2 MapStateStarted{{1}} | 4<-3 MapIterationStarted{{0}}
         5<-4 PassStateEntered | 6<-4 EvaluationFailed | 7<-6 MapIterationFailed{{0}} | 8<-6 MapStateFailed
         9<-8 ExecutionFailed{{{ERROR}}}"
    ));
}

#[test]
fn a_selector_that_fails_while_iterations_run_gives_them_up() {
    let run = one(
        r#"{"Type": "Map", "Items": [1, 2], "MaxConcurrency": 2, "End": true,
            "ItemSelector": {"v": "{% $states.context.Map.Item.Value = 1 ? 1 : $states.input.no %}"},
            "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Wait", "Seconds": 9, "End": true}}}}"#,
    )
    .run();
    assert_eq!(run.failure().0, Some(ERROR));
    assert_eq!(locations(&run), at("ItemSelector/v"));
    assert!(run.history().iter().any(|line| line.contains("MapIterationAborted{0}")), "{:?}", run.history());
}

#[test]
fn branches_get_the_arguments_of_their_parallel() {
    let branch = |name: &str| {
        format!(
            r#"{{"StartAt": "{name}", "States": {{"{name}": {{"Type": "Pass", "Output": "{{% $states.input.v & '{name}' & $outer %}}", "End": true}}}}}}"#
        )
    };
    let states = format!(
        r#""A": {{"Type": "Pass", "Assign": {{"outer": "!"}}, "Next": "P"}},
           "P": {{"Type": "Parallel", "Arguments": {{"v": "{{% $states.input %}}"}}, "Branches": [{}, {}],
                  "Output": "{{% $join($states.result, ',') %}}", "End": true}}"#,
        branch("x"),
        branch("y")
    );
    flow(&states).input(r#""in""#).run().assert_output(r#""inx!,iny!""#);
}

#[test]
fn arguments_that_fail_fail_the_parallel() {
    let run = one(r#"{"Type": "Parallel", "Arguments": "{% $no %}", "End": true,
            "Branches": [{"StartAt": "I", "States": {"I": {"Type": "Succeed"}}}]}"#)
    .run();
    // AWS: unconfirmed, chosen as recorded for a Map.
    run.assert_history(&format!(
        "1<-0 ExecutionStarted | 2<-0 ParallelStateEntered | 3<-0 EvaluationFailed | 4<-3 ParallelStateFailed
         5<-4 ExecutionFailed{{{ERROR}}}"
    ));
    assert_eq!(locations(&run), at("Arguments"));
}

#[test]
fn a_map_that_failed_to_take_its_items_is_retried() {
    let run = flow(&format!(
        r#""S": {{"Type": "Map", "Items": "{{% $states.context.State.RetryCount > 0 ? [{{'v': 1}}] : 0 %}}", {PROCESSOR},
                 "Retry": [{{"ErrorEquals": ["States.ALL"]}}], "End": true}}"#
    ))
    .run();
    run.assert_output("[1]");
    assert_eq!(run.elapsed(), 1_000);
}

#[test]
fn time_and_chance_come_with_the_decision() {
    let draw = |seed: u64| {
        pass(r#""Output": {"id": "{% $uuid() %}", "n": "{% $random() %}", "now": "{% $now() %}"}"#)
            .seed(seed)
            .run()
            .output()
    };
    assert_eq!(draw(1), draw(1));
    assert_ne!(draw(1), draw(2));
    assert!(draw(1).ends_with(r#""now":"2026-01-01T00:00:00.000Z"}"#), "{}", draw(1));
}

#[test]
fn an_expression_that_does_not_end_is_ended() {
    for expression in ["($f := function($n) { $f($n + 1) }; $f(1))", "$count([1..9999999].(1 / $))"] {
        let run = pass(&format!(r#""Output": "{{% {expression} %}}""#)).run();
        assert_eq!((run.status(), run.failure().0), (ExecutionStatus::Failed, Some(ERROR)), "{expression}");
    }
}
