//! DescribeStateMachineAlias.

use super::{ARN, Caller, aliases, put};
use crate::error::ApiError;
use crate::request::read;
use json::{Object, Value};

pub(super) fn call(caller: &Caller<'_>, body: &Value) -> Result<Value, ApiError> {
    let arn = read(body, |f| f.required_text("stateMachineAliasArn", ARN))?;
    let (machine, name) = aliases::parse(&arn)?;
    let alias = caller.api.engine.machines().alias(&machine, name)?;
    let alias = alias.ok_or_else(|| ApiError::ReferencedResourceNotFound(arn.to_string()))?;
    let routes = alias.routes.iter().map(|route| {
        Value::object([
            ("stateMachineVersionArn", Value::from(machine.version(route.version))),
            ("weight", Value::from(u64::from(route.weight))),
        ])
    });
    let mut answer = Object::new();
    answer.insert("stateMachineAliasArn", arn.clone());
    answer.insert("name", alias.name);
    put(&mut answer, "description", alias.description);
    answer.insert("routingConfiguration", Value::array(routes.collect()));
    answer.insert("creationDate", alias.created_at.to_wire());
    answer.insert("updateDate", alias.updated_at.to_wire());
    Ok(Value::from(answer))
}
