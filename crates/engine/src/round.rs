//! A round: what a shard decides at once, and what is owed for it once it is durable.

use crate::duties::Duty;
use crate::error::EngineError;
use crate::mailbox::Message;
use crate::workers::HandingOver;
use logs::LogEntry;
use model::{ExecutionArn, MapRunArn};
use store::Batch;

/// Answers a caller once the round is durable, or could not be made so.
type Reply = Box<dyn FnOnce(Result<(), EngineError>) + Send>;

/// One round: what it writes, whom it answers, which executions it touched.
#[derive(Default)]
pub(crate) struct Round {
    pub(crate) batch: Batch,
    pub(crate) replies: Vec<Reply>,
    /// Tasks of activities for the workers that asked for them.
    pub(crate) handed_over: Vec<HandingOver>,
    pub(crate) touched: Vec<ExecutionArn>,
    /// What it owes, to be done once it is durable.
    pub(crate) duties: Vec<Duty>,
    /// What is logged once the round is durable.
    pub(crate) logged: Vec<LogEntry>,
    /// Map Runs that no execution waits for any more.
    pub(crate) given_up: Vec<MapRunArn>,
    /// What calls came back with. It must not be lost, for they are not made again.
    pub(crate) answered: Vec<Message>,
    /// Whether no other round may be under way with it.
    pub(crate) stands_alone: bool,
    pub(crate) ends: bool,
}

impl Round {
    /// Answers a caller once the round is durable, or could not be made so.
    pub(crate) fn answer(&mut self, reply: impl FnOnce(Result<(), EngineError>) + Send + 'static) {
        self.replies.push(Box::new(reply));
    }

    /// Looks at the execution once the round is durable.
    pub(crate) fn touch(&mut self, arn: &ExecutionArn) {
        self.touched.push(arn.clone());
    }
}
