//! CreateActivity.

use super::{Caller, NAME, checked_name, tags};
use crate::error::ApiError;
use crate::request::read;
use json::Value;

/// Registers an activity. One of the same name is given back as it is; tags may differ and are not changed.
/// AWS: recorded sfn_api_activities/test_create_describe_delete_activity.
pub(super) async fn call(caller: &Caller<'_>, body: &Value) -> Result<Value, ApiError> {
    let (name, tags) = read(body, |f| Ok((f.required_text("name", NAME)?, tags::read(f, "tags")?)))?;
    let name = checked_name(name)?;
    let arn = caller.api.engine.partition().activity(&name);
    let tags = tags::merged(&[], tags.unwrap_or_default(), &arn)?;
    let activity = caller.api.engine.activities().create(&name, tags).await?;
    Ok(Value::object([
        ("activityArn", Value::from(activity.arn)),
        ("creationDate", activity.created_at.to_wire()),
    ]))
}
