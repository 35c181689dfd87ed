//! Executions that start executions.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use json::{Payload, Value};
use model::{EventDetails, ExecutionArn, ExecutionStatus, Failure, Partition, TaskResource};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::Instant;
use support::{Bed, PATIENCE, Process, request, wait};
use tasks::{CancelFuture, TaskCall, TaskFuture, TaskLimits, TaskRunner, Tasks, Workflows};
use tokio::sync::Semaphore;

on_both_stores!(
    a_request_goes_on_with_the_answer_of_the_start,
    a_sync_task_ends_with_its_child,
    a_child_that_fails_fails_the_task_with_its_description,
    stopping_the_parent_stops_what_it_waits_for,
    a_task_that_times_out_stops_its_child,
    a_branch_that_fails_stops_the_child_of_the_other,
    a_child_that_outlives_the_process_is_waited_for_by_the_next,
    a_child_that_ended_while_nobody_watched_is_found,
    a_shutdown_leaves_children_to_the_next_process,
    a_parent_that_stops_after_a_restart_stops_its_child,
    a_child_whose_start_is_answered_too_late_is_stopped,
    a_token_ends_the_task_and_leaves_the_child_alone,
    a_callback_is_answered_by_the_child_s_token,
    what_cannot_be_started_fails_as_the_api_refuses_it,
    a_machine_that_starts_itself_ends_on_one_shard,
    a_child_is_watched_once_although_its_parent_leaves_memory,
);

const PASS: &str =
    r#"{"StartAt": "P", "States": {"P": {"Type": "Pass", "Result": {"Arg1": "argument1"}, "End": true}}}"#;
const ECHO: &str = r#"{"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}"#;
const FAIL: &str =
    r#"{"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "Bad", "Cause": "as told"}}}"#;

/// Nested workflows as they are; watching can be left out, and is counted; answers can be held back.
#[derive(Clone)]
struct Runner {
    tasks: Tasks,
    is_blind: bool,
    watched: Arc<AtomicUsize>,
    /// Answers of calls wait for a permit of it.
    gate: Option<Arc<Semaphore>>,
}

impl Runner {
    fn new(is_blind: bool) -> Runner {
        let tasks = Tasks::with_callers(Vec::new(), TaskLimits::default());
        Runner { tasks, is_blind, watched: Arc::default(), gate: None }
    }
}

impl TaskRunner for Runner {
    fn call(&self, call: TaskCall) -> TaskFuture {
        let (outcome, gate) = (self.tasks.call(call), self.gate.clone());
        Box::pin(async move {
            let outcome = outcome.await;
            if let Some(gate) = gate {
                gate.acquire().await.unwrap().forget();
            }
            outcome
        })
    }

    fn watch(&self, call: TaskCall, submitted: Payload) -> TaskFuture {
        self.watched.fetch_add(1, Ordering::SeqCst);
        if self.is_blind { Box::pin(std::future::pending()) } else { self.tasks.watch(call, submitted) }
    }

    fn cancel(&self, call: TaskCall, submitted: Payload) -> CancelFuture {
        self.tasks.cancel(call, submitted)
    }

    fn connect(&self, workflows: Weak<dyn Workflows>) {
        self.tasks.connect(workflows);
    }

    fn supports(&self, resource: &TaskResource) -> bool {
        self.tasks.supports(resource)
    }
}

fn boot(bed: &Bed) -> Process {
    bed.boot_on(bed.config.clone(), Arc::new(Runner::new(false)))
}

/// The members of a Task state that starts the machine `child`, with an execution of the name `c`.
fn start_child(suffix: &str, more: &str) -> String {
    format!(
        r#""Type": "Task", "Resource": "arn:aws:states:::states:startExecution{suffix}",
        "Parameters": {{"StateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:child", "Name": "c",
                        "Input.$": "$.Input"}}, {more} "End": true"#
    )
}

fn parent(suffix: &str, more: &str) -> String {
    format!(r#"{{"StartAt": "S", "States": {{"S": {{{}}}}}}}"#, start_child(suffix, more))
}

/// A parent that gives its child the task's token.
fn with_token(suffix: &str) -> String {
    parent(suffix, "").replace(r#""Input.$": "$.Input""#, r#""Input": {"token.$": "$$.Task.Token"}"#)
}

fn child() -> ExecutionArn {
    Partition::of("us-east-1", "000000000000").execution("child", "c")
}

/// Starts a parent of the definition and a child of the other, with the child's input.
fn start(process: &Process, parent: &str, child: &str, input: &str) -> ExecutionArn {
    process.create("child", child);
    let machine = process.create("parent", parent);
    let start = request(&machine, "p", &format!(r#"{{"Input": {input}}}"#));
    process.run(process.engine.start_execution(start)).unwrap().arn
}

fn output(process: &Process, arn: &ExecutionArn) -> Value {
    let record = process.ended(arn);
    assert_eq!(record.status, ExecutionStatus::Succeeded, "{:?}", record.failure);
    record.output.unwrap().value().clone()
}

fn failure(process: &Process, arn: &ExecutionArn) -> (String, String) {
    let failure = process.ended(arn).failure.unwrap();
    (failure.error.unwrap_or_default().to_string(), failure.cause.unwrap_or_default().to_string())
}

fn keys(value: &Value) -> Vec<String> {
    value.as_object().unwrap().keys().map(ToString::to_string).collect()
}

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value.get(member).and_then(Value::as_str).unwrap_or_else(|| panic!("no text {member} in {value}"))
}

fn a_request_goes_on_with_the_answer_of_the_start(bed: &Bed) {
    let process = boot(bed);
    let arn = start(&process, &parent("", ""), PASS, "null");
    let answer = output(&process, &arn);
    assert_eq!(keys(&answer), ["ExecutionArn", "SdkHttpMetadata", "SdkResponseMetadata", "StartDate"]);
    assert_eq!(text(&answer, "ExecutionArn"), &*child().0);
    let record = process.ended(&child());
    assert_eq!(answer.get("StartDate").and_then(Value::as_i64), Some(record.started_at.0));
    assert_eq!(&**record.input.text(), "{}");
    let types = process.types(&arn);
    assert_eq!(types[2..5], ["TaskScheduled", "TaskStarted", "TaskSucceeded"]);
}

fn a_sync_task_ends_with_its_child(bed: &Bed) {
    let process = boot(bed);
    let arn = start(&process, &parent(".sync", ""), PASS, r#"{"a": 1}"#);
    let answer = output(&process, &arn);
    let members = "ExecutionArn Input InputDetails Name Output OutputDetails RedriveCount RedriveStatus \
                   RedriveStatusReason StartDate StateMachineArn Status StopDate";
    assert_eq!(keys(&answer), members.split_whitespace().collect::<Vec<_>>());
    assert_eq!((text(&answer, "Input"), text(&answer, "Name")), (r#"{"a":1}"#, "c"));
    assert_eq!((text(&answer, "Output"), text(&answer, "Status")), (r#"{"Arg1":"argument1"}"#, "SUCCEEDED"));
    let expected = "ExecutionStarted TaskStateEntered TaskScheduled TaskStarted TaskSubmitted TaskSucceeded \
                    TaskStateExited ExecutionSucceeded";
    assert_eq!(process.types(&arn), expected.split_whitespace().collect::<Vec<_>>());

    let parsed = process.create("parsed", &parent(".sync:2", "").replace(r#""Name": "c","#, ""));
    let start = request(&parsed, "p", r#"{"Input": "{\"b\": 2}"}"#);
    let arn = process.run(process.engine.start_execution(start)).unwrap().arn;
    let answer = output(&process, &arn);
    assert_eq!(answer.get("Input").unwrap().to_text(), r#"{"b":2}"#);
    assert_eq!(answer.get("Output").unwrap().to_text(), r#"{"Arg1":"argument1"}"#);
    assert_eq!(text(&answer, "Name").len(), 36);
}

fn a_child_that_fails_fails_the_task_with_its_description(bed: &Bed) {
    let process = boot(bed);
    let arn = start(&process, &parent(".sync:2", ""), FAIL, "null");
    let (error, cause) = failure(&process, &arn);
    assert_eq!(error, "States.TaskFailed");
    let cause = json::parse(&cause).unwrap();
    assert_eq!((text(&cause, "Error"), text(&cause, "Cause")), ("Bad", "as told"));
    assert_eq!((text(&cause, "Status"), text(&cause, "Input")), ("FAILED", "{}"));
    assert!(cause.get("Output").is_none());
    assert_eq!(process.types(&arn)[3..6], ["TaskStarted", "TaskSubmitted", "TaskFailed"]);
}

fn stopping_the_parent_stops_what_it_waits_for(bed: &Bed) {
    let process = boot(bed);
    let arn = start(&process, &parent(".sync", ""), &wait(3_600), "null");
    process.until_events(&arn, "TaskSubmitted", 1);
    process.run(process.engine.stop_execution(&arn, Failure::default())).unwrap();
    assert_eq!(process.ended(&child()).status, ExecutionStatus::Aborted);
}

fn a_task_that_times_out_stops_its_child(bed: &Bed) {
    let process = boot(bed);
    let arn = start(&process, &parent(".sync", r#""TimeoutSeconds": 1,"#), &wait(3_600), "null");
    assert_eq!(failure(&process, &arn).0, "States.Timeout");
    assert_eq!(process.ended(&child()).status, ExecutionStatus::Aborted);
}

fn a_branch_that_fails_stops_the_child_of_the_other(bed: &Bed) {
    let process = boot(bed);
    let definition = format!(
        r#"{{"StartAt": "B", "States": {{
            "B": {{"Type": "Parallel", "Next": "W", "Branches": [
                {{"StartAt": "S", "States": {{"S": {{{}}}}}}},
                {{"StartAt": "A", "States": {{"A": {{"Type": "Wait", "Seconds": 1, "Next": "F"}},
                                              "F": {{"Type": "Fail", "Error": "Other"}}}}}}],
                "Catch": [{{"ErrorEquals": ["States.ALL"], "Next": "W"}}]}},
            "W": {{"Type": "Wait", "Seconds": 3600, "End": true}}}}}}"#,
        start_child(".sync", "")
    );
    let arn = start(&process, &definition, &wait(3_600), "null");
    process.until_events(&arn, "TaskSubmitted", 1);
    assert_eq!(process.ended(&child()).status, ExecutionStatus::Aborted);
    assert_eq!(process.engine.execution(&arn).unwrap().unwrap().status, ExecutionStatus::Running);
}

fn a_child_that_outlives_the_process_is_waited_for_by_the_next(bed: &Bed) {
    let process = boot(bed);
    let arn = start(&process, &parent(".sync", ""), &wait(1), "null");
    process.until_events(&arn, "TaskSubmitted", 1);
    process.kill();
    let process = boot(bed);
    assert_eq!(text(&output(&process, &arn), "Status"), "SUCCEEDED");
    assert_eq!(process.types(&arn)[4..6], ["TaskSubmitted", "TaskSucceeded"]);
}

fn a_child_that_ended_while_nobody_watched_is_found(bed: &Bed) {
    let process = bed.boot_on(bed.config.clone(), Arc::new(Runner::new(true)));
    let arn = start(&process, &parent(".sync", ""), PASS, "null");
    process.until_events(&arn, "TaskSubmitted", 1);
    process.ended(&child());
    process.kill();
    let process = boot(bed);
    assert_eq!(text(&output(&process, &arn), "Status"), "SUCCEEDED");
}

fn a_shutdown_leaves_children_to_the_next_process(bed: &Bed) {
    let process = boot(bed);
    let arn = start(&process, &parent(".sync", ""), &wait(3_600), "null");
    process.until_events(&arn, "TaskSubmitted", 1);
    let began = Instant::now();
    process.shut_down(PATIENCE);
    assert!(began.elapsed() < PATIENCE, "it waited for the child");
    let process = boot(bed);
    process.run(process.engine.stop_execution(&child(), Failure::new("Why", "not"))).unwrap();
    let (error, cause) = failure(&process, &arn);
    assert_eq!(error, "States.TaskFailed");
    assert_eq!(text(&json::parse(&cause).unwrap(), "Status"), "ABORTED");
}

fn a_parent_that_stops_after_a_restart_stops_its_child(bed: &Bed) {
    let process = boot(bed);
    let arn = start(&process, &parent(".sync", ""), &wait(3_600), "null");
    process.until_events(&arn, "TaskSubmitted", 1);
    process.kill();
    let runner = Runner::new(false);
    let process = bed.boot_on(bed.config.clone(), Arc::new(runner.clone()));
    process.until("somebody to watch", || runner.watched.load(Ordering::SeqCst) == 1);
    process.run(process.engine.stop_execution(&arn, Failure::default())).unwrap();
    assert_eq!(process.ended(&child()).status, ExecutionStatus::Aborted);
}

fn a_child_whose_start_is_answered_too_late_is_stopped(bed: &Bed) {
    let gate = Arc::new(Semaphore::new(0));
    let runner = Runner { gate: Some(gate.clone()), ..Runner::new(false) };
    let process = bed.boot_on(bed.config.clone(), Arc::new(runner));
    let arn = start(&process, &parent(".sync", ""), &wait(3_600), "null");
    process.until("the child", || process.engine.execution(&child()).unwrap().is_some());
    process.run(process.engine.stop_execution(&arn, Failure::default())).unwrap();
    gate.add_permits(1);
    assert_eq!(process.ended(&child()).status, ExecutionStatus::Aborted);
}

fn a_token_ends_the_task_and_leaves_the_child_alone(bed: &Bed) {
    let process = boot(bed);
    let arn = start(&process, &with_token(".sync"), &wait(1), "null");
    process.until_events(&arn, "TaskSubmitted", 1);
    let token = token(&process);
    process.run(process.engine.send_task_success(&token, Payload::from(Value::from("early")))).unwrap();
    assert_eq!(output(&process, &arn), Value::from("early"));
    assert_eq!(process.engine.execution(&child()).unwrap().unwrap().status, ExecutionStatus::Running);
    assert_eq!(process.ended(&child()).status, ExecutionStatus::Succeeded);
}

fn a_callback_is_answered_by_the_child_s_token(bed: &Bed) {
    let process = boot(bed);
    let arn = start(&process, &with_token(".waitForTaskToken"), ECHO, "null");
    process.until_events(&arn, "TaskSubmitted", 1);
    let token = token(&process);
    process.run(process.engine.send_task_success(&token, Payload::from(Value::from(7)))).unwrap();
    assert_eq!(output(&process, &arn), Value::from(7));
}

/// The token that the child was given.
fn token(process: &Process) -> String {
    let input = process.engine.execution(&child()).unwrap().unwrap().input;
    text(input.value(), "token").to_owned()
}

fn what_cannot_be_started_fails_as_the_api_refuses_it(bed: &Bed) {
    let process = boot(bed);
    let ask = |machine: &str, parent: String| {
        let machine = process.create(machine, &parent);
        let start = request(&machine, "p", r#"{"Input": "{\"new\": 1}"}"#);
        failure(&process, &process.run(process.engine.start_execution(start)).unwrap().arn)
    };
    let arn = "arn:aws:states:us-east-1:000000000000:stateMachine:child";
    let (error, cause) = ask("a", parent(".sync", ""));
    assert_eq!(error, "StepFunctions.StateMachineDoesNotExistException");
    let expected = format!(
        "State Machine Does Not Exist: '{arn}' (Service: AWSStepFunctions; Status Code: 400; \
         Error Code: StateMachineDoesNotExist; Request ID: "
    );
    assert!(cause.starts_with(&expected) && cause.ends_with("; Proxy: null)"), "{cause}");

    let machine = process.create("child", PASS);
    process.run(process.engine.start_execution(request(&machine, "c", "{}"))).unwrap();
    process.ended(&child());
    let (error, cause) = ask("b", parent(".sync", ""));
    assert_eq!(error, "StepFunctions.ExecutionAlreadyExistsException");
    assert!(cause.starts_with(&format!("Execution Already Exists: '{}' (", child())), "{cause}");

    let (error, cause) = ask("c", parent("", "").replace(r#""c""#, r#""a b""#));
    assert_eq!(error, "StepFunctions.InvalidNameException");
    assert!(cause.starts_with("Invalid Name: 'a b' (Service: AWSStepFunctions; "), "{cause}");
    let (error, _) = ask("d", parent("", "").replace(arn, "no arn"));
    assert_eq!(error, "StepFunctions.InvalidArnException");
    let (error, _) = ask("e", parent("", "").replace(r#""Input.$": "$.Input""#, r#""Input": "no json""#));
    assert_eq!(error, "StepFunctions.InvalidExecutionInputException");
}

/// Parent and child on the same shard, several levels deep.
fn a_machine_that_starts_itself_ends_on_one_shard(bed: &Bed) {
    let config = engine::EngineConfig { shards: 1, mailbox_capacity: 1, ..bed.config.clone() };
    let process = bed.boot_on(config, Arc::new(Runner::new(false)));
    let definition = r#"{"StartAt": "Choose", "States": {
        "Choose": {"Type": "Choice", "Default": "Nest",
                   "Choices": [{"Variable": "$.left", "NumericEquals": 0, "Next": "Bottom"}]},
        "Nest": {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2", "OutputPath": "$.Output",
                 "Parameters": {"StateMachineArn.$": "$$.StateMachine.Id",
                                "Input": {"left.$": "States.MathAdd($.left, -1)"}}, "End": true},
        "Bottom": {"Type": "Pass", "Result": "bottom", "End": true}}}"#;
    let machine = process.create("self", definition);
    let arn =
        process.run(process.engine.start_execution(request(&machine, "top", r#"{"left": 8}"#))).unwrap().arn;
    assert_eq!(output(&process, &arn), Value::from("bottom"));
    let submitted = process
        .history(&arn)
        .iter()
        .filter(|event| matches!(event.details, EventDetails::TaskSubmitted { .. }))
        .count();
    assert_eq!(submitted, 1);
}

fn a_child_is_watched_once_although_its_parent_leaves_memory(bed: &Bed) {
    let runner = Runner::new(false);
    let config = engine::EngineConfig { shards: 1, idle_executions: 0, ..bed.config.clone() };
    let process = bed.boot_on(config, Arc::new(runner.clone()));
    let arn = start(&process, &with_token(".sync"), &wait(2), "null");
    process.until_events(&arn, "TaskSubmitted", 1);
    // Each brings the shard to look at what it keeps, and a stimulus brings the parent back.
    let other = process.create("other", PASS);
    for name in ["x", "y", "z"] {
        process.ended(&process.start(&other, name));
        process.run(process.engine.send_task_heartbeat(&token(&process))).unwrap();
    }
    assert_eq!(text(&output(&process, &arn), "Status"), "SUCCEEDED");
    assert_eq!(runner.watched.load(Ordering::SeqCst), 1);
}
