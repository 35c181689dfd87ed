//! SendTaskFailure.

use super::{CAUSE, Caller, ERROR, TASK_TOKEN};
use crate::error::ApiError;
use crate::request::read;
use json::Value;
use model::Failure;

pub(super) async fn call(caller: &Caller<'_>, body: &Value) -> Result<Value, ApiError> {
    let (token, failure) = read(body, |f| {
        let token = f.required_text("taskToken", TASK_TOKEN)?;
        Ok((token, Failure { error: f.text("error", ERROR)?, cause: f.text("cause", CAUSE)? }))
    })?;
    caller.api.engine.send_task_failure(&token, failure).await?;
    Ok(Value::empty_object())
}
