//! Map Runs: the one that an ARN names.

use super::Caller;
use crate::error::ApiError;
use engine::MapRunRecord;
use model::MapRunArn;
use model::arn::StatesArn;

pub(super) fn arn(text: &str) -> Result<MapRunArn, ApiError> {
    StatesArn::parse_as(text, &["mapRun"])?;
    Ok(MapRunArn(text.into()))
}

/// The Map Run of that ARN.
pub(super) fn existing(caller: &Caller<'_>, text: &str) -> Result<MapRunRecord, ApiError> {
    let arn = arn(text)?;
    caller.api.engine.map_run(&arn)?.ok_or_else(|| ApiError::ResourceNotFound(text.to_owned()))
}
