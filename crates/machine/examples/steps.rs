//! How many steps a second: a chain of ten Pass states with a payload of 100 bytes, and with one of 100 KB.
//! Payloads are shared, so a thousandfold payload costs far less than a thousandfold time.
//!
//! `cargo run --release -p stepwright-machine --example steps`
#![allow(clippy::print_stdout, clippy::unwrap_used)]

use json::{Payload, Value};
use machine::{About, Execution, Outside, Stimulus, decide};
use model::{Partition, StateMachineType, Timestamp};
use std::time::{Duration, Instant};

struct Zero;

impl expr::Entropy for Zero {
    fn next_u64(&mut self) -> u64 {
        0
    }
}

fn main() {
    let small = events_per_second(100);
    let large = events_per_second(100_000);
    println!("100 B: {small:.0} events/s; 100 KB: {large:.0} events/s; {:.1} times slower", small / large);
}

fn events_per_second(bytes: usize) -> f64 {
    let states: Vec<String> = (0..10)
        .map(|n| match n {
            9 => r#""S9": {"Type": "Pass", "End": true}"#.to_owned(),
            _ => format!(r#""S{n}": {{"Type": "Pass", "Next": "S{}"}}"#, n + 1),
        })
        .collect();
    let text = format!(r#"{{"StartAt": "S0", "States": {{{}}}}}"#, states.join(", "));
    let definition = asl::compile(&text, StateMachineType::Standard).unwrap().definition;
    let partition = Partition::of("us-east-1", "000000000000");
    let about = About {
        arn: partition.execution("m", "e"),
        state_machine_arn: partition.state_machine("m"),
        role_arn: "arn:aws:iam::000000000000:role/r".into(),
        region: "us-east-1".into(),
        started_at: Timestamp(0),
        deadline: Timestamp(i64::MAX),
        is_synchronous: false,
    };
    let input = Payload::from(Value::from("x".repeat(bytes - 2)));
    let (began, mut events) = (Instant::now(), 0);
    while began.elapsed() < Duration::from_secs(1) {
        let mut execution = Execution::new();
        let outside =
            Outside { now: Timestamp(0), entropy: &mut Zero, activity_exists: &|_| false, wait_scale: 1.0 };
        let through = model::StartedThrough::default();
        let start = Stimulus::Start { about: about.clone(), input: input.clone(), through };
        events +=
            decide(&mut execution, &definition, start, outside).iter().filter_map(|f| f.event()).count();
        assert!(execution.is_closed());
    }
    events as f64 / began.elapsed().as_secs_f64()
}
