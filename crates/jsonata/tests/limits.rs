//! No expression holds a core, the memory or the stack.

#![allow(clippy::unwrap_used)]

use json::Value;
use jsonata::{Dialect, Environment, Expression, Limit, Limits, Outcome};
use std::time::{Duration, Instant};

/// What an expression under AWS's limits ends with, on a native stack of 2 MB.
fn ending(text: &str) -> Result<Outcome, jsonata::Error> {
    let text = text.to_owned();
    let evaluate = move || {
        let mut entropy = || 1;
        let mut environment = Environment { now_millis: 0, entropy: &mut entropy, limits: Limits::AWS };
        Expression::compile(&text, Dialect::Aws)?.evaluate(Some(&Value::Null), &(), &mut environment)
    };
    std::thread::Builder::new().stack_size(2 << 20).spawn(evaluate).unwrap().join().unwrap()
}

#[track_caller]
fn assert_limited(text: &str, limit: Limit) {
    let start = Instant::now();
    let error = ending(text).expect_err(text);
    assert_eq!(error.limit, Some(limit), "{text}: {error}");
    // Generous: an unoptimised build on a busy machine.
    assert!(start.elapsed() < Duration::from_secs(20), "{text} took {:?}", start.elapsed());
}

#[test]
fn large_values_are_refused_before_they_are_made() {
    let start = Instant::now();
    assert_limited("$pad('x', 2000000000)", Limit::Bytes);
    assert_limited("$pad('x', -2000000000)", Limit::Bytes);
    assert_limited("$range(1, 1e15, 1)", Limit::Bytes);
    assert_limited("$count([1..1000000].([1..1000000]))", Limit::Bytes);
    assert_limited("($all := [1..100000]; $count([1..100000].$all))", Limit::Bytes);
    assert!(start.elapsed() < Duration::from_secs(20));
    assert_eq!(ending("[1..1e7]").unwrap_err().code, "D2014");
}

#[test]
fn doubling_ends() {
    let doubling = "($f := function($s, $n) { $n = 0 ? $s : $f($s & $s, $n - 1) }; $length($f('x', 100)))";
    assert_limited(doubling, Limit::Bytes);
    let doubling =
        "($f := function($s, $n) { $n = 0 ? $s : $f($append($s, $s), $n - 1) }; $count($f([1], 100)))";
    assert_limited(doubling, Limit::Bytes);
    let shared =
        "($f := function($s, $n) { $n = 0 ? $s : $f({'a': $s, 'b': $s}, $n - 1) }; $string($f(1, 60)))";
    assert!(ending(shared).unwrap_err().limit.is_some());
    let equal =
        "($f := function($s, $n) { $n = 0 ? $s : $f({'a': $s, 'b': $s}, $n - 1) }; $f(1, 60) = $f(1, 60))";
    assert!(ending(equal).unwrap_err().limit.is_some());
    let returned = "($f := function($s, $n) { $n = 0 ? $s : $f({'a': $s, 'b': $s}, $n - 1) }; $f(1, 60))";
    assert!(ending(returned).unwrap_err().limit.is_some());
}

#[test]
fn an_input_that_stands_in_a_result_many_times_is_charged_each_time() {
    let item = Value::object([("name", "a name of some length")]);
    let input = Value::array(vec![item; 5000]);
    let evaluate = |text: &str| {
        let mut entropy = || 1;
        let mut environment = Environment { now_millis: 0, entropy: &mut entropy, limits: Limits::AWS };
        let mut bindings = json::Object::new();
        bindings.insert("in", input.clone());
        Expression::compile(text, Dialect::Aws)?.evaluate(None, &bindings, &mut environment)
    };
    let error = evaluate("[1..100000].{'a': $in}").unwrap_err();
    assert_eq!(error.limit, Some(Limit::Bytes));
    let ten_times = evaluate("[1..10].{'a': $in}").unwrap().into_value().unwrap();
    assert_eq!(ten_times.as_array().unwrap().len(), 10);
}

#[test]
fn endless_recursion_ends() {
    assert_limited("($f := function($x) { $f($x + 1) }; $f(1))", Limit::Steps);
    assert_limited("($f := function($x) { $f($x + 1) + 1 }; $f(1))", Limit::Depth);
    assert_limited("($f := function($x) { $map([1], $f) }; $f(1))", Limit::Depth);
    assert_limited("($f := function($x) { $sort([1, 2], $f) }; $f(1))", Limit::Depth);
    assert_limited("($f := function($x) { $x ~> $f ~> $f }; $f(1))", Limit::Depth);
}

#[test]
fn exponential_recursion_ends() {
    let fib = "($f := function($n) { $n <= 1 ? $n : $f($n - 1) + $f($n - 2) }; $f(60))";
    let error = ending(fib).unwrap_err();
    assert!(error.limit.is_some(), "{error}");
    assert_limited("[1..3000][$count([1..3000]) > 0]", Limit::Bytes);
    assert_limited("($all := [1..5000]; [1..5000].($ * 7 in $all))", Limit::Steps);
    assert_limited("$match($pad('', 30, 'a'), /(a|a)*b/)", Limit::Steps);
    assert_limited("$sort([1..100000], function($a, $b) { $count([1..1000]) > 0 })", Limit::Bytes);
}

#[test]
fn deep_texts_are_refused() {
    for (open, close) in [
        ("(", ")"),
        ("[", "]"),
        ("{'a':", "}"),
        ("-", ""),
        ("$f(", ")"),
        ("a[", "]"),
        ("1+", ""),
        ("a.", "b"),
    ] {
        let text = format!("{}1{}", open.repeat(50_000), close.repeat(50_000));
        assert!(ending(&text).is_err(), "{open}");
        let text = format!("{}1{}", open.repeat(250), close.repeat(250));
        let _ = ending(&text);
    }
    let sum = vec!["1"; 20_000].join("+");
    assert!(ending(&sum).is_err());
}

#[test]
fn deep_values_are_dropped_and_refused_without_deep_recursion() {
    let nested = "($f := function($x, $n) { $n = 0 ? $x : $f([[$x]], $n - 1) }; $f(1, 100000))";
    assert_limited(nested, Limit::Depth);
    assert_limited(&nested.replace("[[$x]]", "{'a': $x}"), Limit::Depth);
    let text = format!("$string({nested})");
    assert_limited(&text, Limit::Depth);
    let closures =
        "($f := function($g, $n) { $n = 0 ? $g : $f(function() { $g }, $n - 1) }; $type($f(1, 100000)))";
    assert_eq!(ending(closures).unwrap().into_value(), Some("function".into()));
    let chains = "($f := function($g, $n) { $n = 0 ? $g : $f($g ~> $sum, $n - 1) }; $type($f($sum, 100000)))";
    assert_eq!(ending(chains).unwrap().into_value(), Some("function".into()));
    let partials = "($f := function($g, $n) { $n = 0 ? $g : $f($g(?), $n - 1) }; $type($f($sum, 100000)))";
    assert_eq!(ending(partials).unwrap().into_value(), Some("function".into()));
    assert_limited(
        "($f := function($g, $n) { $n = 0 ? $g : $f($g ~> $sum, $n - 1) }; $f($sum, 100000)(1))",
        Limit::Depth,
    );
    assert_limited(
        "($f := function($g, $n) { $n = 0 ? $g : $f($g(?), $n - 1) }; $f($sum, 100000)(1))",
        Limit::Depth,
    );
    assert_limited(&format!("{nested} = {nested}"), Limit::Depth);
    assert_limited(&format!("$boolean({nested})"), Limit::Depth);
    assert_limited(&format!("({nested}).**"), Limit::Depth);
    assert_limited(&format!("({nested}).x"), Limit::Depth);
}

#[test]
fn limits_are_worded_as_aws_words_them() {
    let text = |expression: &str| ending(expression).unwrap_err().to_string();
    assert_eq!(text("$pad('x', 2000000000)"), "Expression evaluation memory limit exceeded");
    assert_eq!(text("($f := function($x) { $f($x + 1) }; $f(1))"), "Expression evaluation timeout");
    assert_eq!(
        text("($f := function($x) { $f($x + 1) + 1 }; $f(1))"),
        "Stack overflow error: Check for non-terminating recursive function. Consider rewriting as tail-recursive. \
         Depth=101 max=100"
    );
}
