//! What the rules' tests share.

use crate::{Diagnostic, Severity, compile, validate};
use model::StateMachineType;

/// The errors that AWS gives a STANDARD definition, as `CODE: message at location`.
pub(crate) fn problems(text: &str) -> Vec<String> {
    errors(text, StateMachineType::Standard)
}

/// The errors of a machine that starts at `A`, the given state; a Succeed named `End` is added where the state leads to
/// it.
pub(crate) fn problems_of_state(state: &str) -> Vec<String> {
    problems(&machine_of(state))
}

/// The errors of the same machine as an EXPRESS one.
pub(crate) fn express_problems_of_state(state: &str) -> Vec<String> {
    errors(&machine_of(state), StateMachineType::Express)
}

/// The warnings of the same machine, as `CODE at location`.
pub(crate) fn warnings_of_state(state: &str) -> Vec<String> {
    let compiled = compile(&machine_of(state), StateMachineType::Standard).expect("the state is valid");
    compiled
        .warnings
        .iter()
        .map(|d| format!("{} at {}", d.code.as_str(), d.location.as_deref().unwrap_or("null")))
        .collect()
}

/// The codes of problems.
pub(crate) fn codes(problems: &[String]) -> Vec<String> {
    problems.iter().map(|p| p.split(':').next().unwrap_or("").to_owned()).collect()
}

/// A Task that is valid but for the given fields.
pub(crate) fn task_with(fields: &str) -> String {
    format!(
        r#"{{"Type":"Task","Resource":"arn:aws:lambda:us-east-1:000000000000:function:f",{fields},"End":true}}"#
    )
}

/// A distributed Map over state `B` that is valid but for the given fields.
pub(crate) fn distributed_map_with(fields: &str) -> String {
    format!(
        r#"{{"Type":"Map",{fields},"End":true,"ItemProcessor":{{"ProcessorConfig":{{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"}},"StartAt":"B","States":{{"B":{{"Type":"Pass","End":true}}}}}}}}"#
    )
}

fn machine_of(state: &str) -> String {
    let end = if state.contains("\"End\"}") || state.contains("\"Next\":\"End\"") {
        r#","End":{"Type":"Succeed"}"#
    } else {
        ""
    };
    format!(r#"{{"StartAt":"A","States":{{"A":{state}{end}}}}}"#)
}

fn errors(text: &str, machine_type: StateMachineType) -> Vec<String> {
    let found = validate(text, machine_type);
    let compiled = compile(text, machine_type);
    assert_eq!(compiled.is_ok(), !found.iter().any(Diagnostic::is_error), "what validates compiles: {text}");
    found
        .iter()
        .filter(|d| d.severity == Severity::Error)
        .map(|d| {
            if let Some(span) = &d.span {
                assert!(text.get(span.clone()).is_some(), "the span lies within the text: {d:?}");
            }
            let location = d.location.as_deref().unwrap_or("null");
            format!("{}: {} at {location}", d.code.as_str(), d.message)
        })
        .collect()
}
