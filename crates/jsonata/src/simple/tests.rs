//! Short cuts lead to where the long way leads: the same values, and the same errors at the same places.

use crate::{Dialect, Environment, Error, Expression, Limit, Limits, Outcome};
use json::{Object, Value};
use proptest::prelude::*;

const INPUT: &str = r#"{"a":{"b":{"c":5},"n":-0.5},"n":41,"big":9007199254740993,"zero":0,"s":"text","e":"",
 "t":true,"f":false,"null":null,"list":[{"n":1,"s":"x"},{"n":2.5},{"n":"3"},[{"n":4}],7],"one":[{"n":1,"b":{"c":1}}],
 "none":[],"numbers":[3,1,2],"strings":["b","a"],"o":{}}"#;

fn evaluate(expression: &Expression, input: &Value, limits: Limits) -> Result<Outcome, Error> {
    let mut bindings = Object::new();
    bindings.insert("v", input.clone());
    bindings.insert("w", 3);
    let mut entropy = || 1;
    let mut environment = Environment { now_millis: 0, entropy: &mut entropy, limits };
    expression.evaluate(Some(input), &bindings, &mut environment)
}

fn both(text: &str, dialect: Dialect) -> Option<(Expression, Expression)> {
    let short = Expression::compile(text, dialect).ok()?;
    let node = crate::parser::parse_in_full(text, dialect).ok()?;
    Some((short, Expression { node, dialect }))
}

#[track_caller]
fn assert_same(text: &str, limits: Limits) {
    let input = json::parse(INPUT).unwrap();
    for dialect in [Dialect::Aws, Dialect::V22] {
        let Some((short, full)) = both(text, dialect) else { continue };
        for input in [&input, input.get("list").unwrap(), input.get("n").unwrap()] {
            let (short, full) = (evaluate(&short, input, limits), evaluate(&full, input, limits));
            let is_spent = |outcome: &Result<Outcome, Error>| {
                let limit = outcome.as_ref().err().and_then(|error| error.limit);
                matches!(limit, Some(Limit::Steps | Limit::Bytes))
            };
            if is_spent(&short) || is_spent(&full) {
                // A short cut costs less.
                continue;
            }
            let shown = |outcome: &Result<Outcome, Error>| format!("{outcome:?}");
            assert_eq!(shown(&short), shown(&full), "{text}");
        }
    }
}

/// What can stand in an expression, short and of every kind that has a short cut.
fn leaf() -> impl Strategy<Value = String> {
    let leaves = [
        "n",
        "a.b.c",
        "a",
        "list",
        "list.n",
        "one",
        "one.n",
        "one.b.c",
        "none",
        "none.n",
        "numbers",
        "missing",
        "s",
        "e",
        "t",
        "null",
        "big",
        "zero",
        "o",
        "$",
        "$$",
        "$v",
        "$v.a.n",
        "$v.list.n",
        "$w",
        "$x",
        "$y",
        "1",
        "0",
        "-1",
        "2.5",
        "'text'",
        "''",
        "true",
        "null",
        "9007199254740993",
        "list[0]",
        "list[n > 1]",
        "list[n = 1].s",
        "numbers[$ > 1]",
        "numbers[[0, 2]]",
        "list[]",
        "one[].n",
        "$sum",
        "$uppercase",
        "numbers^(>$)",
        "list.n^($)",
        "[1..3]",
        "a.*",
        "**.c",
        "$sum(numbers)",
        "$count(list)",
        "$string(n)",
        "$uppercase(s)",
        "$x($w)",
        "list.(n & s)",
        "list.{'k': n}",
        "list{s: n}",
        "$keys(a)",
        "$keys(o)",
        "$spread(a)",
        "$split(s, 'x')",
        "$map(list, function($x) { $keys($x) })",
        "$map([a], function($x) { $keys($x){'k': $} })",
        "$map(one, function($x, $x) { $x })",
        "$map(one, function() { n })",
        "$sort(numbers, function($x, $y) { $x < $y })",
        "$reduce(numbers, function($x, $y) { $x + $y })",
        "$filter(list, function($x) { $x.n > 1 })",
        "$each(a, function($x, $y) { $y })",
        "$map(strings, $uppercase)",
        "$map(numbers, function($x)<n:n> { $x })",
        "one.(n * 2)",
        "(a; n)",
        "list@$i.($i.n)",
        "list#$i.($i + 1)",
        "one.b.(%.n)",
    ];
    proptest::sample::select(leaves.to_vec()).prop_map(str::to_owned)
}

fn expression() -> impl Strategy<Value = String> {
    leaf().prop_recursive(5, 40, 3, |inner| {
        let operators =
            ["+", "-", "*", "/", "%", "=", "!=", "<", "<=", ">", ">=", "&", "and", "or", "in", "~>", "."];
        prop_oneof![
            (inner.clone(), proptest::sample::select(operators.to_vec()), inner.clone())
                .prop_map(|(left, operator, right)| format!("({left} {operator} {right})")),
            (inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(condition, then, otherwise)| format!("({condition} ? {then} : {otherwise})")),
            (inner.clone(), inner.clone()).prop_map(|(left, right)| format!("{left}[{right}]")),
            (inner.clone(), inner.clone()).prop_map(|(value, body)| format!("($x := {value}; {body})")),
            (inner.clone(), inner.clone())
                .prop_map(|(body, argument)| format!("($x := function($y) {{ {body} }}; $x({argument}))")),
            (inner.clone(), inner.clone())
                .prop_map(|(list, body)| format!("$map({list}, function($x, $y) {{ {body} }})")),
            (inner.clone(), inner.clone()).prop_map(|(list, key)| format!("{list}^({key})")),
            inner.clone().prop_map(|inner| format!("-({inner})")),
            inner.clone().prop_map(|inner| format!("$uppercase({inner})")),
            inner.clone().prop_map(|inner| format!("[{inner}]")),
            (inner.clone(), inner).prop_map(|(left, right)| format!("{{'k': {left}, 'l': {right}}}")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn short_cuts_give_what_the_long_way_gives(text in expression()) {
        assert_same(&text, Limits { steps: 20_000, depth: 300, bytes: 1 << 20 });
    }
}

#[test]
fn depth_is_counted_as_on_the_long_way() {
    for depth in 1..8 {
        for text in [
            "n",
            "$v",
            "a.b.c",
            "n + 1",
            "n + a.b.c > 3 ? 'x' & s : -n",
            "((n))",
            "(n; n)",
            "$v.n and (n = 1)",
        ] {
            assert_same(text, Limits { depth, ..Limits::AWS });
        }
    }
}

#[test]
fn functions_can_be_hidden() {
    for text in [
        "($sum := function($x) { 'own' }; $sum([1]))",
        "[1].($uppercase := function($x) { 'own' }; $uppercase('a'))",
        "$map(['a'], function($uppercase) { $uppercase })",
        "(function($x, $x) { $x })(1, 2)",
        "($f := function($x) { ($x := 5; $x) }; $f(1))",
        "($f := function($x) { $x := 5 }; $f(1) + 1)",
        "($n := 1; $f := function() { $n }; $n := 2; $f())",
        "$eval('$x := 5') + ($x)",
        "($x := 1; $eval('$x + 1'))",
        "$v{'a': ($sum := 1; $sum)}.a",
    ] {
        assert_same(text, Limits::AWS);
    }
}
