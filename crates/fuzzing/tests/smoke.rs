//! Every fuzz target over a few thousand mutated seeds: the same ones in each run, so that a failure can be repeated.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stderr)]

use fuzzing::{TARGETS, Target};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;

const INPUTS: usize = 2_000;
const LONGEST: usize = 4_096;

#[test]
fn json_reader_holds() {
    smoke("json_reader");
}

#[test]
fn definition_holds() {
    smoke("definition");
}

#[test]
fn jsonpath_holds() {
    smoke("jsonpath");
}

#[test]
fn jsonata_holds() {
    smoke("jsonata");
}

#[test]
fn intrinsics_holds() {
    smoke("intrinsics");
}

#[test]
fn yaml_holds() {
    smoke("yaml");
}

#[test]
fn every_target_has_its_smoke_run_and_its_fuzzer() {
    let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
    assert_eq!(names, ["json_reader", "definition", "jsonpath", "jsonata", "intrinsics", "yaml"]);
    for name in names {
        assert!(fuzz_folder().join(format!("fuzz_targets/{name}.rs")).is_file(), "{name}");
    }
}

fn smoke(name: &str) {
    let target = TARGETS.into_iter().find(|target| target.name == name).unwrap();
    let seeds = seeds(name);
    let tokens = tokens(name);
    for seed in &seeds {
        run(target, seed);
    }
    let mut chance = Chance(name.len() as u64);
    for _ in 0..INPUTS {
        let mut input = chance.pick(&seeds).clone();
        for _ in 0..=chance.below(4) {
            mutate(&mut input, &seeds, &tokens, &mut chance);
        }
        input.truncate(LONGEST);
        run(target, &input);
    }
}

fn run(target: Target, input: &[u8]) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| (target.run)(input))) {
        eprintln!("{} fails on: {}", target.name, input.escape_ascii());
        resume_unwind(panic);
    }
}

fn fuzz_folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

fn seeds(name: &str) -> Vec<Vec<u8>> {
    let mut files: Vec<_> = std::fs::read_dir(fuzz_folder().join("seeds").join(name))
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    assert!(!files.is_empty());
    files.iter().map(|file| std::fs::read(file).unwrap()).collect()
}

/// The quoted words of the target's dictionary, in libFuzzer's format.
fn tokens(name: &str) -> Vec<Vec<u8>> {
    let text = std::fs::read_to_string(fuzz_folder().join(format!("dictionaries/{name}.dict"))).unwrap();
    let tokens: Vec<Vec<u8>> = text
        .lines()
        .filter_map(|line| line.strip_prefix('"')?.strip_suffix('"'))
        .map(|token| token.replace("\\\"", "\"").replace("\\\\", "\\").into_bytes())
        .collect();
    assert!(!tokens.is_empty());
    tokens
}

fn mutate(input: &mut Vec<u8>, seeds: &[Vec<u8>], tokens: &[Vec<u8>], chance: &mut Chance) {
    let at = chance.below(input.len() + 1);
    let end = (at + chance.below(16)).min(input.len());
    match chance.below(7) {
        0 => drop(input.drain(at..end)),
        1 => drop(input.splice(at..at, chance.pick(tokens).iter().copied())),
        2 => drop(input.splice(at..end, chance.pick(tokens).iter().copied())),
        3 => {
            let repeated = input[at..end].repeat(1 + chance.below(40));
            drop(input.splice(at..at, repeated));
        }
        4 => {
            let other = chance.pick(seeds);
            let from = chance.below(other.len() + 1);
            drop(input.splice(at..at, other[from..].iter().copied().take(64)));
        }
        5 => {
            if let Some(byte) = input.get_mut(at) {
                *byte = 32 + chance.below(95) as u8;
            }
        }
        _ => {
            if let Some(byte) = input.get_mut(at) {
                *byte = chance.below(256) as u8;
            }
        }
    }
}

/// A small generator of random numbers (splitmix64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((word ^ (word >> 31)) % bound.max(1) as u64) as usize
    }

    fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}
