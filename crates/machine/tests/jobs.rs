//! Tasks whose call starts a job, and that end when the job does.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]

mod harness;

use harness::{START, never, one};
use json::{Payload, Value};
use machine::{Stimulus, TaskAnswer, TaskProgress};
use model::{ExecutionStatus, Failure};

const JOB: &str = r#"{"Type": "Task", "Resource": "sfn:states:startExecution.sync:2", "TimeoutSeconds": 60, "End": true,
    "Parameters": {"StateMachineArn": "m", "Input": {"token.$": "$$.Task.Token"}}}"#;

fn started() -> harness::Runner {
    let mut run = one(JOB).on("states:startExecution", [never()]);
    run.start();
    run
}

fn answered(run: &harness::Runner, answer: TaskAnswer) -> Stimulus {
    let task = run.task("states:startExecution");
    Stimulus::TaskAnswered { scope: task.scope, task: task.task, answer }
}

fn succeeded(value: i64) -> TaskAnswer {
    TaskAnswer::Succeeded(Payload::from(Value::from(value)))
}

#[test]
fn the_first_answer_is_submitted_and_the_next_ends_the_task() {
    let mut run = started();
    assert_eq!(run.task("states:startExecution").progress, TaskProgress::Called);
    let submitted = answered(&run, succeeded(1));
    assert_eq!(run.give(submitted), 1);
    let progress = run.task("states:startExecution").progress;
    assert_eq!(progress, TaskProgress::WaitingForJob(Payload::from(Value::from(1))));
    let ended = answered(&run, succeeded(2));
    run.give(ended);
    run.assert_output("2");
    assert_eq!((run.count("TaskSubmitted"), run.count("TaskSucceeded")), (1, 1));
}

#[test]
fn a_job_that_fails_fails_the_task() {
    let mut run = started();
    let submitted = answered(&run, succeeded(1));
    run.give(submitted);
    let ended = answered(&run, TaskAnswer::Failed(Failure::new("States.TaskFailed", "why")));
    run.give(ended);
    run.assert_failure("States.TaskFailed", "why");
    assert_eq!(run.count("TaskFailed"), 1);
}

#[test]
fn a_job_that_does_not_start_is_never_submitted() {
    let mut run = started();
    let refused = answered(&run, TaskAnswer::Failed(Failure::new("StepFunctions.X", "why")));
    run.give(refused);
    run.assert_failure("StepFunctions.X", "why");
    assert_eq!(run.count("TaskSubmitted"), 0);
}

#[test]
fn the_token_of_a_job_ends_its_task_early() {
    let mut run = started();
    let submitted = answered(&run, succeeded(1));
    run.give(submitted);
    let late = answered(&run, succeeded(3));
    let token = run.task("states:startExecution").token.expect("a token");
    run.give(Stimulus::TokenAnswered { token, answer: succeeded(2) });
    run.assert_output("2");
    assert_eq!(run.give(late), 0);
}

#[test]
fn a_job_that_takes_too_long_times_out() {
    let mut run = started();
    let submitted = answered(&run, succeeded(1));
    run.give(submitted);
    run.now = START.plus_seconds(60);
    run.give(Stimulus::Tick);
    assert_eq!((run.status(), run.failure().0), (ExecutionStatus::Failed, Some("States.Timeout")));
    assert_eq!(run.count("TaskTimedOut"), 1);
}
