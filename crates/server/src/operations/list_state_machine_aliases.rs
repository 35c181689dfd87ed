//! ListStateMachineAliases.

use super::{ARN, Caller, machine, now, put};
use crate::error::ApiError;
use crate::page::{Listing, PageRequest};
use crate::request::read;
use json::{Object, Value};
use model::arn::{Qualifier, StatesArn};
use model::{StateMachineArn, limits};

/// The aliases of a machine, or those that route to a version of it, the oldest first. AWS: recorded
/// sfn_api_aliasing/test_base_lifecycle_create_delete_list; the documentation says newest first.
pub(super) fn call(caller: &Caller<'_>, body: &Value) -> Result<Value, ApiError> {
    let (arn, page) = read(body, |f| {
        Ok((f.required_text("stateMachineArn", ARN)?, PageRequest::read(f, limits::PAGE_TOKEN_LENGTH)?))
    })?;
    machine::refuse_labelled(&arn)?;
    let machines = caller.api.engine.machines();
    let (machine, version) = of(caller, &arn)?;
    let listing = Listing { operation: "ListStateMachineAliases", arguments: &[&arn] };
    let after = page.number_before(caller, &listing, now())?;
    let mut found = machines.aliases_to(&machine, version)?;
    found.retain(|alias| after.is_none_or(|after| alias.place > after));
    let has_more = found.len() > page.limit;
    found.truncate(page.limit);
    let next = found.last().filter(|_| has_more).map(|last| last.place.to_be_bytes());
    let shown = found.into_iter().map(|alias| {
        Value::object([
            ("stateMachineAliasArn", Value::from(machine.alias(&alias.name))),
            ("creationDate", alias.created_at.to_wire()),
        ])
    });
    let mut answer = Object::new();
    answer.insert("stateMachineAliases", Value::array(shown.collect()));
    put(&mut answer, "nextToken", next.map(|place| caller.tokens.seal(&listing, &place, now())));
    Ok(Value::from(answer))
}

/// The machine, and the version where the ARN is of one. AWS: unconfirmed which exception a missing version has.
fn of(caller: &Caller<'_>, arn: &str) -> Result<(StateMachineArn, Option<u64>), ApiError> {
    StatesArn::parse_as(arn, &["stateMachine"])?;
    if let Some((machine, Qualifier::Version(number))) = StateMachineArn::qualified(arn) {
        let known = caller.api.engine.machines().version(&machine, number)?;
        known.ok_or_else(|| ApiError::ResourceNotFound(arn.to_owned()))?;
        return Ok((machine, Some(number)));
    }
    Ok((machine::existing(caller, arn)?.arn.clone(), None))
}
