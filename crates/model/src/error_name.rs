//! The predefined error names of the Amazon States Language.

/// Matches every error that can be matched.
pub const ALL: &str = "States.ALL";
/// A task failed; as a matcher, every error but a time-out.
pub const TASK_FAILED: &str = "States.TaskFailed";
/// A task or the execution ran out of time.
pub const TIMEOUT: &str = "States.Timeout";
/// Matches a missed heartbeat, which history records as [`TIMEOUT`].
pub const HEARTBEAT_TIMEOUT: &str = "States.HeartbeatTimeout";
/// The interpreter could not go on; neither Retry nor Catch sees it.
pub const RUNTIME: &str = "States.Runtime";
/// A role may not do what a task needs.
pub const PERMISSIONS: &str = "States.Permissions";
/// A payload is over the limit.
pub const DATA_LIMIT_EXCEEDED: &str = "States.DataLimitExceeded";
/// A path could not be applied to its input.
pub const REFERENCE_PATH_CONFLICT: &str = "States.ReferencePathConflict";
/// A JSONata expression failed.
pub const QUERY_EVALUATION_ERROR: &str = "States.QueryEvaluationError";
/// A Map's failures went over what it tolerates.
pub const EXCEED_TOLERATED_FAILURE_THRESHOLD: &str = "States.ExceedToleratedFailureThreshold";
/// The items of a distributed Map could not be read.
pub const ITEM_READER_FAILED: &str = "States.ItemReaderFailed";
/// The results of a distributed Map could not be written.
pub const RESULT_WRITER_FAILED: &str = "States.ResultWriterFailed";
