//! What the shards and everything around them share.

use crate::activities::Activities;
use crate::config::EngineConfig;
use crate::express_runs::ExpressRuns;
use crate::health::HealthState;
use crate::machines::StateMachines;
use crate::mailbox::Mailboxes;
use crate::map_runs::MapRuns;
use crate::occupancy::AllGauges;
use crate::outage::TakingUp;
use crate::quotas::OpenCount;
use crate::retention::Removals;
use crate::timers::Horizon;
use crate::transitions::TransitionBucket;
use crate::workflows::Closings;
use std::ops::Deref;
use std::sync::Arc;
use store::{GroupCommit, Store};
use tasks::TaskRunner;
use tokio::sync::Semaphore;

/// What the shards share. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Shared(Arc<SharedParts>);

impl Shared {
    pub(crate) fn new(parts: SharedParts) -> Shared {
        Shared(Arc::new(parts))
    }
}

impl Deref for Shared {
    type Target = SharedParts;

    fn deref(&self) -> &SharedParts {
        &self.0
    }
}

/// The parts of what the shards share.
pub(crate) struct SharedParts {
    pub(crate) config: EngineConfig,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) commits: Arc<GroupCommit>,
    pub(crate) machines: StateMachines,
    pub(crate) activities: Activities,
    pub(crate) tasks: Arc<dyn TaskRunner>,
    pub(crate) mailboxes: Mailboxes,
    pub(crate) horizon: Horizon,
    pub(crate) closings: Closings,
    /// How many executions have not ended.
    pub(crate) open: OpenCount,
    pub(crate) removals: Removals,
    /// Room for Express executions.
    pub(crate) express: Arc<Semaphore>,
    pub(crate) map_runs: MapRuns,
    pub(crate) express_runs: ExpressRuns,
    /// Tokens for state transitions, where they are counted.
    pub(crate) transitions: Option<Arc<TransitionBucket>>,
    pub(crate) health: HealthState,
    pub(crate) taking_up: TakingUp,
    pub(crate) gauges: AllGauges,
}
