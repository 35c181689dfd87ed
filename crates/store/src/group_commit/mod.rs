//! One thread that owns the commits of a store. While one commit is on its way to the disk, the next one fills.
//!
//! Everything waiting in the queue goes to the store as one [`Store::commit`], in the order in which it entered. The
//! queue is bounded in batches and bytes. When a commit fails, everyone in it gets the error, and so does everyone
//! who waits or comes later: after a failed `fsync` nothing may be acknowledged until the store was opened again. Whoever
//! owns what the failed batches were about waits for [`GroupCommit::failure`], lets everything go that was built on them,
//! and asks for [`GroupCommit::reopen`].

mod durable;
mod queue;
#[cfg(test)]
mod tests;

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    task::Poll,
    thread::{self, JoinHandle},
};

pub use durable::Durable;
use queue::{Queue, Submission, Work};

use crate::{
    error::StoreError,
    port::{Batch, Store},
};

/// Called once with the outcome of the commit that a batch went into, on the thread that owns the commits: keep it
/// short, for the next commit waits for it.
pub type OnDurable = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// Bounds of the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GroupCommitOptions {
    /// Most batches that wait, and so most batches of one commit. At least 1.
    pub max_queued_batches: usize,
    /// Most bytes of keys and values that wait. One batch of any size may always enter an empty queue.
    pub max_queued_bytes: usize,
}

impl Default for GroupCommitOptions {
    fn default() -> Self {
        Self { max_queued_batches: 4096, max_queued_bytes: 32 * 1024 * 1024 }
    }
}

/// What went through a [`GroupCommit`] since its start. Only what became durable is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GroupCommitMetrics {
    /// Commits of the store.
    pub commits: u64,
    /// Batches in these commits.
    pub batches: u64,
    /// Bytes of keys and values in these commits.
    pub bytes: u64,
}

/// The writing side of a store. Dropping it drains the queue, as [`GroupCommit::shutdown`] does.
pub struct GroupCommit {
    queue: Arc<Queue>,
    counters: Arc<Counters>,
    committer: Mutex<Option<JoinHandle<()>>>,
}

impl fmt::Debug for GroupCommit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GroupCommit").field("metrics", &self.metrics()).finish_non_exhaustive()
    }
}

impl GroupCommit {
    /// Starts the thread that owns the commits of this store. Nobody else may commit to it.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(store: Arc<dyn Store>, options: &GroupCommitOptions) -> Result<Self, StoreError> {
        let (mut commits, committer) = Self::stepped(store, options);
        let thread = thread::Builder::new()
            .name("store-commit".to_owned())
            .spawn(move || committer.run())
            .map_err(StoreError::io("start the thread that commits"))?;
        commits.committer = Mutex::new(Some(thread));
        Ok(commits)
    }

    /// As [`GroupCommit::start`], without a thread: nothing is committed until the committer is told to, so that
    /// whoever holds it says when a commit begins. The blocking calls would wait for ever if made by its holder.
    #[must_use]
    pub fn stepped(store: Arc<dyn Store>, options: &GroupCommitOptions) -> (Self, Committer) {
        let queue = Arc::new(Queue::new(options.max_queued_batches.max(1), options.max_queued_bytes));
        let counters = Arc::<Counters>::default();
        let committer = Committer { store, queue: Arc::clone(&queue), counters: Arc::clone(&counters) };
        (Self { queue, counters, committer: Mutex::default() }, committer)
    }

    /// Puts a batch into the queue and blocks while there is no room. `on_durable` is called exactly once if this
    /// returns `Ok`, and never if it returns an error.
    ///
    /// # Errors
    /// [`StoreError::InvalidWrite`], [`StoreError::Poisoned`] or [`StoreError::Closed`]; and from inside an
    /// `on_durable`, which must not wait for itself, [`StoreError::QueueFull`].
    pub fn submit(&self, batch: Batch, on_durable: OnDurable) -> Result<(), StoreError> {
        batch.check()?;
        let may_wait = self.lock_committer(|committer| committer.as_ref().map(|it| it.thread().id()))
            != Some(thread::current().id());
        if may_wait {
            self.queue.push_waiting(Submission { batch, on_durable })
        } else {
            self.queue.try_push(Submission { batch, on_durable }).map_err(|refused| refused.0)
        }
    }

    /// As [`GroupCommit::submit`], without blocking.
    ///
    /// # Errors
    /// As there, and [`StoreError::QueueFull`]; with the batch, so that it can be offered again.
    pub fn try_submit(&self, batch: Batch, on_durable: OnDurable) -> Result<(), (StoreError, Batch)> {
        if let Err(error) = batch.check() {
            return Err((error, batch));
        }
        self.queue.try_push(Submission { batch, on_durable }).map_err(|refused| (refused.0, refused.1.batch))
    }

    /// Puts a batch into the queue, and waits, without blocking a thread, while there is no room. What it gives is
    /// a second future, ready when the batch is durable: await this one to keep an order, and the second to
    /// acknowledge. Works on any executor. Dropping the second future does not take the batch back.
    ///
    /// # Errors
    /// [`StoreError::InvalidWrite`], [`StoreError::Poisoned`] or [`StoreError::Closed`].
    pub async fn enqueue(&self, batch: Batch) -> Result<Durable, StoreError> {
        batch.check()?;
        let (on_durable, durable) = durable::channel();
        let mut submission = Some(Submission { batch, on_durable });
        std::future::poll_fn(|context| {
            let Some(offered) = submission.take() else { return Poll::Ready(Ok(())) };
            match self.queue.push_or_register(offered, context.waker()) {
                Ok(()) => Poll::Ready(Ok(())),
                Err(refused) => match *refused {
                    (StoreError::QueueFull, refused) => {
                        submission = Some(refused);
                        Poll::Pending
                    }
                    (error, _) => Poll::Ready(Err(error)),
                },
            }
        })
        .await?;
        Ok(durable)
    }

    /// Blocks until a batch is durable. For callers with nothing else to do.
    ///
    /// # Errors
    /// Those of [`GroupCommit::submit`] and of the commit.
    pub fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        let (sender, receiver) = std::sync::mpsc::sync_channel(1);
        // The receiver lives until the outcome is sent.
        self.submit(batch, Box::new(move |outcome| drop(sender.send(outcome))))?;
        receiver.recv().map_err(|_| StoreError::Closed)?
    }

    /// Waits until a commit fails, and gives why; at once if one has failed since the store was opened last. One task may
    /// wait for it at a time.
    ///
    /// # Errors
    /// [`StoreError::Closed`] once nothing is accepted any more.
    pub async fn failure(&self) -> Result<String, StoreError> {
        std::future::poll_fn(|context| match self.queue.poll_failure(context.waker()) {
            Some(failure) => Poll::Ready(failure),
            None => Poll::Pending,
        })
        .await
    }

    /// Accepts nothing more until the store was opened again, as after a failed commit: for whoever cannot read it.
    pub fn fail(&self, cause: &StoreError) {
        for Submission { on_durable, .. } in self.queue.poison(cause.to_string()) {
            tell(on_durable, Err(self.queue.refusal()));
        }
    }

    /// Opens the store again, on the thread that owns the commits; batches are accepted again once this gives `Ok`.
    ///
    /// # Errors
    /// Those of [`Store::reopen`], and [`StoreError::Closed`].
    pub async fn reopen(&self) -> Result<(), StoreError> {
        let (on_reopened, reopened) = durable::channel();
        self.queue.reopen(on_reopened);
        reopened.await
    }

    /// What became durable so far.
    #[must_use]
    pub fn metrics(&self) -> GroupCommitMetrics {
        GroupCommitMetrics {
            commits: self.counters.commits.load(Ordering::Relaxed),
            batches: self.counters.batches.load(Ordering::Relaxed),
            bytes: self.counters.bytes.load(Ordering::Relaxed),
        }
    }

    /// Batches that wait for the next commit.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.queue.len()
    }

    /// Accepts nothing more, commits what waits, and returns when every outcome was told. May be called twice.
    pub fn shutdown(&self) {
        self.queue.close();
        let committer = self.lock_committer(|committer| {
            // Inside an on_durable there is nothing to wait for: the thread drains the queue after it.
            committer.take_if(|it| it.thread().id() != thread::current().id())
        });
        if let Some(committer) = committer {
            // The thread catches panics, so joining it cannot fail.
            let _ = committer.join();
        }
    }

    fn lock_committer<R>(&self, with: impl FnOnce(&mut Option<JoinHandle<()>>) -> R) -> R {
        with(&mut self.committer.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for GroupCommit {
    fn drop(&mut self) {
        self.shutdown();
    }
}

#[derive(Debug, Default)]
struct Counters {
    commits: AtomicU64,
    batches: AtomicU64,
    bytes: AtomicU64,
}

/// Makes the commits of a [`GroupCommit`].
pub struct Committer {
    store: Arc<dyn Store>,
    queue: Arc<Queue>,
    counters: Arc<Counters>,
}

impl fmt::Debug for Committer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Committer").finish_non_exhaustive()
    }
}

impl Committer {
    /// Commits what waits as one group, and tells everyone in it; or opens the store again, if that was asked for. `false`
    /// if nothing waited.
    #[must_use]
    pub fn commit_waiting(&self) -> bool {
        let work = self.queue.take_waiting();
        let has_work = work.is_some();
        work.into_iter().for_each(|work| self.do_work(work));
        has_work
    }

    /// Waits until something waits to be committed, or the queue was closed. Works on any executor.
    pub async fn arrival(&self) {
        std::future::poll_fn(|context| match self.queue.poll_arrival(context.waker()) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        })
        .await;
    }

    /// The body of the thread: ends when the queue is closed and empty.
    fn run(&self) {
        while let Some(work) = self.queue.take_all() {
            self.do_work(work);
        }
    }

    fn do_work(&self, work: Work) {
        match work {
            Work::Commit(submissions) => self.commit_group(submissions),
            Work::Reopen(on_reopened) => {
                let outcome = guarded(|| self.store.reopen());
                if outcome.is_ok() {
                    self.queue.heal();
                }
                tell(on_reopened, outcome);
            }
        }
    }

    fn commit_group(&self, submissions: Vec<Submission>) {
        let mut group = Batch::new();
        let mut waiting = Vec::with_capacity(submissions.len());
        for Submission { batch, on_durable } in submissions {
            group.append(batch);
            waiting.push(on_durable);
        }
        let bytes = group.bytes() as u64;
        let outcome = guarded(|| self.store.commit(group));
        let rest = match &outcome {
            Ok(()) => {
                self.counters.commits.fetch_add(1, Ordering::Relaxed);
                self.counters.batches.fetch_add(waiting.len() as u64, Ordering::Relaxed);
                self.counters.bytes.fetch_add(bytes, Ordering::Relaxed);
                Vec::new()
            }
            // Before anyone is told, so that nobody who reacts to the failure can still get in.
            Err(error) => self.queue.poison(error.to_string()),
        };
        for on_durable in waiting {
            tell(on_durable, outcome.clone());
        }
        for Submission { on_durable, .. } in rest {
            tell(on_durable, Err(self.queue.refusal()));
        }
    }
}

/// A store that panics has failed like one that answers with an error.
fn guarded(work: impl FnOnce() -> Result<(), StoreError>) -> Result<(), StoreError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        Err(StoreError::Poisoned { cause: "the store panicked, as the lines before say".to_owned() })
    })
}

/// A waiter that panics harms nobody else: its batch is durable, and the panic was reported by the panic hook.
fn tell(on_durable: OnDurable, outcome: Result<(), StoreError>) {
    let _ = catch_unwind(AssertUnwindSafe(|| on_durable(outcome)));
}
