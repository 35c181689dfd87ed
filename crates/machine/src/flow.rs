//! Leaving states and scopes.

use crate::data::is_too_large;
use crate::decide::{Run, Step};
use crate::execution::{ScopeId, Work};
use crate::failure::Trouble;
use asl::{State, Transition};
use json::Payload;
use model::history::{AssignedVariable, Iteration};
use model::{EventDetails, StateType};
use std::sync::Arc;

impl Run<'_> {
    /// Leaves a state by its own transition.
    pub(crate) fn leave(
        &mut self,
        scope: ScopeId,
        state: &State,
        output: Payload,
        assigned: Vec<AssignedVariable>,
    ) -> Result<(), Trouble> {
        let next = match state.transition() {
            Some(Transition::Next(next)) => Some(next.clone()),
            Some(Transition::End) | None => None,
        };
        self.exit(scope, output, assigned, next)
    }

    /// Leaves a state for `next`, or for the end of its block.
    pub(crate) fn exit(
        &mut self,
        scope: ScopeId,
        output: Payload,
        assigned: Vec<AssignedVariable>,
        next: Option<Arc<str>>,
    ) -> Result<(), Trouble> {
        if is_too_large(&output) {
            return Err(Trouble::TooLarge);
        }
        let Some(visit) = self.execution.visit(scope) else { return Ok(()) };
        let details = EventDetails::StateExited {
            state_type: visit.state_type,
            name: visit.name.clone(),
            output: output.clone().into(),
            assigned_variables: assigned,
        };
        match visit.state_type {
            // AWS: recorded, both events point to the last event of the inner work.
            StateType::Parallel if matches!(visit.work, Work::Parallel(_)) => {
                self.emit(scope, EventDetails::ParallelStateSucceeded);
            }
            StateType::Map if matches!(visit.work, Work::Map(_) | Work::Distributed(_)) => {
                self.emit(scope, EventDetails::MapStateSucceeded);
            }
            StateType::Parallel
            | StateType::Map
            | StateType::Task
            | StateType::Wait
            | StateType::Pass
            | StateType::Succeed
            | StateType::Fail
            | StateType::Choice => {}
        }
        self.emit(scope, details);
        if self.trial.is_some() {
            self.trial_exited(output, next);
            return Ok(());
        }
        match next {
            Some(state) => self.later(Step::Enter { scope, state, input: output }),
            None => self.finish_scope(scope, output),
        }
        Ok(())
    }

    fn finish_scope(&mut self, scope: ScopeId, output: Payload) {
        let Some(parent) = self.execution.scopes.get(&scope).map(|s| s.parent) else { return };
        let Some((parent, index)) = parent else {
            self.emit(scope, EventDetails::ExecutionSucceeded { output: output.into() });
            return;
        };
        let Some(visit) = self.execution.visit(parent) else { return };
        if matches!(visit.work, Work::Map(_)) {
            let slot = self.execution.thread(scope);
            let iteration = Iteration { name: visit.name.clone(), index };
            self.emit_after(parent, slot, EventDetails::MapIterationSucceeded(iteration));
            self.iteration_ended(parent, slot);
        } else {
            self.branch_ended(parent, index);
        }
    }
}
