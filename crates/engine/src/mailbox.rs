//! What a shard is asked.

use crate::activities::{ActivityTask, QueuedTask};
use crate::error::{EngineError, StartError, TokenError};
use crate::machines::StateMachine;
use crate::map_runs::ChildOf;
use crate::redrive::RedriveMessage;
use crate::retention::RemoveMessage;
use crate::start::Started;
use json::Payload;
use machine::{ScopeId, TaskAnswer};
use model::{EventId, ExecutionArn, Failure, StartedThrough, Timestamp};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// A message to the shard that owns an execution.
pub(crate) enum Message {
    /// Begin an execution.
    Start(Box<StartMessage>),
    /// A task's call came back.
    Answered { arn: ExecutionArn, scope: ScopeId, task: EventId, answer: TaskAnswer },
    /// The job that a task's call started has ended.
    JobEnded { arn: ExecutionArn, scope: ScopeId, task: EventId, answer: TaskAnswer },
    /// Somebody sent a token.
    Token {
        arn: ExecutionArn,
        token: Arc<str>,
        action: TokenAction,
        reply: oneshot::Sender<Result<(), TokenError>>,
    },
    /// A worker asks for a queued task of an activity; nothing comes back if the task is gone. Where a mock stands for the
    /// worker, nobody waits for the answer.
    Take { task: QueuedTask, worker_name: Option<Arc<str>>, reply: Option<TakeReply> },
    /// A Map Run of an execution came to its end.
    MapRunEnded { arn: ExecutionArn, scope: ScopeId, run: EventId, answer: TaskAnswer },
    /// Stop an execution.
    Stop {
        arn: ExecutionArn,
        failure: Failure,
        reply: oneshot::Sender<Result<Option<Timestamp>, EngineError>>,
    },
    /// Let an execution that ended without success go on.
    Redrive(RedriveMessage),
    /// Say when everything that came before is durable.
    Barrier(oneshot::Sender<Result<(), EngineError>>),
    /// Take up an execution that was open when the process began, or the store failed.
    Recover { arn: ExecutionArn },
    /// Remove executions that ended long ago.
    Remove(RemoveMessage),
    /// Timers that came within reach.
    Timers(Vec<(Timestamp, ExecutionArn)>),
    /// Let go of everything that is in memory: the store failed. Answered when that is done.
    StoreFailed(oneshot::Sender<()>),
    /// The store was opened again.
    StoreReopened,
    /// Call nothing more; then, when asked to end, end.
    Shutdown { is_final: bool, reply: oneshot::Sender<usize> },
}

/// Where the task that a worker took goes.
pub(crate) type TakeReply = oneshot::Sender<Result<Option<ActivityTask>, EngineError>>;

/// What is to be started.
pub(crate) struct StartMessage {
    pub(crate) arn: ExecutionArn,
    pub(crate) machine: Arc<StateMachine>,
    pub(crate) through: StartedThrough,
    pub(crate) input: Payload,
    pub(crate) trace_header: Option<Arc<str>>,
    pub(crate) test_case: Option<Arc<str>>,
    /// The Map Run that it is a child of.
    pub(crate) child: Option<ChildOf>,
    pub(crate) reply: oneshot::Sender<Result<Started, StartError>>,
}

/// What a token was sent with.
pub(crate) enum TokenAction {
    Answer(TaskAnswer),
    Heartbeat,
}

/// The ways into the shards.
#[derive(Clone)]
pub(crate) struct Mailboxes {
    senders: Arc<Vec<mpsc::Sender<Message>>>,
}

impl Mailboxes {
    /// Mailboxes of bounded size, with the ends that their shards drain.
    pub(crate) fn new(shards: usize, capacity: usize) -> (Mailboxes, Vec<mpsc::Receiver<Message>>) {
        let (senders, receivers) = (0..shards.max(1)).map(|_| mpsc::channel(capacity.max(1))).unzip();
        (Mailboxes { senders: Arc::new(senders) }, receivers)
    }

    /// Sends to the owner of the execution; waits while its mailbox is full.
    pub(crate) async fn send(&self, arn: &ExecutionArn, message: Message) -> Result<(), EngineError> {
        let sender = self.senders.get(self.shard_of(arn)).ok_or(EngineError::Stopped)?;
        sender.send(message).await.map_err(|_| EngineError::Stopped)
    }

    /// Waits until what the shards were sent before is durable.
    pub(crate) async fn settle(&self) -> Result<(), EngineError> {
        for sender in self.senders.iter() {
            let (reply, answer) = oneshot::channel();
            sender.send(Message::Barrier(reply)).await.map_err(|_| EngineError::Stopped)?;
            answer.await.map_err(|_| EngineError::Stopped)??;
        }
        Ok(())
    }

    /// Whether the shards have ended.
    pub(crate) fn are_closed(&self) -> bool {
        self.senders.iter().any(mpsc::Sender::is_closed)
    }

    /// Which shard owns the execution.
    pub(crate) fn shard_of(&self, arn: &ExecutionArn) -> usize {
        let mut hasher = DefaultHasher::new();
        arn.hash(&mut hasher);
        usize::try_from(hasher.finish() % self.senders.len() as u64).unwrap_or(0)
    }

    /// Every mailbox.
    pub(crate) fn all(&self) -> &[mpsc::Sender<Message>] {
        &self.senders
    }
}
