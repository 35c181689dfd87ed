//! Deciding: from a stimulus to the facts of everything that follows from it.

use crate::execution::{Execution, Position, ScopeId, Work};
use crate::fact::{Fact, FactKind, Private};
use crate::failure::Trouble;
use crate::stimulus::{Outside, Stimulus};
use crate::trial::Notes;
use asl::{Block, Definition, State, StateKind};
use json::Payload;
use model::{EventDetails, EventId, Failure, HistoryEvent, StartedThrough, Timestamp, error_name, limits};
use std::collections::VecDeque;
use std::sync::Arc;

/// Facts that there is room for when an execution begins.
const FIRST_FACTS: usize = 32;

/// Runs the execution forward until nothing more can happen without the outside, and gives the facts of what happened,
/// which are applied to `execution` already.
///
/// A stimulus that does not concern the execution any more (an answer to a task that timed out, anything after the end)
/// gives no facts.
pub fn decide(
    execution: &mut Execution,
    definition: &Definition,
    stimulus: Stimulus,
    outside: Outside<'_>,
) -> Vec<Fact> {
    let mut run = Run::new(execution, definition, outside, None);
    run.take_in(stimulus);
    run.take_steps();
    run.facts
}

/// One decision under way.
pub(crate) struct Run<'a> {
    pub(crate) execution: &'a mut Execution,
    pub(crate) definition: &'a Definition,
    pub(crate) now: Timestamp,
    pub(crate) entropy: &'a mut dyn expr::Entropy,
    pub(crate) activity_exists: &'a dyn Fn(&str) -> bool,
    /// Where only one state is tried: what is seen of it, and how it ended.
    pub(crate) trial: Option<&'a mut Notes>,
    pub(crate) facts: Vec<Fact>,
    pub(crate) steps: VecDeque<Step>,
}

/// What is still to be done in this decision. Scopes take turns, a step each, as the recorded order of events of
/// concurrent iterations shows.
pub(crate) enum Step {
    /// Enter a state.
    Enter { scope: ScopeId, state: Arc<str>, input: Payload },
    /// Begin the call of a task that was scheduled.
    StartTask { scope: ScopeId, task: EventId },
    /// Go on where a redriven execution left off.
    Resume { scope: ScopeId, first_input: Payload },
}

impl<'a> Run<'a> {
    pub(crate) fn new<'b: 'a>(
        execution: &'a mut Execution,
        definition: &'a Definition,
        outside: Outside<'b>,
        trial: Option<&'a mut Notes>,
    ) -> Run<'a> {
        let Outside { now, entropy, activity_exists } = outside;
        let (facts, steps) = (Vec::new(), VecDeque::new());
        Run { execution, definition, now, entropy, activity_exists, trial, facts, steps }
    }

    pub(crate) fn take_steps(&mut self) {
        while let Some(step) = self.steps.pop_front() {
            self.take_step(step);
        }
    }

    pub(crate) fn take_in(&mut self, stimulus: Stimulus) {
        if let Stimulus::Start { about, input, through } = stimulus {
            if !self.execution.has_started() {
                self.start(about, input, through);
            }
            return;
        }
        if matches!(stimulus, Stimulus::Redrive) {
            self.redrive();
            return;
        }
        if self.execution.is_closed() || !self.execution.has_started() {
            return;
        }
        match stimulus {
            Stimulus::Start { .. } | Stimulus::Redrive => {}
            Stimulus::TaskAnswered { scope, task, answer } => self.task_answered(scope, task, answer),
            Stimulus::ActivityStarted { scope, task, worker_name } => {
                self.activity_started(scope, task, worker_name);
            }
            Stimulus::TokenAnswered { token, answer } => self.token_answered(&token, answer),
            Stimulus::Heartbeat { token } => {
                if let Some(scope) = self.execution.scope_of_token(&token) {
                    let at = self.now;
                    self.note(scope, Private::HeartbeatReceived(at));
                }
            }
            Stimulus::Tick => self.tick(),
            Stimulus::MapRunEnded { scope, run, answer } => self.map_run_ended(scope, run, answer),
            Stimulus::Stop { failure } => {
                self.abort_map_runs();
                self.emit_after(ScopeId::ROOT, EventId(0), EventDetails::ExecutionAborted(failure));
            }
        }
    }

    fn start(&mut self, mut about: crate::About, input: Payload, through: StartedThrough) {
        if let Some(seconds) = self.definition.timeout_seconds {
            about.deadline = about.deadline.min(about.started_at.plus_seconds(seconds));
        }
        let role_arn = about.role_arn.clone();
        // A workflow of a few states that waits for nothing runs to its end now.
        self.facts.reserve(FIRST_FACTS);
        self.note(ScopeId::ROOT, Private::Opened(about));
        let started = EventDetails::ExecutionStarted {
            input: input.clone().into(),
            role_arn,
            state_machine_alias_arn: through.alias_arn,
            state_machine_version_arn: through.version_arn,
        };
        self.emit_after(ScopeId::ROOT, EventId(0), started);
        let state = self.definition.block.start_at.clone();
        self.later(Step::Enter { scope: ScopeId::ROOT, state, input });
    }

    fn take_step(&mut self, step: Step) {
        match step {
            Step::Enter { scope, state, input } => self.enter(scope, &state, input),
            Step::StartTask { scope, task } => self.start_task(scope, task),
            Step::Resume { scope, first_input } => self.resume(scope, first_input),
        }
    }

    pub(crate) fn enter(&mut self, scope: ScopeId, name: &str, input: Payload) {
        let Some(state) = self.block(scope).and_then(|block| block.states.get(name)) else { return };
        if !self.execution.scopes.contains_key(&scope) {
            return;
        }
        self.emit(
            scope,
            EventDetails::StateEntered {
                state_type: state.state_type(),
                name: state.name.clone(),
                input: input.clone().into(),
            },
        );
        let outcome = self.begin(scope, state, &input);
        self.settle(scope, outcome);
    }

    /// Does what the state's type does, for a fresh visit or for another attempt.
    pub(crate) fn begin(&mut self, scope: ScopeId, state: &State, input: &Payload) -> Result<(), Trouble> {
        if let Some(mock) = self.mock() {
            return self.begin_mocked(scope, state, input, mock);
        }
        match &state.kind {
            StateKind::Pass(pass) => self.pass(scope, state, pass, input),
            StateKind::Task(task) => self.attempt_task(scope, state, task, input),
            StateKind::Choice(choice) => self.choose(scope, state, choice, input),
            StateKind::Wait(wait) => self.wait(scope, state, wait, input),
            StateKind::Succeed => self.succeed(scope, state, input),
            StateKind::Fail(fail) => self.fail(scope, fail, input),
            StateKind::Parallel(parallel) => self.start_branches(scope, state, parallel, input),
            StateKind::Map(map) => match &map.distributed {
                Some(distributed) => self.start_map_run(scope, state, map, distributed, input),
                None => self.start_iterations(scope, state, map, input),
            },
        }
    }

    /// Everything that is due by now.
    fn tick(&mut self) {
        if let Some(about) = &self.execution.about
            && about.deadline <= self.now
        {
            if self.trial.is_some() {
                return self.trial_failed(Failure::named(error_name::TIMEOUT));
            }
            self.abort_map_runs();
            // AWS: recorded, no error and cause. The previous id is unconfirmed, chosen as for ExecutionAborted.
            let timed_out = EventDetails::ExecutionTimedOut(Failure::default());
            self.emit_after(ScopeId::ROOT, EventId(0), timed_out);
            return;
        }
        let scopes: Vec<ScopeId> = self.execution.scopes.keys().copied().collect();
        let mut timed_out = Vec::new();
        for scope in scopes {
            let Some(visit) = self.execution.visit(scope) else { continue };
            match &visit.work {
                Work::Waiting { until } if *until <= self.now => self.wait_ended(scope),
                Work::Retrying { until } if *until <= self.now => self.retry(scope),
                Work::Task(_) => timed_out.extend(self.time_out(scope).map(|error| (scope, error))),
                Work::None
                | Work::Waiting { .. }
                | Work::Retrying { .. }
                | Work::Parallel(_)
                | Work::Map(_)
                | Work::Distributed(_) => {}
            }
        }
        // AWS: recorded, tasks that time out at once all say so before the first of them fails its state.
        for (scope, error) in timed_out {
            self.settle(scope, Err(Trouble::Failed(error)));
        }
    }

    fn retry(&mut self, scope: ScopeId) {
        let Some((state, input)) = self.current(scope) else { return };
        let outcome = self.begin(scope, state, &input);
        self.settle(scope, outcome);
    }

    /// The definition of the state that the scope stands in, and that state's raw input. `None` once the execution has
    /// ended: whatever was open then goes on in a redrive alone.
    pub(crate) fn current(&self, scope: ScopeId) -> Option<(&'a State, Payload)> {
        if self.execution.is_closed() {
            return None;
        }
        let visit = self.execution.visit(scope)?;
        let state = self.block(scope)?.states.get(&*visit.name)?;
        Some((state, visit.input.clone()))
    }

    /// The block of states that the scope runs.
    pub(crate) fn block(&self, scope: ScopeId) -> Option<&'a Block> {
        let Some((parent, index)) = self.execution.scopes.get(&scope)?.parent else {
            return Some(&self.definition.block);
        };
        let name = &self.execution.visit(parent)?.name;
        match &self.block(parent)?.states.get(&**name)?.kind {
            StateKind::Parallel(parallel) => parallel.branches.get(usize::try_from(index).ok()?),
            StateKind::Map(map) => Some(&map.processor),
            StateKind::Pass(_)
            | StateKind::Task(_)
            | StateKind::Choice(_)
            | StateKind::Wait(_)
            | StateKind::Succeed
            | StateKind::Fail(_) => None,
        }
    }

    /// Leaves a step for when the others had their turn.
    pub(crate) fn later(&mut self, step: Step) {
        if !self.execution.is_closed() {
            self.steps.push_back(step);
        }
    }

    /// Ends the execution with a failure that nothing takes, and keeps where every thread of control was heading.
    pub(crate) fn fail_execution(&mut self, scope: ScopeId, failure: Failure) {
        if self.trial.is_some() {
            return self.trial_failed(failure);
        }
        for step in std::mem::take(&mut self.steps) {
            if let Step::Enter { scope, state, .. } = step
                && let Some(Position::Exited(_)) = self.execution.scopes.get(&scope).map(|s| &s.position)
            {
                self.note(scope, Private::Heading(state));
            }
        }
        self.emit(scope, EventDetails::ExecutionFailed(failure));
    }

    /// Records an event that follows the latest one of the scope's thread.
    pub(crate) fn emit(&mut self, scope: ScopeId, details: EventDetails) {
        let previous = self.execution.thread(scope);
        self.emit_after(scope, previous, details);
    }

    /// Records an event that follows the given one. After the end of the execution nothing is recorded.
    pub(crate) fn emit_after(&mut self, scope: ScopeId, previous: EventId, details: EventDetails) {
        if self.execution.is_closed() {
            return;
        }
        let id = EventId(self.execution.last_event.0 + 1);
        let mut event = HistoryEvent { id, previous, timestamp: self.now, details };
        if id.0 >= limits::HISTORY_EVENTS && !matches!(event.details, EventDetails::ExecutionSucceeded { .. })
        {
            // AWS: documented, the event that does not fit is replaced by the failure of the execution.
            event.previous = self.execution.last_event;
            event.details = EventDetails::ExecutionFailed(Failure::new(
                error_name::RUNTIME,
                format!(
                    "The execution reached the maximum number of history events ({}).",
                    limits::HISTORY_EVENTS
                ),
            ));
        }
        self.record(Fact { scope, kind: FactKind::Event(event) });
    }

    /// Records something that AWS does not show.
    pub(crate) fn note(&mut self, scope: ScopeId, fact: Private) {
        if !self.execution.is_closed() {
            self.record(Fact { scope, kind: FactKind::Private(fact) });
        }
    }

    pub(crate) fn record(&mut self, fact: Fact) {
        self.execution.apply(&fact);
        if self.execution.is_closed() {
            self.steps.clear();
        }
        self.facts.push(fact);
    }
}
