//! Seeds that every change must survive, and faults that the checks must find.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use sim::{Action, Breach, Disk, Flaw, Script, Step, run, run_on};

fn survive(seeds: std::ops::Range<u64>) {
    let (mut lives, mut outages) = (0, 0);
    for seed in seeds {
        let script = Script::from_seed(seed);
        let outcome = run(&script);
        assert!(outcome.violations.is_empty(), "{:#?}\n{script}\nagain: --seed {seed}", outcome.violations);
        lives += outcome.lives;
        outages += outcome.outages;
    }
    assert!(lives > 60 && outages > 20, "faults were played: {lives} lives, {outages} outages");
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

/// Each of them found a fault once.
#[test]
fn seeds_that_found_something() {
    for seed in [337, 1919, 2508, 2882, 15_413] {
        let script = Script::from_seed(seed);
        let outcome = run(&script);
        assert!(outcome.violations.is_empty(), "{:#?}\n{script}\nagain: --seed {seed}", outcome.violations);
    }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    for seed in 0..10 {
        let script = Script::from_seed(seed);
        assert_eq!(run(&script), run(&script), "{script}");
    }
}

/// Of so many runs, those that go wrong on a disk with the flaw, or with the engine's breach.
fn found_out(flaw: Option<Flaw>, breach: Option<Breach>, runs: u64) -> usize {
    let disk = || flaw.map_or_else(Disk::default, Disk::flawed);
    let goes_wrong = |seed: &u64| !run_on(&Script::from_seed(*seed), disk(), breach).violations.is_empty();
    (0..runs).filter(goes_wrong).count()
}

macro_rules! is_found_out {
    ($($name:ident: $flaw:expr, $breach:expr, $least:literal of $runs:literal;)*) => {$(
        #[test]
        fn $name() {
            let found = found_out($flaw, $breach, $runs);
            assert!(found >= $least, "{found} of {} runs went wrong", $runs);
        }
    )*};
}

// Some need a fault at the right moment, so that not every seed shows them.
is_found_out! {
    a_disk_that_forgets_what_it_acknowledged: Some(Flaw::Forgets(9)), None, 8 of 10;
    a_disk_that_tears_commits: Some(Flaw::Tears), None, 5 of 20;
    a_disk_that_loses_its_cache: Some(Flaw::LosesItsCache), None, 5 of 20;
    a_disk_that_keeps_what_is_deleted: Some(Flaw::KeepsWhatIsDeleted), None, 8 of 10;
    a_disk_that_acknowledges_before_it_can_be_read: Some(Flaw::AnswersEarly), None, 8 of 10;
    an_engine_that_calls_twice: None, Some(Breach::CallsTwice), 5 of 10;
    an_engine_that_loses_answers: None, Some(Breach::NeverComesBack), 1 of 4;
    an_engine_that_keeps_everything: None, Some(Breach::KeepsEverything), 3 of 20;
    an_engine_whose_timers_do_not_come: None, Some(Breach::ForgetsTimers), 1 of 4;
}

#[test]
fn a_disk_that_believes_its_cache() {
    // An `fsync` that fails while executions are under way, and a process that dies soon after it.
    let script = |seed| {
        let mut script = Script::from_seed(seed);
        script.steps.retain(|step| matches!(step.action, Action::Start { .. }));
        let at = script.steps[script.steps.len() / 2].at;
        let fails = Action::DiskFails { after: 1, is_written: true, lasts: 0 };
        script.steps.push(Step { number: 1_000, at: at.saturating_sub(1), action: fails });
        script.steps.push(Step { number: 1_001, at: at + 30_000, action: Action::Kill });
        script.steps.sort_by_key(|step| step.at);
        script
    };
    let seeds = || (0..20).filter(|seed| script(*seed).steps.len() > 2);
    let goes_wrong = |seed: &u64| {
        !run_on(&script(*seed), Disk::flawed(Flaw::BelievesItsCache), None).violations.is_empty()
    };
    let found = seeds().filter(goes_wrong).count();
    assert!(found >= 5, "{found} runs went wrong");
    assert!(seeds().all(|seed| run(&script(seed)).violations.is_empty()), "a disk without the flaw");
}
