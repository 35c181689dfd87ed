//! What is stored of a Map Run and of its children.
//!
//! Each record has one writer. The shard of the execution writes the opening and the closing, with the events that say
//! the same; the shard of a Standard child writes that child's record, with the child's own facts; UpdateMapRun writes the
//! settings; and the run itself writes the counts, and the records of Express children.

use crate::error::EngineError;
use crate::keys::{self, Part, RunPart};
use crate::records;
use machine::{MapRunPlan, OutstandingMapRun, ScopeId};
use model::history::StoredPayload;
use model::{EventId, ExecutionArn, ExecutionStatus, Failure, MapRunArn, MapRunStatus, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Batch, Direction, Store, Table};

/// What a Map Run began with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Opening {
    pub(crate) execution_arn: ExecutionArn,
    pub(crate) scope: ScopeId,
    pub(crate) run: EventId,
    pub(crate) started_at: Timestamp,
}

/// What UpdateMapRun may change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MapRunSettings {
    /// Children that may run at once; 0: as many as the service runs.
    pub max_concurrency: u64,
    /// Items that may fail.
    pub tolerated_failure_count: Option<u64>,
    /// Items that may fail, in per cent of all.
    pub tolerated_failure_percentage: Option<f64>,
}

/// How a Map Run ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Closing {
    pub(crate) status: MapRunStatus,
    pub(crate) stopped_at: Timestamp,
}

/// How many items or children stand how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Not begun.
    pub pending: u64,
    /// Under way.
    pub running: u64,
    /// Ended well.
    pub succeeded: u64,
    /// Ended with an error.
    pub failed: u64,
    /// Ran out of time.
    pub timed_out: u64,
    /// Were stopped.
    pub aborted: u64,
}

/// How many of those that did not succeed stand how towards a redrive of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedriveTally {
    /// Wait to be run again; they count as not begun.
    pub pending: u64,
    /// Cannot be redriven; they count as they ended.
    pub not_redrivable: u64,
}

/// What DescribeMapRun counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MapRunCounts {
    /// Items.
    pub items: Tally,
    /// Child executions.
    pub executions: Tally,
    /// Items, in a run that was redriven.
    pub item_redrives: RedriveTally,
    /// Child executions, in a run that was redriven.
    pub execution_redrives: RedriveTally,
}

/// How often a Map Run was redriven.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RunRedrives {
    pub(crate) count: u64,
    pub(crate) latest: Option<Timestamp>,
}

/// A child of a Map Run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Child {
    pub(crate) arn: ExecutionArn,
    pub(crate) status: ExecutionStatus,
    /// How many items it got.
    pub(crate) items: u64,
    /// What is known of an Express child, which leaves no record of its own.
    pub(crate) express: Option<ExpressChild>,
    /// The attempt of the run in which it ran last: its first one is 0, and each redrive is another one.
    pub(crate) attempt: u64,
    /// How often it was redriven itself.
    pub(crate) redrives: u64,
}

/// An Express child that has ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ExpressChild {
    pub(crate) input: StoredPayload,
    pub(crate) output: Option<StoredPayload>,
    pub(crate) failure: Option<Failure>,
    pub(crate) started_at: Timestamp,
    pub(crate) stopped_at: Timestamp,
}

/// Whose child an execution is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChildOf {
    /// The Map Run.
    pub map_run: MapRunArn,
    /// Its place among the children, from 0.
    pub place: u64,
    /// How many items it got.
    pub items: u64,
    /// The attempt of the run in which it ran last: its first one is 0, and each redrive is another one.
    pub attempt: u64,
}

impl Child {
    pub(crate) fn seal(&self) -> Vec<u8> {
        records::seal_grown(self)
    }

    /// The child that a record of MapRunChildren holds.
    pub(crate) fn open(key: &[u8], bytes: &[u8]) -> Result<Child, EngineError> {
        records::open_grown(Table::MapRunChildren, key, bytes, 2)
    }

    /// Whether it ended in an earlier attempt of the run than this one, and not well.
    pub(crate) fn is_left_by(&self, attempt: u64) -> bool {
        self.attempt < attempt && ended_without_success(self.status)
    }
}

impl ChildOf {
    pub(crate) fn read(store: &dyn Store, arn: &ExecutionArn) -> Result<Option<ChildOf>, EngineError> {
        let key = keys::execution(arn, Part::MapRun);
        let bytes = store.get(Table::Executions, &key)?;
        bytes.map(|bytes| records::open_grown(Table::Executions, &key, &bytes, 1)).transpose()
    }

    pub(crate) fn put(&self, arn: &ExecutionArn, batch: &mut Batch) {
        batch.put(Table::Executions, keys::execution(arn, Part::MapRun), records::seal_grown(self));
    }
}

pub(crate) fn ended_without_success(status: ExecutionStatus) -> bool {
    matches!(status, ExecutionStatus::Failed | ExecutionStatus::TimedOut | ExecutionStatus::Aborted)
}

impl Tally {
    /// How many there are.
    pub fn total(&self) -> u64 {
        self.pending + self.running + self.succeeded + self.failed + self.timed_out + self.aborted
    }

    /// Where those that stand so are counted.
    fn of(&mut self, status: ExecutionStatus) -> &mut u64 {
        match status {
            ExecutionStatus::Running => &mut self.running,
            ExecutionStatus::Succeeded => &mut self.succeeded,
            ExecutionStatus::Failed => &mut self.failed,
            ExecutionStatus::TimedOut => &mut self.timed_out,
            ExecutionStatus::Aborted => &mut self.aborted,
            ExecutionStatus::PendingRedrive => &mut self.pending,
        }
    }
}

impl MapRunCounts {
    /// A child that was not counted yet stands so.
    pub(crate) fn add(&mut self, status: ExecutionStatus, items: u64) {
        *self.executions.of(status) += 1;
        *self.items.of(status) += items;
    }

    pub(crate) fn read(store: &dyn Store, arn: &MapRunArn) -> Result<MapRunCounts, EngineError> {
        let key = keys::map_run(arn, RunPart::Counts);
        let bytes = store.get(Table::MapRuns, &key)?;
        let counts = bytes.map(|bytes| records::open_grown(Table::MapRuns, &key, &bytes, 4));
        Ok(counts.transpose()?.unwrap_or_default())
    }

    pub(crate) fn put(&self, arn: &MapRunArn, batch: &mut Batch) {
        batch.put(Table::MapRuns, keys::map_run(arn, RunPart::Counts), records::seal_grown(self));
    }

    /// A child that ended in an earlier attempt and was not counted yet waits to be run again.
    pub(crate) fn wait(&mut self, items: u64) {
        self.add(ExecutionStatus::PendingRedrive, items);
        self.execution_redrives.pending += 1;
        self.item_redrives.pending += items;
    }

    /// A child that waited to be run again runs now.
    pub(crate) fn redrive(&mut self, items: u64) {
        self.leave(items);
        self.add(ExecutionStatus::Running, items);
    }

    /// A child that waited to be run again cannot be: it stays as it ended.
    pub(crate) fn pass_over(&mut self, status: ExecutionStatus, items: u64) {
        self.leave(items);
        self.refuse(status, items);
    }

    /// A child that was not counted yet stands so and cannot be run again.
    pub(crate) fn refuse(&mut self, status: ExecutionStatus, items: u64) {
        self.add(status, items);
        self.execution_redrives.not_redrivable += 1;
        self.item_redrives.not_redrivable += items;
    }

    /// A child that waited to be run again will not be in this attempt: it stays as it ended.
    pub(crate) fn put_off(&mut self, status: ExecutionStatus, items: u64) {
        self.leave(items);
        self.add(status, items);
    }

    fn leave(&mut self, items: u64) {
        for (tally, redrives, count) in [
            (&mut self.executions, &mut self.execution_redrives, 1),
            (&mut self.items, &mut self.item_redrives, items),
        ] {
            tally.pending = tally.pending.saturating_sub(count);
            redrives.pending = redrives.pending.saturating_sub(count);
        }
    }

    /// A child that waited runs now.
    pub(crate) fn start(&mut self, items: u64) {
        self.executions.pending = self.executions.pending.saturating_sub(1);
        self.items.pending = self.items.pending.saturating_sub(items);
        self.add(ExecutionStatus::Running, items);
    }

    /// A child that ran has ended so.
    pub(crate) fn end(&mut self, status: ExecutionStatus, items: u64) {
        self.executions.running = self.executions.running.saturating_sub(1);
        self.items.running = self.items.running.saturating_sub(items);
        self.add(status, items);
    }
}

impl MapRunSettings {
    fn of(plan: &MapRunPlan) -> MapRunSettings {
        MapRunSettings {
            max_concurrency: plan.max_concurrency,
            tolerated_failure_count: plan.tolerated_failure_count,
            tolerated_failure_percentage: plan.tolerated_failure_percentage,
        }
    }

    /// Whether so many failures among so many items are too many. `None`: how many items there are is not known yet.
    pub(crate) fn are_exceeded(&self, failures: u64, items: Option<u64>) -> bool {
        if failures == 0 {
            return false;
        }
        let (count, percentage) = (self.tolerated_failure_count, self.tolerated_failure_percentage);
        if count.is_none() && percentage.is_none() {
            return true;
        }
        let is_over_percentage = |percentage: f64| {
            items.is_some_and(|items| (failures as f64) * 100.0 > percentage * (items as f64))
        };
        count.is_some_and(|count| failures > count) || percentage.is_some_and(is_over_percentage)
    }
}

/// The records of a Map Run that begins.
pub(crate) fn begin(execution: &ExecutionArn, run: &OutstandingMapRun, now: Timestamp, batch: &mut Batch) {
    let arn = &run.plan.arn;
    let opening =
        Opening { execution_arn: execution.clone(), scope: run.scope, run: run.run, started_at: now };
    let settings = MapRunSettings::of(&run.plan);
    batch.put(Table::MapRuns, keys::map_run(arn, RunPart::Opening), records::seal(&opening));
    batch.put(Table::MapRuns, keys::map_run(arn, RunPart::Settings), records::seal(&settings));
    batch.put(Table::MapRunsByExecution, keys::map_run_of(execution, now, arn), Vec::new());
    batch.put(Table::OpenMapRuns, keys::open_map_run(arn), Vec::new());
}

/// The records of a Map Run that is redriven. The limits in force stay those.
// AWS: unconfirmed for limits that UpdateMapRun had changed.
pub(crate) fn redrive(run: &OutstandingMapRun, now: Timestamp, batch: &mut Batch) {
    let arn = &run.plan.arn;
    let redrives = RunRedrives { count: run.redrives, latest: Some(now) };
    batch.delete(Table::MapRuns, keys::map_run(arn, RunPart::Closing));
    batch.put(Table::MapRuns, keys::map_run(arn, RunPart::Redrives), records::seal(&redrives));
    batch.put(Table::OpenMapRuns, keys::open_map_run(arn), Vec::new());
}

/// Some children of a run, from a place on.
pub(crate) fn page_of(
    store: &dyn Store,
    arn: &MapRunArn,
    from: u64,
) -> Result<Vec<(u64, Child)>, EngineError> {
    let range = keys::map_run_children_from(arn, from);
    let page = store.scan(Table::MapRunChildren, range, Direction::Forward, 256)?;
    page.records
        .iter()
        .map(|(key, bytes)| Ok((keys::read_map_run_child(key).unwrap_or_default(), Child::open(key, bytes)?)))
        .collect()
}

/// The record of a Map Run that ends.
pub(crate) fn close(arn: &MapRunArn, status: MapRunStatus, now: Timestamp, batch: &mut Batch) {
    let closing = Closing { status, stopped_at: now };
    batch.put(Table::MapRuns, keys::map_run(arn, RunPart::Closing), records::seal(&closing));
}

/// One part of what is stored of a Map Run.
pub(crate) fn read<R: serde::de::DeserializeOwned>(
    store: &dyn Store,
    arn: &MapRunArn,
    part: RunPart,
) -> Result<Option<R>, EngineError> {
    let key = keys::map_run(arn, part);
    match store.get(Table::MapRuns, &key)? {
        Some(bytes) => records::open(Table::MapRuns, &key, &bytes).map(Some),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(count: Option<u64>, percentage: Option<f64>) -> MapRunSettings {
        MapRunSettings {
            max_concurrency: 0,
            tolerated_failure_count: count,
            tolerated_failure_percentage: percentage,
        }
    }

    #[test]
    fn without_thresholds_the_first_failure_is_one_too_many() {
        assert!(!settings(None, None).are_exceeded(0, Some(10)));
        assert!(settings(None, None).are_exceeded(1, None));
    }

    #[test]
    fn either_threshold_is_exceeded_above_it_alone() {
        assert!(!settings(Some(2), None).are_exceeded(2, None));
        assert!(settings(Some(2), None).are_exceeded(3, None));
        assert!(!settings(None, Some(50.0)).are_exceeded(5, Some(10)));
        assert!(settings(None, Some(50.0)).are_exceeded(6, Some(10)));
        assert!(!settings(None, Some(100.0)).are_exceeded(10, Some(10)));
        assert!(settings(Some(1), Some(50.0)).are_exceeded(2, Some(10)));
        assert!(settings(Some(0), None).are_exceeded(1, Some(10)));
    }

    #[test]
    fn a_percentage_waits_until_the_items_are_counted() {
        assert!(!settings(None, Some(10.0)).are_exceeded(5, None));
        assert!(settings(None, Some(10.0)).are_exceeded(5, Some(10)));
    }

    #[test]
    fn a_child_that_is_to_run_again_is_counted_once() {
        let mut counts = MapRunCounts::default();
        (0..4).for_each(|_| counts.wait(10));
        assert_eq!((counts.executions.pending, counts.item_redrives.pending), (4, 40));
        counts.redrive(10);
        counts.pass_over(ExecutionStatus::TimedOut, 10);
        counts.put_off(ExecutionStatus::Aborted, 10);
        counts.refuse(ExecutionStatus::Failed, 5);
        let Tally { pending, running, failed, timed_out, aborted, .. } = counts.items;
        assert_eq!([pending, running, failed, timed_out, aborted], [10, 10, 5, 10, 10]);
        assert_eq!(counts.execution_redrives, RedriveTally { pending: 1, not_redrivable: 2 });
        assert_eq!((counts.executions.total(), counts.items.total()), (5, 45));
    }

    #[test]
    fn a_child_is_counted_once_wherever_it_stands() {
        let mut counts = MapRunCounts::default();
        counts.items.pending = 30;
        counts.executions.pending = 3;
        for status in [ExecutionStatus::Succeeded, ExecutionStatus::TimedOut, ExecutionStatus::Aborted] {
            counts.start(10);
            assert_eq!((counts.executions.running, counts.items.running), (1, 10));
            counts.end(status, 10);
            assert_eq!((counts.executions.total(), counts.items.total()), (3, 30));
        }
        assert_eq!((counts.items.succeeded, counts.items.timed_out, counts.items.aborted), (10, 10, 10));
    }
}
