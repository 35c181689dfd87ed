//! StopExecution.

use super::{ARN, CAUSE, Caller, ERROR, execution_arn};
use crate::error::ApiError;
use crate::request::read;
use json::Value;
use model::Failure;

/// Stops an execution. One that has ended stays as it is, and the answer tells when it ended.
/// AWS: unconfirmed, chosen because a second call is then the same as the first.
pub(super) async fn call(caller: &Caller<'_>, body: &Value) -> Result<Value, ApiError> {
    let (arn, failure) = read(body, |f| {
        let arn = f.required_text("executionArn", ARN)?;
        Ok((arn, Failure { error: f.text("error", ERROR)?, cause: f.text("cause", CAUSE)? }))
    })?;
    let arn = execution_arn(&arn)?;
    let stopped = caller.api.engine.stop_execution(&arn, failure).await?;
    let stopped = stopped.ok_or_else(|| ApiError::ExecutionDoesNotExist(arn.to_string()))?;
    Ok(Value::object([("stopDate", stopped.to_wire())]))
}
