//! Group commit on the embedded store beside the same on the memory store, in one run, and what reopening costs.
//!
//! `cargo run --release -p stepwright-store --example commit_bench [DIR]`; `DIR` says which disk is measured.

#![allow(clippy::print_stdout, reason = "an example prints its results")]

use std::{
    error::Error,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use store::{
    Batch, EmbeddedOptions, EmbeddedStore, GroupCommit, GroupCommitOptions, KeyWriter, MemoryStore, Store,
    Table,
};

/// Batches of about what one step of an execution writes.
const BATCHES: u64 = 30_000;
/// Records that are written while reopening is measured: half new, half overwrites.
const REOPEN_RECORDS: u64 = 600_000;

fn main() -> Result<(), Box<dyn Error>> {
    let parent = std::env::args().nth(1).unwrap_or_else(|| std::env::temp_dir().display().to_string());
    for group in [64, 512] {
        let memory = measure(Arc::new(MemoryStore::new()), group)?;
        let dir = tempfile::tempdir_in(&parent)?;
        let embedded = measure(Arc::new(open(dir.path())?), group)?;
        let rate = |took: Duration| BATCHES as f64 / took.as_secs_f64();
        println!(
            "{group:>4} batches a commit: memory {:>9.0}/s, embedded {:>8.0}/s, ratio {:.1}",
            rate(memory),
            rate(embedded),
            embedded.as_secs_f64() / memory.as_secs_f64()
        );
    }
    measure_reopening(Path::new(&parent))
}

fn open(dir: &Path) -> Result<EmbeddedStore, store::StoreError> {
    EmbeddedStore::open(dir, &EmbeddedOptions::default())
}

/// Commits all batches in groups of a size at most that of the queue.
fn measure(store: Arc<dyn Store>, group: usize) -> Result<Duration, Box<dyn Error>> {
    let mut options = GroupCommitOptions::default();
    options.max_queued_batches = group;
    let commits = GroupCommit::start(store, &options)?;
    let begun = Instant::now();
    for number in 0..BATCHES {
        let on_durable = move |outcome: Result<(), store::StoreError>| drop(outcome);
        commits.submit(step(number), Box::new(on_durable))?;
    }
    commits.shutdown();
    let metrics = commits.metrics();
    if metrics.batches != BATCHES {
        return Err(format!("only {} of {BATCHES} batches became durable", metrics.batches).into());
    }
    Ok(begun.elapsed())
}

/// About 700 bytes: three facts and the execution's new head.
fn step(number: u64) -> Batch {
    let mut batch = Batch::new();
    let arn = format!("arn:aws:states:eu-west-1:000000000000:execution:m:{}", number % 997);
    for fact in 0..3 {
        batch.put(Table::Facts, KeyWriter::new().text(&arn).u64(number * 3 + fact).finish(), vec![b'f'; 110]);
    }
    batch.put(Table::Executions, KeyWriter::new().text(&arn).finish(), vec![b'h'; 40]);
    batch
}

fn measure_reopening(parent: &Path) -> Result<(), Box<dyn Error>> {
    let dir = tempfile::tempdir_in(parent)?;
    let begun = Instant::now();
    drop(open(dir.path())?);
    println!("creating a directory: {:?}", begun.elapsed());
    // After each of these amounts, for the cost depends on how full the journals happen to be.
    for part in 1..=6 {
        let store = open(dir.path())?;
        for start in (0..REOPEN_RECORDS / 6).step_by(500) {
            let mut batch = Batch::new();
            for number in start..start + 500 {
                // Every second part overwrites the one before it.
                let number = (part - 1) / 2 * (REOPEN_RECORDS / 6) + number;
                batch.put(
                    Table::Facts,
                    KeyWriter::new().text("execution").u64(number).finish(),
                    vec![b'v'; 100],
                );
            }
            store.commit(batch)?;
        }
        drop(store);
        let begun = Instant::now();
        let store = open(dir.path())?;
        println!("reopening after {:>7} records: {:?}", part * (REOPEN_RECORDS / 6), begun.elapsed());
        drop(store);
    }
    Ok(())
}
