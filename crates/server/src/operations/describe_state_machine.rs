//! DescribeStateMachine.

use super::{ARN, Caller, IncludedData, machine, put};
use crate::error::ApiError;
use crate::request::read;
use json::Value;
use model::arn::StatesArn;

pub(super) fn call(caller: &Caller<'_>, body: &Value) -> Result<Value, ApiError> {
    let (arn, included) =
        read(body, |f| Ok((f.required_text("stateMachineArn", ARN)?, IncludedData::read(f)?)))?;
    StatesArn::parse_as(&arn, &["stateMachine"])?;
    let (found, version) = match machine::at_version(caller, &arn)? {
        Some((found, version)) => (found, Some(version)),
        None => match caller.api.engine.machines().of_children(&arn)? {
            Some(found) => (found, None),
            None => (machine::existing(caller, &arn)?, None),
        },
    };
    let mut answer = machine::describe(&found, included == IncludedData::AllData);
    answer.insert("status", found.status.as_str());
    answer.insert("type", found.machine_type.as_str());
    answer.insert("creationDate", found.created_at.to_wire());
    // AWS: documented, for the ARN of a distributed Map alone.
    put(&mut answer, "label", found.arn.labelled().1);
    if let Some(version) = version {
        // AWS: recorded sfn_api_versioning/test_publish_state_machine_version, with the date as documented.
        answer.insert("stateMachineArn", version.arn);
        answer.insert("creationDate", version.created_at.to_wire());
        put(&mut answer, "description", version.description);
    }
    Ok(Value::from(answer))
}
