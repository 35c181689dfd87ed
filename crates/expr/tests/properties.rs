//! What holds for every text and every value.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failing helper fails its test")]

use expr::java::hash_order;
use expr::{Expression, QueryPath, Scope, Template};
use json::{Object, Value, parse};
use proptest::prelude::*;

fn call_like() -> impl Strategy<Value = String> {
    let token = prop::sample::select(vec![
        "States.Format(",
        "States.Array(",
        "States.StringToJson(",
        "States.JsonToString(",
        "States.ArrayRange(",
        "States.ArrayPartition(",
        "States.ArrayUnique(",
        "States.ArrayGetItem(",
        "States.MathRandom(",
        "States.MathAdd(",
        "States.Base64Decode(",
        "States.Hash(",
        "States.JsonMerge(",
        "States.StringSplit(",
        "States.UUID(",
        "'{}'",
        "'a'",
        "'\\{'",
        "'é'",
        "$.a",
        "$.b[0]",
        "$$",
        "$",
        "1",
        "-2.5",
        "1e300",
        "9223372036854775807",
        "true",
        "null",
        ",",
        ")",
        ")",
        " ",
        "'",
        "\\",
        "'MD5'",
    ]);
    prop::collection::vec(token, 0..12).prop_map(|tokens| tokens.concat())
}

fn balanced_call() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "'{}'",
        "'a,b'",
        "$.a",
        "$.b",
        "$.b[0]",
        "$",
        "1",
        "-2.5",
        "1e300",
        "9223372036854775807",
        "true",
        "null",
        "'MD5'",
    ])
    .prop_map(str::to_owned);
    leaf.prop_recursive(3, 12, 3, |inner| {
        let name = prop::sample::select(vec![
            "Format",
            "StringToJson",
            "JsonToString",
            "Array",
            "ArrayPartition",
            "ArrayContains",
            "ArrayRange",
            "ArrayGetItem",
            "ArrayLength",
            "ArrayUnique",
            "Base64Encode",
            "Base64Decode",
            "Hash",
            "JsonMerge",
            "MathRandom",
            "MathAdd",
            "StringSplit",
            "UUID",
        ]);
        (name, prop::collection::vec(inner, 0..4))
            .prop_map(|(name, arguments)| format!("States.{name}({})", arguments.join(", ")))
    })
}

proptest! {
    #[test]
    fn no_text_panics(text in any::<String>(), call in call_like()) {
        let input = parse(r#"{"a":"x","b":[1,2]}"#).unwrap();
        let scope = Scope { input: &input, context: &input, variables: &() };
        for text in [text.clone(), format!("${text}"), format!("States.Array('{text}')"), call] {
            let _ = QueryPath::parse(&text);
            if let Ok(expression) = Expression::parse(&text) {
                let _ = expression.eval(&scope, &mut || 1);
            }
        }
    }

    #[test]
    fn every_call_can_be_read_and_answers_the_same_twice(call in balanced_call()) {
        let input = parse(r#"{"a":"x","b":[1,2,"x",{"c":null}]}"#).unwrap();
        let scope = Scope { input: &input, context: &input, variables: &() };
        let call = if call.starts_with("States.") { call } else { format!("States.Array({call})") };
        let expression = Expression::parse(&call).unwrap();
        prop_assert_eq!(expression.eval(&scope, &mut || 1), expression.eval(&scope, &mut || 1));
    }

    #[test]
    fn hash_order_keeps_every_key(keys in prop::collection::hash_set(".{0,6}", 0..60)) {
        let keys: Vec<String> = keys.into_iter().collect();
        let mut order = hash_order(keys.iter().map(String::as_str));
        order.sort_unstable();
        prop_assert_eq!(order, (0..keys.len()).collect::<Vec<_>>());
    }

    #[test]
    fn a_template_without_computed_members_is_its_own_value(keys in prop::collection::vec("[a-z]{1,3}", 0..5)) {
        let object: Object = keys.iter().map(|key| (key.as_str(), Value::from("$.x"))).collect();
        let value = Value::array(vec![Value::from(object)]);
        let scope = Scope { input: &Value::Null, context: &Value::Null, variables: &() };
        prop_assert_eq!(Template::compile(&value).unwrap().eval(&scope, &mut || 1).unwrap(), value);
    }
}
