//! ListExecutions.

use super::{ARN, Caller, LONG_ARN, describe_execution, machine, now, put};
use crate::error::{ApiError, ValidationReason};
use crate::page::{Listing, PageRequest};
use crate::request::{Words, read};
use engine::ExecutionRecord;
use json::{Object, Value};
use model::arn::StatesArn;
use model::{ExecutionStatus, StartedThrough, StateMachineArn, StateMachineType, Timestamp, limits};
use std::sync::Arc;

/// AWS: recorded sfn_api/test_state_machine_status_filter, with the set in this order.
const STATUSES: Words<ExecutionStatus> = Words {
    parse: ExecutionStatus::parse,
    set: "[SUCCEEDED, TIMED_OUT, PENDING_REDRIVE, ABORTED, FAILED, RUNNING]",
};
const REDRIVE_FILTERS: Words<()> = Words {
    parse: |word| matches!(word, "REDRIVEN" | "NOT_REDRIVEN").then_some(()),
    set: "[REDRIVEN, NOT_REDRIVEN]",
};

struct Request {
    state_machine_arn: Option<Arc<str>>,
    map_run_arn: Option<Arc<str>>,
    status: Option<ExecutionStatus>,
    redrive_filter: Option<()>,
    page: PageRequest,
}

/// The executions of a machine, newest first.
pub(super) fn call(caller: &Caller<'_>, body: &Value) -> Result<Value, ApiError> {
    let request = read(body, |f| {
        Ok(Request {
            state_machine_arn: f.text("stateMachineArn", ARN)?,
            map_run_arn: f.text("mapRunArn", LONG_ARN)?,
            status: f.word("statusFilter", &STATUSES)?,
            redrive_filter: f.word("redriveFilter", &REDRIVE_FILTERS)?,
            page: PageRequest::read(f, limits::LIST_EXECUTIONS_PAGE_TOKEN_LENGTH)?,
        })
    })?;
    let arn = machine_of(&request)?;
    let (found, listed) = match machine::to_start(caller, arn)? {
        (found, through) if through == StartedThrough::default() => (found.clone(), found.arn.clone()),
        // Those that were started through the version or the alias. AWS: recorded sfn_api_versioning/test_start_version_execution.
        (found, _) => (found, StateMachineArn(arn.into())),
    };
    if found.machine_type == StateMachineType::Express {
        // AWS: recorded sfn_api_express/test_start_async_describe_history_execution.
        return Err(ApiError::StateMachineTypeNotSupported);
    }
    let arguments = [arn, request.status.map_or("", ExecutionStatus::as_str)];
    let listing = Listing { operation: "ListExecutions", arguments: &arguments };
    let after = match &request.page.token {
        Some(token) => Some(caller.tokens.open(&listing, token, now())?),
        None => None,
    };
    let engine = &caller.api.engine;
    let page = engine.executions(&listed, request.status, after.as_deref(), request.page.limit)?;
    let mut answer = Object::new();
    answer.insert("executions", Value::array(page.items.iter().map(show).collect()));
    put(&mut answer, "nextToken", page.next.map(|place| caller.tokens.seal(&listing, &place, now())));
    Ok(Value::from(answer))
}

/// Exactly one ARN must be given. AWS: the rule is documented, its texts are unconfirmed.
fn machine_of(request: &Request) -> Result<&str, ApiError> {
    let refused = |message: &str| {
        let reason = Some(ValidationReason::MissingRequiredParameter);
        Err(ApiError::Validation { message: message.to_owned(), reason })
    };
    match (&request.state_machine_arn, &request.map_run_arn) {
        (None, None) => refused("Either stateMachineArn or mapRunArn must be specified"),
        (Some(_), Some(_)) => refused("Only one of stateMachineArn and mapRunArn can be specified"),
        (None, Some(map_run)) => {
            StatesArn::parse_as(map_run, &["mapRun"])?;
            Err(ApiError::ResourceNotFound(map_run.to_string()))
        }
        (Some(_), None) if request.status == Some(ExecutionStatus::PendingRedrive) => {
            Err(ApiError::validation("The statusFilter PENDING_REDRIVE can only be used with a mapRunArn"))
        }
        (Some(_), None) if request.redrive_filter.is_some() => {
            Err(ApiError::validation("The redriveFilter can only be used with a mapRunArn"))
        }
        (Some(arn), None) => Ok(arn),
    }
}

fn show(record: &ExecutionRecord) -> Value {
    let mut shown = Object::new();
    shown.insert("executionArn", record.arn.0.clone());
    shown.insert("stateMachineArn", record.state_machine_arn.0.clone());
    shown.insert("name", record.name.clone());
    shown.insert("status", record.status.as_str());
    shown.insert("startDate", record.started_at.to_wire());
    put(&mut shown, "stopDate", record.stopped_at.map(Timestamp::to_wire));
    describe_execution::put_through(&mut shown, &record.through);
    shown.insert("redriveCount", record.redrive_count);
    put(&mut shown, "redriveDate", record.redriven_at.map(Timestamp::to_wire));
    Value::from(shown)
}
