//! DeleteStateMachineVersion.

use super::{Caller, LONG_ARN, versions};
use crate::error::ApiError;
use crate::request::read;
use json::Value;

/// Deletes a version to which no alias routes. One that is not there is deleted just as well.
/// AWS: recorded sfn_api_aliasing/test_delete_version_with_alias and sfn_api_versioning.
pub(super) async fn call(caller: &Caller<'_>, body: &Value) -> Result<Value, ApiError> {
    let arn = read(body, |f| f.required_text("stateMachineVersionArn", LONG_ARN))?;
    let (machine, number) = versions::parse(&arn)?;
    match caller.api.engine.machines().delete_version(&machine, number).await? {
        Ok(()) => Ok(Value::empty_object()),
        Err(aliases) => Err(ApiError::Conflict(format!(
            "Version to be deleted must not be referenced by an alias. Current list of aliases referencing this version: [{}]",
            aliases.join(", ")
        ))),
    }
}
