//! Much writing: the journals stay small, and everything is there when the directory is opened again.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking"
)]

use std::path::Path;

use store::{Batch, Direction, EmbeddedOptions, EmbeddedStore, KeyRange, Store, Table, Walk};

const KEYS: u64 = 1_000;
const ROUNDS: u64 = 4;
const VALUE_BYTES: usize = 32 * 1024;
const MAX_JOURNALS_BYTES: u64 = 200 * 1024 * 1024;

fn open(dir: &Path) -> EmbeddedStore {
    EmbeddedStore::open(dir, &EmbeddedOptions::default()).unwrap()
}

fn value(key: u64, round: u64) -> Vec<u8> {
    vec![(key ^ round) as u8; VALUE_BYTES]
}

fn journals_bytes(dir: &Path) -> u64 {
    let entries = std::fs::read_dir(dir.join("db")).unwrap().map(Result::unwrap);
    entries
        .filter(|entry| entry.path().extension().is_some_and(|extension| extension == "jnl"))
        // A journal that is deleted meanwhile takes no place.
        .filter_map(|entry| entry.metadata().ok())
        .map(|metadata| metadata.len())
        .sum()
}

#[test]
fn after_much_writing_the_journals_are_bounded_and_every_last_value_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    // Written once, this record would hold back the first journal for ever.
    let mut rare = Batch::new();
    rare.put(Table::StateMachines, *b"rare", *b"kept");
    store.commit(rare).unwrap();
    for round in 0..ROUNDS {
        for start in (0..KEYS).step_by(50) {
            let mut batch = Batch::new();
            for key in start..start + 50 {
                batch.put(Table::Facts, key.to_be_bytes(), value(key, round));
                batch.put(Table::Timers, [round.to_be_bytes(), key.to_be_bytes()].concat(), *b"");
                if round > 0 {
                    batch.delete(Table::Timers, [(round - 1).to_be_bytes(), key.to_be_bytes()].concat());
                }
            }
            store.commit(batch).unwrap();
            let bytes = journals_bytes(dir.path());
            assert!(bytes <= MAX_JOURNALS_BYTES, "the journals hold {bytes} bytes in round {round}");
        }
    }
    drop(store);
    let store = open(dir.path());
    assert_eq!(store.get(Table::StateMachines, b"rare").unwrap().as_deref(), Some(b"kept".as_slice()));
    let facts = Walk::new(&store, Table::Facts, KeyRange::all(), Direction::Forward).map(Result::unwrap);
    assert!(facts.eq((0..KEYS).map(|key| (key.to_be_bytes().to_vec(), value(key, ROUNDS - 1)))));
    let timers = Walk::new(&store, Table::Timers, KeyRange::all(), Direction::Forward).map(Result::unwrap);
    assert!(
        timers
            .map(|(key, _)| key)
            .eq((0..KEYS).map(|key| [(ROUNDS - 1).to_be_bytes(), key.to_be_bytes()].concat()))
    );
}
