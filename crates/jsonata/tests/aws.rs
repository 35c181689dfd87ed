//! Where the language of AWS Step Functions differs from the reference's, and what both leave to the caller.

#![allow(clippy::unwrap_used)]

use json::{Object, Value};
use jsonata::{Dialect, Environment, Expression, Limits, Outcome};
use std::sync::Arc;

fn evaluate(text: &str, bindings: &Object) -> Result<Outcome, jsonata::Error> {
    let mut seed = 0x0123_4567_89AB_CDEFu64;
    let mut entropy = || {
        seed = seed.rotate_left(13).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        seed
    };
    let limits = Limits::AWS;
    let mut environment = Environment { now_millis: 1_700_000_000_000, entropy: &mut entropy, limits };
    Expression::compile(text, Dialect::Aws)?.evaluate(None, bindings, &mut environment)
}

/// The result as JSON text, or `code: message`.
fn answer(text: &str) -> String {
    match evaluate(text, &Object::new()) {
        Ok(Outcome::Value(value)) => value.to_text(),
        Ok(Outcome::Undefined) => "undefined".to_owned(),
        Ok(Outcome::Function) => "function".to_owned(),
        Err(error) => format!("{}: {error}", error.code),
    }
}

#[track_caller]
fn assert_answers(cases: &[(&str, &str)]) {
    for (text, wanted) in cases {
        assert_eq!(answer(text), *wanted, "{text}");
    }
}

#[test]
fn partition_cuts_arrays() {
    assert_answers(&[
        ("$partition([1, 2, 3, 4, 5], 2)", "[[1,2],[3,4],[5]]"),
        ("$partition([1, 2, 3, 4, 5], 2.6)", "[[1,2],[3,4],[5]]"),
        ("$partition([1, 2, 3], 0)", "undefined"),
        ("$partition([1, 2, 3], -1)", "D3137: Second argument must be zero or greater"),
        ("$partition([1, 2, 3])", "[[1,2,3]]"),
        ("$partition('x', 2)", "T0412: Argument 1 of function \"partition\" must be an array of undefined"),
        (
            "$partition([1], 2, 3)",
            "T0410: Argument 3 of function \"partition\" does not match function signature",
        ),
        (
            "$partition([1], null)",
            "T0410: Argument 2 of function \"partition\" does not match function signature",
        ),
        (
            "$partition([1], '2')",
            "T0410: Argument 2 of function \"partition\" does not match function signature",
        ),
    ]);
}

#[test]
fn range_counts() {
    assert_answers(&[
        ("$range(1, 9, 2)", "[1,3,5,7,9]"),
        ("$range(1.4, 5.6, 2.2)", "[1,3,5]"),
        ("$range(1, 1, 1)", "1"),
        ("$range(5, 1, -2)", "[5,3,1]"),
        ("$range(1, 5, 0)", "undefined"),
        ("$range(1, 5, 0.49)", "undefined"),
        ("$range(1, 5)", "undefined"),
        ("$count($range(1, 1001, 1))", "1001"),
        ("$range('1', 5, 1)", "T0410: Argument 1 of function \"range\" does not match function signature"),
        ("$range(1, 5, 1, 1)", "T0410: Argument 4 of function \"range\" does not match function signature"),
    ]);
}

#[test]
fn hash_knows_five_algorithms() {
    assert_answers(&[
        ("$hash('a', 'MD5')", "\"0cc175b9c0f1b6a831c399e269772661\""),
        ("$hash('a', 'SHA-1')", "\"86f7e437faa5a7fce15d1ddcb9eaeaea377667b8\""),
        ("$hash('a', 'SHA-256')", "\"ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb\""),
        (
            "$hash('a', 'UNSUPPORTED')",
            "D3137: Hash algorithm 'UNSUPPORTED' must be one of SHA-1, SHA-384, SHA-256, SHA-512, MD5",
        ),
        (
            "$hash('a', 'md5')",
            "D3137: Hash algorithm 'md5' must be one of SHA-1, SHA-384, SHA-256, SHA-512, MD5",
        ),
        ("$hash(1, 'MD5')", "T0410: Argument 1 of function \"hash\" does not match function signature"),
        ("$length($hash($pad('', 20000, 'x'), 'SHA-512'))", "128"),
        ("$length($hash('a', 'SHA-384'))", "96"),
    ]);
}

#[test]
fn random_with_a_seed_is_javas() {
    assert_answers(&[
        ("$random(77)", "0.7240700207191966"),
        ("$random(77) = $random(77)", "true"),
        ("$random('x')", "T0410: Argument 1 of function \"random\" does not match function signature"),
        ("$random(1, 2)", "T0410: Argument 2 of function \"random\" does not match function signature"),
        ("($r := $random(); $r >= 0 and $r < 1)", "true"),
    ]);
}

#[test]
fn uuid_is_of_version_4() {
    let pattern =
        "$contains($uuid(), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)";
    assert_answers(&[
        (pattern, "true"),
        ("$uuid() = $uuid()", "false"),
        ("$count($distinct($map([1..50], function() { $uuid() })))", "50"),
        ("$uuid(1)", "T0410: Argument 1 of function \"uuid\" does not match function signature"),
    ]);
}

#[test]
fn parse_reads_json() {
    assert_answers(&[
        ("$parse('{\"a\":[1,null,9007199254740993]}')", "{\"a\":[1,null,9007199254740993]}"),
        ("$parse('')", "D3137: Invalid JSON"),
        ("$parse('{')", "D3137: Invalid JSON"),
        ("$parse(1)", "T0410: Argument 1 of function \"parse\" does not match function signature"),
        ("$parse()", "undefined"),
    ]);
}

#[test]
fn eval_and_the_operators_of_2_2_are_not_there() {
    assert_answers(&[
        ("$eval('1')", "T1006: Attempted to invoke a non-function"),
        ("1 ?? 2", "S0211: The symbol \"?\" cannot be used as a unary operator"),
        ("1 ?: 2", "S0211: The symbol \":\" cannot be used as a unary operator"),
    ]);
    assert!(Expression::compile("1 ?? 2", Dialect::V22).is_ok());
}

#[test]
fn undefined_functions_and_infinities_are_told_apart() {
    assert_answers(&[
        ("$nothing", "undefined"),
        ("null", "null"),
        ("$sum", "function"),
        ("function($x) { $x }", "function"),
        ("1 / 0", "\"Infinity\""),
        ("-1 / 0", "\"-Infinity\""),
        ("0 / 0", "\"NaN\""),
        ("{'a': $nothing, 'b': null}", "{\"b\":null}"),
        ("[1, $nothing, null]", "[1,null]"),
        ("'a' + 1", "T2001: The left side of the \"+\" operator must evaluate to a number"),
    ]);
}

#[test]
fn integers_keep_their_digits_until_something_is_calculated() {
    let mut bindings = Object::new();
    let input = "{\"id\":9007199254740993,\"big\":123456789012345678901234567890,\"whole\":2.0}";
    bindings.insert("states", Value::object([("input", json::parse(input).unwrap())]));
    let text = |text: &str| evaluate(text, &bindings).unwrap().into_value().unwrap().to_text();
    assert_eq!(text("$states.input.id"), "9007199254740993");
    assert_eq!(
        text("{'copy': $states.input.[id, big]}"),
        "{\"copy\":[9007199254740993,123456789012345678901234567890]}"
    );
    assert_eq!(text("$string($states.input.id)"), "\"9007199254740993\"");
    assert_eq!(text("$states.input.id = 9007199254740992"), "false");
    assert_eq!(text("$states.input.id + 1"), "9007199254740992");
    assert_eq!(text("$states.input.whole * 3"), "6");
    assert_eq!(text("7 / 2 * 2"), "7");
    assert_eq!(text("$sum([0.5, 0.5])"), "1");
}

#[test]
fn a_part_of_the_input_is_handed_on_and_not_copied() {
    let items = Value::array((0..1000).map(Value::from).collect());
    let mut bindings = Object::new();
    bindings.insert("states", Value::object([("input", Value::object([("items", items.clone())]))]));
    let result = evaluate("$states.input.items", &bindings).unwrap().into_value().unwrap();
    let (Value::Array(given), Value::Array(result)) = (items, result) else { unreachable!() };
    assert!(Arc::ptr_eq(&given, &result));
}

#[test]
fn references_tell_what_is_read_from_outside() {
    let names = |text: &str| {
        let references = Expression::compile(text, Dialect::Aws).unwrap().references();
        let paths = references.paths.iter().map(|reference| reference.names.join("."));
        let input = references.input.iter().map(|reference| format!("input:{}", reference.names.join(".")));
        paths.chain(input).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(names("$states.input.a.b + $x"), "states.input.a.b x");
    assert_eq!(names("$states.result.(a; $; $y)"), "states.result y");
    assert_eq!(names("($x := $states.context.Execution; $x.Id)"), "states.context.Execution");
    assert_eq!(names("$map($states.input, function($v, $i) { $v & $i & $z })"), "map states.input z");
    assert_eq!(names("$ + $$.a + b.c"), "input: input:$.a input:b.c");
    assert_eq!(names("$states.input[$.a = $k].b@$j.($j)"), "states.input.b k");
    assert_eq!(names("($f := function($n) { $n = 0 ? 1 : $f($n - 1) }; $f(3))"), "");
    let bound = Expression::compile("($states := 1)", Dialect::Aws).unwrap().references().bound;
    assert!(bound.contains("states"));
}

#[test]
fn compiled_expressions_go_to_other_threads() {
    fn assert_shared<T: Send + Sync>() {}
    assert_shared::<Expression>();
    assert_shared::<jsonata::Error>();
}
