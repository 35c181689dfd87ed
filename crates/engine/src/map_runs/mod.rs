//! Map Runs: what distributed Maps run outside of their execution.
//!
//! A Map Run is begun, and ended, by the shard of its execution, in the commit of the events that say so. In between it has
//! one owner, a task that starts its children in the order of their items, so many at once, counts how they end, and gives
//! the execution its result. A Standard child is an execution like any other; an Express one runs in memory.
//!
//! **What is stored is enough to go on.** A Standard child and its place in the run are one commit, so that an item is
//! started once; the next process finds which places have children, starts the others, and waits for those that run. An
//! Express child is recorded when it has ended; one that was under way is run again.
//!
//! **A redrive is another attempt of the same run.** Each child names the attempt in which it ran last: those that ended
//! without success in an earlier one are what is left to do, however often the process dies. They are not marked; who looks
//! at one in a run that goes on sees that it waits.

mod children;
mod facade;
mod feed;
mod membership;
mod owner;
mod records;
mod redrives;
mod results;
mod source;
mod writer;

pub use facade::MapRunRecord;
pub(crate) use membership::keep_up;
pub(crate) use records::Child;
pub use records::{ChildOf, MapRunCounts, MapRunSettings, RedriveTally, Tally};

use crate::live::Live;
use crate::shared::Shared;
use machine::OutstandingMapRun;
use model::{EventId, ExecutionArn, ExecutionStatus, MapRunArn, limits};
use owner::{Owner, Purpose, Task};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;

/// Notices that may wait for an owner: one for each child that runs, and some of other kinds.
const NOTICES: usize = limits::MAP_RUN_CONCURRENCY as usize + 64;
/// Runs of executions that are no children themselves, open at once; more wait. AWS: documented.
const OPEN_RUNS: usize = 1_000;

/// What the owner of a run is told.
pub(crate) enum Notice {
    /// A Standard child has ended, and its record says so.
    Ended { place: u64, items: u64, status: ExecutionStatus },
    /// An Express child has ended.
    ExpressEnded { place: u64, child: Box<Child> },
    /// UpdateMapRun changed these.
    Settings(MapRunSettings),
    /// The execution does not wait for the run any more.
    Abort,
}

/// The end of an owner's notices that it reads.
type Notices = mpsc::Receiver<Notice>;

/// A run with an owner.
struct Owned {
    sender: mpsc::Sender<Notice>,
    /// The event that started or redrove it; none where it has ended.
    run: Option<EventId>,
    /// The redrive of the run that came while the owner still winds up the attempt before: it is next.
    next: Option<Box<Task>>,
    /// Where the owner runs, once it does.
    task: Option<JoinHandle<()>>,
}

/// The runs that have an owner in this process.
#[derive(Clone)]
pub(crate) struct MapRuns {
    owners: Arc<Mutex<HashMap<MapRunArn, Owned>>>,
    /// Room for runs of executions that are no children: were these counted too, runs could wait for each other.
    open: Arc<Semaphore>,
    /// Room for Express children, of all runs.
    express: Arc<Semaphore>,
    /// One change of settings at a time: each reads, decides and writes.
    pub(crate) changes: Arc<tokio::sync::Mutex<()>>,
}

impl MapRuns {
    pub(crate) fn new(express_children: usize) -> MapRuns {
        MapRuns {
            owners: Arc::default(),
            open: Arc::new(Semaphore::new(OPEN_RUNS)),
            express: Arc::new(Semaphore::new(express_children.clamp(1, Semaphore::MAX_PERMITS))),
            changes: Arc::default(),
        }
    }

    /// Tells the owner of a run, if there is one.
    pub(crate) fn tell(&self, run: &MapRunArn, notice: Notice) {
        let mut owners = self.owners();
        let Some(owned) = owners.get_mut(run) else { return };
        // A redrive that has not begun has nothing to stop, and the attempt before it stops already.
        if matches!(notice, Notice::Abort) && owned.next.take().is_some() {
            return;
        }
        // INVARIANT(notices): as many children run as notices fit, and each ends once.
        if let Err(mpsc::error::TrySendError::Full(_)) = owned.sender.try_send(notice) {
            tracing::error!(map_run = %run, "a notice to a Map Run found no room: it goes on after a restart");
        }
    }

    /// Whether an attempt of a run has an owner, or is next.
    fn is_owned(&self, arn: &MapRunArn, run: EventId) -> bool {
        self.owners().get(arn).is_some_and(|owned| {
            owned.run == Some(run) || owned.next.as_ref().is_some_and(|next| next.run.run == run)
        })
    }

    /// Makes the caller the owner of a run, unless it has one; then the task is next.
    fn claim(
        &self,
        arn: &MapRunArn,
        task: Option<Box<Task>>,
    ) -> Option<(mpsc::Sender<Notice>, Notices, Purpose)> {
        match self.owners().entry(arn.clone()) {
            Entry::Occupied(mut owned) => {
                owned.get_mut().next = task.or_else(|| owned.get_mut().next.take());
                None
            }
            Entry::Vacant(place) => {
                let (owned, notices) = Owned::new(task.as_deref());
                let sender = place.insert(owned).sender.clone();
                Some((sender, notices, task.map_or(Purpose::WindUp, Purpose::Run)))
            }
        }
    }

    /// Lets an owner do its work.
    fn let_own(&self, owner: Owner, purpose: Purpose) {
        // Under the lock, so that it cannot have come to its end, and the run to another owner, before its task is noted.
        let mut owners = self.owners();
        if let Some(owned) = owners.get_mut(owner.arn()) {
            owned.task = Some(tokio::spawn(owner.own(purpose)));
        }
    }

    /// Ends every owner where it stands, as the end of the process would, and waits until none is left.
    pub(crate) async fn end_owners(&self) {
        let owners: Vec<Owned> = self.owners().drain().map(|(_, owned)| owned).collect();
        for task in owners.iter().filter_map(|owned| owned.task.as_ref()) {
            task.abort();
        }
        for task in owners.into_iter().filter_map(|owned| owned.task) {
            // A task that was aborted ends with an error.
            let _ = task.await;
        }
    }

    /// Gives a run up; where a redrive of it is next, the caller owns that.
    fn release(&self, arn: &MapRunArn) -> Option<(mpsc::Sender<Notice>, Notices, Purpose)> {
        let mut owners = self.owners();
        let before = owners.remove(arn)?;
        let task = before.next?;
        let (owned, notices) = Owned::new(Some(&*task));
        let sender = owned.sender.clone();
        owners.insert(arn.clone(), Owned { task: before.task, ..owned });
        Some((sender, notices, Purpose::Run(task)))
    }

    fn owners(&self) -> std::sync::MutexGuard<'_, HashMap<MapRunArn, Owned>> {
        self.owners.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Owned {
    fn new(task: Option<&Task>) -> (Owned, Notices) {
        let (sender, notices) = mpsc::channel(NOTICES);
        (Owned { sender, run: task.map(|task| task.run.run), next: None, task: None }, notices)
    }
}

/// The execution of a Map Run that has begun.
pub(crate) fn read_opening(
    store: &dyn store::Store,
    run: &MapRunArn,
) -> Result<Option<ExecutionArn>, crate::error::EngineError> {
    let opening: Option<records::Opening> = records::read(store, run, crate::keys::RunPart::Opening)?;
    Ok(opening.map(|opening| opening.execution_arn))
}

impl Shared {
    /// Sees to it that a run that an execution waits for is under way.
    pub(crate) fn go_on_with_map_run(&self, execution: &ExecutionArn, live: &Live, run: OutstandingMapRun) {
        let arn = run.plan.arn.clone();
        if self.map_runs.is_owned(&arn, run.run) {
            return;
        }
        let task = Box::new(Task {
            execution: execution.clone(),
            snapshot: live.execution.clone(),
            machine: live.machine.clone(),
            test_case: live.mocking.as_ref().map(|mocking| mocking.test_case.clone()),
            is_nested: live.child.is_some(),
            run,
        });
        let Some((sender, notices, purpose)) = self.map_runs.claim(&arn, Some(task)) else { return };
        self.map_runs.let_own(Owner::new(self.clone(), arn, sender, notices), purpose);
    }

    /// Sees to it that the children of a run that has ended end too.
    pub(crate) fn wind_up_map_run(&self, arn: MapRunArn) {
        let Some((sender, notices, purpose)) = self.map_runs.claim(&arn, None) else { return };
        self.map_runs.let_own(Owner::new(self.clone(), arn, sender, notices), purpose);
    }
}
