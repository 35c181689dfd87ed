//! Map, inline: one run of the processor for each item, so many at once.

use crate::data::{quoted, within_depth};
use crate::decide::{Run, Step};
use crate::execution::{MapRun, ScopeId, Work};
use crate::fact::Private;
use crate::failure::Trouble;
use crate::sight::Sight;
use asl::{IntegerField, Map, MapItems, PercentageField, State, StateKind};
use expr::{Query, QueryError};
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
        if map.has_distributed_fields {
            let text =
                "The ItemReader, ItemBatcher and ResultWriter fields are not supported for INLINE maps";
            return Err(Trouble::Runtime(text.to_owned()));
        }
        let effective = self.effective(scope, state, input)?;
        let items = self.items(scope, map, effective.value())?;
        let max_concurrency = self.max_concurrency(scope, map, effective.value())?;
        let length = items.as_array().map_or(0, <[Value]>::len) as u64;
        self.emit(scope, EventDetails::MapStateStarted { length });
        // AWS: recorded, these are read after the Started event.
        self.check_tolerated(scope, map, effective.value())?;
        self.note(scope, Private::MapPrepared { items: Payload::from(items).into(), max_concurrency });
        if length == 0 {
            return self.leave_map(scope);
        }
        let started = self.execution.thread(scope);
        self.fill_slots(scope, map, &effective, started)
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
                let sight = Sight { item: Some((index, item)), ..Sight::of_input(effective.value()) };
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
            Work::None | Work::Task(_) | Work::Waiting { .. } | Work::Retrying { .. } | Work::Parallel(_) => {
                None
            }
        }
    }

    pub(crate) fn items(&mut self, scope: ScopeId, map: &Map, input: &Value) -> Result<Value, Trouble> {
        let path = match &map.items {
            MapItems::Path(path) => path,
            MapItems::Query(Some(template)) => {
                let sight = Sight::of_input(input);
                return match template.as_query() {
                    Some(query) => self.query(scope, query, Kind::Array, &sight),
                    None => self.fill_queries(scope, template, &sight),
                };
            }
            MapItems::Query(None) if input.as_array().is_some() => return Ok(input.clone()),
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
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                Err(Trouble::Runtime(format!("Reference path \"{path}\" must point to array.")))
            }
        }
    }

    pub(crate) fn max_concurrency(
        &mut self,
        scope: ScopeId,
        map: &Map,
        input: &Value,
    ) -> Result<u64, Trouble> {
        let limit = match &map.max_concurrency {
            None => 0,
            Some(field) => self.integer(scope, "MaxConcurrency", field, input)?,
        };
        self.observe(|seen| seen.max_concurrency = u64::try_from(limit).ok());
        match u64::try_from(limit) {
            Ok(0) => Ok(limits::INLINE_MAP_CONCURRENCY),
            Ok(limit) => Ok(limit.min(limits::INLINE_MAP_CONCURRENCY)),
            // AWS: recorded hanging; failing is our own choice.
            Err(_) => {
                let text = "MaxConcurrency cannot be negative.".to_owned();
                Err(out_of_bounds(map.max_concurrency.as_ref().and_then(query_of), text))
            }
        }
    }

    pub(crate) fn check_tolerated(
        &mut self,
        scope: ScopeId,
        map: &Map,
        input: &Value,
    ) -> Result<(), Trouble> {
        if let Some(field) = &map.tolerated_failure_count {
            let count = self.integer(scope, "ToleratedFailureCount", field, input)?;
            self.observe(|seen| seen.tolerated_failure_count = u64::try_from(count).ok());
            if count < 0 {
                let text = "ToleratedFailureCount cannot be negative.".to_owned();
                return Err(out_of_bounds(query_of(field), text));
            }
        }
        let text = "ToleratedFailurePercentage must be between 0 and 100.";
        if let Some(PercentageField::Query(query)) = &map.tolerated_failure_percentage {
            let value = self.query(scope, query, Kind::Number, &Sight::of_input(input))?;
            self.observe(|seen| seen.tolerated_failure_percentage = value.as_f64());
            if !value.as_f64().is_some_and(|percentage| (0.0..=100.0).contains(&percentage)) {
                return Err(Trouble::of_query(query, text.to_owned()));
            }
        }
        if let Some(PercentageField::Path(path)) = &map.tolerated_failure_percentage {
            let value = self.read(scope, path, input)?;
            let percentage = match &value {
                Value::String(text) => text.parse().ok(),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                    value.as_f64()
                }
            };
            let Some(percentage) = percentage else {
                return Err(Trouble::Runtime(format!(
                    "The ToleratedFailurePercentagePath field refers to value {} which is not a valid float: {}",
                    quoted(&value),
                    path.text()
                )));
            };
            self.observe(|seen| seen.tolerated_failure_percentage = Some(percentage));
            if !(0.0..=100.0).contains(&percentage) {
                return Err(Trouble::Runtime(text.to_owned()));
            }
        }
        Ok(())
    }
}

fn query_of(field: &IntegerField) -> Option<&Query> {
    match field {
        IntegerField::Query(query) => Some(query),
        IntegerField::Literal(_) | IntegerField::Path(_) => None,
    }
}

/// A number that its field cannot hold: the error of the language that gave it.
fn out_of_bounds(query: Option<&Query>, text: String) -> Trouble {
    match query {
        Some(query) => Trouble::of_query(query, text),
        None => Trouble::Runtime(text),
    }
}
