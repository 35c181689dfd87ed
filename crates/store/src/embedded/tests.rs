use std::{
    fs,
    path::{Path, PathBuf},
};

use super::*;
use crate::port::Walk;

fn open(path: &Path) -> Result<EmbeddedStore, StoreError> {
    EmbeddedStore::open(path, &EmbeddedOptions::default())
}

/// Five records in two tables, which must be found together or not at all.
fn numbered_batch(number: u64) -> Batch {
    let mut batch = Batch::new();
    for part in 0..5_u64 {
        let table = if part < 3 { Table::Facts } else { Table::Timers };
        let key = [number.to_be_bytes(), part.to_be_bytes()].concat();
        batch.put(table, key, number.to_string().repeat(7));
    }
    batch
}

/// The numbers of the batches in a store, after a check that each is whole.
fn whole_batches_of(store: &EmbeddedStore) -> Vec<u64> {
    let mut parts = std::collections::BTreeMap::<u64, usize>::new();
    for table in [Table::Facts, Table::Timers] {
        for record in Walk::new(store, table, KeyRange::all(), Direction::Forward) {
            let (key, value) = record.unwrap();
            let number = u64::from_be_bytes(key[..8].try_into().unwrap());
            assert_eq!(value, number.to_string().repeat(7).into_bytes());
            *parts.entry(number).or_default() += 1;
        }
    }
    assert!(parts.values().all(|parts| *parts == 5), "a batch is there in part: {parts:?}");
    parts.into_keys().collect()
}

fn copy_dir(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_dir(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn newest_journal(dir: &Path) -> PathBuf {
    let mut journals: Vec<_> = fs::read_dir(dir.join("db"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "jnl"))
        .collect();
    journals.sort();
    journals.pop().unwrap()
}

/// A closed directory with batches 1, 2 and 3, and where in the newest journal each of them ends.
fn three_batches() -> (tempfile::TempDir, Vec<usize>) {
    let dir = tempfile::tempdir().unwrap();
    let written = || {
        let content = fs::read(newest_journal(dir.path())).unwrap();
        content.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1)
    };
    let store = open(dir.path()).unwrap();
    let mut ends = vec![];
    for number in 1..=3 {
        store.commit(numbered_batch(number)).unwrap();
        ends.push(written());
    }
    drop(store);
    // Without the zeros that the journal is filled with in advance, so that copies are small.
    fs::OpenOptions::new()
        .write(true)
        .open(newest_journal(dir.path()))
        .unwrap()
        .set_len(ends[2] as u64)
        .unwrap();
    (dir, ends)
}

/// Opens a copy of the directory with a changed newest journal.
fn open_with_journal(
    dir: &Path,
    change: impl FnOnce(&mut Vec<u8>),
) -> (tempfile::TempDir, Result<EmbeddedStore, StoreError>) {
    let copy = tempfile::tempdir().unwrap();
    copy_dir(dir, copy.path());
    let journal = newest_journal(copy.path());
    let mut content = fs::read(&journal).unwrap();
    change(&mut content);
    fs::write(&journal, content).unwrap();
    let store = open(copy.path());
    (copy, store)
}

#[test]
fn a_last_batch_cut_off_anywhere_is_dropped_whole() {
    let (dir, ends) = three_batches();
    for len in (ends[1]..ends[2]).step_by(23).chain([ends[1] + 1, ends[2] - 1]) {
        let (copy, store) = open_with_journal(dir.path(), |content| content.truncate(len));
        let store = store.unwrap();
        assert_eq!(store.recovery().torn_bytes_dropped > 0, len > ends[1]);
        assert_eq!(whole_batches_of(&store), [1, 2], "cut at {len} of {ends:?}");
        // What is written after the cut is there after the next opening.
        store.commit(numbered_batch(4)).unwrap();
        drop(store);
        let store = open(copy.path()).unwrap();
        assert_eq!(store.recovery(), Recovery::default());
        assert_eq!(whole_batches_of(&store), [1, 2, 4]);
    }
}

#[test]
fn a_last_batch_with_a_hole_of_zeros_is_dropped_whole() {
    let (dir, ends) = three_batches();
    for at in (ends[1]..ends[2] - 40).step_by(31) {
        let (_copy, store) = open_with_journal(dir.path(), |content| content[at..at + 40].fill(0));
        assert_eq!(whole_batches_of(&store.unwrap()), [1, 2], "hole at {at} of {ends:?}");
    }
}

#[test]
fn a_last_batch_with_a_changed_byte_is_dropped_or_kept_whole() {
    let (dir, ends) = three_batches();
    // The batch's own sequence number, bytes 5 to 12, is not covered by its checksum.
    for at in (ends[1]..ends[1] + 30).chain((ends[1]..ends[2]).step_by(29)).chain([ends[2] - 1]) {
        let (_copy, store) = open_with_journal(dir.path(), |content| content[at] ^= 0x5a);
        let kept = whole_batches_of(&store.unwrap());
        let is_sequence = (ends[1] + 5..ends[1] + 13).contains(&at);
        assert!(kept == [1, 2] || (is_sequence && kept == [1, 2, 3]), "{kept:?}, byte {at} of {ends:?}");
    }
}

#[test]
fn damage_before_the_last_batch_is_refused_and_nothing_is_changed() {
    let (dir, ends) = three_batches();
    let middle = usize::midpoint(ends[0], ends[1]);
    for at in [ends[0], ends[0] + 2, ends[0] + 14, middle, ends[1] - 1] {
        let mut damaged = vec![];
        let (copy, store) = open_with_journal(dir.path(), |content| {
            content[at] ^= 0xff;
            damaged.clone_from(content);
        });
        let message = store.unwrap_err().to_string();
        assert!(message.contains("is damaged") && message.contains("restore"), "{message}");
        assert!(message.contains(&format!("byte {}", ends[0])), "{message}, byte {at} of {ends:?}");
        assert_eq!(fs::read(newest_journal(copy.path())).unwrap(), damaged);
    }
}

#[test]
fn a_torn_batch_is_found_behind_a_blank_journal() {
    let (dir, ends) = three_batches();
    let torn = newest_journal(dir.path());
    fs::OpenOptions::new().write(true).open(&torn).unwrap().set_len(ends[2] as u64 - 1).unwrap();
    fs::write(torn.with_file_name("1.jnl"), [0; 4096]).unwrap();
    let store = open(dir.path()).unwrap();
    assert!(store.recovery().torn_bytes_dropped > 0);
    assert_eq!(whole_batches_of(&store), [1, 2]);
}

#[test]
fn a_directory_in_use_is_refused_with_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).unwrap();
    let message = open(dir.path()).unwrap_err().to_string();
    assert!(message.contains(&dir.path().display().to_string()), "{message}");
    assert!(message.contains("in use by another stepwright process: stop that process"), "{message}");
    drop(store);
    assert!(open(dir.path()).is_ok());
}

#[test]
fn a_newer_format_is_refused_and_an_unreadable_one_too() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()).unwrap());
    let format = dir.path().join("FORMAT");
    assert_eq!(fs::read_to_string(&format).unwrap(), "stepwright-store 1\n");

    fs::write(&format, "stepwright-store 2\n").unwrap();
    assert!(matches!(open(dir.path()), Err(StoreError::NewerFormat { found: 2, supported: 1, .. })));
    fs::write(&format, "stepwright-store 0\n").unwrap();
    assert!(matches!(open(dir.path()), Err(StoreError::DamagedFile { .. })));
    fs::write(&format, "something else").unwrap();
    assert!(matches!(open(dir.path()), Err(StoreError::DamagedFile { .. })));
    fs::remove_file(&format).unwrap();
    assert!(matches!(open(dir.path()), Err(StoreError::DamagedFile { .. })));
}

#[test]
fn a_creation_that_was_interrupted_starts_over() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("db.new/keyspaces")).unwrap();
    fs::write(dir.path().join("db.new/0.jnl"), [0; 64]).unwrap();
    fs::write(dir.path().join("FORMAT.new"), "step").unwrap();
    let store = open(dir.path()).unwrap();
    assert!(store.recovery().created);
    store.commit(numbered_batch(1)).unwrap();
    drop(store);
    let store = open(dir.path()).unwrap();
    assert!(!store.recovery().created);
    assert_eq!(whole_batches_of(&store), [1]);
}

/// The database orders writes of one batch by nothing but their key, so this is ours to keep.
#[test]
fn the_last_of_many_writes_to_a_key_survives_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).unwrap();
    let mut batch = Batch::new();
    for round in 0..100_u8 {
        batch.put(Table::Meta, *b"kept", [round]);
        batch.put(Table::Meta, *b"gone", [round]);
        batch.delete(Table::Meta, *b"gone");
        batch.delete(Table::Meta, *b"kept");
    }
    batch.put(Table::Meta, *b"kept", *b"last");
    store.commit(batch).unwrap();
    let check = |store: &EmbeddedStore| {
        assert_eq!(store.get(Table::Meta, b"kept").unwrap().as_deref(), Some(b"last".as_slice()));
        assert_eq!(store.get(Table::Meta, b"gone").unwrap(), None);
    };
    check(&store);
    drop(store);
    check(&open(dir.path()).unwrap());
}

#[test]
fn after_a_failure_the_last_journal_is_written_anew_without_its_torn_end() {
    use std::os::unix::fs::MetadataExt as _;
    let (dir, ends) = three_batches();
    let path = newest_journal(dir.path());
    let before = fs::read(&path).unwrap();
    let inode = fs::metadata(&path).unwrap().ino();
    fs::write(&path, [&before[..ends[2]], &before[..ends[0] - 3]].concat()).unwrap();
    journal::settle(&dir.path().join("db")).unwrap();
    assert_eq!(fs::read(&path).unwrap(), before[..ends[2]]);
    assert_ne!(fs::metadata(&path).unwrap().ino(), inode, "a new file, whose every block was synced");
    assert_eq!(whole_batches_of(&open(dir.path()).unwrap()), [1, 2, 3]);
}
