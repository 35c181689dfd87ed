//! What the operations on versions share.

use crate::error::ApiError;
use engine::PublishError;
use model::arn::{ArnError, Qualifier, StatesArn};
use model::{StateMachineArn, limits};

/// How the first revision of a machine, which has no id, is called. AWS: documented.
pub(super) const INITIAL_REVISION: &str = "INITIAL";

/// The machine and the number that the ARN of a version names.
pub(super) fn parse(arn: &str) -> Result<(StateMachineArn, u64), ApiError> {
    let resource = StatesArn::parse_as(arn, &["stateMachine"])?.resource_type;
    match StateMachineArn::qualified(arn) {
        Some((machine, Qualifier::Version(number))) => Ok((machine, number)),
        // AWS: unconfirmed, chosen because it is how other ARNs of the wrong kind are refused.
        Some((_, Qualifier::Alias(_))) | None => Err(ArnError::ResourceType(resource.to_owned()).into()),
    }
}

/// Why no version was published, for the revision that the request named.
pub(super) fn refusal(error: PublishError, machine: &str, revision: Option<&str>) -> ApiError {
    match error {
        PublishError::NoMachine => ApiError::StateMachineDoesNotExist(machine.to_owned()),
        // AWS: recorded sfn_api_versioning/test_publish_state_machine_version.
        PublishError::OtherRevision { current } => ApiError::Conflict(format!(
            "Failed to publish the State Machine version for revision {}. The current State Machine revision is {}.",
            revision.unwrap_or(INITIAL_REVISION),
            current.as_deref().unwrap_or(INITIAL_REVISION)
        )),
        PublishError::TooManyVersions => {
            ApiError::ServiceQuotaExceeded { resources: "versions", limit: limits::VERSIONS }
        }
        PublishError::Engine(error) => error.into(),
    }
}
