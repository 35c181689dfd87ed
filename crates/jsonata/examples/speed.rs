//! Microseconds for each evaluation of some expressions, over a document with as many orders as the first argument
//! says (100): for comparing with other implementations.
#![allow(clippy::print_stdout)]

use json::{Object, Value};
use jsonata::{Dialect, Environment, Expression, Limits};
use std::hint::black_box;
use std::time::Instant;

const EXPRESSIONS: &[&str] = &[
    "$states.input",
    "$states.input.order.customer.address.city",
    "$states.input.n + 1",
    "$sum($states.input.items.(price * qty))",
    "$states.input.items[qty > 2].name",
    "$states.input.{'total': $sum(items.price), 'names': $map(items, function($i) { $uppercase($i.name) })}",
    "($fib := function($n) { $n <= 1 ? $n : $fib($n - 1) + $fib($n - 2) }; $fib(18))",
    "$states.input.items^(>price).name",
    "$states.input.items{category: $sum(price)}",
    "$join($states.input.items.(name & ':' & $string(price)), ',')",
];

fn main() {
    let count = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(100);
    let mut bindings = Object::new();
    bindings.insert("states", Value::object([("input", document(count))]));
    let limits = Limits { steps: u64::MAX, depth: 200, bytes: u64::MAX };
    for text in EXPRESSIONS {
        let Ok(expression) = Expression::compile(text, Dialect::Aws) else { continue };
        let mut entropy = || 1;
        let mut run = || {
            let mut environment = Environment { now_millis: 0, entropy: &mut entropy, limits };
            black_box(expression.evaluate(None, &bindings, &mut environment).is_ok())
        };
        let mut best = f64::MAX;
        for _ in 0..20 {
            let start = Instant::now();
            let mut rounds = 0u32;
            while start.elapsed().as_millis() < 20 {
                run();
                rounds += 1;
            }
            best = best.min(start.elapsed().as_secs_f64() * 1e6 / f64::from(rounds));
        }
        println!("{best:12.2}  {text}");
    }
}

/// A document of about 12 KB for 100 orders.
fn document(count: usize) -> Value {
    let items = (0..count).map(|index| {
        Value::object([
            ("id", Value::from(index)),
            ("name", Value::from(format!("item-{index}"))),
            ("category", Value::from(format!("category-{}", index % 7))),
            ("price", Value::from_f64(index as f64 * 1.25)),
            ("qty", Value::from(index % 5)),
        ])
    });
    let city = Value::object([("address", Value::object([("city", "Dresden")]))]);
    Value::object([
        ("n", Value::from(41)),
        ("order", Value::object([("customer", city)])),
        ("items", Value::array(items.collect())),
    ])
}
