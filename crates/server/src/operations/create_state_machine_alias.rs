//! CreateStateMachineAlias.

use super::{Caller, aliases};
use crate::error::ApiError;
use crate::request::read;
use json::Value;

/// Creates an alias. One of the same name, routes and description is the answer, with its own date. AWS: recorded
/// sfn_api_aliasing.
pub(super) async fn call(caller: &Caller<'_>, body: &Value) -> Result<Value, ApiError> {
    let (name, description, routes) = read(body, |f| {
        let name = f.required_text("name", aliases::ALIAS_NAME)?;
        let description = f.text("description", aliases::DESCRIPTION)?;
        let routes = aliases::read_routes(f)?;
        if routes.is_none() {
            f.missing("routingConfiguration");
        }
        Ok((name, description, routes.unwrap_or_default()))
    })?;
    let (machine, routes) = aliases::checked(&routes)?;
    let arn = machine.alias(&name);
    let created = caller.api.engine.machines().create_alias(&machine, name, description, routes).await;
    let alias = created.map_err(|error| aliases::refusal(error, &arn))?;
    Ok(Value::object([
        ("stateMachineAliasArn", Value::from(arn)),
        ("creationDate", alias.created_at.to_wire()),
    ]))
}
