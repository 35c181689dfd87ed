//! Executions that are started with a test case: their tasks are answered by mocks.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use engine::{Publication, StartError, Started, StateMachine};
use model::{ExecutionArn, ExecutionStatus, StateMachineType};
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use support::{Bed, Process, request};
use tasks::{Mocks, TaskLimits, Tasks};

on_both_stores!(
    retries_take_the_next_answer_and_a_state_without_an_entry_calls_its_service,
    iterations_and_loops_take_the_next_answer,
    an_execution_that_runs_out_of_answers_fails,
    a_restart_goes_on_counting,
    the_file_is_read_again_when_it_changes,
    callbacks_and_jobs_are_submitted_and_end_at_once,
    activities_need_no_worker,
    a_test_case_that_cannot_be_used_is_refused,
    a_test_case_belongs_to_the_start,
    express_executions_are_answered_too,
    a_nested_execution_has_a_test_case_of_its_own,
);

/// A file of mocked integrations for the machine `m`.
struct MockFile {
    directory: tempfile::TempDir,
}

impl MockFile {
    fn new(states: &str, responses: &str) -> MockFile {
        let file = MockFile { directory: tempfile::tempdir().unwrap() };
        file.write(states, responses);
        file
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("mocks.json")
    }

    /// Replaces the file, as editors do.
    fn write(&self, states: &str, responses: &str) {
        let text = format!(
            r#"{{"StateMachines": {{"m": {{"TestCases": {{"Case": {{{states}}}, "Empty": {{}}}}}}}},
                "MockedResponses": {{{responses}}}}}"#
        );
        let new = self.directory.path().join("new.json");
        fs::write(&new, text).unwrap();
        fs::rename(new, self.path()).unwrap();
    }

    fn tasks(&self) -> Tasks {
        Tasks::with_callers(Vec::new(), TaskLimits::default()).with_mocks(Mocks::at(self.path()))
    }

    fn boot(&self, bed: &Bed) -> Process {
        bed.boot_on(bed.config.clone(), Arc::new(self.tasks()))
    }
}

fn try_start(
    process: &Process,
    machine: &Arc<StateMachine>,
    name: &str,
    case: &str,
) -> Result<Started, StartError> {
    let mut start = request(machine, name, "{}");
    start.test_case = Some(case.to_owned());
    process.run(process.engine.start_execution(start))
}

fn start(process: &Process, machine: &Arc<StateMachine>, case: &str) -> ExecutionArn {
    try_start(process, machine, "e", case).unwrap().arn
}

fn output(process: &Process, arn: &ExecutionArn) -> String {
    let record = process.ended(arn);
    assert_eq!(record.failure, None);
    record.output.unwrap().text().to_string()
}

fn lambda(state: &str, more: &str) -> String {
    format!(
        r#""{state}": {{"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
            "Parameters": {{"FunctionName": "f"}}, {more}}}"#
    )
}

fn one(state: &str) -> String {
    format!(r#"{{"StartAt": "A", "States": {{{state}}}}}"#)
}

const RETRY: &str = r#""Retry": [{"ErrorEquals": ["E1", "E2"], "IntervalSeconds": 1, "MaxDelaySeconds": 2, "BackoffRate": 1}]"#;
const ERRORS: &str = r#""R": {"0": {"Throw": {"Error": "E1", "Cause": "C1"}}, "1": {"Throw": {"Error": "E2", "Cause": "C2"}},
    "2": {"Return": {"Payload": 7}}}"#;
const NUMBERS: &str = r#""R": {"0": {"Return": 10}, "1-2": {"Return": 20}, "3": {"Return": 30}}"#;

fn retries_take_the_next_answer_and_a_state_without_an_entry_calls_its_service(bed: &Bed) {
    let file = MockFile::new(r#""A": "R""#, ERRORS);
    let process = file.boot(bed);
    let real = lambda("B", r#""Catch": [{"ErrorEquals": ["States.ALL"], "Next": "C"}], "End": true"#);
    let end = r#""C": {"Type": "Pass", "End": true}"#;
    let states =
        [lambda("A", &format!(r#"{RETRY}, "ResultSelector": {{"x.$": "$.Payload"}}, "Next": "B""#)), real];
    let machine = process.create("m", &one(&format!("{}, {end}", states.join(", "))));
    let arn = start(&process, &machine, "Case");
    let called = output(&process, &arn);
    // Nobody serves the function, so that Lambda's own error shows that it was called.
    assert!(called.contains("Lambda.ResourceNotFoundException"), "{called}");
    let attempt = ["TaskScheduled", "TaskStarted", "TaskFailed"];
    let expected = [
        &["ExecutionStarted", "TaskStateEntered"][..],
        &attempt,
        &attempt,
        &["TaskScheduled", "TaskStarted", "TaskSucceeded", "TaskStateExited", "TaskStateEntered"],
        &attempt,
        &["TaskStateExited", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"],
    ];
    assert_eq!(process.types(&arn), expected.concat());
    let wire = process.history(&arn)[11].to_wire(true).to_text();
    assert!(wire.contains(r#"{\"x\":7}"#), "{wire}");
}

fn iterations_and_loops_take_the_next_answer(bed: &Bed) {
    let file = MockFile::new(r#""T": "R""#, NUMBERS);
    let process = file.boot(bed);
    let body = format!(r#"{{"StartAt": "T", "States": {{{}}}}}"#, lambda("T", r#""End": true"#));
    let definition = format!(
        r#"{{"StartAt": "Items", "States": {{
            "Items": {{"Type": "Pass", "Result": [1, 2], "ResultPath": "$.items", "Next": "Map"}},
            "Map": {{"Type": "Map", "MaxConcurrency": 1, "ItemsPath": "$.items", "ResultPath": "$.items",
                "ItemProcessor": {body}, "Next": "Again"}},
            "Again": {{"Type": "Choice", "Default": "Map",
                "Choices": [{{"Variable": "$.items[1]", "NumericEquals": 30, "Next": "Done"}}]}},
            "Done": {{"Type": "Succeed", "OutputPath": "$.items"}}}}}}"#
    );
    let machine = process.create("m", &definition);
    let arn = start(&process, &machine, "Case");
    assert_eq!(output(&process, &arn), "[20,30]");
    let taken: Vec<String> = process
        .history(&arn)
        .iter()
        .filter(|event| event.details.type_name() == "TaskSucceeded")
        .map(|event| {
            event.to_wire(true).get("taskSucceededEventDetails").unwrap().get("output").unwrap().to_string()
        })
        .collect();
    assert_eq!(taken, ["\"10\"", "\"20\"", "\"20\"", "\"30\""]);
}

fn an_execution_that_runs_out_of_answers_fails(bed: &Bed) {
    let file = MockFile::new(r#""A": "R""#, r#""R": {"0": {"Throw": {"Error": "E1", "Cause": "C"}}}"#);
    let process = file.boot(bed);
    let caught =
        format!(r#"{RETRY}, "Catch": [{{"ErrorEquals": ["States.ALL"], "Next": "C"}}], "End": true"#);
    let end = r#""C": {"Type": "Pass", "End": true}"#;
    let machine = process.create("m", &one(&format!("{}, {end}", lambda("A", &caught))));
    let record = process.ended(&start(&process, &machine, "Case"));
    assert_eq!(record.status, ExecutionStatus::Failed);
    let failure = record.failure.unwrap();
    assert_eq!(failure.error.as_deref(), Some("States.Runtime"));
    let cause = failure.cause.unwrap();
    assert!(cause.ends_with("has no answer for invocation 1 of the state 'A'"), "{cause}");
}

fn a_restart_goes_on_counting(bed: &Bed) {
    let responses = r#""R": {"0": {"Throw": {"Error": "E1", "Cause": "C"}}, "1": {"Return": "second"}}"#;
    let file = MockFile::new(r#""A": "R""#, responses);
    let process = file.boot(bed);
    let machine = process.create("m", &one(&lambda("A", &format!(r#"{RETRY}, "End": true"#))));
    let arn = start(&process, &machine, "Case");
    process.until_events(&arn, "TaskFailed", 1);
    process.kill();
    let process = file.boot(bed);
    assert_eq!(output(&process, &arn), "\"second\"");
}

fn the_file_is_read_again_when_it_changes(bed: &Bed) {
    let file = MockFile::new(r#""A": "R""#, r#""R": {"0": {"Return": 1}}"#);
    let process = file.boot(bed);
    let machine = process.create("m", &one(&lambda("A", r#""End": true"#)));
    let run = |name: &str| output(&process, &try_start(&process, &machine, name, "Case").unwrap().arn);
    assert_eq!(run("first"), "1");
    file.write(r#""A": "R""#, r#""R": {"0": {"Return": 2}}"#);
    assert_eq!(run("second"), "2");
}

fn callbacks_and_jobs_are_submitted_and_end_at_once(bed: &Bed) {
    let responses = r#""Token": {"0": {"Throw": {"Error": "E1", "Cause": "C"}}, "1": {"Return": "told"}},
        "Job": {"0": {"Return": {"ExecutionArn": "arn:job", "StartDate": "1745486528077", "Output": {"a": 1}}}}"#;
    let file = MockFile::new(r#""A": "Token", "B": "Job""#, responses);
    let process = file.boot(bed);
    let definition = format!(
        r#"{{"StartAt": "A", "States": {{
            "A": {{"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
                "Parameters": {{"QueueUrl": "q", "MessageBody": {{"token.$": "$$.Task.Token"}}}},
                {RETRY}, "ResultPath": "$.token", "Next": "B"}},
            "B": {{"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2",
                "Parameters": {{"StateMachineArn": "x"}}, "ResultPath": "$.job", "End": true}}}}}}"#
    );
    let machine = process.create("m", &definition);
    let arn = start(&process, &machine, "Case");
    let expected =
        r#"{"token":"told","job":{"ExecutionArn":"arn:job","StartDate":"1745486528077","Output":{"a":1}}}"#;
    assert_eq!(output(&process, &arn), expected);
    let begin = ["TaskScheduled", "TaskStarted", "TaskSubmitted"];
    let expected = [
        &["ExecutionStarted", "TaskStateEntered"][..],
        &begin,
        &["TaskFailed"],
        &begin,
        &["TaskSucceeded", "TaskStateExited", "TaskStateEntered"],
        &begin,
        &["TaskSucceeded", "TaskStateExited", "ExecutionSucceeded"],
    ];
    assert_eq!(process.types(&arn), expected.concat());
    let submitted = process.history(&arn)[14].to_wire(true).to_text();
    assert!(submitted.contains(r#"\"ExecutionArn\":\"arn:job\""#), "{submitted}");
    assert!(submitted.contains(r#"\"StartDate\":1745486528077"#), "{submitted}");
}

fn activities_need_no_worker(bed: &Bed) {
    let file = MockFile::new(r#""A": "R""#, ERRORS);
    let process = file.boot(bed);
    process.run(process.engine.activities().create("worker", Vec::new(), None)).unwrap();
    let activity = process.engine.partition().activity("worker");
    let task = format!(r#""A": {{"Type": "Task", "Resource": "{}", {RETRY}, "End": true}}"#, activity);
    let machine = process.create("m", &one(&task));
    let arn = start(&process, &machine, "Case");
    assert_eq!(output(&process, &arn), r#"{"Payload":7}"#);
    let attempt = ["ActivityScheduled", "ActivityStarted", "ActivityFailed"];
    let expected = [
        &["ExecutionStarted", "TaskStateEntered"][..],
        &attempt,
        &attempt,
        &[
            "ActivityScheduled",
            "ActivityStarted",
            "ActivitySucceeded",
            "TaskStateExited",
            "ExecutionSucceeded",
        ],
    ];
    assert_eq!(process.types(&arn), expected.concat());
    // A worker finds nothing of it.
    let next = process.engine.next_activity_task(&activity, None);
    assert!(process.run(async { tokio::time::timeout(Duration::from_millis(50), next).await }).is_err());
}

fn a_test_case_that_cannot_be_used_is_refused(bed: &Bed) {
    let file = MockFile::new("", "");
    let process = file.boot(bed);
    let machine = process.create("m", &one(&lambda("A", r#""End": true"#)));
    let refusal = |case: &str| match try_start(&process, &machine, "e", case) {
        Err(error @ StartError::TestCase(_)) => error.to_string(),
        other => panic!("{other:?}"),
    };
    assert!(refusal("None").ends_with("has no test case 'None' of the state machine 'm'"));
    fs::write(file.path(), "{").unwrap();
    assert!(refusal("Case").contains("cannot be used: it is not JSON"));
    fs::remove_file(file.path()).unwrap();
    assert!(refusal("Case").contains("cannot be used: "));
    process.kill();
    // Without a file at all.
    let process = bed.boot();
    let machine = process.engine.machines().get(&machine.arn.0).unwrap().unwrap();
    let refused = try_start(&process, &machine, "e", "Case").unwrap_err().to_string();
    assert!(refused.contains("no mock configuration file"), "{refused}");
}

fn a_test_case_belongs_to_the_start(bed: &Bed) {
    let file = MockFile::new("", "");
    let process = file.boot(bed);
    let machine = process.create("m", &support::wait(100));
    let first = try_start(&process, &machine, "e", "Case").unwrap();
    assert_eq!(try_start(&process, &machine, "e", "Case").unwrap(), first);
    for again in [
        try_start(&process, &machine, "e", "Empty"),
        process.run(process.engine.start_execution(request(&machine, "e", "{}"))),
    ] {
        assert!(matches!(again, Err(StartError::AlreadyExists(_))), "{again:?}");
    }
}

fn express_executions_are_answered_too(bed: &Bed) {
    let file = MockFile::new(r#""A": "R""#, ERRORS);
    let process = file.boot(bed);
    let definition = one(&lambda("A", &format!(r#"{RETRY}, "End": true"#)));
    let mut machine = process.machine("m", &definition);
    machine.machine_type = StateMachineType::Express;
    machine.definition = Arc::new(asl::compile(&definition, StateMachineType::Express).unwrap().definition);
    let mut start = request(&Arc::new(machine), "e", "{}");
    start.test_case = Some("Case".to_owned());
    let ended = process.run(process.engine.start_sync_execution(start.clone())).unwrap();
    assert_eq!(ended.failure, None);
    assert_eq!(&**ended.output.unwrap().text(), r#"{"Payload":7}"#);
    start.test_case = Some("None".to_owned());
    let refused = process.run(process.engine.start_sync_execution(start)).unwrap_err();
    assert!(matches!(refused, StartError::TestCase(_)), "{refused:?}");
}

fn a_nested_execution_has_a_test_case_of_its_own(bed: &Bed) {
    let file = MockFile::new(r#""A": "R""#, r#""R": {"0": {"Return": {"Payload": 7}}}"#);
    let process = file.boot(bed);
    let child = process.create("m", &one(&lambda("A", r#""End": true"#))).arn.clone();
    process.run(process.engine.machines().publish(&child.0, None, Publication::default())).unwrap();
    let nested = |name: &str, arn: &str| {
        let task = format!(
            r#""B": {{"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2",
                "Parameters": {{"StateMachineArn": "{arn}"}},
                "OutputPath": "$['Output', 'StateMachineVersionArn']", "End": true}}"#
        );
        let definition = format!(r#"{{"StartAt": "B", "States": {{{task}}}}}"#);
        let parent = process.create(name, &definition);
        let arn = process.start(&parent, "e");
        process.ended(&arn)
    };
    let of_machine = nested("p1", &format!("{child}#Case"));
    assert_eq!(&**of_machine.output.unwrap().text(), r#"{"Output":{"Payload":7}}"#);
    let of_version = nested("p2", &format!("{child}:1#Case"));
    let expected = format!(r#"{{"Output":{{"Payload":7}},"StateMachineVersionArn":"{child}:1"}}"#);
    assert_eq!(&**of_version.output.unwrap().text(), expected);
    let failure = nested("p3", &format!("{child}#None")).failure.unwrap();
    assert_eq!(failure.error.as_deref(), Some("StepFunctions.InvalidNameException"));
}
