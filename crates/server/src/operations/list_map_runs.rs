//! ListMapRuns.

use super::{ARN, Caller, execution, now, put};
use crate::error::ApiError;
use crate::page::{Listing, PageRequest};
use crate::request::read;
use engine::MapRunRecord;
use json::{Object, Value};
use model::{Timestamp, limits};

/// The Map Runs of an execution, newest first.
// AWS: unconfirmed order, chosen as in the other listings of what ran.
pub(super) fn call(caller: &Caller<'_>, body: &Value) -> Result<Value, ApiError> {
    let (arn, page) = read(body, |f| {
        Ok((f.required_text("executionArn", ARN)?, PageRequest::read(f, limits::PAGE_TOKEN_LENGTH)?))
    })?;
    let record = execution(caller, &arn)?;
    let arguments = [&*arn];
    let listing = Listing { operation: "ListMapRuns", arguments: &arguments };
    let after = match &page.token {
        Some(token) => Some(caller.tokens.open(&listing, token, now())?),
        None => None,
    };
    let found = caller.api.engine.map_runs(&record.arn, after.as_deref(), page.limit)?;
    let mut answer = Object::new();
    answer.insert("mapRuns", Value::array(found.items.iter().map(show).collect()));
    put(&mut answer, "nextToken", found.next.map(|place| caller.tokens.seal(&listing, &place, now())));
    Ok(Value::from(answer))
}

fn show(run: &MapRunRecord) -> Value {
    let mut shown = Object::new();
    shown.insert("executionArn", run.execution_arn.0.clone());
    shown.insert("mapRunArn", run.arn.0.clone());
    shown.insert("stateMachineArn", run.arn.child_machine().0);
    shown.insert("startDate", run.started_at.to_wire());
    put(&mut shown, "stopDate", run.stopped_at.map(Timestamp::to_wire));
    Value::from(shown)
}
