//! GetActivityTask.

use super::{ARN, Caller, NAME, activity};
use crate::error::ApiError;
use crate::request::read;
use json::Value;
use std::time::Duration;

/// How long a worker waits for a task. AWS: documented.
const POLL: Duration = Duration::from_secs(60);

/// The next task of an activity, or none when a minute has passed without one or the server shuts down.
pub(super) async fn call(caller: &Caller<'_>, body: &Value) -> Result<Value, ApiError> {
    let (arn, worker_name) =
        read(body, |f| Ok((f.required_text("activityArn", ARN)?, f.text("workerName", NAME)?)))?;
    activity(caller, &arn)?;
    let worker_name = worker_name.map(|name| name.to_string());
    let next = caller.api.engine.next_activity_task(&arn, worker_name);
    let mut stopping = caller.stopping.clone();
    let found = tokio::select! {
        biased;
        task = next => Some(task?),
        _ = stopping.changed() => None,
        () = tokio::time::sleep(POLL) => None,
    };
    match found {
        Some(task) => {
            let input = Value::from(task.input.text().clone());
            Ok(Value::object([("taskToken", Value::from(task.token)), ("input", input)]))
        }
        // AWS: documented, "a taskToken with a null string".
        None => Ok(Value::object([("taskToken", Value::Null)])),
    }
}
