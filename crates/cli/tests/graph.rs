//! `stepwright graph`.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "these are tests")]

mod support;

use std::path::{Path, PathBuf};
use support::{run, write};

const SMALL: &str = r#"{
  "StartAt": "Charge",
  "States": {
    "Charge": {
      "Type": "Task",
      "Resource": "arn:aws:lambda:us-east-1:000000000000:function:charge",
      "Retry": [{"ErrorEquals": ["Busy"], "MaxAttempts": 2}],
      "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Refused"}],
      "Next": "Large?"
    },
    "Large?": {
      "Type": "Choice",
      "Choices": [{"And": [
        {"Variable": "$.total", "NumericGreaterThan": 100},
        {"Not": {"Variable": "$.vip", "IsPresent": true}}
      ], "Next": "Each"}],
      "Default": "Done"
    },
    "Each": {
      "Type": "Map",
      "ItemsPath": "$.lines",
      "ItemProcessor": {"StartAt": "Rest", "States": {"Rest": {"Type": "Wait", "Seconds": 90, "End": true}}},
      "Next": "Done"
    },
    "Done": {"Type": "Succeed"},
    "Refused": {"Type": "Fail", "Error": "Refused <&>"}
  }
}"#;

fn drawn(format: &str) -> String {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "small.asl.json", SMALL);
    let ended = run(dir.path(), &["graph", "small.asl.json", "-o", "-", "--format", format]);
    assert_eq!((ended.code, ended.err.as_str()), (0, ""));
    ended.out
}

fn examples() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let mut found: Vec<PathBuf> = ["order-processing", "saga", "human-approval", "fan-out"]
        .iter()
        .map(|name| root.join(name).join(format!("{name}.asl.json")))
        .collect();
    found.retain(|path| path.exists());
    found
}

#[test]
fn a_small_definition_is_drawn_as_frozen_in_every_format() {
    for format in ["svg", "dot", "mmd"] {
        insta::assert_snapshot!(format, drawn(format));
    }
}

#[test]
fn two_runs_draw_the_same() {
    let dir = tempfile::tempdir().unwrap();
    assert!(!examples().is_empty());
    for path in examples() {
        let draw = |name: &str| {
            let ended = run(dir.path(), &["graph", path.to_str().unwrap(), "-o", name]);
            assert_eq!((ended.code, ended.err.as_str()), (0, ""));
            std::fs::read_to_string(dir.path().join(name)).unwrap()
        };
        let first = draw("a.svg");
        for _ in 0..3 {
            assert_eq!(first, draw("b.svg"), "{}", path.display());
        }
    }
}

#[test]
fn templates_are_drawn_with_their_placeholders() {
    let dir = tempfile::tempdir().unwrap();
    let template = r#"{"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "${ChargeFunction}", "End": true}}}"#;
    write(dir.path(), "t.asl.json", template);
    let ended = run(dir.path(), &["graph", "t.asl.json", "-o", "t.mmd"]);
    assert_eq!(ended.code, 0, "{}", ended.err);
    assert!(std::fs::read_to_string(dir.path().join("t.mmd")).unwrap().contains("Task: ChargeFunction"));
}

#[test]
fn yaml_and_the_machines_of_a_template_are_drawn_too() {
    let dir = tempfile::tempdir().unwrap();
    write(
        dir.path(),
        "small.asl.yaml",
        "StartAt: A\nStates:\n  A: {Type: Wait, Seconds: 5, Next: B}\n  B: {Type: Succeed}\n",
    );
    let ended = run(dir.path(), &["graph", "small.asl.yaml", "-o", "-", "--format", "mmd"]);
    assert!(ended.code == 0 && ended.out.contains("Wait: 5 s"), "{ended:?}");
    let machine = |name: &str| {
        format!(
            "  {name}:\n    Type: AWS::Serverless::StateMachine\n    Properties:\n      Definition: {{StartAt: {name}, States: {{{name}: {{Type: Succeed}}}}}}\n"
        )
    };
    write(dir.path(), "template.yaml", &format!("Resources:\n{}{}", machine("One"), machine("Two")));
    let draw = ["graph", "template.yaml", "-o", "-", "--format", "mmd"];
    let ended = run(dir.path(), &draw);
    assert!(
        ended.code == 2 && ended.err.contains("One, Two") && ended.err.contains("--machine"),
        "{ended:?}"
    );
    let ended = run(dir.path(), &[&draw[..], &["--machine", "Two"]].concat());
    assert!(ended.code == 0 && ended.out.contains("Two") && !ended.out.contains("One"), "{ended:?}");
    let ended = run(dir.path(), &["graph", "small.asl.yaml", "-o", "-", "--machine", "A"]);
    assert!(ended.code == 2 && ended.err.contains("is no template"), "{ended:?}");
}

#[test]
fn what_cannot_be_drawn_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "a.asl.json", SMALL);
    write(dir.path(), "wrong.asl.json", "{}");
    let unknown = run(dir.path(), &["graph", "a.asl.json", "-o", "a.png"]);
    assert_eq!(unknown.code, 2);
    assert!(unknown.err.contains("--format"), "{}", unknown.err);
    assert_eq!(run(dir.path(), &["graph", "wrong.asl.json", "-o", "a.svg"]).code, 1);
    assert_eq!(run(dir.path(), &["graph", "a.asl.json", "-o", "no/such/folder/a.svg"]).code, 1);
}
