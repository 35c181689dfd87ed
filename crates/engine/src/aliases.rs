//! Aliases of state machines: names that route executions to one version or two.

use crate::error::{AliasError, EngineError};
use crate::machines::{StateMachine, StateMachines};
use crate::{keys, records};
use model::arn::Qualifier;
use model::{StartedThrough, StateMachineArn, Timestamp, limits};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::{Batch, Direction, Table, Walk};

/// An alias.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alias {
    /// Its name.
    pub name: Arc<str>,
    /// Its description.
    pub description: Option<Arc<str>>,
    /// Where it leads, in the order in which it was said.
    pub routes: Vec<Route>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last updated; at first when it was created.
    pub updated_at: Timestamp,
    /// Aliases of one machine count on in the order of their creation.
    pub place: u64,
}

/// One way that an alias leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// The number of the version.
    pub version: u64,
    /// The share of executions that go there, in hundredths. The shares of an alias make 100.
    pub weight: u32,
}

impl Alias {
    /// The version that one of 100 equally likely draws, from 0, leads to.
    fn drawn(&self, draw: u64) -> Option<u64> {
        let mut below = 0;
        for route in &self.routes {
            below += u64::from(route.weight);
            if draw < below {
                return Some(route.version);
            }
        }
        None
    }
}

impl StateMachines {
    /// The alias of that name.
    pub fn alias(&self, machine: &StateMachineArn, name: &str) -> Result<Option<Alias>, EngineError> {
        if self.get(&machine.0)?.is_none() {
            return Ok(None);
        }
        let key = keys::alias(machine.name(), name);
        match self.inner.store.get(Table::Aliases, &key)? {
            Some(bytes) => records::open(Table::Aliases, &key, &bytes).map(Some),
            None => Ok(None),
        }
    }

    /// The aliases of a machine, or those of them that route to a version, the oldest first.
    pub fn aliases_to(
        &self,
        machine: &StateMachineArn,
        version: Option<u64>,
    ) -> Result<Vec<Alias>, EngineError> {
        let mut found = Vec::new();
        let range = keys::aliases(machine.name());
        for record in Walk::new(&*self.inner.store, Table::Aliases, range, Direction::Forward) {
            let (key, bytes) = record?;
            let alias: Alias = records::open(Table::Aliases, &key, &bytes)?;
            if version.is_none_or(|version| alias.routes.iter().any(|route| route.version == version)) {
                found.push(alias);
            }
        }
        found.sort_unstable_by_key(|alias| alias.place);
        Ok(found)
    }

    /// Creates an alias. One of the same name, routes and description is given back as it is.
    pub async fn create_alias(
        &self,
        machine: &StateMachineArn,
        name: Arc<str>,
        description: Option<Arc<str>>,
        routes: Vec<Route>,
    ) -> Result<Alias, AliasError> {
        let _one_at_a_time = self.inner.changes.lock().await;
        self.check_routes(machine, &routes)?;
        if let Some(existing) = self.alias(machine, &name)? {
            let is_same = existing.routes == routes && existing.description == description;
            return if is_same { Ok(existing) } else { Err(AliasError::Exists) };
        }
        let known = self.aliases_to(machine, None)?;
        if known.len() >= limits::ALIASES {
            return Err(AliasError::TooMany);
        }
        let place = known.last().map_or(0, |last| last.place.saturating_add(1));
        let now = self.inner.clock.now();
        let alias = Alias { name, description, routes, created_at: now, updated_at: now, place };
        self.write_alias(machine, &alias).await?;
        Ok(alias)
    }

    /// Changes an alias; `None` leaves a member as it is. Executions that it led to go on where they are.
    pub async fn update_alias(
        &self,
        machine: &StateMachineArn,
        name: &str,
        description: Option<Arc<str>>,
        routes: Option<Vec<Route>>,
    ) -> Result<Alias, AliasError> {
        let _one_at_a_time = self.inner.changes.lock().await;
        let alias = self.alias(machine, name)?.ok_or(AliasError::DoesNotExist)?;
        if let Some(routes) = &routes {
            self.check_routes(machine, routes)?;
        }
        let alias = Alias {
            description: description.or(alias.description),
            routes: routes.unwrap_or(alias.routes),
            updated_at: self.inner.clock.now(),
            ..alias
        };
        self.write_alias(machine, &alias).await?;
        Ok(alias)
    }

    /// Deletes an alias. One that is not there is deleted just as well.
    pub async fn delete_alias(&self, machine: &StateMachineArn, name: &str) -> Result<(), EngineError> {
        let _one_at_a_time = self.inner.changes.lock().await;
        if self.alias(machine, name)?.is_none() {
            return Ok(());
        }
        let mut batch = Batch::new();
        batch.delete(Table::Aliases, keys::alias(machine.name(), name));
        self.commit(batch).await
    }

    /// The machine that an execution started by the ARN runs: the current revision for a machine's own ARN, a version's for
    /// a version's, and for an alias's one of the versions that it routes to, drawn by their weights.
    pub fn to_start(&self, arn: &str) -> Result<Option<(Arc<StateMachine>, StartedThrough)>, EngineError> {
        if let Ok(machine) = self.inner.current.get(arn) {
            return Ok(Some((machine, StartedThrough::default())));
        }
        let Some((machine, qualifier)) = StateMachineArn::qualified(arn) else {
            return Ok(self.get(arn)?.map(|machine| (machine, StartedThrough::default())));
        };
        let (number, alias_arn) = match qualifier {
            Qualifier::Version(number) => (Some(number), None),
            Qualifier::Alias(name) => {
                let drawn = self
                    .alias(&machine, name)?
                    .and_then(|alias| alias.drawn(self.inner.randomness.next_u64() % 100));
                (drawn, Some(arn.into()))
            }
        };
        let Some(number) = number else { return Ok(None) };
        let Some(version) = self.version(&machine, number)? else { return Ok(None) };
        let started = self.at_version(&machine, &version)?;
        Ok(Some((started, StartedThrough { version_arn: Some(version.arn), alias_arn })))
    }

    fn check_routes(&self, machine: &StateMachineArn, routes: &[Route]) -> Result<(), AliasError> {
        for route in routes {
            self.version(machine, route.version)?.ok_or(AliasError::DoesNotExist)?;
        }
        Ok(())
    }

    async fn write_alias(&self, machine: &StateMachineArn, alias: &Alias) -> Result<(), EngineError> {
        let mut batch = Batch::new();
        batch.put(Table::Aliases, keys::alias(machine.name(), &alias.name), records::seal(alias));
        self.commit(batch).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_draw_leads_where_the_weights_say() {
        let alias = |weights: &[u32]| Alias {
            name: "a".into(),
            description: None,
            routes: weights
                .iter()
                .zip(1..)
                .map(|(weight, version)| Route { version, weight: *weight })
                .collect(),
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
            place: 0,
        };
        let counted = |weights: &[u32]| {
            let drawn: Vec<u64> = (0..100).filter_map(|draw| alias(weights).drawn(draw)).collect();
            (1..=2).map(|version| drawn.iter().filter(|one| **one == version).count()).collect::<Vec<_>>()
        };
        assert_eq!(counted(&[100]), [100, 0]);
        assert_eq!(counted(&[70, 30]), [70, 30]);
        assert_eq!(counted(&[0, 100]), [0, 100]);
        assert_eq!(counted(&[100, 0]), [100, 0]);
    }
}
