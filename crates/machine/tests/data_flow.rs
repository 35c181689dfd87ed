//! What passes through a state: paths, templates, results, and the context object.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]

mod harness;

use harness::{Runner, flow, one, returns};

fn pass(fields: &str, input: &str) -> Runner {
    one(&format!(r#"{{"Type": "Pass", {fields}, "End": true}}"#)).input(input).run()
}

fn task(fields: &str, input: &str, result: &str) -> Runner {
    one(&format!(r#"{{"Type": "Task", "Resource": "fn:f", {fields}, "End": true}}"#))
        .input(input)
        .on("f", [returns(result)])
        .run()
}

#[test]
fn result_path_writes_into_the_raw_input() {
    // Vector 1 of AWS's recordings: InputPath and Parameters do not narrow what ResultPath writes into.
    let fields = r#""InputPath": "$.initialData", "ResultPath": "$.modifiedData",
        "Parameters": {"staticValue": "some value", "inputValue.$": "$.fieldFromInput"}"#;
    pass(
        fields,
        r#"{"initialData":{"fieldFromInput":"value from input","otherField":"other"},"unrelatedData":{"someOtherField":1234}}"#,
    )
    .assert_output(
        r#"{"initialData":{"fieldFromInput":"value from input","otherField":"other"},"unrelatedData":{"someOtherField":1234},"modifiedData":{"staticValue":"some value","inputValue":"value from input"}}"#,
    );
}

#[test]
fn result_path_makes_missing_parents_and_keeps_siblings() {
    pass(
        r#""Result": "complete", "ResultPath": "$.workflow.audit.status.current""#,
        r#"{"workflow":{"audit":{"status":{"previous":"pending"}}}}"#,
    )
    .assert_output(r#"{"workflow":{"audit":{"status":{"previous":"pending","current":"complete"}}}}"#);
    pass(r#""Result": 1, "ResultPath": "$.a.b.c""#, "{}").assert_output(r#"{"a":{"b":{"c":1}}}"#);
    pass(r#""Result": {"new":1}, "ResultPath": "$.a""#, r#"{"a":{"old":1},"b":2}"#)
        .assert_output(r#"{"a":{"new":1},"b":2}"#);
    pass(r#""Result": 9, "ResultPath": "$.a[1]""#, r#"{"a":[1,2]}"#).assert_output(r#"{"a":[1,9]}"#);
}

#[test]
fn output_path_reads_the_merged_document() {
    pass(
        r#""Result": {"status": "ready", "code": 1}, "ResultPath": "$.service.response",
            "OutputPath": "$.service.response.status""#,
        r#"{"service":{"name":"billing"}}"#,
    )
    .assert_output(r#""ready""#);
}

#[test]
fn every_step_of_a_task_reads_what_the_step_before_gave() {
    let run = task(
        r#""InputPath": "$.in", "Parameters": {"got.$": "$.x"}, "ResultSelector": {"picked.$": "$.r"},
            "ResultPath": "$.out", "OutputPath": "$.out.picked""#,
        r#"{"in":{"x":1},"other":2}"#,
        r#"{"r":[7],"s":8}"#,
    );
    assert_eq!(run.calls[0].input, r#"{"got":1}"#);
    run.assert_output("[7]");
    assert_eq!(run.inputs("S"), [r#"{"in":{"x":1},"other":2}"#]);
}

#[test]
fn null_paths() {
    pass(r#""InputPath": null"#, r#"{"a":1}"#).assert_output("{}");
    pass(r#""OutputPath": null"#, r#"{"a":1}"#).assert_output("{}");
    pass(r#""ResultPath": null, "Result": 5"#, r#"{"a":1}"#).assert_output(r#"{"a":1}"#);
    // ResultPath still writes into the raw input when InputPath is null.
    pass(r#""InputPath": null, "ResultPath": "$.r""#, r#"{"a":1}"#).assert_output(r#"{"a":1,"r":{}}"#);
    let run = task(r#""InputPath": null, "ResultPath": null"#, r#"{"a":1}"#, "5");
    assert_eq!(run.calls[0].input, "{}");
    run.assert_output(r#"{"a":1}"#);
    for state in [r#"{"Type": "Succeed", "InputPath": null}"#, r#"{"Type": "Succeed", "OutputPath": null}"#] {
        one(state).input(r#"{"a":1}"#).run().assert_output("{}");
    }
    one(r#"{"Type": "Wait", "Seconds": 0, "OutputPath": null, "End": true}"#)
        .input("[1]")
        .run()
        .assert_output("{}");
}

#[test]
fn the_result_of_a_pass_is_its_effective_input_unless_it_has_one() {
    pass(r#""InputPath": "$.a""#, r#"{"a":[1]}"#).assert_output("[1]");
    pass(r#""Parameters": {"b.$": "$.a"}"#, r#"{"a":[1]}"#).assert_output(r#"{"b":[1]}"#);
    pass(r#""Result": {"a.$": "$.x"}"#, "{}").assert_output(r#"{"a.$":"$.x"}"#);
}

#[test]
fn scalars_pass_through_states() {
    for value in ["1", "1.5", r#""text""#, "true", "null", "[]", "[1,[2]]"] {
        pass(r#""Comment": "any""#, value).assert_output(value);
    }
}

#[test]
fn the_keys_of_a_template_are_ordered_as_on_aws() {
    pass(
        r#""Parameters": {"z": 1, "position.$": "$.p", "color.$": "$.p", "a": 2, "region.$": "$.p"}"#,
        r#"{"p":0}"#,
    )
    .assert_output(r#"{"z":1,"a":2,"color":0,"position":0,"region":0}"#);
}

#[test]
fn a_path_that_leads_nowhere_ends_the_execution() {
    pass(r#""InputPath": "$.nope""#, "{}")
        .assert_runtime("Invalid path '$.nope' : No results for path: $['nope']");
    pass(r#""OutputPath": "$.no.such.path""#, "{}")
        .assert_runtime("Invalid path '$.no.such.path' : Missing property in path $['no']");
    pass(r#""Parameters": {"value.$": "$.x"}"#, r#"{"a":1}"#).assert_runtime(
        r#"The JSONPath '$.x' specified for the field 'value.$' could not be found in the input '{"a":1}'"#,
    );
    task(r#""ResultSelector": {"v.$": "$.x"}"#, "{}", r#"{"r":1}"#).assert_runtime(
        r#"The JSONPath '$.x' specified for the field 'v.$' could not be found in the input '{"r":1}'"#,
    );
}

#[test]
fn a_result_path_that_cannot_be_applied_is_a_conflict_without_prefix() {
    let run = pass(r#""Result": 1, "ResultPath": "$.a.b""#, r#"{"a":5}"#);
    assert_eq!(run.failure().0, Some("States.ReferencePathConflict"));
    assert!(run.failure().1.unwrap().starts_with("Unable to apply "), "{:?}", run.failure());
    let run = pass(r#""Result": 1, "ResultPath": "$.a""#, r#""text""#);
    assert_eq!(run.failure().0, Some("States.ReferencePathConflict"));
    let run = pass(r#""Result": 1, "ResultPath": "$.a[5]""#, r#"{"a":[1]}"#);
    assert_eq!(run.failure().0, Some("States.ReferencePathConflict"));
}

#[test]
fn a_wrong_intrinsic_call_ends_the_execution() {
    let cases = [
        (
            "States.Format('Hello {', $.a)",
            "Invalid template in States.Format: matching '}' not found for '{'.",
        ),
        ("States.MathAdd(1)", "Invalid arguments in States.MathAdd"),
        ("States.Base64Encode($.long)", "Invalid arguments in States.Base64Encode"),
    ];
    let input = format!(r#"{{"a":"x","long":"{}"}}"#, "x".repeat(10_001));
    for (call, text) in cases {
        let expected = format!("There was an error while evaluating the intrinsic function: {call}. {text}");
        pass(&format!(r#""Parameters": {{"v.$": "{call}"}}"#), &input).assert_runtime(&expected);
    }
    let run = pass(r#""Parameters": {"v.$": "States.StringToJson($.json)"}"#, r#"{"json":"{bad json}"}"#);
    let cause = run.failure().1.unwrap();
    let expected = "Cannot convert String to Json in States.StringToJson, caused by: Unexpected character ('b' (code 98))";
    assert!(cause.contains(expected), "{cause}");
}

#[test]
fn intrinsic_calls_give_what_aws_gave() {
    for (call, result) in [
        ("States.MathRandom(1, 100, 42)", "63"),
        ("States.ArrayRange(5.4, -0.6, -2.4)", "[5,3,1]"),
        ("States.ArrayPartition($.five, 2.6)", "[[1,2],[3,4],[5]]"),
    ] {
        pass(&format!(r#""Parameters": {{"v.$": "{call}"}}"#), r#"{"five":[1,2,3,4,5]}"#)
            .assert_output(&format!(r#"{{"v":{result}}}"#));
    }
}

#[test]
fn random_values_follow_the_seed() {
    let uuid = |seed| {
        one(r#"{"Type": "Pass", "Parameters": {"id.$": "States.UUID()"}, "End": true}"#)
            .seed(seed)
            .run()
            .output()
    };
    assert_eq!(uuid(1), uuid(1));
    assert_ne!(uuid(1), uuid(2));
}

#[test]
fn the_context_object_shows_execution_machine_and_state() {
    let run = flow(
        r#""W": {"Type": "Wait", "Seconds": 90, "Next": "S"},
           "S": {"Type": "Pass", "Parameters": {"all.$": "$$"}, "OutputPath": "$.all", "End": true}"#,
    )
    .input(r#"{"a":1}"#)
    .run();
    run.assert_output(
        r#"{"Execution":{"Id":"arn:aws:states:us-east-1:000000000000:execution:m:e","Input":{"a":1},
            "StartTime":"2026-01-01T00:00:00Z","Name":"e","RoleArn":"arn:aws:iam::000000000000:role/r","RedriveCount":0},
            "StateMachine":{"Id":"arn:aws:states:us-east-1:000000000000:stateMachine:m","Name":"m"},
            "State":{"Name":"S","EnteredTime":"2026-01-01T00:01:30Z"}}"#,
    );
}

#[test]
fn the_context_object_is_read_by_path_fields_too() {
    pass(r#""InputPath": "$$.Execution.Input""#, r#"{"a":1}"#).assert_output(r#"{"a":1}"#);
    pass(r#""OutputPath": "$$.State.Name""#, "{}").assert_output(r#""S""#);
    let run = pass(r#""Parameters": {"t.$": "$$.Task.Token"}"#, "{}");
    assert_eq!(run.failure().0, Some("States.Runtime"));
}

#[test]
fn a_map_shows_its_item_to_the_selector_and_to_the_states_inside() {
    let run = one(r#"{"Type": "Map", "End": true, "ItemsPath": "$.items",
            "ItemSelector": {"item.$": "$$.Map.Item.Value", "at.$": "$$.Map.Item.Index", "common.$": "$.c"},
            "ItemProcessor": {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true,
              "Parameters": {"in.$": "$", "again.$": "$$.Map.Item"}}}}}"#)
    .input(r#"{"items":["a","b"],"c":0}"#)
    .run();
    let item = |at: u32, item: &str| {
        format!(
            r#"{{"in":{{"item":"{item}","at":{at},"common":0}},"again":{{"Index":{at},"Value":"{item}"}}}}"#
        )
    };
    run.assert_output(&format!("[{},{}]", item(0, "a"), item(1, "b")));
}

#[test]
fn in_nested_maps_the_item_is_the_innermost_one() {
    let run = one(
        r#"{"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "M", "States": {"M": {"Type": "Map", "End": true,
             "ItemSelector": {"v.$": "$$.Map.Item.Value"},
             "ResultSelector": {"inner.$": "$", "outer.$": "$$.Map.Item.Value"},
             "ItemProcessor": {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true,
               "Parameters": {"v.$": "$.v", "i.$": "$$.Map.Item.Index"}}}}}}}}"#,
    )
    .input("[[5,6]]")
    .run();
    run.assert_output(r#"[{"outer":[5,6],"inner":[{"v":5,"i":0},{"v":6,"i":1}]}]"#);
}

#[test]
fn a_map_gives_its_results_in_the_order_of_the_items() {
    let run = one(r#"{"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "W", "States": {
             "W": {"Type": "Wait", "SecondsPath": "$", "End": true}}}}"#)
    .input("[3,1,2]")
    .run();
    run.assert_output("[3,1,2]");
    assert_eq!(run.elapsed(), 3_000);
}

#[test]
fn a_map_over_something_else_than_an_array_ends_the_execution() {
    let map = |fields: &str, input: &str| {
        one(&format!(
            r#"{{"Type": "Map", {fields} "End": true, "Catch": [{{"ErrorEquals": ["States.ALL"], "Next": "S"}}],
                "ItemProcessor": {{"StartAt": "P", "States": {{"P": {{"Type": "Succeed"}}}}}}}}"#
        ))
        .input(input)
        .run()
    };
    map("", r#"{"a":1}"#).assert_runtime(r#"Reference path "$" must point to array."#);
    map(r#""ItemsPath": "$.a","#, r#"{"a":1}"#)
        .assert_runtime(r#"Reference path "$.a" must point to array."#);
    map(r#""ItemsPath": "$.items","#, r#"{"a":1}"#)
        .assert_failure("States.ReferencePathConflict", r#"Unable to apply step "items" to input {"a":1}"#);
    for (value, shown) in [(r#""NoNumber""#, "NoNumber"), ("{}", "{}"), ("1.5", "1.5")] {
        map(r#""ItemsPath": "$.i", "MaxConcurrencyPath": "$.p","#, &format!(r#"{{"i":[],"p":{value}}}"#))
            .assert_runtime(&format!(
                "The MaxConcurrencyPath field refers to value \"{shown}\" which is not a valid integer: $.p"
            ));
    }
    map(r#""ItemsPath": "$.i", "ToleratedFailureCountPath": "$.p","#, r#"{"i":[],"p":-1}"#)
        .assert_runtime("ToleratedFailureCount cannot be negative.");
    map(r#""ItemsPath": "$.i", "ToleratedFailurePercentagePath": "$.p","#, r#"{"i":[],"p":101}"#)
        .assert_runtime("ToleratedFailurePercentage must be between 0 and 100.");
    map(r#""ItemsPath": "$.i", "MaxConcurrencyPath": "$.p","#, r#"{"i":[],"p":"3"}"#).assert_output("[]");
}

#[test]
fn every_branch_of_a_parallel_gets_the_same_input_and_the_results_keep_their_order() {
    let run = one(r#"{"Type": "Parallel", "End": true, "InputPath": "$.in", "Parameters": {"n.$": "$.n"},
            "ResultSelector": {"second.$": "$[1]", "first.$": "$[0].n"}, "ResultPath": "$.out",
            "Branches": [
              {"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 2, "End": true}}},
              {"StartAt": "B", "States": {"B": {"Type": "Pass", "Result": "b", "End": true}}}]}"#)
    .input(r#"{"in":{"n":1}}"#)
    .run();
    assert_eq!(
        (run.inputs("A"), run.inputs("B")),
        (vec![r#"{"n":1}"#.to_owned()], vec![r#"{"n":1}"#.to_owned()])
    );
    run.assert_output(r#"{"in":{"n":1},"out":{"first":1,"second":"b"}}"#);
}

#[test]
fn a_fail_state_may_take_its_texts_from_its_input() {
    let fail =
        |fields: &str| one(&format!(r#"{{"Type": "Fail", {fields}}}"#)).input(r#"{"e":"E","c":"why"}"#).run();
    fail(r#""ErrorPath": "$.e", "CausePath": "States.Format('{}!', $.c)""#).assert_failure("E", "why!");
    assert_eq!(fail(r#""CausePath": "$.c""#).failure(), (None, Some("why")));
    fail(r#""ErrorPath": "$.ErrorX""#).assert_runtime(
        r#"The JSONPath '$.ErrorX' specified for the field 'ErrorPath' could not be found in the input '{"e":"E","c":"why"}'"#,
    );
}

#[test]
fn a_payload_at_the_limit_passes_and_one_byte_more_does_not() {
    let text = |bytes: usize| format!(r#""{}""#, "x".repeat(bytes - 2));
    task(r#""Comment": "any""#, &text(262_144), &text(262_144)).assert_output(&text(262_144));
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:f";
    let cause = |name: &str| {
        format!(
            "The state/task '{name}' returned a result with a size exceeding the maximum number of bytes service limit."
        )
    };
    task(r#""Comment": "any""#, "{}", &text(262_145)).assert_failure("States.DataLimitExceeded", &cause(arn));
    // What a state that is no task puts together.
    pass(r#""Parameters": {"a.$": "$"}"#, &text(262_144))
        .assert_failure("States.DataLimitExceeded", &cause("S"));
    // Bytes of UTF-8 count, not characters.
    let umlauts = format!(r#""{}""#, "ö".repeat(131_072));
    task(r#""Comment": "any""#, "{}", &umlauts).assert_failure("States.DataLimitExceeded", &cause(arn));
}
