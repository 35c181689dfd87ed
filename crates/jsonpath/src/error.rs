//! What can go wrong with a path: when it is read, evaluated, or written through.

use json::Value;

/// The text is no path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} (at character {at})")]
pub struct SyntaxError {
    /// What is wrong.
    pub message: String,
    /// Where, in characters from 0.
    pub at: usize,
}

/// The path found nothing, or could not be followed. `Display` gives Jayway's words.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum EvalError {
    /// The last step's property is not there; `path` is the whole path in brackets.
    #[error("No results for path: {path}")]
    NoResults {
        /// The whole path in bracket form.
        path: String,
    },
    /// The last step's index is outside the array. Reads like [`EvalError::NoResults`], but templates treat it as null.
    #[error("No results for path: {path}")]
    IndexOutOfRange {
        /// The whole path in bracket form.
        path: String,
    },
    /// A property on the way is not there; `path` ends with it.
    #[error("Missing property in path {path}")]
    MissingProperty {
        /// The path up to and with the missing property.
        path: String,
    },
    /// A property was asked of something that is no object.
    // AWS: unconfirmed, chosen because it is Jayway's sentence for Jackson, the library whose words AWS shows elsewhere.
    #[error(
        "Expected to find an object with property {property} in path {path} but found '{found}'. This is not a json object according to the JsonProvider: 'com.jayway.jsonpath.spi.json.JacksonJsonProvider'."
    )]
    NotAnObject {
        /// The property in brackets.
        property: String,
        /// The path of the value.
        path: String,
        /// The Java class of the value.
        found: &'static str,
    },
    /// An index was asked of something that is no array.
    #[error("Filter: {step} can only be applied to arrays. Current context is: {found}")]
    NotAnArray {
        /// The step in brackets.
        step: String,
        /// The value, as compact JSON.
        found: String,
    },
    /// An index was asked of null.
    #[error("The path {path} is null")]
    NullOnTheWay {
        /// The path of the null.
        path: String,
    },
    /// The document itself is null.
    #[error("Unable to apply Path transformation to null or empty input.")]
    NullInput,
    /// A function of the path could not be applied.
    #[error("{message}")]
    Function {
        /// What was wrong.
        message: String,
    },
    /// The path visits more values than one evaluation may.
    #[error("The path visits more than {limit} values")]
    TooManySteps {
        /// The limit.
        limit: usize,
    },
}

impl EvalError {
    /// Whether the document simply has no such place (as against null input, a failing function or an exhausted budget).
    pub fn is_not_found(&self) -> bool {
        match self {
            EvalError::NoResults { .. }
            | EvalError::IndexOutOfRange { .. }
            | EvalError::MissingProperty { .. }
            | EvalError::NotAnObject { .. }
            | EvalError::NotAnArray { .. }
            | EvalError::NullOnTheWay { .. } => true,
            EvalError::NullInput | EvalError::Function { .. } | EvalError::TooManySteps { .. } => false,
        }
    }
}

/// A value could not be written where the path points. `Display` is the cause of `States.ReferencePathConflict`.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SetError {
    /// A step meets something that it cannot enter.
    // AWS: reported wording; the whole input is shown.
    #[error("Unable to apply step \"{step}\" to input {input}")]
    Step {
        /// The property's name, or the index.
        step: String,
        /// The whole document.
        input: Value,
    },
    /// The document itself is a scalar.
    // AWS: reported wording.
    #[error("Unable to apply ReferencePath {path} to input {input}")]
    Root {
        /// The path as written.
        path: String,
        /// The document.
        input: Value,
    },
    /// The path is no reference path.
    #[error("{path} is not a Reference Path")]
    NotReference {
        /// The path as written.
        path: String,
    },
}
