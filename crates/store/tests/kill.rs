//! `kill -9` at random moments: every acknowledged batch is there whole, and no batch is there in part.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{BuildHasher, RandomState},
    io::{BufRead, BufReader, Write as _},
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    thread,
    time::Duration,
};

use store::{
    Batch, Direction, EmbeddedOptions, EmbeddedStore, GroupCommit, GroupCommitOptions, KeyRange, Store,
    Table, Walk,
};

const DIR: &str = "STEPWRIGHT_KILL_DIR";
const ROUNDS: &str = "STEPWRIGHT_KILL_ROUNDS";
const DEFAULT_ROUNDS: u64 = 5;
/// A directory is used for so many rounds, so that a long test does not spend its time reading.
const ROUNDS_PER_DIR: u64 = 5;
const MAX_LIFE: Duration = Duration::from_millis(150);
const PARTS: u64 = 5;
const TABLES: [Table; 2] = [Table::Facts, Table::Executions];

fn open(dir: &Path) -> EmbeddedStore {
    EmbeddedStore::open(dir, &EmbeddedOptions::default()).unwrap()
}

fn key(number: u64, part: u64) -> Vec<u8> {
    [number.to_be_bytes(), part.to_be_bytes()].concat()
}

/// Of a length that varies, so that batches end everywhere in a page of the disk.
fn value(number: u64, part: u64) -> Vec<u8> {
    format!("{number}/{part} ").repeat(1 + (number * 7 % 40) as usize).into_bytes()
}

fn numbered_batch(number: u64) -> Batch {
    let mut batch = Batch::new();
    for part in 0..PARTS {
        batch.put(TABLES[usize::from(part >= 3)], key(number, part), value(number, part));
    }
    // Every batch overwrites this one, so an order that was lost would show.
    batch.put(Table::Meta, *b"latest", number.to_be_bytes());
    batch
}

/// The numbers of the batches in a store, after checks that each is whole and that the latest is the greatest.
fn whole_batches(store: &EmbeddedStore) -> BTreeSet<u64> {
    let mut parts = BTreeMap::<u64, u64>::new();
    for table in TABLES {
        for record in Walk::new(store, table, KeyRange::all(), Direction::Forward) {
            let (found, content) = record.unwrap();
            let number = u64::from_be_bytes(found[..8].try_into().unwrap());
            let part = u64::from_be_bytes(found[8..].try_into().unwrap());
            assert_eq!(content, value(number, part));
            *parts.entry(number).or_default() += 1;
        }
    }
    let in_part: Vec<_> = parts.iter().filter(|(_, parts)| **parts != PARTS).collect();
    assert!(in_part.is_empty(), "batches are there in part: {in_part:?}");
    let latest = store.get(Table::Meta, b"latest").unwrap().map(|value| value.as_slice().try_into().unwrap());
    assert_eq!(latest.map(u64::from_be_bytes), parts.keys().next_back().copied());
    parts.into_keys().collect()
}

/// The child: does nothing as a test of its own; started by the parent, it commits until it is killed.
#[test]
fn commits_until_killed() {
    let Some(dir) = std::env::var_os(DIR) else { return };
    let store = Arc::new(open(Path::new(&dir)));
    let first = whole_batches(&store).last().map_or(0, |last| last + 1);
    let commits = GroupCommit::start(store, &GroupCommitOptions::default()).unwrap();
    for number in first.. {
        let acknowledge = move |outcome: Result<(), store::StoreError>| {
            outcome.unwrap();
            // One write for the line, so that it is never there in part.
            std::io::stderr().write_all(format!("ack {number}\n").as_bytes()).unwrap();
        };
        if number % 50 == 0 {
            commits.commit(numbered_batch(number)).unwrap();
            acknowledge(Ok(()));
        } else {
            commits.submit(numbered_batch(number), Box::new(acknowledge)).unwrap();
        }
    }
}

fn start_child(dir: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "commits_until_killed", "--nocapture", "--test-threads=1"])
        .env(DIR, dir)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Kills the child a while after its first acknowledgement, and gives the numbers that it acknowledged.
fn run_and_kill(dir: &Path, life: Duration) -> BTreeSet<u64> {
    let mut child = start_child(dir);
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let mut acknowledged = BTreeSet::new();
    let mut take = |line: String| match line.strip_prefix("ack ").map(str::parse) {
        Some(Ok(number)) => acknowledged.insert(number),
        _ => panic!("the child says {line:?}"),
    };
    take(lines.next().unwrap());
    let killer = thread::spawn(move || {
        // The moment of the kill is the point of the test, not a wait for something.
        thread::sleep(life);
        child.kill().unwrap();
        child.wait().unwrap();
    });
    for line in lines {
        take(line);
    }
    killer.join().unwrap();
    acknowledged
}

#[test]
fn what_was_acknowledged_survives_kill_and_nothing_is_there_in_part() {
    let rounds = std::env::var(ROUNDS).map_or(DEFAULT_ROUNDS, |rounds| rounds.parse().unwrap());
    let mut dir = tempfile::tempdir().unwrap();
    let mut acknowledged = BTreeSet::new();
    let (mut total, mut torn) = (0, 0);
    for round in 0..rounds {
        if round % ROUNDS_PER_DIR == 0 {
            dir = tempfile::tempdir().unwrap();
            acknowledged.clear();
        }
        let random = RandomState::new().hash_one(round);
        let life = Duration::from_micros(random % MAX_LIFE.as_micros() as u64);
        let fresh = run_and_kill(dir.path(), life);
        let count = fresh.len();
        total += count;
        acknowledged.extend(fresh);
        let store = open(dir.path());
        torn += u64::from(store.recovery().torn_bytes_dropped > 0);
        let found = whole_batches(&store);
        let lost: Vec<_> = acknowledged.difference(&found).collect();
        assert!(lost.is_empty(), "round {round}, killed after {life:?}: lost {lost:?}");
        println!(
            "round {round}: killed {life:?} after the first of {count} acknowledgements, {} found",
            found.len()
        );
    }
    println!("{rounds} rounds, {total} batches acknowledged, a torn batch dropped in {torn} rounds");
}
