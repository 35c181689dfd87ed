//! State machines: their ARNs, their definitions and how they are shown.

use super::{Caller, put};
use crate::error::{ApiError, ValidationReason};
use crate::operations::configuration;
use crate::request::{Text, Words};
use asl::Definition;
use engine::{Publication, StateMachine, Version};
use json::{Object, Value};
use model::arn::{Qualifier, StatesArn};
use model::{StartedThrough, StateMachineArn, StateMachineType, limits};
use std::sync::Arc;

pub(super) const DEFINITION: Text = Text::of(1, limits::DEFINITION_LENGTH).sensitive();
pub(super) const VERSION_DESCRIPTION: Text = Text::of(0, 256).sensitive();
pub(super) const MACHINE_TYPE: Words<StateMachineType> =
    Words { parse: StateMachineType::parse, set: "[STANDARD, EXPRESS]" };

/// The machine that an ARN names, as it is now. The ARN of a version or an alias names none here.
/// AWS: recorded sfn_api_versioning/test_update_state_machine.
pub(super) fn existing(caller: &Caller<'_>, arn: &str) -> Result<Arc<StateMachine>, ApiError> {
    StatesArn::parse_as(arn, &["stateMachine"])?;
    caller.api.engine.machines().get(arn)?.ok_or_else(|| ApiError::StateMachineDoesNotExist(arn.to_owned()))
}

/// What an execution runs that is started by an ARN of a machine, a version or an alias.
pub(super) fn to_start(
    caller: &Caller<'_>,
    arn: &str,
) -> Result<(Arc<StateMachine>, StartedThrough), ApiError> {
    if let Some(found) = caller.api.engine.machines().to_start(arn)? {
        return Ok(found);
    }
    StatesArn::parse_as(arn, &["stateMachine"])?;
    Err(ApiError::StateMachineDoesNotExist(arn.to_owned()))
}

/// The version that an ARN names, and the machine as it was then. An alias names the version that it routes most
/// executions to; of two the first.
pub(super) fn at_version(
    caller: &Caller<'_>,
    arn: &str,
) -> Result<Option<(Arc<StateMachine>, Version)>, ApiError> {
    let Some((machine, qualifier)) = StateMachineArn::qualified(arn) else { return Ok(None) };
    let machines = caller.api.engine.machines();
    let missing = || ApiError::StateMachineDoesNotExist(arn.to_owned());
    let number = match qualifier {
        Qualifier::Version(number) => number,
        // AWS: unconfirmed; DescribeStateMachine is documented to take the ARN of an alias, and not what it shows then.
        Qualifier::Alias(name) => {
            let alias = machines.alias(&machine, name)?.ok_or_else(missing)?;
            let routes = alias.routes.iter().rev();
            routes.max_by_key(|route| route.weight).map(|route| route.version).ok_or_else(missing)?
        }
    };
    let version = machines.version(&machine, number)?.ok_or_else(missing)?;
    Ok(Some((machines.at_version(&machine, &version)?, version)))
}

/// The ARN of a machine, and the test case behind it: `…:stateMachine:NAME#CASE`, as Step Functions Local has it. No name
/// holds a `#`.
pub(super) fn with_test_case(arn: &str) -> (&str, Option<&str>) {
    match arn.split_once('#') {
        Some((arn, test_case)) => (arn, Some(test_case)),
        None => (arn, None),
    }
}

/// Refuses the ARN of a Distributed Map's own workflow, `…:stateMachine:NAME/LABEL`.
pub(super) fn refuse_labelled(arn: &str) -> Result<(), ApiError> {
    if StatesArn::parse_as(arn, &["stateMachine"])?.rest.contains('/') {
        // AWS: unconfirmed text, the reason is documented.
        let message = format!("This operation does not support labeled state machine ARNs: '{arn}'");
        return Err(ApiError::validation_because(ValidationReason::ApiDoesNotSupportLabeledArns, message));
    }
    Ok(())
}

pub(super) fn compile(text: &str, machine_type: StateMachineType) -> Result<Arc<Definition>, ApiError> {
    match asl::compile(text, machine_type) {
        Ok(compiled) => Ok(Arc::new(compiled.definition)),
        Err(diagnostics) => Err(ApiError::InvalidDefinition(asl::invalid_definition_message(&diagnostics))),
    }
}

/// A role's ARN must look like one. Whether there is such a role is not looked at.
pub(super) fn check_role(arn: &str) -> Result<(), ApiError> {
    let mut parts = arn.splitn(6, ':');
    let mut next = || parts.next().unwrap_or("");
    let (prefix, partition, service, _region, account, resource) =
        (next(), next(), next(), next(), next(), next());
    let is_role = prefix == "arn"
        && !partition.is_empty()
        && service == "iam"
        && !account.is_empty()
        && resource.strip_prefix("role/").is_some_and(|name| !name.is_empty());
    if is_role { Ok(()) } else { Err(ApiError::InvalidRoleArn(arn.to_owned())) }
}

/// Whether a version is to be published, and with what.
pub(super) fn publication(
    publish: Option<bool>,
    description: Option<Arc<str>>,
) -> Result<Option<Publication>, ApiError> {
    match (publish, description) {
        (Some(true), description) => Ok(Some(Publication { description })),
        (_, None) => Ok(None),
        // AWS: recorded sfn_api_versioning/test_create_with_version_description_no_publish.
        (_, Some(_)) => Err(ApiError::validation("Version description can only be set when publish is true")),
    }
}

/// The members that DescribeStateMachine and DescribeStateMachineForExecution share.
pub(super) fn describe(machine: &StateMachine, with_definition: bool) -> Object {
    let mut answer = Object::new();
    answer.insert("stateMachineArn", machine.arn.0.clone());
    answer.insert("name", machine.name.clone());
    // AWS: documented, "{}" where the definition is not asked for.
    let definition = if with_definition { machine.definition_text.clone() } else { "{}".into() };
    answer.insert("definition", definition);
    answer.insert("roleArn", machine.role_arn.clone());
    answer.insert("loggingConfiguration", configuration::logging(machine));
    answer.insert("tracingConfiguration", configuration::tracing(machine));
    // AWS: recorded since mid 2024 (sfn_api_variable_references); older recordings do not have it.
    answer.insert("encryptionConfiguration", configuration::encryption(machine));
    put(&mut answer, "revisionId", machine.revision_id.clone());
    put(&mut answer, "variableReferences", variable_references(machine).filter(|_| with_definition));
    answer
}

/// Which state reads which variables; nothing where none reads any. AWS: recorded sfn_api_variable_references.
fn variable_references(machine: &StateMachine) -> Option<Value> {
    let references = machine.definition.variable_references();
    let shown = references
        .into_iter()
        .map(|(state, names)| (state, Value::array(names.into_iter().map(Value::from).collect())));
    let shown = shown.collect::<Object>();
    (!shown.is_empty()).then(|| Value::from(shown))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_must_look_like_roles() {
        for arn in ["arn:aws:iam::000000000000:role/r", "arn:aws-cn:iam::1:role/service-role/x"] {
            assert_eq!(check_role(arn), Ok(()), "{arn}");
        }
        for arn in
            ["r", "arn:aws:iam::1:role/", "arn:aws:iam::1:user/u", "arn:aws:s3:::b", "arn:aws:iam:::role/r"]
        {
            assert_eq!(check_role(arn), Err(ApiError::InvalidRoleArn(arn.into())));
        }
    }

    #[test]
    fn a_version_description_needs_a_version() {
        let error = publication(None, Some("first".into())).unwrap_err();
        assert_eq!(error.to_string(), "Version description can only be set when publish is true");
        let described =
            |description: Option<&str>| Some(Publication { description: description.map(Into::into) });
        assert_eq!(publication(Some(true), Some("first".into())), Ok(described(Some("first"))));
        assert_eq!(publication(Some(true), None), Ok(described(None)));
        assert_eq!(publication(Some(false), None), Ok(None));
    }

    #[test]
    fn a_test_case_stands_behind_the_arn() {
        let arn = "arn:aws:states:us-east-1:1:stateMachine:m";
        assert_eq!(with_test_case(arn), (arn, None));
        assert_eq!(with_test_case(&format!("{arn}#Happy#Path")), (arn, Some("Happy#Path")));
        assert_eq!(with_test_case(&format!("{arn}#")), (arn, Some("")));
    }

    #[test]
    fn labelled_arns_are_refused_with_their_reason() {
        let error = refuse_labelled("arn:aws:states:us-east-1:1:stateMachine:m/label").unwrap_err();
        assert_eq!(
            error.to_wire().get("reason").and_then(Value::as_str),
            Some("API_DOES_NOT_SUPPORT_LABELED_ARNS")
        );
        assert_eq!(refuse_labelled("arn:aws:states:us-east-1:1:stateMachine:m"), Ok(()));
    }
}
