//! ListExecutions.

use super::{ARN, Caller, LONG_ARN, describe_execution, machine, map_run, now, put};
use crate::error::{ApiError, ValidationReason};
use crate::page::{Listing, PageRequest};
use crate::request::{Words, read};
use engine::ExecutionRecord;
use json::{Object, Value};
use model::{
    ExecutionStatus, MapRunArn, StartedThrough, StateMachineArn, StateMachineType, Timestamp, limits,
};
use std::sync::Arc;

/// AWS: recorded sfn_api/test_state_machine_status_filter, with the set in this order.
pub(super) const STATUSES: Words<ExecutionStatus> = Words {
    parse: ExecutionStatus::parse,
    set: "[SUCCEEDED, TIMED_OUT, PENDING_REDRIVE, ABORTED, FAILED, RUNNING]",
};
const REDRIVE_FILTERS: Words<RedriveFilter> = Words {
    parse: |word| match word {
        "REDRIVEN" => Some(RedriveFilter::Redriven),
        "NOT_REDRIVEN" => Some(RedriveFilter::NotRedriven),
        _ => None,
    },
    set: "[REDRIVEN, NOT_REDRIVEN]",
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum RedriveFilter {
    Redriven,
    NotRedriven,
}

impl RedriveFilter {
    fn as_str(self) -> &'static str {
        match self {
            RedriveFilter::Redriven => "REDRIVEN",
            RedriveFilter::NotRedriven => "NOT_REDRIVEN",
        }
    }
}

/// What has executions.
enum Runner {
    Machine(StateMachineArn),
    MapRun(MapRunArn),
}

struct Request {
    state_machine_arn: Option<Arc<str>>,
    map_run_arn: Option<Arc<str>>,
    status: Option<ExecutionStatus>,
    redrive_filter: Option<RedriveFilter>,
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
    let runner = runner(caller, &request)?;
    let filters =
        [request.status.map(ExecutionStatus::as_str), request.redrive_filter.map(RedriveFilter::as_str)];
    let of = match &runner {
        Runner::Machine(arn) => &*arn.0,
        Runner::MapRun(arn) => &*arn.0,
    };
    let arguments: Vec<&str> = std::iter::once(of).chain(filters.into_iter().flatten()).collect();
    let listing = Listing { operation: "ListExecutions", arguments: &arguments };
    let after = match &request.page.token {
        Some(token) => Some(caller.tokens.open(&listing, token, now())?),
        None => None,
    };
    let engine = &caller.api.engine;
    let (status, limit) = (request.status, request.page.limit);
    let page = match &runner {
        Runner::Machine(arn) => engine.executions(arn, status, after.as_deref(), limit)?,
        Runner::MapRun(arn) => {
            let is_redriven = request.redrive_filter.map(|filter| filter == RedriveFilter::Redriven);
            engine.children(arn, status, is_redriven, after.as_deref(), limit)?
        }
    };
    let mut answer = Object::new();
    answer.insert("executions", Value::array(page.items.iter().map(show).collect()));
    put(&mut answer, "nextToken", page.next.map(|place| caller.tokens.seal(&listing, &place, now())));
    Ok(Value::from(answer))
}

/// Whose executions are listed: exactly one ARN must be given. AWS: the rule is documented, its texts are unconfirmed.
fn runner(caller: &Caller<'_>, request: &Request) -> Result<Runner, ApiError> {
    let refused = |message: &str| {
        let reason = Some(ValidationReason::MissingRequiredParameter);
        Err(ApiError::Validation { message: message.to_owned(), reason })
    };
    match (&request.state_machine_arn, &request.map_run_arn) {
        (None, None) => refused("Either stateMachineArn or mapRunArn must be specified"),
        (Some(_), Some(_)) => refused("Only one of stateMachineArn and mapRunArn can be specified"),
        (None, Some(arn)) => map_run::existing(caller, arn).map(|run| Runner::MapRun(run.arn)),
        (Some(_), None) if request.status == Some(ExecutionStatus::PendingRedrive) => {
            Err(ApiError::validation("The statusFilter PENDING_REDRIVE can only be used with a mapRunArn"))
        }
        (Some(_), None) if request.redrive_filter.is_some() => {
            Err(ApiError::validation("The redriveFilter can only be used with a mapRunArn"))
        }
        (Some(arn), None) => {
            let (found, through) = machine::to_start(caller, arn)?;
            if found.machine_type == StateMachineType::Express {
                // AWS: recorded sfn_api_express/test_start_async_describe_history_execution.
                return Err(ApiError::StateMachineTypeNotSupported);
            }
            // Those that were started through the version or the alias. AWS: recorded
            // sfn_api_versioning/test_start_version_execution.
            let is_plain = through == StartedThrough::default();
            Ok(Runner::Machine(if is_plain { found.arn.clone() } else { StateMachineArn((&**arn).into()) }))
        }
    }
}

pub(super) fn show(record: &ExecutionRecord) -> Value {
    let mut shown = Object::new();
    shown.insert("executionArn", record.arn.0.clone());
    shown.insert("stateMachineArn", record.state_machine_arn.0.clone());
    shown.insert("name", record.name.clone());
    shown.insert("status", record.status.as_str());
    shown.insert("startDate", record.started_at.to_wire());
    put(&mut shown, "stopDate", record.stopped_at.map(Timestamp::to_wire));
    describe_execution::put_through(&mut shown, &record.through);
    if let Some(child) = &record.child {
        shown.insert("mapRunArn", child.map_run.0.clone());
        shown.insert("itemCount", child.items);
    }
    shown.insert("redriveCount", record.redrive_count);
    put(&mut shown, "redriveDate", record.redriven_at.map(Timestamp::to_wire));
    Value::from(shown)
}
