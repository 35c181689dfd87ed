//! States tried on their own.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]

mod harness;

use harness::{START, Seeded};
use json::{Payload, Value};
use machine::{
    About, Inspection, Mock, Outside, Stimulus, TaskAnswer, Trial, TrialEnd, TrialError, TrialSetup,
    TrialStatus,
};
use model::{Failure, Partition};
use std::collections::BTreeMap;
use std::sync::Arc;

fn setup(definition: asl::Definition, state: &str) -> TrialSetup {
    let partition = Partition::of("us-east-1", "000000000000");
    let about = About {
        arn: partition.tested_execution("machine", "run"),
        state_machine_arn: partition.state_machine("machine"),
        role_arn: "arn:aws:iam::000000000000:role/r".into(),
        region: partition.region.clone(),
        started_at: START,
        deadline: START.plus_seconds(300),
        is_synchronous: true,
    };
    TrialSetup {
        definition: Arc::new(definition),
        state: state.into(),
        about,
        input: Payload::from_text("{}").unwrap(),
        variables: BTreeMap::new(),
        context: None,
        mock: None,
        retry_count: 0,
        failed_iterations: None,
        reader_data: None,
    }
}

/// A state on its own with its input.
fn lone(state: &str, input: &str) -> TrialSetup {
    let definition = asl::compile_state(state).unwrap();
    TrialSetup { input: Payload::from_text(input).unwrap(), ..setup(definition, asl::LONE_STATE) }
}

fn begin(setup: TrialSetup) -> Trial {
    let outside = Outside { now: START, entropy: &mut Seeded(1), activity_exists: &|_| true };
    Trial::begin(setup, outside).unwrap()
}

fn ended(setup: TrialSetup) -> (TrialEnd, Inspection) {
    let trial = begin(setup);
    (trial.end().expect("it ended").expect("it was not refused"), trial.inspection())
}

fn mocked(state: &str, input: &str, result: &str) -> TrialSetup {
    TrialSetup { mock: Some(Mock::Result(Payload::from_text(result).unwrap())), ..lone(state, input) }
}

fn mocked_error(state: &str, error: &str) -> TrialSetup {
    TrialSetup { mock: Some(Mock::Error(Failure::new(error, "why"))), ..lone(state, "{}") }
}

fn text(stage: &Option<Payload>) -> &str {
    stage.as_ref().map_or("-", |stage| stage.text())
}

const LAMBDA: &str = r#""Type":"Task","Resource":"arn:aws:lambda:us-east-1:000000000000:function:f""#;

#[test]
fn a_pass_shows_each_stage_of_its_data_flow() {
    let state = r#"{"Type":"Pass","InputPath":"$.a","Parameters":{"p.$":"$.b"},"ResultPath":"$.r","OutputPath":"$.r","Next":"N"}"#;
    let (end, seen) = ended(lone(state, r#"{"a":{"b":1}}"#));
    assert_eq!((end.status, end.next_state.as_deref()), (TrialStatus::Succeeded, Some("N")));
    assert_eq!(text(&end.output), r#"{"p":1}"#);
    assert_eq!(text(&seen.input), r#"{"a":{"b":1}}"#);
    assert_eq!(text(&seen.after_input_path), r#"{"b":1}"#);
    assert_eq!(text(&seen.after_parameters), r#"{"p":1}"#);
    assert_eq!(text(&seen.after_result_selector), r#"{"p":1}"#);
    assert_eq!(text(&seen.after_result_path), r#"{"a":{"b":1},"r":{"p":1}}"#);
    assert_eq!(text(&seen.result), "-");
}

#[test]
fn a_literal_result_hides_the_stages_before_it() {
    // AWS: recorded BASE_RESULT_PASS_STATE.
    let (_, seen) = ended(lone(r#"{"Type":"Pass","Result":7,"End":true}"#, "{}"));
    assert_eq!(
        (text(&seen.after_input_path), text(&seen.after_parameters), text(&seen.result)),
        ("-", "-", "7")
    );
}

#[test]
fn a_task_is_called_once_and_its_answer_ends_the_trial() {
    let state =
        format!(r#"{{{LAMBDA},"ResultSelector":{{"v.$":"$.x"}},"Assign":{{"kept.$":"$.x"}},"End":true}}"#);
    let mut trial = begin(TrialSetup {
        variables: BTreeMap::from([("before".into(), Payload::from_text("true").unwrap())]),
        ..lone(&state, "[1]")
    });
    assert_eq!(trial.end(), None);
    let tasks = trial.outstanding();
    assert_eq!((tasks.len(), tasks[0].input.text().as_ref()), (1, "[1]"));
    let answer = TaskAnswer::Succeeded(Payload::from_text(r#"{"x":5}"#).unwrap());
    let stimulus = Stimulus::TaskAnswered { scope: tasks[0].scope, task: tasks[0].task, answer };
    let outside = Outside { now: START, entropy: &mut Seeded(1), activity_exists: &|_| false };
    trial.go_on(stimulus, outside);
    let end = trial.end().unwrap().unwrap();
    assert_eq!((end.status, text(&end.output)), (TrialStatus::Succeeded, r#"{"v":5}"#));
    let seen = trial.inspection();
    assert_eq!((text(&seen.result), text(&seen.after_parameters)), (r#"{"x":5}"#, "[1]"));
    assert_eq!(text(&seen.variables), r#"{"before":true,"kept":5}"#);
}

#[test]
fn a_trial_ends_with_a_timeout_at_its_deadline() {
    let mut trial = begin(lone(r#"{"Type":"Wait","Seconds":301,"End":true}"#, "{}"));
    let deadline = trial.next_timer().unwrap();
    assert_eq!(deadline, START.plus_seconds(300));
    let outside = Outside { now: deadline, entropy: &mut Seeded(1), activity_exists: &|_| false };
    trial.go_on(Stimulus::Tick, outside);
    let end = trial.end().unwrap().unwrap();
    assert_eq!(end.failure.unwrap().error.as_deref(), Some("States.Timeout"));
}

#[test]
fn retriers_and_catchers_take_errors_as_they_do_in_executions() {
    let clauses = r#""Retry":[{"ErrorEquals":["X"]},{"ErrorEquals":["E"],"IntervalSeconds":3,"BackoffRate":2,"MaxAttempts":3}],
        "Catch":[{"ErrorEquals":["X"],"Next":"A"},{"ErrorEquals":["States.ALL"],"ResultPath":"$.e","Next":"B"}]"#;
    let state = format!("{{{LAMBDA},{clauses},\"End\":true}}");
    let at = |retry_count| ended(TrialSetup { retry_count, ..mocked_error(&state, "E") });
    let (end, seen) = at(2);
    let details = seen.error_details;
    assert_eq!((end.status, end.output, end.next_state), (TrialStatus::Retriable, None, None));
    assert_eq!((details.retry_index, details.retry_backoff_interval_seconds), (Some(1), Some(12)));
    assert_eq!(details.catch_index, None);
    let (end, seen) = at(3);
    assert_eq!((end.status, end.next_state.as_deref()), (TrialStatus::CaughtError, Some("B")));
    assert_eq!(text(&end.output), r#"{"e":{"Error":"E","Cause":"why"}}"#);
    assert_eq!(end.failure.unwrap().error.as_deref(), Some("E"));
    assert_eq!(seen.error_details.catch_index, Some(1));
    assert_eq!(seen.error_details.retry_backoff_interval_seconds, None);
    // Nothing takes what the interpreter itself runs into.
    let bad = state.replace("\"End\":true", "\"Parameters\":{\"p.$\":\"$.none\"},\"End\":true");
    let (end, seen) = ended(mocked(&bad, "{}", "{}"));
    assert_eq!(end.status, TrialStatus::Failed);
    assert_eq!(end.failure.unwrap().error.as_deref(), Some("States.Runtime"));
    assert_eq!(seen.error_details, machine::ErrorDetails::default());
}

#[test]
fn a_mock_stands_for_activities_callbacks_and_jobs() {
    for (resource, parameters) in [
        ("arn:aws:states:us-east-1:000000000000:activity:a", "{}"),
        (
            "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            r#"{"QueueUrl":"q","MessageBody.$":"$$.Task.Token"}"#,
        ),
        ("arn:aws:states:::states:startExecution.sync:2", r#"{"StateMachineArn":"arn"}"#),
    ] {
        let state =
            format!(r#"{{"Type":"Task","Resource":"{resource}","Parameters":{parameters},"End":true}}"#);
        let (end, _) = ended(mocked(&state, "{}", r#"{"done":1}"#));
        assert_eq!((end.status, text(&end.output)), (TrialStatus::Succeeded, r#"{"done":1}"#), "{resource}");
    }
}

fn map(fields: &str) -> String {
    let processor = r#"{"StartAt":"I","States":{"I":{"Type":"Pass","End":true}}}"#;
    format!(r#"{{"Type":"Map",{fields},"ItemProcessor":{processor},"End":true}}"#)
}

#[test]
fn a_map_shows_its_items_and_what_bounds_them() {
    let state = map(
        r#""ItemsPath":"$.v","ItemSelector":{"i.$":"$$.Map.Item.Value","n.$":"$$.Map.Item.Index"},"MaxConcurrency":2,
           "ToleratedFailureCount":1,"ToleratedFailurePercentage":12.5,"ResultPath":"$.r""#,
    );
    let (end, seen) = ended(mocked(&state, r#"{"v":[7,8]}"#, "[70,80]"));
    assert_eq!(text(&end.output), r#"{"v":[7,8],"r":[70,80]}"#);
    assert_eq!(text(&seen.after_items_path), "[7,8]");
    assert_eq!(text(&seen.after_item_selector), r#"[{"i":7,"n":0},{"i":8,"n":1}]"#);
    assert_eq!((seen.max_concurrency, seen.tolerated_failure_count), (Some(2), Some(1)));
    assert_eq!((seen.tolerated_failure_percentage, text(&seen.result)), (Some(12.5), "-"));
}

#[test]
fn failed_iterations_are_held_against_the_thresholds() {
    let tried = |fields: &str, failed| {
        let setup = mocked(&map(fields), "[1,2,3,4]", "[]");
        ended(TrialSetup { failed_iterations: Some(failed), ..setup }).0
    };
    let count = r#""ToleratedFailureCount":1"#;
    let percentage = r#""ToleratedFailurePercentage":50"#;
    assert_eq!(tried(count, 1).status, TrialStatus::Succeeded);
    assert_eq!(tried(percentage, 2).status, TrialStatus::Succeeded);
    // AWS: recorded BASE_MAP_STATE, a Map that tolerates nothing in so many words is not asked.
    assert_eq!(tried(r#""MaxConcurrency":0"#, 3).status, TrialStatus::Succeeded);
    for (fields, failed) in [(count, 2), (percentage, 3)] {
        let end = tried(fields, failed);
        let failure = end.failure.unwrap();
        assert_eq!(failure.error.as_deref(), Some("States.ExceedToleratedFailureThreshold"));
        assert_eq!(failure.cause.as_deref(), Some("The specified tolerated failure threshold was exceeded"));
    }
    let setup = TrialSetup { failed_iterations: Some(5), ..mocked(&map(count), "[1,2,3,4]", "[]") };
    assert_eq!(begin(setup).end(), Some(Err(TrialError::TooManyFailedIterations)));
}

fn distributed(fields: &str) -> String {
    map(fields).replace(
        r#"{"StartAt":"I""#,
        r#"{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"EXPRESS"},"StartAt":"I""#,
    )
}

fn read(fields: &str, data: &str) -> (TrialEnd, Inspection) {
    let reader = r#""ItemReader":{"Resource":"arn:aws:states:::s3:getObject","Parameters":{"Bucket":"b","Key":"k"},"ReaderConfig":"#;
    let state = distributed(&format!("{reader}{fields}"));
    ended(TrialSetup { reader_data: Some(data.into()), ..mocked(&state, "{}", "[]") })
}

#[test]
fn rows_and_lists_that_a_reader_found_are_read_too() {
    let selector = r#""ItemSelector":{"v.$":"$$.Map.Item.Value"}"#;
    let selected = |config: &str, data: &str| {
        let (end, seen) = read(&format!("{config},{selector}"), data);
        assert_eq!(end.status, TrialStatus::Succeeded, "{:?}", end.failure);
        text(&seen.after_item_selector).to_owned()
    };
    let first_row = r#"{"InputType":"CSV","CSVHeaderLocation":"FIRST_ROW"}}"#;
    assert_eq!(selected(first_row, "a,b\n1,\"x,y\"\n"), r#"[{"v":{"a":"1","b":"x,y"}}]"#);
    let given = r#"{"InputType":"CSV","CSVHeaderLocation":"GIVEN","CSVHeaders":["a","b"],"CSVDelimiter":"PIPE","MaxItems":2}}"#;
    assert_eq!(selected(given, "1|2\n3\n5|6"), r#"[{"v":{"a":"1","b":"2"}},{"v":{"a":"3","b":""}}]"#);
    assert_eq!(selected(first_row, r#"[{"a":"1"}]"#), r#"[{"v":{"a":"1"}}]"#);
    assert_eq!(selected(r#"{"InputType":"PARQUET"}}"#, r#"[{"a":1.5}]"#), r#"[{"v":{"a":1.5}}]"#);
    for (config, data, cause) in [
        (first_row, "a,a\n1,2", "CSV headers cannot contain duplicates."),
        (r#"{"InputType":"PARQUET"}}"#, "PAR1", "Unrecognized token 'PAR1'"),
    ] {
        let (end, _) = read(config, data);
        let failure = end.failure.unwrap();
        assert_eq!(failure.error.as_deref(), Some("States.ItemReaderFailed"));
        assert!(failure.cause.as_deref().unwrap().starts_with(cause), "{:?}", failure.cause);
    }
}

#[test]
fn a_distributed_map_shows_selected_items_and_batches() {
    let state = distributed(
        r#""ItemSelector":{"k.$":"$$.Map.Item.Key","s.$":"$$.Map.Item.Source"},
           "ItemBatcher":{"MaxItemsPerBatch":2,"BatchInput":{"of.$":"$.a"}}"#,
    );
    let (end, seen) = ended(mocked(&state, r#"{"a":1,"b":2,"c":3}"#, "[]"));
    assert_eq!(end.status, TrialStatus::Succeeded);
    assert_eq!(text(&seen.after_items_path), r#"{"a":1,"b":2,"c":3}"#);
    let item = |key: &str| format!(r#"{{"s":"STATE_DATA","k":"{key}"}}"#);
    let (a, b, c) = (item("a"), item("b"), item("c"));
    assert_eq!(text(&seen.after_item_selector), format!("[{a},{b},{c}]"));
    assert_eq!(
        text(&seen.after_item_batcher),
        format!(
            r#"[{{"BatchInput":{{"of":1}},"Items":[{a},{b}]}},{{"BatchInput":{{"of":1}},"Items":[{c}]}}]"#
        )
    );
    let inline = map(r#""ItemBatcher":{"MaxItemsPerBatch":2}"#);
    assert_eq!(ended(mocked(&inline, "[]", "[]")).0.status, TrialStatus::Failed);
}

#[test]
fn what_a_reader_found_is_read_as_its_format_says() {
    let selector = r#""ItemSelector":{"v.$":"$$.Map.Item.Value","s.$":"$$.Map.Item.Source"}"#;
    let (_, seen) = read(
        &format!(r#"{{"InputType":"JSON","ItemsPointer":"/a~1b/items","MaxItems":2}}}},{selector}"#),
        r#"{"a/b":{"items":[1,2,3]}}"#,
    );
    assert_eq!(text(&seen.after_items_pointer), "[1,2,3]");
    assert_eq!(text(&seen.after_item_selector), r#"[{"s":"s3://b/k","v":1},{"s":"s3://b/k","v":2}]"#);
    assert_eq!(text(&seen.after_items_path), "-");
    let (_, seen) = read(&format!(r#"{{"InputType":"JSONL"}}}},{selector}"#), "1\n\n[2]\n");
    assert_eq!(text(&seen.after_item_selector), r#"[{"s":"s3://b/k","v":1},{"s":"s3://b/k","v":[2]}]"#);
    for (config, data, cause) in [
        (r#"{"InputType":"JSON"}}"#, "7", "Attempting to map over non-iterable node."),
        (
            r#"{"InputType":"JSON","ItemsPointer":"/x"}}"#,
            "{}",
            "The provided ReaderConfig.ItemsPointer does not match any valid path in the JSON structure.",
        ),
    ] {
        let failure = read(config, data).0.failure.unwrap();
        assert_eq!(failure.error.as_deref(), Some("States.ItemReaderFailed"));
        assert_eq!(failure.cause.as_deref(), Some(cause));
    }
    assert_eq!(read(r#"{"InputType":"JSON"}}"#, "{").0.status, TrialStatus::Failed);
}

#[test]
fn items_must_be_an_array_and_the_message_names_no_state() {
    // AWS: recorded.
    let (end, _) = ended(mocked(&map(r#""MaxConcurrency":1"#), "{}", "[]"));
    let failure = end.failure.unwrap();
    assert_eq!(failure.cause.as_deref(), Some("Reference path \"$\" must point to array."));
}

#[test]
fn a_state_inside_a_map_sees_the_first_item() {
    let text = map(r#""MaxConcurrency":0"#).replace(
        r#""Type":"Pass""#,
        r#""Type":"Pass","Parameters":{"item.$":"$$.Map.Item","state.$":"$$.State.Name"}"#,
    );
    let machine = format!(r#"{{"StartAt":"M","States":{{"M":{text}}}}}"#);
    let definition = asl::compile(&machine, model::StateMachineType::Standard).unwrap().definition;
    let input = Payload::from_text("5").unwrap();
    let (end, _) = ended(TrialSetup { input: input.clone(), ..setup(definition.clone(), "I") });
    assert_eq!(end.output.unwrap().value().to_text(), r#"{"item":{"Index":0,"Value":5},"state":"I"}"#);
    // A context object that is given is all there is.
    let context = Value::object([("State", Value::object([("Name", "other")]))]);
    let setup = TrialSetup { input, context: context.as_object().cloned(), ..setup(definition, "I") };
    let (end, _) = ended(setup);
    assert_eq!(end.status, TrialStatus::Failed);
}

#[test]
fn a_state_that_is_not_there_cannot_be_tried() {
    let definition = asl::compile_state(r#"{"Type":"Succeed"}"#).unwrap();
    let outside = Outside { now: START, entropy: &mut Seeded(1), activity_exists: &|_| true };
    assert_eq!(Trial::begin(setup(definition, "X"), outside).unwrap_err(), TrialError::StateNotFound);
}
