//! Seeds that every change must survive, and faults that the checks must find.
#![allow(clippy::unwrap_used, clippy::panic)]

use sim::{Disk, Script, run, run_on};

fn survive(seeds: std::ops::Range<u64>) {
    let mut lives = 0;
    for seed in seeds {
        let script = Script::from_seed(seed);
        let outcome = run(&script);
        assert!(outcome.violations.is_empty(), "{:#?}\n{script}\nagain: --seed {seed}", outcome.violations);
        lives += outcome.lives;
    }
    assert!(lives > 60, "faults were played: {lives} lives");
}

#[test]
fn seeds_0_to_50() {
    survive(0..50);
}

#[test]
fn seeds_50_to_100() {
    survive(50..100);
}

#[test]
fn seeds_100_to_150() {
    survive(100..150);
}

#[test]
fn seeds_150_to_200() {
    survive(150..200);
}

#[test]
fn the_same_seed_gives_the_same_run() {
    for seed in 0..10 {
        let script = Script::from_seed(seed);
        assert_eq!(run(&script), run(&script), "{script}");
    }
}

#[test]
fn a_disk_that_forgets_what_it_acknowledged_is_found_out() {
    let found = (0..20)
        .filter(|seed| !run_on(&Script::from_seed(*seed), Disk::forgetful(9)).violations.is_empty())
        .count();
    assert!(found >= 15, "{found} of 20 runs on a forgetful disk went wrong");
}
