//! JSONata in fields: what expressions see, what they give, and what AWS says when they give nothing.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests may")]

use expr::{Outside, Query, QueryError, QueryScope, QuerySyntaxError, QueryTemplate};
use json::{Kind, Value};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

fn value(text: &str) -> Value {
    json::parse(text).unwrap()
}

/// A context object that counts how often it is made.
#[derive(Default)]
struct Counted(Cell<usize>);

impl expr::ContextSource for Counted {
    fn context(&self) -> Value {
        self.0.set(self.0.get() + 1);
        value(r#"{"State":{"Name":"S"}}"#)
    }
}

fn with_scope<T>(context: &Counted, eval: impl FnOnce(&QueryScope<'_>, &mut Outside<'_>) -> T) -> T {
    let input = value(r#"{"a":{"b":[1,2,9007199254740993]},"s":"text"}"#);
    let result = value(r#"{"r":1}"#);
    let variables: BTreeMap<Arc<str>, Value> = BTreeMap::from([("x".into(), value(r#"{"y":5}"#))]);
    let scope = QueryScope {
        input: &input,
        context,
        result: Some(&result),
        error_output: None,
        variables: &variables,
    };
    let mut entropy = || 7_u64;
    eval(&scope, &mut Outside { now_millis: 1_767_225_600_000, entropy: &mut entropy })
}

fn eval(expression: &str) -> Result<Value, QueryError> {
    let query = Query::compile(expression, "Output/v").unwrap();
    with_scope(&Counted::default(), |scope, outside| query.eval(scope, outside))
}

fn message(expression: &str) -> String {
    eval(expression).unwrap_err().message
}

fn fill(template: &str) -> Result<Value, QueryError> {
    let template = QueryTemplate::compile(&value(template), "Output").unwrap();
    with_scope(&Counted::default(), |scope, outside| template.eval(scope, outside))
}

/// Where an object or an array is in memory.
fn address(value: &Value) -> *const () {
    match value {
        Value::Object(object) => Arc::as_ptr(object).cast(),
        Value::Array(items) => Arc::as_ptr(items).cast(),
        _ => panic!("{value} has no address"),
    }
}

#[test]
fn what_is_only_named_is_handed_on_and_not_copied() {
    let bare = |text: &str| {
        let query = Query::compile(text, "Output").unwrap();
        let template = QueryTemplate::compile(&Value::from(text), "Output").unwrap();
        with_scope(&Counted::default(), |scope, outside| {
            let (once, twice) = (query.eval(scope, outside).unwrap(), template.eval(scope, outside).unwrap());
            (address(scope.input), address(scope.result.unwrap()), address(&once), address(&twice))
        })
    };
    let (input, _, once, twice) = bare("{% $states.input %}");
    assert_eq!([once, twice], [input, input]);
    let (_, result, once, twice) = bare("{% $states.result %}");
    assert_eq!([once, twice], [result, result]);
    let query = Query::compile("{% $states.input.a.b %}", "Output").unwrap();
    with_scope(&Counted::default(), |scope, outside| {
        let part = scope.input.get("a").and_then(|a| a.get("b")).unwrap();
        assert_eq!(address(&query.eval(scope, outside).unwrap()), address(part));
    });
}

#[test]
fn expressions_see_states_and_variables() {
    for (expression, expected) in [
        ("{% $states.input.a.b %}", "[1,2,9007199254740993]"),
        ("{%$states.result.r%}", "1"),
        ("{% $states.context.State.Name %}", r#""S""#),
        ("{% $x.y + 1 %}", "6"),
        ("{% $keys($states) %}", r#"["input","context","result"]"#),
        ("{% null %}", "null"),
        ("{% $now() %}", r#""2026-01-01T00:00:00.000Z""#),
        ("{% ($y := 2; $y * 3) %}", "6"),
    ] {
        assert_eq!(eval(expression).unwrap().to_text(), expected, "{expression}");
    }
}

#[test]
fn the_context_object_is_made_only_where_it_is_asked_for() {
    for (expression, times) in [
        ("{% $states.input.s %}", 0),
        ("{% $x %}", 0),
        ("{% $states.context.State.Name & $states.context.State.Name %}", 1),
        ("{% ($s := $states; $s.context.State.Name) %}", 1),
    ] {
        let context = Counted::default();
        let query = Query::compile(expression, "Output").unwrap();
        with_scope(&context, |scope, outside| query.eval(scope, outside)).unwrap();
        assert_eq!(context.0.get(), times, "{expression}");
    }
}

#[test]
fn what_gives_no_value_is_said_in_the_words_of_aws() {
    let at = |expression: &str| {
        format!("The JSONata expression '{expression}' specified for the field 'Output/v' ")
    };
    // AWS: recorded test_undefined_reference.
    assert_eq!(message("{% $doesNotExist %}"), at("$doesNotExist") + "returned nothing (undefined).");
    assert_eq!(message("{% $sum %}"), at("$sum") + "returned an unsupported result type.");
    assert_eq!(
        message("{% 'a' + 1 %}"),
        at("'a' + 1")
            + "threw an error during evaluation. T2001: The left side of the \"+\" operator must evaluate to a number"
    );
    assert_eq!(
        message("{% $nope() %}"),
        at("$nope()") + "threw an error during evaluation. T1006: Attempted to invoke a non-function"
    );
    let endless = "{% ($f := function($n) { 1 + $f($n) }; $f(1)) %}";
    assert!(
        message(endless).contains("threw an error during evaluation: Stack overflow error"),
        "{}",
        message(endless)
    );
}

#[test]
fn typed_fields_name_both_types_and_the_value() {
    let query = Query::compile("{% {'foo': 'bar'} %}", "Items").unwrap();
    let error = with_scope(&Counted::default(), |scope, outside| query.eval_as(Kind::Array, scope, outside))
        .unwrap_err();
    // AWS: recorded test_map_state_items_eval_jsonata_fail.
    assert_eq!(
        error.message,
        "The JSONata expression '{'foo': 'bar'}' specified for the field 'Items' returned an unexpected result type. Expected 'array', but was 'object' for value: {\"foo\":\"bar\"}"
    );
    assert_eq!(error.location.as_deref(), Some("Items"));
}

#[test]
fn templates_compute_at_every_depth_and_keep_their_order() {
    let filled = fill(
        r#"{"z":"{% $x.y %}","a":[1,"{% $states.input.s %}",{"k":"{% 1 + 1 %}"}],"plain":"{% x","m":null}"#,
    );
    assert_eq!(filled.unwrap().to_text(), r#"{"z":5,"a":[1,"text",{"k":2}],"plain":"{% x","m":null}"#);
    assert_eq!(fill(r#""{% $x %}""#).unwrap().to_text(), r#"{"y":5}"#);
    assert_eq!(fill(r#""""#).unwrap().to_text(), r#""""#);
    assert_eq!(fill(r#"{"a.$":"$.b"}"#).unwrap().to_text(), r#"{"a.$":"$.b"}"#);
}

#[test]
fn errors_name_the_way_to_the_expression() {
    let location = |template: &str| fill(template).unwrap_err().location.unwrap().to_string();
    assert_eq!(location(r#""{% $no %}""#), "Output");
    assert_eq!(location(r#"{"a":{"b":[0,"{% $no %}"]}}"#), "Output/a/b[1]");
}

#[test]
fn one_large_value_many_times_is_stopped() {
    let members: Vec<String> = (0..400).map(|n| format!(r#""m{n}":"{{% $pad('x', 100000) %}}""#)).collect();
    let error = fill(&format!("{{{}}}", members.join(","))).unwrap_err();
    assert!(error.message.ends_with("Expression evaluation memory limit exceeded"), "{error}");
}

#[test]
fn what_states_do_not_have_is_refused() {
    let refusal = |expression: &str| match Query::compile(expression, "Output") {
        Err(QuerySyntaxError::Unsupported(message)) => message,
        other => panic!("{expression}: {other:?}"),
    };
    assert_eq!(refusal("{% phone %}"), "Reference to 'phone' at the top level is not supported.");
    assert_eq!(
        refusal("{% $states.input.a + phone.number %}"),
        "Reference to 'phone' at the top level is not supported."
    );
    assert_eq!(refusal("{% $$.a %}"), "Reference to '$$' is not supported.");
    assert_eq!(refusal("{% $ %}"), "Reference to '$' at the top level is not supported.");
    assert!(Query::compile("{% $states.input.items[$.price > 1].(name & $$.x) %}", "Output").is_err());
    assert!(Query::compile("{% $states.input.items[price > 1].{'n': name, 'all': $} %}", "Output").is_ok());
    assert!(matches!(Query::compile("{% 1 + %}", "Output"), Err(QuerySyntaxError::Invalid(_))));
}

#[test]
fn what_an_expression_reads_is_known() {
    let query = Query::compile(
        "{% ($own := $outer; $map($list, function($v) { $v + $own + $sum($other) }); $states.input.a & $states.result) %}",
        "Output",
    )
    .unwrap();
    let names: Vec<String> = query.variables_read().iter().map(ToString::to_string).collect();
    assert_eq!(names, ["list", "other", "outer"]);
    let members: Vec<String> = query.states_members().iter().map(ToString::to_string).collect();
    assert_eq!(members, ["input", "result"]);
}

#[test]
fn chance_comes_from_outside() {
    let uuid = |seed: u64| {
        let query = Query::compile("{% $uuid() & $random() %}", "Output").unwrap();
        let mut state = seed;
        let mut entropy = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            state
        };
        let (input, variables) = (Value::Null, ());
        let scope = QueryScope {
            input: &input,
            context: &Value::Null,
            result: None,
            error_output: None,
            variables: &variables,
        };
        query.eval(&scope, &mut Outside { now_millis: 0, entropy: &mut entropy }).unwrap()
    };
    assert_eq!(uuid(1), uuid(1));
    assert_ne!(uuid(1), uuid(2));
}
