//! What reaches an execution from outside, in time, late, twice, or never: answers, tokens, heartbeats, time and stops.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]

mod harness;

use harness::{START, flow, flow_with, never, one, script};
use json::{Payload, Value};
use machine::{Execution, Outside, Stimulus, TaskAnswer, TaskProgress, TaskToken, decide};
use model::{ExecutionStatus, Failure};

const CALLBACK: &str = r#""Type": "Task", "Resource": "sfn:lambda:invoke.waitForTaskToken",
    "Parameters": {"FunctionName": "f", "Payload": {"token.$": "$$.Task.Token"}}, "End": true"#;

fn succeeded(value: i64) -> TaskAnswer {
    TaskAnswer::Succeeded(Payload::from(Value::from(value)))
}

fn failed(error: &str) -> TaskAnswer {
    TaskAnswer::Failed(Failure::named(error))
}

#[test]
fn an_answer_counts_once() {
    let mut run = flow(
        r#""A": {"Type": "Task", "Resource": "fn:f", "Next": "B"}, "B": {"Type": "Task", "Resource": "fn:g", "End": true}"#,
    )
    .on("f", [never()])
    .on("g", [never()]);
    run.start();
    let first = run.task("f");
    let answer = |answer| Stimulus::TaskAnswered { scope: first.scope, task: first.task, answer };
    assert!(run.give(answer(succeeded(1))) > 0);
    // The scope stands in another task by now, which this does not answer.
    assert_eq!(run.give(answer(succeeded(2))), 0);
    assert_eq!(run.give(answer(failed("E"))), 0);
    assert_eq!(run.task("g").input.text().as_ref(), "1");
}

#[test]
fn an_answer_after_the_timeout_or_of_an_earlier_attempt_is_ignored() {
    let mut run = one(r#"{"Type": "Task", "Resource": "fn:f", "TimeoutSeconds": 5, "End": true,
            "Retry": [{"ErrorEquals": ["States.Timeout"], "MaxAttempts": 1}]}"#)
    .on("f", [never()]);
    run.start();
    let first = run.task("f");
    run.now = START.plus_seconds(5);
    assert_eq!(run.give(Stimulus::Tick), 2, "timed out, to be tried again");
    let late = Stimulus::TaskAnswered { scope: first.scope, task: first.task, answer: succeeded(1) };
    assert_eq!(run.give(late.clone()), 0, "between two attempts");
    run.now = START.plus_seconds(6);
    assert_eq!(run.give(Stimulus::Tick), 2, "scheduled and started");
    assert_eq!(run.give(late), 0, "during the next attempt");
    assert_ne!(run.task("f").task, first.task);
}

#[test]
fn nothing_counts_before_the_start_or_after_the_end() {
    let stimuli = || {
        [
            Stimulus::Tick,
            Stimulus::Stop { failure: Failure::named("late") },
            Stimulus::Heartbeat { token: "t".into() },
            Stimulus::TokenAnswered { token: "t".into(), answer: succeeded(1) },
            Stimulus::TaskAnswered {
                scope: Default::default(),
                task: Default::default(),
                answer: failed("E"),
            },
            Stimulus::ActivityStarted {
                scope: Default::default(),
                task: Default::default(),
                worker_name: None,
            },
        ]
    };
    let mut run = one(r#"{"Type": "Succeed"}"#);
    for stimulus in stimuli() {
        assert_eq!(run.give(stimulus), 0);
    }
    assert_eq!(run.execution, Execution::new());
    let mut run = run.run();
    for stimulus in stimuli() {
        assert_eq!(run.give(stimulus), 0);
    }
    let again = harness::birth(harness::about(), Payload::from(Value::Null));
    assert_eq!(run.give(again), 0);
    assert_eq!(run.status(), ExecutionStatus::Succeeded);
}

#[test]
fn every_attempt_has_a_token_of_its_own_and_the_old_one_is_dead() {
    let mut run = one(&format!(
        r#"{{{CALLBACK}, "TimeoutSeconds": 5, "Retry": [{{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}}]}}"#
    ))
    .on("f", [never()]);
    run.start();
    let first = run.task("f").token.expect("a token");
    assert_eq!(run.calls[0].input, format!(r#"{{"FunctionName":"f","Payload":{{"token":"{first}"}}}}"#));
    run.now = START.plus_seconds(5);
    run.give(Stimulus::Tick);
    assert_eq!(run.give(Stimulus::TokenAnswered { token: first.clone(), answer: succeeded(1) }), 0);
    assert_eq!(run.give(Stimulus::Heartbeat { token: first.clone() }), 0);
    run.now = START.plus_seconds(6);
    run.give(Stimulus::Tick);
    let second = run.task("f").token.expect("a token");
    assert_ne!(first, second);
    assert_eq!(run.give(Stimulus::TokenAnswered { token: first, answer: succeeded(1) }), 0);
    assert!(run.give(Stimulus::TokenAnswered { token: second, answer: succeeded(2) }) > 0);
    run.assert_output("2");
}

#[test]
fn a_token_names_the_execution_and_the_visit() {
    let mut run = one(&format!("{{{CALLBACK}}}")).on("f", [never()]);
    run.start();
    let token = TaskToken::parse(&run.task("f").token.expect("a token")).expect("it reads back");
    assert_eq!((token.execution, token.entered.0), (harness::about().arn, 2));
}

#[test]
fn a_token_may_be_answered_before_the_call_comes_back() {
    let mut run = one(&format!("{{{CALLBACK}}}")).on("f", [never()]);
    run.start();
    let task = run.task("f");
    assert_eq!(task.progress, TaskProgress::Called);
    run.give(Stimulus::TokenAnswered { token: task.token.expect("a token"), answer: succeeded(1) });
    run.assert_output("1");
    let late = Stimulus::TaskAnswered { scope: task.scope, task: task.task, answer: succeeded(2) };
    assert_eq!(run.give(late), 0);
}

#[test]
fn after_the_call_came_back_only_the_token_answers() {
    let mut run = one(&format!("{{{CALLBACK}}}")).on("f", [script().returns(0, "{}").done()]);
    run.start();
    let task = run.task("f");
    let answer = |answer| Stimulus::TaskAnswered { scope: task.scope, task: task.task, answer };
    assert_eq!(run.give(answer(succeeded(1))), 1);
    assert_eq!(run.task("f").progress, TaskProgress::WaitingForToken);
    assert_eq!(run.give(answer(succeeded(1))), 0);
    assert_eq!(run.give(answer(failed("E"))), 0);
    assert_eq!(run.status(), ExecutionStatus::Running);
}

#[test]
fn heartbeats_keep_a_task_alive_and_leave_no_event() {
    let run = one(&format!(r#"{{{CALLBACK}, "HeartbeatSeconds": 10}}"#))
        .on("f", [script().returns(1_000, "{}").beats(9_000).beats(18_000).beats(27_000).done()])
        .run();
    assert_eq!((run.elapsed(), run.failure().0), (37_000, Some("States.Timeout")));
    assert_eq!(run.history().len(), 7);
}

#[test]
fn the_heartbeat_clock_of_a_callback_begins_when_the_call_came_back() {
    let run = one(&format!(r#"{{{CALLBACK}, "HeartbeatSeconds": 10}}"#))
        .on("f", [script().returns(25_000, "{}").sends(34_000, "1").done()])
        .run();
    run.assert_output("1");
}

#[test]
fn heartbeats_do_not_stretch_the_timeout() {
    let run = one(&format!(r#"{{{CALLBACK}, "HeartbeatSeconds": 10, "TimeoutSeconds": 15}}"#))
        .on("f", [script().returns(0, "{}").beats(9_000).beats(14_000).done()])
        .run();
    assert_eq!((run.elapsed(), run.failure().0), (15_000, Some("States.Timeout")));
}

#[test]
fn limits_may_come_from_the_input() {
    let run = one(&format!(r#"{{{CALLBACK}, "TimeoutSecondsPath": "$.t", "HeartbeatSecondsPath": "$.h"}}"#))
        .input(r#"{"t":"20","h":3}"#)
        .on("f", [script().returns(0, "{}").done()])
        .run();
    assert_eq!(run.elapsed(), 3_000);
    let scheduled = run.events().nth(2).expect("the third event").to_wire(true);
    let details = scheduled.get("taskScheduledEventDetails").expect("its details");
    assert_eq!(
        (details.get("timeoutInSeconds"), details.get("heartbeatInSeconds")),
        (Some(&Value::from(20)), Some(&Value::from(3)))
    );
}

#[test]
fn limits_that_cannot_be_read_end_the_execution() {
    let run = |input: &str| {
        one(r#"{"Type": "Task", "Resource": "fn:f", "TimeoutSecondsPath": "$.t", "End": true}"#)
            .input(input)
            .run()
    };
    run("{}").assert_runtime("Invalid path '$.t' : No results for path: $['t']");
    run(r#"{"t":-1}"#).assert_runtime("TimeoutSeconds must be between 0 and 99999999 but was: -1");
    run(r#"{"t":100000000}"#)
        .assert_runtime("TimeoutSeconds must be between 0 and 99999999 but was: 100000000");
    run(r#"{"t":"soon"}"#).assert_runtime(
        r#"The TimeoutSecondsPath field refers to value "soon" which is not a valid integer: $.t"#,
    );
}

#[test]
fn an_activity_waits_in_the_queue_and_is_given_to_one_worker() {
    let mut run =
        one(r#"{"Type": "Task", "Resource": "act:a", "TimeoutSeconds": 10, "End": true}"#).on("a", [never()]);
    run.start();
    let task = run.task("a");
    assert_eq!(task.progress, TaskProgress::Queued);
    // Nothing runs out while no worker has it, except the execution itself.
    assert_eq!(run.execution.next_timer(), Some(harness::about().deadline));
    let taken = |worker: &str| Stimulus::ActivityStarted {
        scope: task.scope,
        task: task.task,
        worker_name: Some(worker.into()),
    };
    run.now = START.plus_seconds(100);
    assert_eq!(run.give(taken("first")), 1);
    assert_eq!(run.give(taken("second")), 0);
    assert_eq!(run.task("a").progress, TaskProgress::WaitingForToken);
    assert_eq!(run.execution.next_timer(), Some(START.plus_seconds(110)));
}

#[test]
fn a_tick_before_its_time_changes_nothing() {
    let mut run = one(r#"{"Type": "Wait", "Seconds": 10, "End": true}"#);
    run.start();
    run.now = START.plus_millis(9_999);
    assert_eq!(run.give(Stimulus::Tick), 0);
    run.now = START.plus_millis(10_000);
    assert!(run.give(Stimulus::Tick) > 0);
}

#[test]
fn the_machines_timeout_ends_retries_waits_and_tasks_alike() {
    let retry = r#""Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 60}]"#;
    for state in [
        r#"{"Type": "Wait", "Seconds": 60, "End": true}"#.to_owned(),
        r#"{"Type": "Task", "Resource": "fn:f", "End": true}"#.to_owned(),
        format!(r#"{{"Type": "Task", "Resource": "fn:g", "End": true, {retry}}}"#),
        format!(
            r#"{{"Type": "Parallel", "End": true, {retry}, "Catch": [{{"ErrorEquals": ["States.ALL"], "Next": "S"}}],
                "Branches": [{{"StartAt": "F", "States": {{"F": {{"Type": "Fail"}}}}}}]}}"#
        ),
    ] {
        let run = flow_with(r#""TimeoutSeconds": 10,"#, &format!(r#""S": {state}"#))
            .on("f", [never()])
            .on("g", [harness::fails("E", "")])
            .run();
        assert_eq!((run.status(), run.elapsed()), (ExecutionStatus::TimedOut, 10_000), "{state}");
        assert!(run.execution.outstanding().is_empty());
    }
}

#[test]
fn the_callers_deadline_counts_where_it_is_earlier() {
    let mut run =
        flow_with(r#""TimeoutSeconds": 100,"#, r#""S": {"Type": "Wait", "Seconds": 500, "End": true}"#);
    let about = machine::About { deadline: START.plus_seconds(30), ..harness::about() };
    run.give(harness::birth(about, Payload::from(Value::Null)));
    assert_eq!(run.execution.next_timer(), Some(START.plus_seconds(30)));
}

#[test]
fn a_stop_ends_everything_inside() {
    let run = one(r#"{"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "P", "States": {
             "P": {"Type": "Parallel", "End": true, "Branches": [
               {"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": "fn:f", "End": true}}},
               {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 60, "End": true}}}]}}}}"#)
    .input("[1,2]")
    .on("f", [never()])
    .stop_at(1_000, Failure::new("Stopped", "by hand"))
    .run();
    run.assert_failure("Stopped", "by hand");
    assert_eq!((run.status(), run.execution.next_timer()), (ExecutionStatus::Aborted, None));
    assert!(run.history().last().expect("events").ends_with("<-0 ExecutionAborted{Stopped}"));
}

#[test]
fn the_same_seed_decides_the_same() {
    let run = |seed| {
        one(&format!(
            r#"{{{CALLBACK}, "TimeoutSeconds": 5, "Retry": [{{"ErrorEquals": ["States.ALL"], "JitterStrategy": "FULL"}}]}}"#
        ))
        .seed(seed)
        .on("f", [never()])
        .run()
        .facts
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

#[test]
fn a_start_twice_is_one_start() {
    let definition = one(r#"{"Type": "Wait", "Seconds": 1, "End": true}"#).definition;
    let mut execution = Execution::new();
    let mut entropy = harness::Seeded(1);
    let mut start = || {
        let outside =
            Outside { now: START, entropy: &mut entropy, activity_exists: &|_| true, wait_scale: 1.0 };
        let start = harness::birth(harness::about(), Payload::from(Value::empty_object()));
        decide(&mut execution, &definition, start, outside).len()
    };
    assert!(start() > 0);
    assert_eq!(start(), 0);
}

#[test]
fn waits_are_as_much_longer_as_the_outside_says() {
    let until = |scale: f64, wait: &str| {
        let definition = one(&format!(r#"{{"Type": "Wait", {wait}, "End": true}}"#)).definition;
        let (mut execution, mut entropy) = (Execution::new(), harness::Seeded(1));
        let outside =
            Outside { now: START, entropy: &mut entropy, activity_exists: &|_| true, wait_scale: scale };
        let start = harness::birth(harness::about(), Payload::from(Value::empty_object()));
        decide(&mut execution, &definition, start, outside);
        (execution.status, execution.next_timer().map(|timer| timer.millis_since(START)))
    };
    assert_eq!(until(1.0, r#""Seconds": 100"#).1, Some(100_000));
    assert_eq!(until(0.01, r#""Seconds": 100"#).1, Some(1_000));
    assert_eq!(until(2.5, r#""Seconds": 3"#).1, Some(7_500));
    assert_eq!(until(0.0, r#""Seconds": 100"#).0, model::ExecutionStatus::Succeeded);
}
