//! An execution as its history tells it: which states were entered, how often they were tried and what came of them.
//!
//! History is one list; what belongs together says each event's `previousEventId`. An event is placed by the place of the
//! event before it, and those that close a Parallel or Map by climbing from there to the nearest one that is open.

use asl::{Block, Definition, FailText, StateKind};
use model::history::{Iteration, StoredPayload};
use model::{EventDetails, Failure, HistoryEvent, StateType, Timestamp};
use std::collections::HashMap;
use std::sync::Arc;

/// What is known of an execution.
#[derive(Debug)]
pub(crate) struct Progress {
    /// When it started.
    pub(crate) started: Option<Timestamp>,
    /// How it ended.
    pub(crate) end: Option<(Timestamp, Outcome)>,
    steps: Vec<Step>,
    groups: Vec<Group>,
    places: HashMap<u64, Place>,
    /// What the Fail states say, which history leaves out where the state lies in a branch or an iteration.
    fails: HashMap<Arc<str>, Failure>,
}

/// How something ended, or that it has not.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Outcome {
    Running,
    Succeeded,
    /// An error was caught and the workflow went on elsewhere.
    Caught,
    Failed,
    TimedOut,
    Aborted,
}

/// A state that was entered, with all its attempts.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) name: Arc<str>,
    pub(crate) state_type: StateType,
    pub(crate) outcome: Outcome,
    pub(crate) entered: Timestamp,
    pub(crate) ended: Option<Timestamp>,
    /// Attempts after the first.
    pub(crate) retries: u32,
    /// The last error of an attempt.
    pub(crate) failure: Option<Failure>,
    /// What it gave.
    pub(crate) output: Option<StoredPayload>,
    /// Whether the service has the task and an answer to its token is awaited.
    pub(crate) awaits_token: bool,
    /// Items of a Map.
    pub(crate) items: Option<u64>,
    /// Branches or iterations of the latest attempt.
    pub(crate) groups: Vec<usize>,
    group: usize,
}

/// A thread of states: the top level, a branch, an iteration.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) kind: GroupKind,
    pub(crate) outcome: Outcome,
    pub(crate) steps: Vec<usize>,
    /// The Parallel or Map that it belongs to.
    owner: Option<usize>,
}

/// Which thread a group is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GroupKind {
    Top,
    /// A branch, from 0.
    Branch(usize),
    /// An iteration by its item's index.
    Item(u64),
}

#[derive(Clone, Copy, Debug)]
struct Place {
    group: usize,
    step: Option<usize>,
}

const TOP: Place = Place { group: 0, step: None };

/// What an event meant, for those who tell the story line by line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum News {
    Entered(usize),
    Retried(usize),
    /// An attempt failed; what follows shows whether it is retried or caught.
    AttemptFailed(usize),
    AwaitsToken(usize),
    Left(usize),
    Ended,
    Nothing,
}

impl Progress {
    /// Nothing of the definition has happened yet.
    pub(crate) fn new(definition: &Definition) -> Progress {
        let mut fails = HashMap::new();
        collect_fails(&definition.block, &mut fails);
        let top = Group { kind: GroupKind::Top, outcome: Outcome::Running, steps: Vec::new(), owner: None };
        Progress {
            started: None,
            end: None,
            steps: Vec::new(),
            groups: vec![top],
            places: HashMap::new(),
            fails,
        }
    }

    /// The states of the top level, in the order in which they were entered.
    pub(crate) fn top(&self) -> &[usize] {
        self.groups.first().map_or(&[], |top| &top.steps)
    }

    pub(crate) fn step(&self, at: usize) -> Option<&Step> {
        self.steps.get(at)
    }

    pub(crate) fn group(&self, at: usize) -> Option<&Group> {
        self.groups.get(at)
    }

    /// The branches and items that the step lies in, outermost first, with the names of their states.
    pub(crate) fn path(&self, step: usize) -> Vec<(&Arc<str>, GroupKind)> {
        let mut path = Vec::new();
        let mut at = self.steps.get(step).and_then(|step| self.groups.get(step.group));
        while let Some((group, owner)) = at.and_then(|group| Some((group, self.steps.get(group.owner?)?))) {
            path.push((&owner.name, group.kind));
            at = self.groups.get(owner.group);
        }
        path.reverse();
        path
    }

    /// Takes the next event of the history.
    pub(crate) fn take(&mut self, event: &HistoryEvent) -> News {
        let before = self.places.get(&event.previous.0).copied().unwrap_or(TOP);
        let (place, news) = self.understand(event, before);
        self.places.insert(event.id.0, place);
        news
    }

    fn understand(&mut self, event: &HistoryEvent, before: Place) -> (Place, News) {
        use EventDetails as E;
        let at = event.timestamp;
        match &event.details {
            E::ExecutionStarted { .. } => {
                self.started = Some(at);
                (TOP, News::Nothing)
            }
            E::ExecutionSucceeded { .. } => self.finish(at, Outcome::Succeeded, None, before),
            E::ExecutionFailed(failure) => self.finish(at, Outcome::Failed, Some(failure), before),
            E::ExecutionTimedOut(_) => self.finish(at, Outcome::TimedOut, None, TOP),
            E::ExecutionAborted(_) => self.finish(at, Outcome::Aborted, None, TOP),
            E::StateEntered { state_type, name, .. } => self.enter(at, *state_type, name, before),
            E::StateExited { name, output, .. } => self.leave(at, name, output, before),
            E::ParallelStateStarted => self.start_container(at, StateType::Parallel, None, before),
            E::MapStateStarted { length } => self.start_container(at, StateType::Map, Some(*length), before),
            E::ParallelStateSucceeded => self.close_container(StateType::Parallel, None, before),
            E::MapStateSucceeded => self.close_container(StateType::Map, None, before),
            E::ParallelStateFailed | E::ParallelStateAborted => {
                self.close_container(StateType::Parallel, Some(at), before)
            }
            E::MapStateFailed | E::MapStateAborted => self.close_container(StateType::Map, Some(at), before),
            E::MapIterationStarted(iteration) => self.start_iteration(iteration, before),
            E::MapIterationSucceeded(iteration) => {
                self.close_iteration(iteration, Outcome::Succeeded, before)
            }
            E::MapIterationFailed(iteration) => self.close_iteration(iteration, Outcome::Failed, before),
            E::MapIterationAborted(iteration) => self.close_iteration(iteration, Outcome::Aborted, before),
            E::TaskScheduled { .. } | E::LambdaFunctionScheduled { .. } | E::ActivityScheduled { .. } => {
                self.schedule(before)
            }
            E::TaskSubmitted { action, .. } => {
                self.submit(action.resource.ends_with(".waitForTaskToken"), before)
            }
            E::TaskStartFailed(_, failure)
            | E::TaskSubmitFailed(_, failure)
            | E::TaskFailed(_, failure)
            | E::TaskTimedOut(_, failure)
            | E::LambdaFunctionScheduleFailed(failure)
            | E::LambdaFunctionStartFailed(failure)
            | E::LambdaFunctionFailed(failure)
            | E::LambdaFunctionTimedOut(failure)
            | E::ActivityScheduleFailed(failure)
            | E::ActivityFailed(failure)
            | E::ActivityTimedOut(failure)
            | E::MapRunFailed(failure) => self.fail_attempt(before.step, failure, before),
            // Its previous event is the one before the state was entered.
            E::EvaluationFailed { state, failure, .. } => {
                let step = self.groups.get(before.group).and_then(|group| group.steps.last().copied());
                let step = step.filter(|at| self.steps.get(*at).is_some_and(|step| step.name == *state));
                self.fail_attempt(step, failure, Place { step, ..before })
            }
            E::ExecutionRedriven { .. }
            | E::MapRunStarted { .. }
            | E::MapRunSucceeded
            | E::MapRunAborted
            | E::MapRunRedriven { .. }
            | E::TaskStateAborted
            | E::WaitStateAborted
            | E::TaskStarted(_)
            | E::TaskSucceeded { .. }
            | E::LambdaFunctionStarted
            | E::LambdaFunctionSucceeded { .. }
            | E::ActivityStarted { .. }
            | E::ActivitySucceeded { .. } => (before, News::Nothing),
        }
    }

    fn enter(
        &mut self,
        at: Timestamp,
        state_type: StateType,
        name: &Arc<str>,
        before: Place,
    ) -> (Place, News) {
        let group = match before.step.filter(|step| self.is_open(*step, StateType::Parallel)) {
            // The first state of a branch.
            Some(owner) => self.add_group(owner, GroupKind::Branch),
            None => before.group,
        };
        let step = self.steps.len();
        self.steps.push(Step {
            name: name.clone(),
            state_type,
            outcome: Outcome::Running,
            entered: at,
            ended: None,
            retries: 0,
            failure: self.fails.get(name).cloned(),
            output: None,
            awaits_token: false,
            items: None,
            groups: Vec::new(),
            group,
        });
        if let Some(group) = self.groups.get_mut(group) {
            group.steps.push(step);
        }
        (Place { group, step: Some(step) }, News::Entered(step))
    }

    fn leave(
        &mut self,
        at: Timestamp,
        name: &Arc<str>,
        output: &StoredPayload,
        before: Place,
    ) -> (Place, News) {
        let Some(found) = self.climb(before, |step| step.name == *name && step.ended.is_none()) else {
            return (before, News::Nothing);
        };
        let Some(step) = self.steps.get_mut(found) else { return (before, News::Nothing) };
        step.outcome = if step.failure.is_some() { Outcome::Caught } else { Outcome::Succeeded };
        step.ended = Some(at);
        step.awaits_token = false;
        step.output = Some(output.clone());
        let group = step.group;
        (Place { group, step: None }, News::Left(found))
    }

    fn schedule(&mut self, place: Place) -> (Place, News) {
        let Some((at, step)) = place.step.and_then(|at| Some((at, self.steps.get_mut(at)?))) else {
            return (place, News::Nothing);
        };
        step.awaits_token = false;
        if step.failure.take().is_none() {
            return (place, News::Nothing);
        }
        step.retries += 1;
        (place, News::Retried(at))
    }

    fn submit(&mut self, awaits_token: bool, place: Place) -> (Place, News) {
        let Some((at, step)) = place.step.and_then(|at| Some((at, self.steps.get_mut(at)?))) else {
            return (place, News::Nothing);
        };
        step.awaits_token = awaits_token;
        (place, if awaits_token { News::AwaitsToken(at) } else { News::Nothing })
    }

    fn fail_attempt(&mut self, at: Option<usize>, failure: &Failure, place: Place) -> (Place, News) {
        let Some((at, step)) = at.and_then(|at| Some((at, self.steps.get_mut(at)?))) else {
            return (place, News::Nothing);
        };
        step.failure = Some(failure.clone());
        step.awaits_token = false;
        (place, News::AttemptFailed(at))
    }

    fn start_container(
        &mut self,
        at: Timestamp,
        state_type: StateType,
        items: Option<u64>,
        before: Place,
    ) -> (Place, News) {
        let open = |step: &Step| step.state_type == state_type && step.ended.is_none();
        let Some(found) = self.climb(before, open) else { return (before, News::Nothing) };
        let is_retry =
            self.steps.get(found).is_some_and(|step| !step.groups.is_empty() || step.failure.is_some());
        if is_retry {
            self.abort_inside(found, None, at);
        }
        let Some(step) = self.steps.get_mut(found) else { return (before, News::Nothing) };
        step.groups.clear();
        step.failure = None;
        step.items = items;
        step.retries += u32::from(is_retry);
        let place = Place { group: step.group, step: Some(found) };
        (place, if is_retry { News::Retried(found) } else { News::Nothing })
    }

    /// A container's work is over; with a time, because something inside failed.
    fn close_container(
        &mut self,
        state_type: StateType,
        failed: Option<Timestamp>,
        before: Place,
    ) -> (Place, News) {
        let open = |step: &Step| step.state_type == state_type && step.outcome == Outcome::Running;
        let Some(found) = self.climb(before, open) else { return (before, News::Nothing) };
        let inner = before.step.filter(|at| *at != found).and_then(|at| self.steps.get(at));
        let failure = inner.and_then(|step| step.failure.clone());
        if let Some(at) = failed {
            self.abort_inside(found, before.step, at);
        }
        let Some(step) = self.steps.get_mut(found) else { return (before, News::Nothing) };
        let place = Place { group: step.group, step: Some(found) };
        if failed.is_none() {
            let groups = step.groups.clone();
            self.close_groups(&groups, Outcome::Succeeded);
            return (place, News::Nothing);
        }
        // Not `ended` yet: a catcher may still lead out of it.
        step.outcome = Outcome::Failed;
        step.failure = failure.or(step.failure.take()).or(Some(Failure::default()));
        (place, News::AttemptFailed(found))
    }

    fn start_iteration(&mut self, iteration: &Iteration, before: Place) -> (Place, News) {
        let Some(map) = self.climb(before, |step| step.name == iteration.name && step.ended.is_none()) else {
            return (before, News::Nothing);
        };
        let group = self.add_group(map, |_| GroupKind::Item(iteration.index));
        (Place { group, step: None }, News::Nothing)
    }

    fn close_iteration(&mut self, iteration: &Iteration, outcome: Outcome, before: Place) -> (Place, News) {
        let Some(map) = self.climb(before, |step| step.name == iteration.name && step.ended.is_none()) else {
            return (before, News::Nothing);
        };
        let Some(step) = self.steps.get(map) else { return (before, News::Nothing) };
        let is_it = |at: &&usize| {
            self.groups.get(**at).is_some_and(|group| group.kind == GroupKind::Item(iteration.index))
        };
        let group = step.groups.iter().rev().find(is_it).copied();
        let place = Place { group: step.group, step: Some(map) };
        self.close_groups(group.as_slice(), outcome);
        (place, News::Nothing)
    }

    fn finish(
        &mut self,
        at: Timestamp,
        outcome: Outcome,
        failure: Option<&Failure>,
        before: Place,
    ) -> (Place, News) {
        if let (Some(failure), Some(step)) = (failure, before.step.and_then(|step| self.steps.get_mut(step)))
        {
            step.failure = Some(failure.clone());
            step.outcome = Outcome::Failed;
            step.ended = Some(at);
        }
        for step in self.steps.iter_mut().filter(|step| step.ended.is_none()) {
            if step.outcome == Outcome::Running {
                step.outcome = Outcome::Aborted;
            }
            step.ended = Some(at);
        }
        let all: Vec<usize> = (0..self.groups.len()).collect();
        self.close_groups(&all, Outcome::Aborted);
        self.end = Some((at, outcome));
        (before, News::Ended)
    }

    /// What is open inside a container ends with it; `culprit` is the state whose error ended it.
    fn abort_inside(&mut self, container: usize, culprit: Option<usize>, at: Timestamp) {
        let mut waiting = self.steps.get(container).map_or_else(Vec::new, |step| step.groups.clone());
        while let Some(group) = waiting.pop() {
            let steps = self.groups.get(group).map_or_else(Vec::new, |group| group.steps.clone());
            for inner in steps {
                let Some(step) = self.steps.get_mut(inner) else { continue };
                waiting.extend(&step.groups);
                if step.ended.is_none() {
                    let failed = culprit == Some(inner) || step.outcome == Outcome::Failed;
                    step.outcome = if failed { Outcome::Failed } else { Outcome::Aborted };
                    step.awaits_token = false;
                    step.ended = Some(at);
                }
            }
            self.close_groups(&[group], Outcome::Aborted);
        }
    }

    fn close_groups(&mut self, groups: &[usize], outcome: Outcome) {
        for at in groups {
            if let Some(group) = self.groups.get_mut(*at).filter(|group| group.outcome == Outcome::Running) {
                group.outcome = outcome.clone();
            }
        }
    }

    fn add_group(&mut self, owner: usize, kind: impl Fn(usize) -> GroupKind) -> usize {
        let at = self.groups.len();
        if let Some(step) = self.steps.get_mut(owner) {
            let kind = kind(step.groups.len());
            step.groups.push(at);
            self.groups.push(Group {
                kind,
                outcome: Outcome::Running,
                steps: Vec::new(),
                owner: Some(owner),
            });
        }
        at
    }

    fn is_open(&self, at: usize, state_type: StateType) -> bool {
        self.steps
            .get(at)
            .is_some_and(|step| step.state_type == state_type && step.outcome == Outcome::Running)
    }

    /// The step of the place or the nearest around it that is as asked.
    fn climb(&self, place: Place, is_it: impl Fn(&Step) -> bool) -> Option<usize> {
        let mut candidate = place.step;
        let mut group = place.group;
        loop {
            if let Some(at) = candidate.filter(|at| self.steps.get(*at).is_some_and(&is_it)) {
                return Some(at);
            }
            let owner = self.groups.get(group)?.owner?;
            candidate = Some(owner);
            group = self.steps.get(owner)?.group;
        }
    }
}

/// The errors of all Fail states that name them literally; those of paths stay unknown.
fn collect_fails(block: &Block, fails: &mut HashMap<Arc<str>, Failure>) {
    let text = |text: &Option<FailText>| match text {
        Some(FailText::Literal(text)) => Some(text.clone()),
        Some(FailText::Path(_) | FailText::Query(_)) | None => None,
    };
    for (name, state) in &block.states {
        match &state.kind {
            StateKind::Fail(fail) => {
                fails.insert(name.clone(), Failure { error: text(&fail.error), cause: text(&fail.cause) });
            }
            StateKind::Parallel(parallel) => {
                parallel.branches.iter().for_each(|branch| collect_fails(branch, fails))
            }
            StateKind::Map(map) => collect_fails(&map.processor, fails),
            StateKind::Task(_)
            | StateKind::Pass(_)
            | StateKind::Choice(_)
            | StateKind::Wait(_)
            | StateKind::Succeed => {}
        }
    }
}
