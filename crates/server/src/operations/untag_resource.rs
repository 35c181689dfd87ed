//! UntagResource.

use super::{ARN, Caller, tags};
use crate::error::ApiError;
use crate::request::read;
use json::Value;

/// Takes tags away; keys that are not there are taken away just as well. AWS: recorded
/// sfn_api_tagging/test_untag_state_machine.
pub(super) async fn call(caller: &Caller<'_>, body: &Value) -> Result<Value, ApiError> {
    let (arn, keys) = read(body, |f| {
        let arn = f.required_text("resourceArn", ARN)?;
        let keys = f.texts("tagKeys", tags::KEY)?;
        if keys.is_none() {
            f.missing("tagKeys");
        }
        Ok((arn, keys.unwrap_or_default()))
    })?;
    let tags = tags::of(caller, &arn)?;
    let left = tags.into_iter().filter(|(key, _)| !keys.contains(key)).collect();
    tags::set(caller, &arn, left).await?;
    Ok(Value::empty_object())
}
