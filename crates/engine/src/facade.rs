//! The engine as its users see it.

use crate::activities::{Activities, ActivityTask};
use crate::config::EngineConfig;
use crate::error::{EngineError, StartError, TokenError};
use crate::express_runs::ExpressRuns;
use crate::fact_log::FactLog;
use crate::health::{Health, HealthState};
use crate::keys;
use crate::machines::StateMachines;
use crate::mailbox::{Mailboxes, Message, StartMessage, TokenAction};
use crate::map_runs::MapRuns;
use crate::outage::{self, TakingUp};
use crate::page::Page;
use crate::quotas::{OpenCount, Quota};
use crate::records::{self, Closing, ExecutionRecord, Listed, Opening};
use crate::redrive::Redrives;
use crate::retention::{self, Removals};
use crate::shard::Shard;
use crate::shared::{Shared, SharedParts};
use crate::start::{StartExecution, Started};
use crate::timers::{self, Horizon};
use crate::transitions::TransitionBucket;
use crate::workflows::{Closings, NestedWorkflows};
use json::Payload;
use machine::{Fact, TaskAnswer, TaskToken};
use model::{
    EventDetails, EventId, ExecutionArn, ExecutionStatus, Failure, HistoryEvent, Partition, StartedThrough,
    StateMachineArn, Timestamp,
};
use std::sync::Arc;
use std::time::Duration;
use store::{Direction, GroupCommit, GroupCommitOptions, Store, Table};
use tasks::{TaskRunner, Workflows};
use tokio::sync::{Semaphore, oneshot};

/// Records that one page of a filtered listing looks at; the page is short where it needed more.
const LISTING_REACH: usize = 10_000;

/// A running engine. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    shared: Shared,
}

impl Engine {
    /// Starts an engine on a store, and takes up every execution that was open when the last one ended.
    pub async fn open(
        config: EngineConfig,
        store: Arc<dyn Store>,
        tasks: Arc<dyn TaskRunner>,
    ) -> Result<Engine, EngineError> {
        let commits = GroupCommit::start(store.clone(), &GroupCommitOptions::default())?;
        Engine::open_with(config, store, commits, tasks).await
    }

    /// As [`Engine::open`], with the writing side of the store, which nobody else may use.
    pub async fn open_with(
        config: EngineConfig,
        store: Arc<dyn Store>,
        commits: GroupCommit,
        tasks: Arc<dyn TaskRunner>,
    ) -> Result<Engine, EngineError> {
        let commits = Arc::new(commits);
        let machines = StateMachines::new(store.clone(), commits.clone(), &config);
        let activities = Activities::new(store.clone(), commits.clone(), &config);
        let (mailboxes, receivers) = Mailboxes::new(config.shards, config.mailbox_capacity);
        let horizon = Horizon::default();
        let reach = u64::try_from(config.timer_horizon.as_millis()).unwrap_or(u64::MAX);
        horizon.move_to(config.clock.now().plus_millis(reach));
        let closings = Closings::default();
        let removals = Removals::read(&*store)?;
        let express = Arc::new(Semaphore::new(config.express_executions.min(Semaphore::MAX_PERMITS)));
        let map_runs = MapRuns::new(config.express_executions);
        let express_runs = ExpressRuns::new(config.kept_express_executions, config.kept_express_bytes);
        let bucket = |quota| Arc::new(TransitionBucket::new(quota, config.clock.now()));
        let transitions = config.transitions.map(bucket);
        let shared = Shared::new(SharedParts {
            config,
            store,
            commits,
            machines,
            activities,
            tasks,
            mailboxes,
            horizon,
            closings,
            removals,
            express,
            open: OpenCount::default(),
            map_runs,
            express_runs,
            transitions,
            health: HealthState::default(),
            taking_up: TakingUp::default(),
            gauges: Arc::new(receivers.iter().map(|_| Arc::default()).collect()),
        });
        let engine = Engine { shared: shared.clone() };
        shared.open.recount(&*shared.store)?;
        let workflows: Arc<dyn Workflows> = Arc::new(NestedWorkflows::new(engine.clone()));
        shared.tasks.connect(Arc::downgrade(&workflows));
        for (mailbox, gauges) in receivers.into_iter().zip(shared.gauges.iter()) {
            let shard = Shard::new(shared.clone(), mailbox, gauges.clone());
            let workflows = workflows.clone();
            tokio::spawn(async move {
                shard.run().await;
                drop(workflows);
            });
        }
        let taking_up = shared.clone();
        tokio::spawn(async move {
            match taking_up.take_up().await {
                Ok(0) | Err(EngineError::Stopped) => {}
                Ok(executions) => tracing::info!(executions, "took up the executions that were open"),
                // Everything is taken up once the store was opened again.
                Err(error) if error.is_outage() => {}
                Err(error) => {
                    tracing::error!(%error, "what is stored could not be taken up: it goes on after a restart");
                    taking_up.health.shard_stopped(taking_up.config.clock.now(), &error);
                }
            }
        });
        engine.shared.take_up_duties();
        tokio::spawn(outage::keep_store_open(engine.shared.clone()));
        tokio::spawn(timers::keep_moving(engine.shared.clone()));
        tokio::spawn(retention::keep_removing(engine.shared.clone()));
        Ok(engine)
    }

    /// Partition, region and account of every ARN.
    pub fn partition(&self) -> &Partition {
        &self.shared.config.partition
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// State transitions that had to wait; `None` where there may be as many as there are.
    pub fn throttled_transitions(&self) -> Option<u64> {
        self.shared.transitions.as_ref().map(|bucket| bucket.throttled())
    }

    /// Whether it can acknowledge anything, and if not, why.
    pub fn health(&self) -> Health {
        self.shared.health.get()
    }

    /// The state machines.
    pub fn machines(&self) -> &StateMachines {
        &self.shared.machines
    }

    /// The activities.
    pub fn activities(&self) -> &Activities {
        &self.shared.activities
    }

    /// Hands the next task of an activity to a worker: waits for one as long as this future is polled. A worker that gives up
    /// before the execution has noted that it started takes no task with it; from then on it counts as started.
    pub async fn next_activity_task(
        &self,
        activity: &str,
        worker_name: Option<String>,
    ) -> Result<ActivityTask, EngineError> {
        let worker_name: Option<Arc<str>> = worker_name.map(Into::into);
        let Some(_polling) = self.activities().polling(activity) else {
            return Err(EngineError::Quota(Quota::ActivityWorkers));
        };
        loop {
            let held = self.activities().next(activity).await;
            let Some(task) = held.task().cloned() else { continue };
            let (reply, answer) = oneshot::channel();
            let arn = task.execution.clone();
            let message = Message::Take { task, worker_name: worker_name.clone(), reply: Some(reply) };
            self.shared.mailboxes.send(&arn, message).await?;
            held.hand_on();
            if let Some(taken) = answer.await.map_err(|_| EngineError::Stopped)?? {
                return Ok(taken);
            }
        }
    }

    /// Starts an execution; once this answers it survives `kill -9`. The same name with the same input while it runs
    /// gives the execution that runs.
    pub async fn start_execution(&self, request: StartExecution) -> Result<Started, StartError> {
        let StartExecution { machine, through, name, input, trace_header, test_case } = request;
        if let Some(test_case) = &test_case {
            self.shared.tasks.check_test_case(&machine.name, test_case)?;
        }
        let name = name.unwrap_or_else(|| self.shared.config.randomness.uuid().to_string());
        let arn = self.partition().execution(&machine.name, &name);
        let (reply, answer) = oneshot::channel();
        let (trace_header, test_case) = (trace_header.map(Arc::from), test_case.map(Arc::from));
        let start = StartMessage {
            arn: arn.clone(),
            machine,
            through,
            input,
            trace_header,
            test_case,
            child: None,
            reply,
        };
        self.shared.mailboxes.send(&arn, Message::Start(Box::new(start))).await?;
        answer.await.map_err(|_| EngineError::Stopped)?
    }

    /// Stops an execution and gives when it ended; `None` if there is none of that ARN. One that has ended stays as it is.
    pub async fn stop_execution(
        &self,
        arn: &ExecutionArn,
        failure: Failure,
    ) -> Result<Option<Timestamp>, EngineError> {
        let (reply, answer) = oneshot::channel();
        self.shared.mailboxes.send(arn, Message::Stop { arn: arn.clone(), failure, reply }).await?;
        answer.await.map_err(|_| EngineError::Stopped)?
    }

    /// Takes a machine out of the registry, and stops its executions beside everything else; what the process does not come
    /// to, the next one does.
    pub async fn delete_state_machine(&self, arn: &str) -> Result<(), EngineError> {
        if let Some(duty) = self.machines().delete(arn).await? {
            self.shared.fulfil(duty);
        }
        Ok(())
    }

    /// An execution as it stands.
    pub fn execution(&self, arn: &ExecutionArn) -> Result<Option<ExecutionRecord>, EngineError> {
        let store = &*self.shared.store;
        let Some(opening) = Opening::read(store, arn)? else { return Ok(None) };
        let closing = Closing::read(store, arn)?;
        let (input, output) = match payloads(store, arn, &opening, closing.as_ref()) {
            // It was removed meanwhile.
            Err(_) if Opening::read(store, arn)?.is_none() => return Ok(None),
            payloads => payloads?,
        };
        let machine = self.machines().revision(&opening.state_machine_arn, opening.revision)?;
        let redrives = Redrives::read(store, arn)?;
        let child = self.shared.child_of(arn, &opening.state_machine_arn)?;
        let mut record = ExecutionRecord {
            arn: arn.clone(),
            state_machine_arn: opening.state_machine_arn,
            name: arn.name().into(),
            status: closing.as_ref().map_or(ExecutionStatus::Running, |closing| closing.status),
            started_at: opening.started_at,
            stopped_at: closing.as_ref().map(|closing| closing.stopped_at),
            input,
            output,
            failure: closing.and_then(|closing| closing.failure),
            trace_header: opening.trace_header,
            redrive_count: redrives.count,
            redriven_at: redrives.latest,
            through: started_through(store, arn, opening.through)?,
            child,
            machine,
        };
        if self.is_pending_redrive(&record)? {
            record.status = ExecutionStatus::PendingRedrive;
        }
        Ok(Some(record))
    }

    /// Waits until an execution has ended, and gives it; `None` if there is none of that ARN.
    pub async fn ended(&self, arn: &ExecutionArn) -> Result<Option<ExecutionRecord>, EngineError> {
        loop {
            let mut waiting = self.shared.closings.wait_for(arn);
            match self.execution(arn)? {
                Some(record) if record.status == ExecutionStatus::Running => waiting.announced().await,
                known => return Ok(known),
            }
        }
    }

    /// The executions of a machine, or those that were started through a version or an alias of it where the ARN is of one,
    /// newest first. A page may be short although more follow.
    pub fn executions(
        &self,
        machine: &StateMachineArn,
        status: Option<ExecutionStatus>,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Page<ExecutionRecord>, EngineError> {
        let candidate = |listed| status.is_none_or(|status| status == listed);
        self.listing(machine, status.is_some(), candidate, |_| true, after, limit)
    }

    /// A page of the executions that are listed under an ARN: of those that are listed as `candidate` says, the ones that
    /// are `admitted`.
    pub(crate) fn listing(
        &self,
        under: &StateMachineArn,
        is_filtered: bool,
        candidate: impl Fn(ExecutionStatus) -> bool,
        admitted: impl Fn(&ExecutionRecord) -> bool,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Page<ExecutionRecord>, EngineError> {
        let mut range = keys::executions_of(under);
        if let Some(key) = after {
            range = range.resume_after(key, Direction::Forward);
        }
        let reach = if is_filtered { LISTING_REACH } else { limit };
        let page = self.shared.store.scan(Table::ExecutionsByMachine, range, Direction::Forward, reach)?;
        let mut items = Vec::new();
        let mut last = None;
        for (key, bytes) in &page.records {
            if items.len() == limit {
                return Ok(Page { items, next: last });
            }
            last = Some(key.clone());
            let listed: Listed = records::open(Table::ExecutionsByMachine, key, bytes)?;
            if candidate(listed.status)
                && let Some(arn) = keys::read_by_machine(key)
                && let Some(record) = self.execution(&arn)?
                && admitted(&record)
            {
                items.push(record);
            }
        }
        Ok(Page { items, next: last.filter(|_| page.has_more) })
    }

    /// A page of an execution's history, behind the event `after` in the direction asked for.
    pub fn history(
        &self,
        arn: &ExecutionArn,
        after: Option<EventId>,
        limit: usize,
        reverse: bool,
    ) -> Result<Page<HistoryEvent>, EngineError> {
        let direction = if reverse { Direction::Reverse } else { Direction::Forward };
        FactLog::new(&*self.shared.store, arn).events(after, limit, direction)
    }

    /// Ends the task that waits for the token, with a result.
    pub async fn send_task_success(&self, token: &str, output: Payload) -> Result<(), TokenError> {
        self.send_token(token, TokenAction::Answer(TaskAnswer::Succeeded(output))).await
    }

    /// Whether a token ever looked like this.
    pub fn is_task_token(text: &str) -> bool {
        TaskToken::parse(text).is_some()
    }

    /// Ends the task that waits for the token, with an error.
    pub async fn send_task_failure(&self, token: &str, failure: Failure) -> Result<(), TokenError> {
        self.send_token(token, TokenAction::Answer(TaskAnswer::Failed(failure))).await
    }

    /// Says that the task that waits for the token is still worked on.
    pub async fn send_task_heartbeat(&self, token: &str) -> Result<(), TokenError> {
        self.send_token(token, TokenAction::Heartbeat).await
    }

    async fn send_token(&self, token: &str, action: TokenAction) -> Result<(), TokenError> {
        let TaskToken { execution: arn, .. } = TaskToken::parse(token).ok_or(TokenError::Invalid)?;
        let (reply, answer) = oneshot::channel();
        let message = Message::Token { arn: arn.clone(), token: token.into(), action, reply };
        self.shared.mailboxes.send(&arn, message).await?;
        answer.await.map_err(|_| EngineError::Stopped)?
    }

    /// Stops calling tasks, gives the calls under way `grace` to come back, and makes everything durable. Calls that
    /// were held back are made by the next engine on this store.
    pub async fn shutdown(&self, grace: Duration) {
        let end = tokio::time::Instant::now() + grace;
        while self.tell_shards(false).await > 0 && tokio::time::Instant::now() < end {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.tell_shards(true).await;
        let commits = self.shared.commits.clone();
        // Draining blocks a thread for as long as the disk takes.
        let _ = tokio::task::spawn_blocking(move || commits.shutdown()).await;
    }

    /// Tells every shard to shut down, and gives how many calls are under way.
    async fn tell_shards(&self, is_final: bool) -> usize {
        let mut calls = 0;
        for mailbox in self.shared.mailboxes.all() {
            let (reply, answer) = oneshot::channel();
            if mailbox.send(Message::Shutdown { is_final, reply }).await.is_ok() {
                calls += answer.await.unwrap_or(0);
            }
        }
        calls
    }
}

/// The input of an execution and its output, if it has one.
fn payloads(
    store: &dyn Store,
    arn: &ExecutionArn,
    opening: &Opening,
    closing: Option<&Closing>,
) -> Result<(Payload, Option<Payload>), EngineError> {
    let facts = FactLog::new(store, arn);
    let output = closing.map(|closing| closing.output(&facts)).transpose()?;
    Ok((opening.input(&facts)?, output.flatten()))
}

/// How the execution was started: what its opening says, or else its first event.
pub(crate) fn started_through(
    store: &dyn Store,
    arn: &ExecutionArn,
    opening: Option<StartedThrough>,
) -> Result<StartedThrough, EngineError> {
    if let Some(through) = opening {
        return Ok(through);
    }
    let facts = FactLog::new(store, arn).first()?;
    Ok(match facts.iter().find_map(Fact::event).map(|event| &event.details) {
        Some(EventDetails::ExecutionStarted {
            state_machine_alias_arn, state_machine_version_arn, ..
        }) => StartedThrough {
            version_arn: state_machine_version_arn.clone(),
            alias_arn: state_machine_alias_arn.clone(),
        },
        _ => StartedThrough::default(),
    })
}
