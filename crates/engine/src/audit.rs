//! What must hold of everything that is stored, whatever happened: each record has what it belongs to.

use crate::error::EngineError;
use crate::fact_log::FactLog;
use crate::keys::{self, Part, RunPart};
use crate::map_runs;
use crate::records::{Closing, Opening};
use crate::retention::Removals;
use machine::Execution;
use model::{ExecutionArn, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use store::{Direction, KeyRange, Record, Store, Table, Walk};

/// Looks through a store to which nobody writes meanwhile, and gives what is wrong in it, a sentence each:
///
/// * an execution is marked as open where it has begun and has not ended, and nowhere else;
/// * every timer belongs to an open execution that waits for that moment, which has one, and no execution waits without;
/// * facts belong to an execution, or to one whose removal is under way;
/// * a Map Run that is marked as open has begun, and so has its execution.
///
/// # Errors
/// When something cannot be read.
pub fn audit(store: &dyn Store) -> Result<Vec<String>, EngineError> {
    let mut problems = Vec::new();
    let open: BTreeSet<ExecutionArn> = all(store, Table::OpenExecutions)
        .map(|record| Ok(keys::read_open_execution(&record?.0)))
        .filter_map(Result::transpose)
        .collect::<Result<_, EngineError>>()?;
    let known = known_executions(store)?;
    for arn in known.iter().filter(|(_, has_ended)| !**has_ended).map(|(arn, _)| arn) {
        if !open.contains(arn) {
            problems.push(format!("{arn} has begun, has not ended, and is not marked as open"));
        }
    }
    let mut timers = timers(store)?;
    for arn in &open {
        match known.get(arn) {
            Some(false) => {}
            Some(true) => problems.push(format!("{arn} has ended and is marked as open")),
            None => problems.push(format!("{arn} is marked as open and never began")),
        }
        let owed = Execution::rebuild(&FactLog::new(store, arn).all()?).next_timer();
        let set = timers.remove(arn).unwrap_or_default();
        if set != Vec::from_iter(owed) {
            problems.push(format!("{arn} waits until {owed:?}, and its timers are {set:?}"));
        }
    }
    for (arn, due) in timers {
        problems.push(format!("the timers {due:?} of {arn} have no owner: it is not open"));
    }
    let removals = Removals::read(store)?;
    let mut last = None;
    for record in all(store, Table::Facts) {
        let Some(arn) = keys::read_fact_owner(&record?.0) else { continue };
        if last.as_ref() != Some(&arn) && !known.contains_key(&arn) && !removals.has(&arn) {
            problems.push(format!("there are facts of {arn}, which never began"));
        }
        last = Some(arn);
    }
    audit_map_runs(store, &mut problems)?;
    Ok(problems)
}

/// The executions that have begun, and whether they have ended.
fn known_executions(store: &dyn Store) -> Result<BTreeMap<ExecutionArn, bool>, EngineError> {
    let mut known = BTreeMap::new();
    for record in all(store, Table::Executions) {
        if let Some((arn, Part::Opening)) = keys::read_execution(&record?.0) {
            let has_ended = Closing::read(store, &arn)?.is_some();
            known.insert(arn, has_ended);
        }
    }
    Ok(known)
}

fn timers(store: &dyn Store) -> Result<BTreeMap<ExecutionArn, Vec<Timestamp>>, EngineError> {
    let mut timers: BTreeMap<ExecutionArn, Vec<Timestamp>> = BTreeMap::new();
    for record in all(store, Table::Timers) {
        if let Some((due, arn)) = keys::read_timer(&record?.0) {
            timers.entry(arn).or_default().push(due);
        }
    }
    Ok(timers)
}

fn audit_map_runs(store: &dyn Store, problems: &mut Vec<String>) -> Result<(), EngineError> {
    for record in all(store, Table::OpenMapRuns) {
        let Some(arn) = keys::read_open_map_run(&record?.0) else { continue };
        match map_runs::read_opening(store, &arn)? {
            None => problems.push(format!("{arn} is marked as open and never began")),
            Some(execution) if Opening::read(store, &execution)?.is_none() => {
                problems.push(format!("{arn} belongs to {execution}, which never began"));
            }
            Some(_) => {}
        }
        if store.get(Table::MapRuns, &keys::map_run(&arn, RunPart::Settings))?.is_none() {
            problems.push(format!("{arn} is open and has no settings"));
        }
    }
    Ok(())
}

fn all(store: &dyn Store, table: Table) -> impl Iterator<Item = Result<Record, EngineError>> + '_ {
    Walk::new(store, table, KeyRange::all(), Direction::Forward).map(|record| Ok(record?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::MapRunArn;
    use store::{Batch, MemoryStore};

    #[test]
    fn what_belongs_to_nothing_is_named() {
        let store = MemoryStore::new();
        assert_eq!(audit(&store).unwrap(), Vec::<String>::new());
        let arn = |name: &str| ExecutionArn(format!("arn:{name}").into());
        let mut batch = Batch::new();
        batch.put(Table::OpenExecutions, keys::open_execution(&arn("open")), Vec::new());
        batch.put(Table::Timers, keys::timer(Timestamp(7), &arn("timed")), Vec::new());
        let run = MapRunArn("arn:run".into());
        batch.put(Table::OpenMapRuns, keys::open_map_run(&run), Vec::new());
        store.commit(batch).unwrap();
        let problems = audit(&store).unwrap().join("\n");
        for problem in
            ["arn:open is marked as open", "of arn:timed have no owner", "arn:run is marked as open"]
        {
            assert!(problems.contains(problem), "{problem} in {problems}");
        }
    }
}
