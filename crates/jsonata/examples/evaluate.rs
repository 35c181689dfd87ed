//! Evaluates expressions, one a line, from standard input, and prints what each gives: for comparing with other
//! implementations. `evaluate [aws] [INPUT]`, where INPUT is JSON text.
#![allow(clippy::print_stdout)]

use json::Value;
use jsonata::{Dialect, Environment, Expression, Limits, Outcome};
use std::io::BufRead;

fn main() {
    let mut arguments = std::env::args().skip(1).peekable();
    let dialect =
        if arguments.next_if(|argument| argument == "aws").is_some() { Dialect::Aws } else { Dialect::V22 };
    let input = arguments.next().and_then(|text| json::parse(&text).ok());
    for line in std::io::stdin().lock().lines().map_while(Result::ok).filter(|line| !line.trim().is_empty()) {
        println!("{line}  {}", shown(&line, dialect, input.as_ref()));
    }
}

fn shown(text: &str, dialect: Dialect, input: Option<&Value>) -> String {
    let mut entropy = || 0x5DEE_CE66_D123_4567;
    let limits = Limits { depth: 400, ..Limits::AWS };
    let mut environment = Environment { now_millis: 0, entropy: &mut entropy, limits };
    let outcome = Expression::compile(text, dialect)
        .and_then(|expression| expression.evaluate(input, &(), &mut environment));
    let or_undefined = |value: Option<&Value>| value.map_or("undefined".to_owned(), Value::to_text);
    match outcome {
        Ok(Outcome::Undefined) => "=> undefined".to_owned(),
        Ok(Outcome::Function) => "=> function".to_owned(),
        Ok(Outcome::Value(value)) => format!("=> {value}"),
        Err(error) => format!(
            "!! {} {} {} {} | {error}",
            error.code,
            error.position.map_or("undefined".to_owned(), |position| position.to_string()),
            or_undefined(error.token.as_ref()),
            or_undefined(error.value.as_ref()),
        ),
    }
}
