//! CreateActivity.

use super::configuration::{self, Encryption};
use super::{Caller, NAME, checked_name, tags};
use crate::error::ApiError;
use crate::request::read;
use engine::CreateActivityOutcome;
use json::Value;

/// Registers an activity. One of the same name is given back as it is; tags may differ and are not changed, the encryption
/// may not. AWS: recorded sfn_api_activities/test_create_describe_delete_activity, the rest is documented.
pub(super) async fn call(caller: &Caller<'_>, body: &Value) -> Result<Value, ApiError> {
    let (name, tags, encryption) = read(body, |f| {
        Ok((
            f.required_text("name", NAME)?,
            tags::read(f, "tags")?,
            f.structure("encryptionConfiguration", Encryption::read)?,
        ))
    })?;
    let name = checked_name(name)?;
    let arn = caller.api.engine.partition().activity(&name);
    let tags = tags::merged(&[], tags.unwrap_or_default(), &arn)?;
    let encryption = match encryption {
        Some(encryption) => encryption.checked()?,
        None => configuration::default_encryption(),
    };
    let activities = caller.api.engine.activities();
    let activity = match activities.create(&name, tags, Some(encryption.clone())).await? {
        CreateActivityOutcome::Created(activity) => activity,
        CreateActivityOutcome::Exists(activity) if configuration::of_activity(&activity) == encryption => {
            activity
        }
        CreateActivityOutcome::Exists(_) => return Err(ApiError::ActivityAlreadyExists(arn)),
    };
    Ok(Value::object([
        ("activityArn", Value::from(activity.arn)),
        ("creationDate", activity.created_at.to_wire()),
    ]))
}
