//! DeleteStateMachineAlias.

use super::{ARN, Caller, aliases};
use crate::error::ApiError;
use crate::request::read;
use json::Value;

/// Deletes an alias. One that is not there is deleted just as well. AWS: recorded
/// sfn_api_aliasing/test_delete_no_such_alias_arn.
pub(super) async fn call(caller: &Caller<'_>, body: &Value) -> Result<Value, ApiError> {
    let arn = read(body, |f| f.required_text("stateMachineAliasArn", ARN))?;
    let (machine, name) = aliases::parse(&arn)?;
    caller.api.engine.machines().delete_alias(&machine, name).await?;
    Ok(Value::empty_object())
}
