//! Variables: what Assign sets, and what a scope sees.

use crate::decide::Run;
use crate::execution::{Execution, ScopeId};
use crate::failure::Trouble;
use json::{Payload, Value};
use model::history::AssignedVariable;

/// The most bytes that one Assign may set, and so one variable.
// AWS: documented.
const ASSIGNED_SIZE: usize = 256 * 1024;
/// The most bytes that the variables of an execution may have together.
// AWS: documented.
const STORED_SIZE: usize = 10 * 1024 * 1024;

impl Run<'_> {
    /// The members of a filled Assign as history shows them, sorted by name, where they fit.
    pub(crate) fn assigned(&self, scope: ScopeId, values: &Value) -> Result<Vec<AssignedVariable>, Trouble> {
        let members = values.as_object().into_iter().flat_map(|object| object.iter());
        let mut assigned: Vec<AssignedVariable> =
            members.map(|(name, value)| (name.clone(), Payload::from(value.clone()).into())).collect();
        assigned.sort_by(|a, b| a.0.cmp(&b.0));
        let added: usize = assigned.iter().map(|(_, value)| value.0.size()).sum();
        let own = self.execution.scopes.get(&scope);
        let replaced = assigned.iter().filter_map(|(name, _)| own?.variables.get(name));
        let replaced: usize = replaced.map(Payload::size).sum();
        let stored = stored_size(self.execution).saturating_sub(replaced) + added;
        if added > ASSIGNED_SIZE || stored > STORED_SIZE {
            // AWS: the limits are documented, the error is unconfirmed, chosen as for other data over its limit.
            return Err(Trouble::TooLarge);
        }
        Ok(assigned)
    }
}

fn stored_size(execution: &Execution) -> usize {
    let held = execution.scopes.iter().filter(|(id, _)| !execution.is_given_up(**id));
    held.flat_map(|(_, scope)| scope.variables.values()).map(Payload::size).sum()
}

/// The variables that a scope sees: its own, and those of the scopes around it.
pub(crate) struct Variables<'e> {
    pub(crate) execution: &'e Execution,
    pub(crate) scope: ScopeId,
}

impl expr::Variables for Variables<'_> {
    fn get(&self, name: &str) -> Option<Value> {
        let mut at = Some(self.scope);
        while let Some(scope) = at.and_then(|id| self.execution.scopes.get(&id)) {
            if let Some(value) = scope.variables.get(name) {
                return Some(value.value().clone());
            }
            at = scope.parent.map(|(parent, _)| parent);
        }
        None
    }
}
