//! Reads a JSON line for each request, `{"service", "operation", "input"}`, and writes one with what would be sent. See
//! tests/sdk/compare.py.
#![allow(clippy::print_stdout)]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use json::Value;
use std::io::{BufRead, BufWriter, Write, stdin, stdout};

fn main() -> std::io::Result<()> {
    let mut out = BufWriter::new(stdout().lock());
    for line in stdin().lock().lines() {
        let answer = answer(&line?).unwrap_or_else(|error| Value::object([("error", error)]));
        writeln!(out, "{answer}")?;
    }
    out.flush()
}

fn answer(line: &str) -> Result<Value, String> {
    let line = json::parse(line).map_err(|error| error.message())?;
    let text = |key: &str| line.get(key).and_then(Value::as_str).unwrap_or_default();
    let service = aws::model::service(text("service")).ok_or("no such service")?;
    let operation = service.operation(text("operation")).ok_or("no such operation")?;
    let input = line.get("input").unwrap_or(&Value::Null);
    let request =
        aws::protocol::request(&service, operation, input, None).map_err(|error| error.to_string())?;
    let pairs = |pairs: &[(String, String)]| {
        Value::array(
            pairs
                .iter()
                .map(|(name, value)| Value::array(vec![(&**name).into(), (&**value).into()]))
                .collect(),
        )
    };
    Ok(Value::object([
        ("method", Value::from(request.method)),
        ("hostPrefix", request.host_prefix.map(Value::from).unwrap_or_default()),
        ("path", Value::from(request.path)),
        ("query", pairs(&request.query)),
        ("headers", pairs(&request.headers)),
        ("body", Value::from(STANDARD.encode(&request.body))),
    ]))
}
