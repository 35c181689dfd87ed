//! RedriveExecution: an execution that ended without success goes on. What runs again is for the machine to say; whether it
//! may, and what a repeated request is answered, is said here.

use crate::error::EngineError;
use crate::facade::Engine;
use crate::fact_log::FactLog;
use crate::keys::{self, Part};
use crate::machines::{StateMachine, StateMachines};
use crate::mailbox::Message;
use crate::quotas::Quota;
use crate::records::{self, ExecutionRecord};
use crate::round::Round;
use crate::shard::Shard;
use machine::Stimulus;
use model::redrive::{NotRedrivable, Redrivability};
use model::{ExecutionArn, ExecutionStatus, StateMachineStatus, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::sync::Arc;
use store::{Store, Table};
use tokio::sync::oneshot;

/// Client tokens that are remembered of an execution.
// AWS: documented.
const KNOWN_TOKENS: usize = 10;
/// Seconds for which each is remembered.
// AWS: documented.
const TOKEN_SECONDS: u64 = 15 * 60;

/// Why an execution was not redriven.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RedriveError {
    /// There is none of that ARN.
    #[error("Execution Does Not Exist: '{0}'")]
    DoesNotExist(ExecutionArn),
    /// It cannot be redriven.
    #[error(transparent)]
    NotRedrivable(#[from] NotRedrivable),
    /// The engine cannot go on.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// A request, on its way to the shard that owns the execution.
pub(crate) struct RedriveMessage {
    pub(crate) arn: ExecutionArn,
    pub(crate) client_token: Option<Arc<str>>,
    /// Of a child of a Map Run: the attempt of the run that it is to be part of. A child is redriven with its run alone.
    pub(crate) attempt: Option<u64>,
    pub(crate) reply: oneshot::Sender<Result<Timestamp, RedriveError>>,
}

/// How often an execution was redriven, and who asked for it lately.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Redrives {
    pub(crate) count: u64,
    pub(crate) latest: Option<Timestamp>,
    /// The latest client tokens with the dates of their redrives, the oldest first.
    tokens: VecDeque<(Arc<str>, Timestamp)>,
}

impl Redrives {
    /// The record of an execution; the empty one where it was never redriven.
    pub(crate) fn read(store: &dyn Store, arn: &ExecutionArn) -> Result<Redrives, EngineError> {
        Ok(records::of_execution(store, arn, Part::Redrives)?.unwrap_or_default())
    }

    /// The date of the redrive that was asked for with the token, if that is remembered.
    fn answered(&self, token: &str, now: Timestamp) -> Option<Timestamp> {
        let is_same =
            |(known, at): &&(Arc<str>, Timestamp)| **known == *token && now < at.plus_seconds(TOKEN_SECONDS);
        self.tokens.iter().find(is_same).map(|(_, at)| *at)
    }

    fn add(&mut self, token: Option<Arc<str>>, count: u64, now: Timestamp) {
        self.count = count;
        self.latest = Some(now);
        self.tokens.retain(|(_, at)| now < at.plus_seconds(TOKEN_SECONDS));
        self.tokens.extend(token.map(|token| (token, now)));
        while self.tokens.len() > KNOWN_TOKENS {
            self.tokens.pop_front();
        }
    }
}

impl Engine {
    /// Redrives an execution, and gives when; once this answers the redrive survives `kill -9`. A request with a client
    /// token that was used lately is answered as it was then, and does nothing.
    pub async fn redrive_execution(
        &self,
        arn: &ExecutionArn,
        client_token: Option<Arc<str>>,
    ) -> Result<Timestamp, RedriveError> {
        let (reply, answer) = oneshot::channel();
        let message = RedriveMessage { arn: arn.clone(), client_token, attempt: None, reply };
        self.shared().mailboxes.send(arn, Message::Redrive(message)).await?;
        answer.await.map_err(|_| EngineError::Stopped)?
    }

    /// Whether an execution could be redriven now.
    pub fn redrivability(&self, record: &ExecutionRecord) -> Result<Result<(), NotRedrivable>, EngineError> {
        let status = record.status;
        if matches!(status, ExecutionStatus::Running | ExecutionStatus::Succeeded) {
            return Ok(Err(NotRedrivable::Status(status)));
        }
        let shared = self.shared();
        let redrivability = Redrivability {
            status,
            has_machine: has_machine(&shared.machines, &record.machine)?,
            started_at: record.started_at,
            stopped_at: record.stopped_at,
            last_event: FactLog::new(&*shared.store, &record.arn).last_event()?,
        };
        Ok(redrivability.check(shared.config.clock.now()))
    }
}

impl Shard {
    pub(crate) fn redrive(&mut self, message: RedriveMessage, round: &mut Round) -> Result<(), EngineError> {
        let RedriveMessage { arn, client_token, attempt, reply } = message;
        let answer = self.redriven(&arn, client_token, attempt, round)?;
        round.answer(move |outcome| {
            let _ = reply.send(outcome.map_err(RedriveError::from).and(answer));
        });
        Ok(())
    }

    fn redriven(
        &mut self,
        arn: &ExecutionArn,
        token: Option<Arc<str>>,
        attempt: Option<u64>,
        round: &mut Round,
    ) -> Result<Result<Timestamp, RedriveError>, EngineError> {
        let now = self.now();
        self.load(arn)?;
        let live = self.live.get(arn);
        let Some((live, about)) = live.and_then(|live| Some((live, live.execution.about.clone()?))) else {
            return Ok(Err(RedriveError::DoesNotExist(arn.clone())));
        };
        // Whatever comes of it, the execution leaves memory again where it has ended.
        round.touch(arn);
        if let Some(at) = token.as_deref().and_then(|token| live.redrives.answered(token, now)) {
            return Ok(Ok(at));
        }
        let redrivability = Redrivability {
            status: live.execution.status,
            has_machine: has_machine(&self.shared.machines, &live.machine)?,
            started_at: about.started_at,
            stopped_at: live.execution.stopped_at,
            last_event: live.execution.last_event,
        };
        if live.child.is_some() && attempt.is_none() {
            return Ok(Err(NotRedrivable::ByMapRun.into()));
        }
        if let Err(reason) = redrivability.check(now) {
            return Ok(Err(reason.into()));
        }
        if attempt.is_none() && self.shared.open.get() >= self.shared.config.quotas.open_executions {
            return Ok(Err(EngineError::Quota(Quota::OpenExecutions).into()));
        }
        self.shared.open.add(1);
        // What it does next may end it again; then these are written once more behind this.
        round.batch.delete(Table::Executions, keys::execution(arn, Part::Closing));
        round.batch.put(Table::OpenExecutions, keys::open_execution(arn), Vec::new());
        let through = live.execution.through.clone();
        if let Some(child) = self.live.get_mut(arn).and_then(|live| live.child.as_mut()) {
            child.attempt = attempt.unwrap_or(child.attempt);
            child.put(arn, &mut round.batch);
        }
        self.list(&about, &through, ExecutionStatus::Running, &mut round.batch);
        self.stimulate(arn, Stimulus::Redrive, round)?;
        if let Some(live) = self.live.get_mut(arn) {
            live.redrives.add(token, live.execution.redrive_count, now);
            let key = keys::execution(arn, Part::Redrives);
            round.batch.put(Table::Executions, key, records::seal(&live.redrives));
        }
        Ok(Ok(now))
    }
}

/// Whether the machine that an execution runs is registered still; another one of its name is not it.
fn has_machine(machines: &StateMachines, machine: &StateMachine) -> Result<bool, EngineError> {
    let arn = machine.arn.without_label();
    Ok(machines.get(&arn.0)?.is_some_and(|current| {
        current.status == StateMachineStatus::Active && current.created_at == machine.created_at
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_tokens_are_remembered_for_a_quarter_of_an_hour() {
        let mut redrives = Redrives::default();
        let at = |minutes: i64| Timestamp(minutes * 60_000);
        for number in 0..12 {
            redrives.add(Some(number.to_string().into()), 1, at(number));
        }
        let known: Vec<i64> =
            (0..12).filter(|number| redrives.answered(&number.to_string(), at(12)).is_some()).collect();
        assert_eq!(known, (2..12).collect::<Vec<_>>());
        assert_eq!(redrives.answered("5", at(19)), Some(at(5)));
        assert_eq!(redrives.answered("5", at(20)), None);
        redrives.add(None, 2, at(25));
        assert_eq!(redrives.tokens, [("11".into(), at(11))]);
    }
}
