//! Evaluates one path so many times, for `tests/bench/instructions.py`.
//!
//! Usage: `repeat_jsonpath PATH INPUT.json ROUNDS`

use jsonpath::Path;
use std::error::Error;
use std::hint::black_box;

/// As in the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path, input, rounds] = arguments.as_slice() else {
        return Err("three arguments are needed: PATH INPUT.json ROUNDS".into());
    };
    let path = Path::parse(path)?;
    let input = json::parse(&std::fs::read_to_string(input)?)?;
    for _ in 0..rounds.parse::<u32>()? {
        black_box(path.eval(black_box(&input))?);
    }
    Ok(())
}
