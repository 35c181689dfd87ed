//! DeleteActivity.

use super::{ARN, Caller};
use crate::error::ApiError;
use crate::request::read;
use json::Value;
use model::arn::StatesArn;

/// Deletes an activity; one that is not there is deleted just as well. AWS: recorded
/// sfn_api_activities/test_describe_deleted_activity.
pub(super) async fn call(caller: &Caller<'_>, body: &Value) -> Result<Value, ApiError> {
    let arn = read(body, |f| f.required_text("activityArn", ARN))?;
    StatesArn::parse_as(&arn, &["activity"])?;
    caller.api.engine.activities().delete(&arn).await?;
    Ok(Value::empty_object())
}
