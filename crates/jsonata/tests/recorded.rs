//! What the reference answered, to the letter: values, and of errors the code, the position, the token, the value and
//! the message. `recorded/record.mjs` makes the recordings.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use json::{Object, Value};
use jsonata::{Dialect, Environment, Expression, Limits, Outcome};
use std::path::{Path, PathBuf};

const EXPRESSIONS: &str = include_str!("recorded/expressions.txt");
const SUITE_FAILURES: &str = include_str!("recorded/suite-failures.txt");

#[test]
fn own_expressions_give_what_the_reference_gives() {
    let mut wrong = Vec::new();
    for (text, wanted) in EXPRESSIONS.lines().filter_map(|line| line.split_once("\t\t")) {
        let given = answer(text, None, &Object::new());
        if given != wanted {
            wrong.push(format!("{text}\n    wanted {wanted}\n    given  {given}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn failing_cases_of_the_suite_fail_in_the_words_of_the_reference() {
    let Some(suite) = suite_folder() else {
        println!("jsonata: no suite found, nothing was tested");
        return;
    };
    let mut wrong = Vec::new();
    for (name, wanted) in SUITE_FAILURES.lines().filter_map(|line| line.split_once("\t\t")) {
        let (file, index) = name.rsplit_once('/').unwrap();
        let path = suite.join("groups").join(file);
        // Two cases hold half a surrogate pair, which no Rust string can.
        let Ok(content) = json::parse(&std::fs::read_to_string(&path).unwrap()) else { continue };
        let case = content.item(index.parse().unwrap()).unwrap_or(&content);
        let text = match case.get("expr-file").and_then(Value::as_str) {
            Some(file) => std::fs::read_to_string(path.with_file_name(file)).unwrap(),
            None => case.get("expr").and_then(Value::as_str).unwrap().to_owned(),
        };
        let input = match case.get("dataset").and_then(Value::as_str) {
            Some(name) => {
                let dataset = std::fs::read_to_string(suite.join(format!("datasets/{name}.json"))).unwrap();
                Some(json::parse(&dataset).unwrap())
            }
            None => case.get("data").cloned(),
        };
        let nothing = Object::new();
        let bindings = case.get("bindings").and_then(Value::as_object).unwrap_or(&nothing);
        let given = answer(&text, input.as_ref(), bindings);
        if given != wanted {
            wrong.push(format!("{name}: {text:.120}\n    wanted {wanted:.300}\n    given  {given:.300}"));
        }
    }
    assert!(wrong.is_empty(), "{} differ\n{}", wrong.len(), wrong.join("\n"));
}

fn suite_folder() -> Option<PathBuf> {
    let shared = match std::env::var_os("STEPWRIGHT_SHARED") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
    };
    Some(shared.join("jsonata-suite")).filter(|folder| folder.is_dir())
}

/// The answer in the form of the recordings.
fn answer(text: &str, input: Option<&Value>, bindings: &Object) -> String {
    let mut entropy = || 0x5DEE_CE66_D123_4567;
    let limits = Limits { depth: 400, ..Limits::AWS };
    let mut environment = Environment { now_millis: 0, entropy: &mut entropy, limits };
    let outcome = Expression::compile(text, Dialect::V22)
        .and_then(|expression| expression.evaluate(input, bindings, &mut environment));
    let shown = |value: Option<&Value>| value.map_or("undefined".to_owned(), Value::to_text);
    match outcome {
        Ok(Outcome::Undefined) => "=> undefined".to_owned(),
        Ok(Outcome::Function) => "=> function".to_owned(),
        Ok(Outcome::Value(value)) => format!("=> {value}"),
        Err(error) => {
            let position = error.position.map_or("undefined".to_owned(), |position| position.to_string());
            let (token, value) = (shown(error.token.as_ref()), shown(error.value.as_ref()));
            format!("!! {} {position} {token} {value} | {error}", error.code)
        }
    }
}
