//! Nanoseconds of one evaluation, from our value to our value, for each expression: one line of JSON each. The same
//! lines come from the reference (`tests/bench/jsonata/reference.mjs`).
//!
//! Usage: `bench_expressions EXPRESSIONS.json INPUT.json SECONDS`
#![allow(clippy::print_stdout)]

use json::{Object, Value};
use jsonata::{Dialect, Environment, Expression, Limits, Outcome};
use std::error::Error;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// As in the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [expressions, input, seconds] = arguments.as_slice() else {
        return Err("three arguments are needed: EXPRESSIONS.json INPUT.json SECONDS".into());
    };
    let expressions = json::parse(&std::fs::read_to_string(expressions)?)?;
    let input = json::parse(&std::fs::read_to_string(input)?)?;
    let seconds: f64 = seconds.parse()?;
    let mut bindings = Object::new();
    bindings.insert("states", Value::object([("input", input)]));
    for text in expressions.as_array().unwrap_or_default().iter().filter_map(Value::as_str) {
        let expression = Expression::compile(text, Dialect::Aws)?;
        let result = evaluate(&expression, &bindings)?.into_value().unwrap_or_default();
        let best = fastest(seconds, || evaluate(black_box(&expression), black_box(&bindings)).is_ok());
        let line = Value::object([
            ("expression", Value::from(text)),
            ("nanoseconds", Value::from_f64(best)),
            ("result", result),
        ]);
        println!("{line}");
    }
    Ok(())
}

/// One evaluation as a state does it: under AWS's limits.
fn evaluate(expression: &Expression, bindings: &Object) -> Result<Outcome, jsonata::Error> {
    let mut entropy = || 1;
    let mut environment = Environment { now_millis: 0, entropy: &mut entropy, limits: Limits::AWS };
    expression.evaluate(None, bindings, &mut environment)
}

/// The mean of the fastest of ten rounds, after one that warms the caches up.
fn fastest(seconds: f64, mut call: impl FnMut() -> bool) -> f64 {
    let mut best = f64::INFINITY;
    for round in 0..=10 {
        let length = Duration::from_secs_f64(seconds / 11.0);
        let start = Instant::now();
        let mut calls = 0u32;
        while start.elapsed() < length {
            // A few at a time, so that the clock is not what is measured.
            for _ in 0..8 {
                black_box(call());
            }
            calls += 8;
        }
        if round > 0 {
            best = best.min(start.elapsed().as_secs_f64() * 1e9 / f64::from(calls));
        }
    }
    best
}
