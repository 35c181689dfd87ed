//! An execution to which things happen, in any order, with every invariant checked after each.

use crate::harness::{START, Seeded, about, birth, check};
use asl::Definition;
use json::{Payload, Value};
use machine::{
    Execution, Fact, Outside, OutstandingTask, Stimulus, TaskAnswer, TaskProgress, TaskToken, decide,
};
use model::{EventId, ExecutionStatus, Failure, Timestamp, limits};
use proptest::prelude::*;
use std::sync::Arc;

const INPUT: &str = r#"{"items":[1,2,3],"n":1,"t":"2026-01-01T00:00:05Z","deep":{"a":[1,"x",null]}}"#;

/// Something that happens to an execution. The numbers pick one of what there is.
#[derive(Clone, Debug)]
pub(crate) enum Happening {
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
    Redrive,
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
        1 => prop_oneof![1 => Just(Happening::Stop), 2 => Just(Happening::Redrive)],
    ]
}

pub(crate) fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    proptest::collection::vec(happening(), 0..60)
}

/// An execution to which things happen.
pub(crate) struct World<'d> {
    definition: &'d Definition,
    pub(crate) execution: Execution,
    pub(crate) facts: Vec<Fact>,
    now: Timestamp,
    entropy: Seeded,
    sent: Vec<Stimulus>,
    /// Whether the process dies after every decision, and the execution is rebuilt.
    dies: bool,
}

impl<'d> World<'d> {
    pub(crate) fn new(definition: &'d Definition, seed: u64, dies: bool) -> World<'d> {
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
        world.give(birth(about(), input));
        world
    }

    pub(crate) fn give(&mut self, stimulus: Stimulus) {
        let (closed, redrives) = (self.execution.is_closed(), self.execution.redrive_count);
        let is_redrive = matches!(stimulus, Stimulus::Redrive);
        let may_go_on = closed && self.execution.status != ExecutionStatus::Succeeded;
        let outside = Outside {
            now: self.now,
            entropy: &mut self.entropy,
            activity_exists: &|_| true,
            wait_scale: 1.0,
        };
        let facts = decide(&mut self.execution, self.definition, stimulus.clone(), outside);
        if is_redrive {
            assert_eq!(may_go_on, !facts.is_empty(), "a redrive of what is {:?}", self.execution.status);
            assert_eq!(self.execution.redrive_count, redrives + u64::from(may_go_on));
        } else {
            assert!(!closed || facts.is_empty(), "something happened after the end");
        }
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

    pub(crate) fn happens(&mut self, happening: &Happening) {
        let stimulus = match happening {
            Happening::Answer { which, kind } => self.pick(*which).map(|task| answer(&task, *kind)),
            Happening::Token { which, kind } => self.pick(*which).and_then(|task| token(&task, *kind)),
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
            Happening::Redrive => Some(Stimulus::Redrive),
        };
        if let Some(stimulus) = stimulus {
            self.give(stimulus);
        }
    }

    /// Answers whatever is open, and lets time go on, until the execution ends.
    pub(crate) fn settle(&mut self) {
        for round in 0..5_000_usize {
            if self.execution.is_closed() {
                return;
            }
            match self.pick(round) {
                Some(task) if task.progress == TaskProgress::Queued => self.give(take(&task)),
                Some(task) => self.give(token(&task, 0).unwrap_or_else(|| answer(&task, 0))),
                None => self.happens(&Happening::Time { millis: None }),
            }
        }
        panic!("the execution does not end: {:#?}", self.execution);
    }

    pub(crate) fn pick(&self, which: usize) -> Option<OutstandingTask> {
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

pub(crate) fn answer(task: &OutstandingTask, kind: u8) -> Stimulus {
    Stimulus::TaskAnswered { scope: task.scope, task: task.task, answer: outcome(kind) }
}

/// The answer to a task by its token, if it has one.
pub(crate) fn token(task: &OutstandingTask, kind: u8) -> Option<Stimulus> {
    Some(Stimulus::TokenAnswered { token: task.token.clone()?, answer: outcome(kind) })
}

pub(crate) fn take(task: &OutstandingTask) -> Stimulus {
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
        _ => birth(about(), Payload::from(Value::Null)),
    }
}
