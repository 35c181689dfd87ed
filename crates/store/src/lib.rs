//! The durable port: ordered tables of bytes, written in atomic batches, in memory and on disk.
//!
//! **What it is.** [`Store`] is a small trait (commit a batch, get, scan) over a closed set of [`Table`]s.
//! [`MemoryStore`] keeps the tables in memory; [`EmbeddedStore`] keeps them in a directory. [`GroupCommit`]
//! owns the writing side of a store and gathers what many callers submit into one durable commit. [`key`]
//! builds keys whose byte order is their logical order; [`record`] wraps values so that damage is noticed.
//!
//! **What it is not.** It knows nothing of states, executions or time, and it does not transact: nobody reads
//! inside a batch, and there is no conflict check. Each key has one owner above this crate, who alone writes it.
//!
//! # The contract
//!
//! What a store promises:
//! - When [`Store::commit`] returns `Ok`, the whole batch survives `kill -9` and loss of power
//!   ([`MemoryStore`] excepted, which survives nothing). A batch is never found in part, not by a reader
//!   while it is being applied and not after a crash.
//! - Writes of a batch apply in order: the last write to a key wins. Batches apply in the order of their commits.
//! - A reader sees every batch whose commit returned before the read began. One read (`get` or `scan`) sees each
//!   batch whole or not at all. Two reads are two moments.
//! - Every read is bounded: a scan gives a [`Page`], and says whether there is more.
//!
//! What its callers promise:
//! - Keys have 1 to [`MAX_KEY_BYTES`] bytes and values at most [`MAX_VALUE_BYTES`]; a batch that breaks this is
//!   refused whole.
//! - **Nothing is acknowledged to anyone before its commit returned `Ok`.** After an `Err` the outcome is unknown
//!   until [`Store::reopen`] returned `Ok`: the batch is then there whole, or not at all. No commit before that succeeds,
//!   and whoever believed in a batch whose commit failed reads anew after it.
//!
//! # The record format
//!
//! A value that must be told from garbage is sealed with [`record::seal`]:
//!
//! | bytes | content |
//! |---|---|
//! | 1 | version of the payload's own format, chosen by the owner of the table |
//! | n | payload |
//! | 4 | checksum, little endian: the low 32 bits of XXH3-64 over version byte and payload |
//!
//! The layout of a data directory stands in [`embedded`].

pub mod embedded;
mod error;
pub mod group_commit;
pub mod key;
mod memory;
mod port;
pub mod record;
#[cfg(any(test, feature = "suite"))]
pub mod suite;

pub use embedded::{EmbeddedOptions, EmbeddedStore, Recovery};
pub use error::StoreError;
pub use group_commit::{Committer, Durable, GroupCommit, GroupCommitMetrics, GroupCommitOptions};
pub use key::{KeyReader, KeyWriter};
pub use memory::MemoryStore;
pub use port::{
    Batch, Direction, KeyRange, MAX_KEY_BYTES, MAX_SCAN_BYTES, MAX_SCAN_RECORDS, MAX_VALUE_BYTES, Page,
    Record, Store, Table, Walk, Write,
};
