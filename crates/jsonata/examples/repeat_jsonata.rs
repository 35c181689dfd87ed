//! Evaluates one expression so many times, for `tests/bench/instructions.py`.
//!
//! Usage: `repeat_jsonata EXPRESSION INPUT.json ROUNDS`; the expression finds the input as `$states.input`.

use json::{Object, Value};
use jsonata::{Dialect, Environment, Expression, Limits};
use std::error::Error;
use std::hint::black_box;

/// As in the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [expression, input, rounds] = arguments.as_slice() else {
        return Err("three arguments are needed: EXPRESSION INPUT.json ROUNDS".into());
    };
    let expression = Expression::compile(expression, Dialect::Aws)?;
    let mut bindings = Object::new();
    bindings.insert("states", Value::object([("input", json::parse(&std::fs::read_to_string(input)?)?)]));
    for _ in 0..rounds.parse::<u32>()? {
        let mut entropy = || 1;
        let mut environment = Environment { now_millis: 0, entropy: &mut entropy, limits: Limits::AWS };
        black_box(expression.evaluate(None, black_box(&bindings), &mut environment)?);
    }
    Ok(())
}
