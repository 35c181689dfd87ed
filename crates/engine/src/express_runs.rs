//! The Express executions that can be looked at: those that run, and the latest that ended. In memory alone, bounded in
//! number and bytes, and in time: of more than that number that begin within a second (or than 1,000, where it is smaller)
//! the rest is not kept, except what fails at once. Nobody could look at them before the next ones drive them out, and
//! keeping them costs as much as running them.

use crate::facade::Engine;
use crate::page::Page;
use crate::records::ExecutionRecord;
use machine::{Execution, Fact};
use model::{EventId, ExecutionArn, ExecutionStatus, HistoryEvent, StateMachineArn};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Runs of one second that are looked at however few are kept.
const LEAST_A_SECOND: u64 = 1000;
/// Bits of a count of runs; the second stands above them.
const COUNT_BITS: u32 = 24;
/// These bits.
const COUNT: u64 = (1 << COUNT_BITS) - 1;

/// Bytes of an execution beside its events, roughly.
const REST: usize = 1024;

/// The runs that can be looked at. Cheap to clone.
#[derive(Clone)]
pub(crate) struct ExpressRuns {
    runs: Arc<Mutex<Runs>>,
    /// Executions that have ended and are kept.
    max_ended: usize,
    max_bytes: usize,
    /// The latest second, with how many began in it.
    begun: Arc<AtomicU64>,
}

/// Whether a run can be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// It has not happened yet.
    New,
    /// Never.
    Not,
    /// Under this number.
    As(RunNumber),
}

/// Names a run for as long as it can be looked at: the higher, the later it started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RunNumber(u64);

#[derive(Default)]
struct Runs {
    by_number: BTreeMap<RunNumber, Run>,
    by_arn: HashMap<ExecutionArn, RunNumber>,
    /// In the order in which they ended.
    ended: VecDeque<RunNumber>,
    bytes: usize,
    next: u64,
}

struct Run {
    record: ExecutionRecord,
    facts: Vec<Fact>,
    bytes: usize,
    /// Whether there was no room for all its events.
    is_cut: bool,
}

/// A page of the history of an Express execution.
#[derive(Clone, Debug)]
pub struct ExpressHistory {
    /// The events.
    pub page: Page<HistoryEvent>,
    /// Whether the execution had more events than there was room for.
    pub is_cut: bool,
}

impl ExpressRuns {
    pub(crate) fn new(max_ended: usize, max_bytes: usize) -> ExpressRuns {
        ExpressRuns { runs: Arc::default(), max_ended, max_bytes, begun: Arc::default() }
    }

    /// Takes what happened in a run: its new facts, and how it stands.
    pub(crate) fn note(
        &self,
        seen: &mut Seen,
        execution: &Execution,
        facts: Vec<Fact>,
        record: impl FnOnce() -> ExecutionRecord,
    ) {
        if *seen == Seen::New && !self.has_room(execution) {
            *seen = Seen::Not;
        }
        if *seen == Seen::Not {
            return;
        }
        let bytes: usize = facts.iter().filter_map(Fact::event).map(HistoryEvent::memory_size).sum();
        let evicted;
        {
            let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
            let number = match *seen {
                Seen::As(number) => number,
                Seen::New | Seen::Not => runs.begin(record()),
            };
            *seen = Seen::As(number);
            runs.extend(number, facts, bytes);
            if execution.is_closed() {
                runs.end(number, execution);
            }
            evicted = runs.evict(number, self.max_ended, self.max_bytes);
        }
        // Outside of the lock: freeing megabytes takes its time.
        drop(evicted);
    }

    /// Whether a run that begins is kept.
    fn has_room(&self, execution: &Execution) -> bool {
        let failed = execution.is_closed() && execution.status != ExecutionStatus::Succeeded;
        if self.max_ended == 0 || failed {
            return self.max_ended > 0;
        }
        let started_at = execution.about.as_ref().map_or(0, |about| about.started_at.0);
        let second = u64::try_from(started_at / 1000).unwrap_or(0) << COUNT_BITS;
        let next = |begun: u64| {
            let count = if begun & !COUNT == second { begun & COUNT } else { 0 };
            (count < (self.max_ended as u64).clamp(LEAST_A_SECOND, COUNT)).then_some(second | (count + 1))
        };
        self.begun.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).is_ok()
    }

    fn with<T>(&self, look: impl FnOnce(&Runs) -> T) -> T {
        look(&self.runs.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Runs {
    fn begin(&mut self, record: ExecutionRecord) -> RunNumber {
        let number = RunNumber(self.next);
        self.next += 1;
        self.bytes += REST;
        self.by_arn.insert(record.arn.clone(), number);
        self.by_number.insert(number, Run { record, facts: Vec::new(), bytes: REST, is_cut: false });
        number
    }

    fn extend(&mut self, number: RunNumber, facts: Vec<Fact>, bytes: usize) {
        let Some(run) = self.by_number.get_mut(&number).filter(|run| !run.is_cut) else { return };
        match run.facts.is_empty() {
            true => run.facts = facts,
            false => run.facts.extend(facts),
        }
        run.bytes += bytes;
        self.bytes += bytes;
    }

    fn end(&mut self, number: RunNumber, execution: &Execution) {
        let Some(run) = self.by_number.get_mut(&number) else { return };
        run.record.status = execution.status;
        run.record.stopped_at = execution.stopped_at;
        run.record.output = execution.output.clone();
        run.record.failure = execution.failure.clone();
        self.ended.push_back(number);
    }

    /// Makes room: the runs that ended first go first. Where running ones alone take too much, the latest to grow loses
    /// its events. Gives what is gone.
    fn evict(&mut self, grown: RunNumber, max_ended: usize, max_bytes: usize) -> Vec<Run> {
        let mut evicted = Vec::new();
        while self.ended.len() > max_ended || self.bytes > max_bytes {
            let Some(number) = self.ended.pop_front() else { break };
            if let Some(run) = self.by_number.remove(&number) {
                self.by_arn.remove(&run.record.arn);
                self.bytes -= run.bytes;
                evicted.push(run);
            }
        }
        if self.bytes > max_bytes
            && let Some(run) = self.by_number.get_mut(&grown)
        {
            self.bytes -= run.bytes - REST;
            let (record, bytes) = (run.record.clone(), run.bytes);
            let facts = std::mem::take(&mut run.facts);
            (run.bytes, run.is_cut) = (REST, true);
            evicted.push(Run { record, facts, bytes, is_cut: true });
        }
        evicted
    }
}

impl Engine {
    /// The Express executions of a machine that can be looked at, newest first, those before `after` where it is given.
    pub fn express_executions(
        &self,
        machine: &StateMachineArn,
        status: Option<ExecutionStatus>,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Page<ExecutionRecord> {
        let before = after.and_then(|place| place.try_into().ok()).map_or(u64::MAX, u64::from_be_bytes);
        self.shared().express_runs.with(|runs| {
            let mut items: Vec<ExecutionRecord> = Vec::new();
            let mut last = None;
            for (number, run) in runs.by_number.range(..RunNumber(before)).rev() {
                let is_wanted = run.record.state_machine_arn == *machine
                    && status.is_none_or(|status| status == run.record.status);
                if !is_wanted {
                    continue;
                }
                if items.len() == limit {
                    return Page { items, next: last };
                }
                items.push(run.record.clone());
                last = Some(number.0.to_be_bytes().to_vec());
            }
            Page { items, next: None }
        })
    }

    /// An Express execution, if it can be looked at.
    pub fn express_execution(&self, arn: &ExecutionArn) -> Option<ExecutionRecord> {
        self.shared().express_runs.with(|runs| runs.get(arn).map(|run| run.record.clone()))
    }

    /// A page of the history of an Express execution that can be looked at, behind the event `after` in the direction
    /// asked for.
    pub fn express_history(
        &self,
        arn: &ExecutionArn,
        after: Option<EventId>,
        limit: usize,
        reverse: bool,
    ) -> Option<ExpressHistory> {
        self.shared().express_runs.with(|runs| {
            let run = runs.get(arn)?;
            let is_behind = |event: &&HistoryEvent| match after {
                None => true,
                Some(after) if reverse => event.id < after,
                Some(after) => event.id > after,
            };
            let page = match reverse {
                false => page_of(run.facts.iter().filter_map(Fact::event).filter(is_behind), limit),
                true => page_of(run.facts.iter().rev().filter_map(Fact::event).filter(is_behind), limit),
            };
            Some(ExpressHistory { page, is_cut: run.is_cut })
        })
    }
}

impl Runs {
    fn get(&self, arn: &ExecutionArn) -> Option<&Run> {
        self.by_arn.get(arn).and_then(|number| self.by_number.get(number))
    }
}

fn page_of<'a>(mut events: impl Iterator<Item = &'a HistoryEvent>, limit: usize) -> Page<HistoryEvent> {
    let items: Vec<HistoryEvent> = events.by_ref().take(limit).cloned().collect();
    let next = events.next().and(items.last()).map(|event| event.id.0.to_be_bytes().to_vec());
    Page { items, next }
}

#[cfg(test)]
mod tests {
    use super::*;
    use machine::About;
    use model::Timestamp;

    fn begun(millis: i64, status: ExecutionStatus) -> Execution {
        let about = About {
            arn: ExecutionArn("arn:e".into()),
            state_machine_arn: StateMachineArn("arn:m".into()),
            role_arn: "arn:r".into(),
            region: "r".into(),
            started_at: Timestamp(millis),
            deadline: Timestamp(millis),
            is_synchronous: false,
        };
        let mut execution = Execution::new();
        (execution.about, execution.status) = (Some(Arc::new(about)), status);
        execution
    }

    #[test]
    fn of_one_second_so_many_are_kept_and_what_fails_at_once() {
        let runs = ExpressRuns::new(3, usize::MAX);
        let has_room = |millis, status| runs.has_room(&begun(millis, status));
        let kept = (0..2 * LEAST_A_SECOND).filter(|_| has_room(5_999, ExecutionStatus::Running)).count();
        assert_eq!(kept as u64, LEAST_A_SECOND);
        assert!(has_room(5_999, ExecutionStatus::Failed));
        assert!(!has_room(5_999, ExecutionStatus::Succeeded));
        assert!(has_room(6_000, ExecutionStatus::Succeeded));
        assert!(!ExpressRuns::new(0, usize::MAX).has_room(&begun(0, ExecutionStatus::Failed)));
    }
}
