//! `stepwright validate`.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "these are tests")]

mod support;

use support::{PASSES, run, run_with_input, write};

const WRONG: &str =
    "{\n  \"StartAt\": \"A\",\n  \"States\": {\n    \"A\": {\"Type\": \"Pass\", \"Next\": \"B\"}\n  }\n}\n";

#[test]
fn a_right_definition_passes() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "a.asl.json", PASSES);
    let ended = run(dir.path(), &["validate", "a.asl.json"]);
    assert_eq!((ended.code, ended.out.as_str()), (0, "1 definition checked: no errors, no warnings\n"));
}

#[test]
fn errors_come_with_code_place_and_source() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "right.asl.json", PASSES);
    write(dir.path(), "wrong.asl.json", WRONG);
    let ended = run(dir.path(), &["validate", "wrong.asl.json", "right.asl.json"]);
    assert_eq!(ended.code, 1);
    insta::assert_snapshot!("errors", ended.out);
}

#[test]
fn the_json_report_has_a_line_and_column_for_each_diagnostic() {
    let dir = tempfile::tempdir().unwrap();
    let ended = run_with_input(dir.path(), &["validate", "--format", "json", "-"], WRONG);
    assert_eq!(ended.code, 1);
    let report = json::parse(&ended.out).unwrap();
    let file = report.item(0).unwrap();
    assert_eq!(file.get("result").unwrap().as_str(), Some("FAIL"));
    let first = file.get("diagnostics").unwrap().item(0).unwrap();
    assert_eq!(first.get("severity").unwrap().as_str(), Some("ERROR"));
    assert_eq!(first.get("line").unwrap().as_i64(), Some(4));
}

#[test]
fn files_that_are_no_definitions_are_refused_with_1() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("binary"), [0xff, 0xfe, 0]).unwrap();
    write(dir.path(), "deep", &"[".repeat(100_000));
    write(dir.path(), "empty", "");
    for file in ["binary", "deep", "empty", "missing", "."] {
        let ended = run(dir.path(), &["validate", file]);
        assert_eq!(ended.code, 1, "{file}: {ended:?}");
        assert!(!ended.err.contains("panicked"), "{}", ended.err);
    }
}

const YAML: &str = "Comment: wrong in many ways\nStartAt: A\nStates:\n  A:\n    Type: Task\n    Resource: ${Charge}\n    TimeoutSeconds: 0\n    Catch:\n      - ErrorEquals: [States.ALL]\n    Next: B\n  C: {Type: Pass, End: true, Result: $.x}\n";

#[test]
fn errors_in_yaml_point_at_its_lines() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "wrong.asl.yaml", YAML);
    write(
        dir.path(),
        "same.asl.json",
        "{\n  \"StartAt\": \"A\",\n  \"States\": {\n    \"A\": {\n      \"Type\": \"Task\",\n      \"Resource\": \"${Charge}\",\n      \"TimeoutSeconds\": 0,\n      \"Catch\": [{\"ErrorEquals\": [\"States.ALL\"]}],\n      \"Next\": \"B\"\n    },\n    \"C\": {\"Type\": \"Pass\", \"End\": true, \"Result\": \"$.x\"}\n  }\n}\n",
    );
    insta::assert_snapshot!(
        "errors_in_yaml",
        run(dir.path(), &["validate", "wrong.asl.yaml", "same.asl.json"]).out
    );
}

#[test]
fn yaml_that_cannot_be_read_is_shown_where() {
    let dir = tempfile::tempdir().unwrap();
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x]\n".to_owned();
    (1..20).for_each(|n| {
        bomb.push_str(&format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 8].join(", ")))
    });
    let deep: String = (0..600).map(|level| format!("{}a:\n", " ".repeat(level))).collect();
    for (name, text) in [
        ("twice", "StartAt: A\nStates: {}\nStartAt: B\n"),
        ("tag", "StartAt: !Nope A\n"),
        ("broken", "StartAt: A\nStates:\n  A: [1, 2\nB: 3\n"),
        ("expression", "A: {% $x %}\n"),
        ("bomb", &bomb),
        ("deep", &deep),
        ("two", "StartAt: A\n---\nStartAt: B\n"),
        ("empty", ""),
    ] {
        let file = format!("{name}.yaml");
        write(dir.path(), &file, text);
        let ended = run(dir.path(), &["validate", &file]);
        assert_eq!(ended.code, 1, "{name}");
        // The shapes of both are long lines.
        let shown: String =
            ended.out.lines().map(|line| line.chars().take(110).collect::<String>() + "\n").collect();
        insta::assert_snapshot!(format!("yaml_{name}"), shown);
    }
}

const TEMPLATE: &str = r#"
Parameters:
  Wait: {Type: Number, Default: 30}
Resources:
  Charge: {Type: AWS::Serverless::Function}
  Orders:
    Type: AWS::Serverless::StateMachine
    Properties:
      Type: EXPRESS
      DefinitionUri: machines/orders.asl.json
      DefinitionSubstitutions: {Charge: !GetAtt Charge.Arn}
  Inline:
    Type: AWS::Serverless::StateMachine
    Properties:
      Definition:
        StartAt: Wait
        States:
          Wait:
            Type: Wait
            Seconds: !Ref Wait
            End: true
          Nowhere:
            Type: Task
            Resource: !Sub "arn:${AWS::Partition}:states:::nothing:${Other}"
            End: true
  Text:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      DefinitionString: !Sub |
        {
          "StartAt": "A",
          "States": {"A": {"Type": "Wait", "Seconds": "${Wait}", "End": true}}
        }
"#;

#[test]
fn every_machine_of_a_template_is_checked_where_it_stands() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "template.yaml", TEMPLATE);
    let definition = r#"{"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "${Charge}", "End": true},
  "B": {"Type": "Task", "Resource": "arn:aws:states:::sns:publish.waitForTaskToken", "Parameters": {"Message": "m"}, "End": true}}}"#;
    write(dir.path(), "machines/orders.asl.json", definition);
    insta::assert_snapshot!("template", run(dir.path(), &["validate", "template.yaml"]).out);

    let report =
        json::parse(&run(dir.path(), &["validate", "template.yaml", "--format", "json"]).out).unwrap();
    let machines: Vec<_> = report
        .as_array()
        .unwrap()
        .iter()
        .map(|file| file.get("stateMachine").unwrap().as_str().unwrap())
        .collect();
    assert_eq!(machines, ["Orders", "Inline", "Text"]);

    std::fs::remove_file(dir.path().join("machines/orders.asl.json")).unwrap();
    let ended = run(dir.path(), &["validate", "template.yaml"]);
    assert!(ended.code == 1 && ended.err.contains("machines/orders.asl.json"), "{}", ended.err);
    write(dir.path(), "none.yaml", "Resources: {Q: {Type: AWS::SQS::Queue}}\n");
    assert!(run(dir.path(), &["validate", "none.yaml"]).err.contains("without a state machine"));
}

#[test]
fn substitutions_take_the_place_of_placeholders_and_others_are_assumed() {
    let dir = tempfile::tempdir().unwrap();
    let text = r#"{"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": ${Wait}, "Comment": "${Text}", "Next": "B"},
        "B": {"Type": "Task", "Resource": "${Charge}", "End": true}}}"#;
    write(dir.path(), "a.asl.json", text);
    write(dir.path(), "values.yaml", "Wait: 1.5\nCharge: nothing\n");
    let assumed = run(dir.path(), &["validate", "a.asl.json"]);
    assert_eq!(assumed.code, 0, "{}", assumed.out);
    assert!(
        assumed
            .out
            .contains("2 placeholders have no value, and something that fits was assumed: Charge, Wait"),
        "{}",
        assumed.out
    );
    let report = json::parse(&run(dir.path(), &["validate", "a.asl.json", "--format", "json"]).out).unwrap();
    assert_eq!(report.item(0).unwrap().get("assumed").unwrap().to_text(), r#"["Charge","Wait"]"#);

    let given = run(dir.path(), &["validate", "a.asl.json", "--substitution", "@values.yaml"]);
    assert!(
        given.out.contains("Expected value of type Integer")
            && given.out.contains("not a valid resource ARN"),
        "{}",
        given.out
    );
    let last = [
        "validate",
        "a.asl.json",
        "--substitution",
        "@values.yaml",
        "--substitution",
        "Wait=2",
        "--substitution",
        "Charge=arn:aws:lambda:us-east-1:000000000000:function:f",
    ];
    assert_eq!(run(dir.path(), &last).out, "1 definition checked: no errors, no warnings\n");

    write(dir.path(), "list.json", "[]");
    for wrong in ["Wait", "=1", "@list.json"] {
        assert_eq!(run(dir.path(), &["validate", "a.asl.json", "--substitution", wrong]).code, 2, "{wrong}");
    }
}
