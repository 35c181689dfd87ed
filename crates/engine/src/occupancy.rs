//! How much of everything is in memory: what keeps it bounded, and what it shows to those who watch that.

use crate::facade::Engine;
use crate::shard::Shard;
use model::ExecutionArn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What one shard holds, as its last round left it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Occupancy {
    /// Executions in memory.
    pub executions: usize,
    /// Those among them that rounds on their way to the disk have touched.
    pub under_way: usize,
    /// Timers in memory.
    pub timers: usize,
    /// Calls of tasks that are under way.
    pub calls: usize,
    /// Answers that are kept until the store can be written to.
    pub kept_answers: usize,
    /// Messages that wait for rounds on their way to the disk.
    pub held: usize,
    /// Messages that wait in its mailbox now.
    pub waiting: usize,
}

/// The numbers of one shard, which it writes and anybody reads.
#[derive(Default)]
pub(crate) struct Gauges {
    executions: AtomicUsize,
    under_way: AtomicUsize,
    held: AtomicUsize,
    timers: AtomicUsize,
    calls: AtomicUsize,
    kept_answers: AtomicUsize,
}

/// Those of all shards.
pub(crate) type AllGauges = Arc<Vec<Arc<Gauges>>>;

impl Engine {
    /// What each shard holds.
    pub fn occupancy(&self) -> Vec<Occupancy> {
        let shared = self.shared();
        let mailboxes = shared.mailboxes.all().iter();
        mailboxes
            .zip(shared.gauges.iter())
            .map(|(mailbox, gauges)| Occupancy {
                executions: gauges.executions.load(Ordering::Relaxed),
                under_way: gauges.under_way.load(Ordering::Relaxed),
                held: gauges.held.load(Ordering::Relaxed),
                timers: gauges.timers.load(Ordering::Relaxed),
                calls: gauges.calls.load(Ordering::Relaxed),
                kept_answers: gauges.kept_answers.load(Ordering::Relaxed),
                waiting: mailbox.max_capacity() - mailbox.capacity(),
            })
            .collect()
    }

    /// Batches that wait for the next commit.
    pub fn queued_commits(&self) -> usize {
        self.shared().commits.queued()
    }
}

impl Shard {
    /// Drops executions from memory that only wait, those used least lately first, where there are more than allowed.
    pub(crate) fn drop_idle(&mut self) {
        let allowed = self.shared.config.idle_executions;
        // While calls are held back, what waits for one must be found by `note_held_calls`.
        if self.live.len() <= allowed + self.pipeline.touched() || self.is_draining {
            return;
        }
        let mut idle: Vec<(u64, ExecutionArn)> = self
            .live
            .iter()
            .filter(|(_, live)| live.called.is_empty() && !live.is_under_way)
            .map(|(arn, live)| (live.used, arn.clone()))
            .collect();
        idle.sort_unstable();
        // Some room is made at once, so that the next batch need not look again.
        let surplus = idle.len().saturating_sub(allowed / 2);
        for (_, arn) in idle.into_iter().take(surplus) {
            self.live.remove(&arn);
        }
    }

    /// Writes down what it holds.
    pub(crate) fn note_occupancy(&self) {
        self.gauges.executions.store(self.live.len(), Ordering::Relaxed);
        self.gauges.under_way.store(self.pipeline.touched(), Ordering::Relaxed);
        self.gauges.held.store(self.pipeline.held(), Ordering::Relaxed);
        self.gauges.timers.store(self.timers.len(), Ordering::Relaxed);
        self.gauges.calls.store(self.calls, Ordering::Relaxed);
        self.gauges.kept_answers.store(self.outage.kept(), Ordering::Relaxed);
    }
}
