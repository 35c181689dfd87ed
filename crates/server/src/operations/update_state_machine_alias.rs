//! UpdateStateMachineAlias.

use super::{ARN, Caller, aliases};
use crate::error::{ApiError, ValidationReason};
use crate::request::read;
use json::Value;

/// Changes what an alias says or where it leads; executions that it led to go on where they are.
pub(super) async fn call(caller: &Caller<'_>, body: &Value) -> Result<Value, ApiError> {
    let (arn, description, routes) = read(body, |f| {
        Ok((
            f.required_text("stateMachineAliasArn", ARN)?,
            f.text("description", aliases::DESCRIPTION)?,
            aliases::read_routes(f)?,
        ))
    })?;
    let (machine, name) = aliases::parse(&arn)?;
    if description.is_none() && routes.is_none() {
        // AWS: the rule is documented, its text is unconfirmed.
        return Err(ApiError::validation_because(
            ValidationReason::MissingRequiredParameter,
            "Either the description or the routing configuration must be specified",
        ));
    }
    let routes = match routes.as_deref().map(aliases::checked).transpose()? {
        Some((of, _)) if of != machine => {
            // AWS: unconfirmed text.
            return Err(ApiError::validation_because(
                ValidationReason::InvalidRoutingConfiguration,
                format!(
                    "Routing configuration must contain versions of the alias's state machine: '{machine}'"
                ),
            ));
        }
        routes => routes.map(|(_, routes)| routes),
    };
    let updated = caller.api.engine.machines().update_alias(&machine, name, description, routes).await;
    let alias = updated.map_err(|error| aliases::refusal(error, &arn))?;
    Ok(Value::object([("updateDate", alias.updated_at.to_wire())]))
}
