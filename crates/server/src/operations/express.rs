//! Express executions, shown as Standard ones are. No operations of AWS's; see `express_view.rs`.

use super::{ARN, Caller, IncludedData, describe_execution, get_execution_history, list_executions, machine};
use super::{now, put};
use crate::error::ApiError;
use crate::page::{Listing, PageRequest};
use crate::request::read;
use engine::ExecutionRecord;
use json::{Object, Value};
use model::arn::StatesArn;
use model::{ExecutionArn, ExecutionStatus, StateMachineType, limits};

/// The executions of a machine, newest first.
pub(crate) fn list(caller: &Caller<'_>, members: &Value) -> Result<Value, ApiError> {
    let (arn, status, page) = read(members, |f| {
        Ok((
            f.required_text("stateMachineArn", ARN)?,
            f.word("statusFilter", &list_executions::STATUSES)?,
            PageRequest::read(f, limits::LIST_EXECUTIONS_PAGE_TOKEN_LENGTH)?,
        ))
    })?;
    let found = machine::existing(caller, &arn)?;
    if found.machine_type != StateMachineType::Express {
        return Err(ApiError::StateMachineTypeNotSupported);
    }
    let arguments = [&*arn, status.map_or("", ExecutionStatus::as_str)];
    let listing = Listing { operation: "ListExpressExecutions", arguments: &arguments };
    let after = match &page.token {
        Some(token) => Some(caller.tokens.open(&listing, token, now())?),
        None => None,
    };
    let page = caller.api.engine.express_executions(&found.arn, status, after.as_deref(), page.limit);
    let mut answer = Object::new();
    answer.insert("executions", Value::array(page.items.iter().map(list_executions::show).collect()));
    put(&mut answer, "nextToken", page.next.map(|place| caller.tokens.seal(&listing, &place, now())));
    Ok(Value::from(answer))
}

/// One execution.
pub(crate) fn describe(caller: &Caller<'_>, members: &Value) -> Result<Value, ApiError> {
    let (arn, included) =
        read(members, |f| Ok((f.required_text("executionArn", ARN)?, IncludedData::read(f)?)))?;
    let record = execution(caller, &arn)?;
    Ok(Value::from(describe_execution::describe(&record, included == IncludedData::AllData)))
}

/// The events of one execution; `isComplete` is false where there was no room for all of them.
pub(crate) fn history(caller: &Caller<'_>, members: &Value) -> Result<Value, ApiError> {
    let request = get_execution_history::Request::read(members)?;
    let arn = execution(caller, &request.execution_arn)?.arn;
    let mut is_complete = true;
    let mut answer = request.answer(caller, "GetExpressExecutionHistory", |after, limit, reverse| {
        let found = caller.api.engine.express_history(&arn, after, limit, reverse);
        let found = found.ok_or_else(|| ApiError::ExecutionDoesNotExist(arn.to_string()))?;
        is_complete = !found.is_cut;
        Ok(found.page)
    })?;
    answer.insert("isComplete", is_complete);
    Ok(Value::from(answer))
}

fn execution(caller: &Caller<'_>, arn: &str) -> Result<ExecutionRecord, ApiError> {
    StatesArn::parse_as(arn, &["express"])?;
    let found = caller.api.engine.express_execution(&ExecutionArn(arn.into()));
    found.ok_or_else(|| ApiError::ExecutionDoesNotExist(arn.to_owned()))
}
