//! AWS's limits. Source: the service quotas and the service model.

/// Characters of a definition.
pub const DEFINITION_LENGTH: usize = 1_048_576;
/// Bytes of UTF-8 of the input, output or result of a state, task or execution.
pub const PAYLOAD_SIZE: usize = 262_144;
/// Events in the history of a Standard execution.
pub const HISTORY_EVENTS: u64 = 25_000;
/// Events of a Standard execution from which on it cannot be redriven any more.
pub const REDRIVABLE_HISTORY_EVENTS: u64 = 24_999;
/// Seconds after its end in which an execution can be redriven: 14 days.
pub const REDRIVABLE_SECONDS: u64 = 14 * 86_400;
/// Days for which an execution is kept after it ended; then its name can be used again.
pub const RETENTION_DAYS: u64 = 90;
/// Characters of the name of a machine, an execution, an activity or a state.
pub const NAME_LENGTH: usize = 80;
/// Characters of an ARN in most operations.
pub const ARN_LENGTH: usize = 256;
/// Characters of the ARN of a Map Run, and of a version that is to be deleted.
pub const LONG_ARN_LENGTH: usize = 2_000;
/// Characters of an error name.
pub const ERROR_LENGTH: usize = 256;
/// Characters of a cause.
pub const CAUSE_LENGTH: usize = 32_768;
/// Characters of a task token.
pub const TASK_TOKEN_LENGTH: usize = 2_048;
/// Characters of a page token.
pub const PAGE_TOKEN_LENGTH: usize = 1_024;
/// Characters of a page token of ListExecutions.
pub const LIST_EXECUTIONS_PAGE_TOKEN_LENGTH: usize = 3_096;
/// Items of a page at the most.
pub const PAGE_SIZE: u64 = 1_000;
/// Items of a page where the request does not say.
pub const DEFAULT_PAGE_SIZE: u64 = 100;
/// Versions of a state machine.
pub const VERSIONS: usize = 1_000;
/// Aliases of a state machine.
pub const ALIASES: usize = 100;
/// Bytes of a request, headers included.
pub const REQUEST_SIZE: usize = 1_048_576;
/// Seconds that a Standard execution may stay open: one year.
pub const EXECUTION_SECONDS: u64 = 31_536_000;
/// Seconds that an Express execution may run: five minutes.
pub const EXPRESS_SECONDS: u64 = 300;
/// The greatest number of seconds a definition may name, and the default of a Task's TimeoutSeconds.
pub const SECONDS: u64 = 99_999_999;
/// Iterations of an inline Map that run at once where MaxConcurrency does not say less.
pub const INLINE_MAP_CONCURRENCY: u64 = 40;
/// Child executions of a Map Run that run at once at the most.
pub const MAP_RUN_CONCURRENCY: u64 = 10_000;
/// Bytes of an item that an ItemReader reads.
pub const MAP_ITEM_BYTES: usize = 8 * 1024 * 1024;
/// Times a Map Run can be redriven.
pub const MAP_RUN_REDRIVES: u64 = 1_000;
/// Items of a Map Run at the most.
pub const MAP_RUN_ITEMS: u64 = 100_000_000;
/// Seconds a Wait may last: the reach of a 32-bit count.
pub const WAIT_SECONDS: u64 = 2_147_483_647;
