//! Branches and iterations at once: how many, in which order, and what becomes of those that are given up.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]

mod harness;

use harness::{Runner, fails, never, one, script};

fn map(limit: &str, items: usize) -> Runner {
    let items: Vec<String> = (0..items).map(|item| item.to_string()).collect();
    one(&format!(
        r#"{{"Type": "Map", {limit} "End": true, "ItemProcessor": {{"StartAt": "T", "States": {{
             "T": {{"Type": "Task", "Resource": "fn:f", "End": true}}}}}}}}"#
    ))
    .input(&format!("[{}]", items.join(",")))
    .on("f", [script().returns(1_000, "null").done()])
}

#[test]
fn so_many_iterations_run_at_once_as_the_limit_says_and_never_more_than_forty() {
    for (limit, at_once) in [
        (r#""MaxConcurrency": 1,"#, 1),
        (r#""MaxConcurrency": 2,"#, 2),
        (r#""MaxConcurrency": 0,"#, 40),
        ("", 40),
        (r#""MaxConcurrency": 1000,"#, 40),
    ] {
        let run = map(limit, 90).run();
        let at_start = run.calls.iter().filter(|call| call.at == 0).count();
        assert_eq!(at_start, at_once, "{limit}");
        let rounds = 90_u64.div_ceil(at_once as u64);
        assert_eq!((run.calls.len(), run.elapsed()), (90, rounds * 1_000), "{limit}");
        // Items are begun in their order.
        let inputs: Vec<usize> = run.calls.iter().map(|call| call.input.parse().unwrap()).collect();
        assert_eq!(inputs, (0..90).collect::<Vec<usize>>(), "{limit}");
    }
}

#[test]
fn an_iteration_that_ends_hands_its_slot_to_the_next_item() {
    let run = one(
        r#"{"Type": "Map", "MaxConcurrency": 2, "End": true, "ItemProcessor": {"StartAt": "W", "States": {
             "W": {"Type": "Wait", "SecondsPath": "$", "End": true}}}}"#,
    )
    .input("[2,1,3]")
    .run();
    run.assert_history(
        "1<-0 ExecutionStarted | 2<-0 MapStateEntered | 3<-2 MapStateStarted{3}
         4<-3 MapIterationStarted{0} | 5<-3 MapIterationStarted{1} | 6<-4 WaitStateEntered | 7<-5 WaitStateEntered
         8<-7 WaitStateExited | 9<-8 MapIterationSucceeded{1} | 10<-8 MapIterationStarted{2}
         11<-10 WaitStateEntered | 12<-6 WaitStateExited | 13<-12 MapIterationSucceeded{0}
         14<-11 WaitStateExited | 15<-14 MapIterationSucceeded{2}
         16<-15 MapStateSucceeded | 17<-15 MapStateExited | 18<-17 ExecutionSucceeded",
    );
    assert_eq!(run.elapsed(), 4_000);
}

#[test]
fn items_behind_a_failure_are_never_begun() {
    let run = map(r#""MaxConcurrency": 1,"#, 5).on("f", [fails("E", "")]).run();
    assert_eq!(
        (run.calls.len(), run.count("MapIterationStarted"), run.count("MapIterationAborted")),
        (1, 1, 0)
    );
}

#[test]
fn a_failure_aborts_the_other_iterations_in_their_order() {
    let run = one(r#"{"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "W", "States": {
             "W": {"Type": "Wait", "SecondsPath": "$", "Next": "F"}, "F": {"Type": "Fail", "Error": "E"}}}}"#)
    .input("[9,1,9]")
    .run();
    run.assert_history(
        "1<-0 ExecutionStarted | 2<-0 MapStateEntered | 3<-2 MapStateStarted{3}
         4<-3 MapIterationStarted{0} | 5<-3 MapIterationStarted{1} | 6<-3 MapIterationStarted{2}
         7<-4 WaitStateEntered | 8<-5 WaitStateEntered | 9<-6 WaitStateEntered
         10<-8 WaitStateExited | 11<-10 FailStateEntered
         12<-11 MapIterationFailed{1} | 13<-11 MapIterationAborted{0} | 14<-11 WaitStateAborted
         15<-11 MapIterationAborted{2} | 16<-11 WaitStateAborted | 17<-11 MapStateFailed
         18<-17 ExecutionFailed{E}",
    );
}

const NEST: &str = r#"{"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "P", "States": {
    "P": {"Type": "Parallel", "End": true, "Branches": [
      {"StartAt": "I", "States": {"I": {"Type": "Map", "ItemsPath": "$.items", "End": true,
         "ItemProcessor": {"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": "fn:f", "End": true}}}}}},
      {"StartAt": "A", "States": {"A": {"Type": "Pass", "InputPath": "$.name", "End": true}}}]}}}}"#;
const NESTED: &str = r#"[{"name":"x","items":[1,2]},{"name":"y","items":[]},{"name":"z","items":[3]}]"#;

#[test]
fn maps_in_parallels_in_maps_give_nested_results() {
    let run = one(NEST).input(NESTED).on("f", [script().returns(0, r#""r""#).done()]).run();
    run.assert_output(r#"[[["r","r"],"x"],[[],"y"],[["r"],"z"]]"#);
    assert_eq!(run.calls.len(), 3);
}

#[test]
fn a_failure_deep_inside_aborts_everything_around() {
    let run = one(NEST).input(NESTED).on("f", [never(), never(), fails("E", "deep")]).run();
    run.assert_failure("E", "deep");
    assert_eq!(run.count("MapStateFailed"), 2);
    assert_eq!((run.count("ParallelStateFailed"), run.count("ParallelStateAborted")), (1, 1));
    assert_eq!(run.count("MapStateAborted"), 1);
    // The two tasks that were open, and the one that failed.
    assert_eq!(run.count("TaskStateAborted"), 3);
    assert!(run.execution.outstanding().is_empty());
}

#[test]
fn a_failure_that_is_caught_inside_leaves_the_other_branches_alone() {
    let run = one(
        r#"{"Type": "Parallel", "End": true, "Branches": [
             {"StartAt": "T", "States": {
                "T": {"Type": "Task", "Resource": "fn:f", "End": true, "Catch": [{"ErrorEquals": ["E"], "Next": "C"}]},
                "C": {"Type": "Pass", "Result": "caught", "End": true}}},
             {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 5, "End": true}}}]}"#,
    )
    .on("f", [fails("E", "")])
    .run();
    run.assert_output(r#"["caught",{}]"#);
}

#[test]
fn branches_that_were_given_up_do_not_come_back() {
    // The first attempt's slow branch is still asleep when the second attempt runs.
    let run = one(
        r#"{"Type": "Parallel", "End": true, "Retry": [{"ErrorEquals": ["E"], "IntervalSeconds": 1}], "Branches": [
             {"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": "fn:f", "End": true}}},
             {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 5, "End": true}}}]}"#,
    )
    .on("f", [script().raises(3_000, model::Failure::named("E")).done(), script().returns(0, "1").done()])
    .run();
    run.assert_output("[1,{}]");
    // 3 seconds to the failure, one of pause, and five for the second attempt's Wait.
    assert_eq!((run.elapsed(), run.inputs("W").len(), run.exits("W").len()), (9_000, 2, 1));
    assert_eq!(run.count("WaitStateAborted"), 1);
}

#[test]
fn tasks_that_time_out_together_are_each_caught() {
    let run = one(r#"{"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "T", "States": {
             "T": {"Type": "Task", "Resource": "fn:f", "TimeoutSeconds": 2, "End": true,
                   "Catch": [{"ErrorEquals": ["States.Timeout"], "ResultPath": null, "Next": "P"}]},
             "P": {"Type": "Pass", "End": true}}}}"#)
    .input("[1,2,3]")
    .on("f", [never()])
    .run();
    run.assert_output("[1,2,3]");
    assert_eq!(run.elapsed(), 2_000);
}

#[test]
fn a_thousand_iterations_end() {
    let run = map("", 1_000).run();
    assert_eq!((run.calls.len(), run.elapsed()), (1_000, 25_000));
}

#[test]
fn blocks_nest_as_deeply_as_definitions_can() {
    for (last, status) in [(r#"{"Type": "Succeed"}"#, "SUCCEEDED"), (r#"{"Type": "Fail"}"#, "FAILED")] {
        let mut state = last.to_owned();
        for level in 0..120 {
            let parallel = level % 2 == 0;
            let block = format!(r#"{{"StartAt": "S{level}", "States": {{"S{level}": {state}}}}}"#);
            state = match parallel {
                true => format!(r#"{{"Type": "Parallel", "End": true, "Branches": [{block}]}}"#),
                false => format!(
                    r#"{{"Type": "Map", "ItemsPath": "$$.Execution.Input", "End": true, "ItemProcessor": {block}}}"#
                ),
            };
        }
        let run = one(&state).input("[1]").run();
        assert_eq!(run.status().as_str(), status);
    }
}
