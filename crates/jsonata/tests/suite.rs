//! The reference's own test suite, in the dialect of the reference.
//!
//! Read from the folder `jsonata-suite` in `$STEPWRIGHT_SHARED`, or in `../shared` beside the workspace; without it
//! there is nothing to run and the test says so.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use json::{Object, Value};
use jsonata::{Dialect, Environment, Expression, Limits};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Cases in the suite; two hold halves of surrogate pairs, which no Rust string can.
const CASES: usize = 1686;
/// So many must pass. May only be raised.
const FLOOR: usize = 1684;
/// The native stack that every case has to do with.
const STACK: usize = 2 << 20;

#[test]
fn the_reference_suite_passes() {
    let Some(suite) = suite_folder() else {
        println!("jsonata: no suite found, nothing was tested");
        return;
    };
    let runner = std::thread::Builder::new().stack_size(STACK).spawn(move || run(&suite)).unwrap();
    let (passed, failures) = runner.join().unwrap();
    for (group, cases) in &failures {
        println!("{group}: {} failing", cases.len());
        for case in cases {
            println!("    {case}");
        }
    }
    println!("jsonata: {passed} of {CASES} cases");
    assert!(passed >= FLOOR, "{passed} cases pass, {FLOOR} did before");
}

fn suite_folder() -> Option<PathBuf> {
    let shared = match std::env::var_os("STEPWRIGHT_SHARED") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
    };
    Some(shared.join("jsonata-suite")).filter(|folder| folder.is_dir())
}

fn run(suite: &Path) -> (usize, BTreeMap<String, Vec<String>>) {
    let mut passed = 0;
    let mut failures: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for group in sorted(&suite.join("groups")) {
        let group_name = group.file_name().unwrap().to_string_lossy().into_owned();
        for file in
            sorted(&group).into_iter().filter(|file| file.extension().is_some_and(|kind| kind == "json"))
        {
            let file_name = file.file_stem().unwrap().to_string_lossy().into_owned();
            let mut fail = |why: String| {
                failures.entry(group_name.clone()).or_default().push(format!("{file_name}: {why}"));
            };
            let cases = match json::parse(&std::fs::read_to_string(&file).unwrap()) {
                Ok(Value::Array(cases)) => cases.to_vec(),
                Ok(case) => vec![case],
                Err(error) => {
                    fail(format!("cannot be read: {error}"));
                    continue;
                }
            };
            for (index, case) in cases.iter().enumerate() {
                match check(suite, &group, case) {
                    Ok(()) => passed += 1,
                    Err(why) => fail(format!("[{index}] {why}")),
                }
            }
        }
    }
    (passed, failures)
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}

fn check(suite: &Path, group: &Path, case: &Value) -> Result<(), String> {
    let text = match case.get("expr-file").and_then(Value::as_str) {
        Some(file) => std::fs::read_to_string(group.join(file)).unwrap(),
        None => case.get("expr").and_then(Value::as_str).unwrap_or_default().to_owned(),
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
    let depth = case.get("depth").and_then(Value::as_i64).map_or(500, |depth| depth as usize);
    let limits = Limits { steps: 60_000_000, depth, bytes: 4 << 30 };
    let wanted_code = case
        .get("code")
        .or_else(|| case.get("error").and_then(|error| error.get("code")))
        .and_then(Value::as_str);
    let shown: String = text.chars().take(90).collect();
    let outcome = evaluate(&text, input.as_ref(), bindings, limits);
    match (outcome, wanted_code) {
        (Err((code, _)), Some(wanted)) if code == wanted => Ok(()),
        (Err((code, _)), Some("U1001")) if code == "D1011" || code == "D1012" => Ok(()),
        (outcome, Some(wanted)) => Err(format!("{shown}: wanted {wanted}, got {outcome:?}")),
        (Err((code, message)), None) => Err(format!("{shown}: failed with {code}: {message}")),
        (Ok(result), None) => {
            let unordered = case.get("unordered").and_then(Value::as_bool).unwrap_or(false);
            let wanted = case.get("result");
            let is_same = match (&result, wanted) {
                (Some(result), Some(wanted)) => same(result, wanted, unordered),
                (None, None) => true,
                _ => false,
            };
            if is_same {
                return Ok(());
            }
            let text_of = |value: Option<&Value>| value.map_or("undefined".to_owned(), Value::to_text);
            Err(format!("{shown}: wanted {:.300}, got {:.300}", text_of(wanted), text_of(result.as_ref())))
        }
    }
}

fn evaluate(
    text: &str,
    input: Option<&Value>,
    bindings: &Object,
    limits: Limits,
) -> Result<Option<Value>, (String, String)> {
    let of = |error: jsonata::Error| (error.code.to_owned(), error.to_string());
    let expression = Expression::compile(text, Dialect::V22).map_err(of)?;
    let mut seed = 1u64;
    let mut entropy = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        seed ^ (seed >> 31)
    };
    let mut environment = Environment { now_millis: 1_700_000_000_123, entropy: &mut entropy, limits };
    expression.evaluate(input, bindings, &mut environment).map(jsonata::Outcome::into_value).map_err(of)
}

/// Equal with numbers as doubles, and with arrays as sets where the order is free.
fn same(a: &Value, b: &Value, unordered: bool) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.to_f64() == b.to_f64(),
        (Value::Array(a), Value::Array(b)) if unordered => {
            a.len() == b.len()
                && a.iter().all(|a| b.iter().any(|b| same(a, b, true)))
                && b.iter().all(|b| a.iter().any(|a| same(a, b, true)))
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| same(a, b, false))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b, unordered)))
        }
        _ => a == b,
    }
}
