//! Map, inline: one run of the processor for each item, so many at once.

use crate::data::{quoted, within_depth};
use crate::decide::{Run, Step};
use crate::execution::{MapRun, ScopeId, Work};
use crate::fact::Private;
use crate::failure::Trouble;
use crate::map_run::MapItem;
use crate::sight::Sight;
use asl::{IntegerField, Map, MapItems, PercentageField, State, StateKind};
use expr::QueryError;
use json::{Kind, Payload, Value};
use model::history::Iteration;
use model::{EventDetails, EventId, limits};

impl Run<'_> {
    pub(crate) fn start_iterations(
        &mut self,
        scope: ScopeId,
        state: &State,
        map: &Map,
        input: &Payload,
    ) -> Result<(), Trouble> {
        self.check_inline(map)?;
        let effective = self.effective(scope, state, input)?;
        let items = self.items(scope, map, effective.value(), false)?;
        let max_concurrency = match self.concurrency(scope, map, effective.value())? {
            0 => limits::INLINE_MAP_CONCURRENCY,
            limit => limit.min(limits::INLINE_MAP_CONCURRENCY),
        };
        let length = items.as_array().map_or(0, <[Value]>::len) as u64;
        self.emit(scope, EventDetails::MapStateStarted { length });
        // AWS: recorded, these are read after the Started event.
        self.tolerated(scope, map, effective.value())?;
        self.note(scope, Private::MapPrepared { items: Payload::from(items).into(), max_concurrency });
        if length == 0 {
            return self.leave_map(scope);
        }
        let started = self.execution.thread(scope);
        self.fill_slots(scope, map, &effective, started)
    }

    /// Refuses what only a distributed Map can do.
    pub(crate) fn check_inline(&self, map: &Map) -> Result<(), Trouble> {
        if map.has_distributed_fields {
            let text =
                "The ItemReader, ItemBatcher and ResultWriter fields are not supported for INLINE maps";
            return Err(Trouble::Runtime(text.to_owned()));
        }
        Ok(())
    }

    /// An iteration reached its end; `slot` is its last event.
    pub(crate) fn iteration_ended(&mut self, scope: ScopeId, slot: EventId) {
        let outcome = self.go_on(scope, slot);
        self.settle(scope, outcome);
    }

    fn go_on(&mut self, scope: ScopeId, slot: EventId) -> Result<(), Trouble> {
        let Some(run) = self.map_run(scope) else { return Ok(()) };
        if run.next_index < run.length {
            let Some((state, input)) = self.current(scope) else { return Ok(()) };
            let StateKind::Map(map) = &state.kind else { return Ok(()) };
            let effective = self.effective(scope, state, &input)?;
            return self.fill_slots(scope, map, &effective, slot);
        }
        if run.running.is_empty() { self.leave_map(scope) } else { Ok(()) }
    }

    /// Starts the iterations that come next, or leaves the state where none is left and none runs.
    pub(crate) fn refill_slots(
        &mut self,
        scope: ScopeId,
        map: &Map,
        effective: &Payload,
        slot: EventId,
    ) -> Result<(), Trouble> {
        self.fill_slots(scope, map, effective, slot)?;
        match self.map_run(scope) {
            Some(run) if run.running.is_empty() => self.leave_map(scope),
            Some(_) | None => Ok(()),
        }
    }

    /// What the first state of an iteration is given.
    pub(crate) fn item_input(
        &mut self,
        scope: ScopeId,
        map: &Map,
        effective: &Payload,
        index: u64,
    ) -> Result<Payload, Trouble> {
        let place = usize::try_from(index).unwrap_or(usize::MAX);
        let item = self.map_run(scope).and_then(|run| run.items.value().item(place)).cloned();
        let item = item.unwrap_or_default();
        match &map.item_selector {
            Some(template) => {
                let item = MapItem { index, value: item, key: None, source: None };
                let sight = Sight { item: Some(item), ..Sight::of_input(effective.value()) };
                self.fill(scope, template, &sight).map(Payload::from)
            }
            None => Ok(Payload::from(item)),
        }
    }

    /// Starts iterations while there are items and room for them. Each points to `slot`.
    fn fill_slots(
        &mut self,
        scope: ScopeId,
        map: &Map,
        effective: &Payload,
        slot: EventId,
    ) -> Result<(), Trouble> {
        while let Some(run) = self.map_run(scope) {
            if run.running.len() as u64 >= run.max_concurrency || run.next_index >= run.length {
                break;
            }
            let index = run.next_index;
            let Some(name) = self.execution.visit(scope).map(|visit| visit.name.clone()) else { break };
            // AWS: recorded, an item whose selector fails has no Started event.
            let input = self.item_input(scope, map, effective, index)?;
            self.emit_after(scope, slot, EventDetails::MapIterationStarted(Iteration { name, index }));
            let Some(child) = self.map_run(scope).and_then(|run| run.running.get(&index)).copied() else {
                break;
            };
            let state = map.processor.start_at.clone();
            self.later(Step::Enter { scope: child, state, input });
        }
        Ok(())
    }

    fn leave_map(&mut self, scope: ScopeId) -> Result<(), Trouble> {
        let Some((state, _)) = self.current(scope) else { return Ok(()) };
        let StateKind::Map(map) = &state.kind else { return Ok(()) };
        let Some(run) = self.map_run(scope) else { return Ok(()) };
        let results = run.results.values().map(|result| result.value().clone()).collect();
        let result = within_depth(Value::array(results))?;
        self.leave_with_result(scope, state, map.result_selector.as_ref(), &map.result_path, result)
    }

    fn map_run(&self, scope: ScopeId) -> Option<&MapRun> {
        match &self.execution.visit(scope)?.work {
            Work::Map(run) => Some(run),
            Work::None
            | Work::Task(_)
            | Work::Waiting { .. }
            | Work::Retrying { .. }
            | Work::Parallel(_)
            | Work::Distributed(_) => None,
        }
    }

    /// The items from the state's input: an array, or where `takes_objects` an object.
    pub(crate) fn items(
        &mut self,
        scope: ScopeId,
        map: &Map,
        input: &Value,
        takes_objects: bool,
    ) -> Result<Value, Trouble> {
        let is_object = |value: &Value| takes_objects && value.as_object().is_some();
        let path = match &map.items {
            MapItems::Path(path) => path,
            MapItems::Query(Some(template)) => {
                let sight = Sight::of_input(input);
                return match template.as_query() {
                    Some(query) => self.query(scope, query, Kind::Array, &sight),
                    None => self.fill_queries(scope, template, &sight),
                };
            }
            MapItems::Query(None) if input.as_array().is_some() || is_object(input) => {
                return Ok(input.clone());
            }
            MapItems::Query(None) => {
                // AWS: recorded test_map_state_items_input_types: without location.
                let message = format!("Map state input must be an array but was: {input}");
                return Err(Trouble::Query(QueryError { location: None, message }));
            }
        };
        let (value, path) = match path {
            None => (input.clone(), "$"),
            Some(path) => match self.read(scope, path, input) {
                Ok(value) => (value, path.text()),
                Err(_) => {
                    let step = match path.path().steps().last() {
                        Some(jsonpath::Step::Name(name)) => name.to_string(),
                        Some(_) | None => path.text().to_owned(),
                    };
                    let text = format!("Unable to apply step \"{step}\" to input {input}");
                    return Err(Trouble::ReferencePathConflict(text));
                }
            },
        };
        match value {
            Value::Array(_) => Ok(value),
            value if is_object(&value) => Ok(value),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                Err(Trouble::Runtime(format!("Reference path \"{path}\" must point to array.")))
            }
        }
    }

    /// MaxConcurrency, 0 where it is not given.
    pub(crate) fn concurrency(&mut self, scope: ScopeId, map: &Map, input: &Value) -> Result<u64, Trouble> {
        let limit = match &map.max_concurrency {
            None => 0,
            Some(field) => self.integer(scope, "MaxConcurrency", field, input)?,
        };
        self.observe(|seen| seen.max_concurrency = u64::try_from(limit).ok());
        // AWS: recorded hanging; failing is our own choice.
        u64::try_from(limit).map_err(|_| {
            out_of_bounds(map.max_concurrency.as_ref(), "MaxConcurrency cannot be negative.".to_owned())
        })
    }

    /// ToleratedFailureCount and ToleratedFailurePercentage, where they are given.
    pub(crate) fn tolerated(
        &mut self,
        scope: ScopeId,
        map: &Map,
        input: &Value,
    ) -> Result<(Option<u64>, Option<f64>), Trouble> {
        let count = match &map.tolerated_failure_count {
            None => None,
            Some(field) => {
                let count = self.integer(scope, "ToleratedFailureCount", field, input)?;
                self.observe(|seen| seen.tolerated_failure_count = u64::try_from(count).ok());
                let negative = || "ToleratedFailureCount cannot be negative.".to_owned();
                Some(u64::try_from(count).map_err(|_| out_of_bounds(Some(field), negative()))?)
            }
        };
        let percentage = match &map.tolerated_failure_percentage {
            None => None,
            Some(field) => Some(self.percentage(scope, field, input)?),
        };
        Ok((count, percentage))
    }

    fn percentage(&mut self, scope: ScopeId, field: &PercentageField, input: &Value) -> Result<f64, Trouble> {
        let text = "ToleratedFailurePercentage must be between 0 and 100.";
        let is_percentage = |number: &f64| (0.0..=100.0).contains(number);
        match field {
            PercentageField::Literal(percentage) => Ok(*percentage),
            PercentageField::Query(query) => {
                let value = self.query(scope, query, Kind::Number, &Sight::of_input(input))?;
                self.observe(|seen| seen.tolerated_failure_percentage = value.as_f64());
                let percentage = value.as_f64().filter(is_percentage);
                percentage.ok_or_else(|| Trouble::of_query(query, text.to_owned()))
            }
            PercentageField::Path(path) => {
                let value = self.read(scope, path, input)?;
                let number = match &value {
                    Value::String(text) => text.parse().ok(),
                    Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                        value.as_f64()
                    }
                };
                let number = number.ok_or_else(|| {
                    Trouble::Runtime(format!(
                        "The ToleratedFailurePercentagePath field refers to value {} which is not a valid float: {}",
                        quoted(&value),
                        path.text()
                    ))
                })?;
                self.observe(|seen| seen.tolerated_failure_percentage = Some(number));
                Some(number).filter(is_percentage).ok_or_else(|| Trouble::Runtime(text.to_owned()))
            }
        }
    }
}

/// A number that its field cannot hold: the error of the language that gave it.
pub(super) fn out_of_bounds(field: Option<&IntegerField>, text: String) -> Trouble {
    match field {
        Some(IntegerField::Query(query)) => Trouble::of_query(query, text),
        Some(IntegerField::Literal(_) | IntegerField::Path(_)) | None => Trouble::Runtime(text),
    }
}
