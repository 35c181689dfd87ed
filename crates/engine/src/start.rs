//! Starting an execution: what is asked and what is answered.

use crate::error::{EngineError, StartError};
use crate::fact_log::FactLog;
use crate::keys;
use crate::live::Live;
use crate::logging::ExecutionLogging;
use crate::machines::StateMachine;
use crate::mailbox::StartMessage;
use crate::quotas::Quota;
use crate::records::Opening;
use crate::round::Round;
use crate::shard::Shard;
use json::Payload;
use machine::{About, Stimulus};
use model::{ExecutionArn, ExecutionStatus, StartedThrough, Timestamp, limits};
use std::sync::Arc;
use store::{Batch, Table};

/// What StartExecution asks for.
#[derive(Clone, Debug)]
pub struct StartExecution {
    /// The machine, at the revision that the execution will run to its end.
    pub machine: Arc<StateMachine>,
    /// The version and the alias that were asked for.
    pub through: StartedThrough,
    /// The execution's name; a random one where it is absent.
    pub name: Option<String>,
    /// Its input.
    pub input: Payload,
    /// A trace header, kept for DescribeExecution.
    pub trace_header: Option<String>,
    /// The test case whose mocks answer its tasks; without one every task calls its service.
    pub test_case: Option<String>,
}

/// What StartExecution answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Started {
    /// The execution's ARN.
    pub arn: ExecutionArn,
    /// When it started.
    pub started_at: Timestamp,
}

/// How an execution was started.
struct KnownStart {
    input: Payload,
    test_case: Option<Arc<str>>,
    started_at: Timestamp,
    is_running: bool,
}

impl Shard {
    /// Starts an execution, unless one of that name is known.
    pub(crate) fn start(&mut self, start: StartMessage, round: &mut Round) -> Result<(), EngineError> {
        let StartMessage { arn, machine, through, input, trace_header, test_case, child, reply } = start;
        if self.shared.removals.has(&arn) {
            // For a moment more: the facts of the one that ended long ago are still on their way out.
            round.answer(move |outcome| {
                let _ =
                    reply.send(outcome.map_err(StartError::from).and(Err(StartError::AlreadyExists(arn))));
            });
            return Ok(());
        }
        if let Some(known) = self.known_start(&arn)? {
            // AWS: recorded, the same name with the same input while it runs is the same execution.
            let answer = if known.is_running && known.input == input && known.test_case == test_case {
                Ok(Started { arn, started_at: known.started_at })
            } else {
                Err(StartError::AlreadyExists(arn))
            };
            round.answer(move |outcome| {
                let _ = reply.send(outcome.map_err(StartError::from).and(answer));
            });
            return Ok(());
        }
        // A Map Run's children end with it.
        if child.is_none() && self.shared.machines.is_deleted(&machine) {
            let _ = reply.send(Err(StartError::MachineDeleted(machine.arn.clone())));
            return Ok(());
        }
        if child.is_none() && self.shared.open.get() >= self.shared.config.quotas.open_executions {
            // Nothing of this depends on the round, so that nothing waits for it.
            let _ = reply.send(Err(StartError::Engine(EngineError::Quota(Quota::OpenExecutions))));
            return Ok(());
        }
        self.shared.open.add(1);
        let started = Started { arn: arn.clone(), started_at: self.now() };
        let logging = ExecutionLogging::of(&machine, &self.shared.config);
        if let Some(child) = &child {
            child.put(&arn, &mut round.batch);
        }
        let seed = self.shared.config.randomness.next_u64();
        let mut live = Live::new(machine.clone(), test_case.clone(), logging, child, seed);
        let opening = Opening {
            state_machine_arn: machine.arn.clone(),
            revision: machine.revision,
            started_at: self.now(),
            input: live.payloads.stored(&arn, &input, &mut round.batch),
            trace_header,
            test_case,
            through: Some(through.clone()),
        };
        opening.put(&arn, &mut round.batch);
        let about = About {
            arn: arn.clone(),
            state_machine_arn: machine.arn.clone(),
            role_arn: machine.role_arn.clone(),
            region: self.shared.config.partition.region.clone(),
            started_at: self.now(),
            deadline: self.now().plus_seconds(limits::EXECUTION_SECONDS),
            is_synchronous: false,
        };
        self.live.insert(arn.clone(), live);
        self.stimulate(&arn, Stimulus::Start { about, input, through }, round)?;
        self.keep_open(&arn, &mut round.batch);
        round.answer(move |outcome| {
            let _ = reply.send(outcome.map_err(StartError::from).map(|()| started));
        });
        Ok(())
    }

    /// Puts an execution among those that run, if it still does: one that ran through at once was never among them.
    fn keep_open(&mut self, arn: &ExecutionArn, batch: &mut Batch) {
        let Some(live) = self.live.get_mut(arn).filter(|live| !live.execution.is_closed()) else { return };
        live.is_listed_as_open = true;
        batch.put(Table::OpenExecutions, keys::open_execution(arn), Vec::new());
        let execution = self.live.get(arn).map(|live| &live.execution);
        if let Some((execution, about)) = execution.and_then(|it| Some((it, it.about.as_ref()?))) {
            self.list(about, &execution.through, ExecutionStatus::Running, batch);
        }
    }

    /// How the execution of that ARN was started. One that this very round began is not in the store yet.
    fn known_start(&self, arn: &ExecutionArn) -> Result<Option<KnownStart>, EngineError> {
        if let Some(live) = self.live.get(arn)
            && let Some(about) = &live.execution.about
        {
            return Ok(Some(KnownStart {
                input: live.execution.input.clone(),
                test_case: live.mocking.as_ref().map(|mocking| mocking.test_case.clone()),
                started_at: about.started_at,
                is_running: !live.execution.is_closed(),
            }));
        }
        let Some(opening) = self.opening(arn)? else { return Ok(None) };
        Ok(Some(KnownStart {
            input: opening.input(&FactLog::new(&*self.shared.store, arn))?,
            test_case: opening.test_case,
            started_at: opening.started_at,
            is_running: self.closing(arn)?.is_none(),
        }))
    }
}
