//! What is wrong with a definition, and where.

use std::ops::Range;

/// A problem of a definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Whether it stops the definition from being used.
    pub severity: Severity,
    /// AWS's code.
    pub code: Code,
    /// AWS's sentence.
    pub message: String,
    /// AWS's slash path (`/States/A/Next`); `None` where AWS gives none.
    pub location: Option<String>,
    /// The bytes of the text that it is about.
    pub span: Option<Range<usize>>,
}

impl Diagnostic {
    /// Whether it stops the definition from being used.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The definition cannot be used.
    Error,
    /// It can, but may not do what its author meant.
    Warning,
}

impl Severity {
    /// The word of the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Error => "ERROR",
            Severity::Warning => "WARNING",
        }
    }
}

/// AWS's codes, as far as this crate gives them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// The text is not JSON.
    InvalidJsonDescription,
    /// Values stand in one another too deeply.
    TooDeeplyNested,
    /// A structural rule is broken.
    SchemaValidationFailed,
    /// Nothing ends the workflow.
    MissingEndState,
    /// A target that does not exist, or a state that nothing leads to.
    MissingTransitionTarget,
    /// Two states have one name.
    DuplicateStateName,
    /// A state's name is empty or too long.
    InvalidStateName,
    /// Two Map states have one label.
    DuplicateLabelName,
    /// A label is empty, too long, or holds a forbidden character.
    InvalidLabelName,
    /// A variable's name is reserved.
    ReservedVariableName,
    /// A variable's name has a character or a length that names do not have.
    InvalidVariableName,
    /// A variable has the name of one that a block of states around its own assigns.
    DuplicateVariableName,
    /// An expression is no JSONata.
    InvalidJsonataExpression,
    /// An expression uses something that states do not have.
    UnsupportedJsonataExpression,
    /// Warning: a value looks like a path, but its key has no `.$`.
    NoDollar,
    /// Warning: a value looks like a path, but its field does not end in `Path`.
    NoPath,
    /// Warning: the Result of a Pass looks dynamic, but is a literal.
    PassResultIsStatic,
    /// Warning: a state reads a variable that some way to it does not assign.
    PossiblyUndefinedVariable,
}

impl Code {
    /// The word of the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Code::InvalidJsonDescription => "INVALID_JSON_DESCRIPTION",
            Code::TooDeeplyNested => "TOO_DEEPLY_NESTED",
            Code::SchemaValidationFailed => "SCHEMA_VALIDATION_FAILED",
            Code::MissingEndState => "MISSING_END_STATE",
            Code::MissingTransitionTarget => "MISSING_TRANSITION_TARGET",
            Code::DuplicateStateName => "DUPLICATE_STATE_NAME",
            Code::InvalidStateName => "INVALID_STATE_NAME",
            Code::DuplicateLabelName => "DUPLICATE_LABEL_NAME",
            Code::InvalidLabelName => "INVALID_LABEL_NAME",
            Code::ReservedVariableName => "RESERVED_VARIABLE_NAME",
            Code::InvalidVariableName => "INVALID_VARIABLE_NAME",
            Code::DuplicateVariableName => "DUPLICATE_VARIABLE_NAME",
            Code::InvalidJsonataExpression => "INVALID_JSONATA_EXPRESSION",
            Code::UnsupportedJsonataExpression => "UNSUPPORTED_JSONATA_EXPRESSION",
            Code::NoDollar => "NO_DOLLAR",
            Code::NoPath => "NO_PATH",
            Code::PassResultIsStatic => "PASS_RESULT_IS_STATIC",
            Code::PossiblyUndefinedVariable => "POSSIBLY_UNDEFINED_VARIABLE",
        }
    }
}

/// The message of the exception `InvalidDefinition`: the errors among the diagnostics, joined. A missing location prints
/// as `null`.
pub fn invalid_definition_message(diagnostics: &[Diagnostic]) -> String {
    let problems: Vec<String> = diagnostics
        .iter()
        .filter(|d| d.is_error())
        .map(|d| {
            let location = d.location.as_deref().unwrap_or("null");
            format!("{}: {} at {location}", d.code.as_str(), d.message)
        })
        .collect();
    format!("Invalid State Machine Definition: '{}'", problems.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(severity: Severity, code: Code, message: &str, location: Option<&str>) -> Diagnostic {
        Diagnostic { severity, code, message: message.into(), location: location.map(Into::into), span: None }
    }

    #[test]
    fn errors_are_joined_and_a_missing_location_prints_null() {
        let found = [
            problem(Severity::Error, Code::SchemaValidationFailed, "Value cannot be empty", Some("/States")),
            problem(Severity::Warning, Code::NoDollar, "silent", Some("/")),
            problem(Severity::Error, Code::MissingEndState, "Workflow has no terminal state", None),
        ];
        assert_eq!(
            invalid_definition_message(&found),
            "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: Value cannot be empty at /States, \
             MISSING_END_STATE: Workflow has no terminal state at null'"
        );
    }
}
