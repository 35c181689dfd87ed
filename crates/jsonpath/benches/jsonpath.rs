//! Paths over 12 KB, and the compiling of each.

#![allow(clippy::unwrap_used, missing_docs)]

use criterion::{Criterion, criterion_group, criterion_main};
use json::Value;
use jsonpath::Path;
use std::hint::black_box;

/// As in the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const PATHS: &str = include_str!("../../../tests/bench/paths.json");
const DOCUMENT: &str = include_str!("../../../tests/bench/document.json");

fn paths(criterion: &mut Criterion) {
    let document = json::parse(DOCUMENT).unwrap();
    let texts = json::parse(PATHS).unwrap();
    let texts: Vec<&str> = texts.as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let mut evaluate = criterion.benchmark_group("jsonpath/evaluate");
    for text in &texts {
        let path = Path::parse(text).unwrap();
        evaluate.bench_function(*text, |bencher| bencher.iter(|| path.eval(black_box(&document)).unwrap()));
    }
    evaluate.finish();
    let mut compile = criterion.benchmark_group("jsonpath/compile");
    for text in &texts {
        compile.bench_function(*text, |bencher| bencher.iter(|| Path::parse(black_box(text)).unwrap()));
    }
    compile.finish();
}

criterion_group!(benches, paths);
criterion_main!(benches);
