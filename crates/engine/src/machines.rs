//! State machines: what is registered, and every revision that an execution may still run.

use crate::clock::{Clock, Randomness};
use crate::config::EngineConfig;
use crate::current_machines::CurrentMachines;
use crate::deletions::Deletions;
use crate::duties::Duty;
use crate::error::EngineError;
use crate::page::Page;
use crate::quotas::{self, Quota};
use crate::versions::{self, Publication};
use crate::{keys, records};
use asl::Definition;
use json::Value;
use model::{Partition, StateMachineArn, StateMachineStatus, StateMachineType, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use store::{Batch, Direction, GroupCommit, KeyRange, Store, Table};

/// Revisions that are kept compiled in memory.
const CACHED_REVISIONS: usize = 4096;

/// A state machine, at one revision.
#[derive(Clone, Debug)]
pub struct StateMachine {
    /// Its ARN.
    pub arn: StateMachineArn,
    /// Its name.
    pub name: Arc<str>,
    /// Standard or Express.
    pub machine_type: StateMachineType,
    /// The definition as it was given, to the byte.
    pub definition_text: Arc<str>,
    /// The definition, compiled.
    pub definition: Arc<Definition>,
    /// Its role.
    pub role_arn: Arc<str>,
    /// The logging configuration as it was given.
    pub logging_configuration: Option<Value>,
    /// The tracing configuration as it was given.
    pub tracing_configuration: Option<Value>,
    /// The encryption configuration as it was given.
    pub encryption_configuration: Option<Value>,
    /// Its tags, in the order in which they were given.
    pub tags: Vec<(Arc<str>, Arc<str>)>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last updated.
    pub updated_at: Option<Timestamp>,
    /// The id of its revision; `None` for the first.
    pub revision_id: Option<Arc<str>>,
    /// Active, or being deleted.
    pub status: StateMachineStatus,
    /// The number of the revision in the store; set by the registry.
    pub revision: u64,
}

impl StateMachine {
    /// A machine as it is created, with nothing configured.
    pub fn new(
        arn: StateMachineArn,
        machine_type: StateMachineType,
        definition_text: Arc<str>,
        definition: Arc<Definition>,
        role_arn: Arc<str>,
        created_at: Timestamp,
    ) -> StateMachine {
        StateMachine {
            name: arn.name().into(),
            arn,
            machine_type,
            definition_text,
            definition,
            role_arn,
            logging_configuration: None,
            tracing_configuration: None,
            encryption_configuration: None,
            tags: Vec::new(),
            created_at,
            updated_at: None,
            revision_id: None,
            status: StateMachineStatus::Active,
            revision: 0,
        }
    }
}

/// What UpdateStateMachine changes; `None` leaves a member as it is.
#[derive(Clone, Debug, Default)]
pub struct StateMachineUpdate {
    /// The definition: text and compiled.
    pub definition: Option<(Arc<str>, Arc<Definition>)>,
    /// The role.
    pub role_arn: Option<Arc<str>>,
    /// The logging configuration.
    pub logging_configuration: Option<Value>,
    /// The tracing configuration.
    pub tracing_configuration: Option<Value>,
    /// The encryption configuration.
    pub encryption_configuration: Option<Value>,
    /// The tags, all of them. Not a change of revision.
    pub tags: Option<Vec<(Arc<str>, Arc<str>)>>,
}

/// What became of a new machine.
#[derive(Clone, Debug)]
pub enum CreateOutcome {
    /// It was registered.
    Created(Arc<StateMachine>),
    /// One of that name is registered already.
    Exists(Arc<StateMachine>),
}

/// The registered state machines. Cheap to clone.
#[derive(Clone)]
pub struct StateMachines {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) commits: Arc<GroupCommit>,
    partition: Partition,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) randomness: Arc<dyn Randomness>,
    /// How many may be registered.
    quota: u64,
    /// One change at a time: each reads, decides and writes.
    pub(crate) changes: tokio::sync::Mutex<()>,
    revisions: Mutex<HashMap<(StateMachineArn, u64), Arc<StateMachine>>>,
    deletions: Deletions,
    pub(crate) current: CurrentMachines,
}

/// What is stored of a machine.
#[derive(Serialize, Deserialize)]
struct Stored {
    name: Arc<str>,
    machine_type: StateMachineType,
    definition_text: Arc<str>,
    role_arn: Arc<str>,
    logging_configuration: Option<String>,
    tracing_configuration: Option<String>,
    encryption_configuration: Option<String>,
    tags: Vec<(Arc<str>, Arc<str>)>,
    created_at: Timestamp,
    updated_at: Option<Timestamp>,
    revision_id: Option<Arc<str>>,
    status: StateMachineStatus,
    revision: u64,
}

impl StateMachines {
    pub(crate) fn new(
        store: Arc<dyn Store>,
        commits: Arc<GroupCommit>,
        config: &EngineConfig,
    ) -> StateMachines {
        let EngineConfig { partition, clock, randomness, quotas, .. } = config.clone();
        let (changes, revisions) = (tokio::sync::Mutex::new(()), Mutex::new(HashMap::new()));
        let quota = quotas.state_machines;
        let deletions = Deletions::default();
        let current = CurrentMachines::default();
        let inner = Inner {
            store,
            commits,
            partition,
            clock,
            randomness,
            quota,
            changes,
            revisions,
            deletions,
            current,
        };
        StateMachines { inner: Arc::new(inner) }
    }

    /// The machine with the ARN, as it is now.
    pub fn get(&self, arn: &str) -> Result<Option<Arc<StateMachine>>, EngineError> {
        let read_since = match self.inner.current.get(arn) {
            Ok(machine) => return Ok(Some(machine)),
            Err(moment) => moment,
        };
        let arn = StateMachineArn(arn.into());
        if self.inner.partition.state_machine(arn.name()) != arn {
            return Ok(None);
        }
        let key = keys::state_machine(arn.name());
        let Some(bytes) = self.inner.store.get(Table::StateMachines, &key)? else { return Ok(None) };
        let machine = self.read(&key, &bytes)?;
        self.inner.current.hold(&machine, read_since);
        Ok(Some(machine))
    }

    /// Whether the ARN is a machine's own and was looked up lately: a check that it is well formed can be spared then.
    pub fn is_held(&self, arn: &str) -> bool {
        self.inner.current.get(arn).is_ok()
    }

    /// The machine that the children of a distributed Map would run now, by its ARN `…:stateMachine:NAME/LABEL`.
    pub fn of_children(&self, arn: &str) -> Result<Option<Arc<StateMachine>>, EngineError> {
        let arn = StateMachineArn(arn.into());
        let (_, Some(label)) = arn.labelled() else { return Ok(None) };
        let Some(whole) = self.get(&arn.without_label().0)? else { return Ok(None) };
        if whole.definition.distributed_map(label).is_none() {
            return Ok(None);
        }
        self.revision(&arn, whole.revision).map(Some)
    }

    /// Registers a machine, unless one of its name is registered.
    pub async fn create(&self, machine: StateMachine) -> Result<CreateOutcome, EngineError> {
        self.create_and_publish(machine, None).await
    }

    /// Registers a machine, unless one of its name is registered; with a publication, its version 1 too.
    pub async fn create_and_publish(
        &self,
        machine: StateMachine,
        publication: Option<Publication>,
    ) -> Result<CreateOutcome, EngineError> {
        let _one_at_a_time = self.inner.changes.lock().await;
        if let Some(existing) = self.get(&machine.arn.0)? {
            return Ok(CreateOutcome::Exists(existing));
        }
        let count = quotas::count(&*self.inner.store, Table::StateMachines)?;
        if count >= self.inner.quota {
            return Err(EngineError::Quota(Quota::StateMachines));
        }
        let machine = StateMachine { revision: self.next_revision(&machine.arn)?, ..machine };
        let mut batch = Batch::new();
        quotas::put_count(&mut batch, Table::StateMachines, count + 1);
        put(&machine, true, &mut batch);
        if let Some(publication) = publication {
            versions::put_first(&machine, publication, &mut batch);
        }
        self.commit(batch).await?;
        Ok(CreateOutcome::Created(self.remembered(machine)))
    }

    /// Changes a machine; `None` if there is none of that ARN. A change of anything but the tags makes a new revision
    /// with a new id; what is the same as before changes nothing but the date.
    pub async fn update(
        &self,
        arn: &str,
        update: StateMachineUpdate,
    ) -> Result<Option<Arc<StateMachine>>, EngineError> {
        let _one_at_a_time = self.inner.changes.lock().await;
        let Some(current) = self.get(arn)? else { return Ok(None) };
        let (changed, is_new_revision) = self.changed(&current, update)?;
        let mut batch = Batch::new();
        put(&changed, is_new_revision, &mut batch);
        self.commit(batch).await?;
        Ok(Some(self.remembered(changed)))
    }

    /// The machine as an update makes it, and whether that is a new revision.
    pub(crate) fn changed(
        &self,
        current: &StateMachine,
        update: StateMachineUpdate,
    ) -> Result<(StateMachine, bool), EngineError> {
        let mut changed = current.clone();
        let is_tagging = update.tags.is_some();
        if let Some(tags) = update.tags {
            changed.tags = tags;
        }
        if let Some((text, definition)) = update.definition {
            changed.definition_text = text;
            changed.definition = definition;
        }
        changed.role_arn = update.role_arn.unwrap_or(changed.role_arn);
        changed.logging_configuration = update.logging_configuration.or(changed.logging_configuration);
        changed.tracing_configuration = update.tracing_configuration.or(changed.tracing_configuration);
        changed.encryption_configuration =
            update.encryption_configuration.or(changed.encryption_configuration);
        let is_new_revision = changed.definition_text != current.definition_text
            || changed.role_arn != current.role_arn
            || changed.logging_configuration != current.logging_configuration
            || changed.tracing_configuration != current.tracing_configuration
            || changed.encryption_configuration != current.encryption_configuration;
        if is_new_revision {
            changed.revision = self.next_revision(&changed.arn)?;
            changed.revision_id = Some(self.inner.randomness.uuid().to_string().into());
        }
        if is_new_revision || !is_tagging {
            changed.updated_at = Some(self.inner.clock.now());
        }
        Ok((changed, is_new_revision))
    }

    /// Takes a machine out of the registry, and gives the duty to stop its executions, which is owed from then on; `None` if
    /// there is none of that ARN. Its versions and aliases go with it; its revisions stay for the executions that run them.
    pub(crate) async fn delete(&self, arn: &str) -> Result<Option<Duty>, EngineError> {
        let _one_at_a_time = self.inner.changes.lock().await;
        let Some(machine) = self.get(arn)? else { return Ok(None) };
        let duty = Duty::StopExecutions { machine: machine.arn.clone(), last_revision: machine.revision };
        let mut batch = Batch::new();
        batch.delete(Table::StateMachines, keys::state_machine(&machine.name));
        let count = quotas::count(&*self.inner.store, Table::StateMachines)?;
        quotas::put_count(&mut batch, Table::StateMachines, count.saturating_sub(1));
        self.delete_qualified(&machine, &mut batch)?;
        duty.owe(&mut batch);
        self.inner.deletions.add(machine.arn.clone(), machine.revision);
        self.commit(batch).await?;
        Ok(Some(duty))
    }

    /// After the store was opened again: believes in the deletions alone that it shows.
    pub(crate) fn recollect_deletions(&self) -> Result<(), EngineError> {
        self.inner.current.forget();
        self.inner.deletions.forget_where(|machine, last_revision| {
            Ok(self.get(&machine.0)?.is_some_and(|current| current.revision <= last_revision))
        })
    }

    /// Whether the machine was deleted since it was looked up.
    pub(crate) fn is_deleted(&self, machine: &StateMachine) -> bool {
        self.inner.deletions.contain(&machine.arn, machine.revision)
    }

    /// The machines by name, behind the given name.
    pub fn list(
        &self,
        after_name: Option<&str>,
        limit: usize,
    ) -> Result<Page<Arc<StateMachine>>, EngineError> {
        let mut range = KeyRange::all();
        if let Some(name) = after_name {
            range = range.resume_after(&keys::state_machine(name), Direction::Forward);
        }
        let page = self.inner.store.scan(Table::StateMachines, range, Direction::Forward, limit)?;
        let items =
            page.records.iter().map(|(key, bytes)| self.read(key, bytes)).collect::<Result<Vec<_>, _>>()?;
        let next =
            page.has_more.then(|| items.last().map(|machine| machine.name.as_bytes().to_vec())).flatten();
        Ok(Page { items, next })
    }

    /// A machine as it was at a revision.
    pub(crate) fn revision(
        &self,
        arn: &StateMachineArn,
        number: u64,
    ) -> Result<Arc<StateMachine>, EngineError> {
        let cache_key = (arn.clone(), number);
        if let Some(machine) = self.cache().get(&cache_key) {
            return Ok(machine.clone());
        }
        if let (_, Some(label)) = arn.labelled() {
            return self.machine_of_children(arn, label, number);
        }
        let key = keys::revision(arn, number);
        let bytes = self.inner.store.get(Table::Revisions, &key)?.ok_or_else(|| EngineError::Record {
            key: format!("{arn} revision {number}"),
            problem: "it is not there".to_owned(),
        })?;
        let stored: Stored = records::open(Table::Revisions, &key, &bytes)?;
        self.compile(stored)
    }

    /// The machine that the children of a distributed Map run, at a revision of the machine that the Map stands in.
    fn machine_of_children(
        &self,
        arn: &StateMachineArn,
        label: &str,
        number: u64,
    ) -> Result<Arc<StateMachine>, EngineError> {
        let whole = self.revision(&arn.without_label(), number)?;
        let map = whole.definition.distributed_map(label).ok_or_else(|| EngineError::Record {
            key: format!("{arn} revision {number}"),
            problem: "the definition has no distributed Map of that label".to_owned(),
        })?;
        let text = map.distributed.as_ref().map(|distributed| distributed.processor_text.clone());
        let text = text.and_then(|text| whole.definition_text.get(text)).unwrap_or_default();
        let definition = Definition { block: map.processor.clone(), timeout_seconds: None, comment: None };
        let machine = Arc::new(StateMachine {
            arn: arn.clone(),
            name: arn.name().into(),
            definition_text: text.into(),
            definition: Arc::new(definition),
            ..StateMachine::clone(&whole)
        });
        self.remember(&machine);
        Ok(machine)
    }

    fn read(&self, key: &[u8], bytes: &[u8]) -> Result<Arc<StateMachine>, EngineError> {
        let stored: Stored = records::open(Table::StateMachines, key, bytes)?;
        let cache_key = (self.inner.partition.state_machine(&stored.name), stored.revision);
        if let Some(cached) = self.cache().get(&cache_key) {
            // What may change within a revision comes from the record.
            if cached.tags == stored.tags && cached.updated_at == stored.updated_at {
                return Ok(cached.clone());
            }
            let machine = StateMachine::clone(cached);
            return Ok(Arc::new(StateMachine {
                tags: stored.tags,
                updated_at: stored.updated_at,
                ..machine
            }));
        }
        self.compile(stored)
    }

    fn compile(&self, stored: Stored) -> Result<Arc<StateMachine>, EngineError> {
        let arn = self.inner.partition.state_machine(&stored.name);
        let compiled = asl::compile(&stored.definition_text, stored.machine_type).map_err(|problems| {
            EngineError::Definition {
                machine: arn.to_string(),
                problem: asl::invalid_definition_message(&problems),
            }
        })?;
        let machine = Arc::new(StateMachine {
            arn,
            name: stored.name,
            machine_type: stored.machine_type,
            definition_text: stored.definition_text,
            definition: Arc::new(compiled.definition),
            role_arn: stored.role_arn,
            logging_configuration: from_text(stored.logging_configuration),
            tracing_configuration: from_text(stored.tracing_configuration),
            encryption_configuration: from_text(stored.encryption_configuration),
            tags: stored.tags,
            created_at: stored.created_at,
            updated_at: stored.updated_at,
            revision_id: stored.revision_id,
            status: stored.status,
            revision: stored.revision,
        });
        self.remember(&machine);
        Ok(machine)
    }

    pub(crate) async fn commit(&self, batch: Batch) -> Result<(), EngineError> {
        let outcome = async { self.inner.commits.enqueue(batch).await?.await }.await;
        // Before anybody hears of it. A commit that failed may show all the same.
        self.inner.current.forget();
        Ok(outcome?)
    }

    /// The machine, which is durable now, shared.
    pub(crate) fn remembered(&self, machine: StateMachine) -> Arc<StateMachine> {
        let machine = Arc::new(machine);
        self.remember(&machine);
        machine
    }

    fn remember(&self, machine: &Arc<StateMachine>) {
        let mut cache = self.cache();
        if cache.len() >= CACHED_REVISIONS {
            cache.clear();
        }
        cache.insert((machine.arn.clone(), machine.revision), machine.clone());
    }

    fn cache(&self) -> std::sync::MutexGuard<'_, HashMap<(StateMachineArn, u64), Arc<StateMachine>>> {
        self.inner.revisions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Numbers go on where an earlier machine of the same name left off, for its executions may still run.
    fn next_revision(&self, arn: &StateMachineArn) -> Result<u64, EngineError> {
        let latest = self.inner.store.scan(Table::Revisions, keys::revisions(arn), Direction::Reverse, 1)?;
        match latest.records.first() {
            Some((key, bytes)) => {
                records::open::<Stored>(Table::Revisions, key, bytes).map(|stored| stored.revision + 1)
            }
            None => Ok(1),
        }
    }
}

/// Puts a machine, and where it is a new one its revision, into a batch.
pub(crate) fn put(machine: &StateMachine, is_new_revision: bool, batch: &mut Batch) {
    let bytes = records::seal(&Stored::of(machine));
    if is_new_revision {
        batch.put(Table::Revisions, keys::revision(&machine.arn, machine.revision), bytes.clone());
    }
    batch.put(Table::StateMachines, keys::state_machine(&machine.name), bytes);
}

impl Stored {
    fn of(machine: &StateMachine) -> Stored {
        Stored {
            name: machine.name.clone(),
            machine_type: machine.machine_type,
            definition_text: machine.definition_text.clone(),
            role_arn: machine.role_arn.clone(),
            logging_configuration: machine.logging_configuration.as_ref().map(Value::to_text),
            tracing_configuration: machine.tracing_configuration.as_ref().map(Value::to_text),
            encryption_configuration: machine.encryption_configuration.as_ref().map(Value::to_text),
            tags: machine.tags.clone(),
            created_at: machine.created_at,
            updated_at: machine.updated_at,
            revision_id: machine.revision_id.clone(),
            status: machine.status,
            revision: machine.revision,
        }
    }
}

fn from_text(text: Option<String>) -> Option<Value> {
    text.and_then(|text| json::parse(&text).ok())
}
