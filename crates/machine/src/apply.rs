//! The fold: how each fact changes an execution. No decisions here.

use crate::execution::{
    Distribution, Execution, MapRun, ParallelRun, Position, Scope, ScopeId, TaskRun, Visit, Work,
};
use crate::fact::{Fact, FactKind, Private};
use crate::map_run::MapRunPlan;
use json::{Payload, Value};
use model::history::{ScheduleOptions, ServiceAction};
use model::{
    EventDetails as E, EventId, ExecutionStatus, Failure, HistoryEvent, StartedThrough, TaskResource,
    Timestamp,
};
use std::collections::BTreeMap;
use std::sync::Arc;

impl Execution {
    /// Takes in a fact.
    pub fn apply(&mut self, fact: &Fact) {
        match &fact.kind {
            FactKind::Event(event) => {
                self.last_event = event.id;
                self.apply_event(fact.scope, event);
            }
            FactKind::Private(private) => self.apply_private(fact.scope, private),
        }
    }

    fn apply_event(&mut self, scope: ScopeId, event: &HistoryEvent) {
        match &event.details {
            E::ExecutionStarted { input, state_machine_alias_arn, state_machine_version_arn, .. } => {
                self.input = input.0.clone();
                self.through = StartedThrough {
                    version_arn: state_machine_version_arn.clone(),
                    alias_arn: state_machine_alias_arn.clone(),
                };
                self.open_scope(None, EventId(0));
            }
            E::ExecutionSucceeded { output } => {
                self.output = Some(output.0.clone());
                self.close(ExecutionStatus::Succeeded, event.timestamp, None);
            }
            E::ExecutionFailed(failure) => {
                self.close(ExecutionStatus::Failed, event.timestamp, Some(failure))
            }
            E::ExecutionAborted(failure) => {
                self.close(ExecutionStatus::Aborted, event.timestamp, Some(failure))
            }
            E::ExecutionTimedOut(failure) => {
                self.close(ExecutionStatus::TimedOut, event.timestamp, Some(failure))
            }
            E::StateEntered { .. } => self.enter(scope, event),
            E::StateExited { output, assigned_variables, .. } => {
                self.drop_children(scope);
                if let Some(scope) = self.scopes.get_mut(&scope) {
                    scope.thread = event.id;
                    scope.position = Position::Exited(output.0.clone());
                    for (name, value) in assigned_variables {
                        scope.variables.insert(name.clone(), value.0.clone());
                    }
                }
            }
            E::ParallelStateStarted => self.start_parallel(scope, event.id),
            E::MapStateStarted { length } => self.start_map(scope, event.id, *length),
            E::MapIterationStarted(iteration) => self.start_iteration(scope, iteration.index, event.id),
            E::MapIterationSucceeded(iteration) => {
                self.finish_child(scope, iteration.index);
                self.set_thread(scope, event.id);
            }
            E::MapIterationFailed(_) => self.set_thread(scope, event.previous),
            E::ParallelStateFailed | E::MapStateFailed => {
                self.give_up(scope);
                self.set_thread(scope, event.id);
            }
            E::TaskScheduled { action, parameters, options, .. } => {
                self.schedule(scope, event, service_resource(action), &parameters.0, options);
            }
            E::LambdaFunctionScheduled { resource, input, options } => {
                let resource = TaskResource::LambdaFunction { arn: resource.clone() };
                self.schedule(scope, event, resource, &input.0, options);
            }
            E::ActivityScheduled { resource, input, options } => {
                let resource = TaskResource::Activity { arn: resource.clone() };
                self.schedule(scope, event, resource, &input.0, options);
            }
            E::TaskStarted(_) | E::LambdaFunctionStarted | E::ActivityStarted { .. } => {
                self.with_task(scope, event.id, |task| {
                    task.started_at = Some(event.timestamp);
                    task.last_heard = event.timestamp;
                });
            }
            E::TaskSubmitted { output, .. } => self.with_task(scope, event.id, |task| {
                task.submitted = Some(output.0.clone());
                task.last_heard = event.timestamp;
            }),
            E::TaskSucceeded { .. }
            | E::TaskFailed(..)
            | E::TaskTimedOut(..)
            | E::TaskStartFailed(..)
            | E::TaskSubmitFailed(..)
            | E::LambdaFunctionSucceeded { .. }
            | E::LambdaFunctionFailed(_)
            | E::LambdaFunctionTimedOut(_)
            | E::LambdaFunctionScheduleFailed(_)
            | E::LambdaFunctionStartFailed(_)
            | E::ActivitySucceeded { .. }
            | E::ActivityFailed(_)
            | E::ActivityTimedOut(_)
            | E::ActivityScheduleFailed(_) => self.end_task(scope, event.id),
            E::EvaluationFailed { .. } => self.set_thread(scope, event.id),
            E::MapRunSucceeded => {
                self.set_thread(scope, event.id);
                if let Some(Work::Distributed(run)) = self.work_mut(scope) {
                    run.has_succeeded = true;
                }
            }
            E::MapRunRedriven { redrive_count, .. } => self.redrive_map_run(scope, event.id, *redrive_count),
            E::ExecutionRedriven { redrive_count } => self.reopen(event, *redrive_count),
            E::MapRunStarted { .. } => {
                self.set_thread(scope, event.id);
                if let Some(Work::Distributed(run)) = self.work_mut(scope) {
                    run.started = event.id;
                }
            }
            // AWS: recorded both ways: what leaves the state points to MapRunSucceeded (test_map_state_config_distributed), and in
            // later recordings to MapRunStarted (test_map_state_nested_config_distributed).
            E::MapRunFailed(failure) => self.end_map_run(scope, event.id, Some(failure)),
            E::MapRunAborted => self.end_map_run(scope, event.id, None),
            // AWS: recorded, the events that follow point to the work that ended, not to these.
            E::MapIterationAborted(_)
            | E::ParallelStateSucceeded
            | E::MapStateSucceeded
            | E::ParallelStateAborted
            | E::MapStateAborted
            | E::TaskStateAborted
            | E::WaitStateAborted => {}
        }
    }

    fn apply_private(&mut self, scope: ScopeId, fact: &Private) {
        match fact {
            Private::Opened(about) => self.about = Some(Arc::new(about.clone())),
            Private::WaitUntil(until) => {
                if let Some(visit) = self.visit_mut(scope) {
                    visit.work = Work::Waiting { until: *until };
                }
            }
            Private::RetryAt { until, retrier, after } => {
                self.drop_children(scope);
                self.set_work(scope, *after, Work::Retrying { until: *until });
                if let Some(visit) = self.visit_mut(scope) {
                    *visit.attempts.entry(*retrier).or_default() += 1;
                    visit.token = None;
                }
            }
            Private::TokenIssued(token) => {
                if let Some(visit) = self.visit_mut(scope) {
                    visit.token = Some(token.clone());
                }
            }
            Private::HeartbeatReceived(at) => {
                if let Some(Work::Task(task)) = self.work_mut(scope) {
                    task.last_heard = *at;
                }
            }
            Private::MapPrepared { items, max_concurrency } => {
                if let Some(Work::Map(run)) = self.work_mut(scope) {
                    run.items = items.0.clone();
                    run.max_concurrency = *max_concurrency;
                }
            }
            Private::MapRunPlanned(plan) => {
                if let Some(visit) = self.visit_mut(scope) {
                    visit.given_up = None;
                    visit.work = Work::Distributed(Distribution {
                        started: EventId(0),
                        plan: Arc::new(MapRunPlan::clone(plan)),
                        redrives: 0,
                        failure: None,
                        has_succeeded: false,
                    });
                }
            }
            Private::BranchStarted { index } => {
                let thread = self.thread(scope);
                let child = self.open_scope(Some((scope, *index)), thread);
                if let Some(Work::Parallel(run)) = self.work_mut(scope) {
                    run.running.insert(*index, child);
                }
            }
            Private::BranchSucceeded { index } => {
                if let Some(thread) = self.finish_child(scope, *index) {
                    self.set_thread(scope, thread);
                }
            }
            Private::DeadlineSet(deadline) => {
                if let Some(about) = &mut self.about {
                    Arc::make_mut(about).deadline = *deadline;
                }
            }
            Private::Heading(state) => {
                if let Some(scope) = self.scopes.get_mut(&scope) {
                    scope.heading = Some(state.clone());
                }
            }
            Private::StartedOver => self.drop_children(scope),
        }
    }

    fn open_scope(&mut self, parent: Option<(ScopeId, u64)>, thread: EventId) -> ScopeId {
        let id = ScopeId(self.next_scope);
        self.next_scope += 1;
        let (position, variables) = (Position::Ready, BTreeMap::new());
        let scope = Scope { parent, thread, position, heading: None, variables };
        self.scopes.insert(id, scope);
        id
    }

    fn close(&mut self, status: ExecutionStatus, at: Timestamp, failure: Option<&Failure>) {
        self.status = status;
        self.stopped_at = Some(at);
        self.failure = failure.cloned();
        if status == ExecutionStatus::Succeeded {
            self.scopes.clear();
        }
    }

    /// A redrive: the execution runs again, and whatever was under way in its states has been given up.
    fn reopen(&mut self, event: &HistoryEvent, redrive_count: u64) {
        self.status = ExecutionStatus::Running;
        self.stopped_at = None;
        self.failure = None;
        self.redrive_count = redrive_count;
        self.redriven_at = Some(event.timestamp);
        self.set_thread(ScopeId::ROOT, event.id);
        let scopes: Vec<ScopeId> = self.scopes.keys().copied().collect();
        for scope in scopes {
            self.give_up(scope);
            if let Some(visit) = self.visit_mut(scope) {
                visit.attempts.clear();
                visit.token = None;
            }
        }
    }

    /// Puts the branches, iterations or Map Run of a state aside; other work is gone.
    fn give_up(&mut self, scope: ScopeId) {
        let Some(visit) = self.visit_mut(scope) else { return };
        match std::mem::replace(&mut visit.work, Work::None) {
            work @ (Work::Parallel(_) | Work::Map(_)) => visit.given_up = Some(Box::new(work)),
            Work::Distributed(run) if run.started.0 > 0 && !run.has_succeeded => {
                visit.given_up = Some(Box::new(Work::Distributed(run)));
            }
            Work::None
            | Work::Task(_)
            | Work::Waiting { .. }
            | Work::Retrying { .. }
            | Work::Distributed(_) => {}
        }
    }

    /// A Map Run ended without success: it is put aside.
    fn end_map_run(&mut self, scope: ScopeId, event: EventId, failure: Option<&Failure>) {
        if let Some(Work::Distributed(run)) = self.work_mut(scope) {
            run.failure = failure.cloned();
        }
        self.give_up(scope);
        self.set_thread(scope, event);
    }

    /// Goes on with the Map Run that was put aside.
    fn redrive_map_run(&mut self, scope: ScopeId, started: EventId, redrives: u64) {
        if let Some(Work::Distributed(run)) = self.take_given_up(scope) {
            let run = Distribution { started, redrives, failure: None, ..run };
            self.set_work(scope, started, Work::Distributed(run));
        }
    }

    fn enter(&mut self, scope: ScopeId, event: &HistoryEvent) {
        let E::StateEntered { state_type, name, input } = &event.details else { return };
        let visit = Visit {
            name: name.clone(),
            state_type: *state_type,
            input: input.0.clone(),
            entered: event.id,
            before: event.previous,
            entered_at: event.timestamp,
            attempts: BTreeMap::new(),
            token: None,
            work: Work::None,
            given_up: None,
        };
        if let Some(scope) = self.scopes.get_mut(&scope) {
            scope.thread = event.id;
            scope.heading = None;
            scope.position = Position::In(Box::new(visit));
        }
    }

    /// Begins a Parallel, or goes on with the branches that it gave up.
    fn start_parallel(&mut self, scope: ScopeId, started: EventId) {
        let run = match self.take_given_up(scope) {
            Some(Work::Parallel(run)) => {
                run.running.values().for_each(|child| self.set_thread(*child, started));
                ParallelRun { started, ..run }
            }
            Some(
                Work::None
                | Work::Task(_)
                | Work::Waiting { .. }
                | Work::Retrying { .. }
                | Work::Map(_)
                | Work::Distributed(_),
            )
            | None => ParallelRun { started, running: BTreeMap::new(), results: BTreeMap::new() },
        };
        self.set_work(scope, started, Work::Parallel(run));
    }

    /// Begins a Map, or goes on with the iterations that it gave up. A Map Run is gone on with by an event of its own.
    fn start_map(&mut self, scope: ScopeId, started: EventId, length: u64) {
        let given_up = self.visit(scope).and_then(|visit| visit.given_up.as_deref());
        if matches!(given_up, Some(Work::Distributed(_))) {
            return self.set_thread(scope, started);
        }
        if let Some(Work::Map(run)) = self.take_given_up(scope) {
            return self.set_work(scope, started, Work::Map(MapRun { started, ..run }));
        }
        let run = MapRun {
            started,
            items: Payload::from(Value::array(Vec::new())),
            length,
            max_concurrency: 0,
            next_index: 0,
            running: BTreeMap::new(),
            results: BTreeMap::new(),
        };
        self.set_work(scope, started, Work::Map(run));
    }

    /// Begins an iteration, or goes on with one that was given up.
    fn start_iteration(&mut self, scope: ScopeId, index: u64, started: EventId) {
        let earlier = match self.work_mut(scope) {
            Some(Work::Map(run)) => run.running.get(&index).copied(),
            Some(
                Work::None
                | Work::Task(_)
                | Work::Waiting { .. }
                | Work::Retrying { .. }
                | Work::Parallel(_)
                | Work::Distributed(_),
            )
            | None => None,
        };
        if let Some(child) = earlier {
            return self.set_thread(child, started);
        }
        let child = self.open_scope(Some((scope, index)), started);
        if let Some(Work::Map(run)) = self.work_mut(scope) {
            run.running.insert(index, child);
            run.next_index = index.saturating_add(1);
        }
    }

    fn take_given_up(&mut self, scope: ScopeId) -> Option<Work> {
        self.visit_mut(scope)?.given_up.take().map(|work| *work)
    }

    fn schedule(
        &mut self,
        scope: ScopeId,
        event: &HistoryEvent,
        resource: TaskResource,
        input: &Payload,
        options: &ScheduleOptions,
    ) {
        let task = TaskRun {
            scheduled: event.id,
            scheduled_at: event.timestamp,
            resource,
            input: input.clone(),
            options: options.clone(),
            started_at: None,
            submitted: None,
            last_heard: event.timestamp,
        };
        self.set_work(scope, event.id, Work::Task(task));
    }

    fn end_task(&mut self, scope: ScopeId, event: EventId) {
        self.set_work(scope, event, Work::None);
        if let Some(visit) = self.visit_mut(scope) {
            visit.token = None;
        }
    }

    fn with_task(&mut self, scope: ScopeId, event: EventId, change: impl FnOnce(&mut TaskRun)) {
        self.set_thread(scope, event);
        if let Some(Work::Task(task)) = self.work_mut(scope) {
            change(task);
        }
    }

    fn set_thread(&mut self, scope: ScopeId, event: EventId) {
        if let Some(scope) = self.scopes.get_mut(&scope) {
            scope.thread = event;
        }
    }

    fn set_work(&mut self, scope: ScopeId, thread: EventId, work: Work) {
        self.set_thread(scope, thread);
        if let Some(visit) = self.visit_mut(scope) {
            visit.work = work;
        }
    }

    fn work_mut(&mut self, scope: ScopeId) -> Option<&mut Work> {
        self.visit_mut(scope).map(|visit| &mut visit.work)
    }

    /// Keeps a child's output, closes the child, and gives the latest event of its thread.
    fn finish_child(&mut self, scope: ScopeId, index: u64) -> Option<EventId> {
        let running = match self.work_mut(scope)? {
            Work::Parallel(run) => &mut run.running,
            Work::Map(run) => &mut run.running,
            Work::None
            | Work::Task(_)
            | Work::Waiting { .. }
            | Work::Retrying { .. }
            | Work::Distributed(_) => return None,
        };
        let child = running.remove(&index)?;
        let child = self.scopes.remove(&child)?;
        if let Position::Exited(output) = child.position {
            match self.work_mut(scope)? {
                Work::Parallel(run) => run.results.insert(index, output),
                Work::Map(run) => run.results.insert(index, output),
                Work::None
                | Work::Task(_)
                | Work::Waiting { .. }
                | Work::Retrying { .. }
                | Work::Distributed(_) => None,
            };
        }
        Some(child.thread)
    }

    /// Closes the scopes of a state's branches or iterations, given up or not, and whatever is open in them.
    fn drop_children(&mut self, scope: ScopeId) {
        let Some(visit) = self.visit_mut(scope) else { return };
        let given_up = visit.given_up.take();
        let mut children = visit.work.children();
        children.extend(given_up.iter().flat_map(|work| work.children()));
        match &mut visit.work {
            Work::Parallel(run) => run.running.clear(),
            Work::Map(run) => run.running.clear(),
            Work::None
            | Work::Task(_)
            | Work::Waiting { .. }
            | Work::Retrying { .. }
            | Work::Distributed(_) => {}
        }
        for (_, child) in children {
            self.drop_children(child);
            self.scopes.remove(&child);
        }
    }
}

/// The resource that an event of a service task speaks of.
fn service_resource(action: &ServiceAction) -> TaskResource {
    let arn = format!("arn:aws:states:::{}:{}", action.resource_type, action.resource);
    // INVARIANT(scheduled-resource): only resources that were read from such an ARN are ever scheduled.
    TaskResource::parse(&arn).unwrap_or_else(|_| TaskResource::LambdaFunction { arn: Arc::from(arn) })
}
