//! UpdateMapRun.

use super::{Caller, LONG_ARN, map_run};
use crate::error::{ApiError, ValidationReason};
use crate::request::read;
use json::Value;
use model::MapRunStatus;

/// Changes the limits of a Map Run that runs. They hold for what it does from then on.
pub(super) async fn call(caller: &Caller<'_>, body: &Value) -> Result<Value, ApiError> {
    let (arn, max_concurrency, percentage, count) = read(body, |f| {
        Ok((
            f.required_text("mapRunArn", LONG_ARN)?,
            f.integer("maxConcurrency", 0..=i64::from(i32::MAX))?,
            f.number("toleratedFailurePercentage", 0..=100)?,
            f.integer("toleratedFailureCount", 0..=i64::MAX)?,
        ))
    })?;
    let run = map_run::existing(caller, &arn)?;
    let (max_concurrency, count) = (max_concurrency.map(i64::unsigned_abs), count.map(i64::unsigned_abs));
    if run.status != MapRunStatus::Running {
        return Err(completed(&arn));
    }
    if max_concurrency.is_none() && percentage.is_none() && count.is_none() {
        return Ok(Value::empty_object());
    }
    match caller.api.engine.update_map_run(&run.arn, max_concurrency, count, percentage).await? {
        Some(true) => Ok(Value::empty_object()),
        Some(false) => Err(completed(&arn)),
        None => Err(ApiError::ResourceNotFound(arn.to_string())),
    }
}

// AWS: the reason is documented, the text is unconfirmed.
fn completed(arn: &str) -> ApiError {
    ApiError::Validation {
        message: format!("Map Run cannot be updated because it has completed: '{arn}'"),
        reason: Some(ValidationReason::CannotUpdateCompletedMapRun),
    }
}
