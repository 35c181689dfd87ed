//! SendTaskHeartbeat.

use super::{Caller, TASK_TOKEN};
use crate::error::ApiError;
use crate::request::read;
use json::Value;

pub(super) async fn call(caller: &Caller<'_>, body: &Value) -> Result<Value, ApiError> {
    let token = read(body, |f| f.required_text("taskToken", TASK_TOKEN))?;
    caller.api.engine.send_task_heartbeat(&token).await?;
    Ok(Value::empty_object())
}
