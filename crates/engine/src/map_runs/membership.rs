//! What a shard writes of Map Runs, and of executions that are their children.

use super::records::{self, Child, ChildOf};
use super::{MapRuns, Notice};
use crate::error::EngineError;
use crate::keys;
use crate::live::Live;
use crate::records::{Listed, seal};
use crate::round::Round;
use crate::shard::Shard;
use crate::shared::Shared;
use machine::{About, Execution, Fact, OutstandingMapRun};
use model::{
    EventDetails, ExecutionArn, ExecutionStatus, MapRunStatus, StartedThrough, StateMachineArn, Timestamp,
};
use store::{Batch, Table};

/// Opens the Map Runs that the latest facts of an execution began, and closes those that they ended: `ran` are those that
/// it waited for before.
pub(crate) fn keep_up(
    execution: &Execution,
    ran: &[OutstandingMapRun],
    facts: &[Fact],
    now: Timestamp,
    round: &mut Round,
) {
    let Some(about) = &execution.about else { return };
    let runs = execution.map_runs();
    for begun in runs.iter().filter(|run| !ran.contains(run)) {
        match begun.redrives {
            0 => records::begin(&about.arn, begun, now, &mut round.batch),
            _ => records::redrive(begun, now, &mut round.batch),
        }
    }
    for over in ran.iter().filter(|run| !runs.contains(run)) {
        let end = facts.iter().filter(|fact| fact.scope == over.scope).find_map(end_of);
        if end.is_none() {
            round.given_up.push(over.plan.arn.clone());
        }
        records::close(&over.plan.arn, end.unwrap_or(MapRunStatus::Aborted), now, &mut round.batch);
    }
}

/// How a Map Run ended, where the fact says that it did by itself.
fn end_of(fact: &Fact) -> Option<MapRunStatus> {
    match &fact.event()?.details {
        EventDetails::MapRunSucceeded => Some(MapRunStatus::Succeeded),
        EventDetails::MapRunFailed(_) => Some(MapRunStatus::Failed),
        _ => None,
    }
}

impl Shard {
    /// Lists an execution in memory under its Map Run, or under its machine, and under the version and the alias through
    /// which it was started.
    pub(crate) fn list(
        &self,
        about: &About,
        through: &StartedThrough,
        status: ExecutionStatus,
        batch: &mut Batch,
    ) {
        let listed = seal(&Listed { status });
        let child = self.live.get(&about.arn).and_then(|live| live.child.as_ref());
        let Some(ChildOf { map_run, place, items, attempt }) = child else {
            for key in keys::listings(about, through) {
                batch.put(Table::ExecutionsByMachine, key, listed.clone());
            }
            return;
        };
        let key = keys::by_machine(&keys::listed_under(map_run), about.started_at, &about.arn);
        batch.put(Table::ExecutionsByMachine, key, listed);
        let redrives = self.live.get(&about.arn).map_or(0, |live| live.execution.redrive_count);
        let (arn, items, attempt) = (about.arn.clone(), *items, *attempt);
        let child = Child { arn, status, items, express: None, attempt, redrives };
        batch.put(Table::MapRunChildren, keys::map_run_child(map_run, *place), child.seal());
    }
}

impl MapRuns {
    /// Tells the owner of the run that an execution is a child of that it has ended, which is durable.
    pub(crate) fn announce_end(&self, live: &Live) {
        if let Some(ChildOf { map_run, place, items, .. }) = &live.child {
            let status = live.execution.status;
            self.tell(map_run, Notice::Ended { place: *place, items: *items, status });
        }
    }
}

impl Shared {
    /// The Map Run that the execution is a child of. Only the machine of such children has a label.
    pub(crate) fn child_of(
        &self,
        arn: &ExecutionArn,
        machine: &StateMachineArn,
    ) -> Result<Option<ChildOf>, EngineError> {
        if machine.labelled().1.is_none() {
            return Ok(None);
        }
        ChildOf::read(&*self.store, arn)
    }
}
