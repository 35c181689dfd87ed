//! An execution in memory, and how it is read from the store and written to it.

use crate::error::EngineError;
use crate::fact_log::{self, FactLog, LargePayloads};
use crate::keys;
use crate::logging::ExecutionLogging;
use crate::machines::StateMachine;
use crate::map_runs::ChildOf;
use crate::mocking::Mocking;
use crate::redrive::Redrives;
use machine::{Execution, Fact};
use model::{EventId, ExecutionArn, Timestamp};
use std::collections::HashSet;
use std::sync::Arc;
use store::{Batch, Store, Table};

/// An execution in memory.
pub(crate) struct Live {
    pub(crate) execution: Execution,
    pub(crate) machine: Arc<StateMachine>,
    /// Its test case, if it was started with one.
    pub(crate) mocking: Option<Mocking>,
    /// How it logs, if it does.
    pub(crate) logging: Option<ExecutionLogging>,
    /// The Map Run that it is a child of.
    pub(crate) child: Option<ChildOf>,
    /// How many facts stand behind the latest event.
    place: u64,
    /// Whether the store has it among those that run.
    pub(crate) is_listed_as_open: bool,
    /// The timer that the store holds for it.
    pub(crate) timer: Option<Timestamp>,
    /// The tasks that were called by this process.
    pub(crate) called: HashSet<EventId>,
    /// The tasks of activities that were put into their queues by this process.
    pub(crate) queued: HashSet<EventId>,
    /// The round that used it last.
    pub(crate) used: u64,
    /// Whether a round that has touched it is on its way to the disk.
    pub(crate) is_under_way: bool,
    pub(crate) redrives: Redrives,
    /// Its large payloads that are stored.
    pub(crate) payloads: LargePayloads,
}

impl Live {
    /// An execution before its first fact.
    pub(crate) fn new(
        machine: Arc<StateMachine>,
        test_case: Option<Arc<str>>,
        logging: Option<ExecutionLogging>,
        child: Option<ChildOf>,
        seed: u64,
    ) -> Live {
        // The children of a Map Run are mocked as states of their machine.
        let name = machine.arn.labelled().0;
        let mocking = test_case.map(|test_case| Mocking::new(name.into(), test_case));
        Live {
            execution: Execution::new(),
            machine,
            mocking,
            logging,
            child,
            place: 0,
            is_listed_as_open: false,
            timer: None,
            called: HashSet::new(),
            queued: HashSet::new(),
            used: 0,
            is_under_way: false,
            redrives: Redrives::default(),
            payloads: LargePayloads::new(seed),
        }
    }

    /// An execution rebuilt from its stored facts.
    pub(crate) fn load(
        store: &dyn Store,
        arn: &ExecutionArn,
        machine: Arc<StateMachine>,
        test_case: Option<Arc<str>>,
        logging: Option<ExecutionLogging>,
        child: Option<ChildOf>,
        seed: u64,
    ) -> Result<Live, EngineError> {
        let mut live = Live::new(machine, test_case, logging, child, seed);
        for fact in FactLog::new(store, arn).load(&mut live.payloads)? {
            live.count(&fact);
            live.execution.apply(&fact);
        }
        live.is_listed_as_open = true;
        live.timer = live.execution.next_timer();
        if live.execution.redrive_count > 0 {
            live.redrives = Redrives::read(store, arn)?;
        }
        Ok(live)
    }

    /// Puts facts that are applied already, and the timer that follows from them, into a batch.
    pub(crate) fn write(&mut self, arn: &ExecutionArn, facts: &[Fact], batch: &mut Batch) {
        // The facts are applied already; the place counts from the event before the first of them.
        let first_event =
            facts.iter().find_map(Fact::event).map(|event| EventId(event.id.0.saturating_sub(1)));
        let mut event = first_event.unwrap_or(self.execution.last_event);
        let mut places = Vec::with_capacity(facts.len());
        for fact in facts {
            self.count(fact);
            if let Some(latest) = fact.event() {
                event = latest.id;
            }
            places.push((event, self.place));
        }
        fact_log::put(arn, facts, &places, &mut self.payloads, batch);
        let due = self.execution.next_timer();
        if due != self.timer {
            if let Some(old) = self.timer {
                batch.delete(Table::Timers, keys::timer(old, arn));
            }
            if let Some(new) = due {
                batch.put(Table::Timers, keys::timer(new, arn), Vec::new());
            }
            self.timer = due;
        }
    }

    fn count(&mut self, fact: &Fact) {
        self.place = if fact.event().is_some() { 0 } else { self.place + 1 };
        if let Some(mocking) = &mut self.mocking {
            mocking.count(fact);
        }
    }
}
