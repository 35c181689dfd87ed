//! Timers: all of them are in the store, those that are due soon in memory too.

use crate::error::EngineError;
use crate::keys;
use crate::mailbox::Message;
use crate::shared::Shared;
use model::{ExecutionArn, Timestamp};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use store::{Direction, Table, Walk};

/// Timers sent to a shard in one message.
const MESSAGE_TIMERS: usize = 1024;

/// The moment up to which the shards hold their timers in memory.
#[derive(Clone, Default)]
pub(crate) struct Horizon(Arc<AtomicI64>);

impl Horizon {
    /// Whether a timer that is due then belongs into memory.
    pub(crate) fn holds(&self, due: Timestamp) -> bool {
        due.0 < self.0.load(Ordering::Acquire)
    }

    /// Where it is.
    pub(crate) fn get(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::Acquire))
    }

    /// Moves the horizon, and gives where it was.
    pub(crate) fn move_to(&self, to: Timestamp) -> Timestamp {
        Timestamp(self.0.swap(to.0, Ordering::AcqRel))
    }
}

/// Moves the horizon on for as long as the engine runs.
pub(crate) async fn keep_moving(shared: Shared) {
    let reach = shared.config.timer_horizon;
    loop {
        tokio::time::sleep(reach / 2).await;
        match move_horizon(&shared).await {
            Ok(()) => {}
            Err(EngineError::Stopped) => return,
            // It is known, and has its line in the log.
            Err(error) if error.is_outage() => {}
            Err(error) => tracing::error!(%error, "timers could not be read; trying again soon"),
        }
    }
}

/// Hands the shards the timers of an earlier process that are due before the horizon.
pub(crate) async fn take_up(shared: &Shared) -> Result<(), EngineError> {
    hand_out(shared, Timestamp(0), shared.horizon.get()).await
}

/// The horizon moves first and the store is read then, so that a timer that is set meanwhile is seen by one of the two.
async fn move_horizon(shared: &Shared) -> Result<(), EngineError> {
    let reach = u64::try_from(shared.config.timer_horizon.as_millis()).unwrap_or(u64::MAX);
    let to = shared.config.clock.now().plus_millis(reach);
    let from = shared.horizon.move_to(to);
    let outcome = hand_out(shared, from, to).await;
    if let Err(EngineError::Store(_)) = outcome {
        shared.horizon.move_to(from);
    }
    outcome
}

/// Hands the shards their timers of that time.
async fn hand_out(shared: &Shared, from: Timestamp, to: Timestamp) -> Result<(), EngineError> {
    let mut outcome = Ok(());
    let mailboxes = shared.mailboxes.all();
    let mut found: Vec<Vec<(Timestamp, ExecutionArn)>> = vec![Vec::new(); mailboxes.len()];
    for record in Walk::new(&*shared.store, Table::Timers, keys::timers(from, to), Direction::Forward) {
        match record {
            Ok((key, _)) => {
                if let Some((due, arn)) = keys::read_timer(&key)
                    && let Some(of_shard) = found.get_mut(shared.mailboxes.shard_of(&arn))
                {
                    of_shard.push((due, arn));
                }
            }
            Err(error) => {
                outcome = Err(error.into());
                break;
            }
        }
    }
    for (mailbox, timers) in mailboxes.iter().zip(found) {
        for part in timers.chunks(MESSAGE_TIMERS) {
            mailbox.send(Message::Timers(part.to_vec())).await.map_err(|_| EngineError::Stopped)?;
        }
    }
    outcome
}
