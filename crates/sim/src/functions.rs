//! The functions that Tasks call: steady, flaky, slow, broken ones, and such whose answer is lost.

use crate::check;
use crate::notes::Notes;
use crate::people::People;
use crate::randomness::{fate, percent, pick};
use aws::CallError;
use aws::lambda::{InvokeRequest, InvokeResponse};
use engine::Engine;
use model::ExecutionArn;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tasks::{FunctionCaller, InvokeFuture};

/// The functions of one life of the process.
pub(crate) struct Functions {
    pub(crate) seed: u64,
    pub(crate) notes: Arc<Notes>,
    pub(crate) people: Arc<People>,
    /// Known once it is open.
    pub(crate) engine: Mutex<Option<Engine>>,
}

impl Functions {
    async fn answer(&self, request: InvokeRequest) -> InvokeResponse {
        let event: Value = serde_json::from_slice(&request.payload).unwrap_or_default();
        let text = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let execution = ExecutionArn(text("execution").into());
        let call = self.note(&execution);
        let mut rng = fate(self.seed, (&execution.0, text("state"), call));
        let function = request.function.rsplit(':').next().unwrap_or_default();
        if function == "ask" {
            self.people.are_asked(&execution, &text("token"), &mut rng);
        }
        let millis = match function {
            "slow" => rng.u64(0..40_000),
            _ => rng.u64(0..400),
        };
        tokio::time::sleep(Duration::from_millis(millis)).await;
        match function {
            "lost" if percent(&mut rng, 50) => std::future::pending().await,
            "flaky" | "ask" if percent(&mut rng, 20) => failed("Flaked"),
            "broken" if percent(&mut rng, 70) => failed(
                pick(&mut rng, &["Flaked", "Broken", "Runtime.ExitError"]).copied().unwrap_or_default(),
            ),
            _ => succeeded(&json!({"call": call, "by": function})),
        }
    }

    /// Notes the call, and sees that the engine wrote down that it makes it.
    fn note(&self, execution: &ExecutionArn) -> usize {
        let calls = {
            let mut noted = self.notes.lock();
            let calls = noted.calls.entry(execution.clone()).or_default();
            *calls += 1;
            *calls
        };
        let engine = self.engine.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(engine) = engine
            && let Err(problem) = check::calls_are_recorded(&engine, execution, calls)
        {
            self.notes.violation(problem);
        }
        calls
    }
}

impl FunctionCaller for Functions {
    fn has(&self, _name: &str) -> bool {
        true
    }

    fn invoke(&self, request: InvokeRequest) -> InvokeFuture<'_> {
        Box::pin(async move { Ok::<_, CallError>(self.answer(request).await) })
    }
}

fn succeeded(answer: &Value) -> InvokeResponse {
    InvokeResponse {
        status: 200,
        payload: answer.to_string().into(),
        executed_version: Some("$LATEST".to_owned()),
        ..InvokeResponse::default()
    }
}

fn failed(error: &str) -> InvokeResponse {
    let document = json!({"errorType": error, "errorMessage": "as it does"});
    InvokeResponse { function_error: Some("Unhandled".to_owned()), ..succeeded(&document) }
}
