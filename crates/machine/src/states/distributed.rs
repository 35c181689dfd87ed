//! Map, distributed: the execution names a Map Run, which runs outside, and waits for its end.

use crate::data::within_depth;
use crate::decide::Run;
use crate::execution::{ScopeId, Work};
use crate::fact::Private;
use crate::failure::{Error, Trouble};
use crate::map_run::{BatchPlan, MapRunPlan, length};
use crate::sight::Sight;
use crate::stimulus::TaskAnswer;
use asl::{Distributed, IntegerField, ItemBatcher, Map, State, StateKind, ValueTemplate};
use json::{Payload, Value};
use model::history::StoredPayload;
use model::{EventDetails, EventId, Failure, MapRunArn, error_name};

impl Run<'_> {
    /// Starts a Map Run: one for each attempt of the state.
    pub(crate) fn start_map_run(
        &mut self,
        scope: ScopeId,
        state: &State,
        map: &Map,
        distributed: &Distributed,
        input: &Payload,
    ) -> Result<(), Trouble> {
        let effective = self.effective(scope, state, input)?;
        let effective = effective.value();
        // AWS: recorded test_map_item_reader_base_json_with_items_path, an ItemsPath is not read where there is a reader.
        let items = match distributed.reader {
            Some(_) => None,
            None => Some(self.items(scope, map, effective, true)?),
        };
        let max_concurrency = self.concurrency(scope, map, effective)?;
        let length = items.as_ref().map_or(0, length);
        self.emit(scope, EventDetails::MapStateStarted { length });
        // AWS: recorded, these are read after the Started event.
        let (tolerated_failure_count, tolerated_failure_percentage) =
            self.tolerated(scope, map, effective)?;
        let (reader, max_items) = match &distributed.reader {
            Some(reader) => {
                let max_items = match &reader.max_items {
                    Some(field) => self.integer(scope, "MaxItems", field, effective)?,
                    None => 0,
                };
                (self.arguments(scope, reader.arguments.as_ref(), effective)?, max_items)
            }
            None => (None, 0),
        };
        let batch = match &distributed.batcher {
            Some(batcher) => Some(self.batch(scope, batcher, effective)?),
            None => None,
        };
        let writer = match distributed.writer.as_ref().filter(|writer| writer.is_export) {
            Some(writer) => self.arguments(scope, writer.arguments.as_ref(), effective)?,
            None => None,
        };
        let arn = self.new_map_run(distributed);
        self.note(
            scope,
            Private::MapRunPlanned(Box::new(MapRunPlan {
                arn: arn.clone(),
                execution_type: distributed.execution_type,
                max_concurrency,
                tolerated_failure_count,
                tolerated_failure_percentage,
                items: items.map(|items| Payload::from(items).into()),
                reader,
                max_items,
                batch,
                writer,
            })),
        );
        self.emit(scope, EventDetails::MapRunStarted { map_run_arn: arn.0 });
        Ok(())
    }

    /// A Map Run came to its end; its answer is the result of the state.
    pub(crate) fn map_run_ended(&mut self, scope: ScopeId, run: EventId, answer: TaskAnswer) {
        let is_waiting = self.execution.visit(scope).is_some_and(
            |visit| matches!(&visit.work, Work::Distributed(distribution) if distribution.started == run),
        );
        if !is_waiting {
            return;
        }
        match answer {
            TaskAnswer::Succeeded(result) => {
                self.emit(scope, EventDetails::MapRunSucceeded);
                let outcome = self.leave_map_run(scope, result);
                self.settle(scope, outcome);
            }
            TaskAnswer::Failed(failure) => {
                self.emit(scope, EventDetails::MapRunFailed(failure.clone()));
                if failure.error.as_deref() == Some(error_name::RUNTIME) {
                    // AWS: unconfirmed for a Map Run, chosen because nothing else catches such an error.
                    self.fail_execution(scope, failure);
                } else {
                    self.settle(scope, Err(Trouble::Failed(Error::of(failure))));
                }
            }
        }
    }

    /// Before an execution ends from outside: its Map Runs are given up.
    // AWS: unconfirmed, the events and their order.
    pub(crate) fn abort_map_runs(&mut self) {
        for run in self.execution.map_runs() {
            self.emit(run.scope, EventDetails::MapRunAborted);
            self.emit(run.scope, EventDetails::MapStateAborted);
        }
    }

    fn leave_map_run(&mut self, scope: ScopeId, result: Payload) -> Result<(), Trouble> {
        let Some((state, _)) = self.current(scope) else { return Ok(()) };
        let StateKind::Map(map) = &state.kind else { return Ok(()) };
        let result = within_depth(result.value().clone())?;
        self.leave_with_result(scope, state, map.result_selector.as_ref(), &map.result_path, result)
    }

    fn new_map_run(&mut self, distributed: &Distributed) -> MapRunArn {
        let [high, low] = [self.entropy.next_u64(), self.entropy.next_u64()];
        let machine = self.execution.about.as_ref().map(|about| &about.state_machine_arn);
        // INVARIANT(opened): a state is entered after its execution was told what it is.
        match machine {
            Some(machine) => MapRunArn::new(machine, &distributed.label, &uuid(high, low)),
            None => MapRunArn("".into()),
        }
    }

    fn arguments(
        &mut self,
        scope: ScopeId,
        template: Option<&ValueTemplate>,
        input: &Value,
    ) -> Result<Option<StoredPayload>, Trouble> {
        let filled = match template {
            Some(template) => self.fill(scope, template, &Sight::of_input(input))?,
            None => Value::empty_object(),
        };
        Ok(Some(Payload::from(filled).into()))
    }

    fn batch(&mut self, scope: ScopeId, batcher: &ItemBatcher, input: &Value) -> Result<BatchPlan, Trouble> {
        let max_items =
            self.positive(scope, "MaxItemsPerBatch", batcher.max_items.as_ref(), input, u64::MAX)?;
        let max_bytes =
            self.positive(scope, "MaxInputBytesPerBatch", batcher.max_bytes.as_ref(), input, 262_144)?;
        let input = match &batcher.batch_input {
            Some(template) => self.arguments(scope, Some(template), input)?,
            None => None,
        };
        Ok(BatchPlan { max_items, max_bytes, input })
    }

    fn positive(
        &mut self,
        scope: ScopeId,
        field: &str,
        source: Option<&IntegerField>,
        input: &Value,
        most: u64,
    ) -> Result<Option<u64>, Trouble> {
        let Some(source) = source else { return Ok(None) };
        let number = self.integer(scope, field, source, input)?;
        match u64::try_from(number) {
            Ok(number) if (1..=most).contains(&number) => Ok(Some(number)),
            // AWS: unconfirmed texts, chosen as for the tolerated failures.
            Ok(number) if number > 0 => {
                Err(super::map::out_of_bounds(Some(source), format!("{field} must be between 1 and {most}.")))
            }
            Ok(_) | Err(_) => {
                Err(super::map::out_of_bounds(Some(source), format!("{field} must be positive.")))
            }
        }
    }
}

/// The failure of a Map Run whose children failed too often.
pub fn threshold_exceeded() -> Failure {
    // AWS: recorded test_map_state_tolerated_failure_count.
    Failure::new(
        error_name::EXCEED_TOLERATED_FAILURE_THRESHOLD,
        "The specified tolerated failure threshold was exceeded",
    )
}

/// A random UUID, as text.
fn uuid(high: u64, low: u64) -> String {
    let (high, low) = ((high & !0xf000) | 0x4000, (low & !(0b11 << 62)) | (0b10 << 62));
    let (a, b, c) = (high >> 32, (high >> 16) & 0xffff, high & 0xffff);
    format!("{a:08x}-{b:04x}-{c:04x}-{:04x}-{:012x}", low >> 48, low & 0xffff_ffff_ffff)
}
