//! AWS's quota on state transitions of Standard workflows: a bucket of tokens that all executions share.
//!
//! A transition that finds the bucket empty is late, and never fails. The machine decides many transitions at once, so that
//! what one decision takes is paid afterwards: the bucket may owe tokens, and whatever would let an execution go on by
//! itself (the answer of a task, the end of a Map Run, a timer) waits in its shard until nothing is owed. What somebody
//! asks for over the API is answered at once, and paid for like everything else.

use crate::error::EngineError;
use crate::mailbox::Message;
use crate::quotas;
use crate::round::Round;
use crate::shard::Shard;
use machine::{Fact, FactKind, Private};
use model::{EventDetails, Timestamp};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How many state transitions there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransitionQuota {
    /// Tokens of a full bucket.
    pub bucket: u64,
    /// Tokens that come back each second; at least one.
    pub per_second: u64,
}

impl TransitionQuota {
    /// AWS's in a region.
    // AWS: documented, as published in 2025.
    pub fn of_region(region: &str) -> TransitionQuota {
        let tokens = if quotas::LARGE_REGIONS.contains(&region) { 5_000 } else { 800 };
        TransitionQuota { bucket: tokens, per_second: tokens }
    }
}

/// The bucket that the shards share.
#[derive(Debug)]
pub(crate) struct TransitionBucket {
    quota: TransitionQuota,
    level: Mutex<Level>,
    throttled: AtomicU64,
}

#[derive(Debug)]
struct Level {
    /// Thousandths of tokens; below 0 they are owed.
    thousandths: i64,
    at: Timestamp,
}

impl TransitionBucket {
    pub(crate) fn new(quota: TransitionQuota, now: Timestamp) -> TransitionBucket {
        let level = Level { thousandths: thousandths(quota.bucket), at: now };
        TransitionBucket { quota, level: Mutex::new(level), throttled: AtomicU64::new(0) }
    }

    /// Takes as many tokens as there were transitions, late ones or not.
    fn charge(&self, now: Timestamp, transitions: u64, are_late: bool) {
        if are_late {
            self.throttled.fetch_add(transitions, Ordering::Relaxed);
        }
        self.with_level(now, |level| {
            level.thousandths = level.thousandths.saturating_sub(thousandths(transitions))
        });
    }

    /// Milliseconds until there is a token.
    fn millis_until_token(&self, now: Timestamp) -> u64 {
        let missing = self.with_level(now, |level| 1_000_i64.saturating_sub(level.thousandths));
        // As many thousandths come back in a millisecond as tokens in a second.
        u64::try_from(missing).unwrap_or(0).div_ceil(self.quota.per_second.max(1))
    }

    /// Transitions that had to wait.
    pub(crate) fn throttled(&self) -> u64 {
        self.throttled.load(Ordering::Relaxed)
    }

    fn with_level<T>(&self, now: Timestamp, look: impl FnOnce(&mut Level) -> T) -> T {
        let mut level = self.level.lock().unwrap_or_else(PoisonError::into_inner);
        let millis = i64::try_from(now.millis_since(level.at)).unwrap_or(i64::MAX);
        let refill = millis.saturating_mul(i64::try_from(self.quota.per_second.max(1)).unwrap_or(i64::MAX));
        level.thousandths = level.thousandths.saturating_add(refill).min(thousandths(self.quota.bucket));
        // The shards' clocks are not quite the same.
        level.at = level.at.max(now);
        look(&mut level)
    }
}

fn thousandths(tokens: u64) -> i64 {
    i64::try_from(tokens).unwrap_or(i64::MAX).saturating_mul(1_000)
}

/// What of a shard waits for tokens.
#[derive(Default)]
pub(crate) struct Held {
    messages: VecDeque<Message>,
    /// Timers that were due by then waited.
    timers_until: Option<Timestamp>,
    /// Whether what is taken now has waited.
    is_late: bool,
}

impl Held {
    /// Everything that waits, which then waits no more.
    pub(crate) fn take_messages(&mut self) -> VecDeque<Message> {
        std::mem::take(&mut self.messages)
    }
}

impl Shard {
    /// Takes a message, or holds it back where it has to wait for tokens.
    // Held messages are as many as calls, jobs and Map Runs are under way: each is the only answer of one of these.
    pub(crate) fn admit(&mut self, message: Message, round: &mut Round) -> Result<(), EngineError> {
        let lets_go_on = matches!(
            message,
            Message::Answered { .. } | Message::JobEnded { .. } | Message::MapRunEnded { .. }
        );
        if lets_go_on && (!self.held.messages.is_empty() || !self.has_tokens()) {
            self.held.messages.push_back(message);
            return Ok(());
        }
        self.take(message, round)
    }

    /// Takes what was held back, for as long as there are tokens.
    pub(crate) fn take_held(&mut self, round: &mut Round) -> Result<(), EngineError> {
        while !self.held.messages.is_empty() && self.has_tokens() {
            let Some(message) = self.held.messages.pop_front() else { break };
            let Some(message) = self.let_in(message, round) else { continue };
            self.held.is_late = true;
            let taken = self.take(message, round);
            self.held.is_late = false;
            taken?;
        }
        Ok(())
    }

    /// Whether a timer that was due at the moment may go off.
    pub(crate) fn admits_timer(&mut self, due: Timestamp) -> bool {
        if self.has_tokens() {
            self.held.is_late = self.held.timers_until.is_some_and(|until| due <= until);
            return true;
        }
        self.held.timers_until = Some(self.now());
        false
    }

    /// After the timers of a round.
    pub(crate) fn timers_taken(&mut self) {
        self.held.is_late = false;
    }

    /// Pays for what an execution did.
    pub(crate) fn pay(&self, facts: &[Fact]) {
        if let Some(bucket) = &self.shared.transitions {
            let transitions = facts.iter().filter(|fact| is_transition(fact)).count();
            bucket.charge(self.now(), transitions as u64, self.held.is_late);
        }
    }

    /// How long to sleep where something may be held back: no less than until there is a token.
    pub(crate) fn until_something_may_go_on(&self, next_timer: Option<Duration>) -> Option<Duration> {
        let Some(bucket) = &self.shared.transitions else { return next_timer };
        let token = || Duration::from_millis(bucket.millis_until_token(self.shared.config.clock.now()));
        match next_timer {
            _ if !self.held.messages.is_empty() => Some(token()),
            Some(timer) if timer.is_zero() => Some(token()),
            timer => timer,
        }
    }

    fn has_tokens(&self) -> bool {
        match &self.shared.transitions {
            // A shard that ends leaves nothing behind that it could do.
            Some(bucket) if !self.is_draining => bucket.millis_until_token(self.now()) == 0,
            Some(_) | None => true,
        }
    }
}

/// Whether the fact counts as a state transition: a state is entered or tried again, or the execution is redriven.
// AWS: documented.
fn is_transition(fact: &Fact) -> bool {
    match &fact.kind {
        FactKind::Event(event) => {
            matches!(
                event.details,
                EventDetails::StateEntered { .. } | EventDetails::ExecutionRedriven { .. }
            )
        }
        FactKind::Private(private) => matches!(private, Private::RetryAt { .. }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_lends_and_refills_at_its_rate_up_to_its_size() {
        let bucket = TransitionBucket::new(TransitionQuota { bucket: 10, per_second: 4 }, Timestamp(0));
        let until = |millis: i64| bucket.millis_until_token(Timestamp(millis));
        bucket.charge(Timestamp(0), 9, false);
        assert_eq!(until(0), 0);
        bucket.charge(Timestamp(0), 1, false);
        assert_eq!((until(0), until(249), until(250)), (250, 1, 0));
        bucket.charge(Timestamp(250), 5, true);
        assert_eq!((until(250), until(1_500), bucket.throttled()), (1_250, 0, 5));
        // A clock that is behind takes nothing back, and a full bucket takes no more.
        assert_eq!(until(0), 0);
        bucket.charge(Timestamp(1_000_000), 10, false);
        assert_eq!(until(1_000_000), 250);
    }

    #[test]
    fn three_regions_have_more() {
        for (region, tokens) in
            [("us-east-1", 5_000), ("us-west-2", 5_000), ("eu-west-1", 5_000), ("eu-north-1", 800)]
        {
            assert_eq!(
                TransitionQuota::of_region(region),
                TransitionQuota { bucket: tokens, per_second: tokens }
            );
        }
    }
}
