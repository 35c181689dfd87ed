//! Distributed Maps: what their execution says of a Map Run, and what it does with its end.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]

mod harness;

use harness::{Runner, START, Seeded, flow, flow_with, one};
use json::{Payload, Value};
use machine::{MapItem, Outside, OutstandingMapRun, Stimulus, TaskAnswer, select_item, threshold_exceeded};
use model::{ExecutionStatus, Failure};

/// A distributed Map `S` with the given fields.
fn distributed(fields: &str) -> String {
    format!(
        r#"{{"Type": "Map", {fields} "ItemProcessor": {{"ProcessorConfig": {{"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}},
             "StartAt": "P", "States": {{"P": {{"Type": "Pass", "End": true}}}}}}}}"#
    )
}

fn map(fields: &str) -> Runner {
    one(&distributed(&format!(r#"{fields} "End": true,"#)))
}

fn only(runner: &Runner) -> OutstandingMapRun {
    let mut runs = runner.execution.map_runs();
    assert_eq!(runs.len(), 1);
    runs.remove(0)
}

/// Starts the execution, and ends its Map Run so.
fn ended(mut runner: Runner, answer: TaskAnswer) -> Runner {
    runner.start();
    end(&mut runner, answer);
    runner.check();
    runner
}

fn end(runner: &mut Runner, answer: TaskAnswer) {
    let OutstandingMapRun { scope, run, .. } = only(runner);
    runner.give(Stimulus::MapRunEnded { scope, run, answer });
}

fn result(text: &str) -> TaskAnswer {
    TaskAnswer::Succeeded(Payload::from_text(text).unwrap())
}

fn exceeded() -> TaskAnswer {
    TaskAnswer::Failed(threshold_exceeded())
}

#[test]
fn a_run_that_succeeds_gives_the_result_of_its_state() {
    let run = ended(map(r#""ResultPath": "$[0]","#).input("[7,8]"), result("[70,80]"));
    run.assert_history(
        "1<-0 ExecutionStarted | 2<-0 MapStateEntered | 3<-2 MapStateStarted{2} | 4<-3 MapRunStarted
         5<-4 MapRunSucceeded | 6<-5 MapStateSucceeded | 7<-5 MapStateExited | 8<-7 ExecutionSucceeded",
    );
    run.assert_output("[[70,80],8]");
    assert_eq!(run.execution.map_runs(), []);
}

#[test]
fn a_run_is_told_everything_that_was_evaluated() {
    let mut run = map(
        r#""Label": "L", "MaxConcurrencyPath": "$.n", "ToleratedFailureCountPath": "$.n", "ToleratedFailurePercentage": 12.5,
           "ItemsPath": "$.items", "ItemBatcher": {"MaxItemsPerBatchPath": "$.n", "BatchInput": {"b.$": "$.n"}},"#,
    )
    .input(r#"{"n":"3","items":[1]}"#);
    run.start();
    let plan = only(&run).plan;
    assert!(plan.arn.0.starts_with("arn:aws:states:us-east-1:000000000000:mapRun:m/L:"), "{}", plan.arn);
    assert_eq!((plan.max_concurrency, plan.tolerated_failure_count), (3, Some(3)));
    assert_eq!(plan.tolerated_failure_percentage, Some(12.5));
    assert_eq!(plan.items.as_ref().unwrap().0.text().as_ref(), "[1]");
    let batch = plan.batch.as_ref().unwrap();
    assert_eq!((batch.max_items, batch.max_bytes), (Some(3), None));
    assert_eq!(batch.input.as_ref().unwrap().0.text().as_ref(), r#"{"b":"3"}"#);
    run.check();
}

#[test]
fn a_reader_is_told_its_arguments_and_the_length_is_unknown() {
    let mut run = map(
        r#""ItemsPath": "$.not.there", "ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket": "b", "Key.$": "$.k"},
           "ReaderConfig": {"InputType": "JSON", "MaxItemsPath": "$.n"}},
           "ResultWriter": {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "out"}},"#,
    )
    .input(r#"{"k":"key","n":-1}"#);
    run.start();
    let plan = only(&run).plan;
    assert_eq!(plan.reader.as_ref().unwrap().0.text().as_ref(), r#"{"Bucket":"b","Key":"key"}"#);
    assert_eq!((plan.max_items, plan.items.is_none()), (-1, true));
    assert_eq!(plan.writer.as_ref().unwrap().0.text().as_ref(), r#"{"Bucket":"out"}"#);
    assert_eq!(run.history()[2], "3<-2 MapStateStarted{0}");
}

#[test]
fn a_field_that_cannot_be_read_ends_the_execution_before_the_run_begins() {
    for (fields, input, started, text) in [
        (
            r#""MaxConcurrencyPath": "$[0]","#,
            r#"["NoNumber"]"#,
            0,
            r#"The MaxConcurrencyPath field refers to value "NoNumber" which is not a valid integer: $[0]"#,
        ),
        (r#""ToleratedFailureCountPath": "$[0]","#, "[-1]", 1, "ToleratedFailureCount cannot be negative."),
        (
            r#""ToleratedFailurePercentagePath": "$[0]","#,
            "[100.1]",
            1,
            "ToleratedFailurePercentage must be between 0 and 100.",
        ),
        (
            r#""ItemBatcher": {"MaxItemsPerBatchPath": "$[0]"},"#,
            "[0]",
            1,
            "MaxItemsPerBatch must be positive.",
        ),
        (
            r#""ItemReader": {"Resource": "arn:aws:states:::s3:listObjectsV2", "ReaderConfig": {"MaxItemsPath": "$[0]"}},"#,
            "[1.5]",
            1,
            r#"The MaxItemsPath field refers to value "1.5" which is not a valid integer: $[0]"#,
        ),
        ("", "7", 0, r#"Reference path "$" must point to array."#),
    ] {
        let run = map(fields).input(input).run();
        run.assert_runtime(text);
        assert_eq!(run.count("MapStateStarted"), started, "{fields}");
        assert_eq!(run.count("MapRunStarted"), 0, "{fields}");
    }
}

#[test]
fn a_run_that_fails_fails_its_state_with_its_error() {
    let run = ended(map("").input("[1]"), exceeded());
    run.assert_history(
        "1<-0 ExecutionStarted | 2<-0 MapStateEntered | 3<-2 MapStateStarted{1} | 4<-3 MapRunStarted
         5<-4 MapRunFailed | 6<-5 MapStateFailed | 7<-6 ExecutionFailed{States.ExceedToleratedFailureThreshold}",
    );
    run.assert_failure(
        "States.ExceedToleratedFailureThreshold",
        "The specified tolerated failure threshold was exceeded",
    );
}

#[test]
fn a_retry_starts_another_run_and_a_catcher_takes_its_error() {
    let state = distributed(
        r#""Retry": [{"ErrorEquals": ["States.ExceedToleratedFailureThreshold"], "IntervalSeconds": 1, "MaxAttempts": 1}],
           "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "C"}], "End": true,"#,
    );
    let mut run = flow(&format!(r#""S": {state}, "C": {{"Type": "Succeed"}}"#)).input("[1]");
    run.start();
    let first = only(&run).plan.arn.clone();
    end(&mut run, exceeded());
    assert_eq!(run.execution.map_runs(), []);
    run.now = run.now.plus_seconds(1);
    run.give(Stimulus::Tick);
    assert_ne!(only(&run).plan.arn, first);
    end(&mut run, exceeded());
    run.check();
    assert_eq!(run.status(), ExecutionStatus::Succeeded);
    assert_eq!((run.count("MapRunStarted"), run.count("MapStateFailed")), (2, 1));
    assert!(run.output().contains("States.ExceedToleratedFailureThreshold"));
}

#[test]
fn an_error_of_the_interpreter_is_caught_by_nothing() {
    let state = distributed(r#""Catch": [{"ErrorEquals": ["States.ALL"], "Next": "C"}], "End": true,"#);
    let run = flow(&format!(r#""S": {state}, "C": {{"Type": "Succeed"}}"#)).input("[1]");
    let run = ended(run, TaskAnswer::Failed(Failure::new("States.Runtime", "a selector")));
    run.assert_failure("States.Runtime", "a selector");
    assert_eq!((run.count("MapRunFailed"), run.count("MapStateFailed")), (1, 0));
}

#[test]
fn a_stop_and_a_time_out_abort_the_run() {
    let mut stopped = map("").input("[1]");
    stopped.start();
    stopped.give(Stimulus::Stop { failure: Failure::default() });
    stopped.check();
    assert_eq!(
        stopped.history()[4..],
        ["5<-4 MapRunAborted", "6<-5 MapStateAborted", "7<-0 ExecutionAborted{}"]
    );
    let state = distributed(r#""End": true,"#);
    let timed_out = flow_with(r#""TimeoutSeconds": 5,"#, &format!(r#""S": {state}"#)).input("[1]").run();
    assert_eq!(timed_out.status(), ExecutionStatus::TimedOut);
    assert_eq!((timed_out.count("MapRunAborted"), timed_out.elapsed()), (1, 5_000));
    assert_eq!(timed_out.execution.map_runs(), []);
}

#[test]
fn a_failure_beside_it_aborts_the_run() {
    let state = distributed(r#""End": true,"#);
    let run = one(&format!(
        r#"{{"Type": "Parallel", "End": true, "Branches": [
             {{"StartAt": "M", "States": {{"M": {state}}}}},
             {{"StartAt": "F", "States": {{"F": {{"Type": "Fail", "Error": "E"}}}}}}]}}"#
    ))
    .input("[1]")
    .run();
    assert_eq!((run.count("MapRunAborted"), run.count("MapStateAborted")), (1, 1));
    assert_eq!(run.execution.map_runs(), []);
}

#[test]
fn an_end_that_nobody_waits_for_any_more_is_passed_over() {
    let mut run = map("").input("[1]");
    run.start();
    let OutstandingMapRun { scope, run: event, .. } = only(&run);
    end(&mut run, result("[]"));
    assert_eq!(run.give(Stimulus::MapRunEnded { scope, run: event, answer: result("[]") }), 0);
}

#[test]
fn a_selector_sees_the_item_and_the_execution_that_waits() {
    let state = distributed(
        r#""ItemSelector": {"v.$": "$$.Map.Item.Value", "k.$": "$$.Map.Item.Key", "i.$": "$$.Map.Item.Index",
           "s.$": "$$.Map.Item.Source", "in.$": "$.a", "var.$": "$x", "name.$": "$$.Execution.Name"}, "End": true,"#,
    );
    let mut run =
        flow(&format!(r#""V": {{"Type": "Pass", "Assign": {{"x": 5}}, "Next": "S"}}, "S": {state}"#))
            .input(r#"{"a":1}"#);
    run.start();
    let scope = only(&run).scope;
    let before = run.execution.clone();
    let item = MapItem {
        index: 4,
        value: Value::from("v"),
        key: Some("k".into()),
        source: Some("STATE_DATA".into()),
    };
    let mut select = |item: MapItem| {
        let entropy = &mut Seeded(1);
        let outside = Outside { now: START, entropy, activity_exists: &|_| false, wait_scale: 1.0 };
        select_item(&mut run.execution, &run.definition, scope, item, outside)
    };
    let selected = select(item.clone()).unwrap();
    assert_eq!(selected.to_text(), r#"{"s":"STATE_DATA","in":1,"v":"v","var":5,"name":"e","i":4,"k":"k"}"#);
    let failure = select(MapItem { key: None, ..item }).unwrap_err();
    assert_eq!(failure.error.as_deref(), Some("States.Runtime"));
    let cause = failure.cause.unwrap();
    assert!(
        cause.starts_with("An error occurred while executing the state 'S' (entered at the event id #4). "),
        "{cause}"
    );
    assert_eq!(run.execution, before);
}
