//! Redrive: an execution that ended without success goes on from the states that did not succeed.
//!
//! Such an execution keeps its scopes as they stood when it ended. What has an Entered event and no Exited event runs again:
//! a Task is scheduled anew, a Choice looks at its rules again, a Wait waits again (past its moment it leaves at once), a
//! Fail fails again. Of a Parallel and of an inline Map those branches and iterations go on that had not succeeded, each
//! from its own open state; the results of the others are kept. The Map Run of a distributed Map goes on with the children
//! that had not succeeded. Retry counters begin anew, variables are as the open states found them, and a state has one
//! Entered event however often it was redriven.

use crate::decide::{Run, Step};
use crate::execution::{Distribution, MapRun, Position, ScopeId, Work};
use crate::fact::{Fact, FactKind, Private};
use crate::failure::Trouble;
use asl::{Map, Parallel, State, StateKind};
use json::{Payload, Value};
use model::history::Iteration;
use model::{EventDetails, EventId, ExecutionStatus, HistoryEvent, error_name, limits};

impl Run<'_> {
    /// Takes the execution up again, if it ended without success and has room for that in its history.
    pub(crate) fn redrive(&mut self) {
        let has_room = self.execution.last_event.0 < limits::REDRIVABLE_HISTORY_EVENTS;
        if !has_room || !ended_without_success(self.execution.status) {
            return;
        }
        let failure = self.execution.failure.clone().unwrap_or_default();
        self.emit_redriven();
        self.note_deadline();
        let is_too_large = failure.error.as_deref() == Some(error_name::DATA_LIMIT_EXCEEDED);
        if is_too_large && self.execution.visit(ScopeId::ROOT).is_some_and(|visit| visit.given_up.is_some()) {
            // AWS: documented, a Parallel or Map that failed with this error runs all of its branches or iterations again.
            self.note(ScopeId::ROOT, Private::StartedOver);
        }
        self.resume(ScopeId::ROOT, self.execution.input.clone());
    }

    fn emit_redriven(&mut self) {
        let previous = self.execution.last_event;
        let event = HistoryEvent {
            id: EventId(previous.0 + 1),
            // AWS: unconfirmed, chosen because it follows the end of the attempt before.
            previous,
            timestamp: self.now,
            details: EventDetails::ExecutionRedriven { redrive_count: self.execution.redrive_count + 1 },
        };
        self.record(Fact { scope: ScopeId::ROOT, kind: FactKind::Event(event) });
    }

    /// AWS: documented, TimeoutSeconds of the machine begins anew; the year that an execution may stay open does not.
    fn note_deadline(&mut self) {
        let Some(about) = &self.execution.about else { return };
        let mut deadline = about.started_at.plus_seconds(limits::EXECUTION_SECONDS);
        if let Some(seconds) = self.definition.timeout_seconds {
            deadline = deadline.min(self.now.plus_seconds(seconds));
        }
        if deadline != about.deadline {
            self.note(ScopeId::ROOT, Private::DeadlineSet(deadline));
        }
    }

    /// Goes on in a scope from where it stands; `first_input` is what its first state would be given.
    pub(crate) fn resume(&mut self, scope: ScopeId, first_input: Payload) {
        let Some(open) = self.execution.scopes.get(&scope) else { return };
        let step = match (&open.position, &open.heading) {
            (Position::In(_), _) => return self.resume_state(scope),
            (Position::Ready, _) => {
                let Some(state) = self.block(scope).map(|block| block.start_at.clone()) else { return };
                Step::Enter { scope, state, input: first_input }
            }
            (Position::Exited(output), Some(state)) => {
                Step::Enter { scope, state: state.clone(), input: output.clone() }
            }
            // INVARIANT(heading): an execution fails with a scope between two states only where `fail_execution` said to
            // which it was heading.
            (Position::Exited(_), None) => return,
        };
        self.later(step);
    }

    fn resume_state(&mut self, scope: ScopeId) {
        let Some((state, input)) = self.current(scope) else { return };
        let outcome = match &state.kind {
            StateKind::Parallel(parallel) if self.has_given_up_branches(scope) => {
                self.resume_branches(scope, state, parallel, &input)
            }
            StateKind::Map(map) if self.given_up_map(scope).is_some() => {
                self.resume_iterations(scope, state, map, &input)
            }
            StateKind::Map(_) if self.given_up_map_run(scope).is_some() => self.resume_map_run(scope),
            StateKind::Parallel(_)
            | StateKind::Map(_)
            | StateKind::Task(_)
            | StateKind::Choice(_)
            | StateKind::Wait(_)
            | StateKind::Succeed
            | StateKind::Fail(_)
            // AWS: documented that a Pass is not run again, of one whose predecessor failed. One that failed itself has no
            // output to go on with, so that it is evaluated again.
            | StateKind::Pass(_) => {
                if self.execution.visit(scope).is_some_and(|visit| visit.given_up.is_some()) {
                    self.note(scope, Private::StartedOver);
                }
                self.begin(scope, state, &input)
            }
        };
        self.settle(scope, outcome);
    }

    fn resume_branches(
        &mut self,
        scope: ScopeId,
        state: &State,
        parallel: &Parallel,
        input: &Payload,
    ) -> Result<(), Trouble> {
        let children = self.given_up_children(scope);
        let first_input = match children.iter().any(|(_, child)| self.is_ready(*child)) {
            true => self.branch_input(scope, state, parallel, input)?,
            false => Payload::from(Value::Null),
        };
        self.emit(scope, EventDetails::ParallelStateStarted);
        for (_, child) in &children {
            self.later(Step::Resume { scope: *child, first_input: first_input.clone() });
        }
        if children.is_empty() {
            self.finish_branches(scope);
        }
        Ok(())
    }

    fn resume_iterations(
        &mut self,
        scope: ScopeId,
        state: &State,
        map: &Map,
        input: &Payload,
    ) -> Result<(), Trouble> {
        let effective = self.select(scope, &state.input_path, input)?;
        let Some(length) = self.given_up_map(scope).map(|run| run.length) else { return Ok(()) };
        let Some(name) = self.execution.visit(scope).map(|visit| visit.name.clone()) else { return Ok(()) };
        let children = self.given_up_children(scope);
        self.emit(scope, EventDetails::MapStateStarted { length });
        let started = self.execution.thread(scope);
        for (index, child) in children {
            let first_input = match self.is_ready(child) {
                true => self.item_input(scope, map, &effective, index)?,
                false => Payload::from(Value::Null),
            };
            // AWS: unconfirmed, chosen because the iteration's own events then have the event before them as always.
            let iteration = Iteration { name: name.clone(), index };
            self.emit_after(scope, started, EventDetails::MapIterationStarted(iteration));
            self.later(Step::Resume { scope: child, first_input });
        }
        self.refill_slots(scope, map, &effective, started)
    }

    /// The Map Run goes on under its ARN, as it was planned.
    fn resume_map_run(&mut self, scope: ScopeId) -> Result<(), Trouble> {
        let Some((plan, redrives)) =
            self.given_up_map_run(scope).map(|run| (run.plan.clone(), run.redrives + 1))
        else {
            return Ok(());
        };
        self.emit(scope, EventDetails::MapStateStarted { length: plan.length() });
        if redrives > limits::MAP_RUN_REDRIVES {
            // AWS: documented, the text is unconfirmed.
            return Err(Trouble::Runtime(format!(
                "The Map Run '{}' reached the maximum number of redrives ({}).",
                plan.arn,
                limits::MAP_RUN_REDRIVES
            )));
        }
        let map_run_arn = plan.arn.0.clone();
        self.emit(scope, EventDetails::MapRunRedriven { map_run_arn, redrive_count: redrives });
        Ok(())
    }

    /// The Map Run that a distributed Map gave up, unless what comes of a redrive is a new one.
    // AWS: documented, a run that failed with one of these errors is not redriven.
    fn given_up_map_run(&self, scope: ScopeId) -> Option<&Distribution> {
        match self.given_up(scope)? {
            Work::Distributed(run) => {
                let error = run.failure.as_ref().and_then(|failure| failure.error.as_deref());
                let is_over = matches!(error, Some(error_name::DATA_LIMIT_EXCEEDED | error_name::RUNTIME));
                Some(run).filter(|_| !is_over)
            }
            Work::None
            | Work::Task(_)
            | Work::Waiting { .. }
            | Work::Retrying { .. }
            | Work::Parallel(_)
            | Work::Map(_) => None,
        }
    }

    fn has_given_up_branches(&self, scope: ScopeId) -> bool {
        matches!(self.given_up(scope), Some(Work::Parallel(_)))
    }

    /// The iterations that a Map gave up, unless it failed before it had read its fields.
    fn given_up_map(&self, scope: ScopeId) -> Option<&MapRun> {
        match self.given_up(scope)? {
            Work::Map(run) => Some(run).filter(|run| run.max_concurrency > 0),
            Work::None
            | Work::Task(_)
            | Work::Waiting { .. }
            | Work::Retrying { .. }
            | Work::Parallel(_)
            | Work::Distributed(_) => None,
        }
    }

    fn given_up_children(&self, scope: ScopeId) -> Vec<(u64, ScopeId)> {
        self.given_up(scope).map(Work::children).unwrap_or_default()
    }

    fn given_up(&self, scope: ScopeId) -> Option<&Work> {
        self.execution.visit(scope)?.given_up.as_deref()
    }

    fn is_ready(&self, scope: ScopeId) -> bool {
        self.execution.scopes.get(&scope).is_some_and(|scope| scope.position == Position::Ready)
    }
}

fn ended_without_success(status: ExecutionStatus) -> bool {
    match status {
        ExecutionStatus::Failed | ExecutionStatus::TimedOut | ExecutionStatus::Aborted => true,
        ExecutionStatus::Running | ExecutionStatus::Succeeded | ExecutionStatus::PendingRedrive => false,
    }
}
