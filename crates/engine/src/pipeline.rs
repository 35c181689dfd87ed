//! The rounds of a shard that are on their way to the disk.
//!
//! A shard decides the next round while the commits of those before are under way, so that what comes in waits for one
//! commit and not for two. Commits end in the order in which they were given, and a round has its effects after its own.
//! What keeps an execution from being ahead of what its effects are read from: one that a round under way has touched is
//! given nothing more until that round is durable. What comes for it meanwhile waits here.
//!
//! A few messages are about the shard as a whole, or about what no execution in memory stands for. Nothing is under way
//! before or beside their round.

use crate::error::EngineError;
use crate::mailbox::Message;
use crate::round::Round;
use crate::shard::Shard;
use model::ExecutionArn;
use std::collections::{HashMap, VecDeque};
use store::Durable;

/// Rounds of a shard that are under way at the most.
const ROUNDS: usize = 64;

#[derive(Default)]
pub(crate) struct Pipeline {
    /// The oldest first.
    rounds: VecDeque<UnderWay>,
    /// What came for executions that a round under way has touched.
    waiting: HashMap<ExecutionArn, Vec<Message>>,
    /// What need not wait any more, in the order in which it came.
    ready: Vec<Message>,
    /// A message that is about the shard as a whole, and what came after it.
    behind: Vec<Message>,
    /// How many messages wait, here and there.
    held: usize,
}

struct UnderWay {
    durable: Durable,
    round: Round,
    /// Executions that it has touched.
    touched: usize,
    stands_alone: bool,
}

impl Pipeline {
    /// Whether nothing is on its way.
    pub(crate) fn is_empty(&self) -> bool {
        self.rounds.is_empty()
    }

    /// Executions that must stay in memory.
    pub(crate) fn touched(&self) -> usize {
        self.rounds.iter().map(|round| round.touched).sum()
    }

    /// Messages that wait.
    pub(crate) fn held(&self) -> usize {
        self.held
    }

    /// Whether a round may be decided that takes so many messages at the most.
    pub(crate) fn has_room(&self) -> bool {
        self.rounds.len() < ROUNDS && !self.rounds.back().is_some_and(|last| last.stands_alone)
    }

    /// Whether messages are to be taken from the mailbox, and timers to go off.
    pub(crate) fn is_open(&self, most: usize) -> bool {
        self.has_room() && self.behind.is_empty() && self.held < most
    }

    /// Whether there are messages that a round may take now.
    pub(crate) fn has_ready(&self) -> bool {
        self.has_room() && (!self.ready.is_empty() || !self.behind.is_empty() && self.rounds.is_empty())
    }

    /// Whether timers that are due may go off: not while messages that came before wait for all rounds.
    pub(crate) fn lets_timers_go_off(&self) -> bool {
        self.behind.is_empty()
    }

    /// Lets a message wait for the rounds that have touched its execution.
    pub(crate) fn wait(&mut self, arn: ExecutionArn, message: Message) {
        self.waiting.entry(arn).or_default().push(message);
        self.held += 1;
    }

    /// Puts the messages that a round may take now before those that came last.
    pub(crate) fn add_ready(&mut self, messages: &mut Vec<Message>) {
        let mut ready = std::mem::take(&mut self.ready);
        if self.rounds.is_empty() {
            ready.append(&mut self.behind);
        }
        self.held -= ready.len();
        ready.append(messages);
        *messages = ready;
    }

    /// When the oldest round is durable, or failed to become so.
    pub(crate) async fn oldest(&mut self) -> Result<(), EngineError> {
        match self.rounds.front_mut() {
            Some(oldest) => Ok((&mut oldest.durable).await?),
            None => std::future::pending().await,
        }
    }
}

impl Shard {
    /// Gives the message back, unless it has to wait for rounds that are under way.
    pub(crate) fn let_in(&mut self, message: Message, round: &mut Round) -> Option<Message> {
        let pipeline = &self.pipeline;
        let is_alone = message.stands_alone();
        if !pipeline.behind.is_empty()
            || is_alone && !(pipeline.rounds.is_empty() && pipeline.ready.is_empty())
        {
            self.pipeline.behind.push(message);
            self.pipeline.held += 1;
            return None;
        }
        round.stands_alone |= is_alone;
        match message.execution().filter(|arn| self.is_under_way(arn)).cloned() {
            Some(arn) => {
                self.pipeline.wait(arn, message);
                None
            }
            None => Some(message),
        }
    }

    /// Whether a round that is under way has touched the execution.
    pub(crate) fn is_under_way(&self, arn: &ExecutionArn) -> bool {
        !self.pipeline.is_empty() && self.live.get(arn).is_some_and(|live| live.is_under_way)
    }

    /// Sends a round on its way.
    pub(crate) fn send_off(&mut self, durable: Durable, round: Round) {
        let mut touched = 0;
        for arn in &round.touched {
            if let Some(live) = self.live.get_mut(arn).filter(|live| !live.is_under_way) {
                live.is_under_way = true;
                touched += 1;
            }
        }
        let stands_alone = round.stands_alone || round.ends;
        self.pipeline.rounds.push_back(UnderWay { durable, round, touched, stands_alone });
    }

    /// Takes the oldest round off, with everything that waited for it.
    pub(crate) fn take_off(&mut self) -> Option<Round> {
        let UnderWay { round, .. } = self.pipeline.rounds.pop_front()?;
        for arn in &round.touched {
            if let Some(live) = self.live.get_mut(arn) {
                live.is_under_way = false;
            }
            if !self.pipeline.waiting.is_empty()
                && let Some(mut waited) = self.pipeline.waiting.remove(arn)
            {
                self.pipeline.ready.append(&mut waited);
            }
        }
        Some(round)
    }

    /// Sees the rounds through that are under way. What they fail with is the failure that is known already. `false` if the
    /// shard is to end.
    pub(crate) async fn see_through(&mut self) -> bool {
        let mut goes_on = true;
        while !self.pipeline.is_empty() {
            let outcome = self.pipeline.oldest().await;
            let Some(round) = self.take_off() else { break };
            goes_on &= !matches!(self.finish(round, outcome), Ok(false));
        }
        goes_on
    }

    /// Everything that waits, in the order in which it came for each execution. Nothing waits afterwards.
    pub(crate) fn take_waiting(&mut self) -> Vec<Message> {
        let pipeline = &mut self.pipeline;
        let mut waiting = std::mem::take(&mut pipeline.ready);
        waiting.extend(pipeline.waiting.drain().flat_map(|(_, messages)| messages));
        waiting.append(&mut pipeline.behind);
        pipeline.held = 0;
        waiting
    }
}

impl Message {
    /// The execution that it is for.
    fn execution(&self) -> Option<&ExecutionArn> {
        match self {
            Message::Start(start) => Some(&start.arn),
            Message::Answered { arn, .. }
            | Message::JobEnded { arn, .. }
            | Message::Token { arn, .. }
            | Message::MapRunEnded { arn, .. }
            | Message::Stop { arn, .. }
            | Message::Recover { arn } => Some(arn),
            Message::Take { task, .. } => Some(&task.execution),
            Message::Redrive(redrive) => Some(&redrive.arn),
            // Of many executions. A timer of one under way waits once it goes off.
            Message::Timers(_) => None,
            Message::Barrier(_)
            | Message::Remove(_)
            | Message::StoreFailed(_)
            | Message::StoreReopened
            | Message::Shutdown { .. } => None,
        }
    }

    /// Whether no round may be under way before or beside its own.
    fn stands_alone(&self) -> bool {
        matches!(
            self,
            Message::Barrier(_)
                | Message::Remove(_)
                | Message::StoreFailed(_)
                | Message::StoreReopened
                | Message::Shutdown { .. }
        )
    }
}
