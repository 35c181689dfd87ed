//! ValidateStateMachineDefinition.

use super::{machine, put};
use crate::error::ApiError;
use crate::request::{Words, read};
use asl::{Diagnostic, Severity};
use json::{Object, Value};
use model::StateMachineType;

const SEVERITIES: Words<Severity> = Words {
    parse: |word| [Severity::Error, Severity::Warning].into_iter().find(|severity| severity.as_str() == word),
    set: "[ERROR, WARNING]",
};
const MAX_DIAGNOSTICS: i64 = 100;

/// Checks a definition; what is wrong with it is the answer, not an exception.
pub(super) fn call(body: &Value) -> Result<Value, ApiError> {
    let (definition, machine_type, severity, limit) = read(body, |f| {
        Ok((
            f.required_text("definition", machine::DEFINITION)?,
            f.word("type", &machine::MACHINE_TYPE)?.unwrap_or(StateMachineType::Standard),
            f.word("severity", &SEVERITIES)?.unwrap_or(Severity::Error),
            f.integer("maxResults", 0..=MAX_DIAGNOSTICS)?.filter(|wanted| *wanted > 0),
        ))
    })?;
    let limit = usize::try_from(limit.unwrap_or(MAX_DIAGNOSTICS)).unwrap_or(usize::MAX);
    let found = asl::validate(&definition, machine_type);
    let is_valid = !found.iter().any(Diagnostic::is_error);
    let wanted: Vec<&Diagnostic> =
        found.iter().filter(|d| d.is_error() || severity == Severity::Warning).collect();
    let shown = wanted.iter().take(limit).map(|diagnostic| show(diagnostic));
    Ok(Value::object([
        ("result", Value::from(if is_valid { "OK" } else { "FAIL" })),
        ("diagnostics", Value::array(shown.collect())),
        ("truncated", Value::from(wanted.len() > limit)),
    ]))
}

fn show(diagnostic: &Diagnostic) -> Value {
    let mut shown = Object::new();
    shown.insert("severity", diagnostic.severity.as_str());
    shown.insert("code", diagnostic.code.as_str());
    shown.insert("message", diagnostic.message.as_str());
    put(&mut shown, "location", diagnostic.location.as_deref());
    Value::from(shown)
}
