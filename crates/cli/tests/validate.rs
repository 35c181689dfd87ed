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
    assert_eq!((ended.code, ended.out.as_str()), (0, "1 file checked: no errors, no warnings\n"));
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
