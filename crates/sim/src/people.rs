//! Those who hold tokens: people who were asked, and workers of activities. They outlive the process, answer late, twice or
//! never, and ask again when they got no clear answer themselves.

use crate::check;
use crate::clock::VirtualClock;
use crate::notes::Notes;
use crate::randomness::percent;
use engine::{Engine, EngineError, TokenError};
use fastrand::Rng;
use json::{Payload, Value};
use model::{ExecutionArn, Failure};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Milliseconds after which somebody who got no clear answer asks again.
const PATIENCE: u64 = 2_000;

/// Everybody outside who holds a token.
pub(crate) struct People {
    clock: Arc<VirtualClock>,
    notes: Arc<Notes>,
    errands: Mutex<Errands>,
    changed: Notify,
}

#[derive(Default)]
struct Errands {
    /// By when they are due, and by their number.
    due: BTreeMap<(u64, u64), Errand>,
    count: u64,
}

#[derive(Clone)]
struct Errand {
    execution: ExecutionArn,
    token: Arc<str>,
    says: Says,
}

#[derive(Clone)]
enum Says {
    Success(String),
    Failure,
    Heartbeat,
}

impl People {
    pub(crate) fn new(clock: Arc<VirtualClock>, notes: Arc<Notes>) -> People {
        People { clock, notes, errands: Mutex::default(), changed: Notify::new() }
    }

    /// Somebody gets a token; when and what they answer is drawn.
    pub(crate) fn are_asked(&self, execution: &ExecutionArn, token: &str, rng: &mut Rng) {
        let now = self.clock.elapsed();
        let errand = |says| Errand { execution: execution.clone(), token: token.into(), says };
        let mut due = now + rng.u64(0..3_000);
        for _ in 0..rng.u32(0..5) {
            self.add(due, errand(Says::Heartbeat));
            due += rng.u64(1..20_000);
        }
        if percent(rng, 15) {
            return;
        }
        let mark = format!("mark-{:016x}", rng.u64(..));
        let says = if percent(rng, 20) { Says::Failure } else { Says::Success(mark) };
        self.add(due, errand(says.clone()));
        if percent(rng, 20) {
            self.add(due + rng.u64(0..5_000), errand(says));
        }
    }

    /// Does what is due for as long as the process lives.
    pub(crate) async fn go_about(self: Arc<Self>, engine: Engine) {
        loop {
            let Some((due, errand)) = self.next().await else { return };
            self.clock.sleep_until(due).await;
            let (people, engine) = (self.clone(), engine.clone());
            tokio::spawn(async move { people.run(errand, &engine).await });
        }
    }

    /// Takes the next errand. It stays among the others while the process may die before it is due.
    async fn next(&self) -> Option<(u64, Errand)> {
        loop {
            let first = self.errands().due.keys().next().copied();
            match first {
                Some((due, number)) if due <= self.clock.elapsed() => {
                    return self.errands().due.remove(&(due, number)).map(|errand| (due, errand));
                }
                Some((due, _)) => tokio::select! {
                    biased;
                    () = self.changed.notified() => {}
                    () = self.clock.sleep_until(due) => {}
                },
                None => self.changed.notified().await,
            }
        }
    }

    async fn run(&self, errand: Errand, engine: &Engine) {
        // Kept until it is done: a process that dies meanwhile gave no answer.
        let again = self.add(self.clock.elapsed() + PATIENCE, errand.clone());
        let outcome = match &errand.says {
            Says::Success(mark) => {
                let output = Payload::from(Value::from(mark.as_str()));
                engine.send_task_success(&errand.token, output).await
            }
            Says::Failure => engine.send_task_failure(&errand.token, Failure::named("Refused")).await,
            Says::Heartbeat => engine.send_task_heartbeat(&errand.token).await,
        };
        match outcome {
            Err(TokenError::Engine(EngineError::Violation { execution, problem })) => {
                self.notes.violation(format!("{execution}: {problem}"));
            }
            Err(TokenError::Engine(_)) => return,
            Err(TokenError::Invalid | TokenError::DoesNotExist) => {
                self.notes.violation(format!(
                    "{}: the token of a task was not known: {outcome:?}",
                    errand.execution
                ));
            }
            Err(TokenError::TimedOut) => {}
            Ok(()) => {
                if let Says::Success(mark) = errand.says {
                    if let Err(problem) = check::has_result(engine, &errand.execution, &mark) {
                        self.notes.violation(problem);
                    }
                    self.notes.lock().taken.push((errand.execution, mark));
                }
            }
        }
        self.errands().due.remove(&again);
    }

    fn add(&self, due: u64, errand: Errand) -> (u64, u64) {
        let mut errands = self.errands();
        errands.count += 1;
        let key = (due, errands.count);
        errands.due.insert(key, errand);
        drop(errands);
        self.changed.notify_one();
        key
    }

    fn errands(&self) -> MutexGuard<'_, Errands> {
        self.errands.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
