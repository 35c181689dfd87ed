//! The bounded queue between those who submit and the thread that commits.

use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    task::Waker,
};

use super::OnDurable;
use crate::{error::StoreError, port::Batch};

/// A batch and who waits for it.
pub(super) struct Submission {
    pub(super) batch: Batch,
    pub(super) on_durable: OnDurable,
}

/// A submission that was refused, and why.
pub(super) type Refused = (StoreError, Submission);

pub(super) struct Queue {
    max_batches: usize,
    max_bytes: usize,
    state: Mutex<State>,
    /// Signalled when there is something to take, or the queue was closed.
    filled: Condvar,
    /// Signalled when there is room, or the queue was closed or poisoned.
    emptied: Condvar,
    /// The task that waits for a submission. Set under the lock of the state.
    committer: Mutex<Option<Waker>>,
}

#[derive(Default)]
struct State {
    submissions: Vec<Submission>,
    bytes: usize,
    /// Tasks that wait for room.
    wakers: Vec<Waker>,
    is_closed: bool,
    /// The failure after which nothing is accepted.
    poison: Option<String>,
}

impl Queue {
    pub(super) fn new(max_batches: usize, max_bytes: usize) -> Self {
        Self {
            max_batches,
            max_bytes,
            state: Mutex::default(),
            filled: Condvar::new(),
            emptied: Condvar::new(),
            committer: Mutex::default(),
        }
    }

    /// Adds a submission at once, or refuses it.
    pub(super) fn try_push(&self, submission: Submission) -> Result<(), Box<Refused>> {
        let pushed = self.push(&mut self.lock(), submission);
        self.wake_committer();
        pushed
    }

    /// As [`Queue::try_push`], and wakes the task when it makes sense to try again.
    pub(super) fn push_or_register(&self, submission: Submission, waker: &Waker) -> Result<(), Box<Refused>> {
        let mut state = self.lock();
        let pushed = self.push(&mut state, submission);
        if matches!(&pushed, Err(refused) if matches!(refused.0, StoreError::QueueFull))
            && !state.wakers.iter().any(|known| known.will_wake(waker))
        {
            state.wakers.push(waker.clone());
        }
        drop(state);
        self.wake_committer();
        pushed
    }

    /// Adds a submission, and blocks while there is no room.
    pub(super) fn push_waiting(&self, submission: Submission) -> Result<(), StoreError> {
        let mut state = self.lock();
        while state.refusal().is_none() && !self.has_room(&state, &submission) {
            state = self.emptied.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let pushed = self.push(&mut state, submission).map_err(|refused| refused.0);
        drop(state);
        self.wake_committer();
        pushed
    }

    /// Waits for submissions and takes them all, in order. `None` when the queue is closed and empty.
    pub(super) fn take_all(&self) -> Option<Vec<Submission>> {
        let mut state = self.lock();
        while state.submissions.is_empty() {
            if state.is_closed {
                return None;
            }
            state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        Some(self.empty(state))
    }

    /// Takes the submissions that wait now, in order.
    pub(super) fn take_waiting(&self) -> Vec<Submission> {
        self.empty(self.lock())
    }

    /// Whether something waits or nothing can come any more; where not, the task is woken when that changes.
    pub(super) fn poll_arrival(&self, waker: &Waker) -> bool {
        let state = self.lock();
        let has_arrived = !state.submissions.is_empty() || state.is_closed;
        *self.lock_committer() = (!has_arrived).then(|| waker.clone());
        has_arrived
    }

    /// Refuses every later submission, and gives back those that wait.
    pub(super) fn poison(&self, cause: String) -> Vec<Submission> {
        let mut state = self.lock();
        state.poison = Some(cause);
        self.empty(state)
    }

    /// Refuses every later submission; those that wait are still taken.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        self.filled.notify_all();
        self.wake(state);
        self.wake_committer();
    }

    /// The error for whoever comes now.
    pub(super) fn refusal(&self) -> StoreError {
        self.lock().refusal().unwrap_or(StoreError::Closed)
    }

    pub(super) fn len(&self) -> usize {
        self.lock().submissions.len()
    }

    fn push(&self, state: &mut State, submission: Submission) -> Result<(), Box<Refused>> {
        if let Some(refusal) = state.refusal() {
            return Err(Box::new((refusal, submission)));
        }
        if !self.has_room(state, &submission) {
            return Err(Box::new((StoreError::QueueFull, submission)));
        }
        state.bytes += submission.batch.bytes();
        state.submissions.push(submission);
        self.filled.notify_one();
        Ok(())
    }

    fn has_room(&self, state: &State, submission: &Submission) -> bool {
        state.submissions.is_empty()
            || (state.submissions.len() < self.max_batches
                && state.bytes + submission.batch.bytes() <= self.max_bytes)
    }

    fn empty(&self, mut state: MutexGuard<'_, State>) -> Vec<Submission> {
        state.bytes = 0;
        let taken = std::mem::take(&mut state.submissions);
        self.wake(state);
        taken
    }

    /// Wakes everyone who waits for room. Tasks are woken outside the lock, for a waker may run anything.
    fn wake(&self, mut state: MutexGuard<'_, State>) {
        let wakers = std::mem::take(&mut state.wakers);
        drop(state);
        self.emptied.notify_all();
        wakers.into_iter().for_each(Waker::wake);
    }

    fn wake_committer(&self) {
        let committer = self.lock_committer().take();
        if let Some(committer) = committer {
            committer.wake();
        }
    }

    fn lock_committer(&self) -> MutexGuard<'_, Option<Waker>> {
        self.committer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn refusal(&self) -> Option<StoreError> {
        match &self.poison {
            Some(cause) => Some(StoreError::Poisoned { cause: cause.clone() }),
            None => self.is_closed.then_some(StoreError::Closed),
        }
    }
}
