//! What must hold: while a run goes on, and at its end.

use crate::disk::Disk;
use crate::notes::{Noted, Notes};
use crate::rules;
use crate::script::Settings;
use engine::{Engine, EngineError, ExecutionRecord, Health};
use model::{EventDetails, ExecutionArn, ExecutionStatus, HistoryEvent};
use std::collections::BTreeSet;
use store::{Direction, KeyRange, Store, Table};

/// More events than an execution may have.
const WHOLE_HISTORY: usize = 30_000;

/// Whether the durable history has an event for each of so many calls of functions.
pub(crate) fn calls_are_recorded(
    engine: &Engine,
    execution: &ExecutionArn,
    calls: usize,
) -> Result<(), String> {
    let recorded = count(engine, execution, |details| match details {
        EventDetails::LambdaFunctionScheduled { .. } => true,
        EventDetails::TaskScheduled { action, .. } => &*action.resource_type == "lambda",
        _ => false,
    })?;
    (calls <= recorded).then_some(()).ok_or_else(|| {
        format!("{execution}: call {calls} of a function was made, and {recorded} are on record as scheduled")
    })
}

/// Whether the durable history has an event for each of so many tasks that workers were given.
pub(crate) fn given_are_recorded(
    engine: &Engine,
    execution: &ExecutionArn,
    given: usize,
) -> Result<(), String> {
    let recorded =
        count(engine, execution, |details| matches!(details, EventDetails::ActivityStarted { .. }))?;
    (given <= recorded).then_some(()).ok_or_else(|| {
        format!(
            "{execution}: task {given} of an activity was given out, and {recorded} are on record as started"
        )
    })
}

fn count(
    engine: &Engine,
    execution: &ExecutionArn,
    is_one: fn(&EventDetails) -> bool,
) -> Result<usize, String> {
    let events = history(engine, execution)?;
    Ok(events.iter().filter(|event| is_one(&event.details)).count())
}

fn history(engine: &Engine, execution: &ExecutionArn) -> Result<Vec<HistoryEvent>, String> {
    let page = engine.history(execution, None, WHOLE_HISTORY, false);
    page.map(|page| page.items).map_err(|error| format!("{execution}: its history cannot be read: {error}"))
}

/// Reads an execution as a client does: what was shown before must still be there.
pub(crate) fn read(engine: &Engine, execution: &ExecutionArn, notes: &Notes) -> Result<(), String> {
    let record = describe(engine, execution)?;
    let is_owed = notes.lock().started.contains_key(execution);
    if record.is_none() && is_owed {
        return Err(format!("{execution}: its start was acknowledged, and it is not there"));
    }
    if record.is_none() {
        return Ok(());
    }
    let now = history(engine, execution)?;
    let mut noted = notes.lock();
    let before = noted.shown.entry(execution.clone()).or_default();
    if now.len() < before.len() || now.iter().zip(before.iter()).any(|(now, before)| now != before) {
        let (old, new) = (before.len(), now.len());
        return Err(format!(
            "{execution}: {old} events were shown, and now {new}, which do not begin with them"
        ));
    }
    if let Some(problem) = rules::broken(&now) {
        return Err(format!("{execution}: {problem}"));
    }
    *before = now;
    Ok(())
}

/// Whether an event of the execution has that mark in its result.
pub(crate) fn has_result(engine: &Engine, execution: &ExecutionArn, mark: &str) -> Result<(), String> {
    let events = history(engine, execution)?;
    let has_it = |event: &HistoryEvent| result(&event.details).is_some_and(|output| output.contains(mark));
    events
        .iter()
        .any(has_it)
        .then_some(())
        .ok_or_else(|| format!("{execution}: the output with {mark} was taken, and no event has it"))
}

/// What must hold of everything that is stored, at every moment.
pub(crate) fn stored(disk: &Disk, notes: &Notes) {
    match engine::audit(disk) {
        Ok(problems) => problems.into_iter().for_each(|problem| notes.violation(problem)),
        Err(error) => notes.violation(format!("what is stored cannot be looked through: {error}")),
    }
}

/// What is in memory stays within its bounds.
pub(crate) fn in_memory(engine: &Engine, disk: &Disk, notes: &Notes, settings: &Settings) {
    let open = disk.scan(Table::OpenExecutions, KeyRange::all(), Direction::Forward, 10_000);
    let open = open.map_or(0, |page| page.records.len());
    for (shard, held) in engine.occupancy().into_iter().enumerate() {
        // One that has a call under way stays, or whose facts are on their way to the disk.
        let most = settings.idle_executions + held.calls + held.under_way;
        if held.executions > most
            || held.held > 2 * settings.batch_size + held.under_way
            || held.timers > open + settings.batch_size
            || held.kept_answers > held.calls
            || held.waiting > settings.mailbox_capacity
        {
            notes.violation(format!(
                "shard {shard} holds {held:?}, with {open} open executions and {settings:?}"
            ));
        }
    }
    let queued = engine.queued_commits();
    if queued > settings.shards + 64 {
        notes.violation(format!("{queued} commits wait"));
    }
}

fn describe(engine: &Engine, execution: &ExecutionArn) -> Result<Option<ExecutionRecord>, String> {
    match engine.execution(execution) {
        Ok(record) => Ok(record),
        Err(error @ (EngineError::Stopped | EngineError::Store(_))) => Err(format!("{execution}: {error}")),
        Err(error) => Err(format!("{execution}: it cannot be read: {error}")),
    }
}

/// The error that an answer which was lost with its process gives must not stand in any history: no process has ended.
pub(crate) fn no_answer_was_lost(engine: &Engine, notes: &Notes) -> Result<(), String> {
    let started: Vec<ExecutionArn> = notes.lock().started.keys().cloned().collect();
    for execution in started {
        let is_lost = |event: &&HistoryEvent| {
            let failure = match &event.details {
                EventDetails::LambdaFunctionFailed(failure) => failure,
                // A nested workflow that could not be started because nothing could be written is another matter.
                EventDetails::TaskFailed(action, failure) if &*action.resource_type == "lambda" => failure,
                _ => return false,
            };
            failure.error.as_deref().is_some_and(|error| error.ends_with("SdkClientException"))
        };
        if let Some(event) = history(engine, &execution)?.iter().find(is_lost) {
            let id = event.id.0;
            return Err(format!(
                "{execution}: event {id} says that an answer was lost, and no process has ended"
            ));
        }
    }
    Ok(())
}

/// What must hold when all faults are over and everything had time to end.
pub(crate) fn at_the_end(engine: &Engine, disk: &Disk, notes: &Notes) -> Vec<String> {
    let mut problems = Vec::new();
    if engine.health() != Health::Serving {
        problems.push(format!("all faults are over, and it is {:?}", engine.health()));
    }
    for table in [Table::OpenExecutions, Table::Timers, Table::Duties] {
        match disk.scan(table, KeyRange::all(), Direction::Forward, 100) {
            Ok(page) if page.records.is_empty() => {}
            Ok(page) => {
                let keys: Vec<String> =
                    page.records.iter().map(|(key, _)| store::key::printable(key)).collect();
                problems.push(format!("the table {table} is not empty: {}", keys.join(", ")));
            }
            Err(error) => problems.push(error.to_string()),
        }
    }
    let owed: BTreeSet<ExecutionArn> = {
        let noted = notes.lock();
        let called = noted.calls.keys().chain(noted.given.keys());
        noted.started.keys().chain(noted.shown.keys()).chain(called).cloned().collect()
    };
    let noted = notes.lock().clone();
    for execution in &owed {
        problems.extend(read(engine, execution, notes).err());
        problems.extend(ended(engine, execution, &noted).err());
    }
    problems
}

/// What must hold of an execution that somebody outside knows of.
fn ended(engine: &Engine, execution: &ExecutionArn, noted: &Noted) -> Result<(), String> {
    let Some(record) = describe(engine, execution)? else {
        return Err(format!("{execution}: it was seen, and it is not there"));
    };
    if noted.started.get(execution).is_some_and(|input| **input != **record.input.text()) {
        return Err(format!("{execution}: its input is not the one it was started with"));
    }
    let events = history(engine, execution)?;
    if let Some(problem) = rules::broken(&events) {
        return Err(format!("{execution}: {problem}"));
    }
    let ends: Vec<_> = events.iter().filter_map(|event| end(&event.details)).collect();
    let is_redrive = |event: &&HistoryEvent| matches!(event.details, EventDetails::ExecutionRedriven { .. });
    let redrives = events.iter().filter(is_redrive).count();
    if ends.len() != redrives + 1 || ends.last() != Some(&record.status) {
        let (status, last) = (record.status, last_of(&events));
        return Err(format!(
            "{execution}: it is {status:?}, was redriven {redrives} times and has ended with {ends:?}; its last events: {last}"
        ));
    }
    if redrives < noted.redriven.get(execution).copied().unwrap_or_default() {
        return Err(format!("{execution}: a redrive was acknowledged, and only {redrives} are on record"));
    }
    if noted.stopped.contains(execution) && record.status == ExecutionStatus::Running {
        return Err(format!("{execution}: its stop was acknowledged, and it runs"));
    }
    calls_are_recorded(engine, execution, noted.calls.get(execution).copied().unwrap_or_default())?;
    given_are_recorded(engine, execution, noted.given.get(execution).copied().unwrap_or_default())?;
    let taken = noted.taken.iter().filter(|(of, _)| of == execution);
    for (_, mark) in taken {
        has_result(engine, execution, mark)?;
    }
    Ok(())
}

/// The last few events in short.
fn last_of(events: &[HistoryEvent]) -> String {
    let last = events.iter().skip(events.len().saturating_sub(6));
    last.map(|event| format!("{} {}", event.id.0, short(&event.details))).collect::<Vec<_>>().join(", ")
}

/// An event in a line.
pub(crate) fn line_of(event: &HistoryEvent) -> String {
    let (id, previous, at) = (event.id.0, event.previous.0, event.timestamp.0);
    format!("{id:>6} <-{previous:<5} {at} {}\n", short(&event.details))
}

fn short(details: &EventDetails) -> String {
    match details {
        EventDetails::ExecutionStarted { input, .. } => format!("ExecutionStarted {}", input.0.text()),
        EventDetails::StateEntered { name, .. } => format!("entered {name}"),
        other => other.type_name().to_owned(),
    }
}

fn end(details: &EventDetails) -> Option<ExecutionStatus> {
    match details {
        EventDetails::ExecutionSucceeded { .. } => Some(ExecutionStatus::Succeeded),
        EventDetails::ExecutionFailed(_) => Some(ExecutionStatus::Failed),
        EventDetails::ExecutionAborted(_) => Some(ExecutionStatus::Aborted),
        EventDetails::ExecutionTimedOut(_) => Some(ExecutionStatus::TimedOut),
        _ => None,
    }
}

fn result(details: &EventDetails) -> Option<&str> {
    match details {
        EventDetails::TaskSucceeded { output, .. } | EventDetails::ActivitySucceeded { output } => {
            Some(output.0.text())
        }
        _ => None,
    }
}
