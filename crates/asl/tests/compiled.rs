//! What a definition compiles to.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests may")]

use asl::*;
use model::{StateMachineType, StateType};

fn definition(text: &str) -> Definition {
    compile(text, StateMachineType::Standard)
        .unwrap_or_else(|e| panic!("{}", invalid_definition_message(&e)))
        .definition
}

/// The state `A` of a machine that has nothing else but `End`, where the state leads there.
fn state(text: &str) -> State {
    let end = if text.contains("\"End\"") && !text.contains("\"End\":true") {
        r#","End":{"Type":"Succeed"}"#
    } else {
        ""
    };
    let definition = definition(&format!(r#"{{"StartAt":"A","States":{{"A":{text}{end}}}}}"#));
    definition.block.states.get("A").unwrap().clone()
}

const FUNCTION: &str = r#""Type":"Task","Resource":"arn:aws:lambda:us-east-1:000000000000:function:f""#;

fn task(fields: &str) -> Task {
    match state(&format!("{{{FUNCTION},{fields}}}")).kind {
        StateKind::Task(task) => task,
        other => panic!("{other:?}"),
    }
}

fn map(fields: &str, config: &str) -> Map {
    let inner = r#""StartAt":"B","States":{"B":{"Type":"Pass","End":true}}"#;
    match state(&format!(r#"{{"Type":"Map",{fields}"ItemProcessor":{{{config}{inner}}},"End":true}}"#)).kind {
        StateKind::Map(map) => map,
        other => panic!("{other:?}"),
    }
}

#[test]
fn states_keep_the_order_of_the_text() {
    let definition = definition(
        r#"{"Comment":"c","TimeoutSeconds":0,"StartAt":"Z","States":{
            "Z":{"Type":"Pass","Next":"M"},"M":{"Type":"Pass","Next":"A"},"A":{"Type":"Succeed","Comment":"last"}}}"#,
    );
    assert_eq!(&*definition.block.start_at, "Z");
    assert_eq!((definition.comment.as_deref(), definition.timeout_seconds), (Some("c"), Some(0)));
    let states: Vec<(&str, StateType)> =
        definition.block.states.iter().map(|(name, state)| (&**name, state.state_type())).collect();
    assert_eq!(states, [("Z", StateType::Pass), ("M", StateType::Pass), ("A", StateType::Succeed)]);
    assert_eq!(definition.block.states["Z"].transition(), Some(&Transition::Next("M".into())));
    assert_eq!(definition.block.states["A"].comment.as_deref(), Some("last"));
}

#[test]
fn of_a_key_given_twice_the_last_counts() {
    let pass = state(r#"{"Type":"Wait","Type":"Pass","Result":1,"Result":2,"End":true}"#);
    let StateKind::Pass(pass) = pass.kind else { panic!("{pass:?}") };
    assert_eq!(pass.result, Some(json::Value::Number(2i64.into())));
}

#[test]
fn input_and_output_paths_tell_nothing_from_everything() {
    let found = state(r#"{"Type":"Pass","InputPath":null,"OutputPath":"$","End":true}"#);
    assert!(matches!((found.input_path, found.output_path), (PathField::Nothing, PathField::Whole)));
    let found = state(r#"{"Type":"Pass","InputPath":"$.a[*]","End":true}"#);
    assert!(matches!((found.input_path, found.output_path), (PathField::Path(_), PathField::Whole)));
}

#[test]
fn result_paths_replace_discard_or_place() {
    let result_path = |fields: &str| task(fields).result_path;
    assert!(matches!(result_path(r#""End":true"#), ResultPath::Replace));
    assert!(matches!(result_path(r#""ResultPath":"$","End":true"#), ResultPath::Replace));
    assert!(matches!(result_path(r#""ResultPath":null,"End":true"#), ResultPath::Discard));
    let ResultPath::At(path) = result_path(r#""ResultPath":"$.a['b']","End":true"#) else { panic!() };
    assert_eq!(path.text(), "$.a['b']");
}

#[test]
fn retriers_have_the_documented_defaults() {
    let found = task(r#""Retry":[{"ErrorEquals":["E"]}],"End":true"#).retry;
    let [retrier] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((retrier.interval_seconds, retrier.max_attempts, retrier.backoff_rate), (1, 3, 2.0));
    assert_eq!((retrier.max_delay_seconds, retrier.jitter), (None, Jitter::None));
    let all = r#""Retry":[{"ErrorEquals":["E","F"],"IntervalSeconds":0,"MaxAttempts":0,"BackoffRate":1.5,"MaxDelaySeconds":9,"JitterStrategy":"FULL"}],"End":true"#;
    let found = task(all).retry;
    let [retrier] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(retrier.error_equals.iter().map(|e| &**e).collect::<Vec<_>>(), ["E", "F"]);
    assert_eq!((retrier.interval_seconds, retrier.max_attempts, retrier.backoff_rate), (0, 0, 1.5));
    assert_eq!((retrier.max_delay_seconds, retrier.jitter), (Some(9), Jitter::Full));
}

#[test]
fn catchers_lead_on() {
    let found =
        task(r#""Catch":[{"ErrorEquals":["States.ALL"],"Next":"End","ResultPath":"$.error"}],"Next":"End""#)
            .catch;
    let [catcher] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(&*catcher.next, "End");
    assert!(matches!(&catcher.result_path, ResultPath::At(path) if path.text() == "$.error"));
}

#[test]
fn times_are_literals_or_paths() {
    let found = task(r#""TimeoutSeconds":7,"HeartbeatSecondsPath":"$.h","End":true"#);
    assert!(matches!(found.timeout_seconds, Some(IntegerField::Literal(7))));
    assert!(matches!(found.heartbeat_seconds, Some(IntegerField::Path(path)) if path.text() == "$.h"));
    let wait = |field: &str| match state(&format!(r#"{{"Type":"Wait",{field},"End":true}}"#)).kind {
        StateKind::Wait(wait) => wait.time,
        other => panic!("{other:?}"),
    };
    assert!(matches!(wait(r#""Seconds":0"#), WaitTime::Seconds(0)));
    assert!(matches!(wait(r#""SecondsPath":"$.s""#), WaitTime::SecondsPath(_)));
    assert!(
        matches!(wait(r#""Timestamp":"1970-01-01T00:00:05Z""#), WaitTime::Timestamp(t) if t.seconds == 5)
    );
    assert!(matches!(wait(r#""TimestampPath":"$$.State.EnteredTime""#), WaitTime::TimestampPath(_)));
}

#[test]
fn choices_nest() {
    let choice = state(
        r#"{"Type":"Choice","Default":"End","Choices":[
            {"And":[{"Not":{"Variable":"$.a","IsPresent":false}},
                    {"Variable":"$.a","NumericGreaterThanEqualsPath":"$.b"}],"Next":"End"},
            {"Variable":"$.c","TimestampLessThan":"1970-01-01T00:00:01Z","Next":"End"}]}"#,
    );
    let StateKind::Choice(choice) = choice.kind else { panic!("{choice:?}") };
    assert_eq!(choice.default.as_deref(), Some("End"));
    let Condition::And(both) = &choice.rules[0].condition else { panic!() };
    let Condition::Not(inner) = &both[0] else { panic!() };
    assert!(matches!(&**inner, Condition::Test { comparison: Comparison::IsPresent(false), .. }));
    assert!(matches!(
        &both[1],
        Condition::Test { comparison: Comparison::Numeric(Order::GreaterThanEquals, Operand::Path(_)), .. }
    ));
    assert!(matches!(
        &choice.rules[1].condition,
        Condition::Test { comparison: Comparison::Timestamp(Order::LessThan, Operand::Literal(t)), .. } if t.seconds == 1
    ));
}

#[test]
fn maps_know_their_mode() {
    let found = map("", "");
    assert!(found.distributed.is_none() && !found.has_distributed_fields);
    assert!(
        matches!(found.items, MapItems::Path(None))
            && found.max_concurrency.is_none()
            && found.item_selector.is_none()
    );
    let found = map(
        r#""Parameters":{"a":1},"ItemsPath":"$.i","MaxConcurrency":4,"ToleratedFailurePercentage":12.5,"ItemBatcher":{"MaxItemsPerBatch":2},"#,
        r#""ProcessorConfig":{"Mode":"INLINE"},"#,
    );
    assert!(found.distributed.is_none() && found.has_distributed_fields);
    assert!(matches!(found.items, MapItems::Path(Some(_))) && found.item_selector.is_some());
    assert!(matches!(found.max_concurrency, Some(IntegerField::Literal(4))));
    assert!(matches!(found.tolerated_failure_percentage, Some(PercentageField::Literal(p)) if p == 12.5));
}

#[test]
fn branches_keep_their_order() {
    let branch =
        |name: &str| format!(r#"{{"StartAt":"{name}","States":{{"{name}":{{"Type":"Pass","End":true}}}}}}"#);
    let text = format!(r#"{{"Type":"Parallel","Branches":[{},{}],"End":true}}"#, branch("C"), branch("B"));
    let StateKind::Parallel(parallel) = state(&text).kind else { panic!() };
    let starts: Vec<&str> = parallel.branches.iter().map(|block| &*block.start_at).collect();
    assert_eq!(starts, ["C", "B"]);
}

#[test]
fn fails_have_literals_or_sources() {
    let StateKind::Fail(fail) =
        state(r#"{"Type":"Fail","Error":"E","CausePath":"States.Format('{}', $.a)"}"#).kind
    else {
        panic!()
    };
    assert!(matches!(fail.error, Some(FailText::Literal(text)) if &*text == "E"));
    assert!(matches!(fail.cause, Some(FailText::Path(_))));
}

#[test]
fn warnings_come_with_what_compiles() {
    let text = r#"{"StartAt":"A","States":{"A":{"Type":"Pass","Parameters":{"a":"$.b"},"End":true}}}"#;
    let warnings = compile(text, StateMachineType::Standard).unwrap().warnings;
    assert_eq!(warnings.iter().map(|w| w.code).collect::<Vec<_>>(), [Code::NoDollar]);
    let span = warnings[0].span.clone().unwrap();
    assert_eq!(text.get(span), Some(r#"{"a":"$.b"}"#));
}

#[test]
fn fields_of_jsonata_states_are_expressions_or_literals() {
    let found = state(
        r#"{"Type":"Map","QueryLanguage":"JSONata","Items":[1,"{% 2 %}"],"MaxConcurrency":"{% $n %}","ToleratedFailureCount":3,
            "ItemSelector":{"v":"{% $states.context.Map.Item.Value %}"},"Output":"{% $states.result %}","Assign":{"x":"{% $y %}"},
            "Catch":[{"ErrorEquals":["E"],"Output":"{% $states.errorOutput %}","Next":"End"}],
            "ItemProcessor":{"StartAt":"B","States":{"B":{"Type":"Succeed"}}},"Next":"End"}"#,
    );
    assert!(matches!((&found.input_path, &found.output_path), (PathField::Whole, PathField::Whole)));
    let read: Vec<_> = found.assign.as_ref().unwrap().variables_read().into_iter().collect();
    assert_eq!(read, ["y".into()]);
    assert_eq!(found.output.as_ref().unwrap().as_query().unwrap().text(), "$states.result");
    let StateKind::Map(map) = &found.kind else { panic!("{found:?}") };
    assert!(matches!(&map.items, MapItems::Query(Some(items)) if items.as_query().is_none()));
    assert!(matches!(&map.item_selector, Some(ValueTemplate::Jsonata(_))));
    assert!(matches!(&map.max_concurrency, Some(IntegerField::Query(query)) if query.text() == "$n"));
    assert!(matches!(&map.tolerated_failure_count, Some(IntegerField::Literal(3))));
    let query = map.catch[0].output.as_ref().unwrap().as_query().unwrap();
    assert_eq!(&**query.field(), "Catch[0]/Output");
}

#[test]
fn conditions_are_expressions_or_booleans() {
    let found = state(
        r#"{"Type":"Choice","QueryLanguage":"JSONata","Choices":[{"Condition":true,"Next":"End"},{"Condition":"{% $states.input.a %}","Next":"End"}]}"#,
    );
    let StateKind::Choice(choice) = found.kind else { panic!("{found:?}") };
    assert!(matches!(choice.rules[0].condition, Condition::Literal(true)));
    assert!(
        matches!(&choice.rules[1].condition, Condition::Query(query) if &**query.field() == "Choices[1]/Condition")
    );
}
