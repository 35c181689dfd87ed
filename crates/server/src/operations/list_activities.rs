//! ListActivities.

use super::{Caller, now, put};
use crate::error::ApiError;
use crate::page::{Listing, PageRequest};
use crate::request::read;
use json::{Object, Value};
use model::limits;

const LISTING: Listing<'static> = Listing { operation: "ListActivities", arguments: &[] };

/// The activities in the order of their names.
pub(super) fn call(caller: &Caller<'_>, body: &Value) -> Result<Value, ApiError> {
    let page = read(body, |f| PageRequest::read(f, limits::PAGE_TOKEN_LENGTH))?;
    let after = page.name_before(caller, &LISTING, now())?;
    let found = caller.api.engine.activities().list(after.as_deref(), page.limit)?;
    let shown = found.items.iter().map(|activity| {
        Value::object([
            ("activityArn", Value::from(activity.arn.clone())),
            ("name", Value::from(activity.name.clone())),
            ("creationDate", activity.created_at.to_wire()),
        ])
    });
    let mut answer = Object::new();
    answer.insert("activities", Value::array(shown.collect()));
    put(&mut answer, "nextToken", found.next.map(|place| caller.tokens.seal(&LISTING, &place, now())));
    Ok(Value::from(answer))
}
