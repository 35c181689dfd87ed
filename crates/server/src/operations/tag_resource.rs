//! TagResource.

use super::{ARN, Caller, tags};
use crate::error::ApiError;
use crate::request::read;
use json::Value;

pub(super) async fn call(caller: &Caller<'_>, body: &Value) -> Result<Value, ApiError> {
    let (arn, given) = read(body, |f| {
        let arn = f.required_text("resourceArn", ARN)?;
        let given = tags::read(f, "tags")?;
        if given.is_none() {
            f.missing("tags");
        }
        Ok((arn, given.unwrap_or_default()))
    })?;
    let tags = tags::merged(&tags::of(caller, &arn)?, given, &arn)?;
    tags::set(caller, &arn, tags).await?;
    Ok(Value::empty_object())
}
