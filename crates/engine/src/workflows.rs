//! Nested workflows: what Tasks ask of the engine that runs them, and waiting for the end of an execution.
//!
//! Nothing here runs inside a shard. A parent and its child may belong to the same one.

use crate::error::{EngineError, StartError};
use crate::facade::Engine;
use crate::machines::StateMachine;
use crate::records::ExecutionRecord;
use crate::start::StartExecution;
use model::arn::StatesArn;
use model::redrive::NotRedrivable;
use model::{ExecutionArn, Failure, StartedThrough, StateMachineStatus, StateMachineType};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tasks::{EndedWorkflow, StartedWorkflow, WorkflowError, WorkflowFuture, WorkflowStart, Workflows};
use tokio::sync::watch;

/// The engine as its Tasks see it.
pub(crate) struct NestedWorkflows {
    engine: Engine,
}

impl NestedWorkflows {
    pub(crate) fn new(engine: Engine) -> NestedWorkflows {
        NestedWorkflows { engine }
    }

    /// What an ARN starts: that of a machine, of a version or of an alias.
    fn to_start(&self, arn: &str) -> Result<(Arc<StateMachine>, StartedThrough), WorkflowError> {
        StatesArn::parse_as(arn, &["stateMachine"])
            .map_err(|error| refused("InvalidArn", format!("Invalid Arn: '{error}'")))?;
        let Some((machine, through)) = self.engine.machines().to_start(arn).map_err(unanswered)? else {
            let message = format!("State Machine Does Not Exist: '{arn}'");
            return Err(refused("StateMachineDoesNotExist", message));
        };
        if machine.status == StateMachineStatus::Deleting {
            let message = format!("State Machine is being deleted: '{arn}'");
            return Err(refused("StateMachineDeleting", message));
        }
        // An Express execution leaves no record that a restarted parent could find, so workflows start none.
        if machine.machine_type == StateMachineType::Express {
            let message = "This operation is not supported by this type of state machine".to_owned();
            return Err(refused("StateMachineTypeNotSupported", message));
        }
        Ok((machine, through))
    }
}

impl Workflows for NestedWorkflows {
    fn start(&self, request: WorkflowStart) -> WorkflowFuture<'_, Result<StartedWorkflow, WorkflowError>> {
        Box::pin(async move {
            let WorkflowStart { state_machine_arn, name, input, trace_header } = request;
            if let Some(name) = name.as_deref().filter(|name| !model::name::is_valid_name(name)) {
                return Err(refused("InvalidName", format!("Invalid Name: '{name}'")));
            }
            // As Step Functions Local has it, `…:stateMachine:NAME#CASE` starts the child with a test case of its own.
            let (arn, test_case) = match state_machine_arn.split_once('#') {
                Some((arn, test_case)) => (arn, Some(test_case.to_owned())),
                None => (state_machine_arn.as_str(), None),
            };
            let (machine, through) = self.to_start(arn)?;
            let start = StartExecution { machine, through, name, input, trace_header, test_case };
            match self.engine.start_execution(start).await {
                Ok(started) => {
                    Ok(StartedWorkflow { execution_arn: started.arn.0, started_at: started.started_at })
                }
                Err(error @ StartError::AlreadyExists(_)) => {
                    Err(refused("ExecutionAlreadyExists", error.to_string()))
                }
                Err(error @ StartError::MachineDeleted(_)) => {
                    Err(refused("StateMachineDoesNotExist", error.to_string()))
                }
                Err(error @ StartError::Throttled) => Err(refused("ThrottlingException", error.to_string())),
                Err(error @ StartError::TestCase(_)) => Err(refused("InvalidName", error.to_string())),
                Err(StartError::Engine(error @ EngineError::Quota(_))) => {
                    Err(refused("ExecutionLimitExceeded", error.to_string()))
                }
                Err(StartError::Engine(error)) => Err(unanswered(error)),
            }
        })
    }

    fn ended<'a>(
        &'a self,
        execution_arn: &'a str,
    ) -> WorkflowFuture<'a, Result<EndedWorkflow, WorkflowError>> {
        Box::pin(async move {
            match self.engine.ended(&ExecutionArn(execution_arn.into())).await.map_err(unanswered)? {
                Some(record) => {
                    let redrivability = self.engine.redrivability(&record).map_err(unanswered)?;
                    Ok(ended(record, redrivability.err()))
                }
                None => {
                    let message = format!("Execution Does Not Exist: '{execution_arn}'");
                    Err(refused("ExecutionDoesNotExist", message))
                }
            }
        })
    }

    fn stop<'a>(&'a self, execution_arn: &'a str) -> WorkflowFuture<'a, Result<(), WorkflowError>> {
        Box::pin(async move {
            let arn = ExecutionArn(execution_arn.into());
            self.engine.stop_execution(&arn, Failure::default()).await.map_err(unanswered)?;
            Ok(())
        })
    }
}

fn refused(code: &'static str, message: String) -> WorkflowError {
    WorkflowError::Refused { code, message }
}

fn unanswered(error: EngineError) -> WorkflowError {
    WorkflowError::Unanswered { reason: error.to_string() }
}

fn ended(record: ExecutionRecord, not_redrivable: Option<NotRedrivable>) -> EndedWorkflow {
    EndedWorkflow {
        execution_arn: record.arn.0,
        state_machine_arn: record.state_machine_arn.0,
        name: record.name,
        status: record.status,
        started_at: record.started_at,
        stopped_at: record.stopped_at,
        input: record.input,
        output: record.output,
        failure: record.failure,
        trace_header: record.trace_header,
        redrive_count: record.redrive_count,
        redriven_at: record.redriven_at,
        not_redrivable: not_redrivable.map(|reason| reason.to_string()),
        through: record.through,
    }
}

/// Who waits for the end of which execution.
#[derive(Clone, Default)]
pub(crate) struct Closings {
    waiting: Arc<Mutex<HashMap<ExecutionArn, watch::Sender<()>>>>,
}

/// A place among those who wait for the end of an execution; given back when it is dropped.
pub(crate) struct Waiting<'a> {
    closings: &'a Closings,
    arn: &'a ExecutionArn,
    closed: watch::Receiver<()>,
}

impl Closings {
    /// Takes a place. What ended before is not announced again: look after this, then wait.
    pub(crate) fn wait_for<'a>(&'a self, arn: &'a ExecutionArn) -> Waiting<'a> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let closed = waiting.entry(arn.clone()).or_insert_with(|| watch::Sender::new(())).subscribe();
        Waiting { closings: self, arn, closed }
    }

    /// Wakes everybody who waits for the end of the execution, which is durable.
    pub(crate) fn announce(&self, arn: &ExecutionArn) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(arn);
    }
}

impl Closings {
    /// Wakes everybody: what ended may not have been announced, for the store failed meanwhile.
    pub(crate) fn announce_all(&self) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl Waiting<'_> {
    /// Waits for the announcement. It may wake early: look again.
    pub(crate) async fn announced(&mut self) {
        // Nothing is ever sent: the announcement drops the sender.
        let _ = self.closed.changed().await;
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut waiting = self.closings.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.get(self.arn).is_some_and(|sender| sender.receiver_count() <= 1) {
            waiting.remove(self.arn);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_announcement_wakes_everybody_and_nobody_is_kept() {
        let (closings, arn) = (Closings::default(), ExecutionArn("e".into()));
        let mut first = closings.wait_for(&arn);
        let mut second = closings.wait_for(&arn);
        closings.announce(&arn);
        first.announced().await;
        second.announced().await;
        drop((first, second));
        assert!(closings.waiting.lock().unwrap().is_empty());
    }

    #[test]
    fn a_place_that_is_given_back_leaves_nothing_behind() {
        let (closings, arn) = (Closings::default(), ExecutionArn("e".into()));
        let (first, second) = (closings.wait_for(&arn), closings.wait_for(&arn));
        drop(first);
        assert_eq!(closings.waiting.lock().unwrap().len(), 1);
        drop(second);
        assert!(closings.waiting.lock().unwrap().is_empty());
    }
}
