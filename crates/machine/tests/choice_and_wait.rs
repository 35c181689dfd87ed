//! Choice with every comparator, and Wait in its four forms.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]

mod harness;

use harness::{Runner, one};

/// A Choice with one rule: `"yes"` if it holds, `"no"` if not.
fn choose(rule: &str, input: &str) -> Runner {
    harness::flow(&format!(
        r#""S": {{"Type": "Choice", "Choices": [{{{rule}, "Next": "Y"}}], "Default": "N"}},
           "Y": {{"Type": "Pass", "Result": "yes", "End": true}}, "N": {{"Type": "Pass", "Result": "no", "End": true}}"#
    ))
    .input(input)
    .run()
}

#[track_caller]
fn assert_holds(rule: &str, input: &str, expected: bool) {
    let run = choose(rule, input);
    assert_eq!(run.output(), if expected { r#""yes""# } else { r#""no""# }, "{rule} on {input}");
}

/// Each order of a family, literal and by path, on a value below, at and above the operand.
fn assert_orders(family: &str, below: &str, operand: &str, above: &str) {
    for (order, expected) in [
        ("Equals", [false, true, false]),
        ("LessThan", [true, false, false]),
        ("GreaterThan", [false, false, true]),
        ("LessThanEquals", [true, true, false]),
        ("GreaterThanEquals", [false, true, true]),
    ] {
        for (value, expected) in [below, operand, above].into_iter().zip(expected) {
            let input = format!(r#"{{"v":{value},"o":{operand}}}"#);
            assert_holds(&format!(r#""Variable": "$.v", "{family}{order}": {operand}"#), &input, expected);
            assert_holds(&format!(r#""Variable": "$.v", "{family}{order}Path": "$.o""#), &input, expected);
        }
    }
}

#[test]
fn numbers_strings_and_timestamps_are_ordered() {
    assert_orders("Numeric", "-1.5", "2", "10");
    assert_orders("String", r#""B""#, r#""a""#, r#""b""#);
    assert_orders(
        "Timestamp",
        r#""2024-01-01T00:00:00+01:00""#,
        r#""2024-01-01T00:00:00Z""#,
        r#""2024-01-01T00:00:00.001Z""#,
    );
}

#[test]
fn booleans_are_compared() {
    for (value, operand, expected) in
        [("true", "true", true), ("false", "true", false), ("false", "false", true)]
    {
        let input = format!(r#"{{"v":{value},"o":{operand}}}"#);
        assert_holds(&format!(r#""Variable": "$.v", "BooleanEquals": {operand}"#), &input, expected);
        assert_holds(r#""Variable": "$.v", "BooleanEqualsPath": "$.o""#, &input, expected);
    }
}

#[test]
fn equal_values_may_be_written_differently() {
    assert_holds(r#""Variable": "$", "NumericEquals": 1"#, "1.0", true);
    assert_holds(r#""Variable": "$", "NumericEquals": 100"#, "1e2", true);
    let stamp = r#""Variable": "$", "TimestampEquals": "2024-01-01T00:00:00Z""#;
    assert_holds(stamp, r#""2024-01-01T00:00:00.000Z""#, true);
    assert_holds(stamp, r#""2024-01-01T02:00:00+02:00""#, true);
}

#[test]
fn integers_beyond_a_double_are_told_apart() {
    assert_holds(r#""Variable": "$", "NumericEquals": 9007199254740993"#, "9007199254740992", false);
    assert_holds(r#""Variable": "$", "NumericLessThan": 9007199254740993"#, "9007199254740992", true);
}

#[test]
fn string_matches_knows_the_star_alone() {
    assert_holds(r#""Variable": "$", "StringMatches": "log-*.txt""#, r#""log-2024.txt""#, true);
    assert_holds(r#""Variable": "$", "StringMatches": "foo\\*bar""#, r#""foo*bar""#, true);
    assert_holds(r#""Variable": "$", "StringMatches": "foo\\*bar""#, r#""fooXbar""#, false);
    assert_holds(r#""Variable": "$", "StringMatches": "f?o""#, r#""foo""#, false);
    assert_holds(r#""Variable": "$", "StringMatches": "*""#, "5", false);
}

#[test]
fn type_tests_and_their_inverse() {
    let values = ["null", "1", r#""text""#, "true", r#""2024-01-01T00:00:00Z""#, "{}"];
    for (test, expected) in [
        ("IsNull", [true, false, false, false, false, false]),
        ("IsNumeric", [false, true, false, false, false, false]),
        ("IsString", [false, false, true, false, true, false]),
        ("IsBoolean", [false, false, false, true, false, false]),
        ("IsTimestamp", [false, false, false, false, true, false]),
        ("IsPresent", [true; 6]),
    ] {
        for (value, expected) in values.into_iter().zip(expected) {
            let input = format!(r#"{{"v":{value}}}"#);
            assert_holds(&format!(r#""Variable": "$.v", "{test}": true"#), &input, expected);
            assert_holds(&format!(r#""Variable": "$.v", "{test}": false"#), &input, !expected);
        }
    }
    assert_holds(r#""Variable": "$.nope", "IsPresent": true"#, "{}", false);
    assert_holds(r#""Variable": "$.nope", "IsPresent": false"#, "{}", true);
}

#[test]
fn only_a_full_timestamp_is_one() {
    for value in
        [r#""2024-01-01""#, "1704067200", r#""2024-01-01T00%3A00%3A00Z""#, r#""2024-01-01T25:00:00Z""#]
    {
        assert_holds(r#""Variable": "$", "IsTimestamp": true"#, value, false);
        assert_holds(r#""Variable": "$", "TimestampLessThan": "2030-01-01T00:00:00Z""#, value, false);
    }
}

#[test]
fn another_type_than_the_comparators_makes_it_false_and_not_makes_that_true() {
    for (comparison, value) in [
        (r#""NumericEquals": 1"#, r#""1""#),
        (r#""NumericEquals": 1"#, "true"),
        (r#""NumericLessThan": 1"#, "null"),
        (r#""StringEquals": "1""#, "1"),
        (r#""BooleanEquals": true"#, r#""true""#),
        (r#""TimestampEquals": "2024-01-01T00:00:00Z""#, "5"),
    ] {
        assert_holds(&format!(r#""Variable": "$", {comparison}"#), value, false);
        assert_holds(&format!(r#""Not": {{"Variable": "$", {comparison}}}"#), value, true);
    }
    assert_holds(r#""Variable": "$.v", "NumericEqualsPath": "$.o""#, r#"{"v":1,"o":"1"}"#, false);
}

#[test]
fn rules_combine_and_stop_early() {
    let present = r#"{"Variable": "$.v", "IsPresent": true}"#;
    let one = r#"{"Variable": "$.v", "NumericEquals": 1}"#;
    assert_holds(&format!(r#""And": [{present}, {one}]"#), r#"{"v":1}"#, true);
    // The second test would fail the execution, but is not made.
    assert_holds(&format!(r#""And": [{present}, {one}]"#), "{}", false);
    assert_holds(&format!(r#""Or": [{{"Not": {present}}}, {one}]"#), "{}", true);
    assert_holds(&format!(r#""Or": [{{"Not": {present}}}, {one}]"#), r#"{"v":2}"#, false);
}

#[test]
fn the_first_rule_that_holds_wins() {
    let run = harness::flow(
        r#""S": {"Type": "Choice", "Choices": [
             {"Variable": "$", "NumericGreaterThan": 10, "Next": "A"},
             {"Variable": "$", "NumericGreaterThan": 1, "Next": "B"},
             {"Variable": "$", "NumericGreaterThan": 0, "Next": "A"}]},
           "A": {"Type": "Succeed"}, "B": {"Type": "Succeed"}"#,
    )
    .input("5")
    .run();
    assert_eq!((run.inputs("A").len(), run.inputs("B").len()), (0, 1));
}

#[test]
fn a_variable_that_is_missing_ends_the_execution_even_with_a_default() {
    let text = |path: &str| {
        format!("Invalid path '{path}': The choice state's condition path references an invalid value.")
    };
    for test in
        [r#""NumericEquals": 1"#, r#""IsNull": true"#, r#""IsString": false"#, r#""IsTimestamp": true"#]
    {
        choose(&format!(r#""Variable": "$.left", {test}"#), "{}").assert_runtime(&text("$.left"));
    }
    for comparator in
        ["BooleanEqualsPath", "StringLessThanPath", "NumericEqualsPath", "TimestampGreaterThanPath"]
    {
        choose(&format!(r#""Variable": "$.left", "{comparator}": "$.right""#), r#"{"left":true}"#)
            .assert_runtime(&text("$.right"));
    }
}

#[test]
fn no_rule_and_no_default_ends_the_execution() {
    harness::flow(
        r#""S": {"Type": "Choice", "Choices": [{"Variable": "$.status", "StringEquals": "READY", "Next": "D"}]},
           "D": {"Type": "Succeed"}"#,
    )
    .input(r#"{"status":"PENDING"}"#)
    .run()
    .assert_runtime("Failed to transition out of the state. The state does not point to a next state.");
}

#[test]
fn a_choice_narrows_its_input_before_and_after() {
    let run = harness::flow(
        r#""S": {"Type": "Choice", "InputPath": "$.a", "OutputPath": "$.b",
              "Choices": [{"Variable": "$.b", "NumericEquals": 1, "Next": "D"}]},
           "D": {"Type": "Succeed"}"#,
    )
    .input(r#"{"a":{"b":1}}"#)
    .run();
    run.assert_output("1");
}

fn wait(field: &str, input: &str) -> Runner {
    one(&format!(r#"{{"Type": "Wait", {field}, "End": true}}"#)).input(input).run()
}

#[test]
fn a_wait_takes_seconds_or_a_moment_and_passes_past_ones_at_once() {
    for (field, millis) in [
        (r#""Seconds": 0"#, 0),
        (r#""Seconds": 90"#, 90_000),
        (r#""SecondsPath": "$.s""#, 5_000),
        (r#""SecondsPath": "$.text""#, 7_000),
        (r#""Timestamp": "2026-01-01T00:00:30.5Z""#, 30_500),
        (r#""Timestamp": "2026-01-01T01:00:00+01:00""#, 0),
        (r#""Timestamp": "2016-12-05T21:29:29Z""#, 0),
        (r#""TimestampPath": "$.t""#, 60_000),
        (r#""TimestampPath": "$.past""#, 0),
    ] {
        let run = wait(
            field,
            r#"{"s":5,"text":"7","t":"2026-01-01T00:01:00Z","past":"2020-01-01T00:00:00.123456789Z"}"#,
        );
        assert_eq!((run.elapsed(), run.count("WaitStateExited")), (millis, 1), "{field}");
    }
}

#[test]
fn a_wait_that_cannot_be_read_ends_the_execution() {
    for (value, shown) in [("1.5", "1.5"), ("-1.5", "-1.5"), (r#"{"a": 1}"#, r#"{"a":1}"#), (r#""x""#, "x")] {
        wait(r#""SecondsPath": "$.p""#, &format!(r#"{{"p":{value}}}"#)).assert_runtime(&format!(
            "The SecondsPath parameter cannot be parsed as a long value: $.p == {shown}"
        ));
    }
    wait(r#""SecondsPath": "$.p""#, "{}")
        .assert_runtime("The SecondsPath parameter does not reference an input value: $.p");
    wait(r#""SecondsPath": "$.p""#, r#"{"p":-1}"#)
        .assert_runtime("The SecondsPath parameter references a negative value: $.p == -1");
    wait(r#""SecondsPath": "$.p""#, r#"{"p":2147483648}"#).assert_runtime("Wait state delay is too long.");
    wait(r#""TimestampPath": "$.p""#, "{}")
        .assert_runtime("The TimestampPath parameter does not reference an input value: $.p");
    for value in [
        "05-12-2016T21:29:29Z",
        "2016-12-05 21:29:29Z",
        "2016-12-05T21:29:29",
        "2016-12-05T25:29:29Z",
        "2016-13-05T21:29:29Z",
    ] {
        wait(r#""TimestampPath": "$.p""#, &format!(r#"{{"p":"{value}"}}"#)).assert_runtime(&format!(
            "The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time format string: $.p == {value}"
        ));
    }
}

#[test]
fn the_longest_wait_is_taken() {
    let run = wait(r#""SecondsPath": "$.p""#, r#"{"p":2147483647}"#);
    // It is longer than an execution may stay open.
    assert!(run.execution.next_timer().is_some());
    assert_eq!(run.count("WaitStateExited"), 0);
}

#[test]
fn a_moment_that_has_come_needs_no_timer() {
    for field in [r#""Seconds": 0"#, r#""Timestamp": "2026-01-01T00:00:00Z""#] {
        let mut run = one(&format!(r#"{{"Type": "Wait", {field}, "End": true}}"#));
        run.start();
        assert!(run.execution.is_closed(), "{field}");
    }
}
