//! StartExecution.

use super::{ARN, Caller, NAME, PAYLOAD, checked_name, machine};
use crate::error::ApiError;
use crate::request::{Text, read};
use engine::StartExecution;
use json::{Payload, Value};
use model::{StateMachineStatus, StateMachineType};
use std::sync::Arc;

const TRACE_HEADER_LENGTH: usize = 256;

/// Starts an execution. For a Standard machine the answer is given once the start is durable.
pub(super) async fn call(caller: &Caller<'_>, body: &Value) -> Result<Value, ApiError> {
    let request = read_request(caller, body)?;
    let engine = &caller.api.engine;
    let started = match request.machine.machine_type {
        StateMachineType::Standard => engine.start_execution(request).await?,
        StateMachineType::Express => engine.start_express_execution(request)?,
    };
    Ok(Value::object([
        ("executionArn", Value::from(started.arn.0)),
        ("startDate", started.started_at.to_wire()),
    ]))
}

/// What StartExecution and StartSyncExecution are asked, with the machine that they name.
pub(super) fn read_request(caller: &Caller<'_>, body: &Value) -> Result<StartExecution, ApiError> {
    let (arn, name, input, trace_header) = read(body, |f| {
        Ok((
            f.required_text("stateMachineArn", ARN)?,
            f.text("name", NAME)?,
            f.text("input", PAYLOAD)?,
            f.text("traceHeader", Text::of(0, TRACE_HEADER_LENGTH).ascii())?,
        ))
    })?;
    let (arn, test_case) = machine::with_test_case(&arn);
    if !caller.api.engine.machines().is_held(arn) {
        machine::refuse_labelled(arn)?;
    }
    let name = name.map(checked_name).transpose()?.map(|name| name.to_string());
    let input = read_input(input)?;
    let (machine, through) = machine::to_start(caller, arn)?;
    if machine.status == StateMachineStatus::Deleting {
        return Err(ApiError::StateMachineDeleting(arn.to_string()));
    }
    // AWS: documented, the header of the request comes before the member of the body.
    let of_request = caller.trace_header.filter(|header| header.len() <= TRACE_HEADER_LENGTH);
    let trace_header = of_request.or(trace_header.as_deref()).map(str::to_owned);
    let test_case = test_case.map(str::to_owned);
    Ok(StartExecution { machine, through, name, input, trace_header, test_case })
}

/// Any JSON value, kept to the byte; `{}` where the request has none.
pub(super) fn read_input(text: Option<Arc<str>>) -> Result<Payload, ApiError> {
    let text = text.unwrap_or_else(|| Arc::from("{}"));
    if text.trim().is_empty() {
        return Err(ApiError::InvalidExecutionInput("Invalid execution input.".to_owned()));
    }
    Payload::from_text(text).map_err(|error| ApiError::InvalidExecutionInput(error.message()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        read_input(Some(text.into())).unwrap_err().to_string()
    }

    #[test]
    fn any_json_value_is_an_input_and_keeps_its_text() {
        for text in ["null", "0", "\"text\"", "[]", " { \"a\" : 1.50 } "] {
            assert_eq!(read_input(Some(text.into())).unwrap().text().as_ref(), text);
        }
        assert_eq!(read_input(None).unwrap().text().as_ref(), "{}");
    }

    #[test]
    fn recorded_refusals_of_inputs_are_worded_as_aws_words_them() {
        assert_eq!(
            refusal("not some json"),
            "Invalid State Machine Execution Input: 'Unrecognized token 'not': was expecting (JSON String, Number, \
             Array, Object or token 'null', 'true' or 'false')'"
        );
        assert_eq!(
            refusal("{'a':1}"),
            "Invalid State Machine Execution Input: 'Unexpected character (''' (code 39)): was expecting \
             double-quote to start field name'"
        );
        assert_eq!(refusal(""), "Invalid State Machine Execution Input: 'Invalid execution input.'");
    }
}
