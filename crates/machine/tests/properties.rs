//! What holds of every definition and of everything that can happen to its executions.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]

#[path = "support/definitions.rs"]
mod definitions;
mod harness;

use asl::Definition;
use definitions::{Node, block};
use harness::{START, Seeded, about, check};
use json::{Payload, Value};
use machine::{
    DecodeError, Execution, Fact, FactKind, Outside, OutstandingTask, Private, Stimulus, TaskAnswer,
    TaskProgress, TaskToken, decide,
};
use model::{EventId, Failure, StateMachineType, Timestamp, limits};
use proptest::prelude::*;
use std::sync::Arc;

const INPUT: &str = r#"{"items":[1,2,3],"n":1,"t":"2026-01-01T00:00:05Z","deep":{"a":[1,"x",null]}}"#;

/// Something that happens to an execution. The numbers pick one of what there is.
#[derive(Clone, Debug)]
enum Happening {
    Answer {
        which: usize,
        kind: u8,
    },
    Token {
        which: usize,
        kind: u8,
    },
    Heartbeat {
        which: usize,
    },
    Take {
        which: usize,
    },
    /// Time goes on, to the next timer or by so many milliseconds.
    Time {
        millis: Option<u64>,
    },
    /// Something that was sent before is sent again.
    Again {
        which: usize,
    },
    /// Something that nobody asked for.
    Garbage {
        kind: u8,
        number: u64,
    },
    Stop,
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        6 => (any::<usize>(), any::<u8>()).prop_map(|(which, kind)| Happening::Answer { which, kind }),
        3 => (any::<usize>(), any::<u8>()).prop_map(|(which, kind)| Happening::Token { which, kind }),
        1 => any::<usize>().prop_map(|which| Happening::Heartbeat { which }),
        2 => any::<usize>().prop_map(|which| Happening::Take { which }),
        4 => proptest::option::of(0_u64..4_000).prop_map(|millis| Happening::Time { millis }),
        1 => any::<usize>().prop_map(|which| Happening::Again { which }),
        1 => (any::<u8>(), 0_u64..40).prop_map(|(kind, number)| Happening::Garbage { kind, number }),
    ]
}

/// Mostly without a stop, which ends everything.
fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    (proptest::collection::vec(happening(), 0..40), proptest::option::weighted(0.1, Just(Happening::Stop)))
        .prop_map(|(happenings, stop)| happenings.into_iter().chain(stop).collect())
}

/// An execution to which things happen.
struct World<'d> {
    definition: &'d Definition,
    execution: Execution,
    facts: Vec<Fact>,
    now: Timestamp,
    entropy: Seeded,
    sent: Vec<Stimulus>,
    /// Whether the process dies after every decision, and the execution is rebuilt.
    dies: bool,
}

impl<'d> World<'d> {
    fn new(definition: &'d Definition, seed: u64, dies: bool) -> World<'d> {
        let mut world = World {
            definition,
            execution: Execution::new(),
            facts: Vec::new(),
            now: START,
            entropy: Seeded(seed),
            sent: Vec::new(),
            dies,
        };
        let input = Payload::from_text(INPUT).unwrap();
        world.give(Stimulus::Start { about: about(), input });
        world
    }

    fn give(&mut self, stimulus: Stimulus) {
        let closed = self.execution.is_closed();
        let outside = Outside { now: self.now, entropy: &mut self.entropy, activity_exists: &|_| true };
        let facts = decide(&mut self.execution, self.definition, stimulus.clone(), outside);
        assert!(!closed || facts.is_empty(), "something happened after the end");
        self.sent.push(stimulus);
        let is_short = self.facts.len() < 400;
        self.facts.extend(facts);
        if is_short || self.sent.len().is_multiple_of(50) {
            let rebuilt = check(&self.facts, &self.execution);
            if self.dies {
                self.execution = rebuilt;
            }
        }
        assert!(self.waits_or_has_ended(), "the execution is stuck: {:#?}", self.execution);
    }

    /// The deadline of the execution does not count as something it waits for.
    fn waits_or_has_ended(&self) -> bool {
        self.execution.is_closed()
            || !self.execution.outstanding().is_empty()
            || self.execution.next_timer().is_some_and(|timer| timer < about().deadline)
    }

    fn happens(&mut self, happening: &Happening) {
        let stimulus = match happening {
            Happening::Answer { which, kind } => self.pick(*which).map(|task| answer(&task, *kind)),
            Happening::Token { which, kind } => self.pick(*which).and_then(|task| {
                Some(Stimulus::TokenAnswered { token: task.token?, answer: outcome(*kind) })
            }),
            Happening::Heartbeat { which } => {
                self.pick(*which).and_then(|task| Some(Stimulus::Heartbeat { token: task.token? }))
            }
            Happening::Take { which } => self.pick(*which).map(|task| take(&task)),
            Happening::Time { millis } => {
                let timer = self.execution.next_timer().filter(|timer| *timer < about().deadline);
                self.now = match (millis, timer) {
                    (Some(millis), _) => self.now.plus_millis(*millis),
                    (None, Some(timer)) => self.now.max(timer),
                    (None, None) => self.now,
                };
                Some(Stimulus::Tick)
            }
            Happening::Again { which } => {
                let place = which.checked_rem(self.sent.len());
                place.and_then(|place| self.sent.get(place)).cloned()
            }
            Happening::Garbage { kind, number } => Some(garbage(*kind, *number)),
            Happening::Stop => Some(Stimulus::Stop { failure: Failure::named("Stopped") }),
        };
        if let Some(stimulus) = stimulus {
            self.give(stimulus);
        }
    }

    /// Answers whatever is open, and lets time go on, until the execution ends.
    fn settle(&mut self) {
        for round in 0..5_000_usize {
            if self.execution.is_closed() {
                return;
            }
            match self.pick(round) {
                Some(task) if task.progress == TaskProgress::Queued => self.give(take(&task)),
                Some(task) => match task.token.clone() {
                    Some(token) => self.give(Stimulus::TokenAnswered { token, answer: outcome(0) }),
                    None => self.give(answer(&task, 0)),
                },
                None => self.happens(&Happening::Time { millis: None }),
            }
        }
        panic!("the execution does not end: {:#?}", self.execution);
    }

    fn pick(&self, which: usize) -> Option<OutstandingTask> {
        let tasks = self.execution.outstanding();
        let place = which.checked_rem(tasks.len())?;
        tasks.into_iter().nth(place)
    }
}

fn outcome(kind: u8) -> TaskAnswer {
    match kind % 16 {
        0..=9 => TaskAnswer::Succeeded(Payload::from_text(r#"{"r":[1,{"x":null}],"n":2}"#).unwrap()),
        10 => TaskAnswer::Succeeded(Payload::from(Value::Null)),
        11..=13 => TaskAnswer::Failed(Failure::new("E", "why")),
        14 => TaskAnswer::Failed(Failure::default()),
        _ => TaskAnswer::Succeeded(Payload::from(Value::from("x".repeat(limits::PAYLOAD_SIZE)))),
    }
}

fn answer(task: &OutstandingTask, kind: u8) -> Stimulus {
    Stimulus::TaskAnswered { scope: task.scope, task: task.task, answer: outcome(kind) }
}

fn take(task: &OutstandingTask) -> Stimulus {
    Stimulus::ActivityStarted { scope: task.scope, task: task.task, worker_name: Some("w".into()) }
}

fn garbage(kind: u8, number: u64) -> Stimulus {
    let (scope, task) = (machine::ScopeId(u32::try_from(number % 8).unwrap()), EventId(number));
    let token: Arc<str> = match kind % 3 {
        0 => "no token".into(),
        _ => TaskToken { execution: about().arn, entered: EventId(number), nonce: [number; 2] }.to_text(),
    };
    match kind % 6 {
        0 => Stimulus::TaskAnswered { scope, task, answer: outcome(kind) },
        1 => Stimulus::ActivityStarted { scope, task, worker_name: None },
        2 => Stimulus::TokenAnswered { token, answer: outcome(kind) },
        3 => Stimulus::Heartbeat { token },
        4 => Stimulus::Tick,
        _ => Stimulus::Start { about: about(), input: Payload::from(Value::Null) },
    }
}

fn compiled(nodes: &[Node]) -> Definition {
    let text = definitions::to_text(nodes);
    match asl::compile(&text, StateMachineType::Standard) {
        Ok(compiled) => compiled.definition,
        Err(problems) => panic!("{}\n{text}", asl::invalid_definition_message(&problems)),
    }
}

fn run(definition: &Definition, happenings: &[Happening], seed: u64, dies: bool) -> Vec<Fact> {
    let mut world = World::new(definition, seed, dies);
    for happening in happenings {
        world.happens(happening);
    }
    world.settle();
    check(&world.facts, &world.execution);
    world.facts
}

#[test]
fn a_record_of_a_later_version_is_refused_by_name() {
    let fact = Fact { scope: machine::ScopeId::ROOT, kind: FactKind::Private(Private::WaitUntil(START)) };
    let mut record = fact.encode();
    record[0] = 2;
    let refused = Fact::decode(&record).unwrap_err();
    assert_eq!(refused, DecodeError::NewerVersion(2));
    assert!(refused.to_string().contains("format version 2"));
    assert!(matches!(Fact::decode(&[]), Err(DecodeError::Damaged(_))));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// In any order of events the invariants hold after each; the execution waits for something or has ended; and in the
    /// end it ends. The same seed decides the same, whether or not the execution is rebuilt from its facts in between.
    #[test]
    fn every_execution_keeps_its_invariants_and_ends(
        nodes in block(),
        happenings in happenings(),
        seed in any::<u64>(),
    ) {
        let definition = compiled(&nodes);
        let facts = run(&definition, &happenings, seed, false);
        prop_assert_eq!(facts, run(&definition, &happenings, seed, true));
    }

    /// A record that was damaged is refused, or read as some other fact that does no harm.
    #[test]
    fn damaged_records_do_no_harm(
        nodes in block(),
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in proptest::option::of(any::<prop::sample::Index>()),
    ) {
        let definition = compiled(&nodes);
        let mut execution = Execution::new();
        for fact in run(&definition, &[], 1, false) {
            let mut record = fact.encode();
            for (place, bits) in &damage {
                let place = place.index(record.len());
                record[place] ^= bits;
            }
            if let Some(cut) = &cut {
                record.truncate(cut.index(record.len()));
            }
            if let Ok(read) = Fact::decode(&record) {
                execution.apply(&read);
                let _ = (execution.outstanding(), execution.next_timer());
            }
        }
    }

    /// Facts that got into another order than they happened in give nonsense, but no crash.
    #[test]
    fn facts_in_any_order_can_be_applied(
        nodes in block(),
        happenings in happenings(),
        order in proptest::collection::vec(any::<prop::sample::Index>(), 0..200),
    ) {
        let definition = compiled(&nodes);
        let facts = run(&definition, &happenings, 1, false);
        let mut execution = Execution::new();
        for index in order {
            execution.apply(index.get(&facts));
            let _ = (execution.outstanding(), execution.next_timer());
        }
    }
}
