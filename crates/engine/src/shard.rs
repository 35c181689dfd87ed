//! A shard: the one owner of its executions.
//!
//! The loop: take what has come in, decide it all, send it to the disk as one batch; and once a batch is durable, and only
//! then, answer, call and set timers. Several batches may be under way (`pipeline.rs`).

use crate::clock::Drawn;
use crate::dispatch::is_called;
use crate::error::{EngineError, TokenError};
use crate::jobs::Jobs;
use crate::keys;
use crate::live::Live;
use crate::logging::ExecutionLogging;
use crate::mailbox::{Message, TokenAction};
use crate::map_runs::{self, Notice};
use crate::occupancy::Gauges;
use crate::outage::{Outage, spare_others};
use crate::pipeline::Pipeline;
use crate::records::{Closing, Opening};
use crate::round::Round;
use crate::shared::Shared;
use crate::transitions::Held;
use crate::verify;
use crate::workers::Undelivered;
use machine::{Outside, Stimulus, TaskAnswer};
use model::{ExecutionArn, Timestamp};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;
use store::{Batch, Store, StoreError, Table};
use tokio::sync::mpsc;

pub(crate) struct Shard {
    pub(crate) shared: Shared,
    mailbox: mpsc::Receiver<Message>,
    /// The executions in memory.
    pub(crate) live: HashMap<ExecutionArn, Live>,
    /// Timers that are due before the horizon. One that no longer holds wakes its execution for nothing.
    pub(crate) timers: BTreeSet<(Timestamp, ExecutionArn)>,
    /// Time never runs backwards within a shard, whatever the system's clock does.
    now: Timestamp,
    /// Counts batches, to know which execution was used least lately.
    round: u64,
    /// Calls that are under way.
    pub(crate) calls: usize,
    /// What the tasks of its executions have started outside.
    pub(crate) jobs: Jobs,
    /// Executions that were read from the store in this round with calls that an earlier process made.
    pub(crate) left_by_earlier_process: Vec<ExecutionArn>,
    /// Whether calls are held back because the engine is shutting down.
    pub(crate) is_draining: bool,
    /// What waits for tokens.
    pub(crate) held: Held,
    /// What outlasts a failure of the store.
    pub(crate) outage: Outage,
    pub(crate) gauges: Arc<Gauges>,
    /// Tasks of activities that no worker has heard of, though they have started.
    pub(crate) undelivered: Undelivered,
    /// Its rounds whose commits are under way.
    pub(crate) pipeline: Pipeline,
}

impl Shard {
    pub(crate) fn new(shared: Shared, mailbox: mpsc::Receiver<Message>, gauges: Arc<Gauges>) -> Shard {
        Shard {
            shared,
            mailbox,
            live: HashMap::new(),
            timers: BTreeSet::new(),
            now: Timestamp(0),
            round: 0,
            calls: 0,
            jobs: Jobs::default(),
            left_by_earlier_process: Vec::new(),
            is_draining: false,
            held: Held::default(),
            outage: Outage::default(),
            gauges,
            undelivered: Undelivered::default(),
            pipeline: Pipeline::default(),
        }
    }

    /// Runs until it is told to end. While the store has failed nothing is decided.
    pub(crate) async fn run(mut self) {
        let mut messages = Vec::new();
        loop {
            let goes_on = match self.turn(&mut messages).await {
                Ok(goes_on) => goes_on,
                Err(error) => self.fall(&error).await,
            };
            if !goes_on {
                self.see_through().await;
                return;
            }
        }
    }

    /// Sees to what has become durable, or decides what has come in. `false` if the shard is to end.
    async fn turn(&mut self, messages: &mut Vec<Message>) -> Result<bool, EngineError> {
        let most = self.shared.config.batch_size;
        let is_open = self.pipeline.is_open(most);
        let has_ready = self.pipeline.has_ready();
        let due = self.until_something_may_go_on(self.until_next_timer()).filter(|_| is_open);
        tokio::select! {
            // In order, for nothing is to be left to chance; a round takes the timers that are due in any case.
            biased;
            outcome = self.pipeline.oldest() => {
                return match self.take_off() {
                    Some(round) => self.finish(round, outcome),
                    None => Ok(true),
                };
            }
            received = self.mailbox.recv_many(messages, most), if is_open => {
                if received == 0 {
                    return Ok(false);
                }
            }
            () = std::future::ready(()), if has_ready => {}
            () = sleep(due) => {}
        }
        self.pipeline.add_ready(messages);
        if self.outage.is_on && !self.sit_out(messages) {
            return Ok(false);
        }
        if self.outage.is_on {
            return Ok(true);
        }
        self.take_round(messages).await
    }

    /// What to do about an error: wait until the store was opened again, or stop. `false` if the shard is to end.
    async fn fall(&mut self, error: &EngineError) -> bool {
        let goes_on = self.see_through().await;
        if !error.is_outage() {
            tracing::error!(%error, "a shard stops: its executions cannot go on until the server is restarted");
            self.shared.health.shard_stopped(self.shared.config.clock.now(), error);
            return false;
        }
        self.let_go(error) && goes_on
    }

    /// Decides everything that came in, and sends it to the disk.
    async fn take_round(&mut self, messages: &mut Vec<Message>) -> Result<bool, EngineError> {
        self.now = self.now.max(self.shared.config.clock.now());
        self.round += 1;
        let mut round = Round::default();
        let mut outcome = Ok(());
        for message in messages.drain(..) {
            match &outcome {
                Ok(()) => {
                    if let Some(message) = self.let_in(message, &mut round) {
                        outcome = spare_others(self.admit(message, &mut round));
                    }
                }
                Err(error) => round.ends |= self.refuse(message, error),
            }
        }
        if outcome.is_ok() {
            outcome = spare_others(self.take_held(&mut round));
        }
        if outcome.is_ok() {
            outcome = self.take_due_timers(&mut round);
        }
        if outcome.is_ok() {
            outcome = self.recover_loaded(&mut round);
        }
        self.give_up_jobs(&mut round);
        if outcome.is_ok() && round.ends {
            // After everything else of the round: what follows a Shutdown in it may schedule calls too.
            self.note_held_calls(&mut round.batch);
        }
        if outcome.is_ok() && !round.batch.is_empty() {
            match self.shared.commits.enqueue(std::mem::take(&mut round.batch)).await {
                Ok(durable) => {
                    self.send_off(durable, round);
                    self.drop_idle();
                    self.note_occupancy();
                    return Ok(true);
                }
                Err(error) => outcome = Err(error.into()),
            }
        }
        self.finish(round, outcome)
    }

    /// Has the effects of a round that is durable, or could not be made so. `false` if the shard is to end.
    pub(crate) fn finish(
        &mut self,
        round: Round,
        outcome: Result<(), EngineError>,
    ) -> Result<bool, EngineError> {
        for reply in round.replies {
            reply(outcome.clone());
        }
        for task in round.handed_over {
            self.hand_over(task, outcome.clone());
        }
        if let Err(error) = outcome {
            self.keep_answers(round.answered);
            // Nothing more can be noted for the next process.
            return if round.ends { Ok(false) } else { Err(error) };
        }
        for duty in round.duties {
            self.shared.fulfil(duty);
        }
        for entry in round.logged {
            self.shared.config.log.log(entry);
        }
        for run in round.given_up {
            self.shared.map_runs.tell(&run, Notice::Abort);
        }
        for arn in round.touched {
            self.after_commit(&arn)?;
        }
        self.drop_idle();
        self.note_occupancy();
        Ok(!round.ends)
    }

    pub(crate) fn take(&mut self, message: Message, round: &mut Round) -> Result<(), EngineError> {
        match message {
            Message::Start(start) => self.start(*start, round),
            Message::Answered { arn, scope, task, answer } => {
                self.calls = self.calls.saturating_sub(1);
                let (of, back) = (arn.clone(), answer.clone());
                round.answered.push(Message::Answered { arn: of, scope, task, answer: back });
                match &answer {
                    TaskAnswer::Succeeded(output) => self.jobs.submitted(&arn, task, output),
                    TaskAnswer::Failed(_) => self.jobs.forget(&arn, task),
                }
                self.stimulate(&arn, Stimulus::TaskAnswered { scope, task, answer }, round)
            }
            Message::JobEnded { arn, scope, task, answer } => {
                self.jobs.forget(&arn, task);
                self.stimulate(&arn, Stimulus::TaskAnswered { scope, task, answer }, round)
            }
            Message::Token { arn, token, action, reply } => {
                let known = self.token_state(&arn, &token)?;
                if known.is_ok() {
                    self.release_job(&arn, &token, &action);
                    let stimulus = match action {
                        TokenAction::Answer(answer) => Stimulus::TokenAnswered { token, answer },
                        TokenAction::Heartbeat => Stimulus::Heartbeat { token },
                    };
                    self.stimulate(&arn, stimulus, round)?;
                }
                round.replies.push(Box::new(move |outcome| {
                    let _ = reply.send(outcome.map_err(TokenError::from).and(known));
                }));
                Ok(())
            }
            Message::Take { task, worker_name, reply } => self.take_task(task, worker_name, reply, round),
            Message::MapRunEnded { arn, scope, run, answer } => {
                self.stimulate(&arn, Stimulus::MapRunEnded { scope, run, answer }, round)
            }
            Message::Stop { arn, failure, reply } => {
                self.stimulate(&arn, Stimulus::Stop { failure }, round)?;
                let stopped_at = match self.live.get(&arn) {
                    Some(live) => live.execution.stopped_at,
                    None => self.closing(&arn)?.map(|closing| closing.stopped_at),
                };
                round.replies.push(Box::new(move |outcome| {
                    let _ = reply.send(outcome.map(|()| stopped_at));
                }));
                Ok(())
            }
            Message::Redrive(message) => self.redrive(message, round),
            Message::Remove(message) => self.remove(message, round),
            Message::Barrier(reply) => {
                round.answer(move |outcome| {
                    let _ = reply.send(outcome);
                });
                Ok(())
            }
            Message::Recover { arn } => self.take_up(&arn, round),
            Message::Timers(timers) => {
                for (due, arn) in timers {
                    if self.still_holds(due, &arn)? {
                        self.timers.insert((due, arn));
                    }
                }
                Ok(())
            }
            Message::StoreFailed(reply) => {
                self.outage.told.push(reply);
                Err(StoreError::Poisoned { cause: "another commit failed".to_owned() }.into())
            }
            Message::StoreReopened => Ok(()),
            Message::Shutdown { is_final, reply } => {
                self.is_draining = true;
                round.ends |= is_final;
                let calls = self.calls;
                round.replies.push(Box::new(move |_| {
                    let _ = reply.send(calls);
                }));
                Ok(())
            }
        }
    }

    /// Whether a timer that was read from the store a moment ago is still that of its execution.
    fn still_holds(&self, due: Timestamp, arn: &ExecutionArn) -> Result<bool, EngineError> {
        match self.live.get(arn) {
            Some(live) => Ok(live.timer == Some(due)),
            None => Ok(self.shared.store.get(Table::Timers, &keys::timer(due, arn))?.is_some()),
        }
    }

    fn take_due_timers(&mut self, round: &mut Round) -> Result<(), EngineError> {
        while let Some(due) = self.timers.first().map(|(due, _)| *due)
            && due <= self.now
            && self.pipeline.lets_timers_go_off()
            && self.admits_timer(due)
        {
            let Some((_, arn)) = self.timers.pop_first() else { break };
            if self.is_under_way(&arn) {
                self.pipeline.wait(arn.clone(), Message::Timers(vec![(due, arn)]));
                continue;
            }
            spare_others(self.stimulate(&arn, Stimulus::Tick, round))?;
        }
        self.timers_taken();
        Ok(())
    }

    /// Lets the machine decide, and puts what it decided into the round's batch.
    pub(crate) fn stimulate(
        &mut self,
        arn: &ExecutionArn,
        stimulus: Stimulus,
        round: &mut Round,
    ) -> Result<(), EngineError> {
        if !self.load(arn)? {
            return Ok(());
        }
        let (now, used) = (self.now, self.round);
        let Some(live) = self.live.get_mut(arn) else { return Ok(()) };
        live.used = used;
        let activities = &self.shared.activities;
        let activity_exists = |activity: &str| activities.get(activity).is_ok_and(|found| found.is_some());
        let mut entropy = Drawn(&*self.shared.config.randomness);
        let outside = Outside {
            now,
            entropy: &mut entropy,
            activity_exists: &activity_exists,
            wait_scale: self.shared.config.wait_scale,
        };
        let definition = live.machine.definition.clone();
        let ran = live.execution.map_runs();
        let facts = machine::decide(&mut live.execution, &definition, stimulus, outside);
        if !facts.is_empty() {
            let armed = live.timer;
            live.write(arn, &facts, &mut round.batch);
            let entry = live.logging.as_ref().and_then(|l| l.entry(arn, &live.execution, &facts));
            round.logged.extend(entry);
            // Left in place, it would bring the execution back from the store long after it ended, for nothing.
            if let Some(old) = armed.filter(|_| live.timer != armed) {
                self.timers.remove(&(old, arn.clone()));
            }
            map_runs::keep_up(&live.execution, &ran, &facts, now, round);
            let is_closed = live.execution.is_closed();
            self.pay(&facts);
            if is_closed {
                self.close(arn, &mut round.batch);
            }
        }
        round.touched.push(arn.clone());
        Ok(())
    }

    fn close(&mut self, arn: &ExecutionArn, batch: &mut Batch) {
        let Some(live) = self.live.get_mut(arn) else { return };
        let output = live.execution.output.clone();
        let closing = Closing {
            status: live.execution.status,
            stopped_at: live.execution.stopped_at.unwrap_or(self.now),
            output: output.map(|output| live.payloads.stored(arn, &output, batch)),
            failure: live.execution.failure.clone(),
        };
        closing.put(arn, batch);
        if live.is_listed_as_open {
            batch.delete(Table::OpenExecutions, keys::open_execution(arn));
        }
        self.shared.open.subtract_one();
        if live.child.is_none() {
            // A child of a Map Run is kept for as long as the execution that the run belongs to.
            batch.put(Table::ClosedExecutions, keys::closed_execution(closing.stopped_at, arn), Vec::new());
        }
        let Some(execution) = self.live.get(arn).map(|live| &live.execution) else { return };
        if let Some(about) = &execution.about {
            self.list(about, &execution.through, execution.status, batch);
        }
    }

    /// The moment of the round.
    pub(crate) fn now(&self) -> Timestamp {
        self.now
    }

    /// What the facts that are stored now ask for.
    fn after_commit(&mut self, arn: &ExecutionArn) -> Result<(), EngineError> {
        let Some(live) = self.live.get(arn) else { return Ok(()) };
        if self.shared.config.verify {
            verify::check(&*self.shared.store, arn, &live.execution)?;
        }
        if live.execution.is_closed() {
            self.shared.map_runs.announce_end(live);
            self.live.remove(arn);
            self.shared.closings.announce(arn);
            return Ok(());
        }
        if let Some(due) = live.timer.filter(|due| self.shared.horizon.holds(*due)) {
            self.timers.insert((due, arn.clone()));
        }
        self.dispatch(arn);
        Ok(())
    }

    /// Whether the token's task waits for it.
    fn token_state(
        &mut self,
        arn: &ExecutionArn,
        token: &str,
    ) -> Result<Result<(), TokenError>, EngineError> {
        if !self.load(arn)? {
            return Ok(Err(TokenError::DoesNotExist));
        }
        let is_waiting =
            self.live.get(arn).is_some_and(|live| live.execution.scope_of_token(token).is_some());
        Ok(if is_waiting { Ok(()) } else { Err(TokenError::TimedOut) })
    }

    /// Brings an execution into memory; `false` if there is none of that ARN.
    pub(crate) fn load(&mut self, arn: &ExecutionArn) -> Result<bool, EngineError> {
        if self.live.contains_key(arn) {
            return Ok(true);
        }
        if self.shared.removals.has(arn) {
            return Ok(false);
        }
        let Some(opening) = self.opening(arn)? else { return Ok(false) };
        let machine = self.shared.machines.revision(&opening.state_machine_arn, opening.revision)?;
        let logging = ExecutionLogging::of(&machine, &self.shared.config);
        let child = self.shared.child_of(arn, &opening.state_machine_arn)?;
        let mut live = Live::load(
            &*self.shared.store,
            arn,
            machine,
            opening.test_case,
            logging,
            child,
            self.shared.config.randomness.next_u64(),
        )?;
        live.used = self.round;
        // Where the store had failed: what this process called comes back still, and what it did not call was never called.
        let under_way = self.outage.under_way.remove(arn);
        let is_ours = under_way.is_some() || self.shared.taking_up.is_done();
        live.called = under_way.unwrap_or_default();
        if !is_ours && live.execution.outstanding().iter().any(is_called) {
            self.left_by_earlier_process.push(arn.clone());
        }
        self.live.insert(arn.clone(), live);
        self.find_jobs(arn);
        Ok(true)
    }

    pub(crate) fn opening(&self, arn: &ExecutionArn) -> Result<Option<Opening>, EngineError> {
        Opening::read(&*self.shared.store, arn)
    }

    pub(crate) fn closing(&self, arn: &ExecutionArn) -> Result<Option<Closing>, EngineError> {
        Closing::read(&*self.shared.store, arn)
    }

    fn until_next_timer(&self) -> Option<Duration> {
        if self.outage.is_on {
            return None;
        }
        let (due, _) = self.timers.first()?;
        Some(Duration::from_millis(due.millis_since(self.shared.config.clock.now())))
    }
}

/// Sleeps until a timer is due; for ever if there is none.
async fn sleep(until: Option<Duration>) {
    match until {
        Some(duration) => tokio::time::sleep(duration).await,
        None => std::future::pending().await,
    }
}
