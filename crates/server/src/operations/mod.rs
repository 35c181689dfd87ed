//! The operations, one per file, and what several of them need.

mod aliases;
mod configuration;
mod create_activity;
mod create_state_machine;
mod create_state_machine_alias;
mod delete_activity;
mod delete_state_machine;
mod delete_state_machine_alias;
mod delete_state_machine_version;
mod describe_activity;
mod describe_execution;
mod describe_map_run;
mod describe_state_machine;
mod describe_state_machine_alias;
mod describe_state_machine_for_execution;
pub(crate) mod express;
mod get_activity_task;
mod get_execution_history;
mod list_activities;
mod list_executions;
mod list_map_runs;
mod list_state_machine_aliases;
mod list_state_machine_versions;
mod list_state_machines;
mod list_tags_for_resource;
mod machine;
mod map_run;
mod publish_state_machine_version;
mod redrive_execution;
mod send_task_failure;
mod send_task_heartbeat;
mod send_task_success;
mod start_execution;
mod start_sync_execution;
mod stop_execution;
mod tag_resource;
mod tags;
mod test_state;
mod untag_resource;
mod update_map_run;
mod update_state_machine;
mod update_state_machine_alias;
mod validate_state_machine_definition;
mod versions;

use crate::Api;
use crate::error::ApiError;
use crate::page::PageTokens;
use crate::request::{Fields, Text, Words, parse_body};
use engine::{Activity, EngineError, ExecutionRecord, Quota, StartError, TokenError};
use json::Value;
use model::arn::StatesArn;
use model::{ExecutionArn, Timestamp, limits};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::sync::watch;

const ARN: Text = Text::of(1, limits::ARN_LENGTH);
const LONG_ARN: Text = Text::of(1, limits::LONG_ARN_LENGTH);
const NAME: Text = Text::of(1, limits::NAME_LENGTH);
const ERROR: Text = Text::of(0, limits::ERROR_LENGTH).sensitive();
const CAUSE: Text = Text::of(0, limits::CAUSE_LENGTH).sensitive();
const TASK_TOKEN: Text = Text::of(1, limits::TASK_TOKEN_LENGTH).sensitive();
const PAYLOAD: Text = Text::payload(limits::PAYLOAD_SIZE);

/// What an operation works with beside its request.
pub(crate) struct Caller<'a> {
    pub(crate) api: &'a Api,
    pub(crate) tokens: &'a PageTokens,
    /// The header `X-Amzn-Trace-Id`.
    pub(crate) trace_header: Option<&'a str>,
    /// Changes once the server shuts down.
    pub(crate) stopping: watch::Receiver<()>,
}

/// Calls an operation; `None` when it is not one of those served.
pub(crate) async fn call(
    caller: &Caller<'_>,
    operation: &str,
    body: &[u8],
) -> Option<Result<Value, ApiError>> {
    if !OPERATIONS.contains(&operation) {
        return None;
    }
    Some(match parse_body(body) {
        Ok(body) if !is_admitted(caller, operation, &body) => Err(ApiError::Throttling),
        Ok(body) => dispatch(caller, operation, &body).await,
        Err(error) => Err(error),
    })
}

const OPERATIONS: &[&str] = &[
    "CreateActivity",
    "DeleteActivity",
    "DescribeActivity",
    "GetActivityTask",
    "ListActivities",
    "CreateStateMachine",
    "DeleteStateMachine",
    "DescribeExecution",
    "DescribeMapRun",
    "DescribeStateMachine",
    "DescribeStateMachineForExecution",
    "GetExecutionHistory",
    "ListExecutions",
    "ListMapRuns",
    "ListStateMachines",
    "ListTagsForResource",
    "RedriveExecution",
    "SendTaskFailure",
    "SendTaskHeartbeat",
    "SendTaskSuccess",
    "StartExecution",
    "StartSyncExecution",
    "StopExecution",
    "TagResource",
    "TestState",
    "UntagResource",
    "UpdateMapRun",
    "UpdateStateMachine",
    "ValidateStateMachineDefinition",
    "PublishStateMachineVersion",
    "DeleteStateMachineVersion",
    "ListStateMachineVersions",
    "CreateStateMachineAlias",
    "UpdateStateMachineAlias",
    "DeleteStateMachineAlias",
    "DescribeStateMachineAlias",
    "ListStateMachineAliases",
];

async fn dispatch(caller: &Caller<'_>, operation: &str, body: &Value) -> Result<Value, ApiError> {
    match operation {
        "CreateActivity" => create_activity::call(caller, body).await,
        "DeleteActivity" => delete_activity::call(caller, body).await,
        "DescribeActivity" => describe_activity::call(caller, body),
        "GetActivityTask" => get_activity_task::call(caller, body).await,
        "ListActivities" => list_activities::call(caller, body),
        "CreateStateMachine" => create_state_machine::call(caller, body).await,
        "DeleteStateMachine" => delete_state_machine::call(caller, body).await,
        "DescribeExecution" => describe_execution::call(caller, body),
        "DescribeMapRun" => describe_map_run::call(caller, body),
        "DescribeStateMachine" => describe_state_machine::call(caller, body),
        "DescribeStateMachineForExecution" => describe_state_machine_for_execution::call(caller, body),
        "GetExecutionHistory" => get_execution_history::call(caller, body),
        "ListExecutions" => list_executions::call(caller, body),
        "ListMapRuns" => list_map_runs::call(caller, body),
        "ListStateMachines" => list_state_machines::call(caller, body),
        "ListTagsForResource" => list_tags_for_resource::call(caller, body),
        "RedriveExecution" => redrive_execution::call(caller, body).await,
        "SendTaskFailure" => send_task_failure::call(caller, body).await,
        "SendTaskHeartbeat" => send_task_heartbeat::call(caller, body).await,
        "SendTaskSuccess" => send_task_success::call(caller, body).await,
        "StartExecution" => start_execution::call(caller, body).await,
        "StartSyncExecution" => start_sync_execution::call(caller, body).await,
        "StopExecution" => stop_execution::call(caller, body).await,
        "TagResource" => tag_resource::call(caller, body).await,
        "TestState" => test_state::call(caller, body).await,
        "UntagResource" => untag_resource::call(caller, body).await,
        "UpdateMapRun" => update_map_run::call(caller, body).await,
        "UpdateStateMachine" => update_state_machine::call(caller, body).await,
        "ValidateStateMachineDefinition" => validate_state_machine_definition::call(body),
        "PublishStateMachineVersion" => publish_state_machine_version::call(caller, body).await,
        "DeleteStateMachineVersion" => delete_state_machine_version::call(caller, body).await,
        "ListStateMachineVersions" => list_state_machine_versions::call(caller, body),
        "CreateStateMachineAlias" => create_state_machine_alias::call(caller, body).await,
        "UpdateStateMachineAlias" => update_state_machine_alias::call(caller, body).await,
        "DeleteStateMachineAlias" => delete_state_machine_alias::call(caller, body).await,
        "DescribeStateMachineAlias" => describe_state_machine_alias::call(caller, body),
        "ListStateMachineAliases" => list_state_machine_aliases::call(caller, body),
        other => Err(ApiError::UnknownOperation(other.to_owned())),
    }
}

fn is_admitted(caller: &Caller<'_>, operation: &str, body: &Value) -> bool {
    let Api { token_buckets, engine, .. } = caller.api;
    token_buckets.as_ref().is_none_or(|buckets| buckets.admit(operation, body, engine))
}

/// The member `includedData`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum IncludedData {
    AllData,
    MetadataOnly,
}

impl IncludedData {
    fn read(fields: &mut Fields<'_>) -> Result<IncludedData, ApiError> {
        const WORDS: Words<IncludedData> = Words {
            parse: |word| match word {
                "ALL_DATA" => Some(IncludedData::AllData),
                "METADATA_ONLY" => Some(IncludedData::MetadataOnly),
                _ => None,
            },
            set: "[ALL_DATA, METADATA_ONLY]",
        };
        Ok(fields.word("includedData", &WORDS)?.unwrap_or(IncludedData::AllData))
    }
}

/// The execution that an ARN names. ARNs of Express executions are refused. AWS: recorded
/// sfn_api_express/test_start_async_describe_history_execution.
fn execution(caller: &Caller<'_>, arn: &str) -> Result<ExecutionRecord, ApiError> {
    let arn = execution_arn(arn)?;
    caller.api.engine.execution(&arn)?.ok_or_else(|| ApiError::ExecutionDoesNotExist(arn.to_string()))
}

/// The activity that an ARN names.
fn activity(caller: &Caller<'_>, arn: &str) -> Result<Activity, ApiError> {
    StatesArn::parse_as(arn, &["activity"])?;
    caller.api.engine.activities().get(arn)?.ok_or_else(|| ApiError::ActivityDoesNotExist(arn.to_owned()))
}

fn execution_arn(arn: &str) -> Result<ExecutionArn, ApiError> {
    StatesArn::parse_as(arn, &["execution"])?;
    Ok(ExecutionArn(arn.into()))
}

fn now() -> Timestamp {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX))
}

/// Sets an optional member of an answer; absent ones are left out, never `null`.
fn put<T: Into<Value>>(object: &mut json::Object, member: &str, value: Option<T>) {
    if let Some(value) = value {
        object.insert(member, value);
    }
}

impl From<EngineError> for ApiError {
    fn from(error: EngineError) -> ApiError {
        match error {
            EngineError::Quota(Quota::StateMachines) => ApiError::StateMachineLimitExceeded,
            EngineError::Quota(Quota::Activities) => ApiError::ActivityLimitExceeded,
            EngineError::Quota(Quota::OpenExecutions) => ApiError::ExecutionLimitExceeded,
            EngineError::Quota(Quota::ActivityWorkers) => ApiError::ActivityWorkerLimitExceeded,
            error => ApiError::internal(error),
        }
    }
}

impl From<StartError> for ApiError {
    fn from(error: StartError) -> ApiError {
        match error {
            StartError::AlreadyExists(arn) => ApiError::ExecutionAlreadyExists(arn),
            StartError::MachineDeleted(arn) => ApiError::StateMachineDoesNotExist(arn.to_string()),
            StartError::Throttled => ApiError::Throttling,
            error @ StartError::TestCase(_) => ApiError::InvalidTestCase(error.to_string()),
            StartError::Engine(error) => ApiError::from(error),
        }
    }
}

impl From<TokenError> for ApiError {
    fn from(error: TokenError) -> ApiError {
        match error {
            TokenError::Invalid => ApiError::InvalidToken,
            TokenError::DoesNotExist => ApiError::TaskDoesNotExist,
            TokenError::TimedOut => ApiError::TaskTimedOut,
            TokenError::Engine(error) => ApiError::from(error),
        }
    }
}

/// A name that a request gives, which must not hold forbidden characters.
fn checked_name(name: Arc<str>) -> Result<Arc<str>, ApiError> {
    if model::name::is_valid_name(&name) { Ok(name) } else { Err(ApiError::InvalidName(name.to_string())) }
}
