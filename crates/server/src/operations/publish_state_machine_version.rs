//! PublishStateMachineVersion.

use super::versions::{self, INITIAL_REVISION};
use super::{ARN, Caller, machine};
use crate::error::ApiError;
use crate::request::{Text, read};
use engine::Publication;
use json::Value;

/// Ids are made by the server; the service model sets no length. This is more than any has.
const REVISION_ID: Text = Text::of(0, 256);

/// Publishes the current revision. Where it is a version already, that one is the answer, with its own date.
/// AWS: recorded sfn_api_versioning.
pub(super) async fn call(caller: &Caller<'_>, body: &Value) -> Result<Value, ApiError> {
    let (arn, revision, description) = read(body, |f| {
        Ok((
            f.required_text("stateMachineArn", ARN)?,
            f.text("revisionId", REVISION_ID)?,
            f.text("description", machine::VERSION_DESCRIPTION)?,
        ))
    })?;
    machine::refuse_labelled(&arn)?;
    let expected = revision.as_deref().map(|id| (id != INITIAL_REVISION).then_some(id));
    let published = caller.api.engine.machines().publish(&arn, expected, Publication { description }).await;
    let version = published.map_err(|error| versions::refusal(error, &arn, revision.as_deref()))?;
    Ok(Value::object([
        ("creationDate", version.created_at.to_wire()),
        ("stateMachineVersionArn", Value::from(version.arn)),
    ]))
}
