//! Published versions of state machines: numbered revisions that stay as they are.

use crate::error::{EngineError, PublishError};
use crate::machines::{StateMachine, StateMachineUpdate, StateMachines, put};
use crate::page::Page;
use crate::{keys, records};
use model::{StateMachineArn, Timestamp, limits};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::{Batch, Direction, Table, Walk};

/// What a version is published with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Publication {
    /// Its description.
    pub description: Option<Arc<str>>,
}

/// A published version.
#[derive(Clone, Debug)]
pub struct Version {
    /// Its ARN.
    pub arn: Arc<str>,
    /// Its number, from 1.
    pub number: u64,
    /// Its description.
    pub description: Option<Arc<str>>,
    /// When it was published.
    pub created_at: Timestamp,
    /// The number of the revision that it is.
    pub(crate) revision: u64,
}

/// What is stored of a version.
#[derive(Serialize, Deserialize)]
struct Stored {
    number: u64,
    revision: u64,
    description: Option<Arc<str>>,
    created_at: Timestamp,
}

/// What is stored of all versions of a machine: numbers are never given twice, whatever was deleted.
#[derive(Default, Serialize, Deserialize)]
struct Published {
    /// The greatest number that was ever given.
    latest: u64,
    /// What version 1 was published with, where the machine was created with it.
    at_creation: Option<Option<Arc<str>>>,
}

impl StateMachines {
    /// The version of that number.
    pub fn version(&self, machine: &StateMachineArn, number: u64) -> Result<Option<Version>, EngineError> {
        if number == 0 || self.get(&machine.0)?.is_none() {
            return Ok(None);
        }
        let key = keys::version(machine.name(), number);
        match self.inner.store.get(Table::Versions, &key)? {
            Some(bytes) => read(machine, &key, &bytes).map(Some),
            None => Ok(None),
        }
    }

    /// The machine as it was when the version was published.
    pub fn at_version(
        &self,
        machine: &StateMachineArn,
        version: &Version,
    ) -> Result<Arc<StateMachine>, EngineError> {
        self.revision(machine, version.revision)
    }

    /// The versions of a machine whose numbers are lower than `before`, the highest first.
    pub fn versions(
        &self,
        machine: &StateMachineArn,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Page<Version>, EngineError> {
        let range = keys::versions_below(machine.name(), before.unwrap_or(u64::MAX));
        let page = self.inner.store.scan(Table::Versions, range, Direction::Reverse, limit)?;
        let items: Vec<Version> =
            page.records.iter().map(|(key, bytes)| read(machine, key, bytes)).collect::<Result<_, _>>()?;
        let next = page.has_more.then(|| items.last().map(|last| last.number.to_be_bytes().to_vec()));
        Ok(Page { items, next: next.flatten() })
    }

    /// What version 1 was published with when the machine was created; `None` where it was created without one.
    pub fn publication_at_creation(
        &self,
        machine: &StateMachine,
    ) -> Result<Option<Publication>, EngineError> {
        let created_with = self.published(machine)?.at_creation;
        Ok(created_with.map(|description| Publication { description }))
    }

    /// Publishes the current revision, unless it is published already. With an expected revision id (`None` inside stands
    /// for the first revision, which has none) only where that is the current one.
    pub async fn publish(
        &self,
        machine: &str,
        expected: Option<Option<&str>>,
        publication: Publication,
    ) -> Result<Version, PublishError> {
        let _one_at_a_time = self.inner.changes.lock().await;
        let current = self.get(machine)?.ok_or(PublishError::NoMachine)?;
        if expected.is_some_and(|expected| expected != current.revision_id.as_deref()) {
            return Err(PublishError::OtherRevision { current: current.revision_id.clone() });
        }
        let mut batch = Batch::new();
        let version = self.put_version(&current, publication, &mut batch)?;
        if !batch.is_empty() {
            self.commit(batch).await?;
        }
        Ok(version)
    }

    /// Changes a machine and publishes what it is then.
    pub async fn update_and_publish(
        &self,
        machine: &str,
        update: StateMachineUpdate,
        publication: Publication,
    ) -> Result<(Arc<StateMachine>, Version), PublishError> {
        let _one_at_a_time = self.inner.changes.lock().await;
        let current = self.get(machine)?.ok_or(PublishError::NoMachine)?;
        let (changed, is_new_revision) = self.changed(&current, update)?;
        let mut batch = Batch::new();
        put(&changed, is_new_revision, &mut batch);
        let version = self.put_version(&changed, publication, &mut batch)?;
        self.commit(batch).await?;
        Ok((self.remembered(changed), version))
    }

    /// Deletes a version, unless aliases route to it; their names are given then. One that is not there is deleted just as
    /// well. Executions that run it go on.
    pub async fn delete_version(
        &self,
        machine: &StateMachineArn,
        number: u64,
    ) -> Result<Result<(), Vec<Arc<str>>>, EngineError> {
        let _one_at_a_time = self.inner.changes.lock().await;
        if self.version(machine, number)?.is_none() {
            return Ok(Ok(()));
        }
        let routing: Vec<Arc<str>> =
            self.aliases_to(machine, Some(number))?.into_iter().map(|alias| alias.name).collect();
        if !routing.is_empty() {
            return Ok(Err(routing));
        }
        let mut batch = Batch::new();
        batch.delete(Table::Versions, keys::version(machine.name(), number));
        self.commit(batch).await.map(Ok)
    }

    /// Deletes all versions and aliases of a machine.
    pub(crate) fn delete_qualified(
        &self,
        machine: &StateMachine,
        batch: &mut Batch,
    ) -> Result<(), EngineError> {
        let versions = keys::versions_below(&machine.name, u64::MAX);
        for (table, range) in [(Table::Versions, versions), (Table::Aliases, keys::aliases(&machine.name))] {
            for record in Walk::new(&*self.inner.store, table, range, Direction::Forward) {
                batch.delete(table, record?.0);
            }
        }
        batch.delete(Table::Versions, keys::version(&machine.name, 0));
        Ok(())
    }

    /// The version that the machine's revision is; where it is none yet, it becomes one in the batch.
    fn put_version(
        &self,
        machine: &StateMachine,
        publication: Publication,
        batch: &mut Batch,
    ) -> Result<Version, PublishError> {
        // Numbers and revisions grow together, so only the highest version can be of the current revision.
        let known = self.versions(&machine.arn, None, limits::VERSIONS)?.items;
        if let Some(version) = known.first().filter(|version| version.revision == machine.revision) {
            return Ok(version.clone());
        }
        if known.len() >= limits::VERSIONS {
            return Err(PublishError::TooManyVersions);
        }
        let published = self.published(machine)?;
        let number = published.latest.saturating_add(1);
        let published = Published { latest: number, ..published };
        batch.put(Table::Versions, keys::version(&machine.name, 0), records::seal(&published));
        Ok(put_stored(machine, number, publication, self.inner.clock.now(), batch))
    }

    fn published(&self, machine: &StateMachine) -> Result<Published, EngineError> {
        let key = keys::version(&machine.name, 0);
        match self.inner.store.get(Table::Versions, &key)? {
            Some(bytes) => records::open(Table::Versions, &key, &bytes),
            None => Ok(Published::default()),
        }
    }
}

/// Puts version 1 of a machine that is just being created into a batch.
pub(crate) fn put_first(machine: &StateMachine, publication: Publication, batch: &mut Batch) {
    let published = Published { latest: 1, at_creation: Some(publication.description.clone()) };
    batch.put(Table::Versions, keys::version(&machine.name, 0), records::seal(&published));
    put_stored(machine, 1, publication, machine.created_at, batch);
}

fn put_stored(
    machine: &StateMachine,
    number: u64,
    publication: Publication,
    created_at: Timestamp,
    batch: &mut Batch,
) -> Version {
    let Publication { description } = publication;
    let stored = Stored { number, revision: machine.revision, description, created_at };
    batch.put(Table::Versions, keys::version(&machine.name, number), records::seal(&stored));
    stored.into_version(&machine.arn)
}

fn read(machine: &StateMachineArn, key: &[u8], bytes: &[u8]) -> Result<Version, EngineError> {
    records::open::<Stored>(Table::Versions, key, bytes).map(|stored| stored.into_version(machine))
}

impl Stored {
    fn into_version(self, machine: &StateMachineArn) -> Version {
        let Stored { number, revision, description, created_at } = self;
        Version { arn: machine.version(number), number, description, created_at, revision }
    }
}
