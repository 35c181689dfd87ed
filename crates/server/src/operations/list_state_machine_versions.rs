//! ListStateMachineVersions.

use super::{ARN, Caller, machine, now, put};
use crate::error::ApiError;
use crate::page::{Listing, PageRequest};
use crate::request::read;
use json::{Object, Value};
use model::{StateMachineArn, limits};

/// The versions of a machine, the highest first.
pub(super) fn call(caller: &Caller<'_>, body: &Value) -> Result<Value, ApiError> {
    let (arn, page) = read(body, |f| {
        Ok((f.required_text("stateMachineArn", ARN)?, PageRequest::read(f, limits::PAGE_TOKEN_LENGTH)?))
    })?;
    machine::refuse_labelled(&arn)?;
    let listing = Listing { operation: "ListStateMachineVersions", arguments: &[&arn] };
    let before = page.number_before(caller, &listing, now())?;
    let machines = caller.api.engine.machines();
    // AWS: unconfirmed for a machine that is not there; the service model has no exception that says so.
    let machine = machines.get(&arn)?.map_or_else(|| StateMachineArn(arn.clone()), |known| known.arn.clone());
    let found = machines.versions(&machine, before, page.limit)?;
    let shown = found.items.into_iter().map(|version| {
        Value::object([
            ("stateMachineVersionArn", Value::from(version.arn)),
            ("creationDate", version.created_at.to_wire()),
        ])
    });
    let mut answer = Object::new();
    answer.insert("stateMachineVersions", Value::array(shown.collect()));
    put(&mut answer, "nextToken", found.next.map(|place| caller.tokens.seal(&listing, &place, now())));
    Ok(Value::from(answer))
}
