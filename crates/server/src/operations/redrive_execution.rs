//! RedriveExecution.

use super::{ARN, Caller, execution_arn};
use crate::error::ApiError;
use crate::request::{Text, read};
use engine::RedriveError;
use json::Value;

const CLIENT_TOKEN: Text = Text::of(1, 64).visible();

/// Lets an execution that ended without success go on from where it ended. The same client token gives the same answer.
pub(super) async fn call(caller: &Caller<'_>, body: &Value) -> Result<Value, ApiError> {
    let (arn, client_token) =
        read(body, |f| Ok((f.required_text("executionArn", ARN)?, f.text("clientToken", CLIENT_TOKEN)?)))?;
    let redriven_at = caller.api.engine.redrive_execution(&execution_arn(&arn)?, client_token).await?;
    Ok(Value::object([("redriveDate", redriven_at.to_wire())]))
}

impl From<RedriveError> for ApiError {
    fn from(error: RedriveError) -> ApiError {
        match error {
            RedriveError::DoesNotExist(arn) => ApiError::ExecutionDoesNotExist(arn.to_string()),
            RedriveError::NotRedrivable(reason) => ApiError::ExecutionNotRedrivable(reason),
            RedriveError::Engine(error) => ApiError::from(error),
        }
    }
}
