//! Duties: what is still to be done although nobody waits for it any more. One is owed in the same batch as the facts that
//! give rise to it, and stands in the store until it is done, so that the next process does what this one did not come to.

use crate::error::EngineError;
use crate::keys;
use crate::mailbox::Message;
use crate::records::{self, Listed, Opening};
use crate::shared::Shared;
use model::history::StoredPayload;
use model::{EventId, ExecutionArn, ExecutionStatus, Failure, StateMachineArn, TaskResource};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::{Batch, Direction, KeyRange, Table, Walk};
use tasks::{Caller, TaskCall};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

/// Duties of an earlier process that are done at once.
const AT_ONCE: usize = 16;

/// Something that is owed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Duty {
    /// The executions of a machine that was deleted are to stop, up to those of its last revision. A machine that is made
    /// anew under the name goes on with higher numbers.
    StopExecutions { machine: StateMachineArn, last_revision: u64 },
    /// As the next, from before the roles were kept.
    CancelJob {
        execution: ExecutionArn,
        task: EventId,
        resource: Arc<str>,
        parameters: StoredPayload,
        submitted: StoredPayload,
    },
    /// A job is to be cancelled, because the task that started it was given up.
    CancelJobAs {
        execution: ExecutionArn,
        task: EventId,
        resource: Arc<str>,
        parameters: StoredPayload,
        submitted: StoredPayload,
        execution_role: Arc<str>,
        credentials_role: Option<Arc<str>>,
    },
}

impl Duty {
    /// Puts the duty into a batch.
    pub(crate) fn owe(&self, batch: &mut Batch) {
        batch.put(Table::Duties, self.key(), records::seal(self));
    }

    fn key(&self) -> Vec<u8> {
        match self {
            Duty::StopExecutions { machine, last_revision } => keys::duty(1, &machine.0, *last_revision),
            Duty::CancelJob { execution, task, .. } | Duty::CancelJobAs { execution, task, .. } => {
                keys::duty(2, &execution.0, task.0)
            }
        }
    }
}

impl Shared {
    /// Does, beside everything else, what is owed durably.
    pub(crate) fn fulfil(&self, duty: Duty) {
        let shared = self.clone();
        tokio::spawn(async move { shared.fulfilled(duty).await });
    }

    /// Does what an earlier process owed, beside everything else.
    pub(crate) fn take_up_duties(&self) {
        let shared = self.clone();
        tokio::spawn(async move {
            if let Err(error) = shared.fulfil_all().await {
                tracing::error!(%error, "what an earlier process left to be done could not be read");
            }
        });
    }

    async fn fulfil_all(&self) -> Result<(), EngineError> {
        let mut under_way = JoinSet::new();
        for record in Walk::new(&*self.store, Table::Duties, KeyRange::all(), Direction::Forward) {
            let (key, bytes) = record?;
            let duty: Duty = records::open(Table::Duties, &key, &bytes)?;
            while under_way.len() >= AT_ONCE {
                under_way.join_next().await;
            }
            let shared = self.clone();
            under_way.spawn(async move { shared.fulfilled(duty).await });
        }
        while under_way.join_next().await.is_some() {}
        Ok(())
    }

    async fn fulfilled(&self, duty: Duty) {
        let key = duty.key();
        let done = match duty {
            Duty::StopExecutions { machine, last_revision } => {
                self.stop_executions(&machine, last_revision).await
            }
            Duty::CancelJob { execution, resource, parameters, submitted, .. } => {
                self.cancel_job(execution, &resource, parameters, submitted, Caller::default()).await
            }
            Duty::CancelJobAs {
                execution,
                resource,
                parameters,
                submitted,
                execution_role,
                credentials_role,
                ..
            } => {
                let caller = Caller { execution_role, credentials_role };
                self.cancel_job(execution, &resource, parameters, submitted, caller).await
            }
        };
        match done {
            Ok(()) => self.forget(key).await,
            // The next process does it.
            Err(EngineError::Stopped) => {}
            // It is taken up again when the store was opened again.
            Err(error) if error.is_outage() => {}
            Err(error) => tracing::error!(%error, "something is left for the next start of the server to do"),
        }
    }

    async fn forget(&self, key: Vec<u8>) {
        let mut batch = Batch::new();
        batch.delete(Table::Duties, key);
        // The store has failed or stopped if this fails; then it is done again later, which changes nothing.
        if let Ok(committed) = self.commits.enqueue(batch).await {
            let _ = committed.await;
        }
    }

    async fn stop_executions(
        &self,
        machine: &StateMachineArn,
        last_revision: u64,
    ) -> Result<(), EngineError> {
        // What was started or redriven before the deletion is to be seen; what comes after it is refused.
        self.mailboxes.settle().await?;
        let range = keys::executions_of(machine);
        for record in Walk::new(&*self.store, Table::ExecutionsByMachine, range, Direction::Forward) {
            let (key, bytes) = record?;
            let listed: Listed = records::open(Table::ExecutionsByMachine, &key, &bytes)?;
            if listed.status != ExecutionStatus::Running {
                continue;
            }
            if let Some(arn) = keys::read_by_machine(&key)
                && self.revision_of(&arn)?.is_some_and(|revision| revision <= last_revision)
            {
                let (reply, answer) = oneshot::channel();
                let message = Message::Stop { arn: arn.clone(), failure: Failure::default(), reply };
                self.mailboxes.send(&arn, message).await?;
                answer.await.map_err(|_| EngineError::Stopped)??;
            }
        }
        Ok(())
    }

    fn revision_of(&self, arn: &ExecutionArn) -> Result<Option<u64>, EngineError> {
        Ok(Opening::read(&*self.store, arn)?.map(|opening| opening.revision))
    }

    async fn cancel_job(
        &self,
        execution: ExecutionArn,
        resource: &str,
        parameters: StoredPayload,
        submitted: StoredPayload,
        caller: Caller,
    ) -> Result<(), EngineError> {
        let resource = TaskResource::parse(resource).map_err(|error| EngineError::Record {
            key: format!("the job of {execution}"),
            problem: format!("{error:?}"),
        })?;
        let call = TaskCall {
            resource,
            parameters: parameters.0,
            region: self.config.partition.region.clone(),
            execution_arn: execution.0,
            caller,
            mock: None,
        };
        self.tasks.cancel(call, submitted.0).await;
        // A job that could not be cancelled because the engine ended under it is left to the next one.
        if self.mailboxes.are_closed() { Err(EngineError::Stopped) } else { Ok(()) }
    }
}
