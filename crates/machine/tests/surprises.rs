//! What AWS does and nobody expects. The table names each surprise of the language, how it is known, and the test that keeps
//! it; those that had no place elsewhere are tested here.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]

mod harness;

use harness::{Runner, fails, flow, one, returns};
use std::path::Path;

/// Surprise, evidence (recorded, measured by others, documented), crate, and test.
const SURPRISES: [(&str, &str, &str, &str); 66] = [
    // Data flow.
    ("ResultPath writes into the raw input", "recorded", "machine", "result_path_writes_into_the_raw_input"),
    (
        "ResultPath replaces a whole leaf and keeps its siblings",
        "recorded",
        "machine",
        "result_path_makes_missing_parents_and_keeps_siblings",
    ),
    ("OutputPath reads the merged document", "recorded", "machine", "output_path_reads_the_merged_document"),
    ("InputPath and OutputPath null give {}", "recorded", "machine", "null_paths"),
    ("a null document cannot be read by a path", "measured", "expr", "null_input_cannot_be_read_by_a_path"),
    (
        "Result is a literal, its .$ keys too",
        "documented",
        "machine",
        "the_result_of_a_pass_is_its_effective_input_unless_it_has_one",
    ),
    (
        "a ResultPath that does not fit is States.ReferencePathConflict, without prefix",
        "measured",
        "machine",
        "a_result_path_that_cannot_be_applied_is_a_conflict_without_prefix",
    ),
    (
        ".$ keys follow the literals in the order of Java's HashMap",
        "recorded",
        "machine",
        "the_keys_of_a_template_are_ordered_as_on_aws",
    ),
    (
        "the order changes where the table grows",
        "recorded",
        "expr",
        "thirteen_members_come_in_the_order_of_a_grown_table",
    ),
    (
        "States.JsonMerge gives its keys in that order too",
        "recorded",
        "expr",
        "json_merge_gives_keys_in_hash_order",
    ),
    (
        "templates of JSONata keep the order as written",
        "recorded",
        "expr",
        "templates_compute_at_every_depth_and_keep_their_order",
    ),
    (
        "Assign sees the result before ResultSelector",
        "recorded",
        "machine",
        "assign_of_a_task_sees_the_result_before_result_selector",
    ),
    (
        "a state reads the variables from before it, in OutputPath too",
        "recorded",
        "machine",
        "a_state_reads_the_values_from_before_it",
    ),
    ("an empty text is an Output", "recorded", "machine", "an_empty_text_is_an_output"),
    (
        "marks of JSONata are text in JSONPath, .$ keys are keys in JSONata",
        "documented",
        "machine",
        "each_language_takes_the_marks_of_the_other_as_text",
    ),
    // Paths.
    (
        "an index outside its array is null in a template",
        "measured",
        "expr",
        "an_index_outside_its_array_reads_as_null",
    ),
    (
        "and an error in an argument of an intrinsic function",
        "measured",
        "machine",
        "an_index_outside_its_array_is_an_error_in_an_argument",
    ),
    (
        "indefinite paths give [] where nothing matches",
        "recorded",
        "expr",
        "indefinite_paths_without_match_give_an_empty_array",
    ),
    ("filters match no scalars", "documented", "jsonpath", "filters_match_no_scalars"),
    (
        "path functions but length() find nothing",
        "measured",
        "jsonpath",
        "length_works_and_other_function_tails_find_nothing",
    ),
    // Intrinsic functions.
    ("every failure is States.Runtime", "recorded", "machine", "a_wrong_intrinsic_call_ends_the_execution"),
    (
        "nested calls name the outermost expression and the innermost function",
        "recorded",
        "machine",
        "a_nested_call_names_the_whole_expression",
    ),
    ("States.Format prints objects as Java does", "recorded", "expr", "format_puts_arguments_into_places"),
    ("States.ArrayContains compares texts", "recorded", "expr", "arrays_are_made_cut_and_searched"),
    (
        "States.ArrayUnique gives the order of a HashSet",
        "recorded",
        "expr",
        "unique_drops_equals_in_hash_set_order",
    ),
    ("ranges and sizes are cut, not rounded", "recorded", "expr", "ranges_are_cut_inclusive_and_bounded"),
    ("States.MathAdd rounds half up", "recorded", "expr", "math_follows_java"),
    ("seeded random numbers are java.util.Random's", "recorded", "expr", "random_repeats_javas_sequence"),
    (
        "Base64Decode ignores what does not belong",
        "recorded",
        "expr",
        "base64_encodes_strictly_and_decodes_leniently",
    ),
    // The context object.
    (
        "Map.Item.Source is for distributed Maps alone",
        "recorded",
        "machine",
        "an_inline_map_has_no_source_of_its_items",
    ),
    (
        "State.RetryCount is for states that retry, Task.Token for those that wait",
        "recorded",
        "machine",
        "members_of_the_context_object_are_absent_elsewhere",
    ),
    (
        "times have 0 or 3 digits behind the second",
        "recorded",
        "machine",
        "times_of_the_context_object_drop_zeros_by_threes",
    ),
    // Choice and Wait.
    (
        "another type than the comparator's is false, and Not makes it true",
        "recorded",
        "machine",
        "another_type_than_the_comparators_makes_it_false_and_not_makes_that_true",
    ),
    (
        "a missing variable is an error even with a Default",
        "recorded",
        "machine",
        "a_variable_that_is_missing_ends_the_execution_even_with_a_default",
    ),
    (
        "no match without Default is States.Runtime",
        "recorded",
        "machine",
        "no_rule_and_no_default_ends_the_execution",
    ),
    ("strings compare by UTF-16 units", "documented", "machine", "strings_compare_by_utf16_units"),
    ("only a whole timestamp is one", "recorded", "machine", "only_a_full_timestamp_is_one"),
    (
        "the Assign of a Choice is for its Default",
        "recorded",
        "machine",
        "the_assign_of_a_choice_is_for_its_default_route",
    ),
    (
        "moments that are past do not wait",
        "documented",
        "machine",
        "a_wait_takes_seconds_or_a_moment_and_passes_past_ones_at_once",
    ),
    (
        "waits that cannot be read name their field",
        "recorded",
        "machine",
        "a_wait_that_cannot_be_read_ends_the_execution",
    ),
    // Parallel and Map.
    (
        "a Parallel fails with the error of its branch",
        "recorded",
        "machine",
        "a_parallel_fails_with_the_error_of_its_branch",
    ),
    (
        "States.Runtime in a branch ends the execution at once",
        "measured",
        "machine",
        "an_interpreter_failure_passes_retry_and_catch_by_at_every_level",
    ),
    (
        "inner blocks lose their variables",
        "recorded",
        "machine",
        "an_iteration_reads_outer_variables_and_keeps_its_own_to_itself",
    ),
    (
        "a bad MaxConcurrencyPath ends before the Map starts",
        "recorded",
        "machine",
        "a_map_without_a_usable_limit_never_starts",
    ),
    (
        "a bad tolerance ends after the Map started",
        "recorded",
        "machine",
        "a_map_with_an_unusable_tolerance_fails_after_it_started",
    ),
    (
        "texts of numbers are numbers for *Path fields",
        "recorded",
        "machine",
        "texts_of_numbers_are_numbers_for_path_fields",
    ),
    (
        "a selector that fails starts no iteration",
        "measured",
        "machine",
        "a_selector_that_fails_while_iterations_run_gives_them_up",
    ),
    ("a retried Map runs every item again", "documented", "machine", "a_retried_map_runs_every_item_again"),
    // Errors.
    (
        "States.Runtime is not caught by its own name",
        "recorded",
        "machine",
        "a_wildcard_does_not_take_the_interpreters_error_even_from_a_fail_state",
    ),
    (
        "States.TaskFailed takes everything but time-outs",
        "documented",
        "machine",
        "which_names_take_which_errors",
    ),
    (
        "a missed heartbeat is States.Timeout with two names",
        "recorded",
        "machine",
        "a_missed_heartbeat_has_two_names",
    ),
    (
        "a time-out has an empty cause where it is caught",
        "recorded",
        "machine",
        "a_timeout_is_caught_with_an_empty_cause",
    ),
    (
        "missing errors and causes are null where they are caught",
        "recorded",
        "machine",
        "the_output_of_an_error_shows_what_is_missing_as_null",
    ),
    (
        "a result over the limit is caught from a task alone",
        "recorded",
        "machine",
        "a_result_over_the_limit_is_caught_from_a_task_and_from_nothing_else",
    ),
    (
        "the prefix names the innermost state, once",
        "recorded",
        "machine",
        "the_prefix_names_the_innermost_state_once",
    ),
    (
        "every retrier counts for itself, RetryCount counts all",
        "documented",
        "machine",
        "the_retry_count_counts_the_retries_of_every_retrier",
    ),
    (
        "counts start again when a state is entered anew",
        "documented",
        "machine",
        "counts_start_again_when_the_state_is_entered_anew",
    ),
    (
        "a Fail without Error or Cause has neither",
        "recorded",
        "machine",
        "a_fail_state_shows_what_it_was_given_and_nothing_else",
    ),
    (
        "a retry leaves no event",
        "recorded",
        "machine",
        "a_retry_schedules_anew_and_leaves_no_event_of_its_own",
    ),
    (
        "event 25,000 is the failure",
        "recorded",
        "machine",
        "an_endless_loop_ends_with_event_25_000_and_does_so_fast",
    ),
    (
        "a catcher that fails fails its state, later ones are not asked",
        "measured",
        "machine",
        "a_catcher_that_fails_fails_its_state",
    ),
    // JSONata.
    (
        "an undefined value is an error of the state",
        "recorded",
        "expr",
        "what_gives_no_value_is_said_in_the_words_of_aws",
    ),
    ("$eval is no function", "documented", "jsonata", "eval_and_the_operators_of_2_2_are_not_there"),
    ("infinities are texts", "measured", "jsonata", "undefined_functions_and_infinities_are_told_apart"),
    (
        "a condition that is undefined does not fall back to Default",
        "measured",
        "machine",
        "conditions_are_booleans",
    ),
    (
        "Output does not see what Assign assigns",
        "recorded",
        "machine",
        "output_and_assign_see_the_values_from_before_the_state",
    ),
];

#[test]
fn every_surprise_has_its_test() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut missing = Vec::new();
    for (surprise, evidence, room, test) in SURPRISES {
        assert!(["recorded", "measured", "documented"].contains(&evidence), "{surprise}: {evidence}");
        if !holds(&crates.join(room), &format!("fn {test}(")) {
            missing.push(format!("{surprise}: {room} has no test {test}"));
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

fn holds(folder: &Path, text: &str) -> bool {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).any(|path| match path.is_dir() {
        true => holds(&path, text),
        false => {
            path.extension().is_some_and(|e| e == "rs")
                && std::fs::read_to_string(&path).unwrap().contains(text)
        }
    })
}

fn parameters(template: &str) -> Runner {
    one(&format!(r#"{{"Type": "Pass", "Parameters": {template}, "End": true}}"#))
}

#[test]
fn each_language_takes_the_marks_of_the_other_as_text() {
    // AWS: documented.
    parameters(r#"{"a": "{% 1 + 1 %}", "b": "{% 1"}"#)
        .run()
        .assert_output(r#"{"a":"{% 1 + 1 %}","b":"{% 1"}"#);
    // AWS: unconfirmed, creation may refuse such keys.
    one(r#"{"Type": "Pass", "QueryLanguage": "JSONata", "Output": {"a.$": "$.x", "b": "States.UUID()"}, "End": true}"#)
        .run()
        .assert_output(r#"{"a.$":"$.x","b":"States.UUID()"}"#);
}

#[test]
fn an_empty_text_is_an_output() {
    // AWS: recorded, in the suite of tiny-asl-machine.
    let choice = r#"{"Type": "Choice", "QueryLanguage": "JSONata", "Choices": [{"Condition": "{% true %}", "Output": "", "Next": "E"}]}"#;
    flow(&format!(r#""S": {choice}, "E": {{"Type": "Succeed"}}"#)).run().assert_output("\"\"");
    let pass = r#"{"Type": "Pass", "QueryLanguage": "JSONata", "Output": "", "End": true}"#;
    one(pass).run().assert_output("\"\"");
}

#[test]
fn an_index_outside_its_array_is_an_error_in_an_argument() {
    // AWS: measured.
    parameters(r#"{"x.$": "$.a[9]"}"#).input(r#"{"a":[1]}"#).run().assert_output(r#"{"x":null}"#);
    parameters(r#"{"x.$": "States.Array($.a[9])"}"#).input(r#"{"a":[1]}"#).run().assert_runtime(
        "The function 'States.Array($.a[9])' had the following error: The JsonPath argument for the field '$.a[9]' could not be found in the input '{\"a\":[1]}'",
    );
}

#[test]
fn a_nested_call_names_the_whole_expression() {
    // AWS: recorded.
    parameters(r#"{"x.$": "States.Format('{}', States.MathAdd(1))"}"#).run().assert_runtime(
        "There was an error while evaluating the intrinsic function: States.Format('{}', States.MathAdd(1)). Invalid arguments in States.MathAdd",
    );
}

#[test]
fn an_inline_map_has_no_source_of_its_items() {
    // AWS: recorded, in both languages.
    let processor = r#""ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Succeed"}}}"#;
    let map = |fields: &str| one(&format!(r#"{{"Type": "Map", {fields}, {processor}, "End": true}}"#));
    let run = map(r#""ItemsPath": "$.v", "ItemSelector": {"s.$": "$$.Map.Item.Source"}"#)
        .input(r#"{"v":["a"]}"#)
        .run();
    run.assert_runtime_in(
        "S",
        2,
        "The JSONPath '$$.Map.Item.Source' specified for the field 's.$' could not be found in the input '{\"v\":[\"a\"]}'",
    );
    assert_eq!(run.count("MapIterationStarted"), 0);
    let processor = r#""ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Succeed", "QueryLanguage": "JSONata"}}}"#;
    let state = format!(
        r#"{{"Type": "Map", "QueryLanguage": "JSONata", "Items": "{{% $states.input.v %}}",
            "ItemSelector": {{"source": "{{% $states.context.Map.Item.Source %}}"}}, {processor}, "End": true}}"#
    );
    let run = one(&state).input(r#"{"v":["a"]}"#).run();
    let (error, cause) = run.failure();
    assert_eq!(error, Some("States.QueryEvaluationError"));
    assert!(
        cause.unwrap().ends_with(
            "The JSONata expression '$states.context.Map.Item.Source' specified for the field 'ItemSelector/source' returned nothing (undefined)."
        ),
        "{cause:?}"
    );
}

#[test]
fn members_of_the_context_object_are_absent_elsewhere() {
    // AWS: recorded which states have them.
    for path in ["$$.State.RetryCount", "$$.Task.Token", "$$.Map.Item.Value", "$$.Execution.RedriveTime"] {
        let run = parameters(&format!(r#"{{"x.$": "{path}"}}"#)).run();
        run.assert_runtime(&format!(
            "The JSONPath '{path}' specified for the field 'x.$' could not be found in the input '{{}}'"
        ));
    }
    let task =
        r#"{"Type": "Task", "Resource": "fn:f", "Parameters": {"n.$": "$$.State.RetryCount"}, "End": true}"#;
    assert_eq!(one(task).on("f", [returns("1")]).run().calls[0].input, r#"{"n":0}"#);
    let token =
        r#"{"Type": "Task", "Resource": "fn:f", "Parameters": {"t.$": "$$.Task.Token"}, "End": true}"#;
    assert_eq!(one(token).on("f", [returns("1")]).run().failure().0, Some("States.Runtime"));
}

#[test]
fn times_of_the_context_object_drop_zeros_by_threes() {
    // AWS: recorded.
    let run = flow(
        r#""A": {"Type": "Pass", "Parameters": {"t.$": "$$.State.EnteredTime"}, "ResultPath": "$.a", "Next": "F"},
           "F": {"Type": "Task", "Resource": "fn:f", "ResultPath": null, "Next": "B"},
           "B": {"Type": "Pass", "Parameters": {"t.$": "$$.State.EnteredTime"}, "ResultPath": "$.b", "End": true}"#,
    )
    .on("f", [harness::script().returns(1_230, "1").done()])
    .run();
    run.assert_output(r#"{"a":{"t":"2026-01-01T00:00:00Z"},"b":{"t":"2026-01-01T00:00:01.230Z"}}"#);
}

#[test]
fn texts_of_numbers_are_numbers_for_path_fields() {
    // AWS: recorded.
    let run = one(
        r#"{"Type": "Map", "ItemsPath": "$.v", "MaxConcurrencyPath": "$.n", "ToleratedFailureCountPath": "$.n",
            "ToleratedFailurePercentagePath": "$.p", "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Succeed"}}}, "End": true}"#,
    )
    .input(r#"{"v":[1],"n":"3","p":"12.5"}"#)
    .run();
    run.assert_output("[1]");
    let task = r#"{"Type": "Task", "Resource": "fn:f", "TimeoutSecondsPath": "$.t", "End": true}"#;
    let run = one(task).input(r#"{"t":"7"}"#).on("f", [harness::never()]).run();
    assert_eq!((run.failure().0, run.elapsed()), (Some("States.Timeout"), 7_000));
}

#[test]
fn the_prefix_names_the_innermost_state_once() {
    // AWS: recorded.
    let run = flow(
        r#""O": {"Type": "Parallel", "End": true, "Branches": [{"StartAt": "M", "States": {
              "M": {"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "I", "States": {
                "I": {"Type": "Pass", "Parameters": {"x.$": "$.no"}, "End": true}}}}}}]}"#,
    )
    .input("[{}]")
    .run();
    let (_, cause) = run.failure();
    let cause = cause.unwrap();
    assert!(
        cause.starts_with("An error occurred while executing the state 'I' (entered at the event id #7). "),
        "{cause}"
    );
    assert_eq!(cause.matches("An error occurred").count(), 1);
}

#[test]
fn the_retry_count_counts_the_retries_of_every_retrier() {
    let state = r#"{"Type": "Task", "Resource": "fn:f", "Parameters": {"n.$": "$$.State.RetryCount"}, "End": true,
        "Retry": [{"ErrorEquals": ["A"], "MaxAttempts": 1}, {"ErrorEquals": ["B"], "MaxAttempts": 2}]}"#;
    let run = one(state).on("f", [fails("A", ""), fails("B", ""), fails("B", ""), fails("A", "")]).run();
    let seen: Vec<&str> = run.calls.iter().map(|call| call.input.as_str()).collect();
    assert_eq!(seen, [r#"{"n":0}"#, r#"{"n":1}"#, r#"{"n":2}"#, r#"{"n":3}"#]);
    run.assert_failure("A", "");
}

#[test]
fn a_fail_state_shows_what_it_was_given_and_nothing_else() {
    // AWS: recorded: each member is missing on its own.
    for (fields, expected) in [
        (r#""Error": "E", "Cause": "c""#, (Some("E"), Some("c"))),
        (r#""Error": "E""#, (Some("E"), None)),
        (r#""Cause": "c""#, (None, Some("c"))),
        (r#""Comment": "none""#, (None, None)),
    ] {
        let run = one(&format!(r#"{{"Type": "Fail", {fields}}}"#)).run();
        assert_eq!(run.failure(), expected);
        let ended = run.events().last().unwrap().to_wire(true);
        let details = ended.get("executionFailedEventDetails").unwrap();
        assert_eq!(
            (details.get("error").is_some(), details.get("cause").is_some()),
            (expected.0.is_some(), expected.1.is_some())
        );
    }
}
