//! What is to be logged.

use json::Value;
use model::{HistoryEvent, LoggingConfiguration};
use std::sync::Arc;

/// What an engine hands events to once they are durable.
pub trait ExecutionLog: Send + Sync + 'static {
    /// Whether anybody takes what is logged. It does not change.
    fn is_listening(&self) -> bool;

    /// Takes events of an execution. Never waits and never fails.
    fn log(&self, entry: LogEntry);
}

/// Events of one execution that its machine's level lets through, in their order.
#[derive(Clone, Debug)]
pub struct LogEntry {
    /// How the machine logs.
    pub logging: Arc<LoggingConfiguration>,
    /// The machine's name.
    pub machine_name: Arc<str>,
    /// The execution.
    pub execution_arn: Arc<str>,
    /// How often it was redriven.
    pub redrive_count: u64,
    /// The events; at least one.
    pub events: Vec<HistoryEvent>,
}

/// A log that nobody reads.
#[derive(Clone, Copy, Debug)]
pub struct NoLog;

impl ExecutionLog for NoLog {
    fn is_listening(&self) -> bool {
        false
    }

    fn log(&self, _: LogEntry) {}
}

impl LogEntry {
    /// Each event's moment in milliseconds since 1970, with its record as one line of JSON.
    pub(crate) fn records(&self) -> impl Iterator<Item = (i64, String)> {
        self.events.iter().map(|event| (event.timestamp.0, Value::to_text(&self.record(event))))
    }

    fn record(&self, event: &HistoryEvent) -> Value {
        event.to_log_record(&self.execution_arn, self.redrive_count, self.logging.include_execution_data)
    }

    /// Bytes of memory that it takes, roughly.
    pub(crate) fn size(&self) -> usize {
        self.events.iter().map(HistoryEvent::memory_size).sum()
    }
}
