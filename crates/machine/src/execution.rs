//! An execution as a value: a tree of scopes, each with one position.

use crate::map_run::MapRunPlan;
use json::{Payload, Value};
use model::history::ScheduleOptions;
use model::{
    EventId, ExecutionArn, ExecutionStatus, Failure, StartedThrough, StateMachineArn, StateType,
    TaskResource, Timestamp,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What an execution is told at its birth and keeps for life.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct About {
    /// Its ARN.
    pub arn: ExecutionArn,
    /// The machine it runs, without version or alias.
    pub state_machine_arn: StateMachineArn,
    /// The machine's role.
    pub role_arn: Arc<str>,
    /// The region whose name history shows.
    pub region: Arc<str>,
    /// When it started.
    pub started_at: Timestamp,
    /// When it times out.
    pub deadline: Timestamp,
    /// Whether a caller waits for its end, as StartSyncExecution does.
    pub is_synchronous: bool,
}

/// The number of a scope; the top level is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ScopeId(pub u32);

impl ScopeId {
    /// The top level.
    pub const ROOT: ScopeId = ScopeId(0);
}

/// An execution. Changed by [`Execution::apply`] alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Execution {
    /// What it was told at birth; `None` before its first fact.
    pub about: Option<Arc<About>>,
    /// Its input; `null` before its first event.
    pub input: Payload,
    /// The version and the alias through which it was started.
    pub through: StartedThrough,
    /// How it stands.
    pub status: ExecutionStatus,
    /// Its output, once it succeeded.
    pub output: Option<Payload>,
    /// Its error, once it failed or was stopped.
    pub failure: Option<Failure>,
    /// When it ended.
    pub stopped_at: Option<Timestamp>,
    /// How often it was redriven.
    pub redrive_count: u64,
    /// When it was last redriven.
    pub redriven_at: Option<Timestamp>,
    /// The number of its latest event.
    pub last_event: EventId,
    /// The number that the next scope gets.
    pub(crate) next_scope: u32,
    /// The scopes that are open, by number. None once the execution has succeeded; those of one that ended otherwise stay
    /// as they were then, for a redrive.
    pub scopes: BTreeMap<ScopeId, Scope>,
}

/// The top level, a branch or an iteration: a thread of control with a position of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Scope {
    /// The Parallel or Map state it belongs to, and which branch or iteration it is. `None`: the top level.
    pub parent: Option<(ScopeId, u64)>,
    /// The latest event of this thread, to which the next one points.
    pub thread: EventId,
    /// Where it stands.
    pub position: Position,
    /// The state that it was about to enter when the execution failed around it.
    pub heading: Option<Arc<str>>,
    /// The variables assigned in it.
    pub variables: BTreeMap<Arc<str>, Payload>,
}

/// Where a scope stands.
#[derive(Clone, Debug, PartialEq)]
pub enum Position {
    /// Before its first state.
    Ready,
    /// In a state.
    In(Box<Visit>),
    /// Behind a state, with that state's output.
    Exited(Payload),
}

/// One visit of a state: from its Entered event to its Exited event, retries included.
#[derive(Clone, Debug, PartialEq)]
pub struct Visit {
    /// The state's name.
    pub name: Arc<str>,
    /// Its type.
    pub state_type: StateType,
    /// The input as it came, before InputPath.
    pub input: Payload,
    /// The Entered event.
    pub entered: EventId,
    /// The event before it in the thread.
    pub before: EventId,
    /// When it was entered.
    pub entered_at: Timestamp,
    /// Attempts that each retrier has used, by its place in Retry.
    pub attempts: BTreeMap<u32, u64>,
    /// The token of the attempt under way, for tasks that wait for one.
    pub token: Option<Arc<str>>,
    /// What is under way.
    pub work: Work,
    /// The branches, iterations or Map Run of a Parallel or Map that failed: what a redrive goes on with. Scopes stay until
    /// the state is left or tried again, and nothing happens in them.
    pub given_up: Option<Box<Work>>,
}

impl Visit {
    /// How often the state was retried in this visit.
    pub fn retry_count(&self) -> u64 {
        self.attempts.values().sum()
    }
}

/// What a visit is doing.
#[derive(Clone, Debug, PartialEq)]
pub enum Work {
    /// Nothing yet, or nothing any more.
    None,
    /// A task attempt.
    Task(TaskRun),
    /// A Wait.
    Waiting {
        /// Until when.
        until: Timestamp,
    },
    /// The pause before a retry.
    Retrying {
        /// Until when.
        until: Timestamp,
    },
    /// The branches of a Parallel.
    Parallel(ParallelRun),
    /// The iterations of a Map.
    Map(MapRun),
    /// The Map Run of a distributed Map.
    Distributed(Distribution),
}

/// One attempt of a task.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskRun {
    /// The event that scheduled it; its name towards the outside.
    pub scheduled: EventId,
    /// When that was.
    pub scheduled_at: Timestamp,
    /// What is called.
    pub resource: TaskResource,
    /// What it is given.
    pub input: Payload,
    /// Its limits.
    pub options: ScheduleOptions,
    /// When the call began, or a worker took the task.
    pub started_at: Option<Timestamp>,
    /// What the call came back with, once the task waits for its token or for the job that the call started.
    pub submitted: Option<Payload>,
    /// When it began, or was last heard of.
    pub last_heard: Timestamp,
}

/// The branches of a Parallel.
#[derive(Clone, Debug, PartialEq)]
pub struct ParallelRun {
    /// The event that started them.
    pub started: EventId,
    /// The scopes of the branches that run, by branch.
    pub running: BTreeMap<u64, ScopeId>,
    /// The outputs of those that ended, by branch.
    pub results: BTreeMap<u64, Payload>,
}

/// The iterations of a Map.
#[derive(Clone, Debug, PartialEq)]
pub struct MapRun {
    /// The event that started them.
    pub started: EventId,
    /// The items.
    pub items: Payload,
    /// How many there are.
    pub length: u64,
    /// How many may run at once.
    pub max_concurrency: u64,
    /// The item that comes next.
    pub next_index: u64,
    /// The scopes of the iterations that run, by item.
    pub running: BTreeMap<u64, ScopeId>,
    /// The outputs of those that ended, by item.
    pub results: BTreeMap<u64, Payload>,
}

/// The Map Run of a distributed Map, which runs outside.
#[derive(Clone, Debug, PartialEq)]
pub struct Distribution {
    /// The event that started or redrove it; 0 before it.
    pub started: EventId,
    /// What it is to do.
    pub plan: Arc<MapRunPlan>,
    /// How often it was redriven.
    pub redrives: u64,
    /// Its error, once it failed.
    pub failure: Option<Failure>,
    /// Whether it gave its result.
    pub has_succeeded: bool,
}

impl Execution {
    /// An execution before its first fact.
    pub fn new() -> Execution {
        Execution {
            about: None,
            input: Payload::from(Value::Null),
            through: StartedThrough::default(),
            status: ExecutionStatus::Running,
            output: None,
            failure: None,
            stopped_at: None,
            redrive_count: 0,
            redriven_at: None,
            last_event: EventId(0),
            next_scope: 0,
            scopes: BTreeMap::new(),
        }
    }

    /// An execution rebuilt from its facts.
    pub fn rebuild<'f>(facts: impl IntoIterator<Item = &'f crate::Fact>) -> Execution {
        let mut execution = Execution::new();
        for fact in facts {
            execution.apply(fact);
        }
        execution
    }

    /// Whether it has begun.
    pub fn has_started(&self) -> bool {
        self.last_event.0 > 0
    }

    /// Whether it has ended.
    pub fn is_closed(&self) -> bool {
        self.status != ExecutionStatus::Running
    }

    /// The visit of the state that the scope stands in.
    pub fn visit(&self, scope: ScopeId) -> Option<&Visit> {
        match &self.scopes.get(&scope)?.position {
            Position::In(visit) => Some(visit),
            Position::Ready | Position::Exited(_) => None,
        }
    }

    pub(crate) fn visit_mut(&mut self, scope: ScopeId) -> Option<&mut Visit> {
        match &mut self.scopes.get_mut(&scope)?.position {
            Position::In(visit) => Some(visit),
            Position::Ready | Position::Exited(_) => None,
        }
    }

    /// The latest event of the scope's thread.
    pub(crate) fn thread(&self, scope: ScopeId) -> EventId {
        self.scopes.get(&scope).map(|s| s.thread).unwrap_or_default()
    }

    /// Whether the scope belongs to branches or iterations that were given up.
    pub(crate) fn is_given_up(&self, scope: ScopeId) -> bool {
        let mut at = self.scopes.get(&scope);
        while let Some((parent, index)) = at.and_then(|scope| scope.parent) {
            let runs = self.visit(parent).is_some_and(|visit| visit.work.child(index).is_some());
            if !runs {
                return true;
            }
            at = self.scopes.get(&parent);
        }
        false
    }

    /// The scope whose task waits for the token.
    pub fn scope_of_token(&self, token: &str) -> Option<ScopeId> {
        if self.is_closed() {
            return None;
        }
        self.scopes.iter().find_map(|(id, scope)| match &scope.position {
            Position::In(visit) if visit.token.as_deref() == Some(token) => Some(*id),
            Position::In(_) | Position::Ready | Position::Exited(_) => None,
        })
    }
}

impl Default for Execution {
    fn default() -> Execution {
        Execution::new()
    }
}

impl Work {
    /// The scopes of the branches or iterations that run, in their order.
    pub(crate) fn children(&self) -> Vec<(u64, ScopeId)> {
        self.running().into_iter().flatten().map(|(index, scope)| (*index, *scope)).collect()
    }

    /// The scope of a branch or iteration that runs.
    fn child(&self, index: u64) -> Option<ScopeId> {
        self.running()?.get(&index).copied()
    }

    fn running(&self) -> Option<&BTreeMap<u64, ScopeId>> {
        match self {
            Work::Parallel(run) => Some(&run.running),
            Work::Map(run) => Some(&run.running),
            Work::None
            | Work::Task(_)
            | Work::Waiting { .. }
            | Work::Retrying { .. }
            | Work::Distributed(_) => None,
        }
    }
}
