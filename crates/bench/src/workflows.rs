//! What the benchmarks run.

use serde_json::{Value, json};

/// Five states: Pass, Choice, Pass, a Map over three items, Succeed.
pub(crate) fn five_states() -> String {
    json!({
        "StartAt": "Take",
        "States": {
            "Take": {"Type": "Pass", "Result": 3, "ResultPath": "$.total", "Next": "IsOrder"},
            "IsOrder": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.total", "NumericGreaterThan": 0, "Next": "Note"}],
                "Default": "Done",
            },
            "Note": {"Type": "Pass", "Next": "Ship"},
            "Ship": {
                "Type": "Map",
                "ItemsPath": "$.items",
                "ItemProcessor": {"StartAt": "One", "States": {"One": {"Type": "Pass", "End": true}}},
                "ResultPath": "$.shipped",
                "Next": "Done",
            },
            "Done": {"Type": "Succeed"},
        },
    })
    .to_string()
}

/// An input of about that many bytes for the five states.
pub(crate) fn input(bytes: usize) -> String {
    let line =
        |number: usize| json!({"line": number, "text": "as much as a line of an order may say", "qty": 3});
    let mut lines = Vec::new();
    let mut size = 60;
    while size < bytes {
        let line = line(lines.len());
        size += line.to_string().len() + 1;
        lines.push(line);
    }
    json!({"order": "o-1", "items": [1, 2, 3], "lines": lines}).to_string()
}

/// That many Pass states, one after the other.
pub(crate) fn passes(count: usize) -> String {
    let states: serde_json::Map<String, Value> = (0..count)
        .map(|number| {
            let state = match number + 1 < count {
                true => json!({"Type": "Pass", "Next": format!("P{}", number + 1)}),
                false => json!({"Type": "Pass", "End": true}),
            };
            (format!("P{number}"), state)
        })
        .collect();
    json!({"StartAt": "P0", "States": states}).to_string()
}

/// One Wait of that many seconds.
pub(crate) fn wait(seconds: u64) -> String {
    json!({"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": seconds, "End": true}}}).to_string()
}

/// The body of CreateStateMachine.
pub(crate) fn machine(name: &str, definition: &str, machine_type: &str) -> Value {
    json!({
        "name": name,
        "definition": definition,
        "roleArn": "arn:aws:iam::000000000000:role/bench",
        "type": machine_type,
    })
}
