//! DeleteStateMachine.

use super::{ARN, Caller, machine};
use crate::error::ApiError;
use crate::request::read;
use json::Value;

/// Deletes a machine. One that is not there is deleted just as well. AWS: recorded sfn_api/test_delete_nonexistent_sm.
pub(super) async fn call(caller: &Caller<'_>, body: &Value) -> Result<Value, ApiError> {
    let arn = read(body, |f| f.required_text("stateMachineArn", ARN))?;
    machine::refuse_labelled(&arn)?;
    caller.api.engine.delete_state_machine(&arn).await?;
    Ok(Value::empty_object())
}
