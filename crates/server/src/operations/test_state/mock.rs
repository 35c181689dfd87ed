//! Mocked results and errors.

use super::request::{MockInput, ValidationMode};
use super::schema;
use super::service_models::described_by;
use crate::error::ApiError;
use asl::{Map, State, StateKind};
use engine::Mock;
use json::{Object, Payload, Value};
use std::sync::Arc;

/// The mock of a Task, a Parallel or a Map.
pub(super) fn read(input: &MockInput, state: &State) -> Result<Mock, ApiError> {
    match (&input.result, &input.error_output) {
        (Some(text), _) => result(text, input.mode, state).map(Mock::Result),
        (None, failure) => Ok(Mock::Error(failure.clone().unwrap_or_default())),
    }
}

fn result(text: &Arc<str>, mode: ValidationMode, state: &State) -> Result<Payload, ApiError> {
    let result = Payload::from_text(text.clone())
        .map_err(|_| ApiError::validation("Mocked result must be valid JSON"))?;
    let value = result.value();
    match &state.kind {
        StateKind::Parallel(parallel) => {
            let length = array(value)?.len();
            if length != parallel.branches.len() {
                return Err(ApiError::validation(
                    "Mocked result must contain the same number of items as number of Parallel branches.",
                ));
            }
        }
        StateKind::Map(map) if is_exported(map) => {
            object(value)?;
        }
        StateKind::Map(_) => {
            array(value)?;
        }
        StateKind::Task(task) if mode != ValidationMode::None && described_by(&task.resource).is_some() => {
            schema::check(&task.resource, object(value)?, mode).map_err(|problem| {
                ApiError::validation(format!("Mock result schema validation error: {problem}"))
            })?;
        }
        StateKind::Task(_)
        | StateKind::Pass(_)
        | StateKind::Choice(_)
        | StateKind::Wait(_)
        | StateKind::Succeed
        | StateKind::Fail(_) => {}
    }
    Ok(result)
}

/// Whether the results of a Map are written to S3, so that its own tells where.
fn is_exported(map: &Map) -> bool {
    let writer = map.distributed.as_ref().and_then(|distributed| distributed.writer.as_ref());
    writer.is_some_and(|writer| writer.is_export)
}

// AWS: recorded for a Map with a ResultWriter.
fn object(value: &Value) -> Result<&Object, ApiError> {
    value.as_object().ok_or_else(|| ApiError::validation("Mocked result must be a JSON object."))
}

fn array(value: &Value) -> Result<&[Value], ApiError> {
    value.as_array().ok_or_else(|| ApiError::validation("Mocked result must be an array."))
}
