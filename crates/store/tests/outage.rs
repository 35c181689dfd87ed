//! A store whose disk fails under it: nothing acknowledged is lost, nothing is acknowledged that is not there, reads go on,
//! and it comes back in place.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stderr)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};
use store::{Batch, Direction, EmbeddedOptions, EmbeddedStore, KeyRange, Store, StoreError, Table, Walk};

fn open(path: &Path) -> EmbeddedStore {
    EmbeddedStore::open(path, &EmbeddedOptions::default()).unwrap()
}

fn batch(number: u64, bytes: usize) -> Batch {
    let mut batch = Batch::new();
    batch.put(Table::Facts, number.to_be_bytes(), vec![7; bytes]);
    batch.put(Table::Timers, number.to_be_bytes(), Vec::new());
    batch
}

/// The numbers of the batches that are there; each must be there whole.
fn numbers(store: &EmbeddedStore) -> Vec<u64> {
    let of = |table| -> Vec<u64> {
        Walk::new(store, table, KeyRange::all(), Direction::Forward)
            .map(|record| u64::from_be_bytes(record.unwrap().0.try_into().unwrap()))
            .collect()
    };
    let numbers = of(Table::Facts);
    assert_eq!(numbers, of(Table::Timers), "a batch is there in part");
    numbers
}

fn newest_journal(dir: &Path) -> PathBuf {
    let mut journals: Vec<_> = fs::read_dir(dir.join("db")).unwrap().map(|e| e.unwrap().path()).collect();
    journals.retain(|path| path.extension().is_some_and(|extension| extension == "jnl"));
    journals.sort();
    journals.pop().unwrap()
}

/// A small file system in memory, unmounted when it is dropped; `None` where mounting is not permitted.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount(megabytes: usize) -> Option<SmallDisk> {
        let dir = tempfile::tempdir().unwrap();
        let size = format!("size={megabytes}m");
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(dir.path()).output();
        if mounted.is_ok_and(|mounted| mounted.status.success()) {
            return Some(SmallDisk(dir));
        }
        eprintln!("SKIPPED: no file system can be mounted here, so no disk can be filled");
        None
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

#[test]
fn a_full_disk_loses_nothing_and_writing_goes_on_when_there_is_room() {
    let Some(disk) = SmallDisk::mount(24) else { return };
    let dir = disk.0.path().join("data");
    let store = open(&dir);
    let mut acknowledged = Vec::new();
    for number in 0..10 {
        store.commit(batch(number, 1000)).unwrap();
        acknowledged.push(number);
    }
    let ballast = disk.0.path().join("ballast");
    let _ = fs::write(&ballast, vec![1; 64 * 1024 * 1024]);
    // Small ones still fit into what was left of the last page; large ones do not.
    let mut failed = None;
    for number in 10..1000 {
        match store.commit(batch(number, 100_000)) {
            Ok(()) => acknowledged.push(number),
            Err(error) => {
                failed = Some((number, error));
                break;
            }
        }
    }
    let (lost, error) = failed.unwrap();
    assert!(error.is_outage(), "{error}");
    assert!(error.to_string().contains("No space left on device"), "{error}");
    for round in 0..3 {
        assert_eq!(numbers(&store), acknowledged, "reads go on");
        let error = store.commit(batch(lost + 1, 10)).unwrap_err();
        assert!(matches!(error, StoreError::Poisoned { .. }), "{round}: {error}");
        let error = store.reopen().unwrap_err();
        assert!(error.to_string().contains("No space left on device"), "{error}");
    }
    fs::remove_file(&ballast).unwrap();
    store.reopen().unwrap();
    // The one whose commit failed is there whole or not at all.
    let mut found = numbers(&store);
    found.retain(|number| *number != lost);
    assert_eq!(found, acknowledged);
    for number in 2000..2010 {
        store.commit(batch(number, 1000)).unwrap();
        acknowledged.push(number);
    }
    drop(store);
    let mut found = numbers(&open(&dir));
    found.retain(|number| *number != lost);
    assert_eq!(found, acknowledged);
}

#[test]
fn a_directory_that_was_moved_away_is_not_written_to_until_it_is_back() {
    let place = tempfile::tempdir().unwrap();
    let (dir, away) = (place.path().join("data"), place.path().join("away"));
    let store = open(&dir);
    store.commit(batch(1, 100)).unwrap();
    fs::rename(&dir, &away).unwrap();
    let error = store.commit(batch(2, 100)).unwrap_err();
    assert!(matches!(error, StoreError::TakenAway { .. }), "{error}");
    assert!(store.reopen().is_err());
    assert!(!dir.exists(), "no empty directory takes its place");
    // Not even another one that looks like it.
    drop(open(&dir));
    assert!(matches!(store.reopen(), Err(StoreError::TakenAway { .. })));
    fs::remove_dir_all(&dir).unwrap();
    fs::rename(&away, &dir).unwrap();
    store.reopen().unwrap();
    store.commit(batch(3, 100)).unwrap();
    drop(store);
    let mut found = numbers(&open(&dir));
    found.retain(|number| *number != 2);
    assert_eq!(found, [1, 3]);
}

#[test]
fn a_directory_or_journal_that_was_removed_stops_the_writing() {
    for what in ["db", "journal", "LOCK"] {
        let place = tempfile::tempdir().unwrap();
        let dir = place.path().join("data");
        let store = open(&dir);
        store.commit(batch(1, 100)).unwrap();
        match what {
            "journal" => fs::remove_file(newest_journal(&dir)).unwrap(),
            "db" => fs::remove_dir_all(dir.join(what)).unwrap(),
            _ => fs::remove_file(dir.join(what)).unwrap(),
        }
        let error = store.commit(batch(2, 100)).unwrap_err();
        assert!(matches!(error, StoreError::TakenAway { .. }), "{what}: {error}");
        assert!(store.reopen().is_err(), "{what}");
        assert_eq!(numbers(&store)[0], 1, "{what}: what is in memory can still be read");
    }
}

#[test]
fn a_journal_that_was_cut_short_under_the_store_stops_the_writing_and_is_not_taken_for_torn() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    for number in 1..=3 {
        store.commit(batch(number, 100)).unwrap();
    }
    fs::OpenOptions::new().write(true).open(newest_journal(dir.path())).unwrap().set_len(50).unwrap();
    // Large enough to make up for what is missing.
    let error = store.commit(batch(4, 10_000)).unwrap_err();
    assert!(error.to_string().contains("was cut short"), "{error}");
    // Batch 4 stands behind the hole, which proves that there was more.
    assert!(matches!(store.reopen(), Err(StoreError::DamagedFile { .. })));
    assert_eq!(numbers(&store)[..3], [1, 2, 3], "what is in memory can still be read");
    drop(store);
    let error = EmbeddedStore::open(dir.path(), &EmbeddedOptions::default()).unwrap_err();
    assert!(error.to_string().contains("restore the data directory from a backup"), "{error}");
}

#[test]
fn reopening_a_store_that_did_not_fail_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    store.commit(batch(1, 100)).unwrap();
    store.reopen().unwrap();
    store.commit(batch(2, 100)).unwrap();
    assert_eq!(numbers(&store), [1, 2]);
}

#[test]
fn a_failed_write_is_settled_by_the_next_process_too() {
    use std::os::unix::fs::MetadataExt as _;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("data");
    let store = open(&path);
    store.commit(batch(1, 100)).unwrap();
    let journal = newest_journal(&path);
    let whole = fs::read(&journal).unwrap();
    // The write fails, and the process ends before it could open the store again.
    fs::write(&journal, b"").unwrap();
    store.commit(batch(2, 100)).unwrap_err();
    drop(store);
    assert!(path.join("UNSETTLED").exists());
    fs::write(&journal, whole).unwrap();
    let inode = || fs::metadata(newest_journal(&path)).unwrap().ino();
    let before = inode();
    let store = open(&path);
    assert_eq!(numbers(&store), [1]);
    assert_ne!(inode(), before, "a new file, whose every block was synced");
    assert!(!path.join("UNSETTLED").exists());
    drop(store);
    let before = inode();
    assert_eq!(numbers(&open(&path)), [1]);
    assert_eq!(inode(), before);
}
