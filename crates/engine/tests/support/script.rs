//! Functions that do as the test says, and remember every call.

use json::Value;
use model::{Failure, TaskResource};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tasks::{TaskCall, TaskFuture, TaskOutcome, TaskRunner};
use tokio::sync::Semaphore;

/// What a function does with a call.
#[derive(Clone)]
pub enum Reaction {
    /// Returns what it was given.
    Echo,
    /// Fails.
    Fail(&'static str),
    /// Never comes back.
    Hang,
    /// Comes back once the test adds a permit.
    WaitFor(Arc<Semaphore>),
    /// Panics, as an integration with a bug does.
    Panic,
}

/// A call that was made.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    pub function: String,
    pub execution: Arc<str>,
    /// The function's input.
    pub input: Value,
}

impl Call {
    /// The call with the attempt that it is of, to be told from every other.
    pub fn attempt(&self) -> (String, String, String, i64) {
        let text = |member: &str| self.input.get(member).and_then(Value::as_str).unwrap_or("").to_owned();
        let attempt = self.input.get("attempt").and_then(Value::as_i64).unwrap_or(-1);
        (self.execution.to_string(), text("execution"), text("state"), attempt)
    }
}

/// The functions. One without a reaction echoes.
#[derive(Default)]
pub struct Script {
    reactions: Mutex<HashMap<String, Vec<Reaction>>>,
    calls: Mutex<Vec<Call>>,
}

impl Script {
    /// What a function does from now on: a reaction for each call, the last one for all that follow.
    pub fn let_function(&self, function: &str, reactions: &[Reaction]) {
        let turned = reactions.iter().rev().cloned().collect();
        self.reactions.lock().unwrap().insert(function.to_owned(), turned);
    }

    /// Every call so far.
    pub fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    /// The calls of one function so far.
    pub fn calls_of(&self, function: &str) -> usize {
        self.calls().iter().filter(|call| call.function == function).count()
    }

    /// The token that the latest call of `ask` for the execution was given.
    pub fn token(&self, execution: &model::ExecutionArn) -> Option<String> {
        let calls = self.calls();
        let call = calls.iter().rev().find(|call| call.function == "ask" && call.execution == execution.0)?;
        call.input.get("token")?.as_str().map(str::to_owned)
    }

    fn react(&self, function: &str) -> Reaction {
        let mut reactions = self.reactions.lock().unwrap();
        match reactions.get_mut(function) {
            Some(left) if left.len() > 1 => left.pop().unwrap(),
            Some(left) => left.last().cloned().unwrap_or(Reaction::Echo),
            None => Reaction::Echo,
        }
    }
}

impl TaskRunner for Script {
    fn call(&self, call: TaskCall) -> TaskFuture {
        let parameters = call.parameters.value().clone();
        let (function, input) = match &call.resource {
            TaskResource::LambdaFunction { arn } => (arn.rsplit(':').next().unwrap().to_owned(), parameters),
            TaskResource::Service { .. } => (
                parameters.get("FunctionName").and_then(Value::as_str).unwrap().to_owned(),
                parameters.get("Payload").cloned().unwrap_or_default(),
            ),
            TaskResource::Activity { .. } => panic!("nobody calls an activity"),
        };
        let reaction = self.react(&function);
        self.calls.lock().unwrap().push(Call {
            function,
            execution: call.execution_arn,
            input: input.clone(),
        });
        Box::pin(async move {
            match reaction {
                Reaction::Echo => TaskOutcome::Succeeded(input.into()),
                Reaction::Fail(error) => TaskOutcome::Failed(Failure::new(error, "as told")),
                Reaction::Hang => std::future::pending().await,
                Reaction::WaitFor(permits) => {
                    permits.acquire().await.unwrap().forget();
                    TaskOutcome::Succeeded(input.into())
                }
                Reaction::Panic => panic!("as told"),
            }
        })
    }

    fn supports(&self, _: &TaskResource) -> bool {
        true
    }
}
