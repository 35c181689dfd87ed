//! Benchmarks. Every row stands beside something else that was measured in the same run on the same machine, and its ratio to
//! that is what counts: absolute figures of a shared machine tell little.
//!
//! `make bench` runs it; `--only NAME` runs the sections whose names begin so. Server and load generator are pinned to
//! processors of their own where there are two.

#![allow(clippy::print_stdout, reason = "a benchmark prints its results")]
#![allow(clippy::print_stderr, reason = "it says what it is at")]
#![allow(clippy::indexing_slicing, reason = "a member that a document lacks is null")]

mod bare;
mod client;
mod express_http;
mod in_process;
mod latency;
mod local;
mod passes;
mod rows;
mod server;
mod starts;
mod stored;
mod waiting;
mod workflows;

use clap::Parser;
use rows::Rows;
use server::Scratch;
use std::path::PathBuf;
use std::time::Duration;

/// The binary's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What is measured, and how much of it.
#[derive(Debug, Parser)]
struct Arguments {
    /// The stepwright binary.
    #[arg(long)]
    bin: PathBuf,
    /// An earlier binary, to be compared with.
    #[arg(long)]
    previous: Option<PathBuf>,
    /// Only the sections whose names begin so.
    #[arg(long, default_value = "")]
    only: String,
    /// Executions that wait at once.
    #[arg(long, default_value_t = 50_000)]
    waiting: u64,
    /// Executions that have ended and are stored.
    #[arg(long, default_value_t = 100_000)]
    stored: u64,
    /// Seconds that each thing is measured for.
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// Where the rows go as JSON.
    #[arg(long, default_value = "target/bench/latest.json")]
    json: PathBuf,
    /// Where data directories are made; the system's folder for temporary files where it is absent.
    #[arg(long)]
    scratch: Option<PathBuf>,
}

fn main() -> Result<(), Failure> {
    match std::env::args().nth(1).as_deref() {
        // What this program starts itself as.
        Some(bare::FLAG) => return bare::serve(),
        Some(passes::FLAG) => return passes::run_here(),
        Some(in_process::FLAG) => return in_process::count_here(),
        _ => {}
    }
    let arguments = Arguments::parse();
    let scratch = Scratch::new(arguments.scratch.clone())?;
    let (binary, previous) = (&arguments.bin, arguments.previous.as_deref());
    let seconds = Duration::from_secs_f64(arguments.seconds);
    let is_wanted = |name: &str| name.starts_with(&arguments.only);
    let mut rows = Rows::default();
    if is_wanted("in_process") {
        in_process::measure(&mut rows, seconds)?;
    }
    if is_wanted("express_http") {
        express_http::measure(&mut rows, binary, previous, seconds)?;
    }
    if is_wanted("starts") {
        starts::measure(&mut rows, binary, previous, &scratch, seconds)?;
    }
    if is_wanted("latency") {
        latency::measure(&mut rows, binary, &scratch, seconds)?;
    }
    if is_wanted("passes") {
        passes::measure(&mut rows)?;
    }
    if is_wanted("waiting") {
        waiting::measure(&mut rows, binary, &scratch, arguments.waiting)?;
    }
    if is_wanted("stored") {
        stored::measure(&mut rows, binary, &scratch, arguments.stored, seconds)?;
    }
    rows.print();
    rows.write(&arguments.json)
}
