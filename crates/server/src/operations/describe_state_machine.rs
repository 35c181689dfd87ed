//! DescribeStateMachine.

use super::{ARN, Caller, IncludedData, machine};
use crate::error::ApiError;
use crate::request::read;
use json::Value;

pub(super) fn call(caller: &Caller<'_>, body: &Value) -> Result<Value, ApiError> {
    let (arn, included) =
        read(body, |f| Ok((f.required_text("stateMachineArn", ARN)?, IncludedData::read(f)?)))?;
    let found = machine::existing(caller, &arn)?;
    let mut answer = machine::describe(&found, included == IncludedData::AllData);
    answer.insert("status", found.status.as_str());
    answer.insert("type", found.machine_type.as_str());
    answer.insert("creationDate", found.created_at.to_wire());
    Ok(Value::from(answer))
}
