//! Errors: what can be retried and caught, and what ends the execution at once.

use crate::data::put_result;
use crate::decide::Run;
use crate::execution::{ScopeId, Work};
use crate::fact::Private;
use crate::sight::Sight;
use asl::{Catcher, Jitter, Retrier};
use expr::{Query, QueryError};
use json::{Payload, Value};
use model::history::Iteration;
use model::{EventDetails, EventId, Failure, StateType, error_name};
use std::sync::Arc;

/// Why a state cannot go on.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The interpreter cannot go on; the text lacks the name of the state. Nothing catches it.
    Runtime(String),
    /// An expression gave no value that its field can hold; the text lacks the name of the state.
    Query(QueryError),
    /// A path could not be applied to its input; reported without the name of the state.
    ReferencePathConflict(String),
    /// A result of a state that is no task is over the size limit; ends the execution.
    TooLarge,
    /// An error that Retry and Catch may take.
    Failed(Error),
}

impl Trouble {
    /// An expression gave a value that is out of the bounds of its field.
    pub(crate) fn of_query(query: &Query, message: String) -> Trouble {
        Trouble::Query(QueryError { location: Some(query.field().clone()), message })
    }
}

/// An error that Retry and Catch may take.
#[derive(Clone, Debug)]
pub(crate) struct Error {
    pub(crate) failure: Failure,
    /// Whether it is a missed heartbeat, which has a second name towards Retry and Catch.
    pub(crate) is_heartbeat: bool,
}

impl Error {
    pub(crate) fn of(failure: Failure) -> Error {
        Error { failure, is_heartbeat: false }
    }

    fn matches(&self, names: &[Arc<str>]) -> bool {
        let own = self.failure.error.as_deref();
        names.iter().any(|name| match &**name {
            error_name::ALL => own != Some(error_name::RUNTIME),
            error_name::TASK_FAILED => {
                own == Some(error_name::TASK_FAILED)
                    || !matches!(own, Some(error_name::TIMEOUT | error_name::RUNTIME))
            }
            error_name::HEARTBEAT_TIMEOUT if self.is_heartbeat => true,
            name => own == Some(name),
        })
    }

    /// What a catcher hands on.
    fn output(&self) -> Value {
        let cause = match (&self.failure.error, &self.failure.cause) {
            (_, Some(cause)) => Value::from(cause.clone()),
            // AWS: recorded, a time-out has no cause in history and an empty one here.
            (Some(error), None) if &**error == error_name::TIMEOUT => Value::from(""),
            (_, None) => Value::Null,
        };
        Value::object([("Error", Value::from(self.failure.error.clone())), ("Cause", cause)])
    }
}

impl Run<'_> {
    /// Deals with what a state ran into, if it ran into something.
    pub(crate) fn settle(&mut self, scope: ScopeId, outcome: Result<(), Trouble>) {
        match outcome {
            Ok(()) => {}
            Err(Trouble::Failed(error)) => {
                let after = self.execution.thread(scope);
                self.state_failed(scope, error, after);
            }
            Err(Trouble::Query(error)) => {
                let error = self.evaluation_failed(scope, error);
                let after = self.execution.thread(scope);
                self.abort_children(scope, None, after);
                self.state_failed(scope, error, after);
            }
            Err(Trouble::Runtime(text)) => {
                let cause = format!("{}{text}", self.state_prefix(scope));
                self.fail_execution(scope, Failure::new(error_name::RUNTIME, cause));
            }
            Err(Trouble::ReferencePathConflict(text)) => {
                // AWS: unconfirmed whether it can be caught; treated as the other failures of the interpreter.
                self.fail_execution(scope, Failure::new(error_name::REFERENCE_PATH_CONFLICT, text));
            }
            Err(Trouble::TooLarge) => {
                let name = self.execution.visit(scope).map(|visit| visit.name.clone()).unwrap_or_default();
                self.fail_execution(scope, data_limit_exceeded(&name));
            }
        }
    }

    /// A state failed at the event `after`: retry, catch, or pass the error on.
    pub(crate) fn state_failed(&mut self, scope: ScopeId, error: Error, after: EventId) {
        let Some((state, input)) = self.current(scope) else { return };
        if let Some((retrier, delay_millis)) = self.retrier(scope, state.retriers(), &error) {
            if self.trial.is_some() {
                self.trial_retriable(error.failure, delay_millis);
                return;
            }
            let until = self.now.plus_millis(delay_millis);
            self.note(scope, Private::RetryAt { until, retrier, after });
            return;
        }
        match state.state_type() {
            StateType::Parallel => self.emit_after(scope, after, EventDetails::ParallelStateFailed),
            StateType::Map => self.emit_after(scope, after, EventDetails::MapStateFailed),
            StateType::Task
            | StateType::Wait
            | StateType::Pass
            | StateType::Succeed
            | StateType::Fail
            | StateType::Choice => {}
        }
        let mut catchers = (0_u32..).zip(state.catchers());
        match catchers.find(|(_, catcher)| error.matches(&catcher.error_equals)) {
            Some((place, catcher)) => {
                self.note_catcher(place, &error.failure);
                let outcome = self.catch(scope, catcher, &error, &input);
                if let Err(Trouble::Query(error)) = outcome {
                    // AWS: measured, the clause fails the state, and no other one is tried.
                    let error = self.evaluation_failed(scope, error);
                    self.scope_failed(scope, error);
                } else {
                    self.settle(scope, outcome);
                }
            }
            None => self.scope_failed(scope, error),
        }
    }

    fn catch(
        &mut self,
        scope: ScopeId,
        catcher: &Catcher,
        error: &Error,
        input: &Payload,
    ) -> Result<(), Trouble> {
        let error_output = error.output();
        let sight = Sight::of_error(input.value(), &error_output);
        let assigned = self.assign(scope, catcher.assign.as_ref(), &sight)?;
        let output = match &catcher.output {
            Some(output) => Payload::from(self.fill_queries(scope, output, &sight)?),
            None => put_result(&catcher.result_path, input, Payload::from(error_output))?,
        };
        self.exit(scope, output, assigned, Some(catcher.next.clone()))
    }

    /// Records that an expression failed, and gives the error.
    fn evaluation_failed(&mut self, scope: ScopeId, error: QueryError) -> Error {
        let cause = format!("{}{}", self.state_prefix(scope), error.message);
        let failure = Failure::new(error_name::QUERY_EVALUATION_ERROR, cause);
        if let Some(visit) = self.execution.visit(scope) {
            let (state, before) = (visit.name.clone(), visit.before);
            let location = error.location;
            let details = EventDetails::EvaluationFailed { state, failure: failure.clone(), location };
            // AWS: recorded, it points to the event before the state was entered.
            self.emit_after(scope, before, details);
        }
        Error::of(failure)
    }

    /// The retrier that takes the error, with the pause before the next attempt, where attempts are left.
    fn retrier(&mut self, scope: ScopeId, retriers: &[Retrier], error: &Error) -> Option<(u32, u64)> {
        let (place, retrier) =
            retriers.iter().enumerate().find(|(_, retrier)| error.matches(&retrier.error_equals))?;
        let place = u32::try_from(place).ok()?;
        self.observe(|seen| seen.error_details.retry_index = Some(place));
        let used = match &self.trial {
            Some(trial) => trial.retry_count,
            None => self.execution.visit(scope)?.attempts.get(&place).copied().unwrap_or(0),
        };
        if used >= retrier.max_attempts {
            return None;
        }
        Some((place, self.delay_millis(retrier, used)))
    }

    fn delay_millis(&mut self, retrier: &Retrier, used: u64) -> u64 {
        // Finite, so that no pause times any growth is no pause.
        let growth = retrier.backoff_rate.powf(used as f64).min(f64::MAX);
        let longest = retrier.max_delay_seconds.unwrap_or(u64::MAX) as f64;
        let seconds = (retrier.interval_seconds as f64 * growth).min(longest);
        let millis = (seconds * 1000.0) as u64;
        match retrier.jitter {
            Jitter::None => millis,
            Jitter::Full => match millis.checked_add(1) {
                Some(choices) => self.entropy.next_u64() % choices,
                None => self.entropy.next_u64(),
            },
        }
    }

    /// An error left a scope: the execution ends, or the state around the scope fails.
    pub(crate) fn scope_failed(&mut self, scope: ScopeId, error: Error) {
        let failing = self.execution.thread(scope);
        let Some((parent, index)) = self.execution.scopes.get(&scope).and_then(|s| s.parent) else {
            self.fail_execution(scope, error.failure);
            return;
        };
        let is_task = self.execution.visit(scope).is_some_and(|visit| visit.state_type == StateType::Task);
        let map_name = match self.execution.visit(parent) {
            Some(visit) if matches!(visit.work, Work::Map(_)) => Some(visit.name.clone()),
            Some(_) | None => None,
        };
        if let Some(name) = &map_name {
            let iteration = Iteration { name: name.clone(), index };
            self.emit_after(parent, failing, EventDetails::MapIterationFailed(iteration));
        }
        if is_task {
            // AWS: recorded, a Task that ends its branch is reported as aborted too.
            self.emit_after(scope, failing, EventDetails::TaskStateAborted);
        }
        self.abort_children(parent, Some(scope), failing);
        self.state_failed(parent, error, failing);
    }

    /// Records that the open branches or iterations of a state were given up, but for the one that failed.
    fn abort_children(&mut self, parent: ScopeId, failed: Option<ScopeId>, failing: EventId) {
        let Some(visit) = self.execution.visit(parent) else { return };
        let children = visit.work.children();
        let map_name = matches!(visit.work, Work::Map(_)).then(|| visit.name.clone());
        for (index, open) in children.into_iter().filter(|(_, open)| Some(*open) != failed) {
            let aborts = self.aborts(open);
            if let Some(name) = &map_name {
                let iteration = Iteration { name: name.clone(), index };
                self.emit_after(parent, failing, EventDetails::MapIterationAborted(iteration));
            }
            for event in aborts {
                self.emit_after(open, failing, event);
            }
        }
    }

    /// The events that say that the open states of a scope were given up: the innermost first.
    fn aborts(&self, scope: ScopeId) -> Vec<EventDetails> {
        let Some(visit) = self.execution.visit(scope) else { return Vec::new() };
        let mut events: Vec<EventDetails> =
            visit.work.children().into_iter().flat_map(|(_, child)| self.aborts(child)).collect();
        match visit.state_type {
            StateType::Task => events.push(EventDetails::TaskStateAborted),
            StateType::Wait => events.push(EventDetails::WaitStateAborted),
            StateType::Parallel => events.push(EventDetails::ParallelStateAborted),
            StateType::Map => {
                if matches!(visit.work, Work::Distributed(_)) {
                    events.push(EventDetails::MapRunAborted);
                }
                events.push(EventDetails::MapStateAborted);
            }
            StateType::Pass | StateType::Succeed | StateType::Fail | StateType::Choice => {}
        }
        events
    }

    pub(crate) fn state_prefix(&self, scope: ScopeId) -> String {
        if self.trial.is_some() {
            // AWS: recorded for the items of a Map, a state that is only tried is not named.
            return String::new();
        }
        self.execution.visit(scope).map_or_else(String::new, |visit| {
            format!(
                "An error occurred while executing the state '{}' (entered at the event id #{}). ",
                visit.name, visit.entered.0
            )
        })
    }
}

/// The failure of a payload over the limit; `name` is the state, or what the task calls.
pub fn data_limit_exceeded(name: &str) -> Failure {
    Failure::new(
        error_name::DATA_LIMIT_EXCEEDED,
        format!(
            "The state/task '{name}' returned a result with a size exceeding the maximum number of bytes service limit."
        ),
    )
}
