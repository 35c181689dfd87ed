//! What an engine is told at its start.

use crate::clock::{Clock, Randomness, SteadyClock, SystemClock, SystemRandomness};
use crate::quotas::Quotas;
use crate::transitions::TransitionQuota;
use logs::{ExecutionLog, NoLog};
use model::{Partition, limits};
use std::sync::Arc;
use std::time::Duration;

/// Settings of an engine.
#[derive(Clone)]
pub struct EngineConfig {
    /// Partition, region and account of every ARN.
    pub partition: Partition,
    /// How many shards share the executions.
    pub shards: usize,
    /// Stimuli that may wait before a shard; senders wait beyond that.
    pub mailbox_capacity: usize,
    /// Stimuli that go into one commit of a shard at the most.
    pub batch_size: usize,
    /// Executions that a shard keeps in memory although they only wait.
    pub idle_executions: usize,
    /// Express executions that run at once; more are refused.
    pub express_executions: usize,
    /// How much it holds of what AWS has quotas for.
    pub quotas: Quotas,
    /// How many state transitions of Standard executions there may be; as many as there are where it is absent.
    pub transitions: Option<TransitionQuota>,
    /// Express executions that can be looked at after they ended; none where it is 0, and then not while they run either.
    pub kept_express_executions: usize,
    /// Bytes that those which can be looked at take at the most.
    pub kept_express_bytes: usize,
    /// How long an execution is kept after it ended; for ever where it is absent.
    pub retention: Option<Duration>,
    /// How often is looked for executions that were kept long enough.
    pub retention_interval: Duration,
    /// How far ahead timers are held in memory; later ones stay in the store alone.
    pub timer_horizon: Duration,
    /// By how much the waits of Wait states are longer than their definitions say; 1 in earnest.
    pub wait_scale: f64,
    /// Whether every execution is compared with the one rebuilt from its stored facts after each commit.
    pub verify: bool,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Where random bits come from.
    pub randomness: Arc<dyn Randomness>,
    /// Where the log records of executions go.
    pub log: Arc<dyn ExecutionLog>,
}

impl EngineConfig {
    /// The settings of a small server.
    pub fn new(partition: Partition) -> EngineConfig {
        EngineConfig {
            partition,
            shards: 4,
            mailbox_capacity: 4096,
            batch_size: 512,
            idle_executions: 1024,
            express_executions: 1000,
            quotas: Quotas::default(),
            transitions: None,
            kept_express_executions: 1000,
            kept_express_bytes: 64 * 1024 * 1024,
            retention: Some(Duration::from_secs(limits::RETENTION_DAYS * 24 * 60 * 60)),
            retention_interval: Duration::from_secs(60),
            timer_horizon: Duration::from_secs(120),
            wait_scale: 1.0,
            verify: cfg!(debug_assertions),
            clock: Arc::new(SteadyClock::over(SystemClock)),
            randomness: Arc::new(SystemRandomness),
            log: Arc::new(NoLog),
        }
    }
}
