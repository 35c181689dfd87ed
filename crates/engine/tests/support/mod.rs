//! A bed to run engines on: one store that outlives them, and functions that do as the test says.

// Each test file uses its own part.
#![allow(dead_code, unused_imports, unreachable_pub)]

mod mortal;
mod script;

pub use mortal::MortalStore;
pub use script::{Call, Reaction, Script};

use engine::{
    Clock, CreateOutcome, Engine, EngineConfig, ExecutionRecord, StartExecution, StateMachine, SystemClock,
};
use json::Payload;
use model::{
    ExecutionArn, ExecutionStatus, HistoryEvent, Partition, StartedThrough, StateMachineType, Timestamp,
};
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use store::{EmbeddedOptions, EmbeddedStore, MemoryStore, Store, StoreError};
use tasks::TaskRunner;
use tokio::runtime::Runtime;

/// Longer than anything here takes; a test that reaches it fails.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Makes a module of a test with the store in memory and the one on disk.
#[macro_export]
macro_rules! on_both_stores {
    ($($name:ident),+ $(,)?) => {
        $(mod $name {
            #[test]
            fn in_memory() {
                super::$name(&$crate::support::Bed::in_memory());
            }
            #[test]
            fn on_disk() {
                super::$name(&$crate::support::Bed::on_disk());
            }
        })+
    };
}

/// The system's clock, put forward.
#[derive(Default)]
pub struct Ahead(AtomicU64);

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        SystemClock.now().plus_millis(self.0.load(Ordering::SeqCst))
    }
}

impl Ahead {
    pub fn pass(&self, days: u64) {
        self.0.fetch_add(days * DAY, Ordering::SeqCst);
    }
}

/// In milliseconds.
pub const DAY: u64 = 24 * 60 * 60 * 1000;

/// What outlives an engine: its store, its settings, and the functions' memory of who called them.
pub struct Bed {
    place: Place,
    pub config: EngineConfig,
    pub script: Arc<Script>,
}

enum Place {
    Memory(Arc<MemoryStore>),
    Disk(tempfile::TempDir),
}

impl Bed {
    pub fn in_memory() -> Bed {
        Bed::at(Place::Memory(Arc::new(MemoryStore::new())))
    }

    pub fn on_disk() -> Bed {
        Bed::at(Place::Disk(tempfile::tempdir().unwrap()))
    }

    fn at(place: Place) -> Bed {
        let mut config = EngineConfig::new(Partition::of("us-east-1", "000000000000"));
        config.verify = true;
        Bed { place, config, script: Arc::new(Script::default()) }
    }

    /// Starts an engine, as a process of its own would.
    pub fn boot(&self) -> Process {
        self.boot_with(self.config.clone())
    }

    /// Starts an engine with other settings.
    pub fn boot_with(&self, config: EngineConfig) -> Process {
        self.boot_on(config, self.script.clone())
    }

    /// Starts an engine whose tasks are run by something else than the script.
    pub fn boot_on(&self, config: EngineConfig, tasks: Arc<dyn TaskRunner>) -> Process {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().enable_all().worker_threads(2).build().unwrap();
        let store = Arc::new(MortalStore::new(self.open()));
        let engine = runtime.block_on(Engine::open(config, store.clone(), tasks)).unwrap();
        Process { runtime, engine, store }
    }

    fn open(&self) -> Arc<dyn Store> {
        match &self.place {
            Place::Memory(store) => store.clone(),
            Place::Disk(directory) => {
                let end = Instant::now() + PATIENCE;
                loop {
                    match EmbeddedStore::open(directory.path(), &EmbeddedOptions::default()) {
                        Ok(store) => return Arc::new(store),
                        // The last threads of a process that was killed let go a moment later.
                        Err(StoreError::InUse { .. }) if Instant::now() < end => {
                            std::thread::sleep(Duration::from_millis(5));
                        }
                        Err(error) => panic!("{error}"),
                    }
                }
            }
        }
    }
}

/// An engine with its threads.
pub struct Process {
    runtime: Runtime,
    pub engine: Engine,
    pub store: Arc<MortalStore>,
}

impl Process {
    pub fn run<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    pub fn spawn<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> tokio::task::JoinHandle<T> {
        self.runtime.spawn(future)
    }

    /// Ends it as `kill -9` does: nothing more reaches the store, and nobody is told.
    pub fn kill(self) {
        self.store.die();
        drop(self.engine);
        self.runtime.shutdown_timeout(PATIENCE);
    }

    /// Ends it as SIGTERM does.
    pub fn shut_down(self, grace: Duration) {
        self.runtime.block_on(self.engine.shutdown(grace));
        drop(self.engine);
        self.runtime.shutdown_timeout(PATIENCE);
    }

    pub fn create(&self, name: &str, definition: &str) -> Arc<StateMachine> {
        let machine = self.machine(name, definition);
        match self.run(self.engine.machines().create(machine)).unwrap() {
            CreateOutcome::Created(machine) => machine,
            CreateOutcome::Exists(_) => panic!("{name} exists already"),
        }
    }

    /// What CreateStateMachine makes of a name and a definition.
    pub fn machine(&self, name: &str, definition: &str) -> StateMachine {
        let machine_type = StateMachineType::Standard;
        let compiled = Arc::new(asl::compile(definition, machine_type).unwrap().definition);
        let (arn, role) =
            (self.engine.partition().state_machine(name), "arn:aws:iam::000000000000:role/r".into());
        StateMachine::new(arn, machine_type, definition.into(), compiled, role, Timestamp(0))
    }

    /// Starts an execution with the input `{}`.
    pub fn start(&self, machine: &Arc<StateMachine>, name: &str) -> ExecutionArn {
        self.run(self.engine.start_execution(request(machine, name, "{}"))).unwrap().arn
    }

    /// The execution once it has ended.
    pub fn ended(&self, arn: &ExecutionArn) -> ExecutionRecord {
        self.run(ended(&self.engine, arn))
    }

    /// All events of the execution.
    pub fn history(&self, arn: &ExecutionArn) -> Vec<HistoryEvent> {
        let page = self.engine.history(arn, None, 100_000, false).unwrap();
        assert_eq!(page.next, None);
        page.items
    }

    /// The types of all events.
    pub fn types(&self, arn: &ExecutionArn) -> Vec<&'static str> {
        self.history(arn).iter().map(|event| event.details.type_name()).collect()
    }

    /// Waits until something holds.
    pub fn until(&self, what: &str, holds: impl Fn() -> bool) {
        self.run(until(what, holds));
    }

    /// Waits until the history has this many events of a type.
    pub fn until_events(&self, arn: &ExecutionArn, event: &str, count: usize) {
        self.until(&format!("{count} {event} of {arn}"), || {
            self.types(arn).iter().filter(|one| **one == event).count() >= count
        });
    }
}

pub fn request(machine: &Arc<StateMachine>, name: &str, input: &str) -> StartExecution {
    StartExecution {
        machine: machine.clone(),
        through: StartedThrough::default(),
        name: Some(name.to_owned()),
        input: Payload::from_text(input).unwrap(),
        trace_header: None,
        test_case: None,
    }
}

pub async fn ended(engine: &Engine, arn: &ExecutionArn) -> ExecutionRecord {
    let is_closed = || engine.execution(arn).unwrap().unwrap().status != ExecutionStatus::Running;
    until(&format!("the end of {arn}"), is_closed).await;
    engine.execution(arn).unwrap().unwrap()
}

/// The engine offers no way to be told; its users ask again, and so does this.
pub async fn until(what: &str, holds: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
}

/// A chain of Task states, each calling the function of its own name with the ids of the attempt, and AWS's Retry.
pub fn chain(functions: &[&str]) -> String {
    let states: Vec<String> = functions
        .iter()
        .enumerate()
        .map(|(index, function)| {
            let next = match functions.get(index + 1) {
                Some(next) => format!(r#""Next": "{next}""#),
                None => r#""End": true"#.to_owned(),
            };
            format!(r#""{function}": {{{}, {RETRY}, {next}}}"#, task(function))
        })
        .collect();
    format!(r#"{{"StartAt": "{}", "States": {{{}}}}}"#, functions[0], states.join(", "))
}

/// The Retry that AWS recommends, with a short interval.
pub const RETRY: &str = r#""Retry": [{"ErrorEquals": ["Lambda.ServiceException", "Lambda.AWSLambdaException",
    "Lambda.SdkClientException", "Lambda.TooManyRequestsException"],
    "IntervalSeconds": 1, "MaxAttempts": 6, "BackoffRate": 1}]"#;

/// The members of a Task state that calls a function with the ids of the attempt.
pub fn task(function: &str) -> String {
    format!(
        r#""Type": "Task", "Resource": "arn:aws:lambda:us-east-1:000000000000:function:{function}",
        "Parameters": {{"execution.$": "$$.Execution.Name", "state.$": "$$.State.Name",
                        "attempt.$": "$$.State.RetryCount"}}"#
    )
}

/// One Task state that waits for its token, which the function `ask` is given.
pub fn token_task(more: &str) -> String {
    format!(
        r#"{{"StartAt": "Ask", "States": {{"Ask": {{"Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
            "Parameters": {{"FunctionName": "ask", "Payload": {{"token.$": "$$.Task.Token"}}}},
            {more} "End": true}}}}}}"#
    )
}

/// One Wait state.
pub fn wait(seconds: u32) -> String {
    format!(r#"{{"StartAt": "W", "States": {{"W": {{"Type": "Wait", "Seconds": {seconds}, "End": true}}}}}}"#)
}
