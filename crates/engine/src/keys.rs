//! The keys of the engine's records. A key's layout is part of the format on disk.
//!
//! | table | key | value |
//! |---|---|---|
//! | StateMachines | name | state machine, as it is now |
//! | Revisions | ARN, revision | state machine, as it was then |
//! | Versions | machine's name, 0 | how many versions were ever published |
//! | Versions | machine's name, number | version |
//! | Aliases | machine's name, alias's name | alias |
//! | Activities | name | activity |
//! | Executions | ARN, 0 | opening: what the execution began with |
//! | Executions | ARN, 1 | closing: how it ended; none while it runs, again or still |
//! | Executions | ARN, 2 | redrives: how often, when last, and who asked |
//! | ExecutionsByMachine | ARN of machine, version or alias, start (newest first), ARN | status and end |
//! | OpenExecutions | ARN | nothing |
//! | ClosedExecutions | end, ARN | nothing |
//! | ClosedExecutions | 0, ARN | nothing; the execution is removed and its facts alone are left |
//! | Meta | a name | a setting of the engine |
//! | Facts | ARN, event id, place behind that event | facts from this place on that became durable together |
//! | Facts | ARN, greatest number, number | large payload that facts refer to |
//! | Timers | due, ARN | nothing |
//! | Duties | kind, ARN, number | what is still to be done |
//! | Meta | "count", table | how many records a registry's table has |
//! | Executions | ARN, 3 | the Map Run that it is a child of |
//! | ExecutionsByMachine | Map Run ARN, start (newest first), ARN | of a child, which is in no list of its machine |
//! | MapRuns | ARN, 0 | opening: what the run began with |
//! | MapRuns | ARN, 1 | settings, which may be changed |
//! | MapRuns | ARN, 2 | counts of items and children |
//! | MapRuns | ARN, 3 | closing: how it ended; none while it runs, again or still |
//! | MapRuns | ARN, 4 | redrives: how often, and when last |
//! | MapRunChildren | ARN, place | child |
//! | MapRunsByExecution | execution ARN, start (newest first), ARN | nothing |
//! | OpenMapRuns | ARN | nothing |

use machine::About;
use model::{EventId, ExecutionArn, MapRunArn, StartedThrough, StateMachineArn, Timestamp};
use store::{KeyRange, KeyReader, KeyWriter, Table};

/// Where the large payloads stand among the facts of an execution: no event has this number.
const PAYLOADS: EventId = EventId(u64::MAX);

/// The part of an execution's record that a key names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Opening = 0,
    Closing = 1,
    Redrives = 2,
    MapRun = 3,
}

/// The part of a Map Run's record that a key names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RunPart {
    Opening = 0,
    Settings = 1,
    Counts = 2,
    Closing = 3,
    Redrives = 4,
}

impl Part {
    /// Every part.
    pub(crate) const ALL: [Part; 4] = [Part::Opening, Part::Closing, Part::Redrives, Part::MapRun];
}

impl RunPart {
    /// Every part.
    pub(crate) const ALL: [RunPart; 5] =
        [RunPart::Opening, RunPart::Settings, RunPart::Counts, RunPart::Closing, RunPart::Redrives];
}

pub(crate) fn state_machine(name: &str) -> Vec<u8> {
    KeyWriter::new().text(name).finish()
}

/// The count of a registry's records.
pub(crate) fn count(table: Table) -> Vec<u8> {
    KeyWriter::new().text("count").text(table.name()).finish()
}

pub(crate) fn activity(name: &str) -> Vec<u8> {
    KeyWriter::new().text(name).finish()
}

pub(crate) fn revision(machine: &StateMachineArn, number: u64) -> Vec<u8> {
    KeyWriter::new().text(&machine.0).u64(number).finish()
}

pub(crate) fn revisions(machine: &StateMachineArn) -> KeyRange {
    KeyRange::prefix(&KeyWriter::new().text(&machine.0).finish())
}

pub(crate) fn version(machine_name: &str, number: u64) -> Vec<u8> {
    KeyWriter::new().text(machine_name).u64(number).finish()
}

/// The published versions of a machine, up to and without `end`.
pub(crate) fn versions_below(machine_name: &str, end: u64) -> KeyRange {
    KeyRange::between(version(machine_name, 1), version(machine_name, end))
}

pub(crate) fn alias(machine_name: &str, name: &str) -> Vec<u8> {
    KeyWriter::new().text(machine_name).text(name).finish()
}

pub(crate) fn aliases(machine_name: &str) -> KeyRange {
    KeyRange::prefix(&KeyWriter::new().text(machine_name).finish())
}

pub(crate) fn execution(arn: &ExecutionArn, part: Part) -> Vec<u8> {
    KeyWriter::new().text(&arn.0).u64(part as u64).finish()
}

/// The execution and the part of it that a key of Executions names.
pub(crate) fn read_execution(key: &[u8]) -> Option<(ExecutionArn, Part)> {
    let mut reader = KeyReader::new(key);
    let arn = reader.text().ok()?;
    let number = reader.u64().ok()?;
    let part = Part::ALL.into_iter().find(|part| *part as u64 == number)?;
    Some((ExecutionArn(arn.into()), part))
}

pub(crate) fn by_machine(machine: &StateMachineArn, started_at: Timestamp, arn: &ExecutionArn) -> Vec<u8> {
    KeyWriter::new().text(&machine.0).newest_first(millis(started_at)).text(&arn.0).finish()
}

/// Every place where an execution is listed.
pub(crate) fn listings<'a>(
    about: &'a About,
    through: &'a StartedThrough,
) -> impl Iterator<Item = Vec<u8>> + use<'a> {
    listings_of(&about.state_machine_arn, about.started_at, &about.arn, through)
}

/// The same, where the execution is not in memory.
pub(crate) fn listings_of<'a>(
    machine: &StateMachineArn,
    started_at: Timestamp,
    arn: &'a ExecutionArn,
    through: &'a StartedThrough,
) -> impl Iterator<Item = Vec<u8>> + use<'a> {
    let qualified = [&through.version_arn, &through.alias_arn].into_iter().flatten().cloned();
    std::iter::once(machine.clone())
        .chain(qualified.map(StateMachineArn))
        .map(move |machine| by_machine(&machine, started_at, arn))
}

pub(crate) fn executions_of(machine: &StateMachineArn) -> KeyRange {
    KeyRange::prefix(&KeyWriter::new().text(&machine.0).finish())
}

/// The execution that a key of ExecutionsByMachine names.
pub(crate) fn read_by_machine(key: &[u8]) -> Option<ExecutionArn> {
    let mut reader = KeyReader::new(key);
    reader.text().ok()?;
    reader.newest_first().ok()?;
    reader.text().ok().map(|arn| ExecutionArn(arn.into()))
}

pub(crate) fn open_execution(arn: &ExecutionArn) -> Vec<u8> {
    KeyWriter::new().text(&arn.0).finish()
}

pub(crate) fn read_open_execution(key: &[u8]) -> Option<ExecutionArn> {
    KeyReader::new(key).text().ok().map(|arn| ExecutionArn(arn.into()))
}

/// An execution that ended then. What ended in 1970's first millisecond counts as of the second.
pub(crate) fn closed_execution(at: Timestamp, arn: &ExecutionArn) -> Vec<u8> {
    KeyWriter::new().u64(millis(at).max(1)).text(&arn.0).finish()
}

/// An execution that is removed, and whose facts alone are left: before all that ended.
pub(crate) fn removed_execution(arn: &ExecutionArn) -> Vec<u8> {
    KeyWriter::new().u64(0).text(&arn.0).finish()
}

/// All of these.
pub(crate) fn removed_executions() -> KeyRange {
    KeyRange::prefix(&KeyWriter::new().u64(0).finish())
}

/// Executions that ended before the moment.
pub(crate) fn closed_executions_before(at: Timestamp) -> KeyRange {
    KeyRange::between(KeyWriter::new().u64(0).finish(), KeyWriter::new().u64(millis(at)).finish())
}

/// When an execution ended, and which; no moment where it is removed and its facts alone are left.
pub(crate) fn read_closed_execution(key: &[u8]) -> Option<(Option<Timestamp>, ExecutionArn)> {
    read_timer(key).map(|(at, arn)| (Some(at).filter(|at| at.0 > 0), arn))
}

pub(crate) fn fact(arn: &ExecutionArn, event: EventId, place: u64) -> Vec<u8> {
    KeyWriter::new().text(&arn.0).u64(event.0).u64(place).finish()
}

/// A payload that is stored apart from the facts that refer to it: behind all of them.
pub(crate) fn large_payload(arn: &ExecutionArn, number: u64) -> Vec<u8> {
    fact(arn, PAYLOADS, number)
}

/// The records that hold facts of the execution.
pub(crate) fn facts(arn: &ExecutionArn) -> KeyRange {
    KeyRange::between(fact(arn, EventId(0), 0), fact(arn, PAYLOADS, 0))
}

/// Everything in Facts that belongs to the execution.
pub(crate) fn facts_and_payloads(arn: &ExecutionArn) -> KeyRange {
    KeyRange::prefix(&KeyWriter::new().text(&arn.0).finish())
}

/// The records that begin before `event`.
pub(crate) fn facts_before(arn: &ExecutionArn, event: EventId) -> KeyRange {
    KeyRange { end: std::ops::Bound::Excluded(fact(arn, event, 0)), ..facts(arn) }
}

pub(crate) fn duty(kind: u64, arn: &str, number: u64) -> Vec<u8> {
    KeyWriter::new().u64(kind).text(arn).u64(number).finish()
}

pub(crate) fn timer(due: Timestamp, arn: &ExecutionArn) -> Vec<u8> {
    KeyWriter::new().u64(millis(due)).text(&arn.0).finish()
}

/// Timers due from `start`, included, to `end`, excluded.
pub(crate) fn timers(start: Timestamp, end: Timestamp) -> KeyRange {
    KeyRange::between(
        KeyWriter::new().u64(millis(start)).finish(),
        KeyWriter::new().u64(millis(end)).finish(),
    )
}

pub(crate) fn read_timer(key: &[u8]) -> Option<(Timestamp, ExecutionArn)> {
    let mut reader = KeyReader::new(key);
    let due = reader.u64().ok()?;
    let arn = reader.text().ok()?;
    Some((Timestamp(i64::try_from(due).ok()?), ExecutionArn(arn.into())))
}

pub(crate) fn map_run(arn: &MapRunArn, part: RunPart) -> Vec<u8> {
    KeyWriter::new().text(&arn.0).u64(part as u64).finish()
}

pub(crate) fn map_run_child(arn: &MapRunArn, place: u64) -> Vec<u8> {
    KeyWriter::new().text(&arn.0).u64(place).finish()
}

pub(crate) fn map_run_children(arn: &MapRunArn) -> KeyRange {
    KeyRange::prefix(&KeyWriter::new().text(&arn.0).finish())
}

/// The children of a Map Run from a place on.
pub(crate) fn map_run_children_from(arn: &MapRunArn, place: u64) -> KeyRange {
    KeyRange { start: std::ops::Bound::Included(map_run_child(arn, place)), ..map_run_children(arn) }
}

/// The place that a key of MapRunChildren names.
pub(crate) fn read_map_run_child(key: &[u8]) -> Option<u64> {
    let mut reader = KeyReader::new(key);
    reader.text().ok()?;
    reader.u64().ok()
}

/// Children of a Map Run stand in the index of executions as those of a machine of the run's ARN.
pub(crate) fn listed_under(run: &MapRunArn) -> StateMachineArn {
    StateMachineArn(run.0.clone())
}

pub(crate) fn map_run_of(execution: &ExecutionArn, started_at: Timestamp, arn: &MapRunArn) -> Vec<u8> {
    KeyWriter::new().text(&execution.0).newest_first(millis(started_at)).text(&arn.0).finish()
}

pub(crate) fn map_runs_of(execution: &ExecutionArn) -> KeyRange {
    KeyRange::prefix(&KeyWriter::new().text(&execution.0).finish())
}

/// The Map Run that a key of MapRunsByExecution names.
pub(crate) fn read_map_run_of(key: &[u8]) -> Option<MapRunArn> {
    let mut reader = KeyReader::new(key);
    reader.text().ok()?;
    reader.newest_first().ok()?;
    reader.text().ok().map(|arn| MapRunArn(arn.into()))
}

pub(crate) fn open_map_run(arn: &MapRunArn) -> Vec<u8> {
    KeyWriter::new().text(&arn.0).finish()
}

pub(crate) fn read_open_map_run(key: &[u8]) -> Option<MapRunArn> {
    KeyReader::new(key).text().ok().map(|arn| MapRunArn(arn.into()))
}

/// Times before 1970 sort as 1970.
fn millis(at: Timestamp) -> u64 {
    u64::try_from(at.0).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_read_back() {
        let arn = ExecutionArn("arn:aws:states:r:1:execution:m:e".into());
        let machine = StateMachineArn("arn:aws:states:r:1:stateMachine:m".into());
        let at = Timestamp(1_700_000_000_123);
        assert_eq!(read_timer(&timer(at, &arn)), Some((at, arn.clone())));
        assert_eq!(read_closed_execution(&closed_execution(at, &arn)), Some((Some(at), arn.clone())));
        assert_eq!(read_closed_execution(&removed_execution(&arn)), Some((None, arn.clone())));
        let early = closed_execution(Timestamp(0), &arn);
        assert_eq!(read_closed_execution(&early), Some((Some(Timestamp(1)), arn.clone())));
        for part in Part::ALL {
            assert_eq!(read_execution(&execution(&arn, part)), Some((arn.clone(), part)));
        }
        assert_eq!(read_by_machine(&by_machine(&machine, at, &arn)), Some(arn.clone()));
        let run = MapRunArn("arn:aws:states:r:1:mapRun:m/l:u".into());
        assert_eq!(read_map_run_of(&map_run_of(&arn, at, &run)), Some(run.clone()));
        assert_eq!(read_map_run_child(&map_run_child(&run, 7)), Some(7));
        assert_eq!(read_open_map_run(&open_map_run(&run)), Some(run));
        assert_eq!(read_open_execution(&open_execution(&arn)), Some(arn));
    }

    #[test]
    fn facts_sort_by_event_and_then_by_place() {
        let arn = ExecutionArn("arn:x".into());
        let keys: Vec<Vec<u8>> = [(0, 1), (1, 0), (1, 1), (2, 0), (255, 0), (256, 0)]
            .map(|(e, p)| fact(&arn, EventId(e), p))
            .into();
        assert!(keys.is_sorted());
        let last = keys.last().unwrap().clone();
        assert!(last < large_payload(&arn, 0));
    }
}
