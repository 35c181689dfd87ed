//! DescribeStateMachineForExecution.

use super::{ARN, Caller, IncludedData, execution, machine, put};
use crate::error::ApiError;
use crate::request::read;
use json::Value;

/// Shows the machine as the execution runs it, whatever became of it since.
pub(super) fn call(caller: &Caller<'_>, body: &Value) -> Result<Value, ApiError> {
    let (arn, included) =
        read(body, |f| Ok((f.required_text("executionArn", ARN)?, IncludedData::read(f)?)))?;
    let record = execution(caller, &arn)?;
    let snapshot = record.machine;
    let mut answer = machine::describe(&snapshot, included == IncludedData::AllData);
    if let Some(child) = record.child {
        answer.insert("mapRunArn", child.map_run.0);
        put(&mut answer, "label", snapshot.arn.labelled().1);
    }
    answer.insert("updateDate", snapshot.updated_at.unwrap_or(snapshot.created_at).to_wire());
    Ok(Value::from(answer))
}
