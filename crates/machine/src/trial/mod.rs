//! A state tried on its own, as TestState does: the same machine, stopped where the state ends, with the stages of its
//! data flow noted on the way.

mod inspection;
mod map;
mod mocked;
mod notes;

use crate::decide::Run;
use crate::execution::{About, Execution, ScopeId};
use crate::fact::Private;
use crate::map_run::MapItem;
use crate::outstanding::OutstandingTask;
use crate::stimulus::{Outside, Stimulus};
use asl::Definition;
use json::{Object, Payload, Value};
use model::{EventDetails, EventId, Failure, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;

pub use inspection::{ErrorDetails, Inspection};
pub(crate) use notes::Notes;

/// What a state is tried with.
#[derive(Clone, Debug)]
pub struct TrialSetup {
    /// The machine that the state belongs to.
    pub definition: Arc<Definition>,
    /// The state's name, in whichever block of the machine it stands.
    pub state: Arc<str>,
    /// The execution that the context object shows. At its deadline the trial fails with `States.Timeout`.
    pub about: About,
    /// The state's input.
    pub input: Payload,
    /// The variables that are set before.
    pub variables: BTreeMap<Arc<str>, Payload>,
    /// The context object, in place of one made up.
    pub context: Option<Object>,
    /// What comes of the state's work, in place of doing it.
    pub mock: Option<Mock>,
    /// Attempts that the retrier which takes the error has used.
    pub retry_count: u64,
    /// Iterations of a Map that failed.
    pub failed_iterations: Option<u64>,
    /// What the ItemReader of a Map found, as it stands in its source.
    pub reader_data: Option<Arc<str>>,
}

/// What comes of the work of a Task, a Parallel or a Map.
#[derive(Clone, Debug, PartialEq)]
pub enum Mock {
    /// It worked, with this result.
    Result(Payload),
    /// It failed.
    Error(Failure),
}

/// How a trial ended.
#[derive(Clone, Debug, PartialEq)]
pub struct TrialEnd {
    /// Well or not.
    pub status: TrialStatus,
    /// The error, whether or not the state deals with it.
    pub failure: Option<Failure>,
    /// The state's output, or what its catcher hands on.
    pub output: Option<Payload>,
    /// The state that would be entered next.
    pub next_state: Option<Arc<str>>,
}

/// The statuses of TestState.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrialStatus {
    /// The state was left by its own transition.
    Succeeded,
    /// Nothing dealt with the error.
    Failed,
    /// A retrier took the error.
    Retriable,
    /// A catcher took the error.
    CaughtError,
}

impl TrialStatus {
    /// The word of the API.
    pub fn as_str(self) -> &'static str {
        match self {
            TrialStatus::Succeeded => "SUCCEEDED",
            TrialStatus::Failed => "FAILED",
            TrialStatus::Retriable => "RETRIABLE",
            TrialStatus::CaughtError => "CAUGHT_ERROR",
        }
    }
}

/// Why a state cannot be tried with what it is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrialError {
    /// The definition has no state of that name.
    #[error("State not found in definition")]
    StateNotFound,
    /// More iterations failed than the Map has.
    #[error("Map iteration failure count must be less than or equal to the number of Map iterations")]
    TooManyFailedIterations,
}

/// A state being tried. Its owner makes the calls that are [outstanding](Trial::outstanding) and brings their answers,
/// and time, as stimuli until there is an [end](Trial::end).
#[derive(Debug)]
pub struct Trial {
    /// A machine of the state's own block alone.
    definition: Definition,
    name: Arc<str>,
    execution: Execution,
    notes: Notes,
}

impl Trial {
    /// Enters the state.
    pub fn begin(setup: TrialSetup, outside: Outside<'_>) -> Result<Trial, TrialError> {
        let found = setup.definition.find_state(&setup.state).ok_or(TrialError::StateNotFound)?;
        let definition = Definition { block: found.block.clone(), timeout_seconds: None, comment: None };
        let is_item = found.around.iter().any(|state| matches!(state.kind, asl::StateKind::Map(_)));
        let name = found.state.name.clone();
        let (about, input, variables) = (setup.about, setup.input, setup.variables);
        let mut notes = Notes::new(setup.context, setup.mock, setup.retry_count);
        notes.failed_iterations = setup.failed_iterations;
        notes.reader_data = setup.reader_data;
        // AWS: documented, a state of a Map sees the first item where no context object is given.
        let first = MapItem { index: 0, value: input.value().clone(), key: None, source: None };
        notes.item = Some(first).filter(|_| is_item && notes.context.is_none());
        notes.seen.input = Some(input.clone());
        let mut trial = Trial { definition, name: name.clone(), execution: Execution::new(), notes };
        trial.run(outside, |run| {
            let role_arn = about.role_arn.clone();
            run.note(ScopeId::ROOT, Private::Opened(about));
            let started = EventDetails::ExecutionStarted {
                input: input.clone().into(),
                role_arn,
                state_machine_alias_arn: None,
                state_machine_version_arn: None,
            };
            run.emit_after(ScopeId::ROOT, EventId(0), started);
            if let Some(scope) = run.execution.scopes.get_mut(&ScopeId::ROOT) {
                scope.variables = variables;
            }
            run.enter(ScopeId::ROOT, &name, input);
        });
        Ok(trial)
    }

    /// Takes in something from outside.
    pub fn go_on(&mut self, stimulus: Stimulus, outside: Outside<'_>) {
        if self.notes.end.is_none() {
            self.run(outside, |run| run.take_in(stimulus));
        }
    }

    /// How the trial ended, if it has.
    pub fn end(&self) -> Option<Result<TrialEnd, TrialError>> {
        self.notes.end.clone()
    }

    /// The tasks to call.
    pub fn outstanding(&self) -> Vec<OutstandingTask> {
        self.execution.outstanding()
    }

    /// When time has something to say again.
    pub fn next_timer(&self) -> Option<Timestamp> {
        self.execution.next_timer()
    }

    /// The stages of the data flow that were reached, as far as AWS shows them for a state of its type.
    pub fn inspection(&self) -> Inspection {
        let mut seen = self.notes.seen.clone();
        if let Some(scope) = self.execution.scopes.get(&ScopeId::ROOT)
            && !scope.variables.is_empty()
        {
            let variables = scope.variables.iter().map(|(name, value)| (name.clone(), value.value().clone()));
            seen.variables = Some(Payload::from(Value::from(variables.collect::<Object>())));
        }
        match self.definition.block.states.get(&self.name) {
            Some(state) => seen.shown_for(state),
            None => seen,
        }
    }

    fn run(&mut self, outside: Outside<'_>, act: impl FnOnce(&mut Run<'_>)) {
        let mut run = Run::new(&mut self.execution, &self.definition, outside, Some(&mut self.notes));
        act(&mut run);
        run.take_steps();
    }
}
