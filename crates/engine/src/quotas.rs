//! AWS's quotas on what an account holds at once, and the counts that are held against them.

use crate::error::EngineError;
use crate::{keys, records};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use store::{Batch, Direction, KeyRange, Store, Table, Walk};

/// Regions in which AWS allows more.
// AWS: documented.
pub const LARGE_REGIONS: [&str; 3] = ["us-east-1", "us-west-2", "eu-west-1"];

/// How much of each an engine holds; what goes beyond is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quotas {
    /// Registered state machines.
    pub state_machines: u64,
    /// Registered activities.
    pub activities: u64,
    /// Executions that have not ended, Express ones aside.
    pub open_executions: u64,
    /// Workers that poll for the tasks of one activity.
    pub activity_workers: u64,
}

impl Default for Quotas {
    /// AWS's. AWS: documented.
    fn default() -> Quotas {
        Quotas {
            state_machines: 100_000,
            activities: 100_000,
            open_executions: 1_000_000,
            activity_workers: 1_000,
        }
    }
}

/// What there is too much of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quota {
    /// Registered state machines.
    StateMachines,
    /// Registered activities.
    Activities,
    /// Executions that have not ended.
    OpenExecutions,
    /// Workers that poll for the tasks of one activity.
    ActivityWorkers,
}

impl fmt::Display for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Quota::StateMachines => "registered state machines",
            Quota::Activities => "registered activities",
            Quota::OpenExecutions => "open executions",
            Quota::ActivityWorkers => "workers that poll for an activity",
        })
    }
}

/// How many executions have not ended. It follows from the store and is counted anew by each process.
#[derive(Clone, Debug, Default)]
pub(crate) struct OpenCount(Arc<AtomicU64>);

impl OpenCount {
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    pub(crate) fn subtract_one(&self) {
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| count.checked_sub(1));
    }
}

/// How many records a registry's table has. The count stands in a record of its own; where a store has none yet, the
/// records are counted.
pub(crate) fn count(store: &dyn Store, table: Table) -> Result<u64, EngineError> {
    let key = keys::count(table);
    if let Some(bytes) = store.get(Table::Meta, &key)? {
        return records::open(Table::Meta, &key, &bytes);
    }
    let mut count = 0;
    for record in Walk::new(store, table, KeyRange::all(), Direction::Forward) {
        record?;
        count += 1;
    }
    Ok(count)
}

/// Puts the count that a registry's table has once the batch is committed into that batch.
pub(crate) fn put_count(batch: &mut Batch, table: Table, count: u64) {
    batch.put(Table::Meta, keys::count(table), records::seal(&count));
}
