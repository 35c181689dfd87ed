//! Map Runs: what an execution says of one that it waits for, and what an item becomes before a child gets it.

use crate::decide::Run;
use crate::execution::{Execution, Position, ScopeId, Work};
use crate::failure::Trouble;
use crate::sight::Sight;
use crate::stimulus::Outside;
use asl::{Definition, StateKind};
use json::Value;
use model::history::StoredPayload;
use model::{EventId, Failure, MapRunArn, StateMachineType, error_name, limits};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::sync::Arc;

/// What a Map Run is to do: everything of its state that was evaluated when it began.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MapRunPlan {
    /// Its ARN.
    pub arn: MapRunArn,
    /// The type of its children.
    pub execution_type: StateMachineType,
    /// MaxConcurrency; 0: as many as the service runs.
    pub max_concurrency: u64,
    /// ToleratedFailureCount, where it is given.
    pub tolerated_failure_count: Option<u64>,
    /// ToleratedFailurePercentage, where it is given.
    pub tolerated_failure_percentage: Option<f64>,
    /// The items from the state's input, an array or an object; `None` where an ItemReader reads them.
    pub items: Option<StoredPayload>,
    /// Parameters of the ItemReader.
    pub reader: Option<StoredPayload>,
    /// MaxItems of the ItemReader; 0: every item.
    pub max_items: i64,
    /// What the ItemBatcher says.
    pub batch: Option<BatchPlan>,
    /// Parameters of the ResultWriter, where it exports.
    pub writer: Option<StoredPayload>,
}

/// How items are put together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BatchPlan {
    /// The most items of a batch.
    pub max_items: Option<u64>,
    /// The most bytes of a batch.
    pub max_bytes: Option<u64>,
    /// BatchInput, where it is given.
    pub input: Option<StoredPayload>,
}

/// A Map Run that an execution waits for.
#[derive(Clone, Debug, PartialEq)]
pub struct OutstandingMapRun {
    /// The scope of its Map.
    pub scope: ScopeId,
    /// The event that started or redrove it; its name in [`crate::Stimulus::MapRunEnded`].
    pub run: EventId,
    /// How often it was redriven.
    pub redrives: u64,
    /// The name of its Map.
    pub state: Arc<str>,
    /// What it is to do.
    pub plan: Arc<MapRunPlan>,
}

/// An item of a Map, as its ItemSelector sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct MapItem {
    /// Which, from 0.
    pub index: u64,
    /// The item.
    pub value: Value,
    /// Its key, where the items are an object's members.
    pub key: Option<Arc<str>>,
    /// Where it comes from; `None` in an inline Map.
    pub source: Option<Arc<str>>,
}

impl MapRunPlan {
    /// How many items the state's input holds: the length that history shows.
    pub(crate) fn length(&self) -> u64 {
        self.items.as_ref().map_or(0, |items| length(items.0.value()))
    }
}

/// How many items there are in an array or an object.
pub(crate) fn length(items: &Value) -> u64 {
    match items {
        Value::Array(items) => items.len() as u64,
        Value::Object(members) => members.len() as u64,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

impl BatchPlan {
    /// The next batch, with how many items it holds: of what was left over from the one before, and of what `next` gives.
    /// `None` where there is no item any more.
    pub fn gather<E>(
        &self,
        left_over: &mut Option<Value>,
        mut next: impl FnMut() -> Result<Option<Value>, E>,
    ) -> Result<Option<(u64, Value)>, E> {
        let mut gathered = Gathered::new(self);
        while !gathered.is_full() {
            let item = match left_over.take() {
                Some(item) => Some(item),
                None => next()?,
            };
            let Some(item) = item else { break };
            if let Err(item) = gathered.add(item) {
                *left_over = Some(item);
                break;
            }
        }
        Ok(gathered.finish())
    }
}

/// A batch that is being put together.
#[derive(Debug)]
pub struct Gathered<'p> {
    plan: &'p BatchPlan,
    most_bytes: usize,
    items: Vec<Value>,
    bytes: usize,
}

impl<'p> Gathered<'p> {
    /// A batch without items.
    pub fn new(plan: &'p BatchPlan) -> Gathered<'p> {
        let most_bytes = plan.max_bytes.map_or(limits::PAYLOAD_SIZE, |bytes| {
            usize::try_from(bytes).unwrap_or(usize::MAX).min(limits::PAYLOAD_SIZE)
        });
        let frame = match &plan.input {
            Some(input) => r#"{"BatchInput":,"Items":[]}"#.len() + input.0.value().to_text().len(),
            None => r#"{"Items":[]}"#.len(),
        };
        Gathered { plan, most_bytes, items: Vec::new(), bytes: frame }
    }

    /// Whether it has as many items as a batch may have.
    pub fn is_full(&self) -> bool {
        self.plan.max_items.is_some_and(|most| self.items.len() as u64 >= most)
    }

    /// Adds an item, or gives it back where it does not fit.
    pub fn add(&mut self, item: Value) -> Result<(), Value> {
        let comma = usize::from(!self.items.is_empty());
        let size = item.to_text().len() + comma;
        // AWS: unconfirmed, an item goes alone where it is larger than a batch may be.
        if !self.items.is_empty() && self.bytes + size > self.most_bytes {
            return Err(item);
        }
        self.bytes += size;
        self.items.push(item);
        Ok(())
    }

    /// The child's input, with how many items it holds; `None` where it holds none.
    pub fn finish(self) -> Option<(u64, Value)> {
        if self.items.is_empty() {
            return None;
        }
        let count = self.items.len() as u64;
        let mut input = json::Object::new();
        if let Some(common) = &self.plan.input {
            input.insert("BatchInput", common.0.value().clone());
        }
        input.insert("Items", Value::array(self.items));
        Some((count, Value::from(input)))
    }
}

impl MapItem {
    /// What a child gets where no ItemSelector says otherwise.
    // AWS: measured for members of objects in JSON files.
    pub(crate) fn into_input(self) -> Value {
        match self.key {
            Some(key) => Value::object([("Key", Value::from(key)), ("Value", self.value)]),
            None => self.value,
        }
    }

    /// `$$.Map.Item`
    pub(crate) fn shown(&self) -> Value {
        let mut item = json::Object::new();
        item.insert("Index", self.index);
        if let Some(key) = &self.key {
            item.insert("Key", key.clone());
        }
        item.insert("Value", self.value.clone());
        if let Some(source) = &self.source {
            item.insert("Source", source.clone());
        }
        Value::from(item)
    }
}

impl Execution {
    /// The Map Runs that the execution waits for.
    pub fn map_runs(&self) -> Vec<OutstandingMapRun> {
        if self.is_closed() {
            return Vec::new();
        }
        let of = |(scope, state): (&ScopeId, &crate::Scope)| match &state.position {
            Position::In(visit) => match &visit.work {
                Work::Distributed(run) if run.started.0 > 0 => Some(OutstandingMapRun {
                    scope: *scope,
                    run: run.started,
                    redrives: run.redrives,
                    state: visit.name.clone(),
                    plan: run.plan.clone(),
                }),
                Work::Distributed(_)
                | Work::None
                | Work::Task(_)
                | Work::Waiting { .. }
                | Work::Retrying { .. }
                | Work::Parallel(_)
                | Work::Map(_) => None,
            },
            Position::Ready | Position::Exited(_) => None,
        };
        self.scopes.iter().filter_map(of).collect()
    }
}

/// What the ItemSelector of the Map in `scope` makes of an item, or the item itself where there is none. The execution is
/// the one that waits for the Map Run; it is not changed. An error is that of the Map Run, as its history shows it.
pub fn select_item(
    execution: &mut Execution,
    definition: &Definition,
    scope: ScopeId,
    item: MapItem,
    outside: Outside<'_>,
) -> Result<Value, Failure> {
    let mut run = Run {
        execution,
        definition,
        now: outside.now,
        entropy: outside.entropy,
        activity_exists: outside.activity_exists,
        trial: None,
        facts: Vec::new(),
        steps: VecDeque::new(),
    };
    let prefix = run.state_prefix(scope);
    run.selected(scope, item).map_err(|trouble| match trouble {
        Trouble::Runtime(text) => Failure::new(error_name::RUNTIME, format!("{prefix}{text}")),
        Trouble::Query(error) => {
            Failure::new(error_name::QUERY_EVALUATION_ERROR, format!("{prefix}{}", error.message))
        }
        Trouble::ReferencePathConflict(text) => Failure::new(error_name::REFERENCE_PATH_CONFLICT, text),
        Trouble::TooLarge => Failure::named(error_name::DATA_LIMIT_EXCEEDED),
        Trouble::Failed(error) => error.failure,
    })
}

impl Run<'_> {
    fn selected(&mut self, scope: ScopeId, item: MapItem) -> Result<Value, Trouble> {
        let Some((state, input)) = self.current(scope) else { return Ok(item.into_input()) };
        let StateKind::Map(map) = &state.kind else { return Ok(item.into_input()) };
        let Some(template) = &map.item_selector else { return Ok(item.into_input()) };
        let effective = self.select(scope, &state.input_path, &input)?;
        let sight = Sight { item: Some(item), ..Sight::of_input(effective.value()) };
        self.fill(scope, template, &sight)
    }
}
