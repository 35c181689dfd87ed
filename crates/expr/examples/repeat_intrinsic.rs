//! Evaluates one call of an intrinsic function so many times, for `tests/bench/instructions.py`.
//!
//! Usage: `repeat_intrinsic CALL INPUT.json ROUNDS`

use expr::{Intrinsic, Scope};
use json::Value;
use std::error::Error;
use std::hint::black_box;

/// As in the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [call, input, rounds] = arguments.as_slice() else {
        return Err("three arguments are needed: CALL INPUT.json ROUNDS".into());
    };
    let call = Intrinsic::parse(call)?;
    let input = json::parse(&std::fs::read_to_string(input)?)?;
    for _ in 0..rounds.parse::<u32>()? {
        let scope = Scope { input: black_box(&input), context: &Value::Null, variables: &() };
        black_box(call.eval(&scope, &mut || 1)?);
    }
    Ok(())
}
