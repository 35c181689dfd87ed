//! DescribeExecution.

use super::{ARN, Caller, IncludedData, execution, put};
use crate::error::ApiError;
use crate::request::read;
use engine::ExecutionRecord;
use json::{Object, Value};
use model::redrive::NotRedrivable;
use model::{StartedThrough, Timestamp};

pub(super) fn call(caller: &Caller<'_>, body: &Value) -> Result<Value, ApiError> {
    let (arn, included) =
        read(body, |f| Ok((f.required_text("executionArn", ARN)?, IncludedData::read(f)?)))?;
    let record = execution(caller, &arn)?;
    let not_redrivable = caller.api.engine.redrivability(&record)?.err();
    let mut answer = describe(&record, included == IncludedData::AllData);
    put_redrive(&mut answer, &record, not_redrivable);
    Ok(Value::from(answer))
}

pub(super) fn describe(record: &ExecutionRecord, with_data: bool) -> Object {
    let mut answer = Object::new();
    answer.insert("executionArn", record.arn.0.clone());
    answer.insert("stateMachineArn", record.state_machine_arn.0.clone());
    answer.insert("name", record.name.clone());
    answer.insert("status", record.status.as_str());
    answer.insert("startDate", record.started_at.to_wire());
    put(&mut answer, "stopDate", record.stopped_at.map(Timestamp::to_wire));
    put(&mut answer, "input", with_data.then(|| record.input.text().clone()));
    answer.insert("inputDetails", included(with_data));
    if let Some(output) = &record.output {
        put(&mut answer, "output", with_data.then(|| output.text().clone()));
        answer.insert("outputDetails", included(with_data));
    }
    if let Some(failure) = record.failure.as_ref().filter(|_| with_data) {
        put(&mut answer, "error", failure.error.clone());
        put(&mut answer, "cause", failure.cause.clone());
    }
    put_through(&mut answer, &record.through);
    put(&mut answer, "mapRunArn", record.child.as_ref().map(|child| child.map_run.0.clone()));
    put(&mut answer, "traceHeader", record.trace_header.clone());
    answer
}

/// AWS: recorded sfn_api_aliasing/test_base_lifecycle_create_invoke_describe_list.
pub(super) fn put_through(answer: &mut Object, through: &StartedThrough) {
    put(answer, "stateMachineVersionArn", through.version_arn.clone());
    put(answer, "stateMachineAliasArn", through.alias_arn.clone());
}

fn included(is_included: bool) -> Value {
    Value::object([("included", is_included)])
}

/// AWS: recorded sfn_api/test_describe_execution, and the table of redrive statuses of the API reference.
fn put_redrive(answer: &mut Object, record: &ExecutionRecord, not_redrivable: Option<NotRedrivable>) {
    answer.insert("redriveCount", record.redrive_count);
    put(answer, "redriveDate", record.redriven_at.map(Timestamp::to_wire));
    let status = match (&not_redrivable, &record.child) {
        (Some(_), _) => "NOT_REDRIVABLE",
        // AWS: documented, a child is redriven with its Map Run alone.
        (None, Some(_)) => "REDRIVABLE_BY_MAP_RUN",
        (None, None) => "REDRIVABLE",
    };
    answer.insert("redriveStatus", status);
    put(answer, "redriveStatusReason", not_redrivable.map(|reason| reason.to_string()));
}
