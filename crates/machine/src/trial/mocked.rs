//! States whose work a mock stands for: everything before and behind the work happens as ever.

use super::{Mock, TrialError};
use crate::decide::Run;
use crate::execution::{ScopeId, Work};
use crate::failure::{Error, Trouble};
use crate::map_run::MapItem;
use crate::sight::Sight;
use asl::{Map, MapItems, PercentageField, State, StateKind};
use json::{Payload, Value};
use model::{Failure, error_name, limits};

impl Run<'_> {
    /// Enters a state, up to its work, and goes on with what the mock says came of it.
    pub(crate) fn begin_mocked(
        &mut self,
        scope: ScopeId,
        state: &State,
        input: &Payload,
        mock: Mock,
    ) -> Result<(), Trouble> {
        match &state.kind {
            StateKind::Task(task) => {
                self.attempt_task(scope, state, task, input)?;
                // Where the attempt could not be scheduled there is nothing to stand for.
                if matches!(self.execution.visit(scope).map(|visit| &visit.work), Some(Work::Task(_))) {
                    match mock {
                        Mock::Result(result) => self.task_succeeded(scope, result),
                        Mock::Error(failure) => self.task_failed(scope, failure),
                    }
                }
                Ok(())
            }
            StateKind::Parallel(parallel) => {
                self.branch_input(scope, state, parallel, input)?;
                let result = mocked(mock)?;
                self.leave_parallel(scope, result)
            }
            StateKind::Map(map) => {
                let Some(()) = self.prepare_map(scope, state, map, input)? else { return Ok(()) };
                let result = mocked(mock)?;
                self.check_threshold()?;
                self.leave_with_result(scope, state, map.result_selector.as_ref(), &map.result_path, result)
            }
            StateKind::Pass(_)
            | StateKind::Choice(_)
            | StateKind::Wait(_)
            | StateKind::Succeed
            | StateKind::Fail(_) => Ok(()),
        }
    }

    /// The fields of a Map that are evaluated before its first iteration. `None` where the trial was refused.
    fn prepare_map(
        &mut self,
        scope: ScopeId,
        state: &State,
        map: &Map,
        input: &Payload,
    ) -> Result<Option<()>, Trouble> {
        let effective = self.effective(scope, state, input)?;
        let items = self.tried_items(scope, map, &effective)?;
        self.concurrency(scope, map, effective.value())?;
        self.tolerated(scope, map, effective.value())?;
        if let Some(PercentageField::Literal(percentage)) = map.tolerated_failure_percentage {
            self.observe(|seen| seen.tolerated_failure_percentage = Some(percentage));
        }
        let Some(items) = items else { return Ok(Some(())) };
        self.select_items(scope, map, &effective, &items)?;
        let iterations = items.as_array().map_or(0, <[Value]>::len) as u64;
        let Some(trial) = &mut self.trial else { return Ok(Some(())) };
        trial.iterations = Some(iterations);
        if trial.failed_iterations.is_some_and(|failed| failed > iterations) {
            self.trial_refused(TrialError::TooManyFailedIterations);
            return Ok(None);
        }
        Ok(Some(()))
    }

    /// The items, where they are known: those of an ItemReader only where the trial says what it found.
    fn tried_items(
        &mut self,
        scope: ScopeId,
        map: &Map,
        effective: &Payload,
    ) -> Result<Option<Value>, Trouble> {
        if map.has_distributed_fields
            && let Some(data) = self.trial.as_ref().and_then(|trial| trial.reader_data.clone())
        {
            return Ok(Some(data.value().clone()));
        }
        if map.has_distributed_fields && matches!(map.items, MapItems::Path(None) | MapItems::Query(None)) {
            return Ok(None);
        }
        let items = self.items(scope, map, effective.value(), false)?;
        let seen_items = Payload::from(items.clone());
        self.observe(|seen| seen.after_items_path = Some(seen_items));
        Ok(Some(items))
    }

    /// ItemSelector, for every item.
    fn select_items(
        &mut self,
        scope: ScopeId,
        map: &Map,
        effective: &Payload,
        items: &Value,
    ) -> Result<(), Trouble> {
        let Some(template) = &map.item_selector else { return Ok(()) };
        let (mut selected, mut size) = (Vec::new(), 0);
        for (index, item) in (0_u64..).zip(items.as_array().unwrap_or_default()) {
            let item = MapItem { index, value: item.clone(), key: None, source: None };
            let sight = Sight { item: Some(item), ..Sight::of_input(effective.value()) };
            let value = Payload::from(self.fill(scope, template, &sight)?);
            size += value.size();
            if size > limits::PAYLOAD_SIZE {
                // AWS: unconfirmed, chosen because no member of an answer is longer.
                return Ok(());
            }
            selected.push(value.value().clone());
        }
        let selected = Payload::from(Value::array(selected));
        self.observe(|seen| seen.after_item_selector = Some(selected));
        Ok(())
    }

    /// Fails where more iterations failed than the Map tolerates. A Map that names no threshold is not asked.
    // AWS: recorded test_map_state_failure_count.
    fn check_threshold(&self) -> Result<(), Trouble> {
        let Some(trial) = &self.trial else { return Ok(()) };
        let failed = trial.failed_iterations.unwrap_or(0);
        let over_count = trial.seen.tolerated_failure_count.is_some_and(|tolerated| failed > tolerated);
        let over_percentage = trial.seen.tolerated_failure_percentage.is_some_and(|tolerated| {
            let iterations = trial.iterations.unwrap_or(0);
            iterations > 0 && failed as f64 * 100.0 / iterations as f64 > tolerated
        });
        if !over_count && !over_percentage {
            return Ok(());
        }
        Err(Trouble::Failed(Error::of(Failure::new(
            error_name::EXCEED_TOLERATED_FAILURE_THRESHOLD,
            "The specified tolerated failure threshold was exceeded",
        ))))
    }
}

fn mocked(mock: Mock) -> Result<Payload, Trouble> {
    match mock {
        Mock::Result(result) => Ok(result),
        Mock::Error(failure) => Err(Trouble::Failed(Error::of(failure))),
    }
}
