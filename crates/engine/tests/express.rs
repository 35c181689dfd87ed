//! Express executions: bounded in number and time, and looked at in memory.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use engine::{Clock, CreateOutcome, EngineConfig, StartError, StateMachine, SystemClock};
use model::{EventId, ExecutionArn, ExecutionStatus, StateMachineType, Timestamp};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use support::{Bed, Process, Reaction, chain, request, wait};

const PASSES: &str = r#"{"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}"#;

fn create(process: &Process, name: &str, definition: &str) -> Arc<StateMachine> {
    let machine =
        StateMachine { machine_type: StateMachineType::Express, ..process.machine(name, definition) };
    match process.run(process.engine.machines().create(machine)).unwrap() {
        CreateOutcome::Created(machine) => machine,
        CreateOutcome::Exists(_) => panic!("{name} exists already"),
    }
}

fn run(process: &Process, machine: &Arc<StateMachine>, name: &str, input: &str) -> ExecutionArn {
    process.run(process.engine.start_sync_execution(request(machine, name, input))).unwrap().arn
}

fn types(process: &Process, arn: &ExecutionArn) -> Vec<&'static str> {
    let history = process.engine.express_history(arn, None, 1000, false).unwrap();
    history.page.items.iter().map(|event| event.details.type_name()).collect()
}

fn names(process: &Process, machine: &StateMachine) -> Vec<String> {
    let page = process.engine.express_executions(&machine.arn, None, None, 100);
    page.items.iter().map(|record| record.name.to_string()).collect()
}

#[test]
fn what_ran_can_be_looked_at_newest_first() {
    let process = Bed::in_memory().boot();
    let (one, other) = (create(&process, "one", PASSES), create(&process, "other", PASSES));
    let first = run(&process, &one, "first", r#"{"a":1}"#);
    run(&process, &other, "other", "{}");
    run(&process, &one, "second", "{}");
    assert_eq!(names(&process, &one), ["second", "first"]);
    let record = process.engine.express_execution(&first).unwrap();
    assert_eq!((record.status, &**record.output.unwrap().text()), (ExecutionStatus::Succeeded, r#"{"a":1}"#));
    assert!(record.stopped_at.is_some());
    let whole = ["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"];
    assert_eq!(types(&process, &first), whole);
    // Pages, in both directions.
    let page = process.engine.express_history(&first, None, 3, true).unwrap().page;
    assert_eq!(page.items.iter().map(|event| event.id.0).collect::<Vec<_>>(), [4, 3, 2]);
    let rest = process.engine.express_history(&first, Some(EventId(2)), 3, true).unwrap().page;
    assert_eq!((rest.items.len(), rest.next), (1, None));
    let page = process.engine.express_executions(&one.arn, None, None, 1);
    let rest = process.engine.express_executions(&one.arn, None, page.next.as_deref(), 1);
    assert_eq!((&*page.items[0].name, &*rest.items[0].name, rest.next), ("second", "first", None));
    let failed = process.engine.express_executions(&one.arn, Some(ExecutionStatus::Failed), None, 10);
    assert!(failed.items.is_empty());
}

#[test]
fn one_that_runs_can_be_looked_at_with_what_happened_so_far() {
    let bed = Bed::in_memory();
    bed.script.let_function("a", &[Reaction::Hang]);
    let process = bed.boot();
    let machine = create(&process, "m", &chain(&["a"]));
    let arn = process.run(async { process.engine.start_express_execution(request(&machine, "e", "{}")) });
    let arn = arn.unwrap().arn;
    process.until("its call", || bed.script.calls_of("a") == 1);
    let record = process.engine.express_execution(&arn).unwrap();
    assert_eq!((record.status, record.stopped_at), (ExecutionStatus::Running, None));
    assert_eq!(types(&process, &arn)[..2], ["ExecutionStarted", "TaskStateEntered"]);
}

#[test]
fn as_many_are_kept_as_allowed_and_the_first_to_end_goes_first() {
    let mut config = Bed::in_memory().config;
    config.kept_express_executions = 3;
    let process = Bed::in_memory().boot_with(config);
    let machine = create(&process, "m", PASSES);
    let arns: Vec<_> = (0..5).map(|i| run(&process, &machine, &format!("e{i}"), "{}")).collect();
    assert_eq!(names(&process, &machine), ["e4", "e3", "e2"]);
    assert!(process.engine.express_execution(&arns[0]).is_none());
    assert!(process.engine.express_history(&arns[0], None, 10, false).is_none());
}

#[test]
fn they_are_bounded_in_bytes_too() {
    let mut config = Bed::in_memory().config;
    config.kept_express_bytes = 1_000_000;
    let process = Bed::in_memory().boot_with(config);
    let machine = create(&process, "m", PASSES);
    let input = format!("\"{}\"", "x".repeat(80_000));
    for i in 0..9 {
        run(&process, &machine, &format!("e{i}"), &input);
    }
    // Each takes four times its payload: started, entered, exited, succeeded.
    assert_eq!(names(&process, &machine), ["e8", "e7", "e6"]);
}

#[test]
fn one_that_runs_and_is_larger_than_all_the_room_is_kept_without_its_events() {
    let bed = Bed::in_memory();
    bed.script.let_function("a", &[Reaction::Hang]);
    let mut config = bed.config.clone();
    config.kept_express_bytes = 100_000;
    let process = bed.boot_with(config);
    let (hangs, passes) = (create(&process, "hangs", &chain(&["a"])), create(&process, "passes", PASSES));
    let input = format!("\"{}\"", "x".repeat(80_000));
    let started = process.run(async { process.engine.start_express_execution(request(&hangs, "e", &input)) });
    let arn = started.unwrap().arn;
    process.until("its call", || bed.script.calls_of("a") == 1);
    let history = process.engine.express_history(&arn, None, 10, false).unwrap();
    assert!(history.is_cut && history.page.items.is_empty());
    let small = run(&process, &passes, "small", "{}");
    assert_eq!(types(&process, &small).len(), 4);
}

#[test]
fn nothing_is_kept_where_nothing_is_to_be() {
    let mut config = Bed::in_memory().config;
    config.kept_express_executions = 0;
    let process = Bed::in_memory().boot_with(config);
    let machine = create(&process, "m", PASSES);
    let arn = run(&process, &machine, "e", "{}");
    assert!(process.engine.express_execution(&arn).is_none() && names(&process, &machine).is_empty());
}

#[test]
fn more_than_are_held_at_once_are_throttled() {
    let bed = Bed::in_memory();
    bed.script.let_function("a", &[Reaction::Hang]);
    let mut config = bed.config.clone();
    config.express_executions = 2;
    let process = bed.boot_with(config);
    let machine = create(&process, "m", &chain(&["a"]));
    let start =
        || process.run(async { process.engine.start_express_execution(request(&machine, "e", "{}")) });
    assert!(start().is_ok() && start().is_ok());
    assert!(matches!(start(), Err(StartError::Throttled)));
    let sync = process.run(process.engine.start_sync_execution(request(&machine, "e", "{}")));
    assert!(matches!(sync, Err(StartError::Throttled)));
}

/// The system's clock, which jumps when it is told to.
#[derive(Default)]
struct Jumping(AtomicU64);

impl Clock for Jumping {
    fn now(&self) -> Timestamp {
        SystemClock.now().plus_millis(self.0.load(Ordering::SeqCst))
    }
}

#[test]
fn five_minutes_are_all_the_time_there_is() {
    let bed = Bed::in_memory();
    bed.script.let_function("a", &[Reaction::Hang]);
    let clock: Arc<Jumping> = Arc::default();
    let process = bed.boot_with(EngineConfig { clock: Arc::<Jumping>::clone(&clock), ..bed.config.clone() });
    let definition = r#"{"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 1, "Next": "X"},
        "X": {"Type": "Wait", "Seconds": 600, "End": true}}}"#;
    let machine = create(&process, "m", definition);
    let (engine, started) = (process.engine.clone(), request(&machine, "e", "{}"));
    let running = process.spawn(async move { engine.start_sync_execution(started).await.unwrap() });
    process.until("its beginning", || !names(&process, &machine).is_empty());
    // It looks at the clock again when the first Wait is over.
    clock.0.fetch_add(300_000, Ordering::SeqCst);
    let ended = process.run(running).unwrap();
    assert_eq!(ended.status, ExecutionStatus::TimedOut);
    assert_eq!(ended.failure.unwrap().error.as_deref(), Some("States.Timeout"));
    assert_eq!(types(&process, &ended.arn).last(), Some(&"ExecutionTimedOut"));
}

#[test]
fn a_start_is_answered_before_the_execution_ends() {
    let process = Bed::in_memory().boot();
    let machine = create(&process, "m", &wait(1));
    let arn = process.run(async { process.engine.start_express_execution(request(&machine, "e", "{}")) });
    let arn = arn.unwrap().arn;
    let status = || process.engine.express_execution(&arn).map(|record| record.status);
    assert!(matches!(status(), None | Some(ExecutionStatus::Running)));
    process.until("its end", || status() == Some(ExecutionStatus::Succeeded));
}
