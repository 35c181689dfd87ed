//! StartSyncExecution.

use super::{Caller, IncludedData, put, start_execution};
use crate::error::ApiError;
use crate::request::read;
use engine::SyncExecution;
use json::{Object, Payload, Value};
use model::StateMachineType;

/// Durations are billed in steps of this many milliseconds. AWS: documented.
const BILLED_MILLIS: u64 = 100;
/// Memory is billed in steps of this many megabytes. AWS: documented.
const BILLED_MEGABYTES: u64 = 64;
/// What every execution takes before its definition and its data. AWS: documented.
const BASE_BYTES: u64 = 50 * 1024 * 1024;

/// Runs an Express execution and answers when it ends; an execution that failed is no error of the request.
/// AWS: recorded sfn_api_express/test_start_sync_execution.
pub(super) async fn call(caller: &Caller<'_>, body: &Value) -> Result<Value, ApiError> {
    let included = read(body, IncludedData::read)?;
    let request = start_execution::read_request(caller, body)?;
    if request.machine.machine_type != StateMachineType::Express {
        return Err(ApiError::StateMachineTypeNotSupported);
    }
    let (machine, input, trace_header) =
        (request.machine.clone(), request.input.clone(), request.trace_header.clone());
    let ended = caller.api.engine.start_sync_execution(request).await?;
    let mut answer = Object::new();
    answer.insert("executionArn", ended.arn.0.clone());
    answer.insert("stateMachineArn", machine.arn.0.clone());
    answer.insert("name", ended.arn.name());
    answer.insert("startDate", ended.started_at.to_wire());
    answer.insert("stopDate", ended.stopped_at.to_wire());
    answer.insert("status", ended.status.as_str());
    put_data(&mut answer, &ended, &input, included == IncludedData::AllData);
    put(&mut answer, "traceHeader", trace_header);
    let bytes = machine.definition_text.len() + input.size() + ended.output.as_ref().map_or(0, Payload::size);
    answer.insert("billingDetails", billing(ended.stopped_at.millis_since(ended.started_at), bytes as u64));
    Ok(Value::from(answer))
}

fn put_data(answer: &mut Object, ended: &SyncExecution, input: &Payload, with_data: bool) {
    let details = || Value::object([("included", with_data)]);
    answer.insert("inputDetails", details());
    // AWS: recorded, there even where the execution failed and has no output.
    answer.insert("outputDetails", details());
    if !with_data {
        return;
    }
    answer.insert("input", input.text().clone());
    put(answer, "output", ended.output.as_ref().map(|output| output.text().clone()));
    if let Some(failure) = &ended.failure {
        put(answer, "error", failure.error.clone());
        put(answer, "cause", failure.cause.clone());
    }
}

fn billing(millis: u64, bytes: u64) -> Value {
    let duration = millis.max(1).next_multiple_of(BILLED_MILLIS);
    let megabytes = (BASE_BYTES + bytes).div_ceil(1024 * 1024).next_multiple_of(BILLED_MEGABYTES);
    Value::object([("billedMemoryUsedInMB", megabytes), ("billedDurationInMilliseconds", duration)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_memory_are_rounded_up() {
        let text = |millis, bytes| billing(millis, bytes).to_text();
        assert_eq!(text(0, 0), r#"{"billedMemoryUsedInMB":64,"billedDurationInMilliseconds":100}"#);
        assert_eq!(text(101, 15 << 20), r#"{"billedMemoryUsedInMB":128,"billedDurationInMilliseconds":200}"#);
    }
}
