//! SendTaskSuccess.

use super::{Caller, PAYLOAD, TASK_TOKEN};
use crate::error::ApiError;
use crate::request::read;
use json::{Payload, Value};

pub(super) async fn call(caller: &Caller<'_>, body: &Value) -> Result<Value, ApiError> {
    let (token, output) =
        read(body, |f| Ok((f.required_text("taskToken", TASK_TOKEN)?, f.required_text("output", PAYLOAD)?)))?;
    // AWS: recorded test_sfn_send_task_outcome_with_no_such_token: the token is looked at before the output.
    if !engine::Engine::is_task_token(&token) {
        return Err(ApiError::InvalidToken);
    }
    let output = Payload::from_text(output).map_err(|error| ApiError::InvalidOutput(error.message()))?;
    caller.api.engine.send_task_success(&token, output).await?;
    Ok(Value::empty_object())
}
