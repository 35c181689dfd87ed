//! Nested workflows as a Task asks for them.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use json::{Payload, Value};
use model::{ExecutionStatus, Failure, TaskResource, Timestamp};
use std::sync::{Arc, Mutex};
use tasks::{
    EndedWorkflow, StartedWorkflow, TaskCall, TaskLimits, TaskOutcome, TaskRunner, Tasks, WorkflowError,
    WorkflowFuture, WorkflowStart, Workflows,
};

const EXECUTION: &str = "arn:aws:states:us-east-1:000000000000:execution:child:c";
const SYNC: &str = "arn:aws:states:::states:startExecution.sync";

/// Starts everything, and says that it ended as the test wants it.
struct Engine {
    end: ExecutionStatus,
    asked: Mutex<Vec<String>>,
    started: Mutex<Vec<WorkflowStart>>,
}

impl Engine {
    fn that_ends(end: ExecutionStatus) -> Arc<Engine> {
        Arc::new(Engine { end, asked: Mutex::default(), started: Mutex::default() })
    }

    fn note(&self, asked: &str, arn: &str) {
        self.asked.lock().unwrap().push(format!("{asked} {arn}"));
    }
}

impl Workflows for Engine {
    fn start(&self, request: WorkflowStart) -> WorkflowFuture<'_, Result<StartedWorkflow, WorkflowError>> {
        self.started.lock().unwrap().push(request);
        let started =
            StartedWorkflow { execution_arn: EXECUTION.into(), started_at: Timestamp(1_588_207_173_850) };
        Box::pin(std::future::ready(Ok(started)))
    }

    fn ended<'a>(&'a self, arn: &'a str) -> WorkflowFuture<'a, Result<EndedWorkflow, WorkflowError>> {
        self.note("ended", arn);
        let has_failed = self.end != ExecutionStatus::Succeeded;
        Box::pin(std::future::ready(Ok(EndedWorkflow {
            execution_arn: arn.into(),
            state_machine_arn: "arn:aws:states:us-east-1:000000000000:stateMachine:child".into(),
            name: "c".into(),
            status: self.end,
            started_at: Timestamp(1_000),
            stopped_at: Some(Timestamp(2_000)),
            input: Payload::from_text(" {} ").unwrap(),
            output: (!has_failed).then(|| Payload::from_text("[1]").unwrap()),
            failure: has_failed.then(|| Failure::named("States.Timeout")),
            trace_header: None,
            redrive_count: 0,
            redriven_at: None,
            not_redrivable: (!has_failed).then(|| "Execution is SUCCEEDED and cannot be redriven".to_owned()),
            through: model::StartedThrough::default(),
        })))
    }

    fn stop<'a>(&'a self, arn: &'a str) -> WorkflowFuture<'a, Result<(), WorkflowError>> {
        self.note("stop", arn);
        Box::pin(std::future::ready(Ok(())))
    }
}

fn call(resource: &str, parameters: &str) -> TaskCall {
    TaskCall {
        resource: TaskResource::parse(resource).unwrap(),
        parameters: Payload::from_text(parameters).unwrap(),
        region: "us-east-1".into(),
        execution_arn: "arn:aws:states:us-east-1:000000000000:execution:parent:p".into(),
        caller: tasks::Caller::default(),
        mock: None,
    }
}

fn tasks(engine: &Arc<Engine>) -> Tasks {
    let tasks = Tasks::new(None, None, TaskLimits::default());
    let workflows: Arc<dyn Workflows> = engine.clone();
    tasks.connect(Arc::downgrade(&workflows));
    tasks
}

fn result(outcome: TaskOutcome) -> Value {
    match outcome {
        TaskOutcome::Succeeded(result) => result.value().clone(),
        TaskOutcome::Failed(failure) => panic!("{failure:?}"),
    }
}

fn failure(outcome: TaskOutcome) -> (String, String) {
    match outcome {
        TaskOutcome::Succeeded(result) => panic!("{result:?}"),
        TaskOutcome::Failed(failure) => {
            (failure.error.unwrap_or_default().to_string(), failure.cause.unwrap_or_default().to_string())
        }
    }
}

fn submitted() -> Payload {
    Payload::from(Value::object([("ExecutionArn", EXECUTION)]))
}

#[tokio::test]
async fn the_answer_of_a_start_has_the_recorded_members() {
    let engine = Engine::that_ends(ExecutionStatus::Succeeded);
    let answer = result(tasks(&engine).call(call(SYNC, r#"{"StateMachineArn":"m","Name":"c"}"#)).await);
    assert_eq!(answer.get("ExecutionArn"), Some(&Value::from(EXECUTION)));
    assert_eq!(answer.get("StartDate"), Some(&Value::from(1_588_207_173_850_i64)));
    let http = answer.get("SdkHttpMetadata").unwrap();
    let length = format!(r#"{{"executionArn":"{EXECUTION}","startDate":1.58820717385E9}}"#).len();
    let shown = http.get("HttpHeaders").and_then(|headers| headers.get("Content-Length")).unwrap();
    assert_eq!(shown, &Value::from(length.to_string()));
}

#[tokio::test]
async fn inputs_reach_the_child_as_json() {
    let engine = Engine::that_ends(ExecutionStatus::Succeeded);
    let tasks = tasks(&engine);
    for parameters in [
        r#"{"StateMachineArn":"m"}"#,
        r#"{"StateMachineArn":"m","Input":null,"Name":null}"#,
        r#"{"StateMachineArn":"m","Input":{"a":[1.5]},"Name":"n","TraceHeader":"t"}"#,
        r#"{"StateMachineArn":"m","Input":"\"text\""}"#,
        r#"{"StateMachineArn":"m","Input":" {\"b\": 1} "}"#,
    ] {
        result(tasks.call(call(SYNC, parameters)).await);
    }
    let started = engine.started.lock().unwrap();
    let inputs: Vec<String> = started.iter().map(|start| start.input.text().to_string()).collect();
    assert_eq!(inputs, ["{}", "{}", r#"{"a":[1.5]}"#, r#""text""#, r#" {"b": 1} "#]);
    assert_eq!((started[2].name.as_deref(), started[2].trace_header.as_deref()), (Some("n"), Some("t")));
    assert_eq!((&started[1].name, &*started[1].state_machine_arn), (&None, "m"));
}

#[tokio::test]
async fn parameters_that_cannot_be_sent_start_nothing() {
    let engine = Engine::that_ends(ExecutionStatus::Succeeded);
    let tasks = tasks(&engine);
    let (error, cause) = failure(tasks.call(call(SYNC, r#"{"StateMachineArn":7}"#)).await);
    assert_eq!(error, "States.Runtime");
    assert!(cause.ends_with("[The value for the field 'StateMachineArn' must be a STRING]"), "{cause}");
    assert_eq!(failure(tasks.call(call(SYNC, "{}")).await).0, "States.Runtime");
    let (error, cause) = failure(tasks.call(call(SYNC, r#"{"StateMachineArn":"m","Input":"x"}"#)).await);
    assert_eq!(error, "StepFunctions.InvalidExecutionInputException");
    assert!(cause.starts_with("Invalid State Machine Execution Input: 'Unrecognized token 'x'"), "{cause}");
    assert!(engine.started.lock().unwrap().is_empty());
}

#[tokio::test]
async fn input_and_output_are_texts_for_sync_and_values_for_sync_2() {
    let engine = Engine::that_ends(ExecutionStatus::Succeeded);
    let tasks = tasks(&engine);
    let texts = result(tasks.watch(call(SYNC, "{}"), submitted()).await);
    let of = |value: &Value, member: &str| value.get(member).map(Value::to_text).unwrap();
    assert_eq!((of(&texts, "Input"), of(&texts, "Output")), (r#"" {} ""#.into(), r#""[1]""#.into()));
    let values = result(tasks.watch(call(&format!("{SYNC}:2"), "{}"), submitted()).await);
    assert_eq!((of(&values, "Input"), of(&values, "Output")), ("{}".into(), "[1]".into()));
    assert_eq!(engine.asked.lock().unwrap()[0], format!("ended {EXECUTION}"));
}

#[tokio::test]
async fn every_other_end_is_a_failure_with_the_description() {
    for end in [ExecutionStatus::Failed, ExecutionStatus::TimedOut, ExecutionStatus::Aborted] {
        let tasks_engine = Engine::that_ends(end);
        let (error, cause) = failure(tasks(&tasks_engine).watch(call(SYNC, "{}"), submitted()).await);
        assert_eq!(error, "States.TaskFailed");
        assert_eq!(
            cause,
            format!(
                concat!(
                    r#"{{"Error":"States.Timeout","ExecutionArn":"{}","Input":" {{}} ","InputDetails":{{"Included":true}},"#,
                    r#""Name":"c","RedriveCount":0,"RedriveStatus":"REDRIVABLE","StartDate":1000,"#,
                    r#""StateMachineArn":"arn:aws:states:us-east-1:000000000000:stateMachine:child","#,
                    r#""Status":"{}","StopDate":2000}}"#
                ),
                EXECUTION, end
            )
        );
    }
}

#[tokio::test]
async fn cancelling_stops_the_child() {
    let engine = Engine::that_ends(ExecutionStatus::Aborted);
    tasks(&engine).cancel(call(SYNC, "{}"), submitted()).await;
    assert_eq!(*engine.asked.lock().unwrap(), [format!("stop {EXECUTION}")]);
}

#[tokio::test]
async fn without_an_engine_the_failure_says_so() {
    let alone = Tasks::new(None, None, TaskLimits::default());
    let (error, cause) = failure(alone.call(call(SYNC, r#"{"StateMachineArn":"m"}"#)).await);
    assert_eq!(error, "StepFunctions.SdkClientException");
    assert!(cause.ends_with("No engine that runs workflows is connected"), "{cause}");
    let engine = Engine::that_ends(ExecutionStatus::Succeeded);
    let tasks = tasks(&engine);
    drop(engine);
    let (_, cause) = failure(tasks.watch(call(SYNC, "{}"), submitted()).await);
    assert!(cause.ends_with("The engine has stopped"), "{cause}");
}

#[tokio::test]
async fn a_job_of_another_kind_cannot_be_watched() {
    let engine = Engine::that_ends(ExecutionStatus::Succeeded);
    let resource = "arn:aws:states:::lambda:invoke";
    let (error, cause) = failure(tasks(&engine).watch(call(resource, "{}"), submitted()).await);
    assert_eq!(error, "States.TaskFailed");
    assert!(cause.contains(resource), "{cause}");
}
