//! Activities: what is registered, and the tasks that wait for a worker.
//!
//! The queues are in memory alone: what stands in them follows from the executions, and is filled again when those are
//! taken up after a restart. An entry whose task is gone is skipped when it is handed out.

use crate::clock::Clock;
use crate::config::EngineConfig;
use crate::error::EngineError;
use crate::page::Page;
use crate::quotas::{self, Quota, Quotas};
use crate::{keys, records};
use json::{Payload, Value};
use machine::ScopeId;
use model::{EventId, ExecutionArn, Partition, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use store::{Batch, Direction, GroupCommit, KeyRange, Store, Table};
use tokio::sync::Notify;

/// An activity.
#[derive(Clone, Debug, PartialEq)]
pub struct Activity {
    /// Its name.
    pub name: Arc<str>,
    /// Its ARN.
    pub arn: Arc<str>,
    /// When it was created.
    pub created_at: Timestamp,
    /// Its tags, in the order in which they were given.
    pub tags: Vec<(Arc<str>, Arc<str>)>,
    /// The encryption configuration as it was given.
    pub encryption_configuration: Option<Value>,
}

/// What became of a new activity.
#[derive(Clone, Debug, PartialEq)]
pub enum CreateActivityOutcome {
    /// It was registered.
    Created(Activity),
    /// One of that name is registered already.
    Exists(Activity),
}

/// What is stored of an activity.
#[derive(Serialize, Deserialize)]
struct Stored {
    first: StoredFirst,
    encryption_configuration: Option<String>,
}

/// The first shape of a stored activity.
#[derive(Serialize, Deserialize)]
struct StoredFirst {
    name: Arc<str>,
    arn: Arc<str>,
    created_at: Timestamp,
    tags: Vec<(Arc<str>, Arc<str>)>,
}

/// The version of [`Stored`].
const STORED_VERSION: u8 = records::VERSION + 1;

/// A task that a worker was given.
#[derive(Clone, Debug, PartialEq)]
pub struct ActivityTask {
    /// The token to answer with.
    pub token: Arc<str>,
    /// The task's input.
    pub input: Payload,
}

/// A task that waits for a worker.
#[derive(Clone, Debug)]
pub(crate) struct QueuedTask {
    pub(crate) activity: Arc<str>,
    pub(crate) execution: ExecutionArn,
    pub(crate) scope: ScopeId,
    pub(crate) task: EventId,
}

/// A task that was taken out of its queue for a worker. Unless it is handed on, it goes back to where it was: a worker may
/// give up at any moment.
pub(crate) struct HeldTask<'a> {
    activities: &'a Activities,
    task: Option<QueuedTask>,
}

impl HeldTask<'_> {
    /// The task, where it has not been handed on.
    pub(crate) fn task(&self) -> Option<&QueuedTask> {
        self.task.as_ref()
    }

    /// Somebody else answers for it from now on.
    pub(crate) fn hand_on(mut self) {
        self.task = None;
    }
}

impl Drop for HeldTask<'_> {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            self.activities.put_back(task);
        }
    }
}

/// The registered activities and their queues. Cheap to clone.
#[derive(Clone)]
pub struct Activities {
    inner: Arc<Inner>,
}

struct Inner {
    store: Arc<dyn Store>,
    commits: Arc<GroupCommit>,
    partition: Partition,
    clock: Arc<dyn Clock>,
    quotas: Quotas,
    /// One change at a time: each reads, decides and writes.
    changes: tokio::sync::Mutex<()>,
    queues: Mutex<HashMap<Arc<str>, Arc<Queue>>>,
}

#[derive(Default)]
struct Queue {
    tasks: Mutex<Waiting>,
    arrived: Notify,
}

/// The tasks in their order. An execution that was dropped from memory and comes back offers its tasks again, so each
/// stands here once.
#[derive(Default)]
struct Waiting {
    order: VecDeque<QueuedTask>,
    known: HashSet<(ExecutionArn, EventId)>,
    /// How many workers poll.
    workers: u64,
}

/// A worker's place among those that poll; given back when it is dropped.
pub(crate) struct Polling {
    queue: Arc<Queue>,
}

impl Drop for Polling {
    fn drop(&mut self) {
        lock(&self.queue.tasks).workers -= 1;
    }
}

impl Activities {
    pub(crate) fn new(store: Arc<dyn Store>, commits: Arc<GroupCommit>, config: &EngineConfig) -> Activities {
        let EngineConfig { partition, clock, quotas, .. } = config.clone();
        let (changes, queues) = (tokio::sync::Mutex::new(()), Mutex::new(HashMap::new()));
        Activities { inner: Arc::new(Inner { store, commits, partition, clock, quotas, changes, queues }) }
    }

    /// Registers an activity, unless one of its name is registered: that one's date, tags and encryption stay.
    pub async fn create(
        &self,
        name: &str,
        tags: Vec<(Arc<str>, Arc<str>)>,
        encryption_configuration: Option<Value>,
    ) -> Result<CreateActivityOutcome, EngineError> {
        let _one_at_a_time = self.inner.changes.lock().await;
        let arn: Arc<str> = self.inner.partition.activity(name).into();
        if let Some(existing) = self.get(&arn)? {
            return Ok(CreateActivityOutcome::Exists(existing));
        }
        let count = quotas::count(&*self.inner.store, Table::Activities)?;
        if count >= self.inner.quotas.activities {
            return Err(EngineError::Quota(Quota::Activities));
        }
        let created_at = self.inner.clock.now();
        let activity = Activity { name: name.into(), arn, created_at, tags, encryption_configuration };
        let mut batch = Batch::new();
        quotas::put_count(&mut batch, Table::Activities, count + 1);
        put(&activity, &mut batch);
        self.commit(batch).await?;
        Ok(CreateActivityOutcome::Created(activity))
    }

    /// The activity with the ARN.
    pub fn get(&self, arn: &str) -> Result<Option<Activity>, EngineError> {
        let name = arn.splitn(7, ':').nth(6).unwrap_or("");
        if name.is_empty() || self.inner.partition.activity(name) != arn {
            return Ok(None);
        }
        let key = keys::activity(name);
        match self.inner.store.get(Table::Activities, &key)? {
            Some(bytes) => read(&key, &bytes).map(Some),
            None => Ok(None),
        }
    }

    /// Replaces the tags of an activity; `false` if there is none of that ARN.
    pub async fn set_tags(&self, arn: &str, tags: Vec<(Arc<str>, Arc<str>)>) -> Result<bool, EngineError> {
        let _one_at_a_time = self.inner.changes.lock().await;
        let Some(activity) = self.get(arn)? else { return Ok(false) };
        let mut batch = Batch::new();
        put(&Activity { tags, ..activity }, &mut batch);
        self.commit(batch).await.map(|()| true)
    }

    /// Takes an activity out of the registry. Its tasks that wait already stay in their executions.
    pub async fn delete(&self, arn: &str) -> Result<(), EngineError> {
        let _one_at_a_time = self.inner.changes.lock().await;
        let Some(activity) = self.get(arn)? else { return Ok(()) };
        let mut batch = Batch::new();
        batch.delete(Table::Activities, keys::activity(&activity.name));
        let count = quotas::count(&*self.inner.store, Table::Activities)?;
        quotas::put_count(&mut batch, Table::Activities, count.saturating_sub(1));
        self.commit(batch).await
    }

    /// The activities by name, behind the given name.
    pub fn list(&self, after_name: Option<&str>, limit: usize) -> Result<Page<Activity>, EngineError> {
        let mut range = KeyRange::all();
        if let Some(name) = after_name {
            range = range.resume_after(&keys::activity(name), Direction::Forward);
        }
        let page = self.inner.store.scan(Table::Activities, range, Direction::Forward, limit)?;
        let items: Vec<Activity> =
            page.records.iter().map(|(key, bytes)| read(key, bytes)).collect::<Result<_, _>>()?;
        let next = page.has_more.then(|| items.last().map(|last| last.name.as_bytes().to_vec())).flatten();
        Ok(Page { items, next })
    }

    /// Puts a task into its activity's queue.
    pub(crate) fn offer(&self, activity: &str, execution: ExecutionArn, scope: ScopeId, task: EventId) {
        let queue = self.queue(activity);
        let mut waiting = lock(&queue.tasks);
        if waiting.known.insert((execution.clone(), task)) {
            waiting.order.push_back(QueuedTask { activity: activity.into(), execution, scope, task });
            queue.arrived.notify_one();
        }
    }

    /// Gives back a task that its worker did not wait for: it comes before those that wait.
    pub(crate) fn put_back(&self, task: QueuedTask) {
        let queue = self.queue(&task.activity);
        let mut waiting = lock(&queue.tasks);
        if waiting.known.insert((task.execution.clone(), task.task)) {
            waiting.order.push_front(task);
            queue.arrived.notify_one();
        }
    }

    /// The next task of an activity, first come first served.
    pub(crate) async fn next(&self, activity: &str) -> HeldTask<'_> {
        let queue = self.queue(activity);
        loop {
            let arrived = queue.arrived.notified();
            let (task, more) = {
                let mut waiting = lock(&queue.tasks);
                let task = waiting.order.pop_front();
                if let Some(task) = &task {
                    waiting.known.remove(&(task.execution.clone(), task.task));
                }
                (task, !waiting.order.is_empty())
            };
            if more {
                // A worker that gave up waiting may have taken a notice with it.
                queue.arrived.notify_one();
            }
            match task {
                Some(task) => return HeldTask { activities: self, task: Some(task) },
                None => arrived.await,
            }
        }
    }

    /// A place among the workers that poll for an activity's tasks; `None` where there are as many as there may be.
    pub(crate) fn polling(&self, activity: &str) -> Option<Polling> {
        let queue = self.queue(activity);
        let quota = self.inner.quotas.activity_workers;
        let mut waiting = lock(&queue.tasks);
        if waiting.workers >= quota {
            return None;
        }
        waiting.workers += 1;
        drop(waiting);
        Some(Polling { queue })
    }

    async fn commit(&self, batch: Batch) -> Result<(), EngineError> {
        self.inner.commits.enqueue(batch).await?.await?;
        Ok(())
    }

    /// Keeps changes out for as long as it is held.
    pub(crate) async fn changes(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.inner.changes.lock().await
    }

    fn queue(&self, activity: &str) -> Arc<Queue> {
        let mut queues = lock(&self.inner.queues);
        if let Some(queue) = queues.get(activity) {
            return queue.clone();
        }
        let queue = Arc::new(Queue::default());
        queues.insert(activity.into(), queue.clone());
        queue
    }
}

fn put(activity: &Activity, batch: &mut Batch) {
    let Activity { name, arn, created_at, tags, encryption_configuration } = activity.clone();
    let stored = Stored {
        first: StoredFirst { name, arn, created_at, tags },
        encryption_configuration: encryption_configuration.as_ref().map(Value::to_text),
    };
    let record = records::seal_as(STORED_VERSION, &stored);
    batch.put(Table::Activities, keys::activity(&activity.name), record);
}

fn read(key: &[u8], bytes: &[u8]) -> Result<Activity, EngineError> {
    let stored: Stored = records::open_as(Table::Activities, key, bytes, |version, payload| match version {
        STORED_VERSION => Some(postcard::from_bytes(payload)),
        records::VERSION => {
            Some(postcard::from_bytes(payload).map(|first| Stored { first, encryption_configuration: None }))
        }
        _ => None,
    })?;
    let StoredFirst { name, arn, created_at, tags } = stored.first;
    let encryption_configuration = stored.encryption_configuration.and_then(|text| json::parse(&text).ok());
    Ok(Activity { name, arn, created_at, tags, encryption_configuration })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_activity_of_the_first_shape_is_read() {
        let first = StoredFirst {
            name: "a".into(),
            arn: "arn".into(),
            created_at: Timestamp(7),
            tags: vec![("k".into(), "v".into())],
        };
        let activity = read(b"a", &records::seal(&first)).unwrap();
        let expected = Activity {
            name: "a".into(),
            arn: "arn".into(),
            created_at: Timestamp(7),
            tags: vec![("k".into(), "v".into())],
            encryption_configuration: None,
        };
        assert_eq!(activity, expected);
    }
}
