//! UpdateStateMachine.

use super::configuration::Configurations;
use super::{ARN, Caller, machine, put, versions};
use crate::error::ApiError;
use crate::request::read;
use engine::{PublishError, StateMachineUpdate};
use json::{Object, Value};
use model::StateMachineStatus;

/// Changes a machine; executions that run keep what they were started with. AWS: recorded
/// sfn_api/test_create_update_state_machine_same_parameters: what changes nothing keeps the revision's id.
pub(super) async fn call(caller: &Caller<'_>, body: &Value) -> Result<Value, ApiError> {
    let (arn, definition, role_arn, configurations, publish, description) = read(body, |f| {
        Ok((
            f.required_text("stateMachineArn", ARN)?,
            f.text("definition", machine::DEFINITION)?,
            f.text("roleArn", ARN)?,
            Configurations::read(f)?,
            f.flag("publish")?,
            f.text("versionDescription", machine::VERSION_DESCRIPTION)?,
        ))
    })?;
    machine::refuse_labelled(&arn)?;
    let current = machine::existing(caller, &arn)?;
    let Configurations { logging, tracing, encryption } = configurations;
    let is_empty = definition.is_none()
        && role_arn.is_none()
        && logging.is_none()
        && tracing.is_none()
        && encryption.is_none();
    if is_empty {
        // AWS: documented, a definition or a role must be there, so `publish` alone is not enough.
        return Err(ApiError::MissingRequiredParameter);
    }
    let publication = machine::publication(publish, description)?;
    if current.status == StateMachineStatus::Deleting {
        return Err(ApiError::StateMachineDeleting(arn.to_string()));
    }
    if let Some(role_arn) = &role_arn {
        machine::check_role(role_arn)?;
    }
    let definition = match definition {
        Some(text) => Some((text.clone(), machine::compile(&text, current.machine_type)?)),
        None => None,
    };
    let logging_configuration = match logging {
        Some(logging) => Some(logging.accepted(caller).await?),
        None => None,
    };
    let update = StateMachineUpdate {
        definition,
        role_arn,
        logging_configuration,
        tracing_configuration: tracing,
        encryption_configuration: encryption.map(|e| e.checked()).transpose()?,
        tags: None,
    };
    let machines = caller.api.engine.machines();
    let (updated, version) = match publication {
        None => (machines.update(&arn, update).await?.ok_or(PublishError::NoMachine), None),
        Some(publication) => match machines.update_and_publish(&arn, update, publication).await {
            Ok((updated, version)) => (Ok(updated), Some(version.arn)),
            Err(error) => (Err(error), None),
        },
    };
    let updated = updated.map_err(|error| versions::refusal(error, &arn, None))?;
    let mut answer = Object::new();
    answer.insert("updateDate", updated.updated_at.unwrap_or(updated.created_at).to_wire());
    put(&mut answer, "revisionId", updated.revision_id.clone());
    put(&mut answer, "stateMachineVersionArn", version);
    Ok(Value::from(answer))
}
