//! Executions that were started with a test case: which attempt of which state a task is.

use machine::{Fact, OutstandingTask, ScopeId};
use model::{EventDetails, EventId};
use std::collections::HashMap;
use std::sync::Arc;
use tasks::MockedCall;

/// The test case of an execution, and how often each of its states was tried. It follows from the facts, so that an
/// execution that is rebuilt from them counts on where it was.
#[derive(Debug)]
pub(crate) struct Mocking {
    machine: Arc<str>,
    pub(crate) test_case: Arc<str>,
    /// The state that each scope entered last.
    entered: HashMap<ScopeId, Arc<str>>,
    /// The attempts of each state, in all scopes.
    attempts: HashMap<Arc<str>, u64>,
    /// The latest attempt of each scope: the event that scheduled it, and its number within its state.
    latest: HashMap<ScopeId, (EventId, u64)>,
}

impl Mocking {
    /// The test case of an execution, before its first fact, of the state machine of that name.
    pub(crate) fn new(machine: Arc<str>, test_case: Arc<str>) -> Mocking {
        Mocking {
            machine,
            test_case,
            entered: HashMap::new(),
            attempts: HashMap::new(),
            latest: HashMap::new(),
        }
    }

    /// Counts what happened.
    pub(crate) fn count(&mut self, fact: &Fact) {
        let Some(event) = fact.event() else { return };
        match &event.details {
            EventDetails::StateEntered { name, .. } => {
                self.entered.insert(fact.scope, name.clone());
            }
            EventDetails::TaskScheduled { .. }
            | EventDetails::LambdaFunctionScheduled { .. }
            | EventDetails::ActivityScheduled { .. } => {
                if let Some(state) = self.entered.get(&fact.scope) {
                    let attempts = self.attempts.entry(state.clone()).or_default();
                    self.latest.insert(fact.scope, (event.id, *attempts));
                    *attempts += 1;
                }
            }
            _ => {}
        }
    }

    /// What a mock is asked for the task.
    pub(crate) fn call(&self, task: &OutstandingTask) -> Option<MockedCall> {
        let state = self.entered.get(&task.scope)?;
        let (_, invocation) =
            self.latest.get(&task.scope).filter(|(scheduled, _)| *scheduled == task.task)?;
        Some(MockedCall {
            machine: self.machine.clone(),
            test_case: self.test_case.clone(),
            state: state.clone(),
            invocation: *invocation,
        })
    }
}
