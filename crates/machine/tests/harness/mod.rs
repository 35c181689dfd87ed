//! Runs definitions under a virtual clock, with scripted tasks, and checks after every decision what must always hold.
#![allow(dead_code, unused_imports)] // each test binary uses a part of it

mod script;

use asl::Definition;
use json::Payload;
use machine::{About, Execution, Fact, Outside, Stimulus, check_history, check_rebuild, decide};
use model::{
    EventDetails, EventId, ExecutionStatus, Failure, HistoryEvent, Partition, StartedThrough,
    StateMachineType, Timestamp, limits,
};
pub(crate) use script::{Act, fails, fails_bare, never, returns, script};
use std::collections::{BTreeMap, BTreeSet};

/// When every execution starts: 2026-01-01T00:00:00Z.
pub(crate) const START: Timestamp = Timestamp(1_767_225_600_000);

/// Decisions that a run may take before it counts as endless.
const DECISIONS: usize = 60_000;

/// Numbers that a seed fixes (SplitMix64).
pub(crate) struct Seeded(pub(crate) u64);

impl expr::Entropy for Seeded {
    fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

/// A call of a task.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// The function, activity or `service:action`.
    pub(crate) name: String,
    /// Milliseconds since the start.
    pub(crate) at: u64,
    pub(crate) input: String,
    pub(crate) token: Option<String>,
}

/// An execution under way, with everything around it.
pub(crate) struct Runner {
    pub(crate) definition: Definition,
    pub(crate) execution: Execution,
    pub(crate) facts: Vec<Fact>,
    pub(crate) now: Timestamp,
    pub(crate) calls: Vec<Call>,
    input: String,
    entropy: Seeded,
    scripts: BTreeMap<String, Vec<Vec<Act>>>,
    missing_activities: bool,
    seen: BTreeSet<EventId>,
    agenda: BTreeMap<(Timestamp, usize), Pending>,
    planned: usize,
    decisions: usize,
}

enum Pending {
    Act(machine::OutstandingTask, Act),
    Outside(Stimulus),
}

/// A machine whose first state is the one it starts at. `"fn:f"`, `"act:a"` and `"sfn:lambda:invoke"` stand for the
/// ARNs of a function, an activity and an integration.
pub(crate) fn flow(states: &str) -> Runner {
    flow_with("", states)
}

/// The same with other members of the machine, such as `"TimeoutSeconds": 5,`.
pub(crate) fn flow_with(members: &str, states: &str) -> Runner {
    let parsed = json::parse(&format!("{{{states}}}")).expect("the states are JSON");
    let start = parsed.as_object().and_then(|o| o.keys().next()).expect("there is a state").clone();
    Runner::new(&format!(r#"{{{members} "StartAt": "{start}", "States": {{{states}}}}}"#))
}

/// A machine of one state.
pub(crate) fn one(state: &str) -> Runner {
    flow(&format!(r#""S": {state}"#))
}

impl Runner {
    pub(crate) fn new(definition: &str) -> Runner {
        let text = definition
            .replace("\"fn:", "\"arn:aws:lambda:us-east-1:000000000000:function:")
            .replace("\"act:", "\"arn:aws:states:us-east-1:000000000000:activity:")
            .replace("\"sfn:", "\"arn:aws:states:::");
        match asl::compile(&text, StateMachineType::Standard) {
            Ok(compiled) => Runner::of(compiled.definition),
            Err(problems) => panic!("{}\n{text}", asl::invalid_definition_message(&problems)),
        }
    }

    pub(crate) fn of(definition: Definition) -> Runner {
        Runner {
            definition,
            execution: Execution::new(),
            facts: Vec::new(),
            now: START,
            calls: Vec::new(),
            input: "{}".to_owned(),
            entropy: Seeded(1),
            scripts: BTreeMap::new(),
            missing_activities: false,
            seen: BTreeSet::new(),
            agenda: BTreeMap::new(),
            planned: 0,
            decisions: 0,
        }
    }

    pub(crate) fn input(mut self, input: &str) -> Runner {
        self.input = input.to_owned();
        self
    }

    pub(crate) fn seed(mut self, seed: u64) -> Runner {
        self.entropy = Seeded(seed);
        self
    }

    pub(crate) fn without_activities(mut self) -> Runner {
        self.missing_activities = true;
        self
    }

    /// What the calls of a task do, call by call; the last one goes for all that follow.
    pub(crate) fn on<const N: usize>(mut self, name: &str, calls: [Vec<Act>; N]) -> Runner {
        self.scripts.insert(name.to_owned(), calls.into());
        self
    }

    /// Something from outside, so many milliseconds after the start.
    pub(crate) fn at(mut self, millis: u64, stimulus: Stimulus) -> Runner {
        self.plan(START.plus_millis(millis), Pending::Outside(stimulus));
        self
    }

    pub(crate) fn stop_at(self, millis: u64, failure: Failure) -> Runner {
        self.at(millis, Stimulus::Stop { failure })
    }

    /// Starts the execution and runs it until it ends, or waits for something that the script never gives.
    pub(crate) fn run(mut self) -> Runner {
        self.start();
        while self.step() {}
        self.check();
        self
    }

    /// Redrives the execution so many milliseconds after it came to rest, and runs it on.
    pub(crate) fn redrive_after(mut self, millis: u64) -> Runner {
        self.now = self.now.plus_millis(millis);
        self.give(Stimulus::Redrive);
        while self.step() {}
        self.check();
        self
    }

    pub(crate) fn redrive(self) -> Runner {
        self.redrive_after(0)
    }

    /// The history from an event on, as one line.
    pub(crate) fn since(&self, event: u64) -> String {
        let lines: Vec<String> = self.events().filter(|one| one.id.0 >= event).map(line).collect();
        lines.join(" | ")
    }

    pub(crate) fn start(&mut self) {
        let input = Payload::from_text(self.input.as_str()).expect("the input is JSON");
        self.give(birth(about(), input));
    }

    /// Moves the clock to what happens next; false when nothing does.
    fn step(&mut self) -> bool {
        assert!(self.decisions < DECISIONS, "the execution does not come to rest");
        let planned = self.agenda.keys().next().copied();
        let timer = self.execution.next_timer().filter(|timer| self.is_awaited(*timer));
        match (planned, timer) {
            (Some((at, place)), timer) if timer.is_none_or(|timer| at <= timer) => {
                self.now = self.now.max(at);
                let stimulus = match self.agenda.remove(&(at, place)) {
                    Some(Pending::Outside(stimulus)) => Some(stimulus),
                    Some(Pending::Act(task, act)) => act.stimulus(&task),
                    None => None,
                };
                if let Some(stimulus) = stimulus {
                    self.give(stimulus);
                }
                true
            }
            (_, Some(timer)) => {
                self.now = self.now.max(timer);
                self.give(Stimulus::Tick);
                true
            }
            (_, None) => false,
        }
    }

    /// The end of the year that an execution may take is not waited for.
    fn is_awaited(&self, timer: Timestamp) -> bool {
        self.definition.timeout_seconds.is_some() || timer < START.plus_seconds(limits::EXECUTION_SECONDS)
    }

    /// Lets the machine decide, and checks the outcome.
    pub(crate) fn give(&mut self, stimulus: Stimulus) -> usize {
        self.decisions += 1;
        let exists = !self.missing_activities;
        let outside = Outside { now: self.now, entropy: &mut self.entropy, activity_exists: &|_| exists };
        let facts = decide(&mut self.execution, &self.definition, stimulus, outside);
        let count = facts.len();
        self.facts.extend(facts);
        // A run of thousands of decisions is checked now and then and at its end: a check costs a replay of everything.
        if self.facts.len() < 1_000 || self.decisions.is_multiple_of(997) {
            self.check();
        }
        self.plan_tasks();
        count
    }

    pub(crate) fn check(&self) {
        check(&self.facts, &self.execution);
    }

    fn plan_tasks(&mut self) {
        for task in self.execution.outstanding() {
            if !self.seen.insert(task.task) {
                continue;
            }
            let name = script::call_name(&task);
            let earlier = self.calls.iter().filter(|call| call.name == name).count();
            self.calls.push(Call {
                name: name.clone(),
                at: self.elapsed(),
                input: task.input.text().to_string(),
                token: task.token.as_deref().map(str::to_owned),
            });
            let acts = match self.scripts.get(&name) {
                Some(calls) => calls.get(earlier).or(calls.last()).cloned().unwrap_or_default(),
                None => panic!("nothing is scripted for {name}"),
            };
            for act in acts {
                self.plan(self.now.plus_millis(act.after), Pending::Act(task.clone(), act));
            }
        }
    }

    fn plan(&mut self, at: Timestamp, pending: Pending) {
        self.planned += 1;
        self.agenda.insert((at, self.planned), pending);
    }

    pub(crate) fn events(&self) -> impl Iterator<Item = &HistoryEvent> {
        self.facts.iter().filter_map(Fact::event)
    }

    /// The history as lines like `4<-3 MapIterationStarted{0}`.
    pub(crate) fn history(&self) -> Vec<String> {
        self.events().map(line).collect()
    }

    /// Checks the whole history, given as `1<-0 ExecutionStarted | 2<-0 …`, over as many lines as it takes.
    #[track_caller]
    pub(crate) fn assert_history(&self, expected: &str) -> &Runner {
        let expected: Vec<&str> =
            expected.split(['|', '\n']).map(str::trim).filter(|l| !l.is_empty()).collect();
        let history = self.history();
        assert!(
            history == expected,
            "expected\n  {}\ngot\n  {}",
            expected.join("\n  "),
            history.join("\n  ")
        );
        self
    }

    /// Milliseconds since the start.
    pub(crate) fn elapsed(&self) -> u64 {
        self.now.millis_since(START)
    }

    pub(crate) fn status(&self) -> ExecutionStatus {
        self.execution.status
    }

    /// The output of an execution that succeeded.
    #[track_caller]
    pub(crate) fn output(&self) -> String {
        match &self.execution.output {
            Some(output) => output.text().to_string(),
            None => panic!("the execution did not succeed: {}", self.history().join("\n")),
        }
    }

    #[track_caller]
    pub(crate) fn assert_output(&self, expected: &str) -> &Runner {
        let expected = json::parse(expected).expect("the expected output is JSON").to_text();
        assert_eq!(self.output(), expected);
        self
    }

    /// Error and cause of an execution that failed.
    #[track_caller]
    pub(crate) fn failure(&self) -> (Option<&str>, Option<&str>) {
        match &self.execution.failure {
            Some(failure) => (failure.error.as_deref(), failure.cause.as_deref()),
            None => panic!("the execution did not fail: {:?}", self.history()),
        }
    }

    #[track_caller]
    pub(crate) fn assert_failure(&self, error: &str, cause: &str) -> &Runner {
        assert_eq!(self.failure(), (Some(error), Some(cause)));
        self
    }

    /// A failure of the interpreter in the state `S`, entered at event 2.
    #[track_caller]
    pub(crate) fn assert_runtime(&self, text: &str) -> &Runner {
        self.assert_runtime_in("S", 2, text)
    }

    #[track_caller]
    pub(crate) fn assert_runtime_in(&self, state: &str, entered: u64, text: &str) -> &Runner {
        let prefix = format!(
            "An error occurred while executing the state '{state}' (entered at the event id #{entered}). "
        );
        self.assert_failure("States.Runtime", &format!("{prefix}{text}"))
    }

    /// The outputs with which visits of the state ended.
    pub(crate) fn exits(&self, state: &str) -> Vec<String> {
        self.events()
            .filter_map(|event| match &event.details {
                EventDetails::StateExited { name, output, .. } if **name == *state => {
                    Some(output.0.text().to_string())
                }
                _ => None,
            })
            .collect()
    }

    /// The inputs with which the state was entered.
    pub(crate) fn inputs(&self, state: &str) -> Vec<String> {
        self.events()
            .filter_map(|event| match &event.details {
                EventDetails::StateEntered { name, input, .. } if **name == *state => {
                    Some(input.0.text().to_string())
                }
                _ => None,
            })
            .collect()
    }

    /// The milliseconds at which a task was called.
    pub(crate) fn call_times(&self, name: &str) -> Vec<u64> {
        self.calls.iter().filter(|call| call.name == name).map(|call| call.at).collect()
    }

    /// How many events of a type there are.
    pub(crate) fn count(&self, type_name: &str) -> usize {
        self.events().filter(|event| event.details.type_name() == type_name).count()
    }

    /// The outstanding task of that name.
    #[track_caller]
    pub(crate) fn task(&self, name: &str) -> machine::OutstandingTask {
        let mut tasks = self.execution.outstanding().into_iter();
        tasks.find(|task| script::call_name(task) == name).expect("the task is outstanding")
    }
}

/// Checks that the facts give the execution, through their stored form too, and that every prefix of them gives one that
/// can be asked what it waits for. Gives the execution that was rebuilt.
#[track_caller]
pub(crate) fn check(facts: &[Fact], execution: &Execution) -> Execution {
    check_history(facts, execution).expect("the history is in order");
    check_rebuild(facts, execution).expect("the facts give the execution");
    let mut rebuilt = Execution::new();
    for fact in facts {
        let read = Fact::decode(&Fact::encode(&[fact])).expect("a stored fact reads back");
        assert_eq!(read.as_slice(), std::slice::from_ref(fact), "a stored fact reads back the same");
        read.iter().for_each(|fact| rebuilt.apply(fact));
        let _ = (rebuilt.outstanding(), rebuilt.next_timer());
    }
    assert_eq!(rebuilt, *execution, "stored facts give the execution");
    rebuilt
}

/// What begins an execution.
pub(crate) fn birth(about: About, input: Payload) -> Stimulus {
    Stimulus::Start { about, input, through: StartedThrough::default() }
}

pub(crate) fn about() -> About {
    let partition = Partition::of("us-east-1", "000000000000");
    About {
        arn: partition.execution("m", "e"),
        state_machine_arn: partition.state_machine("m"),
        role_arn: "arn:aws:iam::000000000000:role/r".into(),
        region: "us-east-1".into(),
        started_at: START,
        deadline: START.plus_seconds(limits::EXECUTION_SECONDS),
        is_synchronous: false,
    }
}

/// An event as one line: number, number of the one before, type, and what tells it from others of its type.
pub(crate) fn line(event: &HistoryEvent) -> String {
    use EventDetails as E;
    let shown = match &event.details {
        E::MapIterationStarted(i)
        | E::MapIterationSucceeded(i)
        | E::MapIterationFailed(i)
        | E::MapIterationAborted(i) => format!("{{{}}}", i.index),
        E::MapStateStarted { length } => format!("{{{length}}}"),
        E::ExecutionRedriven { redrive_count } => format!("{{{redrive_count}}}"),
        E::ExecutionFailed(f)
        | E::ExecutionAborted(f)
        | E::ExecutionTimedOut(f)
        | E::LambdaFunctionFailed(f)
        | E::LambdaFunctionTimedOut(f)
        | E::ActivityFailed(f)
        | E::ActivityTimedOut(f)
        | E::TaskFailed(_, f)
        | E::TaskTimedOut(_, f) => format!("{{{}}}", f.error.as_deref().unwrap_or("")),
        _ => String::new(),
    };
    format!("{}<-{} {}{shown}", event.id.0, event.previous.0, event.details.type_name())
}
