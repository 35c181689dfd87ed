//! `stepwright validate` on definitions that others wrote: samples that AWS accepted, and recorded ones that it refused.
//! Where they are not beside the checkout, there is nothing to do.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "these are tests")]

mod support;

use json::Value;
use std::path::{Path, PathBuf};
use support::{run, write};

/// Samples that AWS refuses as they are, and why. None is known: each was deployed by its authors.
const BROKEN: [(&str, &str); 0] = [];

/// Templates among the samples that are no YAML of any version, or not of the version that is read here, and why.
const NO_YAML: [(&str, &str); 4] = [
    (
        "examples__sam__app-order-management__template.yaml",
        "a `}` stands at the margin of the mapping around it",
    ),
    ("workflows__event-sourcing__template.yaml", "the text of its Description is not indented"),
    ("workflows__parallelized-embedding-pipeline__template.yaml", "two tags before one value"),
    (
        "workflows__text-processing-sqs-express__template.yaml",
        "the lines of a text in quotes are not indented",
    ),
];

fn shared(part: &str) -> Option<PathBuf> {
    let root = match std::env::var_os("STEPWRIGHT_SHARED") {
        Some(path) => PathBuf::from(path),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
    };
    let folder = root.join(part);
    if !folder.is_dir() {
        println!("skipped: {} is not there", folder.display());
        return None;
    }
    Some(folder)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { open.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

/// The reports on files, by their names.
fn report(folder: &Path, arguments: &[&str], names: &[String]) -> Vec<Value> {
    let mut all = vec!["validate", "--format", "json"];
    all.extend(arguments);
    all.extend(names.iter().map(String::as_str));
    let ended = run(folder, &all);
    assert!(ended.code <= 1 && ended.err.is_empty(), "{}", ended.err);
    json::parse(&ended.out).unwrap().as_array().unwrap().to_vec()
}

/// The messages of the errors in a report, but for what only this version does not support.
fn errors(file: &Value) -> Vec<String> {
    let found = file.get("diagnostics").unwrap().as_array().unwrap().iter();
    let errors = found.filter(|problem| problem.get("severity").unwrap().as_str() == Some("ERROR"));
    let shown = errors.map(|problem| {
        let text = |key: &str| problem.get(key).and_then(Value::as_str).unwrap_or("null").to_owned();
        format!("{}: {} at {}", text("code"), text("message"), text("location"))
    });
    shown.filter(|text| !text.contains("not supported by this version of Stepwright")).collect()
}

#[test]
fn every_sample_that_aws_accepted_is_accepted() {
    let Some(folder) = shared("corpus/asl") else { return };
    let names: Vec<String> =
        files(&folder).iter().map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect();
    let mut wrong = Vec::new();
    for file in report(&folder, &[], &names) {
        let name = file.get("file").unwrap().as_str().unwrap().to_owned();
        let errors = errors(&file);
        println!(
            "{} | {name} | {}",
            if errors.is_empty() { "accepted" } else { "refused" },
            errors.join(", ")
        );
        if errors.is_empty() == BROKEN.iter().any(|(broken, _)| *broken == name) {
            wrong.push(format!("{name}: {errors:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_machines_within_sample_templates_are_found_and_accepted() {
    let Some(folder) = shared("corpus/sam") else { return };
    let mut inline = 0;
    for path in files(&folder) {
        let name = path.file_name().unwrap().to_str().unwrap();
        let ended = run(&folder, &["validate", name]);
        if NO_YAML.iter().any(|(other, _)| *other == name) {
            assert!(ended.out.contains("The YAML cannot be read"), "{name}: {ended:?}");
            continue;
        }
        // Most name a file that is not beside them.
        let is_elsewhere = ended.err.contains("cannot read") || ended.err.contains("is neither in");
        assert!(is_elsewhere || ended.code == 0, "{name}: {}{}", ended.out, ended.err);
        inline += usize::from(ended.code == 0);
    }
    assert!(inline >= 9, "only {inline} hold their machines");
}

/// A recorded call that was refused for its definition: the definition, the type of machine, and the message.
fn refused(step: &Value) -> Option<(String, &str, String)> {
    let params = step.get("params")?;
    let definition = match params.get("definition")? {
        Value::String(text) => text.to_string(),
        other => other.get("$json")?.to_text(),
    };
    let expected = step.get("expect")?;
    let machine_type = params.get("type").and_then(Value::as_str).unwrap_or("STANDARD");
    let said = |problem: &Value| {
        let text = |key: &str| problem.get(key).and_then(Value::as_str).unwrap_or("null").to_owned();
        format!("{}: {} at {}", text("code"), text("message"), text("location"))
    };
    let message = match step.get("op")?.as_str()? {
        "ValidateStateMachineDefinition" => {
            let found = expected.get("diagnostics")?.as_array()?;
            found.iter().map(said).collect::<Vec<_>>().join(", ")
        }
        "CreateStateMachine" | "UpdateStateMachine" => {
            let error = expected
                .get("Error")
                .filter(|e| e.get("Code").and_then(Value::as_str) == Some("InvalidDefinition"))?;
            let message = error.get("Message")?.as_str()?;
            let quoted = message
                .strip_prefix("Invalid State Machine Definition: '")
                .and_then(|rest| rest.strip_suffix('\''));
            quoted.unwrap_or(message).to_owned()
        }
        _ => return None,
    };
    // Recorded from an emulator: only that the label is refused is known of AWS.
    let message =
        if message.starts_with("Error=ValueError") { "INVALID_LABEL_NAME".to_owned() } else { message };
    (!message.is_empty()).then_some((definition, machine_type, message))
}

#[test]
fn every_recorded_definition_that_aws_refused_is_refused_in_its_words() {
    let Some(folder) = shared("conformance/cases") else { return };
    let dir = tempfile::tempdir().unwrap();
    let mut compared = 0;
    let mut wrong = Vec::new();
    for machine_type in ["STANDARD", "EXPRESS"] {
        let (mut names, mut expected) = (Vec::new(), Vec::new());
        for path in files(&folder) {
            let case = json::parse(&std::fs::read_to_string(&path).unwrap()).unwrap();
            for step in case.get("steps").and_then(Value::as_array).unwrap_or_default() {
                let Some((definition, of_type, message)) = refused(step) else { continue };
                if of_type == machine_type {
                    names.push(format!("{}.asl.json", names.len()));
                    write(dir.path(), names.last().unwrap(), &definition);
                    expected.push((path.file_name().unwrap().to_owned(), message));
                }
            }
        }
        let reports = report(dir.path(), &["--type", machine_type], &names);
        for (file, (name, message)) in reports.iter().zip(expected) {
            let given = errors(file).join(", ");
            // The recordings hide the partition.
            let agrees = given == message
                || given.replace("arn:aws:", "arn:<partition>:") == message
                || (message == "INVALID_LABEL_NAME" && given.starts_with(&message));
            compared += 1;
            if !agrees {
                wrong.push(format!("{name:?}:\n  recorded {message}\n  given    {given}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("{compared} recorded refusals");
    assert!(compared > 30, "{compared}");
}
