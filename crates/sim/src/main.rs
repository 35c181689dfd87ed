//! Runs seeds, or one again.
#![allow(clippy::print_stdout)]

use clap::Parser;
use sim::{Outcome, Script, run, shortened};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};

/// Runs made to shorten a script.
const SHORTENING: usize = 400;

/// Runs the engine under a seeded clock, disk and outside world, with faults.
#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    /// How many seeds to run.
    #[arg(long, default_value_t = 200)]
    seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Run this seed alone, and print its script.
    #[arg(long, conflicts_with_all = ["seeds", "from"])]
    seed: Option<u64>,
    /// Of that seed's script, only the steps of these numbers.
    #[arg(long, requires = "seed", value_delimiter = ',')]
    steps: Option<Vec<usize>>,
    /// Print the histories too.
    #[arg(long, requires = "seed")]
    histories: bool,
    /// Threads; each runs seeds of its own.
    #[arg(long, default_value_t = 2)]
    threads: u64,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let failed = match arguments.seed {
        Some(seed) => one(seed, &arguments),
        None => many(arguments.from, arguments.seeds, arguments.threads.clamp(1, 64)),
    };
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn one(seed: u64, arguments: &Arguments) -> u64 {
    let whole = Script::from_seed(seed);
    let script = match &arguments.steps {
        Some(steps) => whole.only(steps),
        None => whole,
    };
    let outcome = run(&script);
    print!("{script}");
    if arguments.histories {
        print!("{}", outcome.histories);
    }
    println!(
        "{} lives, {} executions, {} events, {} calls, {} s of virtual time",
        outcome.lives,
        outcome.executions,
        outcome.events,
        outcome.calls,
        outcome.elapsed / 1000
    );
    outcome.violations.iter().for_each(|violation| println!("VIOLATION {violation}"));
    u64::from(!outcome.violations.is_empty())
}

fn many(from: u64, seeds: u64, threads: u64) -> u64 {
    let next = AtomicU64::new(from);
    let end = from.saturating_add(seeds);
    let total = std::sync::Mutex::new((Outcome::default(), 0_u64));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end {
                        return;
                    }
                    let script = Script::from_seed(seed);
                    let outcome = run(&script);
                    let mut total = total.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                    total.0.lives += outcome.lives;
                    total.0.executions += outcome.executions;
                    total.0.events += outcome.events;
                    total.0.calls += outcome.calls;
                    total.0.outages += outcome.outages;
                    total.0.elapsed += outcome.elapsed;
                    if !outcome.violations.is_empty() {
                        total.1 += 1;
                        tell(&script, &outcome);
                    }
                }
            });
        }
    });
    let (sum, failed) = total.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    println!(
        "simulator: {seeds} seeds, {} lives, {} outages survived, {} executions, {} events, {} calls, {} h of virtual time: {failed} seeds with violations",
        sum.lives,
        sum.outages,
        sum.executions,
        sum.events,
        sum.calls,
        sum.elapsed / 3_600_000
    );
    failed
}

/// Says what went wrong, with the shortest script that shows it.
fn tell(script: &Script, outcome: &Outcome) {
    println!("seed {} goes wrong:", script.seed);
    outcome.violations.iter().take(5).for_each(|violation| println!("  VIOLATION {violation}"));
    let short = shortened(script, |script| !run(script).violations.is_empty(), SHORTENING);
    print!("{short}");
    let steps: Vec<String> = short.steps.iter().map(|step| step.number.to_string()).collect();
    println!(
        "again: cargo run --release -p stepwright-sim -- --seed {} --steps {}",
        script.seed,
        steps.join(",")
    );
}
