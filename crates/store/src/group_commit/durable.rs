//! A future for one outcome, for any executor.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use super::OnDurable;
use crate::error::StoreError;

/// Ready when a batch is durable, or its commit failed.
#[must_use = "a batch may be acknowledged only when it is durable"]
#[derive(Debug)]
pub struct Durable {
    slot: Arc<Slot>,
}

impl Future for Durable {
    type Output = Result<(), StoreError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.slot.lock();
        // Kept, so that a future polled again after its end gives the same answer.
        if let State::Done(outcome) = &*state {
            return Poll::Ready(outcome.clone());
        }
        *state = State::Waiting(Some(context.waker().clone()));
        Poll::Pending
    }
}

/// A future and the function that ends it.
pub(super) fn channel() -> (OnDurable, Durable) {
    let slot = Arc::new(Slot::default());
    // If the sender is dropped uncalled, its guard ends the future.
    let sender = Sender(Arc::clone(&slot));
    (Box::new(move |outcome| sender.0.finish(outcome)), Durable { slot })
}

struct Sender(Arc<Slot>);

impl Drop for Sender {
    fn drop(&mut self) {
        self.0.finish(Err(StoreError::Closed));
    }
}

#[derive(Debug, Default)]
struct Slot(Mutex<State>);

#[derive(Debug)]
enum State {
    Waiting(Option<Waker>),
    Done(Result<(), StoreError>),
}

impl Default for State {
    fn default() -> Self {
        Self::Waiting(None)
    }
}

impl Slot {
    /// The first outcome counts.
    fn finish(&self, outcome: Result<(), StoreError>) {
        let mut state = self.lock();
        let State::Waiting(waker) = &mut *state else { return };
        let waker = waker.take();
        *state = State::Done(outcome);
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
