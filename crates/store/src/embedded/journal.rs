//! Looks through the database's journals before the database does.
//!
//! The database takes a broken length or tag anywhere in a journal for its end, which would lose acknowledged batches
//! without a word; and it refuses to open at all when the last batch fails its checksum, which is what a loss of
//! power in the middle of a commit can leave. The rule here is: each commit is synced before the next is written, so
//! only the very last batch of all journals may be broken. That one is cut off; any other damage is an error.
//!
//! Journal format of the database (version 3; integers little endian), a sequence of batches followed by zeros:
//!
//! | entry | bytes |
//! |---|---|
//! | start | 1, item count `u32`, sequence number `u64` |
//! | item | 2, kind `u8`, compression `u8` (0), keyspace `u64`, key length `u16`, value length `u32` twice, key, value |
//! | clear | 4, keyspace `u64` |
//! | end | 3, XXH3-64 of items and clears `u64`, `FJL` 3 |

use std::{
    fs::{self, OpenOptions},
    io::Read as _,
    path::{Path, PathBuf},
};

use xxhash_rust::xxh3::xxh3_64;

use super::sync_dir;
use crate::error::StoreError;

const START: u8 = 1;
const ITEM: u8 = 2;
const END: u8 = 3;
const CLEAR: u8 = 4;
const END_MAGIC: [u8; 4] = *b"FJL\x03";

/// Kind, compression, keyspace, key length, value length, stored value length.
const ITEM_HEAD_BYTES: usize = 1 + 1 + 8 + 2 + 4 + 4;

/// Numbers are given out one by one; a leap this far is a flipped bit.
const MAX_SEQUENCE_LEAP: u64 = 1 << 40;

/// How the journals ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tail {
    /// With a whole batch.
    Whole,
    /// With part of a batch, which was cut off.
    Torn {
        /// Bytes cut off, without the zeros behind them.
        bytes: u64,
    },
}

/// Checks all journals of a database that nobody has open, and cuts off the torn last batch, if there is one.
pub(super) fn mend(database: &Path) -> Result<Tail, StoreError> {
    match find_end(database)? {
        Some(End { path, whole, torn }) if torn > 0 => {
            cut(&path, whole)?;
            Ok(Tail::Torn { bytes: torn })
        }
        Some(_) | None => Ok(Tail::Whole),
    }
}

/// As [`mend`], after a write or an `fsync` failed: what can be read back may then be in the system's memory alone, and a
/// later `fsync` of the same file may succeed without having written it. The last journal is therefore copied to a new file,
/// and what was copied is durable.
pub(super) fn settle(database: &Path) -> Result<(), StoreError> {
    let Some(End { path, whole, .. }) = find_end(database)? else { return Ok(()) };
    let new = path.with_extension("jnl.new");
    let copy = || -> std::io::Result<()> {
        let mut from = fs::File::open(&path)?.take(whole);
        let mut to = fs::File::create(&new)?;
        std::io::copy(&mut from, &mut to)?;
        to.sync_all()?;
        fs::rename(&new, &path)
    };
    copy().map_err(StoreError::io(format!("write {} anew", path.display())))?;
    sync_dir(database)
}

/// Checks the journals of a database that may be open.
pub(super) fn check(database: &Path) -> Result<(), StoreError> {
    find_end(database).map(drop)
}

/// Number and path of the newest journal.
pub(super) fn newest(database: &Path) -> Result<Option<(u64, PathBuf)>, StoreError> {
    Ok(journals(database)?.pop())
}

/// Where the last journal that has anything in it ends.
struct End {
    path: PathBuf,
    /// Bytes of its whole batches.
    whole: u64,
    /// Bytes of a torn batch behind them.
    torn: u64,
}

/// Finds the end of the journals; the damage of any but the very last batch is an error.
fn find_end(database: &Path) -> Result<Option<End>, StoreError> {
    let mut last = None;
    for (_, path) in journals(database)?.iter().rev() {
        let content = read(path)?;
        if last.is_none() {
            // A blank journal was begun just before the end, so the last batch is in an older one.
            if content.iter().any(|&byte| byte != 0) {
                last = Some(end_of(path, &content)?);
            }
        } else {
            let whole = whole_batches(&content);
            if torn_bytes(&content, whole.end) > 0 {
                return Err(damaged(path, whole.end));
            }
        }
    }
    Ok(last)
}

fn end_of(path: &Path, content: &[u8]) -> Result<End, StoreError> {
    let whole = whole_batches(content);
    let torn = torn_bytes(content, whole.end);
    // A whole batch behind the broken one proves that the broken one had been synced: it is damaged, not torn.
    let behind = content.get(whole.end + 1..).unwrap_or_default();
    if torn > 0 && holds_batch(behind, whole.sequence) {
        return Err(damaged(path, whole.end));
    }
    Ok(End { path: path.to_path_buf(), whole: whole.end as u64, torn: torn as u64 })
}

fn cut(path: &Path, to: u64) -> Result<(), StoreError> {
    let cut = || -> std::io::Result<()> {
        let file = OpenOptions::new().write(true).open(path)?;
        file.set_len(to)?;
        file.sync_all()
    };
    cut().map_err(StoreError::io(format!("cut a torn batch off {}", path.display())))
}

/// The journals, oldest first. Names that are not a journal's are left to the database to judge.
fn journals(database: &Path) -> Result<Vec<(u64, PathBuf)>, StoreError> {
    let doing = || StoreError::io(format!("list {}", database.display()));
    let mut journals = Vec::new();
    for entry in fs::read_dir(database).map_err(doing())? {
        let path = entry.map_err(doing())?.path();
        let number = path
            .file_name()
            .and_then(|name| name.to_str())
            .and_then(|name| name.strip_suffix(".jnl"))
            .and_then(|number| number.parse().ok());
        if let Some(number) = number {
            journals.push((number, path));
        }
    }
    journals.sort_unstable();
    Ok(journals)
}

fn read(path: &Path) -> Result<Vec<u8>, StoreError> {
    fs::read(path).map_err(StoreError::io(format!("read {}", path.display())))
}

fn damaged(path: &Path, at: usize) -> StoreError {
    StoreError::DamagedFile {
        path: path.to_path_buf(),
        problem: format!("the batch at byte {at} is broken, though others were written behind it"),
    }
}

/// Where a run of whole batches ends, and the sequence number of its last.
#[derive(Clone, Copy, Debug, Default)]
struct WholeBatches {
    end: usize,
    sequence: u64,
}

fn whole_batches(content: &[u8]) -> WholeBatches {
    let mut whole = WholeBatches::default();
    while let Some((sequence, bytes)) = content.get(whole.end..).and_then(batch)
        && (whole.end == 0 || follows(sequence, whole.sequence))
    {
        whole = WholeBatches { end: whole.end + bytes, sequence };
    }
    whole
}

fn follows(sequence: u64, before: u64) -> bool {
    sequence > before && sequence - before < MAX_SEQUENCE_LEAP
}

/// Bytes behind `end` that are not the zeros which the journal is filled with in advance.
fn torn_bytes(content: &[u8], end: usize) -> usize {
    let rest = content.get(end..).unwrap_or_default();
    rest.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1)
}

fn holds_batch(content: &[u8], after: u64) -> bool {
    let starts = content.iter().enumerate().filter(|(_, byte)| **byte == START);
    starts.into_iter().any(|(at, _)| {
        content.get(at..).and_then(batch).is_some_and(|(sequence, _)| follows(sequence, after))
    })
}

/// The sequence number and the length of the whole batch that the bytes begin with.
fn batch(content: &[u8]) -> Option<(u64, usize)> {
    let mut rest = content;
    if u8_of(&mut rest)? != START {
        return None;
    }
    let items = u32::from_le_bytes(take(&mut rest)?);
    let sequence = u64::from_le_bytes(take(&mut rest)?);
    let body = rest;
    for _ in 0..items {
        match u8_of(&mut rest)? {
            ITEM => skip_item(&mut rest)?,
            CLEAR => skip(&mut rest, 8)?,
            _ => return None,
        }
    }
    let body = body.get(..body.len() - rest.len())?;
    if u8_of(&mut rest)? != END {
        return None;
    }
    let checksum = u64::from_le_bytes(take(&mut rest)?);
    if take(&mut rest)? != END_MAGIC || checksum != xxh3_64(body) {
        return None;
    }
    Some((sequence, content.len() - rest.len()))
}

fn skip_item(rest: &mut &[u8]) -> Option<()> {
    let head: [u8; ITEM_HEAD_BYTES] = take(rest)?;
    let [_, _, _, _, _, _, _, _, _, _, k0, k1, _, _, _, _, v0, v1, v2, v3] = head;
    skip(rest, usize::from(u16::from_le_bytes([k0, k1])))?;
    skip(rest, usize::try_from(u32::from_le_bytes([v0, v1, v2, v3])).ok()?)
}

fn u8_of(rest: &mut &[u8]) -> Option<u8> {
    take::<1>(rest).map(|[byte]| byte)
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, left) = rest.split_first_chunk::<N>()?;
    *rest = left;
    Some(*taken)
}

fn skip(rest: &mut &[u8], len: usize) -> Option<()> {
    *rest = rest.get(len..)?;
    Some(())
}
