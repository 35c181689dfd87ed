//! DescribeActivity.

use super::{ARN, Caller, activity, configuration};
use crate::error::ApiError;
use crate::request::read;
use json::Value;

pub(super) fn call(caller: &Caller<'_>, body: &Value) -> Result<Value, ApiError> {
    let arn = read(body, |f| f.required_text("activityArn", ARN))?;
    let found = activity(caller, &arn)?;
    Ok(Value::object([
        ("encryptionConfiguration", configuration::of_activity(&found)),
        ("activityArn", Value::from(found.arn)),
        ("name", Value::from(found.name)),
        ("creationDate", found.created_at.to_wire()),
    ]))
}
