//! States whose work a mock stands for: everything before and behind the work happens as ever.

use super::Mock;
use crate::decide::Run;
use crate::execution::{ScopeId, Work};
use crate::failure::{Error, Trouble};
use asl::{State, StateKind};
use json::Payload;
use model::{Failure, error_name};

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
                self.prepare_map(scope, state, map, input)?;
                if self.trial.as_ref().is_some_and(|trial| trial.end.is_some()) {
                    return Ok(());
                }
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
