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

/// What the thread that commits is to do.
pub(super) enum Work {
    /// To commit these as one group.
    Commit(Vec<Submission>),
    /// To open the store again, and to say what came of it.
    Reopen(OnDurable),
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
    /// Who asked for the store to be opened again.
    reopening: Option<OnDurable>,
    /// The task that waits for a failure.
    watcher: Option<Waker>,
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

    /// Waits for something to do. `None` when the queue is closed and empty.
    pub(super) fn take_all(&self) -> Option<Work> {
        let mut state = self.lock();
        while !state.has_work() {
            if state.is_closed {
                return None;
            }
            state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        self.take(state)
    }

    /// What there is to do now: the submissions that wait, in order. `None` if there is nothing.
    pub(super) fn take_waiting(&self) -> Option<Work> {
        self.take(self.lock())
    }

    fn take(&self, mut state: MutexGuard<'_, State>) -> Option<Work> {
        if let Some(reopening) = state.reopening.take() {
            return Some(Work::Reopen(reopening));
        }
        let submissions = self.empty(state);
        (!submissions.is_empty()).then_some(Work::Commit(submissions))
    }

    /// Whether something waits or nothing can come any more; where not, the task is woken when that changes.
    pub(super) fn poll_arrival(&self, waker: &Waker) -> bool {
        let state = self.lock();
        let has_arrived = state.has_work() || state.is_closed;
        *self.lock_committer() = (!has_arrived).then(|| waker.clone());
        has_arrived
    }

    /// Refuses every later submission, and gives back those that wait. The first failure is the one that is named.
    pub(super) fn poison(&self, cause: String) -> Vec<Submission> {
        let mut state = self.lock();
        state.poison.get_or_insert(cause);
        let watcher = state.watcher.take();
        let rest = self.empty(state);
        watcher.into_iter().for_each(Waker::wake);
        rest
    }

    /// Accepts submissions again.
    pub(super) fn heal(&self) {
        self.lock().poison = None;
    }

    /// The failure after which nothing is accepted, or that the queue was closed. The task is woken when there is one.
    pub(super) fn poll_failure(&self, waker: &Waker) -> Option<Result<String, StoreError>> {
        let mut state = self.lock();
        if state.is_closed {
            return Some(Err(StoreError::Closed));
        }
        let failure = state.poison.clone();
        if failure.is_none() {
            state.watcher = Some(waker.clone());
        }
        failure.map(Ok)
    }

    /// Asks for the store to be opened again.
    pub(super) fn reopen(&self, on_reopened: OnDurable) {
        let mut state = self.lock();
        if !state.is_closed {
            state.reopening = Some(on_reopened);
            self.filled.notify_one();
        }
        drop(state);
        self.wake_committer();
    }

    /// Refuses every later submission; those that wait are still taken.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        // Whoever asked learns that it is not going to happen.
        let (reopening, watcher) = (state.reopening.take(), state.watcher.take());
        self.filled.notify_all();
        self.wake(state);
        self.wake_committer();
        drop(reopening);
        watcher.into_iter().for_each(Waker::wake);
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
    fn has_work(&self) -> bool {
        !self.submissions.is_empty() || self.reopening.is_some()
    }

    fn refusal(&self) -> Option<StoreError> {
        match &self.poison {
            Some(cause) => Some(StoreError::Poisoned { cause: cause.clone() }),
            None => self.is_closed.then_some(StoreError::Closed),
        }
    }
}
