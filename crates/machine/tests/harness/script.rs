//! What scripted tasks do.

use json::Payload;
use machine::{OutstandingTask, Stimulus, TaskAnswer};
use model::{Failure, TaskResource};
use std::sync::Arc;

/// Something that a scripted task does, so many milliseconds after it was scheduled.
#[derive(Clone, Debug)]
pub(crate) struct Act {
    pub(crate) after: u64,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    /// The call comes back.
    Answer(TaskAnswer),
    /// The token comes back.
    Send(TaskAnswer),
    Heartbeat,
    /// A worker takes the activity's task.
    Take(Option<Arc<str>>),
}

impl Act {
    /// The stimulus; `None` for something that needs a token where there is none.
    pub(crate) fn stimulus(self, task: &OutstandingTask) -> Option<Stimulus> {
        let (scope, id) = (task.scope, task.task);
        Some(match self.what {
            What::Answer(answer) => Stimulus::TaskAnswered { scope, task: id, answer },
            What::Send(answer) => Stimulus::TokenAnswered { token: task.token.clone()?, answer },
            What::Heartbeat => Stimulus::Heartbeat { token: task.token.clone()? },
            What::Take(worker_name) => Stimulus::ActivityStarted { scope, task: id, worker_name },
        })
    }
}

/// A call that does several things: `script().answers(0, "1")…`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Script(Vec<Act>);

pub(crate) fn script() -> Script {
    Script::default()
}

/// A call that comes back at once with a result.
pub(crate) fn returns(result: &str) -> Vec<Act> {
    script().returns(0, result).done()
}

/// A call that fails at once.
pub(crate) fn fails(error: &str, cause: &str) -> Vec<Act> {
    script().raises(0, Failure::new(error, cause)).done()
}

/// A call that fails without saying how.
pub(crate) fn fails_bare() -> Vec<Act> {
    script().raises(0, Failure::default()).done()
}

/// A call of which nothing is ever heard.
pub(crate) fn never() -> Vec<Act> {
    Vec::new()
}

impl Script {
    fn and(mut self, after: u64, what: What) -> Script {
        self.0.push(Act { after, what });
        self
    }

    pub(crate) fn returns(self, after: u64, result: &str) -> Script {
        self.and(after, What::Answer(TaskAnswer::Succeeded(payload(result))))
    }

    pub(crate) fn raises(self, after: u64, failure: Failure) -> Script {
        self.and(after, What::Answer(TaskAnswer::Failed(failure)))
    }

    pub(crate) fn sends(self, after: u64, result: &str) -> Script {
        self.and(after, What::Send(TaskAnswer::Succeeded(payload(result))))
    }

    pub(crate) fn sends_failure(self, after: u64, failure: Failure) -> Script {
        self.and(after, What::Send(TaskAnswer::Failed(failure)))
    }

    pub(crate) fn beats(self, after: u64) -> Script {
        self.and(after, What::Heartbeat)
    }

    pub(crate) fn taken(self, after: u64, worker: &str) -> Script {
        self.and(after, What::Take((!worker.is_empty()).then(|| worker.into())))
    }

    pub(crate) fn done(self) -> Vec<Act> {
        self.0
    }
}

/// The name by which a task is scripted: its function or activity, else `service:action`.
pub(crate) fn call_name(task: &OutstandingTask) -> String {
    match &task.resource {
        TaskResource::LambdaFunction { arn } | TaskResource::Activity { arn } => {
            arn.splitn(7, ':').nth(6).unwrap_or("").to_owned()
        }
        TaskResource::Service { service, action, .. } => {
            match task.input.value().get("FunctionName").and_then(json::Value::as_str) {
                Some(function) => function.to_owned(),
                None => format!("{service}:{action}"),
            }
        }
    }
}

fn payload(text: &str) -> Payload {
    Payload::from_text(text).expect("a scripted result is JSON")
}
