//! ListTagsForResource.

use super::{ARN, Caller, tags};
use crate::error::ApiError;
use crate::request::read;
use json::Value;

pub(super) fn call(caller: &Caller<'_>, body: &Value) -> Result<Value, ApiError> {
    let arn = read(body, |f| f.required_text("resourceArn", ARN))?;
    let tags = tags::of(caller, &arn)?;
    let shown = tags.into_iter().map(|(key, value)| Value::object([("key", key), ("value", value)]));
    Ok(Value::object([("tags", Value::array(shown.collect()))]))
}
