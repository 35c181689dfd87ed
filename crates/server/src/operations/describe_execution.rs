//! DescribeExecution.

use super::{ARN, Caller, IncludedData, execution, put};
use crate::error::ApiError;
use crate::request::read;
use engine::ExecutionRecord;
use json::{Object, Value};
use model::{ExecutionStatus, Timestamp};

pub(super) fn call(caller: &Caller<'_>, body: &Value) -> Result<Value, ApiError> {
    let (arn, included) =
        read(body, |f| Ok((f.required_text("executionArn", ARN)?, IncludedData::read(f)?)))?;
    let record = execution(caller, &arn)?;
    Ok(Value::from(describe(&record, included == IncludedData::AllData)))
}

fn describe(record: &ExecutionRecord, with_data: bool) -> Object {
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
    put(&mut answer, "traceHeader", record.trace_header.clone());
    put_redrive(&mut answer, record.status);
    answer
}

fn included(is_included: bool) -> Value {
    Value::object([("included", is_included)])
}

/// AWS: recorded sfn_api/test_describe_execution, and the table of redrive statuses of the API reference.
fn put_redrive(answer: &mut Object, status: ExecutionStatus) {
    answer.insert("redriveCount", 0);
    let reason = match status {
        ExecutionStatus::Running | ExecutionStatus::Succeeded | ExecutionStatus::PendingRedrive => {
            Some(format!("Execution is {status} and cannot be redriven"))
        }
        ExecutionStatus::Failed | ExecutionStatus::TimedOut | ExecutionStatus::Aborted => None,
    };
    answer.insert("redriveStatus", if reason.is_some() { "NOT_REDRIVABLE" } else { "REDRIVABLE" });
    put(answer, "redriveStatusReason", reason);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn executions_that_run_or_succeeded_say_why_they_cannot_be_redriven() {
        for (status, expected) in [
            (
                ExecutionStatus::Running,
                r#"{"redriveCount":0,"redriveStatus":"NOT_REDRIVABLE","redriveStatusReason":"Execution is RUNNING and cannot be redriven"}"#,
            ),
            (
                ExecutionStatus::Succeeded,
                r#"{"redriveCount":0,"redriveStatus":"NOT_REDRIVABLE","redriveStatusReason":"Execution is SUCCEEDED and cannot be redriven"}"#,
            ),
            (ExecutionStatus::Failed, r#"{"redriveCount":0,"redriveStatus":"REDRIVABLE"}"#),
            (ExecutionStatus::TimedOut, r#"{"redriveCount":0,"redriveStatus":"REDRIVABLE"}"#),
            (ExecutionStatus::Aborted, r#"{"redriveCount":0,"redriveStatus":"REDRIVABLE"}"#),
        ] {
            let mut answer = Object::new();
            put_redrive(&mut answer, status);
            assert_eq!(Value::from(answer).to_text(), expected);
        }
    }
}
