//! Whether an execution can be redriven.

use crate::limits;
use crate::{EventId, ExecutionStatus, Timestamp};

/// Why an execution cannot be redriven; its text is the `redriveStatusReason` of DescribeExecution.
// AWS: documented. The reason about executions older than redriving itself cannot come up here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotRedrivable {
    /// It runs, or has succeeded.
    #[error("Execution is {0} and cannot be redriven")]
    Status(ExecutionStatus),
    /// Its state machine is deleted, or is being deleted.
    #[error("State machine is in DELETING status")]
    Deleting,
    /// It is a child of a Map Run, and is redriven with that.
    // AWS: documented that it is refused, the text is unconfirmed.
    #[error("Execution is a child of a Map Run and can only be redriven with it")]
    ByMapRun,
    /// It has no room left in its history.
    #[error("Execution history event limit exceeded")]
    HistoryLimit,
    /// It started as long ago as an execution may stay open.
    #[error("Execution has exceeded the max execution time")]
    MaxTime,
    /// It ended too long ago.
    #[error("Execution redrivable period exceeded")]
    Period,
}

/// What decides whether an execution can be redriven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Redrivability {
    /// How it stands.
    pub status: ExecutionStatus,
    /// Whether its state machine is still there.
    pub has_machine: bool,
    /// When it started.
    pub started_at: Timestamp,
    /// When it ended.
    pub stopped_at: Option<Timestamp>,
    /// Its latest event.
    pub last_event: EventId,
}

impl Redrivability {
    /// Whether the execution can be redriven now.
    pub fn check(&self, now: Timestamp) -> Result<(), NotRedrivable> {
        match self.status {
            ExecutionStatus::Failed | ExecutionStatus::TimedOut | ExecutionStatus::Aborted => {}
            ExecutionStatus::Running | ExecutionStatus::Succeeded | ExecutionStatus::PendingRedrive => {
                return Err(NotRedrivable::Status(self.status));
            }
        }
        let is_over = |since: Timestamp, seconds: u64| since.plus_seconds(seconds) <= now;
        if !self.has_machine {
            Err(NotRedrivable::Deleting)
        } else if self.last_event.0 >= limits::REDRIVABLE_HISTORY_EVENTS {
            Err(NotRedrivable::HistoryLimit)
        } else if is_over(self.started_at, limits::EXECUTION_SECONDS) {
            Err(NotRedrivable::MaxTime)
        } else if self.stopped_at.is_some_and(|stopped| is_over(stopped, limits::REDRIVABLE_SECONDS)) {
            Err(NotRedrivable::Period)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(2_000_000_000_000);
    const DAY: i64 = 86_400_000;

    fn failed() -> Redrivability {
        Redrivability {
            status: ExecutionStatus::Failed,
            has_machine: true,
            started_at: Timestamp(NOW.0 - 20 * DAY),
            stopped_at: Some(Timestamp(NOW.0 - 13 * DAY)),
            last_event: EventId(24_998),
        }
    }

    fn reason(one: Redrivability) -> Option<String> {
        one.check(NOW).err().map(|reason| reason.to_string())
    }

    #[test]
    fn what_ended_without_success_can_be_redriven() {
        for status in [ExecutionStatus::Failed, ExecutionStatus::TimedOut, ExecutionStatus::Aborted] {
            assert_eq!(reason(Redrivability { status, ..failed() }), None);
        }
    }

    #[test]
    fn every_reason_has_the_text_of_the_api() {
        let cases = [
            (
                Redrivability { status: ExecutionStatus::Running, stopped_at: None, ..failed() },
                "Execution is RUNNING and cannot be redriven",
            ),
            (
                Redrivability { status: ExecutionStatus::Succeeded, ..failed() },
                "Execution is SUCCEEDED and cannot be redriven",
            ),
            (Redrivability { has_machine: false, ..failed() }, "State machine is in DELETING status"),
            (
                Redrivability { last_event: EventId(24_999), ..failed() },
                "Execution history event limit exceeded",
            ),
            (
                Redrivability { started_at: Timestamp(NOW.0 - 365 * DAY), ..failed() },
                "Execution has exceeded the max execution time",
            ),
            (
                Redrivability { stopped_at: Some(Timestamp(NOW.0 - 14 * DAY)), ..failed() },
                "Execution redrivable period exceeded",
            ),
        ];
        for (execution, expected) in cases {
            assert_eq!(reason(execution).as_deref(), Some(expected));
        }
    }
}
