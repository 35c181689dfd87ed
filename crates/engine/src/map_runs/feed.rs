//! What the children of a Map Run get: items, each through the ItemSelector, put into batches where the Map says so.

use super::source::Source;
use crate::clock::Drawn;
use crate::shared::Shared;
use asl::{Definition, ItemReader};
use json::{Payload, Value};
use machine::{BatchPlan, Execution, Gathered, MapItem, MapRunPlan, Outside, ScopeId, select_item};
use model::{Failure, error_name, limits};
use std::sync::Arc;
use tasks::Caller;

/// Where items of a state's input come from.
const STATE_DATA: &str = "STATE_DATA";

/// The inputs of the children, in their order.
pub(crate) struct Feed {
    items: Items,
    selector: Selector,
    batch: Option<BatchPlan>,
    /// The number of the next item.
    index: u64,
    /// The place of the next child.
    place: u64,
    /// An item that did not fit into the batch before it.
    left_over: Option<Value>,
}

/// The input of a child.
pub(crate) struct Ready {
    /// Its place among the children.
    pub(crate) place: u64,
    /// How many items it holds.
    pub(crate) items: u64,
    pub(crate) input: Payload,
}

/// What evaluates ItemSelectors: the execution as it was when the run began, which does not change while it waits.
pub(crate) struct Selector {
    pub(crate) shared: Shared,
    pub(crate) execution: Execution,
    pub(crate) definition: Arc<Definition>,
    pub(crate) scope: ScopeId,
}

/// The items, in their order.
enum Items {
    Array(Arc<Vec<Value>>),
    Members(Vec<(Arc<str>, Value)>),
    /// What a reader reads.
    Read(Box<Source>),
}

impl Feed {
    /// The error is that of the run.
    pub(crate) fn new(
        plan: &MapRunPlan,
        reader: Option<&ItemReader>,
        selector: Selector,
    ) -> Result<Feed, Failure> {
        let items = match plan.items.as_ref().map(|items| items.0.value()) {
            Some(Value::Array(items)) => Items::Array(items.clone()),
            Some(Value::Object(members)) => {
                Items::Members(members.iter().map(|(name, value)| (name.clone(), value.clone())).collect())
            }
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
                Items::Members(Vec::new())
            }
            None => Items::Read(Box::new(source(plan, reader, &selector)?)),
        };
        Ok(Feed { items, selector, batch: plan.batch.clone(), index: 0, place: 0, left_over: None })
    }

    /// How many items there are, where that is known from the beginning.
    pub(crate) fn total(&self) -> Option<u64> {
        match &self.items {
            Items::Array(items) => Some(items.len() as u64),
            Items::Members(members) => Some(members.len() as u64),
            Items::Read(_) => None,
        }
    }

    /// The next child's input. The error is that of the run.
    pub(crate) async fn next(&mut self) -> Result<Option<Ready>, Failure> {
        let (items, input) = match self.batch.clone() {
            None => match self.selected().await? {
                Some(item) => (1, item),
                None => return Ok(None),
            },
            Some(batch) => match self.batched(&batch).await? {
                Some(batch) => batch,
                None => return Ok(None),
            },
        };
        let input = Payload::from(input);
        if input.size() > limits::PAYLOAD_SIZE {
            return Err(too_large());
        }
        let place = self.place;
        self.place += 1;
        Ok(Some(Ready { place, items, input }))
    }

    async fn batched(&mut self, batch: &BatchPlan) -> Result<Option<(u64, Value)>, Failure> {
        let mut gathered = Gathered::new(batch);
        while !gathered.is_full() {
            let item = match self.left_over.take() {
                Some(item) => Some(item),
                None => self.selected().await?,
            };
            let Some(item) = item else { break };
            if let Err(item) = gathered.add(item) {
                self.left_over = Some(item);
                break;
            }
        }
        Ok(gathered.finish())
    }

    async fn selected(&mut self) -> Result<Option<Value>, Failure> {
        let Some(item) = self.item().await? else { return Ok(None) };
        self.index += 1;
        self.selector.select(item).map(Some)
    }

    async fn item(&mut self) -> Result<Option<MapItem>, Failure> {
        let place = usize::try_from(self.index).unwrap_or(usize::MAX);
        let found = match &mut self.items {
            Items::Array(items) => items.get(place).map(|item| (None, item.clone(), STATE_DATA.into())),
            Items::Members(members) => {
                members.get(place).map(|(key, value)| (Some(key.clone()), value.clone(), STATE_DATA.into()))
            }
            Items::Read(source) => {
                let read = source.next().await?;
                read.map(|(record, source)| (record.key, record.value, source))
            }
        };
        let index = self.index;
        Ok(found.map(|(key, value, source)| MapItem { index, value, key, source: Some(source) }))
    }
}

fn source(plan: &MapRunPlan, reader: Option<&ItemReader>, selector: &Selector) -> Result<Source, Failure> {
    let failed = |cause: &str| Failure::new(error_name::ITEM_READER_FAILED, cause);
    let (shared, about) = (&selector.shared, selector.execution.about.as_ref());
    let execution_role = about.map(|about| about.role_arn.clone()).unwrap_or_default();
    let caller = Caller { execution_role, credentials_role: None };
    let objects = shared.tasks.objects(&shared.config.partition.region, caller);
    let objects = objects.ok_or_else(|| failed("No service that keeps objects is connected"))?;
    let reader = reader.ok_or_else(|| failed("The Map has no ItemReader"))?;
    Source::new(objects, reader, plan)
}

impl Selector {
    fn select(&mut self, item: MapItem) -> Result<Value, Failure> {
        let config = &self.shared.config;
        let outside = Outside {
            now: config.clock.now(),
            entropy: &mut Drawn(&*config.randomness),
            activity_exists: &|_| false,
            wait_scale: config.wait_scale,
        };
        select_item(&mut self.execution, &self.definition, self.scope, item, outside)
    }
}

// AWS: the limit is documented, the error is unconfirmed, chosen as for other data over its limit.
fn too_large() -> Failure {
    Failure::new(
        error_name::DATA_LIMIT_EXCEEDED,
        "The input of a child workflow execution exceeds the maximum number of bytes service limit.",
    )
}
