//! The conformance suite: what every implementation of [`Store`] must pass. Each function is one case and panics when
//! the store breaks the contract; [`conformance!`](crate::conformance) makes a test of each.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a failed expectation is what a case reports"
)]

use std::{
    ops::Bound,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use crate::{
    Batch, Direction, KeyRange, KeyWriter, MAX_KEY_BYTES, MAX_SCAN_BYTES, MAX_SCAN_RECORDS, MAX_VALUE_BYTES,
    Page, Store, StoreError, Table, Walk,
};

/// Makes a module of tests, one per case, for a store. The expression opens the same place each time it is evaluated
/// and gives an `Arc<dyn Store>`; `durable` says whether what was committed is there when it is opened again.
///
/// ```
/// store::conformance!(memory, durable: false, || {
///     || std::sync::Arc::new(store::MemoryStore::new()) as std::sync::Arc<dyn store::Store>
/// });
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! conformance {
    ($name:ident, durable: $durable:literal, $place:expr) => {
        mod $name {
            use super::*;
            $crate::conformance!(@cases $place;
                what_was_written_is_read_back_from_its_table_alone,
                the_last_write_to_a_key_wins,
                deleting_removes_and_is_no_error_for_a_missing_key,
                a_batch_with_an_invalid_write_changes_nothing,
                an_empty_batch_is_no_error,
                an_empty_key_is_never_there,
                the_longest_key_and_a_large_value_are_kept,
                keys_are_ordered_as_bytes,
                bounds_hold_in_both_directions,
                an_empty_range_gives_nothing,
                a_prefix_range_holds_the_prefixed_alone,
                a_limit_ends_the_page_and_says_whether_there_is_more,
                a_scan_is_bounded_whatever_the_limit,
                a_walk_visits_every_record_once,
                readers_see_batches_whole_and_in_order,
                writers_beside_each_other_lose_nothing,
            );

            #[test]
            fn what_was_committed_is_there_when_opened_again() {
                let open = ($place)();
                if $durable {
                    $crate::suite::what_was_committed_is_there_when_opened_again(open);
                } else {
                    $crate::suite::nothing_is_there_when_opened_again(open);
                }
            }
        }
    };
    (@cases $place:expr; $($case:ident,)*) => {
        $(
            #[test]
            fn $case() {
                let open = ($place)();
                $crate::suite::$case(open());
            }
        )*
    };
}

fn put(store: &dyn Store, table: Table, records: &[(&[u8], &[u8])]) {
    let mut batch = Batch::new();
    for (key, value) in records {
        batch.put(table, *key, *value);
    }
    store.commit(batch).unwrap();
}

fn keys(page: &Page) -> Vec<&[u8]> {
    page.records.iter().map(|(key, _)| key.as_slice()).collect()
}

fn all(store: &dyn Store, table: Table) -> Page {
    store.scan(table, KeyRange::all(), Direction::Forward, usize::MAX).unwrap()
}

/// Case.
pub fn what_was_written_is_read_back_from_its_table_alone(store: Arc<dyn Store>) {
    for table in Table::ALL {
        assert_eq!(store.get(table, b"key").unwrap(), None);
        put(&*store, table, &[(b"key", table.name().as_bytes()), (b"empty", b"")]);
    }
    for table in Table::ALL {
        assert_eq!(store.get(table, b"key").unwrap().as_deref(), Some(table.name().as_bytes()));
        assert_eq!(store.get(table, b"empty").unwrap().as_deref(), Some(b"".as_slice()));
        assert_eq!(store.get(table, b"ke").unwrap(), None);
        assert_eq!(keys(&all(&*store, table)), [b"empty".as_slice(), b"key"]);
    }
}

/// Case.
pub fn the_last_write_to_a_key_wins(store: Arc<dyn Store>) {
    let key = b"key".as_slice();
    put(&*store, Table::Meta, &[(key, b"1"), (key, b"2")]);
    assert_eq!(store.get(Table::Meta, key).unwrap().as_deref(), Some(b"2".as_slice()));
    put(&*store, Table::Meta, &[(key, b"3")]);
    assert_eq!(store.get(Table::Meta, key).unwrap().as_deref(), Some(b"3".as_slice()));

    let mut deleted_last = Batch::new();
    deleted_last.put(Table::Meta, key, *b"4");
    deleted_last.delete(Table::Meta, key);
    store.commit(deleted_last).unwrap();
    assert_eq!(store.get(Table::Meta, key).unwrap(), None);

    let mut put_last = Batch::new();
    put_last.delete(Table::Meta, key);
    put_last.put(Table::Meta, key, *b"5");
    store.commit(put_last).unwrap();
    assert_eq!(all(&*store, Table::Meta).records, [(key.to_vec(), b"5".to_vec())]);
}

/// Case.
pub fn deleting_removes_and_is_no_error_for_a_missing_key(store: Arc<dyn Store>) {
    put(&*store, Table::Timers, &[(b"a", b"1"), (b"b", b"2"), (b"c", b"3")]);
    let mut batch = Batch::new();
    batch.delete(Table::Timers, *b"b");
    batch.delete(Table::Timers, *b"never there");
    store.commit(batch).unwrap();
    assert_eq!(store.get(Table::Timers, b"b").unwrap(), None);
    assert_eq!(keys(&all(&*store, Table::Timers)), [b"a", b"c"]);
}

/// Case.
pub fn a_batch_with_an_invalid_write_changes_nothing(store: Arc<dyn Store>) {
    put(&*store, Table::Facts, &[(b"before", b"1")]);
    let with = |spoil: &dyn Fn(&mut Batch)| {
        let mut batch = Batch::new();
        batch.put(Table::Facts, *b"first", *b"1");
        batch.delete(Table::Facts, *b"before");
        spoil(&mut batch);
        batch.put(Table::Meta, *b"last", *b"1");
        store.commit(batch)
    };
    let refused = [
        with(&|batch| batch.put(Table::Facts, *b"", *b"empty key")),
        with(&|batch| batch.delete(Table::Facts, *b"")),
        with(&|batch| batch.put(Table::Facts, vec![b'k'; MAX_KEY_BYTES + 1], *b"long key")),
        with(&|batch| batch.put(Table::Facts, *b"large", vec![0; MAX_VALUE_BYTES + 1])),
    ];
    for refusal in refused {
        assert!(matches!(refusal, Err(StoreError::InvalidWrite { table: Table::Facts, .. })), "{refusal:?}");
    }
    assert_eq!(keys(&all(&*store, Table::Facts)), [b"before"]);
    assert_eq!(keys(&all(&*store, Table::Meta)), Vec::<&[u8]>::new());
    // The store is still usable.
    assert!(with(&|_| {}).is_ok());
}

/// Case.
pub fn an_empty_batch_is_no_error(store: Arc<dyn Store>) {
    store.commit(Batch::new()).unwrap();
}

/// Case.
pub fn an_empty_key_is_never_there(store: Arc<dyn Store>) {
    put(&*store, Table::Meta, &[(b"\0", b"1")]);
    assert_eq!(store.get(Table::Meta, b"").unwrap(), None);
    assert_eq!(store.get(Table::Meta, &vec![0; MAX_KEY_BYTES * 20]).unwrap(), None);
}

/// Case.
pub fn the_longest_key_and_a_large_value_are_kept(store: Arc<dyn Store>) {
    let key = vec![0xff; MAX_KEY_BYTES];
    let value: Vec<u8> = (0..1_u32 << 20).map(|at| (at % 251) as u8).collect();
    put(&*store, Table::Functions, &[(&key, &value), (b"beside", b"small")]);
    assert_eq!(store.get(Table::Functions, &key).unwrap(), Some(value.clone()));
    assert_eq!(all(&*store, Table::Functions).records[1], (key, value));
}

/// Case.
pub fn keys_are_ordered_as_bytes(store: Arc<dyn Store>) {
    let ordered: [&[u8]; 8] = [b"\0", b"\0\0", b"\0\xff", b"A", b"a", b"a\0", b"aa", b"\xff\xff"];
    for key in [5, 0, 7, 2, 6, 1, 4, 3] {
        put(&*store, Table::Facts, &[(ordered[key], b"")]);
    }
    assert_eq!(keys(&all(&*store, Table::Facts)), ordered);
    let reversed = store.scan(Table::Facts, KeyRange::all(), Direction::Reverse, 100).unwrap();
    assert!(keys(&reversed).into_iter().eq(ordered.into_iter().rev()));
    let numbers = [0, 1, 255, 256, u64::MAX - 1, u64::MAX];
    for number in numbers {
        put(&*store, Table::Timers, &[(&KeyWriter::new().newest_first(number).finish(), b"")]);
    }
    let found = all(&*store, Table::Timers);
    let found = keys(&found).into_iter().map(|key| crate::KeyReader::new(key).newest_first().unwrap());
    assert!(found.eq(numbers.into_iter().rev()));
}

/// Case.
pub fn bounds_hold_in_both_directions(store: Arc<dyn Store>) {
    put(&*store, Table::Facts, &[(b"a", b""), (b"b", b""), (b"c", b""), (b"d", b"")]);
    let bound = |kind: u8, key: &[u8]| match kind {
        0 => Bound::Included(key.to_vec()),
        1 => Bound::Excluded(key.to_vec()),
        _ => Bound::Unbounded,
    };
    for (start, end, expected) in [
        (0, 0, "bc"),
        (0, 1, "b"),
        (1, 0, "c"),
        (1, 1, ""),
        (2, 0, "abc"),
        (2, 1, "ab"),
        (0, 2, "bcd"),
        (1, 2, "cd"),
        (2, 2, "abcd"),
    ] {
        let range = KeyRange { start: bound(start, b"b"), end: bound(end, b"c") };
        let forward = store.scan(Table::Facts, range.clone(), Direction::Forward, 10).unwrap();
        assert_eq!(keys(&forward).concat(), expected.as_bytes(), "{range:?}");
        let reverse = store.scan(Table::Facts, range.clone(), Direction::Reverse, 10).unwrap();
        assert!(reverse.records.iter().eq(forward.records.iter().rev()), "{range:?}");
    }
}

/// Case.
pub fn an_empty_range_gives_nothing(store: Arc<dyn Store>) {
    put(&*store, Table::Facts, &[(b"a", b""), (b"b", b""), (b"c", b"")]);
    let excluded = KeyRange { start: Bound::Excluded(b"b".to_vec()), end: Bound::Excluded(b"b".to_vec()) };
    for range in [KeyRange::between(*b"c", *b"a"), KeyRange::between(*b"b", *b"b"), excluded] {
        for direction in [Direction::Forward, Direction::Reverse] {
            assert_eq!(store.scan(Table::Facts, range.clone(), direction, 10).unwrap(), Page::default());
        }
    }
}

/// Case.
pub fn a_prefix_range_holds_the_prefixed_alone(store: Arc<dyn Store>) {
    put(
        &*store,
        Table::Facts,
        &[(b"a", b""), (b"ab", b""), (b"ab\xff\xff", b""), (b"ac", b""), (b"\xff\xff", b"")],
    );
    let found = |prefix: &[u8]| {
        let page = store.scan(Table::Facts, KeyRange::prefix(prefix), Direction::Forward, 10).unwrap();
        keys(&page).into_iter().map(<[u8]>::to_vec).collect::<Vec<_>>()
    };
    assert_eq!(found(b"ab"), [b"ab".as_slice(), b"ab\xff\xff"]);
    assert_eq!(found(b"\xff"), [b"\xff\xff"]);
    assert_eq!(found(b"b"), Vec::<Vec<u8>>::new());
    assert_eq!(found(b"").len(), 5);
}

/// Case.
pub fn a_limit_ends_the_page_and_says_whether_there_is_more(store: Arc<dyn Store>) {
    put(&*store, Table::Facts, &[(b"a", b"1"), (b"b", b"2"), (b"c", b"3")]);
    for (direction, ordered) in [(Direction::Forward, "abc"), (Direction::Reverse, "cba")] {
        let page = |range, limit| store.scan(Table::Facts, range, direction, limit).unwrap();
        let first = page(KeyRange::all(), 2);
        assert_eq!((keys(&first).concat(), first.has_more), (ordered.as_bytes()[..2].to_vec(), true));
        let last = &first.records[1].0;
        let second = page(KeyRange::all().resume_after(last, direction), 2);
        assert_eq!((keys(&second).concat(), second.has_more), (ordered.as_bytes()[2..].to_vec(), false));
        assert!(!page(KeyRange::all(), 3).has_more);
        assert_eq!(page(KeyRange::all(), 0), Page { records: vec![], has_more: true });
    }
}

/// Case.
pub fn a_scan_is_bounded_whatever_the_limit(store: Arc<dyn Store>) {
    let mut many = Batch::new();
    for number in 0..=MAX_SCAN_RECORDS as u64 {
        many.put(Table::Facts, number.to_be_bytes(), *b"");
    }
    store.commit(many).unwrap();
    let page = all(&*store, Table::Facts);
    assert_eq!((page.records.len(), page.has_more), (MAX_SCAN_RECORDS, true));

    let large = vec![7; MAX_SCAN_BYTES / 4];
    put(
        &*store,
        Table::Functions,
        &[(b"a", &large), (b"b", &large), (b"c", &large), (b"d", &large), (b"e", &large)],
    );
    let page = all(&*store, Table::Functions);
    assert_eq!((keys(&page).concat(), page.has_more), (b"abcd".to_vec(), true));
}

/// Case.
pub fn a_walk_visits_every_record_once(store: Arc<dyn Store>) {
    let mut batch = Batch::new();
    for number in 0..1_500_u64 {
        batch.put(Table::Facts, number.to_be_bytes(), *b"");
    }
    store.commit(batch).unwrap();
    let range = || KeyRange::between(10_u64.to_be_bytes(), 1_490_u64.to_be_bytes());
    let visited = |direction| {
        Walk::new(&*store, Table::Facts, range(), direction)
            .map(|record| u64::from_be_bytes(record.unwrap().0.try_into().unwrap()))
            .collect::<Vec<_>>()
    };
    assert!(visited(Direction::Forward).into_iter().eq(10..1_490));
    assert!(visited(Direction::Reverse).into_iter().eq((10..1_490).rev()));
}

/// Case.
pub fn readers_see_batches_whole_and_in_order(store: Arc<dyn Store>) {
    const KEYS: u64 = 20;
    let commit = |number: u64| {
        let mut batch = Batch::new();
        for key in 0..KEYS {
            batch.put(Table::Executions, key.to_be_bytes(), number.to_be_bytes());
        }
        batch.put(Table::Facts, number.to_be_bytes(), *b"");
        store.commit(batch).unwrap();
    };
    commit(0);
    let done = AtomicBool::new(false);
    let read_until_done = || {
        let mut seen = 0;
        while !done.load(Ordering::Acquire) {
            let page = all(&*store, Table::Executions);
            let numbers: Vec<_> = page
                .records
                .iter()
                .map(|(_, value)| u64::from_be_bytes(value[..].try_into().unwrap()))
                .collect();
            assert_eq!(numbers, vec![numbers[0]; KEYS as usize]);
            assert!(numbers[0] >= seen, "batch {} was seen after batch {seen}", numbers[0]);
            seen = numbers[0];
            // The same batch's write to another table, and in reads key by key never an older value.
            assert!(store.get(Table::Facts, &seen.to_be_bytes()).unwrap().is_some());
            let first = store.get(Table::Executions, &0_u64.to_be_bytes()).unwrap().unwrap();
            let last = store.get(Table::Executions, &(KEYS - 1).to_be_bytes()).unwrap().unwrap();
            assert!(last >= first && first >= seen.to_be_bytes().to_vec());
        }
    };
    thread::scope(|scope| {
        let readers = [scope.spawn(read_until_done), scope.spawn(read_until_done)];
        (1..200).for_each(commit);
        done.store(true, Ordering::Release);
        for reader in readers {
            reader.join().unwrap();
        }
    });
}

/// Case.
pub fn writers_beside_each_other_lose_nothing(store: Arc<dyn Store>) {
    thread::scope(|scope| {
        for writer in 0..4_u64 {
            let store = &store;
            scope.spawn(move || {
                for number in 0..25_u64 {
                    put(
                        &**store,
                        Table::Facts,
                        &[(&[writer.to_be_bytes(), number.to_be_bytes()].concat(), b"")],
                    );
                }
            });
        }
    });
    assert_eq!(all(&*store, Table::Facts).records.len(), 100);
}

/// Case of durable stores: `open` opens the same place each time.
pub fn what_was_committed_is_there_when_opened_again(open: impl Fn() -> Arc<dyn Store>) {
    let mut expected = std::collections::BTreeMap::new();
    for round in 0..4_u64 {
        let store = open();
        assert!(all(&*store, Table::Facts).records.into_iter().eq(expected.clone()), "round {round}");
        for number in 0..20_u64 {
            // Writes some keys anew, and deletes some that were written in this or an earlier round.
            let mut batch = Batch::new();
            let (written, deleted) = (number * round % 31, number * 7 % 31);
            batch.put(Table::Facts, written.to_be_bytes(), round.to_be_bytes());
            batch.delete(Table::Facts, deleted.to_be_bytes());
            store.commit(batch).unwrap();
            expected.insert(written.to_be_bytes().to_vec(), round.to_be_bytes().to_vec());
            expected.remove(deleted.to_be_bytes().as_slice());
        }
    }
}

/// Case of the others.
pub fn nothing_is_there_when_opened_again(open: impl Fn() -> Arc<dyn Store>) {
    put(&*open(), Table::Facts, &[(b"key", b"value")]);
    assert_eq!(all(&*open(), Table::Facts), Page::default());
}
