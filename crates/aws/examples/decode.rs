//! Reads a JSON line for each answer, `{"service", "operation", "status", "headers", "body"}` with the body in base64, and writes
//! one with what it says. See tests/sdk/answers.py.
#![allow(clippy::print_stdout)]

mod answers;

use json::Value;
use std::io::{BufRead, BufWriter, Write, stdin, stdout};

fn main() -> std::io::Result<()> {
    let mut out = BufWriter::new(stdout().lock());
    for line in stdin().lock().lines() {
        let line = json::parse(&line?).map_err(|error| error.message());
        let answer = line.and_then(|line| answers::answer(&line));
        let answer = answer.unwrap_or_else(|error| Value::object([("undecodable", error)]));
        writeln!(out, "{answer}")?;
    }
    out.flush()
}
