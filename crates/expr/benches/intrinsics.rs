//! Calls of intrinsic functions over 12 KB.

#![allow(clippy::unwrap_used, missing_docs)]

use criterion::{Criterion, criterion_group, criterion_main};
use expr::{Intrinsic, Scope};
use json::Value;
use std::hint::black_box;

/// As in the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CALLS: &str = include_str!("../../../tests/bench/intrinsics.json");
const DOCUMENT: &str = include_str!("../../../tests/bench/document.json");

fn calls(criterion: &mut Criterion) {
    let document = json::parse(DOCUMENT).unwrap();
    let texts = json::parse(CALLS).unwrap();
    let mut evaluate = criterion.benchmark_group("intrinsic/evaluate");
    for text in texts.as_array().unwrap().iter().filter_map(Value::as_str) {
        let call = Intrinsic::parse(text).unwrap();
        evaluate.bench_function(text, |bencher| {
            bencher.iter(|| {
                let scope = Scope { input: black_box(&document), context: &Value::Null, variables: &() };
                call.eval(&scope, &mut || 1).unwrap()
            });
        });
    }
    evaluate.finish();
}

criterion_group!(benches, calls);
criterion_main!(benches);
