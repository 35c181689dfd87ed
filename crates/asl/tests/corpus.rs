//! Definitions that AWS accepted from their authors are accepted, or refused only for what is not supported yet.

mod support;

use asl::Diagnostic;
use model::StateMachineType;

fn is_ours(problem: &Diagnostic) -> bool {
    problem.message.ends_with("not supported by this version of Stepwright")
}

#[test]
fn samples_of_aws_are_accepted() {
    let Some(folder) = support::shared("corpus/asl") else { return };
    let mut refused = Vec::new();
    let mut accepted = 0;
    for (name, definition) in support::json_files(&folder) {
        let text = support::substituted(&definition, "").to_text();
        match asl::compile(&text, StateMachineType::Standard) {
            Ok(_) => accepted += 1,
            Err(found) => {
                let name = name.rsplit('/').next().unwrap().to_owned();
                let errors: Vec<&Diagnostic> = found.iter().filter(|d| d.is_error()).collect();
                if !errors.iter().all(|d| is_ours(d)) {
                    refused.push(format!("{name}: {}", asl::invalid_definition_message(&found)));
                }
            }
        }
    }
    assert_eq!(refused, [""; 0]);
    assert!(accepted > 0);
}

#[test]
fn recorded_answers_to_create_and_update_are_given() {
    let Some(folder) = support::shared("conformance/cases") else { return };
    let mut wrong = Vec::new();
    let mut agreed = 0;
    for (name, case) in support::json_files(&folder) {
        for step in case.get("steps").and_then(|s| s.as_array()).unwrap_or_default() {
            let Some(outcome) = compare(step) else { continue };
            match outcome {
                Ok(()) => agreed += 1,
                Err(difference) => wrong.push(format!("{name}: {difference}")),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(agreed > 0);
}

#[test]
fn recorded_diagnostics_are_given() {
    let Some(folder) = support::shared("conformance/cases/sfn_api_validation") else { return };
    let mut compared = 0;
    for (name, case) in support::json_files(&folder) {
        for step in case.get("steps").and_then(|s| s.as_array()).unwrap_or_default() {
            let (definition, machine_type) = request(step).unwrap();
            let found = asl::validate(&definition, machine_type);
            if !found.is_empty() && found.iter().all(is_ours) {
                continue;
            }
            let found = found.iter().filter(|d| d.is_error()).map(as_api);
            let recorded = step.get("expect").and_then(|e| e.get("diagnostics")).unwrap();
            assert_eq!(json::Value::array(found.collect()), *recorded, "{name}");
            compared += 1;
        }
    }
    assert!(compared >= 6);
}

fn as_api(problem: &Diagnostic) -> json::Value {
    let location = problem.location.as_deref().map(|location| ("location", json::Value::from(location)));
    let members = [
        ("code", json::Value::from(problem.code.as_str())),
        ("message", json::Value::from(problem.message.as_str())),
        ("severity", json::Value::from(problem.severity.as_str())),
    ];
    json::Value::object(members.into_iter().chain(location))
}

/// The definition and the type of machine of a recorded call.
fn request(step: &json::Value) -> Option<(String, StateMachineType)> {
    let params = step.get("params")?;
    let definition = match params.get("definition")? {
        json::Value::String(text) => text.to_string(),
        other => support::substituted(other.get("$json")?, "").to_text(),
    };
    let machine_type = match params.get("type").and_then(|t| t.as_str()) {
        Some("EXPRESS") => StateMachineType::Express,
        Some(_) | None => StateMachineType::Standard,
    };
    Some((definition, machine_type))
}

/// Whether we answer a recorded CreateStateMachine or UpdateStateMachine as AWS did; `None` where the step is no such call.
fn compare(step: &json::Value) -> Option<Result<(), String>> {
    if !matches!(step.get("op")?.as_str()?, "CreateStateMachine" | "UpdateStateMachine") {
        return None;
    }
    let (definition, machine_type) = request(step)?;
    let error = step.get("expect")?.get("Error");
    let recorded = error.and_then(|e| e.get("Message")).and_then(|m| m.as_str());
    let is_refused =
        error.is_some_and(|e| e.get("Code").and_then(|c| c.as_str()) == Some("InvalidDefinition"));
    let found = asl::validate(&definition, machine_type);
    let errors: Vec<&Diagnostic> = found.iter().filter(|d| d.is_error()).collect();
    let message = asl::invalid_definition_message(&found);
    let agrees = match (is_refused, recorded) {
        (false, _) => errors.iter().all(|d| is_ours(d)),
        // Recorded from an emulator: only that the label is refused is known of AWS.
        (true, Some(text)) if text.starts_with("Error=ValueError") => message.contains("INVALID_LABEL_NAME"),
        (true, Some(text)) => message.replace("arn:aws:", "arn:<partition>:") == *text,
        (true, None) => !errors.is_empty(),
    };
    Some(if agrees { Ok(()) } else { Err(format!("{message}, recorded {recorded:?}")) })
}
