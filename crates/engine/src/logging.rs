//! What the log of executions is given: the events that a machine's level lets through, once they are durable.

use crate::config::EngineConfig;
use crate::machines::StateMachine;
use logs::LogEntry;
use machine::{Execution, Fact};
use model::{ExecutionArn, HistoryEvent, LoggingConfiguration};
use std::sync::Arc;

/// How an execution logs: as its machine was configured when it started.
#[derive(Clone, Debug)]
pub(crate) struct ExecutionLogging {
    logging: Arc<LoggingConfiguration>,
    machine_name: Arc<str>,
}

impl ExecutionLogging {
    /// How executions of the machine log; `None` where they do not, or nobody listens.
    pub(crate) fn of(machine: &StateMachine, config: &EngineConfig) -> Option<ExecutionLogging> {
        let configuration = machine.logging_configuration.as_ref().filter(|_| config.log.is_listening())?;
        let logging = LoggingConfiguration::read(configuration)?;
        Some(ExecutionLogging { logging: Arc::new(logging), machine_name: machine.name.clone() })
    }

    /// What the level lets through of the execution's latest facts; `None` where that is nothing.
    pub(crate) fn entry(
        &self,
        arn: &ExecutionArn,
        execution: &Execution,
        facts: &[Fact],
    ) -> Option<LogEntry> {
        let level = self.logging.level;
        let events: Vec<HistoryEvent> = facts
            .iter()
            .filter_map(Fact::event)
            .filter(|event| level.logs(&event.details))
            .cloned()
            .collect();
        (!events.is_empty()).then(|| LogEntry {
            logging: self.logging.clone(),
            machine_name: self.machine_name.clone(),
            execution_arn: arn.0.clone(),
            redrive_count: execution.redrive_count,
            events,
        })
    }
}
