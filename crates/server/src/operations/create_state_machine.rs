//! CreateStateMachine.

use super::configuration::{self, Configurations};
use super::{ARN, Caller, NAME, checked_name, machine, now, put, tags};
use crate::error::ApiError;
use crate::request::read;
use engine::{CreateOutcome, Publication, StateMachine};
use json::{Object, Value};
use model::{StateMachineStatus, StateMachineType};
use std::sync::Arc;

/// Registers a machine. The same name with the same definition (to the byte), type and configurations gives the machine
/// that is there; role and tags may differ and are not changed; the version that it was published with must be the same too. AWS: recorded sfn_api/test_create_exact_duplicate_sm,
/// test_create_duplicate_definition_format_sm.
pub(super) async fn call(caller: &Caller<'_>, body: &Value) -> Result<Value, ApiError> {
    let request = read(body, |f| {
        let configurations = Configurations::read(f)?;
        Ok((
            f.required_text("name", NAME)?,
            f.required_text("definition", machine::DEFINITION)?,
            f.required_text("roleArn", ARN)?,
            f.word("type", &machine::MACHINE_TYPE)?.unwrap_or(StateMachineType::Standard),
            configurations,
            tags::read(f, "tags")?,
            f.flag("publish")?,
            f.text("versionDescription", machine::VERSION_DESCRIPTION)?,
        ))
    })?;
    let (name, definition_text, role_arn, machine_type, configurations, tags, publish, description) = request;
    let name = checked_name(name)?;
    machine::check_role(&role_arn)?;
    let publication = machine::publication(publish, description)?;
    let arn = caller.api.engine.partition().state_machine(&name);
    let tags = tags::merged(&[], tags.unwrap_or_default(), &arn.0)?;
    let definition = machine::compile(&definition_text, machine_type)?;
    let Configurations { logging, tracing, encryption } = configurations;
    let logging = match logging {
        Some(logging) => logging.accepted(caller).await?,
        None => configuration::default_logging(),
    };
    let encryption = encryption.map_or_else(|| Ok(configuration::default_encryption()), |e| e.checked())?;
    let machine = StateMachine {
        logging_configuration: Some(logging),
        tracing_configuration: Some(tracing.unwrap_or_else(configuration::default_tracing)),
        encryption_configuration: Some(encryption),
        tags,
        ..StateMachine::new(arn, machine_type, definition_text, definition, role_arn, now())
    };
    let is_published = publication.is_some();
    let created = register(caller, machine, publication).await?;
    let mut answer = Object::new();
    answer.insert("stateMachineArn", created.arn.0.clone());
    answer.insert("creationDate", created.created_at.to_wire());
    put(&mut answer, "stateMachineVersionArn", is_published.then(|| created.arn.version(1)));
    Ok(Value::from(answer))
}

async fn register(
    caller: &Caller<'_>,
    machine: StateMachine,
    publication: Option<Publication>,
) -> Result<Arc<StateMachine>, ApiError> {
    let machines = caller.api.engine.machines();
    match machines.create_and_publish(machine.clone(), publication.clone()).await? {
        CreateOutcome::Created(created) => Ok(created),
        CreateOutcome::Exists(existing) if existing.status == StateMachineStatus::Deleting => {
            Err(ApiError::StateMachineDeleting(existing.arn.to_string()))
        }
        CreateOutcome::Exists(existing)
            if is_same(&existing, &machine)
                && machines.publication_at_creation(&existing)? == publication =>
        {
            Ok(existing)
        }
        CreateOutcome::Exists(existing) => Err(ApiError::StateMachineAlreadyExists(existing.arn.to_string())),
    }
}

fn is_same(existing: &StateMachine, wanted: &StateMachine) -> bool {
    existing.definition_text == wanted.definition_text
        && existing.machine_type == wanted.machine_type
        && configuration::logging(existing) == configuration::logging(wanted)
        && configuration::tracing(existing) == configuration::tracing(wanted)
        && configuration::encryption(existing) == configuration::encryption(wanted)
}
