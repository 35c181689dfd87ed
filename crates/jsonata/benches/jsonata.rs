//! JSONata expressions over 12 KB, from our value to our value, and the compiling of each.

#![allow(clippy::unwrap_used, missing_docs)]

use criterion::{Criterion, criterion_group, criterion_main};
use json::{Object, Value};
use jsonata::{Dialect, Environment, Expression, Limits};
use std::hint::black_box;

/// As in the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const EXPRESSIONS: &str = include_str!("../../../tests/bench/jsonata/expressions.json");
const DOCUMENT: &str = include_str!("../../../tests/bench/document.json");

fn expressions(criterion: &mut Criterion) {
    let mut bindings = Object::new();
    bindings.insert("states", Value::object([("input", json::parse(DOCUMENT).unwrap())]));
    let texts = json::parse(EXPRESSIONS).unwrap();
    let texts: Vec<&str> = texts.as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let mut evaluate = criterion.benchmark_group("jsonata/evaluate");
    for text in &texts {
        let expression = Expression::compile(text, Dialect::Aws).unwrap();
        evaluate.bench_function(*text, |bencher| {
            bencher.iter(|| {
                let mut entropy = || 1;
                let mut environment =
                    Environment { now_millis: 0, entropy: &mut entropy, limits: Limits::AWS };
                expression.evaluate(None, black_box(&bindings), &mut environment).unwrap()
            });
        });
    }
    evaluate.finish();
    let mut compile = criterion.benchmark_group("jsonata/compile");
    for text in &texts {
        compile.bench_function(*text, |bencher| {
            bencher.iter(|| Expression::compile(black_box(text), Dialect::Aws).unwrap());
        });
    }
    compile.finish();
}

criterion_group!(benches, expressions);
criterion_main!(benches);
