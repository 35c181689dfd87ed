//! Histories that AWS recorded: the machine leaves the same events.
//!
//! The cases are those of `../shared/conformance/cases` (or below the folder that STEPWRIGHT_SHARED names) that need
//! nothing but an interpreter of JSONPath definitions. Where they are absent, nothing is tested and a line says so.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]

#[path = "support/compare.rs"]
mod compare;
mod harness;

use compare::compare_events;
use harness::Runner;
use json::Value;
use model::StateMachineType;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Cases that this crate cannot give, and why.
const EXCEPTIONS: [(&str, &str); 2] = [
    // Failing the execution is our own choice.
    ("test_max_concurrency_path_negative", "hung on AWS behind its first event"),
    // `$['a\"b']`: AWS leaves the backslash in the name, `jsonpath` reads an escape.
    ("test_escape_sequence_parsing_ESCAPE_SEQUENCES_JSONPATH", "escapes of jsonpath"),
];

/// What became of a case.
enum Outcome {
    /// So many histories were compared.
    Ran(usize),
    Skipped(&'static str),
}

#[test]
fn recorded_histories_are_left() {
    let Some(folder) = cases() else { return };
    let (mut wrong, mut skipped) = (Vec::new(), BTreeMap::<&str, usize>::new());
    let (mut cases, mut histories) = (0, 0);
    for (name, case) in json_files(&folder) {
        match run_case(&case, &mut wrong, &name) {
            Outcome::Ran(compared) => {
                cases += 1;
                histories += compared;
            }
            Outcome::Skipped(reason) => *skipped.entry(reason).or_default() += 1,
        }
    }
    println!("{histories} recorded histories of {cases} cases compared; skipped: {skipped:?}");
    assert!(wrong.is_empty(), "{} differences\n{}", wrong.len(), wrong.join("\n"));
    assert!(histories > 0, "no case was run");
}

fn run_case(case: &Value, wrong: &mut Vec<String>, name: &str) -> Outcome {
    if let Some((_, reason)) = EXCEPTIONS.iter().find(|(start, _)| name.starts_with(start)) {
        return Outcome::Skipped(reason);
    }
    if ["functions", "needs", "mock_config"].iter().any(|member| case.get(member).is_some()) {
        return Outcome::Skipped("needs more than the interpreter");
    }
    let steps = case.get("steps").and_then(Value::as_array).unwrap_or_default();
    let operations: Vec<&str> = steps.iter().filter_map(|step| step.get("op")?.as_str()).collect();
    let known = ["CreateStateMachine", "StartExecution", "GetExecutionHistory", "DescribeExecution"];
    if !operations.iter().all(|operation| known.contains(operation)) {
        return Outcome::Skipped("other operations");
    }
    let mut machines = BTreeMap::new();
    let mut executions = BTreeMap::new();
    let mut compared = 0;
    for step in steps {
        let Some(params) = step.get("params") else { continue };
        match step.get("op").and_then(Value::as_str) {
            Some("CreateStateMachine") => {
                if params.get("type").and_then(Value::as_str) == Some("EXPRESS") {
                    return Outcome::Skipped("Express");
                }
                let text = document(params.get("definition")).unwrap_or_default();
                if text.contains(r#""Task""#) {
                    return Outcome::Skipped("tasks");
                }
                if text.contains(r#""DISTRIBUTED""#) {
                    return Outcome::Skipped("distributed Maps");
                }
                let Ok(compiled) = asl::compile(&text, StateMachineType::Standard) else {
                    return Outcome::Skipped("refused at creation");
                };
                machines.insert(saved(step), compiled.definition);
            }
            Some("StartExecution") => {
                let machine = machines.get(&variable(params.get("stateMachineArn")));
                let Some(definition) = machine else { return Outcome::Skipped("machines of other calls") };
                let input = document(params.get("input")).unwrap_or_else(|| "{}".to_owned());
                executions.insert(saved(step), Runner::of(definition.clone()).input(&input).run());
            }
            Some("GetExecutionHistory") => {
                let expected = step.get("expect").and_then(|expect| expect.get("events")?.as_array());
                let run = executions.get(&variable(params.get("executionArn")));
                let (Some(expected), Some(run)) = (expected, run) else { continue };
                let mut events: Vec<Value> = run.events().map(|event| event.to_wire(true)).collect();
                if params.get("reverseOrder").and_then(Value::as_bool) == Some(true) {
                    events.reverse();
                }
                compared += 1;
                let differences = compare_events(expected, &events);
                wrong.extend(differences.into_iter().map(|difference| format!("{name}: {difference}")));
            }
            _ => {}
        }
    }
    if compared == 0 { Outcome::Skipped("no history") } else { Outcome::Ran(compared) }
}

/// The text of a parameter that holds a document: `{"$json": …}`, or a string.
fn document(parameter: Option<&Value>) -> Option<String> {
    match parameter? {
        Value::String(text) => Some(text.to_string()),
        other => other.get("$json").map(Value::to_text),
    }
}

/// The variable under which a step keeps the ARN of its answer.
fn saved(step: &Value) -> String {
    let saved = step.get("save").and_then(Value::as_object);
    saved.and_then(|saved| saved.keys().next()).map(ToString::to_string).unwrap_or_default()
}

/// The variable that a parameter like `${v0}` names.
fn variable(parameter: Option<&Value>) -> String {
    let text = parameter.and_then(Value::as_str).unwrap_or_default();
    text.trim_start_matches("${").trim_end_matches('}').to_owned()
}

fn cases() -> Option<PathBuf> {
    let root = match std::env::var_os("STEPWRIGHT_SHARED") {
        Some(path) => PathBuf::from(path),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
    };
    let folder = root.join("conformance/cases");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: {} is not there", folder.display());
    None
}

fn json_files(folder: &Path) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "json") {
                let text = std::fs::read_to_string(&path).unwrap();
                found.push((path.file_stem().unwrap().display().to_string(), json::parse(&text).unwrap()));
            }
        }
    }
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
    found
}
