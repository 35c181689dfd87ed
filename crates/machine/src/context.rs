//! The context object: what `$$` shows.

use crate::execution::{Execution, ScopeId, Work};
use crate::map_run::MapItem;
use crate::trial::Notes;
use json::{Object, Value};
use model::StateType;

/// The context object as one scope sees it, made when a path asks for it.
pub(crate) struct Context<'e> {
    execution: &'e Execution,
    scope: ScopeId,
    /// The item of a Map whose ItemSelector is being evaluated.
    item: Option<MapItem>,
    /// Where only one state is tried: what it sees in place of what is.
    trial: Option<&'e Notes>,
}

impl<'e> Context<'e> {
    pub(crate) fn new(execution: &'e Execution, scope: ScopeId, item: Option<MapItem>) -> Context<'e> {
        Context { execution, scope, item, trial: None }
    }

    /// The same context, as a state that is only tried sees it.
    pub(crate) fn tried(self, trial: Option<&'e Notes>) -> Context<'e> {
        Context { trial, ..self }
    }

    fn item(&self) -> Option<MapItem> {
        let given = || self.trial.and_then(|trial| trial.item.clone());
        self.item.clone().or_else(|| self.item_around()).or_else(given)
    }

    /// The item of the innermost Map around the scope.
    fn item_around(&self) -> Option<MapItem> {
        let mut scope = self.execution.scopes.get(&self.scope)?;
        loop {
            let (parent, index) = scope.parent?;
            if let Some(Work::Map(run)) = self.execution.visit(parent).map(|visit| &visit.work) {
                let value = run.items.value().item(usize::try_from(index).ok()?)?.clone();
                return Some(MapItem { index, value, key: None, source: None });
            }
            scope = self.execution.scopes.get(&parent)?;
        }
    }

    fn about_execution(&self) -> Object {
        let mut context = Object::new();
        if let Some(about) = &self.execution.about {
            let mut own = Object::new();
            own.insert("Id", about.arn.0.clone());
            own.insert("Input", self.execution.input.value().clone());
            own.insert("StartTime", about.started_at.to_string());
            own.insert("Name", about.arn.name());
            if !about.role_arn.is_empty() {
                own.insert("RoleArn", about.role_arn.clone());
            }
            // AWS: recorded, synchronous Express executions have no count.
            if !about.is_synchronous {
                own.insert("RedriveCount", self.execution.redrive_count);
            }
            if let Some(redriven_at) = self.execution.redriven_at {
                own.insert("RedriveTime", redriven_at.to_string());
            }
            context.insert("Execution", Value::from(own));
            context.insert(
                "StateMachine",
                Value::object([
                    ("Id", Value::from(about.state_machine_arn.0.clone())),
                    ("Name", Value::from(about.state_machine_arn.name())),
                ]),
            );
        }
        if let Some(visit) = self.execution.visit(self.scope) {
            let mut state = Object::new();
            state.insert("Name", visit.name.clone());
            state.insert("EnteredTime", visit.entered_at.to_string());
            // AWS: recorded, only the states that can be retried have a count.
            if matches!(visit.state_type, StateType::Task | StateType::Parallel | StateType::Map) {
                state.insert("RetryCount", visit.retry_count());
            }
            context.insert("State", Value::from(state));
            if let Some(token) = &visit.token {
                context.insert("Task", Value::object([("Token", token.clone())]));
            }
        }
        context
    }
}

impl expr::ContextSource for Context<'_> {
    fn context(&self) -> Value {
        let given = self.trial.and_then(|trial| trial.context.clone());
        let mut context = given.unwrap_or_else(|| self.about_execution());
        if let Some(item) = self.item() {
            context.insert("Map", Value::object([("Item", item.shown())]));
        }
        Value::from(context)
    }
}
