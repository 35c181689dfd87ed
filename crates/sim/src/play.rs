//! Plays a script: one life of the process after the other, until everything has ended.

use crate::breach::Breach;
use crate::check;
use crate::clients::{redrive, request, start, work};
use crate::clock::VirtualClock;
use crate::complaints;
use crate::definitions::{self, ACTIVITY, Workflow};
use crate::disk::{Disk, Failing};
use crate::functions::Functions;
use crate::notes::Notes;
use crate::people::People;
use crate::randomness::{Seeded, fate};
use crate::script::{Action, Script, Settings, Step};
use engine::{CreateOutcome, Engine, EngineConfig, EngineError, StateMachine};
use model::{Failure, Partition, StateMachineType, Timestamp};
use std::collections::VecDeque;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use store::{Committer, Direction, GroupCommit, GroupCommitOptions, KeyRange, Store, Table};
use tasks::{TaskLimits, TaskRunner, Tasks};
use tokio::sync::Notify;

/// The machine whose executions are Express.
const EXPRESS: &str = "express";
/// How long everything has to end once the faults are over.
const LONGEST_END: Duration = Duration::from_secs(4 * 24 * 3600);
/// How long somebody waits who was refused because of the disk.
const RETRY: Duration = Duration::from_secs(5);
/// A script that needs more lives than this does not get anywhere.
const MOST_LIVES: usize = 200;

/// How a run went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// What must not happen and did; empty for a good run.
    pub violations: Vec<String>,
    /// How often the process was started.
    pub lives: usize,
    /// Executions whose start was acknowledged.
    pub executions: usize,
    /// Events in the histories of those.
    pub events: usize,
    /// Calls of functions.
    pub calls: usize,
    /// How often the engine came back from a failure of the disk without a new process.
    pub outages: usize,
    /// Virtual time, in milliseconds.
    pub elapsed: u64,
    /// The histories as they were shown last, an event a line.
    pub histories: String,
}

/// How a life ended.
enum End {
    Killed,
    ShutDown,
    Restarted,
    Done,
}

/// Plays a script on a disk that keeps its word.
#[must_use]
pub fn run(script: &Script) -> Outcome {
    run_on(script, Disk::default(), None)
}

/// Plays a script on a disk, with an engine that may break a rule.
#[must_use]
pub fn run_on(script: &Script, disk: Disk, breach: Option<Breach>) -> Outcome {
    let run = Run::new(script, disk, breach);
    let mut outcome = Outcome::default();
    let mut steps: VecDeque<Step> = script.steps.iter().cloned().collect();
    loop {
        outcome.lives += 1;
        let end = match panic::catch_unwind(AssertUnwindSafe(|| run.live(outcome.lives, &mut steps))) {
            Ok(end) => end,
            Err(_) => {
                run.notes.violation("the simulation panicked".to_owned());
                End::Done
            }
        };
        if matches!(end, End::Done) || outcome.lives > MOST_LIVES {
            break;
        }
    }
    let noted = run.notes.lock();
    outcome.violations = noted.violations.clone();
    outcome.executions = noted.started.len();
    outcome.events = noted.shown.values().map(Vec::len).sum();
    outcome.calls = noted.calls.values().sum();
    outcome.elapsed = run.clock.elapsed();
    outcome.outages = run.disk.outages();
    outcome.histories = noted.shown.values().flatten().map(check::line_of).collect();
    outcome
}

/// What outlives the process.
struct Run {
    seed: u64,
    config: EngineConfig,
    settings: Settings,
    breach: Option<Breach>,
    workflows: Vec<Workflow>,
    disk: Arc<Disk>,
    clock: Arc<VirtualClock>,
    notes: Arc<Notes>,
    people: Arc<People>,
    /// Whether the process has not died yet.
    is_first_life: AtomicBool,
    /// The most that a commit takes, in milliseconds.
    commit_millis: Arc<Mutex<u64>>,
}

impl Run {
    fn new(script: &Script, disk: Disk, breach: Option<Breach>) -> Run {
        let settings = script.settings();
        let (clock, notes) = (Arc::new(VirtualClock::default()), Arc::new(Notes::default()));
        disk.keep_time_by(&clock);
        let config = EngineConfig {
            shards: settings.shards,
            mailbox_capacity: settings.mailbox_capacity,
            batch_size: settings.batch_size,
            idle_executions: settings.idle_executions,
            timer_horizon: settings.timer_horizon,
            verify: true,
            clock: clock.clone(),
            ..EngineConfig::new(Partition::of("us-east-1", "000000000000"))
        };
        Run {
            seed: script.seed,
            config,
            settings,
            breach,
            workflows: definitions::workflows(&mut fate(script.seed, "workflows")),
            disk: Arc::new(disk),
            people: Arc::new(People::new(clock.clone(), notes.clone())),
            clock,
            notes,
            is_first_life: AtomicBool::new(true),
            commit_millis: Arc::new(Mutex::new(3)),
        }
    }

    /// One life of the process: from its start to its death, or to the end of the run.
    fn live(&self, life: usize, steps: &mut VecDeque<Step>) -> End {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        let Ok(runtime) = runtime else {
            self.notes.violation("no runtime could be made".to_owned());
            return End::Done;
        };
        let (end, complaints) = complaints::of(|| {
            runtime.block_on(async {
                self.clock.begin_life();
                let end = self.run_process(life, steps).await;
                self.clock.end_life();
                end
            })
        });
        complaints.panics.into_iter().for_each(|panic| self.notes.violation(format!("a panic: {panic}")));
        self.look_at_log(&complaints.errors);
        // Everything that was under way is gone, as when a process dies.
        drop(runtime);
        self.is_first_life.store(false, Ordering::Relaxed);
        self.disk.end_process();
        end
    }

    /// An engine whose disk failed says so, once for each time, and nothing else is an error.
    fn look_at_log(&self, errors: &[String]) {
        let (outages, others): (Vec<_>, Vec<_>) =
            errors.iter().partition(|error| error.contains("nothing can be written"));
        for error in others {
            self.notes.violation(format!("in the log: {error}"));
        }
        let most = if self.disk.has_failed() { self.disk.outages() + 1 } else { 0 };
        if outages.len() > most {
            self.notes.violation(format!("{} lines of the log tell of {most} outages", outages.len()));
        }
    }

    async fn run_process(&self, life: usize, steps: &mut VecDeque<Step>) -> End {
        let mut config = EngineConfig {
            randomness: Arc::new(Seeded::new(self.seed ^ (life as u64) << 32)),
            ..self.config.clone()
        };
        if let Some(breach) = self.breach {
            breach.change(&mut config);
        }
        let (commits, committer) = GroupCommit::stepped(self.disk.clone(), &GroupCommitOptions::default());
        let killed = Arc::new(Notify::new());
        tokio::spawn(run_disk(
            committer,
            self.disk.clone(),
            self.commit_millis.clone(),
            self.seed,
            killed.clone(),
        ));
        let functions = Arc::new(Functions {
            seed: self.seed,
            notes: self.notes.clone(),
            people: self.people.clone(),
            engine: Mutex::default(),
        });
        let tasks: Arc<dyn TaskRunner> =
            Arc::new(Tasks::with_callers(vec![functions.clone()], TaskLimits::default()));
        let tasks = self.breach.map_or(tasks.clone(), |breach| breach.wrap(tasks));
        let end = tokio::select! {
            biased;
            () = killed.notified() => End::Killed,
            end = async {
                match Engine::open_with(config, self.disk.clone(), commits, tasks).await {
                    Ok(engine) => {
                        *functions.engine.lock().unwrap_or_else(PoisonError::into_inner) = Some(engine.clone());
                        self.serve(&engine, steps).await
                    }
                    Err(error) if self.disk.has_failed() => { let _ = error; End::Restarted }
                    Err(error) => {
                        self.notes.violation(format!("the engine did not open: {error}"));
                        End::Done
                    }
                }
            } => end,
        };
        // The engine holds the functions, and they it.
        *functions.engine.lock().unwrap_or_else(PoisonError::into_inner) = None;
        end
    }

    /// The process serves, and the world goes on around it.
    async fn serve(&self, engine: &Engine, steps: &mut VecDeque<Step>) -> End {
        while let Err(error) = self.create(engine).await {
            if let Some(end) = self.waits_for_disk(&error.to_string()).await {
                return end;
            }
        }
        tokio::spawn(self.people.clone().go_about(engine.clone()));
        for worker in 0..self.settings.workers {
            tokio::spawn(work(engine.clone(), self.notes.clone(), self.people.clone(), self.seed, worker));
        }
        while let Some(step) = steps.front().cloned() {
            self.clock.sleep_until(step.at).await;
            steps.pop_front();
            let end = self.take(engine, step.action).await;
            check::stored(&self.disk, &self.notes);
            if end.is_none() {
                // An engine that is shutting down drops nothing from memory.
                check::in_memory(engine, &self.disk, &self.notes, &self.settings);
            }
            if let Some(end) = end {
                return end;
            }
            if self.notes.has_violations() {
                return End::Done;
            }
        }
        self.end(engine).await
    }

    /// Something was refused: the disk must be to blame, and comes back.
    async fn waits_for_disk(&self, problem: &str) -> Option<End> {
        if !self.disk.has_failed() {
            self.notes.violation(format!("the engine failed on a good disk: {problem}"));
            return Some(End::Done);
        }
        tokio::time::sleep(RETRY).await;
        None
    }

    async fn take(&self, engine: &Engine, action: Action) -> Option<End> {
        match action {
            Action::Start { machine, execution } => {
                if let Some(workflow) = self.workflows.get(machine) {
                    let input = definitions::input(&mut fate(self.seed, (execution, "input"))).to_string();
                    tokio::spawn(start(
                        engine.clone(),
                        self.notes.clone(),
                        workflow.name.clone(),
                        execution,
                        input,
                    ));
                }
            }
            Action::StartSync { execution } => {
                let engine = engine.clone();
                tokio::spawn(async move {
                    if let Ok(request) = request(&engine, EXPRESS, execution, r#"{"items":[0,1],"n":1}"#) {
                        // Nothing is owed for it.
                        let _ = engine.start_sync_execution(request).await;
                    }
                });
            }
            Action::Stop { execution } => {
                for workflow in &self.workflows {
                    let arn = engine.partition().execution(&workflow.name, &execution.to_string());
                    let (engine, notes) = (engine.clone(), self.notes.clone());
                    tokio::spawn(async move {
                        if let Ok(Some(_)) = engine.stop_execution(&arn, Failure::default()).await {
                            notes.lock().stopped.push(arn);
                        }
                    });
                }
            }
            Action::Delete { machine } => {
                if let Some(workflow) = self.workflows.get(machine) {
                    let arn = engine.partition().state_machine(&workflow.name);
                    let engine = engine.clone();
                    // Whether it was deleted shows in what follows: all its executions end.
                    tokio::spawn(async move { engine.delete_state_machine(&arn.0).await });
                }
            }
            Action::Redrive { execution } => {
                for workflow in &self.workflows {
                    let arn = engine.partition().execution(&workflow.name, &execution.to_string());
                    tokio::spawn(redrive(engine.clone(), self.notes.clone(), arn));
                }
            }
            Action::Read { execution } => {
                for workflow in &self.workflows {
                    let arn = engine.partition().execution(&workflow.name, &execution.to_string());
                    if let Err(problem) = check::read(engine, &arn, &self.notes) {
                        self.notes.violation(problem);
                    }
                }
            }
            Action::Kill => return Some(End::Killed),
            Action::KillInCommit { after, is_written } => {
                self.disk.will_fail(Failing { after, is_written, kills: true, lasts: 0 });
            }
            Action::ShutDown { grace } => {
                engine.shutdown(Duration::from_millis(grace)).await;
                return Some(End::ShutDown);
            }
            Action::DiskFails { after, is_written, lasts } => {
                self.disk.will_fail(Failing { after, is_written, kills: false, lasts });
            }
            Action::DiskIsFull { lasts } => self.disk.is_full(lasts),
            Action::DiskTakes { millis } => {
                *self.commit_millis.lock().unwrap_or_else(PoisonError::into_inner) = millis.max(1);
            }
            Action::ClockJumps { millis } => self.clock.jump(millis),
        }
        None
    }

    /// No fault comes any more: everything ends, and is looked at.
    async fn end(&self, engine: &Engine) -> End {
        let by = tokio::time::Instant::now() + LONGEST_END;
        loop {
            // First, for what was asked for last may be on its way still.
            tokio::time::sleep(Duration::from_secs(60)).await;
            check::stored(&self.disk, &self.notes);
            check::in_memory(engine, &self.disk, &self.notes, &self.settings);
            if self.notes.has_violations() {
                return End::Done;
            }
            let is_over = !self.has_open_executions() && !self.disk.is_out();
            if is_over || tokio::time::Instant::now() > by {
                break;
            }
            if let Err(error) = ask_every_shard(engine).await
                && let Some(end) = self.waits_for_disk(&error.to_string()).await
            {
                return end;
            }
        }
        if self.is_first_life.load(Ordering::Relaxed) {
            check::no_answer_was_lost(engine, &self.notes).err().into_iter().for_each(|problem| {
                self.notes.violation(problem);
            });
        }
        for problem in check::at_the_end(engine, &self.disk, &self.notes) {
            self.notes.violation(problem);
        }
        End::Done
    }

    fn has_open_executions(&self) -> bool {
        let has = |table| {
            let page = self.disk.scan(table, KeyRange::all(), Direction::Forward, 1);
            page.is_ok_and(|page| !page.records.is_empty())
        };
        // What is owed takes its time on a slow disk.
        has(Table::OpenExecutions) || has(Table::Duties)
    }

    /// Creates what is not there yet.
    async fn create(&self, engine: &Engine) -> Result<(), EngineError> {
        engine.activities().create("press", Vec::new(), None).await?;
        debug_assert!(engine.activities().get(ACTIVITY).is_ok_and(|found| found.is_some()));
        for Workflow { name, definition } in &self.workflows {
            self.create_machine(engine, name, &definition.to_string(), StateMachineType::Standard).await?;
        }
        let steady = r#"{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"B"},"B":{"Type":"Wait","Seconds":2,"Next":"C"},
            "C":{"Type":"Map","ItemsPath":"$.items","ItemProcessor":{"StartAt":"D","States":{"D":{"Type":"Pass","End":true}}},"End":true}}}"#;
        self.create_machine(engine, EXPRESS, steady, StateMachineType::Express).await
    }

    async fn create_machine(
        &self,
        engine: &Engine,
        name: &str,
        definition: &str,
        machine_type: StateMachineType,
    ) -> Result<(), EngineError> {
        let arn = engine.partition().state_machine(name);
        if engine.machines().get(&arn.0)?.is_some() {
            return Ok(());
        }
        let compiled = match asl::compile(definition, machine_type) {
            Ok(compiled) => compiled.definition,
            Err(problem) => {
                self.notes.violation(format!("a generated definition is refused: {problem:?}: {definition}"));
                return Ok(());
            }
        };
        let (definition, role) = (definition.into(), "arn:aws:iam::000000000000:role/r".into());
        let machine =
            StateMachine::new(arn, machine_type, definition, Arc::new(compiled), role, Timestamp(0));
        match engine.machines().create(machine).await? {
            CreateOutcome::Created(_) | CreateOutcome::Exists(_) => Ok(()),
        }
    }
}

/// Asks for something that is not there, often enough that every shard is asked.
async fn ask_every_shard(engine: &Engine) -> Result<(), EngineError> {
    for nobody in 0..16 {
        let arn = engine.partition().execution("nobody", &nobody.to_string());
        engine.stop_execution(&arn, Failure::default()).await?;
    }
    Ok(())
}

/// The disk at work: a commit takes its time, and the process may die with it.
async fn run_disk(
    committer: Committer,
    disk: Arc<Disk>,
    most_millis: Arc<Mutex<u64>>,
    seed: u64,
    killed: Arc<Notify>,
) {
    let mut rng = fate(seed, "disk");
    loop {
        committer.arrival().await;
        let most = *most_millis.lock().unwrap_or_else(PoisonError::into_inner);
        tokio::time::sleep(Duration::from_millis(rng.u64(0..most))).await;
        let has_committed = committer.commit_waiting();
        if disk.has_killed() {
            killed.notify_one();
            return;
        }
        if !has_committed {
            return;
        }
    }
}
