//! The redrive of a Map Run: its children that did not succeed in an earlier attempt run again, in their order. A Standard
//! one is redriven in place, from its failed state; an Express one starts anew under its ARN, with its input.

use super::children::Children;
use super::feed::Ready;
use super::records::{self, Child, MapRunCounts, RunRedrives, ended_without_success};
use crate::error::EngineError;
use crate::facade::Engine;
use crate::fact_log::FactLog;
use crate::keys::RunPart;
use crate::mailbox::Message;
use crate::records::{Closing, ExecutionRecord, Opening};
use crate::redrive::{RedriveError, RedriveMessage};
use model::redrive::Redrivability;
use model::{MapRunArn, Timestamp};
use std::collections::VecDeque;
use tokio::sync::oneshot;

/// The children of earlier attempts that are still to run again: all from a place on, and those of a page before it.
#[derive(Default)]
pub(crate) struct Rest {
    page: VecDeque<(u64, Child)>,
    next_place: u64,
}

impl Children {
    /// Runs children of earlier attempts again, so many at the most, and gives how many. What each Standard one does is
    /// durable once this returns.
    pub(crate) async fn redrive(
        &mut self,
        most: usize,
        counts: &mut MapRunCounts,
    ) -> Result<usize, EngineError> {
        let mut asked = Vec::new();
        let mut started = 0;
        while counts.execution_redrives.pending > asked.len() as u64 && started < most {
            let Some((place, child)) = self.next_left()? else { break };
            if !self.is_redrivable(&child)? {
                continue;
            }
            started += 1;
            match &child.express {
                Some(express) => {
                    let Some(kind) = self.kind.clone() else { break };
                    counts.redrive(child.items);
                    let ready = Ready { place, items: child.items, input: express.input.0.clone() };
                    self.start_express(&kind, ready, child.arn, child.redrives + 1);
                }
                None => asked.push((place, self.redrive_standard(place, &child).await?, child)),
            }
        }
        for (place, answer, child) in asked {
            match answer.await.map_err(|_| EngineError::Stopped)? {
                Ok(_) => counts.redrive(child.items),
                Err(RedriveError::Engine(error)) => return Err(error),
                Err(RedriveError::NotRedrivable(_) | RedriveError::DoesNotExist(_)) => {
                    self.running.remove(&place);
                    counts.pass_over(child.status, child.items);
                }
            }
        }
        Ok(started)
    }

    /// The run is cut short: children that were still to run again stay as they ended.
    pub(crate) fn leave_rest(&mut self, counts: &mut MapRunCounts) -> Result<(), EngineError> {
        while counts.execution_redrives.pending > 0 {
            let Some((_, child)) = self.next_left()? else { break };
            if self.is_redrivable(&child)? {
                counts.put_off(child.status, child.items);
            }
        }
        Ok(())
    }

    /// Whether a child that ended without success may run again: in one process always the same of one child.
    pub(super) fn is_redrivable(&self, child: &Child) -> Result<bool, EngineError> {
        if child.express.is_some() {
            return Ok(true);
        }
        let store = &*self.shared.store;
        let (opening, closing) = (Opening::read(store, &child.arn)?, Closing::read(store, &child.arn)?);
        let Some(opening) = opening else { return Ok(false) };
        let redrivability = Redrivability {
            status: child.status,
            // Its parent is redriven, so that the machine is there.
            has_machine: true,
            started_at: opening.started_at,
            stopped_at: closing.map(|closing| closing.stopped_at),
            last_event: FactLog::new(store, &child.arn).last_event()?,
        };
        Ok(redrivability.check(self.taken_up_at).is_ok())
    }

    async fn redrive_standard(
        &mut self,
        place: u64,
        child: &Child,
    ) -> Result<oneshot::Receiver<Result<Timestamp, RedriveError>>, EngineError> {
        self.running.insert(place, child.arn.clone());
        let (reply, answer) = oneshot::channel();
        let arn = child.arn.clone();
        let message = RedriveMessage { arn, client_token: None, attempt: Some(self.attempt), reply };
        self.shared.mailboxes.send(&child.arn, Message::Redrive(message)).await?;
        Ok(answer)
    }

    /// The next child that ended without success in an earlier attempt.
    fn next_left(&mut self) -> Result<Option<(u64, Child)>, EngineError> {
        loop {
            if let Some(found) = self.rest.page.pop_front() {
                return Ok(Some(found));
            }
            let page = records::page_of(&*self.shared.store, &self.arn, self.rest.next_place)?;
            let Some((last, _)) = page.last() else { return Ok(None) };
            self.rest.next_place = last.saturating_add(1);
            self.rest.page = page.into_iter().filter(|(_, child)| child.is_left_by(self.attempt)).collect();
        }
    }
}

impl RunRedrives {
    pub(super) fn read(store: &dyn store::Store, arn: &MapRunArn) -> Result<RunRedrives, EngineError> {
        Ok(records::read(store, arn, RunPart::Redrives)?.unwrap_or_default())
    }
}

impl Engine {
    /// Whether an execution is a child that ended and is still to run again in the redrive of its Map Run.
    pub(crate) fn is_pending_redrive(&self, record: &ExecutionRecord) -> Result<bool, EngineError> {
        let Some(child) = record.child.as_ref().filter(|_| ended_without_success(record.status)) else {
            return Ok(false);
        };
        let store = &*self.shared().store;
        if RunRedrives::read(store, &child.map_run)?.count <= child.attempt
            || records::read::<records::Closing>(store, &child.map_run, RunPart::Closing)?.is_some()
        {
            return Ok(false);
        }
        Ok(self.redrivability(record)?.is_ok())
    }
}
