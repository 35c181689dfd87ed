use std::{
    sync::{
        Condvar,
        mpsc::{Receiver, channel},
    },
    task::{Context, Wake, Waker},
};

use super::*;
use crate::{
    memory::MemoryStore,
    port::{Direction, KeyRange, Page, Table},
};

/// A store whose commits wait until the test lets them through, and fail or panic as the test says.
#[derive(Default)]
struct GatedStore {
    inner: MemoryStore,
    gate: Mutex<Gate>,
    changed: Condvar,
}

#[derive(Default)]
struct Gate {
    arrived: usize,
    allowed: usize,
    groups: Vec<usize>,
    failure: Option<Failure>,
    reopenings: usize,
}

#[derive(Clone, Copy)]
enum Failure {
    Error,
    Panic,
}

impl GatedStore {
    fn allow(&self, commits: usize) {
        self.gate.lock().unwrap().allowed += commits;
        self.changed.notify_all();
    }

    /// Waits until so many commits have begun.
    fn await_arrivals(&self, commits: usize) {
        let gate = self.gate.lock().unwrap();
        drop(self.changed.wait_while(gate, |gate| gate.arrived < commits).unwrap());
    }

    fn groups(&self) -> Vec<usize> {
        self.gate.lock().unwrap().groups.clone()
    }
}

impl Store for GatedStore {
    fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        let mut gate = self.gate.lock().unwrap();
        gate.arrived += 1;
        let number = gate.arrived;
        self.changed.notify_all();
        gate = self.changed.wait_while(gate, |gate| gate.allowed < number).unwrap();
        let failure = gate.failure;
        gate.groups.push(batch.len());
        drop(gate);
        match failure {
            None => self.inner.commit(batch),
            Some(Failure::Error) => {
                Err(StoreError::Database { doing: "commit".to_owned(), message: "disk on fire".to_owned() })
            }
            Some(Failure::Panic) => panic!("the store panics, as this test wants"),
        }
    }
    fn reopen(&self) -> Result<(), StoreError> {
        let mut gate = self.gate.lock().unwrap();
        gate.reopenings += 1;
        match gate.failure {
            None => Ok(()),
            Some(_) => Err(StoreError::Database { doing: "open".to_owned(), message: "on fire".to_owned() }),
        }
    }
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.get(table, key)
    }
    fn scan(
        &self,
        table: Table,
        range: KeyRange,
        direction: Direction,
        limit: usize,
    ) -> Result<Page, StoreError> {
        self.inner.scan(table, range, direction, limit)
    }
}

fn gated(options: &GroupCommitOptions) -> (Arc<GatedStore>, Arc<GroupCommit>) {
    let store = Arc::<GatedStore>::default();
    let commits = GroupCommit::start(Arc::clone(&store) as Arc<dyn Store>, options).unwrap();
    (store, Arc::new(commits))
}

/// One write of 8 + 1 bytes.
fn batch(number: u64) -> Batch {
    let mut batch = Batch::new();
    batch.put(Table::Facts, number.to_be_bytes(), *b"x");
    batch
}

type Outcome = (u64, Result<(), StoreError>);

/// Submits batches and gives their outcomes in the order in which they are told.
fn submit(commits: &GroupCommit, numbers: std::ops::Range<u64>) -> Receiver<Outcome> {
    let (sender, outcomes) = channel();
    for number in numbers {
        let sender = sender.clone();
        commits
            .submit(batch(number), Box::new(move |outcome| sender.send((number, outcome)).unwrap()))
            .unwrap();
    }
    outcomes
}

fn told(outcomes: &Receiver<Outcome>) -> Vec<u64> {
    outcomes.iter().map(|(number, outcome)| outcome.map(|()| number).unwrap()).collect()
}

struct CountWakes(AtomicU64);

impl Wake for CountWakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Runs a future on this thread.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = std::pin::pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        thread::park();
    }
}

#[test]
fn what_queues_during_a_commit_goes_as_one_and_outcomes_keep_their_order() {
    let (store, commits) = gated(&GroupCommitOptions::default());
    let first = submit(&commits, 0..1);
    store.await_arrivals(1);
    let rest = submit(&commits, 1..50);
    assert_eq!(commits.queued(), 49);
    assert_eq!(commits.metrics(), GroupCommitMetrics::default());
    assert!(first.try_recv().is_err() && rest.try_recv().is_err(), "told before durable");
    store.allow(2);
    assert_eq!(told(&first), [0]);
    assert!(told(&rest).into_iter().eq(1..50));
    assert_eq!(store.groups(), [1, 49]);
    commits.shutdown();
    assert_eq!(commits.metrics(), GroupCommitMetrics { commits: 2, batches: 50, bytes: 50 * 9 });
}

#[test]
fn a_later_batch_of_a_group_overwrites_an_earlier_one() {
    let (store, commits) = gated(&GroupCommitOptions::default());
    let first = submit(&commits, 0..1);
    store.await_arrivals(1);
    for value in [*b"1", *b"2"] {
        let mut batch = Batch::new();
        batch.put(Table::Meta, *b"key", value);
        commits.submit(batch, Box::new(|outcome| outcome.unwrap())).unwrap();
    }
    store.allow(2);
    told(&first);
    commits.shutdown();
    assert_eq!(store.groups(), [1, 2]);
    assert_eq!(store.get(Table::Meta, b"key").unwrap().as_deref(), Some(b"2".as_slice()));
}

#[test]
fn a_full_queue_refuses_or_blocks_until_there_is_room() {
    for options in [
        GroupCommitOptions { max_queued_batches: 2, ..GroupCommitOptions::default() },
        GroupCommitOptions { max_queued_bytes: 18, ..GroupCommitOptions::default() },
    ] {
        let (store, commits) = gated(&options);
        let first = submit(&commits, 0..1);
        store.await_arrivals(1);
        let queued = submit(&commits, 1..3);
        let (error, refused) = commits.try_submit(batch(3), Box::new(|_| panic!("was refused"))).unwrap_err();
        assert!(matches!(error, StoreError::QueueFull));
        assert_eq!(refused, batch(3));
        let blocked = thread::spawn({
            let commits = Arc::clone(&commits);
            move || told(&submit(&commits, 3..4))
        });
        store.allow(3);
        assert_eq!((told(&first), told(&queued), blocked.join().unwrap()), (vec![0], vec![1, 2], vec![3]));
    }
}

#[test]
fn a_batch_larger_than_the_bound_enters_an_empty_queue() {
    let (store, commits) =
        gated(&GroupCommitOptions { max_queued_bytes: 1, ..GroupCommitOptions::default() });
    store.allow(1);
    commits.commit(batch(0)).unwrap();
    assert_eq!(commits.metrics().bytes, 9);
}

#[test]
fn enqueue_waits_for_room_without_blocking_and_gives_a_future_for_the_outcome() {
    let (store, commits) =
        gated(&GroupCommitOptions { max_queued_batches: 1, ..GroupCommitOptions::default() });
    let first = block_on(commits.enqueue(batch(0))).unwrap();
    store.await_arrivals(1);
    let second = block_on(commits.enqueue(batch(1))).unwrap();
    let wakes = Arc::new(CountWakes(AtomicU64::new(0)));
    let waker = Waker::from(Arc::clone(&wakes));
    let mut third = Box::pin(commits.enqueue(batch(2)));
    for _ in 0..2 {
        assert!(third.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    }
    store.allow(1);
    store.await_arrivals(2);
    assert_eq!(wakes.0.load(Ordering::SeqCst), 1);
    let Poll::Ready(Ok(third)) = third.as_mut().poll(&mut Context::from_waker(&waker)) else {
        panic!("there is room");
    };
    store.allow(2);
    block_on(async {
        first.await.unwrap();
        second.await.unwrap();
        third.await.unwrap();
    });
    assert_eq!(store.groups(), [1, 1, 1]);
}

#[test]
fn after_a_failed_commit_nobody_is_told_of_success_and_nothing_more_is_accepted() {
    for (failure, cause) in [(Failure::Error, "disk on fire"), (Failure::Panic, "panicked")] {
        let (store, commits) = gated(&GroupCommitOptions::default());
        store.gate.lock().unwrap().failure = Some(failure);
        let group = submit(&commits, 0..1);
        store.await_arrivals(1);
        let waiting = submit(&commits, 1..3);
        store.allow(10);
        for (number, outcome) in group.iter().chain(waiting.iter()) {
            let message = outcome.unwrap_err().to_string();
            assert!(message.contains(cause), "batch {number}: {message}");
        }
        let refusals = [
            commits.submit(batch(9), Box::new(|_| panic!("was refused"))).unwrap_err(),
            commits.try_submit(batch(9), Box::new(|_| panic!("was refused"))).unwrap_err().0,
            commits.commit(batch(9)).unwrap_err(),
            block_on(commits.enqueue(batch(9))).unwrap_err(),
        ];
        for refusal in refusals {
            let message = refusal.to_string();
            assert!(message.contains(cause) && message.contains("accepts no writes"), "{message}");
        }
        assert_eq!(store.groups().len(), 1);
        assert_eq!(commits.metrics(), GroupCommitMetrics::default());
    }
}

#[test]
fn whoever_waits_for_room_learns_of_a_failed_commit() {
    let (store, commits) =
        gated(&GroupCommitOptions { max_queued_batches: 1, ..GroupCommitOptions::default() });
    store.gate.lock().unwrap().failure = Some(Failure::Error);
    let _first = submit(&commits, 0..1);
    store.await_arrivals(1);
    let _second = submit(&commits, 1..2);
    let blocked = thread::spawn({
        let commits = Arc::clone(&commits);
        move || commits.commit(batch(2))
    });
    let waiting = thread::spawn({
        let commits = Arc::clone(&commits);
        move || block_on(async { commits.enqueue(batch(3)).await?.await })
    });
    store.allow(1);
    for outcome in [blocked.join().unwrap(), waiting.join().unwrap()] {
        assert!(matches!(outcome, Err(StoreError::Poisoned { .. })), "{outcome:?}");
    }
}

#[test]
fn an_invalid_batch_is_refused_alone() {
    let (store, commits) = gated(&GroupCommitOptions::default());
    store.allow(1);
    let mut invalid = Batch::new();
    invalid.put(Table::Meta, *b"", *b"empty key");
    assert!(matches!(commits.commit(invalid.clone()), Err(StoreError::InvalidWrite { .. })));
    assert!(matches!(block_on(commits.enqueue(invalid)), Err(StoreError::InvalidWrite { .. })));
    commits.commit(batch(1)).unwrap();
}

#[test]
fn shutdown_drains_the_queue_and_refuses_what_comes_later() {
    let (store, commits) = gated(&GroupCommitOptions::default());
    let first = submit(&commits, 0..1);
    store.await_arrivals(1);
    let rest = submit(&commits, 1..10);
    store.allow(2);
    commits.shutdown();
    assert_eq!((told(&first).len(), told(&rest).len()), (1, 9));
    assert!(matches!(commits.commit(batch(10)), Err(StoreError::Closed)));
    commits.shutdown();
}

#[test]
fn an_outcome_may_submit_more_and_never_waits_for_itself() {
    let (store, commits) =
        gated(&GroupCommitOptions { max_queued_batches: 1, ..GroupCommitOptions::default() });
    store.allow(2);
    let (sender, outcomes) = channel();
    let again = {
        let commits = Arc::clone(&commits);
        move |_| {
            let later = sender.clone();
            commits.submit(batch(1), Box::new(move |outcome| later.send(outcome).unwrap())).unwrap();
            sender.send(commits.submit(batch(2), Box::new(|_| panic!("was refused")))).unwrap();
        }
    };
    commits.submit(batch(0), Box::new(again)).unwrap();
    assert!(matches!(outcomes.recv().unwrap(), Err(StoreError::QueueFull)));
    assert!(outcomes.recv().unwrap().is_ok());
}

#[test]
fn a_panicking_waiter_harms_nobody_else() {
    let (store, commits) = gated(&GroupCommitOptions::default());
    store.allow(3);
    commits.submit(batch(0), Box::new(|_| panic!("the waiter panics, as this test wants"))).unwrap();
    commits.commit(batch(1)).unwrap();
    commits.commit(batch(2)).unwrap();
}

#[test]
fn a_stepped_one_commits_what_waits_when_it_is_told_to() {
    let store = Arc::new(crate::MemoryStore::new());
    let (commits, committer) = GroupCommit::stepped(store.clone(), &GroupCommitOptions::default());
    assert!(!committer.commit_waiting(), "nothing waited");
    let outcomes = thread::scope(|scope| {
        let arrived = scope.spawn(|| block_on(committer.arrival()));
        let outcomes = submit(&commits, 0..3);
        arrived.join().unwrap();
        outcomes
    });
    assert_eq!((commits.queued(), outcomes.try_recv().is_err()), (3, true));
    assert!(committer.commit_waiting());
    assert_eq!(told(&outcomes), [0, 1, 2]);
    assert_eq!(commits.metrics().commits, 1);
    commits.shutdown();
}

#[test]
fn after_a_failure_it_goes_on_once_the_store_could_be_opened_again() {
    let (store, commits) = gated(&GroupCommitOptions::default());
    store.allow(100);
    store.gate.lock().unwrap().failure = Some(Failure::Error);
    assert!(commits.commit(batch(1)).is_err());
    let cause = block_on(commits.failure()).unwrap();
    assert!(cause.contains("disk on fire"), "{cause}");
    // As long as it cannot be opened, nothing is accepted.
    assert!(block_on(commits.reopen()).is_err());
    assert!(matches!(commits.commit(batch(2)), Err(StoreError::Poisoned { .. })));
    store.gate.lock().unwrap().failure = None;
    block_on(commits.reopen()).unwrap();
    commits.commit(batch(3)).unwrap();
    assert_eq!(store.gate.lock().unwrap().reopenings, 2);
    assert_eq!(
        store.inner.get(Table::Facts, &2_u64.to_be_bytes()).unwrap(),
        None,
        "what was refused is not there"
    );
    assert!(store.inner.get(Table::Facts, &3_u64.to_be_bytes()).unwrap().is_some());
}

#[test]
fn whoever_cannot_read_the_store_stops_the_writing_too() {
    let (store, commits) = gated(&GroupCommitOptions::default());
    store.allow(100);
    commits.fail(&StoreError::Database { doing: "read".to_owned(), message: "gone".to_owned() });
    assert!(matches!(commits.commit(batch(1)), Err(StoreError::Poisoned { .. })));
    assert!(block_on(commits.failure()).unwrap().contains("gone"));
    block_on(commits.reopen()).unwrap();
    commits.commit(batch(2)).unwrap();
}

#[test]
fn who_waits_for_a_failure_or_an_opening_learns_of_the_end() {
    let (commits, committer) =
        GroupCommit::stepped(Arc::<GatedStore>::default(), &GroupCommitOptions::default());
    let reopening = std::pin::pin!(commits.reopen());
    let mut reopening = reopening;
    let wakes = Arc::new(CountWakes(AtomicU64::new(0)));
    let waker = Waker::from(wakes);
    assert!(reopening.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    commits.shutdown();
    assert!(matches!(block_on(reopening), Err(StoreError::Closed)));
    assert!(matches!(block_on(commits.failure()), Err(StoreError::Closed)));
    assert!(!committer.commit_waiting());
}
