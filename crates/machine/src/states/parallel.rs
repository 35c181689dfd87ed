//! Parallel: every branch at once, each with a copy of the input.

use crate::data::within_depth;
use crate::decide::{Run, Step};
use crate::execution::{ScopeId, Work};
use crate::fact::Private;
use crate::failure::Trouble;
use crate::sight::Sight;
use asl::{Parallel, State, StateKind};
use json::{Payload, Value};
use model::EventDetails;

impl Run<'_> {
    pub(crate) fn start_branches(
        &mut self,
        scope: ScopeId,
        state: &State,
        parallel: &Parallel,
        input: &Payload,
    ) -> Result<(), Trouble> {
        let effective = self.branch_input(scope, state, parallel, input)?;
        self.emit(scope, EventDetails::ParallelStateStarted);
        for (index, branch) in (0_u64..).zip(&parallel.branches) {
            self.note(scope, Private::BranchStarted { index });
            let Some(Work::Parallel(run)) = self.execution.visit(scope).map(|visit| &visit.work) else {
                break;
            };
            let Some(child) = run.running.get(&index) else { break };
            let enter =
                Step::Enter { scope: *child, state: branch.start_at.clone(), input: effective.clone() };
            self.later(enter);
        }
        Ok(())
    }

    /// What the first state of each branch is given.
    pub(crate) fn branch_input(
        &mut self,
        scope: ScopeId,
        state: &State,
        parallel: &Parallel,
        input: &Payload,
    ) -> Result<Payload, Trouble> {
        let effective = self.effective(scope, state, input)?;
        match &parallel.parameters {
            Some(template) => {
                Ok(Payload::from(self.fill(scope, template, &Sight::of_input(effective.value()))?))
            }
            None => Ok(effective),
        }
    }

    /// A branch reached its end.
    pub(crate) fn branch_ended(&mut self, scope: ScopeId, index: u64) {
        self.note(scope, Private::BranchSucceeded { index });
        self.finish_branches(scope);
    }

    /// Leaves the state once no branch runs any more.
    pub(crate) fn finish_branches(&mut self, scope: ScopeId) {
        let Some(Work::Parallel(run)) = self.execution.visit(scope).map(|visit| &visit.work) else { return };
        if !run.running.is_empty() {
            return;
        }
        let results = run.results.values().map(|result| result.value().clone()).collect();
        let outcome =
            within_depth(Value::array(results)).and_then(|result| self.leave_parallel(scope, result));
        self.settle(scope, outcome);
    }

    pub(crate) fn leave_parallel(&mut self, scope: ScopeId, result: Payload) -> Result<(), Trouble> {
        let Some((state, _)) = self.current(scope) else { return Ok(()) };
        let StateKind::Parallel(parallel) = &state.kind else { return Ok(()) };
        let selector = parallel.result_selector.as_ref();
        self.leave_with_result(scope, state, selector, &parallel.result_path, result)
    }
}
