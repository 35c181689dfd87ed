//! Express executions: the same machine, in memory alone.
//!
//! Nothing is stored; the latest can be looked at in memory (`express_runs.rs`). An asynchronous one is acknowledged before it runs and is lost with the process, which its
//! at-least-once contract allows its caller to expect; a synchronous one answers its caller when it ends. Each is bounded
//! in time and, as every execution, in events; the server holds a set number at once and refuses more.

use crate::clock::Drawn;
use crate::dispatch::answer_of;
use crate::error::StartError;
use crate::express_runs::Seen;
use crate::facade::Engine;
use crate::logging::ExecutionLogging;
use crate::machines::StateMachine;
use crate::mocking::Mocking;
use crate::records::ExecutionRecord;
use crate::shared::Shared;
use crate::start::{StartExecution, Started};
use json::Payload;
use machine::{About, Execution, Outside, OutstandingTask, ScopeId, Stimulus, TaskAnswer, TaskProgress};
use model::{EventId, ExecutionArn, ExecutionStatus, Failure, StartedThrough, Timestamp, limits};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use tasks::{Caller, TaskCall};
use tokio::sync::{OwnedSemaphorePermit, mpsc};

/// How a synchronous execution ended.
#[derive(Clone, Debug)]
pub struct SyncExecution {
    /// Its ARN.
    pub arn: ExecutionArn,
    /// When it started.
    pub started_at: Timestamp,
    /// When it ended.
    pub stopped_at: Timestamp,
    /// How it ended.
    pub status: ExecutionStatus,
    /// Its output, if it succeeded.
    pub output: Option<Payload>,
    /// Its error, if it did not.
    pub failure: Option<Failure>,
}

/// A task's answer, on its way back.
type Answered = (ScopeId, EventId, TaskAnswer);

impl Engine {
    /// Runs an Express execution to its end and gives what became of it.
    pub async fn start_sync_execution(&self, request: StartExecution) -> Result<SyncExecution, StartError> {
        let execution = self.prepare(request, true)?;
        Ok(execution.run().await)
    }

    /// Starts an Express execution and does not wait for it.
    pub fn start_express_execution(&self, request: StartExecution) -> Result<Started, StartError> {
        let execution = self.prepare(request, false)?;
        let started = Started { arn: execution.about.arn.clone(), started_at: execution.about.started_at };
        tokio::spawn(execution.run());
        Ok(started)
    }

    fn prepare(&self, request: StartExecution, is_synchronous: bool) -> Result<ExpressRun, StartError> {
        let shared = self.shared().clone();
        let permit = shared.express.clone().try_acquire_owned().map_err(|_| StartError::Throttled)?;
        let StartExecution { machine, through, name, input, trace_header, test_case } = request;
        if let Some(test_case) = &test_case {
            shared.tasks.check_test_case(&machine.name, test_case)?;
        }
        let logging = ExecutionLogging::of(&machine, &shared.config);
        let mocking = test_case.map(|test_case| Mocking::new(machine.name.clone(), test_case.into()));
        let name = name.unwrap_or_else(|| self.shared().config.randomness.uuid().to_string());
        let unique = self.shared().config.randomness.uuid().to_string();
        let started_at = shared.config.clock.now();
        let about = About {
            arn: self.partition().express_execution(&machine.name, &name, &unique),
            state_machine_arn: machine.arn.clone(),
            role_arn: machine.role_arn.clone(),
            region: self.partition().region.clone(),
            started_at,
            deadline: started_at.plus_seconds(limits::EXPRESS_SECONDS),
            is_synchronous,
        };
        Ok(ExpressRun {
            shared,
            machine,
            about,
            through,
            input,
            trace_header: trace_header.map(Arc::from),
            mocking,
            logging,
            seen: Seen::New,
            _permit: Some(permit),
        })
    }
}

/// Runs an Express child of a Map Run to its end; the caller bounds how many run.
pub(crate) async fn run_child(
    shared: Shared,
    machine: Arc<StateMachine>,
    arn: ExecutionArn,
    input: Payload,
    test_case: Option<Arc<str>>,
) -> SyncExecution {
    let started_at = shared.config.clock.now();
    let about = About {
        arn,
        state_machine_arn: machine.arn.clone(),
        role_arn: machine.role_arn.clone(),
        region: shared.config.partition.region.clone(),
        started_at,
        deadline: started_at.plus_seconds(limits::EXPRESS_SECONDS),
        is_synchronous: false,
    };
    // The children of a Map Run are mocked as states of their machine.
    let mocking = test_case.map(|test_case| Mocking::new(machine.arn.labelled().0.into(), test_case));
    let logging = ExecutionLogging::of(&machine, &shared.config);
    let through = StartedThrough::default();
    let run = ExpressRun {
        shared,
        machine,
        about,
        through,
        input,
        trace_header: None,
        mocking,
        logging,
        seen: Seen::New,
        _permit: None,
    };
    run.run().await
}

/// One Express execution on its way.
struct ExpressRun {
    shared: Shared,
    machine: Arc<StateMachine>,
    about: About,
    through: StartedThrough,
    input: Payload,
    mocking: Option<Mocking>,
    trace_header: Option<Arc<str>>,
    logging: Option<ExecutionLogging>,
    /// Whether it can be looked at.
    seen: Seen,
    _permit: Option<OwnedSemaphorePermit>,
}

impl ExpressRun {
    async fn run(mut self) -> SyncExecution {
        let mut execution = Execution::new();
        let mut called = HashSet::new();
        let mut channel = None;
        let through = self.through.clone();
        let mut stimulus = Stimulus::Start { about: self.about.clone(), input: self.input.clone(), through };
        loop {
            self.decide(&mut execution, stimulus);
            if execution.is_closed() {
                return self.ended(&execution);
            }
            // Most executions call nothing. Every call sends once; the channel holds as many as can be under way in one.
            let (answers, answered) = channel.get_or_insert_with(|| mpsc::channel::<Answered>(64));
            for task in execution.outstanding() {
                if task.progress == TaskProgress::Called && called.insert(task.task) {
                    self.call(task, answers.clone());
                }
            }
            stimulus = tokio::select! {
                biased;
                Some((scope, task, answer)) = answered.recv() => Stimulus::TaskAnswered { scope, task, answer },
                () = self.until_due(&execution) => Stimulus::Tick,
            };
        }
    }

    fn decide(&mut self, execution: &mut Execution, stimulus: Stimulus) {
        let now = self.shared.config.clock.now();
        let mut entropy = Drawn(&*self.shared.config.randomness);
        let outside = Outside {
            now,
            entropy: &mut entropy,
            activity_exists: &|_| false,
            wait_scale: self.shared.config.wait_scale,
        };
        let facts = machine::decide(execution, &self.machine.definition, stimulus, outside);
        let logging = self.logging.as_ref();
        if let Some(entry) = logging.and_then(|logging| logging.entry(&self.about.arn, execution, &facts)) {
            self.shared.config.log.log(entry);
        }
        if let Some(mocking) = &mut self.mocking {
            facts.iter().for_each(|fact| mocking.count(fact));
        }
        let mut seen = self.seen;
        self.shared.express_runs.note(&mut seen, execution, facts, || self.record());
        self.seen = seen;
    }

    /// The run as it stands when it begins.
    fn record(&self) -> ExecutionRecord {
        ExecutionRecord {
            arn: self.about.arn.clone(),
            state_machine_arn: self.about.state_machine_arn.clone(),
            name: self.about.arn.name().into(),
            status: ExecutionStatus::Running,
            started_at: self.about.started_at,
            stopped_at: None,
            input: self.input.clone(),
            output: None,
            failure: None,
            trace_header: self.trace_header.clone(),
            redrive_count: 0,
            redriven_at: None,
            through: self.through.clone(),
            child: None,
            machine: self.machine.clone(),
        }
    }

    fn call(&self, task: OutstandingTask, answers: mpsc::Sender<Answered>) {
        let tasks = self.shared.tasks.clone();
        let mock = self.mocking.as_ref().and_then(|mocking| mocking.call(&task));
        let call = TaskCall {
            resource: task.resource.clone(),
            parameters: task.input,
            region: self.about.region.clone(),
            execution_arn: self.about.arn.0.clone(),
            caller: Caller { execution_role: self.about.role_arn.clone(), credentials_role: task.role_arn },
            mock: mock.filter(|mock| tasks.is_mocked(mock)),
        };
        let arn = self.about.arn.clone();
        tokio::spawn(async move {
            let answer = answer_of(tasks.call(call), &arn, &task.resource).await;
            // The execution has ended if this fails.
            let _ = answers.send((task.scope, task.task, answer)).await;
        });
    }

    async fn until_due(&self, execution: &Execution) {
        match execution.next_timer() {
            Some(due) => {
                let millis = due.millis_since(self.shared.config.clock.now());
                tokio::time::sleep(Duration::from_millis(millis)).await;
            }
            None => std::future::pending().await,
        }
    }

    fn ended(&self, execution: &Execution) -> SyncExecution {
        let failure = match execution.status {
            // AWS: documented, an Express execution that runs out of time says so.
            ExecutionStatus::TimedOut => Some(Failure::named(model::error_name::TIMEOUT)),
            ExecutionStatus::Running
            | ExecutionStatus::Succeeded
            | ExecutionStatus::Failed
            | ExecutionStatus::Aborted
            | ExecutionStatus::PendingRedrive => execution.failure.clone(),
        };
        SyncExecution {
            arn: self.about.arn.clone(),
            started_at: self.about.started_at,
            stopped_at: execution.stopped_at.unwrap_or(self.about.started_at),
            status: execution.status,
            output: execution.output.clone(),
            failure,
        }
    }
}
