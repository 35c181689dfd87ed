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
        }
    }

    /// Adds a submission at once, or refuses it.
    pub(super) fn try_push(&self, submission: Submission) -> Result<(), Box<Refused>> {
        self.push(&mut self.lock(), submission)
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
        pushed
    }

    /// Adds a submission, and blocks while there is no room.
    pub(super) fn push_waiting(&self, submission: Submission) -> Result<(), StoreError> {
        let mut state = self.lock();
        while state.refusal().is_none() && !self.has_room(&state, &submission) {
            state = self.emptied.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        self.push(&mut state, submission).map_err(|refused| refused.0)
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
