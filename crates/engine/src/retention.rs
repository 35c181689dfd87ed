//! Executions that ended long ago are removed: first what names them, at once, then their facts, a few at a time.
//!
//! The shard that owns an execution takes it out of every table that names it in one batch, which notes that its facts
//! are still to go: history, listing and name are gone together. The facts follow in small batches, with a pause as long
//! as each took. A process that dies in between leaves the note, and the next one goes on. Until the last fact is gone no
//! execution of that name starts, for its facts would stand among them.

use crate::error::EngineError;
use crate::facade::started_through;
use crate::keys::{self, Part, RunPart};
use crate::mailbox::Message;
use crate::map_runs::Child;
use crate::records::Closing;
use crate::round::Round;
use crate::shard::Shard;
use crate::shared::Shared;
use model::{ExecutionArn, MapRunArn, Timestamp};
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use store::{Batch, Direction, KeyRange, Store, Table, Walk};
use tokio::sync::oneshot;

/// Executions that are being removed at once.
const AT_ONCE: usize = 256;
/// Records of one batch.
const BATCH: usize = 500;
/// The record that says that every execution which ended is in the table.
const INDEXED: &[u8] = b"closed-executions-indexed";

/// The executions whose facts alone are left. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Removals {
    arns: Arc<Mutex<HashSet<ExecutionArn>>>,
}

/// Executions that ended at these moments, on their way to the shard that owns them.
pub(crate) struct RemoveMessage {
    ended: Vec<Ended>,
    pub(crate) reply: oneshot::Sender<Result<Vec<ExecutionArn>, EngineError>>,
}

/// An execution that ended, as the table names it.
#[derive(Clone, Debug, PartialEq)]
struct Ended {
    at: Timestamp,
    arn: ExecutionArn,
}

impl Removals {
    /// Those that an earlier process left.
    pub(crate) fn read(store: &dyn Store) -> Result<Removals, EngineError> {
        let removals = Removals::default();
        let left = keys::removed_executions();
        for record in Walk::new(store, Table::ClosedExecutions, left, Direction::Forward) {
            if let Some((_, arn)) = keys::read_closed_execution(&record?.0) {
                removals.lock().insert(arn);
            }
        }
        Ok(removals)
    }

    /// Believes in those alone that the store shows.
    pub(crate) fn recollect(&self, store: &dyn Store) -> Result<(), EngineError> {
        let found = Removals::read(store)?;
        *self.lock() = std::mem::take(&mut *found.lock());
        Ok(())
    }

    /// Whether facts of an execution of that ARN are still there although it is removed.
    pub(crate) fn has(&self, arn: &ExecutionArn) -> bool {
        let arns = self.lock();
        !arns.is_empty() && arns.contains(arn)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashSet<ExecutionArn>> {
        self.arns.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Removes what ended longer ago than it is kept, for as long as the engine runs.
pub(crate) async fn keep_removing(shared: Shared) {
    let Some(kept) = shared.config.retention else { return };
    let kept = i64::try_from(kept.as_millis()).unwrap_or(i64::MAX);
    let mut is_indexed = false;
    loop {
        let outcome = async {
            if !is_indexed {
                index(&shared).await?;
                is_indexed = true;
            }
            sweep(&shared, Timestamp(shared.config.clock.now().0.saturating_sub(kept))).await
        };
        match outcome.await {
            Ok(0) => {}
            Ok(executions) => tracing::info!(executions, "removed executions that ended long ago"),
            Err(EngineError::Stopped) => return,
            // It is known, and has its line in the log.
            Err(error) if error.is_outage() => {}
            Err(error) => {
                tracing::error!(%error, "executions that ended long ago could not be removed; trying again later");
            }
        }
        tokio::time::sleep(shared.config.retention_interval).await;
    }
}

/// Removes what ended before the moment, and what is left of earlier removals; gives how many executions.
async fn sweep(shared: &Shared, before: Timestamp) -> Result<u64, EngineError> {
    let mut count = 0;
    loop {
        let range = keys::closed_executions_before(before);
        let page = shared.store.scan(Table::ClosedExecutions, range, Direction::Forward, AT_ONCE)?;
        if page.records.is_empty() {
            return Ok(count);
        }
        let mut left = Vec::new();
        let mut whole: Vec<Vec<Ended>> = vec![Vec::new(); shared.mailboxes.all().len()];
        for (key, _) in page.records {
            let Some((at, arn)) = keys::read_closed_execution(&key) else {
                // Left in place it would be met again and again.
                shared.commits.enqueue(deleted(key)).await?.await?;
                continue;
            };
            match at {
                None => left.push(arn),
                Some(at) => whole
                    .get_mut(shared.mailboxes.shard_of(&arn))
                    .into_iter()
                    .for_each(|of_shard| of_shard.push(Ended { at, arn: arn.clone() })),
            }
        }
        for (mailbox, ended) in
            shared.mailboxes.all().iter().zip(whole).filter(|(_, ended)| !ended.is_empty())
        {
            let (reply, answer) = oneshot::channel();
            let message = Message::Remove(RemoveMessage { ended, reply });
            mailbox.send(message).await.map_err(|_| EngineError::Stopped)?;
            left.extend(answer.await.map_err(|_| EngineError::Stopped)??);
        }
        count += left.len() as u64;
        remove_rest(shared, left).await?;
    }
}

fn deleted(key: Vec<u8>) -> Batch {
    let mut batch = Batch::new();
    batch.delete(Table::ClosedExecutions, key);
    batch
}

/// Removes the facts of executions, and the Map Runs that belong to them.
async fn remove_rest(shared: &Shared, left: Vec<ExecutionArn>) -> Result<(), EngineError> {
    let mut batch = Batch::new();
    let mut gone = Vec::new();
    for arn in left {
        let runs = keys::map_runs_of(&arn);
        for record in Walk::new(&*shared.store, Table::MapRunsByExecution, runs, Direction::Forward) {
            let (key, _) = record?;
            if let Some(run) = keys::read_map_run_of(&key) {
                remove_map_run(shared, &run, &mut batch).await?;
            }
            batch.delete(Table::MapRunsByExecution, key);
        }
        let facts = keys::facts_and_payloads(&arn);
        for record in Walk::new(&*shared.store, Table::Facts, facts, Direction::Forward) {
            batch.delete(Table::Facts, record?.0);
            if batch.len() >= BATCH {
                commit(shared, std::mem::take(&mut batch), &mut gone).await?;
            }
        }
        batch.delete(Table::ClosedExecutions, keys::removed_execution(&arn));
        gone.push(arn);
        if batch.len() >= BATCH {
            commit(shared, std::mem::take(&mut batch), &mut gone).await?;
        }
    }
    commit(shared, batch, &mut gone).await
}

/// Removes what is stored of a Map Run. Its children are put among those to be removed, for their shards own them.
async fn remove_map_run(shared: &Shared, run: &MapRunArn, batch: &mut Batch) -> Result<(), EngineError> {
    let children = keys::map_run_children(run);
    for record in Walk::new(&*shared.store, Table::MapRunChildren, children, Direction::Forward) {
        let (key, bytes) = record?;
        let child = Child::open(&key, &bytes)?;
        if let Some(closing) = Closing::read(&*shared.store, &child.arn)? {
            let key = keys::closed_execution(closing.stopped_at, &child.arn);
            batch.put(Table::ClosedExecutions, key, Vec::new());
        }
        batch.delete(Table::MapRunChildren, key);
        if batch.len() >= BATCH {
            commit(shared, std::mem::take(batch), &mut Vec::new()).await?;
        }
    }
    for part in RunPart::ALL {
        batch.delete(Table::MapRuns, keys::map_run(run, part));
    }
    batch.delete(Table::OpenMapRuns, keys::open_map_run(run));
    Ok(())
}

/// Makes a batch durable, after which nothing is left of the executions in `gone`; and leaves the disk to others for as
/// long as that took.
async fn commit(shared: &Shared, batch: Batch, gone: &mut Vec<ExecutionArn>) -> Result<(), EngineError> {
    if batch.is_empty() {
        return Ok(());
    }
    let began = Instant::now();
    shared.commits.enqueue(batch).await?.await?;
    for arn in gone.drain(..) {
        shared.removals.lock().remove(&arn);
    }
    tokio::time::sleep(began.elapsed().min(Duration::from_secs(1))).await;
    Ok(())
}

/// Puts every execution that ended into the table, which a data directory of an earlier version has not got.
async fn index(shared: &Shared) -> Result<(), EngineError> {
    if shared.store.get(Table::Meta, INDEXED)?.is_some() {
        return Ok(());
    }
    let mut batch = Batch::new();
    for record in Walk::new(&*shared.store, Table::Executions, KeyRange::all(), Direction::Forward) {
        let (key, bytes) = record?;
        let Some((arn, Part::Closing)) = keys::read_execution(&key) else { continue };
        if shared.store.get(Table::Executions, &keys::execution(&arn, Part::MapRun))?.is_some() {
            continue;
        }
        let closing = Closing::open(&key, &bytes)?;
        batch.put(Table::ClosedExecutions, keys::closed_execution(closing.stopped_at, &arn), Vec::new());
        if batch.len() >= BATCH {
            commit(shared, std::mem::take(&mut batch), &mut Vec::new()).await?;
        }
    }
    batch.put(Table::Meta, INDEXED, Vec::new());
    commit(shared, batch, &mut Vec::new()).await
}

impl Shard {
    /// Takes executions out of every table that names them. One that goes on since then stays; it is in the table again
    /// when it ends.
    pub(crate) fn remove(&mut self, message: RemoveMessage, round: &mut Round) -> Result<(), EngineError> {
        let RemoveMessage { ended, reply } = message;
        let removed = self.removed(ended, round);
        if let Err(error) = &removed
            && error.is_outage()
        {
            return Err(error.clone());
        }
        round.answer(move |outcome| {
            let _ = reply.send(outcome.and(removed));
        });
        Ok(())
    }

    /// An error leaves the batch with whole removals.
    fn removed(&mut self, ended: Vec<Ended>, round: &mut Round) -> Result<Vec<ExecutionArn>, EngineError> {
        let mut removed = Vec::new();
        for Ended { at, arn } in ended {
            let key = keys::closed_execution(at, &arn);
            // One that was redriven in this very round is closed in the store alone.
            let goes_on = self.live.get(&arn).is_some_and(|live| !live.execution.is_closed());
            let has_ended = !goes_on
                && self
                    .closing(&arn)?
                    .is_some_and(|closing| keys::closed_execution(closing.stopped_at, &arn) == key);
            let Some(opening) = self.opening(&arn)?.filter(|_| has_ended) else {
                round.batch.delete(Table::ClosedExecutions, key);
                continue;
            };
            let through = started_through(&*self.shared.store, &arn, opening.through)?;
            let machine = match self.shared.child_of(&arn, &opening.state_machine_arn)? {
                Some(child) => keys::listed_under(&child.map_run),
                None => opening.state_machine_arn,
            };
            for part in Part::ALL {
                round.batch.delete(Table::Executions, keys::execution(&arn, part));
            }
            for listed in keys::listings_of(&machine, opening.started_at, &arn, &through) {
                round.batch.delete(Table::ExecutionsByMachine, listed);
            }
            round.batch.delete(Table::ClosedExecutions, key);
            round.batch.put(Table::ClosedExecutions, keys::removed_execution(&arn), Vec::new());
            self.live.remove(&arn);
            self.shared.removals.lock().insert(arn.clone());
            removed.push(arn);
        }
        Ok(removed)
    }
}
