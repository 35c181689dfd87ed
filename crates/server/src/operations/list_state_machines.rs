//! ListStateMachines.

use super::{Caller, now, put};
use crate::error::ApiError;
use crate::page::{Listing, PageRequest};
use crate::request::read;
use json::{Object, Value};
use model::limits;

const LISTING: Listing<'static> = Listing { operation: "ListStateMachines", arguments: &[] };

/// The machines in the order of their names.
pub(super) fn call(caller: &Caller<'_>, body: &Value) -> Result<Value, ApiError> {
    let page = read(body, |f| PageRequest::read(f, limits::PAGE_TOKEN_LENGTH))?;
    let after = page.name_before(caller, &LISTING, now())?;
    let found = caller.api.engine.machines().list(after.as_deref(), page.limit)?;
    let shown = found.items.iter().map(|machine| {
        Value::object([
            ("stateMachineArn", Value::from(machine.arn.0.clone())),
            ("name", Value::from(machine.name.clone())),
            ("type", Value::from(machine.machine_type.as_str())),
            ("creationDate", machine.created_at.to_wire()),
        ])
    });
    let mut answer = Object::new();
    answer.insert("stateMachines", Value::array(shown.collect()));
    put(&mut answer, "nextToken", found.next.map(|place| caller.tokens.seal(&LISTING, &place, now())));
    Ok(Value::from(answer))
}
