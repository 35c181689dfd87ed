//! Map Runs as the users of the engine see them.

use super::Notice;
use super::records::{
    self, Closing, MapRunCounts, MapRunSettings, Opening, RunRedrives, ended_without_success,
};
use crate::error::EngineError;
use crate::facade::Engine;
use crate::keys::{self, RunPart};
use crate::page::Page;
use crate::records::ExecutionRecord;
use crate::shared::Shared;
use model::{ExecutionArn, ExecutionStatus, MapRunArn, MapRunStatus, Timestamp};
use store::{Batch, Direction, Table};

/// A Map Run as DescribeMapRun shows it.
#[derive(Clone, Debug)]
pub struct MapRunRecord {
    /// Its ARN.
    pub arn: MapRunArn,
    /// The execution that started it.
    pub execution_arn: ExecutionArn,
    /// How it stands.
    pub status: MapRunStatus,
    /// When it started.
    pub started_at: Timestamp,
    /// When it ended.
    pub stopped_at: Option<Timestamp>,
    /// The limits in force.
    pub settings: MapRunSettings,
    /// How its items and children stand.
    pub counts: MapRunCounts,
    /// How often it was redriven.
    pub redrive_count: u64,
    /// When it was last redriven.
    pub redriven_at: Option<Timestamp>,
}

impl Shared {
    /// A Map Run as it stands.
    pub(crate) fn map_run(&self, arn: &MapRunArn) -> Result<Option<MapRunRecord>, EngineError> {
        let store = &*self.store;
        // In this order: counts that are read behind the closing are the last ones of all that it speaks of.
        let Some(opening) = records::read::<Opening>(store, arn, RunPart::Opening)? else { return Ok(None) };
        let closing: Option<Closing> = records::read(store, arn, RunPart::Closing)?;
        let settings: MapRunSettings = records::read(store, arn, RunPart::Settings)?.unwrap_or_default();
        let counts = MapRunCounts::read(store, arn)?;
        let redrives = RunRedrives::read(store, arn)?;
        Ok(Some(MapRunRecord {
            arn: arn.clone(),
            execution_arn: opening.execution_arn,
            status: closing.as_ref().map_or(MapRunStatus::Running, |closing| closing.status),
            started_at: opening.started_at,
            stopped_at: closing.map(|closing| closing.stopped_at),
            settings,
            counts,
            redrive_count: redrives.count,
            redriven_at: redrives.latest,
        }))
    }
}

impl Engine {
    /// A Map Run as it stands.
    pub fn map_run(&self, arn: &MapRunArn) -> Result<Option<MapRunRecord>, EngineError> {
        self.shared().map_run(arn)
    }

    /// The Map Runs of an execution, newest first.
    pub fn map_runs(
        &self,
        execution: &ExecutionArn,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Page<MapRunRecord>, EngineError> {
        let mut range = keys::map_runs_of(execution);
        if let Some(key) = after {
            range = range.resume_after(key, Direction::Forward);
        }
        let page = self.shared().store.scan(Table::MapRunsByExecution, range, Direction::Forward, limit)?;
        let mut items = Vec::new();
        for (key, _) in &page.records {
            if let Some(arn) = keys::read_map_run_of(key)
                && let Some(record) = self.map_run(&arn)?
            {
                items.push(record);
            }
        }
        let last = page.records.last().map(|(key, _)| key.clone());
        Ok(Page { items, next: last.filter(|_| page.has_more) })
    }

    /// The Standard children of a Map Run, newest first: those that stand so, and that were redriven or were not. A page may
    /// be short although more follow.
    pub fn children(
        &self,
        run: &MapRunArn,
        status: Option<ExecutionStatus>,
        is_redriven: Option<bool>,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Page<ExecutionRecord>, EngineError> {
        let candidate = |listed: ExecutionStatus| match status {
            // What waits to run again is listed as it ended.
            Some(ExecutionStatus::PendingRedrive) => ended_without_success(listed),
            Some(status) => listed == status,
            None => true,
        };
        let admitted = |record: &ExecutionRecord| {
            status.is_none_or(|status| record.status == status)
                && is_redriven.is_none_or(|is_redriven| is_redriven == (record.redrive_count > 0))
        };
        let is_filtered = status.is_some() || is_redriven.is_some();
        self.listing(&keys::listed_under(run), is_filtered, candidate, admitted, after, limit)
    }

    /// Changes the limits of a Map Run: `Some(false)` if it has ended, `None` if there is none of that ARN. What is `None`
    /// stays as it is.
    pub async fn update_map_run(
        &self,
        arn: &MapRunArn,
        max_concurrency: Option<u64>,
        tolerated_failure_count: Option<u64>,
        tolerated_failure_percentage: Option<f64>,
    ) -> Result<Option<bool>, EngineError> {
        let shared = self.shared();
        let _one_at_a_time = shared.map_runs.changes.lock().await;
        let Some(record) = self.map_run(arn)? else { return Ok(None) };
        if record.status != MapRunStatus::Running {
            return Ok(Some(false));
        }
        let current = record.settings;
        let settings = MapRunSettings {
            max_concurrency: max_concurrency.unwrap_or(current.max_concurrency),
            tolerated_failure_count: tolerated_failure_count.or(current.tolerated_failure_count),
            tolerated_failure_percentage: tolerated_failure_percentage
                .or(current.tolerated_failure_percentage),
        };
        let mut batch = Batch::new();
        let key = keys::map_run(arn, RunPart::Settings);
        batch.put(Table::MapRuns, key, crate::records::seal(&settings));
        shared.commits.enqueue(batch).await?.await?;
        shared.map_runs.tell(arn, Notice::Settings(settings));
        Ok(Some(true))
    }
}
