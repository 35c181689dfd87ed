//! Whatever the text is, it is answered: no panic, spans inside the text, and what validates compiles.
#![allow(clippy::unwrap_used, reason = "tests may")]

use asl::{Diagnostic, compile, validate};
use json::{Object, Value};
use model::StateMachineType;
use proptest::prelude::*;
use std::sync::OnceLock;

mod support;

const SEEDS: &[&str] = &[
    r#"{"StartAt":"T","TimeoutSeconds":9,"Version":"1.0","QueryLanguage":"JSONPath","States":{
        "T":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"f","Payload.$":"$.a"},
             "Credentials":{"RoleArn":"r"},"TimeoutSecondsPath":"$.t","HeartbeatSeconds":3,
             "Retry":[{"ErrorEquals":["E"],"BackoffRate":1.5,"JitterStrategy":"FULL"},{"ErrorEquals":["States.ALL"]}],
             "Catch":[{"ErrorEquals":["States.ALL"],"Next":"F","ResultPath":"$.e"}],
             "ResultSelector":{"x.$":"States.Array($.b, 'c')"},"ResultPath":"$.r","Next":"C"},
        "C":{"Type":"Choice","Default":"W","Choices":[
             {"Or":[{"Not":{"Variable":"$.a","IsPresent":true}},{"Variable":"$.b[0]","StringMatches":"a*"}],"Next":"S"},
             {"Variable":"$$.Execution.Name","TimestampLessThanPath":"$.t","Next":"P"}]},
        "W":{"Type":"Wait","Timestamp":"2024-01-01T00:00:00Z","Next":"M"},
        "P":{"Type":"Parallel","End":true,"Branches":[{"StartAt":"X","States":{"X":{"Type":"Pass","Result":[1],"End":true}}}]},
        "M":{"Type":"Map","ItemsPath":"$.items","MaxConcurrency":2,"ItemSelector":{"v.$":"$$.Map.Item.Value"},"Label":"m",
             "ItemReader":{"Resource":"arn:aws:states:::s3:getObject","ReaderConfig":{"InputType":"CSV","CSVHeaderLocation":"FIRST_ROW"}},
             "ItemBatcher":{"MaxItemsPerBatch":3,"BatchInput":{"k":1}},"ToleratedFailurePercentage":1.5,
             "ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"EXPRESS"},"StartAt":"Y",
               "States":{"Y":{"Type":"Succeed","InputPath":null}}},
             "ResultWriter":{"Resource":"arn:aws:states:::s3:putObject"},"End":true},
        "S":{"Type":"Succeed"},"F":{"Type":"Fail","ErrorPath":"$.e","Cause":"c"}}}"#,
    r#"{"StartAt":"A","QueryLanguage":"JSONata","States":{
        "A":{"Type":"Choice","Choices":[{"Condition":"{% true %}","Next":"B","Output":1,"Assign":{"x":1}}]},
        "B":{"Type":"Map","Items":"{% [1] %}","ItemProcessor":{"StartAt":"C","States":{"C":{"Type":"Wait","Seconds":"{% 1 %}","End":true}}},"End":true}}}"#,
];

/// The seeds, and the published samples where they are there.
fn definitions() -> &'static [Value] {
    static DEFINITIONS: OnceLock<Vec<Value>> = OnceLock::new();
    DEFINITIONS.get_or_init(|| {
        let samples =
            support::shared("corpus/asl").map(|folder| support::json_files(&folder)).unwrap_or_default();
        let samples = samples.into_iter().map(|(_, definition)| support::substituted(&definition, ""));
        SEEDS.iter().map(|seed| json::parse(seed).unwrap()).chain(samples).collect()
    })
}

/// What a mutation puts in the place of a value.
fn replacement() -> impl Strategy<Value = Value> {
    let words = prop::sample::select(vec![
        "",
        "$",
        "$.",
        "$x",
        "$$.a",
        "$.a[",
        "$.a[*]",
        "{%",
        "{% 1 %}",
        "States.ALL",
        "States.Format('{}', $.a)",
        "T",
        "JSONata",
        "JSONPath",
        "Map",
        "Choice",
        "DISTRIBUTED",
        "arn:aws:states:::sqs:sendMessage.sync",
        "ä\u{0}\u{7f}",
    ]);
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(|n| Value::Number(n.into())),
        any::<f64>().prop_map(Value::from_f64),
        words.prop_map(Value::from),
        Just(Value::empty_object()),
        Just(Value::array(vec![])),
        Just(Value::array(vec![Value::Null, Value::empty_object()])),
    ]
}

/// One change at the `at`th place of the document, counted from the outside in.
#[derive(Clone, Debug)]
enum Change {
    Replace(Value),
    Remove,
    Rename(&'static str),
    AddTo(&'static str, Value),
}

fn change() -> impl Strategy<Value = Change> {
    let names = || {
        prop::sample::select(vec![
            "Next",
            "End",
            "Type",
            "States",
            "StartAt",
            "Catch",
            "Retry",
            "Choices",
            "Assign",
            "Output",
            "Parameters",
            "QueryLanguage",
            "Branches",
            "Iterator",
            "x.$",
            "x",
            "",
        ])
    };
    prop_oneof![
        replacement().prop_map(Change::Replace),
        Just(Change::Remove),
        names().prop_map(Change::Rename),
        (names(), replacement()).prop_map(|(name, value)| Change::AddTo(name, value)),
    ]
}

fn mutate(value: &Value, left: &mut usize, change: &Change) -> Option<Value> {
    if *left == 0 {
        *left = usize::MAX;
        match (change, value) {
            (Change::Replace(new), _) => return Some(new.clone()),
            (Change::Remove, _) => return None,
            (Change::AddTo(name, new), Value::Object(members)) => {
                let mut members: Object = (**members).clone();
                members.insert(*name, new.clone());
                return Some(Value::from(members));
            }
            (Change::AddTo(..) | Change::Rename(_), _) => return Some(value.clone()),
        }
    }
    *left -= 1;
    Some(match value {
        Value::Array(items) => {
            Value::array(items.iter().filter_map(|item| mutate(item, left, change)).collect())
        }
        Value::Object(members) => {
            let mut result = Object::new();
            for (key, member) in members.iter() {
                let is_here = *left == 0;
                if let Some(member) = mutate(member, left, change) {
                    match change {
                        Change::Rename(name) if is_here => result.insert(*name, member),
                        _ => result.insert(key.clone(), member),
                    };
                }
            }
            Value::from(result)
        }
        other => other.clone(),
    })
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Object(members) => members.values().map(count).sum::<usize>(),
        _ => 0,
    }
}

fn is_answered(text: &str) {
    for machine_type in StateMachineType::ALL {
        let found = validate(text, *machine_type);
        for problem in &found {
            if let Some(span) = &problem.span {
                assert!(text.get(span.clone()).is_some(), "{problem:?} lies outside of {text}");
            }
        }
        let refused = found.iter().any(|problem| problem.is_error());
        assert_eq!(compile(text, *machine_type).is_err(), refused, "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changed_definitions_are_answered(
        seed in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), change()), 1..6),
    ) {
        let mut value = seed.get(definitions()).clone();
        for (at, change) in changes {
            let mut left = at.index(count(&value));
            value = mutate(&value, &mut left, &change).unwrap_or(Value::Null);
        }
        is_answered(&value.to_text());
        is_answered(&value.to_pretty_text());
    }

    #[test]
    fn texts_cut_anywhere_are_answered(seed in prop::sample::select(SEEDS), at in any::<prop::sample::Index>(), junk in ".{0,3}") {
        let end = at.index(seed.len());
        if let (Some(head), Some(tail)) = (seed.get(..end), seed.get(end..)) {
            is_answered(head);
            is_answered(&format!("{head}{junk}{tail}"));
        }
    }

    #[test]
    fn any_text_is_answered(text in ".{0,40}") {
        is_answered(&text);
    }
}

#[test]
fn the_seeds_are_what_they_should_be() {
    for seed in SEEDS {
        let found = validate(seed, StateMachineType::Standard);
        let is_ours = |d: &Diagnostic| d.message.contains("not supported by this version");
        assert!(found.iter().all(|d| !d.is_error() || is_ours(d)), "{found:?}");
    }
}

#[test]
fn a_flood_of_problems_is_bounded() {
    let fields: Vec<String> = (0..20_000).map(|n| format!("\"field{n}\":1")).collect();
    let text =
        format!(r#"{{"StartAt":"A","States":{{"A":{{"Type":"Pass","End":true,{}}}}}}}"#, fields.join(","));
    let found = validate(&text, StateMachineType::Standard);
    assert_eq!(found.len(), 1_000);
}

#[test]
fn long_names_do_not_multiply() {
    let name = "n".repeat(500_000);
    let fields: Vec<String> = (0..2_000).map(|n| format!("\"field{n}\":1")).collect();
    let text = format!(
        r#"{{"StartAt":"{name}","States":{{"{name}":{{"Type":"Pass","End":true,{}}}}}}}"#,
        fields.join(",")
    );
    let found = validate(&text, StateMachineType::Standard);
    let size: usize =
        found.iter().map(|d| d.message.len() + d.location.as_ref().map_or(0, String::len)).sum();
    assert!(size < 1_000_000, "{size}");
}

#[test]
fn a_definition_as_long_as_aws_allows_compiles() {
    let mut states = String::new();
    let mut next = 0;
    while states.len() < model::limits::DEFINITION_LENGTH - 200 {
        states +=
            &format!(r#""S{next}":{{"Type":"Pass","Parameters":{{"a.$":"$.b"}},"Next":"S{}"}},"#, next + 1);
        next += 1;
    }
    let text = format!(r#"{{"StartAt":"S0","States":{{{states}"S{next}":{{"Type":"Succeed"}}}}}}"#);
    assert!(text.len() <= model::limits::DEFINITION_LENGTH);
    let definition = compile(&text, StateMachineType::Standard).map(|compiled| compiled.definition);
    assert_eq!(definition.map(|d| d.block.states.len()), Ok(next + 1));
}
