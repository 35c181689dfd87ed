//! A Map that is tried: everything up to its first iteration.

use super::TrialError;
use crate::csv::Csv;
use crate::decide::Run;
use crate::execution::{ScopeId, Work};
use crate::failure::{Error, Trouble};
use crate::map_run::{BatchPlan, MapItem, MapRunPlan};
use crate::sight::Sight;
use asl::{DataFormat, Distributed, Map, PercentageField, ReaderSource, State};
use json::{Payload, Value};
use model::{Failure, error_name, limits};
use std::sync::Arc;

/// Where items of a state's input come from, as items of a distributed Map tell.
const STATE_DATA: &str = "STATE_DATA";

impl Run<'_> {
    /// The fields of a Map that are evaluated before its first iteration, and what each iteration would get.
    pub(super) fn prepare_map(
        &mut self,
        scope: ScopeId,
        state: &State,
        map: &Map,
        input: &Payload,
    ) -> Result<(), Trouble> {
        if let Some(PercentageField::Literal(percentage)) = map.tolerated_failure_percentage {
            self.observe(|seen| seen.tolerated_failure_percentage = Some(percentage));
        }
        let (items, batch) = match &map.distributed {
            Some(distributed) => self.planned_items(scope, state, map, distributed, input)?,
            None => (Some(self.inline_items(scope, state, map, input)?), None),
        };
        // What an ItemReader finds is known only where the trial says so.
        let Some(items) = items else { return Ok(()) };
        if let Some(trial) = &mut self.trial {
            let iterations = items.len() as u64;
            trial.iterations = Some(iterations);
            if trial.failed_iterations.is_some_and(|failed| failed > iterations) {
                self.trial_refused(TrialError::TooManyFailedIterations);
                return Ok(());
            }
        }
        self.show_inputs(scope, state, map, input, items, batch.as_ref())
    }

    fn inline_items(
        &mut self,
        scope: ScopeId,
        state: &State,
        map: &Map,
        input: &Payload,
    ) -> Result<Vec<MapItem>, Trouble> {
        self.check_inline(map)?;
        let effective = self.effective(scope, state, input)?;
        let items = self.items(scope, map, effective.value(), false)?;
        self.concurrency(scope, map, effective.value())?;
        self.tolerated(scope, map, effective.value())?;
        let seen_items = Payload::from(items.clone());
        self.observe(|seen| seen.after_items_path = Some(seen_items));
        Ok(map_items(&items, None).unwrap_or_default())
    }

    /// The items of a distributed Map, and how they are put together.
    fn planned_items(
        &mut self,
        scope: ScopeId,
        state: &State,
        map: &Map,
        distributed: &Distributed,
        input: &Payload,
    ) -> Result<(Option<Vec<MapItem>>, Option<BatchPlan>), Trouble> {
        self.start_map_run(scope, state, map, distributed, input)?;
        let Some(plan) = self.plan(scope) else { return Ok((None, None)) };
        let items = match (&plan.items, &distributed.reader) {
            (Some(items), _) => {
                let items = items.0.clone();
                self.observe(|seen| seen.after_items_path = Some(items.clone()));
                map_items(items.value(), Some(STATE_DATA))
            }
            (None, Some(reader)) => self.read_items(&reader.source, &plan)?,
            (None, None) => None,
        };
        Ok((items, plan.batch.clone()))
    }

    fn plan(&self, scope: ScopeId) -> Option<Arc<MapRunPlan>> {
        match &self.execution.visit(scope)?.work {
            Work::Distributed(run) => Some(run.plan.clone()),
            Work::None
            | Work::Task(_)
            | Work::Waiting { .. }
            | Work::Retrying { .. }
            | Work::Parallel(_)
            | Work::Map(_) => None,
        }
    }

    /// The items in what the trial says that the reader found.
    fn read_items(
        &mut self,
        source: &ReaderSource,
        plan: &MapRunPlan,
    ) -> Result<Option<Vec<MapItem>>, Trouble> {
        let Some(data) = self.trial.as_ref().and_then(|trial| trial.reader_data.clone()) else {
            return Ok(None);
        };
        let format = match source {
            ReaderSource::Object(format) | ReaderSource::Objects(format) | ReaderSource::Athena(format) => {
                Some(format)
            }
            ReaderSource::List | ReaderSource::Inventory => None,
        };
        let found = match format {
            Some(DataFormat::JsonLines) => {
                let lines = data.lines().filter(|line| !line.trim().is_empty());
                let values: Result<Vec<Value>, _> = lines.map(json::parse).collect();
                Value::array(values.map_err(|error| unread(error.message()))?)
            }
            Some(DataFormat::Csv { headers, delimiter }) => match json::parse(&data) {
                // AWS: unconfirmed, chosen: rows may stand as the items that the reader makes of them, too.
                Ok(items @ Value::Array(_)) => items,
                Ok(_) | Err(_) => rows(&data, headers.as_deref(), *delimiter).map_err(unread)?,
            },
            Some(DataFormat::Json { pointer }) => {
                let document = json::parse(&data).map_err(|error| unread(error.message()))?;
                match pointer {
                    Some(pointer) => {
                        let at = pointed_at(&document, pointer).cloned().ok_or_else(|| {
                            // AWS: measured.
                            unread("The provided ReaderConfig.ItemsPointer does not match any valid path in the JSON structure.".to_owned())
                        })?;
                        let seen_items = Payload::from(at.clone());
                        self.observe(|seen| seen.after_items_pointer = Some(seen_items));
                        at
                    }
                    None => document,
                }
            }
            // What is no text, or comes from several places, is taken as the list of items that the reader makes of it.
            // AWS: unconfirmed.
            Some(DataFormat::Parquet) | None => {
                json::parse(&data).map_err(|error| unread(error.message()))?
            }
        };
        let source = plan.reader.as_ref().map(|arguments| {
            let text = |name: &str| arguments.0.value().get(name).and_then(Value::as_str).unwrap_or_default();
            format!("s3://{}/{}", text("Bucket"), text("Key"))
        });
        let mut items = map_items(&found, source.as_deref())
            // AWS: recorded.
            .ok_or_else(|| unread("Attempting to map over non-iterable node.".to_owned()))?;
        match usize::try_from(plan.max_items) {
            Ok(0) => {}
            Ok(most) => items.truncate(most),
            // AWS: recorded.
            Err(_) => return Err(unread("field MaxItems must be positive".to_owned())),
        }
        Ok(Some(items))
    }

    /// ItemSelector for every item, and then ItemBatcher.
    fn show_inputs(
        &mut self,
        scope: ScopeId,
        state: &State,
        map: &Map,
        input: &Payload,
        items: Vec<MapItem>,
        batch: Option<&BatchPlan>,
    ) -> Result<(), Trouble> {
        if map.item_selector.is_none() && batch.is_none() {
            return Ok(());
        }
        let effective = self.select(scope, &state.input_path, input)?;
        let (mut inputs, mut size) = (Vec::with_capacity(items.len()), 0);
        for item in items {
            let value = match &map.item_selector {
                Some(template) => {
                    let sight = Sight { item: Some(item), ..Sight::of_input(effective.value()) };
                    self.fill(scope, template, &sight)?
                }
                None => item.into_input(),
            };
            size += value.to_text().len();
            if size > limits::PAYLOAD_SIZE {
                // AWS: unconfirmed, chosen because no member of an answer is longer.
                return Ok(());
            }
            inputs.push(value);
        }
        if map.item_selector.is_some() {
            let selected = Payload::from(Value::array(inputs.clone()));
            self.observe(|seen| seen.after_item_selector = Some(selected));
        }
        let Some(batch) = batch else { return Ok(()) };
        let (mut rest, mut left_over, mut batches) = (inputs.into_iter(), None, Vec::new());
        while let Ok::<_, Trouble>(Some((_, gathered))) = batch.gather(&mut left_over, || Ok(rest.next())) {
            batches.push(gathered);
        }
        let batches = Payload::from(Value::array(batches));
        if batches.size() <= limits::PAYLOAD_SIZE {
            self.observe(|seen| seen.after_item_batcher = Some(batches));
        }
        Ok(())
    }
}

/// The items of an array, or the members of an object; `None` of anything else.
fn map_items(items: &Value, source: Option<&str>) -> Option<Vec<MapItem>> {
    let source: Option<Arc<str>> = source.map(Arc::from);
    let item = |index: u64, key: Option<Arc<str>>, value: &Value| MapItem {
        index,
        value: value.clone(),
        key,
        source: source.clone(),
    };
    match items {
        Value::Array(items) => {
            Some((0_u64..).zip(items.iter()).map(|(index, value)| item(index, None, value)).collect())
        }
        Value::Object(members) => Some(
            (0_u64..)
                .zip(members.iter())
                .map(|(index, (key, value))| item(index, Some(key.clone()), value))
                .collect(),
        ),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

/// Every row of a CSV file.
fn rows(text: &str, headers: Option<&[Arc<str>]>, delimiter: char) -> Result<Value, String> {
    let mut csv = Csv::new(headers, delimiter)?;
    csv.push(text.as_bytes())?;
    csv.finish();
    let mut rows = Vec::new();
    while let Some(row) = csv.next_row()? {
        rows.push(row);
    }
    Ok(Value::array(rows))
}

/// What a JSON Pointer (RFC 6901) points at.
fn pointed_at<'v>(document: &'v Value, pointer: &str) -> Option<&'v Value> {
    if pointer.is_empty() {
        return Some(document);
    }
    pointer.strip_prefix('/')?.split('/').try_fold(document, |at, step| {
        let step = step.replace("~1", "/").replace("~0", "~");
        match at {
            Value::Object(_) => at.get(&step),
            Value::Array(_) => at.item(step.parse().ok()?),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        }
    })
}

fn unread(cause: String) -> Trouble {
    Trouble::Failed(Error::of(Failure::new(error_name::ITEM_READER_FAILED, cause)))
}
