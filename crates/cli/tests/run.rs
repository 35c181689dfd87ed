//! `stepwright run`.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "these are tests")]

mod support;

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use support::{PASSES, run, run_with_input, stepwright, write};

const WAITS: &str =
    r#"{"StartAt": "Long", "States": {"Long": {"Type": "Wait", "Seconds": 600, "End": true}}}"#;

#[test]
fn the_output_alone_is_printed_as_json() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "a.asl.json", PASSES);
    write(dir.path(), "in.json", r#"{"x": 12345678901234567890}"#);
    let expected = "{\"x\":12345678901234567890,\"a\":{\"n\":1}}\n";
    let from_file = run(dir.path(), &["run", "a.asl.json", "--input", "@in.json", "--json"]);
    assert_eq!((from_file.code, from_file.out.as_str()), (0, expected), "{}", from_file.err);
    let piped = run_with_input(
        dir.path(),
        &["run", "a.asl.json", "--input", "-", "--json"],
        r#"{"x":12345678901234567890}"#,
    );
    assert_eq!((piped.code, piped.out.as_str()), (0, expected), "{}", piped.err);
}

#[test]
fn without_a_terminal_there_is_a_line_for_each_event_that_matters() {
    let dir = tempfile::tempdir().unwrap();
    let text = r#"{"StartAt": "Both", "States": {
      "Both": {"Type": "Parallel", "Branches": [
        {"StartAt": "L", "States": {"L": {"Type": "Pass", "End": true}}},
        {"StartAt": "R", "States": {"R": {"Type": "Fail", "Error": "Broken", "Cause": "no reason"}}}
      ], "Catch": [{"ErrorEquals": ["Broken"], "Next": "Mend"}], "End": true},
      "Mend": {"Type": "Pass", "End": true}}}"#;
    write(dir.path(), "both.asl.json", text);
    let ended = run(dir.path(), &["run", "both.asl.json"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    for line in [
        "Both  entered (Parallel)",
        "Both[branch 2] › R  entered (Fail)",
        "Both  caught Broken after",
        "Mend  passed (Pass)",
    ] {
        assert!(ended.out.contains(line), "{line} in {}", ended.out);
    }
    assert!(ended.out.contains("succeeded after"), "{}", ended.out);
}

#[test]
fn nested_work_and_retries_are_told_with_their_branch_and_item() {
    let dir = tempfile::tempdir().unwrap();
    let text = r#"{"StartAt": "Outer", "States": {"Outer": {"Type": "Parallel",
      "Retry": [{"ErrorEquals": ["Odd"], "MaxAttempts": 1, "IntervalSeconds": 1, "MaxDelaySeconds": 2}],
      "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Over"}],
      "Branches": [{"StartAt": "Each", "States": {"Each": {"Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 1,
        "ItemProcessor": {"StartAt": "Odd?", "States": {
          "Odd?": {"Type": "Choice", "Choices": [{"Variable": "$", "NumericEquals": 1, "Next": "No"}], "Default": "Yes"},
          "Yes": {"Type": "Pass", "End": true}, "No": {"Type": "Fail", "Error": "Odd"}}},
        "End": true}}}], "End": true}, "Over": {"Type": "Succeed"}}}"#;
    write(dir.path(), "nested.asl.json", text);
    let ended = run(dir.path(), &["run", "nested.asl.json", "--input", r#"{"items": [2, 1, 4]}"#]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let told: Vec<&str> = ended.out.lines().filter_map(|line| Some(line.split_once("  ")?.1)).collect();
    let place = |text: &str| {
        told.iter()
            .position(|line| line.starts_with(text))
            .unwrap_or_else(|| panic!("{text} in {}", ended.out))
    };
    let first = place("Outer[branch 1] › Each[item 1] › No  entered (Fail)");
    let retried = place("Outer  is tried again (retry 1)");
    let again = told
        .iter()
        .rposition(|line| line.starts_with("Outer[branch 1] › Each[item 1] › No  entered"))
        .unwrap();
    let caught = place("Outer  caught Odd after");
    assert!(first < retried && retried < again && again < caught, "{}", ended.out);
}

#[test]
fn the_exit_code_tells_the_outcome() {
    let dir = tempfile::tempdir().unwrap();
    write(
        dir.path(),
        "fails.asl.json",
        r#"{"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "No", "Cause": "way"}}}"#,
    );
    write(dir.path(), "late.asl.json", &WAITS.replacen('{', r#"{"TimeoutSeconds": 1, "#, 1));
    write(dir.path(), "waits.asl.json", WAITS);
    let failed = run(dir.path(), &["run", "fails.asl.json", "--json"]);
    assert_eq!((failed.code, failed.out.as_str()), (1, ""));
    assert!(failed.err.contains("No: way"), "{}", failed.err);
    assert_eq!(run(dir.path(), &["run", "late.asl.json"]).code, 3);
    assert_eq!(run(dir.path(), &["run", "waits.asl.json", "--timeout", "1"]).code, 3);
}

#[test]
fn an_interrupt_stops_the_execution() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "waits.asl.json", WAITS);
    let mut command = stepwright(dir.path());
    let mut child = command.args(["run", "waits.asl.json"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    assert!(line.contains("Long  entered (Wait)"), "{line}");
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(4));
}

#[test]
fn wrong_inputs_names_and_definitions_are_refused_before_anything_runs() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "a.asl.json", PASSES);
    write(dir.path(), "wrong.asl.json", r#"{"StartAt": "A"}"#);
    let input = run(dir.path(), &["run", "a.asl.json", "--input", "{x}"]);
    assert_eq!(input.code, 2);
    assert!(input.err.contains("not JSON") && input.err.contains("@FILE"), "{}", input.err);
    assert_eq!(run(dir.path(), &["run", "a.asl.json", "--input", "@missing"]).code, 1);
    assert_eq!(run(dir.path(), &["run", "a.asl.json", "--name", "a b"]).code, 2);
    let wrong = run(dir.path(), &["run", "wrong.asl.json"]);
    assert_eq!(wrong.code, 1);
    assert!(wrong.err.contains("SCHEMA_VALIDATION_FAILED"), "{}", wrong.err);
}

#[test]
fn functions_beside_the_definition_are_called_with_the_callers_stepwright_variables() {
    let dir = tempfile::tempdir().unwrap();
    let text = r#"{"StartAt": "Call", "States": {"Call": {
      "Type": "Task", "Resource": "arn:aws:lambda:us-east-1:000000000000:function:echo", "End": true}}}"#;
    write(dir.path(), "call.asl.json", text);
    let handler = "import os\ndef handler(event, context):\n    return {'got': event, 'seen': os.environ.get('STEPWRIGHT_TEST'), 'home': os.environ.get('SECRET')}\n";
    write(dir.path(), "functions/echo/handler.py", handler);
    let mut command = stepwright(dir.path());
    command.env("STEPWRIGHT_TEST", "yes").env("SECRET", "no");
    let ended = support::Ended::from(
        command.args(["run", "call.asl.json", "--input", "[1]", "--json"]).output().unwrap(),
    );
    assert_eq!(ended.code, 0, "{}", ended.err);
    let output = json::parse(&ended.out).unwrap();
    assert_eq!(output, json::parse(r#"{"got": [1], "seen": "yes", "home": null}"#).unwrap());
}

#[test]
fn yaml_with_placeholders_runs() {
    let dir = tempfile::tempdir().unwrap();
    let yaml = "QueryLanguage: JSONata\nStartAt: Wait\nStates:\n  Wait: {Type: Wait, Seconds: 0, Next: Done}\n  Done:\n    Type: Pass\n    \
                Output:\n      n: ${Number}\n      text: '{% \"${Text}\" & \"!\" %}'\n      kept: ${Unknown}\n    End: true\n";
    write(dir.path(), "a.asl.yaml", yaml);
    let given = ["--substitution", "Number=12", "--substitution", "Text=hi"];
    let ended = run(dir.path(), &[&["run", "a.asl.yaml", "--json"][..], &given].concat());
    assert_eq!(
        (ended.code, ended.out.as_str()),
        (0, "{\"n\":12,\"text\":\"hi!\",\"kept\":\"${Unknown}\"}\n"),
        "{}",
        ended.err
    );
    let piped = run_with_input(dir.path(), &["run", "-", "--json"], yaml);
    assert!(piped.code == 0 && piped.err.contains("1 placeholder has no value"), "{piped:?}");
    assert_eq!(piped.out, "{\"n\":\"${Number}\",\"text\":\"Text!\",\"kept\":\"${Unknown}\"}\n");
}

#[test]
fn a_machine_of_a_template_runs_with_what_the_template_knows() {
    let dir = tempfile::tempdir().unwrap();
    let template = "Parameters: {Count: {Type: Number, Default: 3}}\nResources:\n  Table: {Type: AWS::DynamoDB::Table}\n  M:\n    \
                    Type: AWS::Serverless::StateMachine\n    Properties:\n      DefinitionSubstitutions: {Table: !Ref Table, Count: !Ref Count}\n      \
                    Definition:\n        StartAt: A\n        States:\n          A: {Type: Pass, Result: {t: \"${Table}\", c: !Ref Count}, End: true}\n";
    write(dir.path(), "template.yaml", template);
    let ended = run(dir.path(), &["run", "template.yaml", "--json"]);
    assert_eq!((ended.code, ended.out.as_str()), (0, "{\"t\":\"Table\",\"c\":\"3\"}\n"), "{}", ended.err);
}
