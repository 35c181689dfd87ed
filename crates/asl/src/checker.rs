//! Where the rules put what they find.

use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::location::Location;
use crate::tree::{Place, QueryLanguage};
use std::collections::HashSet;
use std::sync::Arc;

/// The most diagnostics of each kind that are kept; AWS returns at most 100 of them.
pub(crate) const MAX_DIAGNOSTICS: usize = 1_000;

/// Collects what the rules find in one definition.
pub(crate) struct Checker {
    /// The language of states that do not name their own.
    pub(crate) machine_language: QueryLanguage,
    /// The state that is being compiled.
    pub(crate) state: Location,
    /// The labels seen so far.
    pub(crate) labels: HashSet<Arc<str>>,
    found: Vec<Diagnostic>,
    errors: usize,
    warnings: usize,
}

impl Checker {
    /// A checker that has found nothing.
    pub(crate) fn new(machine_language: QueryLanguage) -> Checker {
        let (state, labels) = (Location::root(), HashSet::new());
        Checker { machine_language, state, labels, found: Vec::new(), errors: 0, warnings: 0 }
    }

    /// A `SCHEMA_VALIDATION_FAILED`.
    pub(crate) fn schema(&mut self, place: &impl Place, message: impl Into<String>) {
        self.error(Code::SchemaValidationFailed, place, message);
    }

    /// An error with a code of its own.
    pub(crate) fn error(&mut self, code: Code, place: &impl Place, message: impl Into<String>) {
        if self.errors < MAX_DIAGNOSTICS {
            self.errors += 1;
            self.found.push(at(Severity::Error, code, place, message.into()));
        }
    }

    /// An error about the definition as a whole.
    pub(crate) fn error_nowhere(&mut self, code: Code, message: &str) {
        self.errors += 1;
        let (severity, message) = (Severity::Error, message.to_owned());
        self.found.push(Diagnostic { severity, code, message, location: None, span: None });
    }

    /// A warning.
    pub(crate) fn warn(&mut self, code: Code, place: &impl Place, message: impl Into<String>) {
        if self.warnings < MAX_DIAGNOSTICS {
            self.warnings += 1;
            self.found.push(at(Severity::Warning, code, place, message.into()));
        }
    }

    /// Everything found, in the order it was found.
    pub(crate) fn finish(self) -> Vec<Diagnostic> {
        self.found
    }
}

fn at(severity: Severity, code: Code, place: &impl Place, message: String) -> Diagnostic {
    let location = Some(place.location().to_string());
    Diagnostic { severity, code, message, location, span: Some(place.mark()) }
}
