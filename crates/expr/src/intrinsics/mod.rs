//! The intrinsic functions: `States.Format('{}', $.name)` and its 17 siblings.
//!
//! A call is parsed once; names and syntax are checked then, arguments when it is evaluated, as AWS does.

mod arrays;
mod encoding;
mod format;
mod function;
mod json_functions;
mod math;
mod parse;
#[cfg(test)]
mod tests;
mod unique;

use crate::scope::{Evaluation, Exhausted};
use crate::{Entropy, PathError, QueryPath, Scope, SyntaxError};
pub use function::Function;
use json::Value;
use std::sync::Arc;

/// How deep calls may stand in one another.
pub const MAX_NESTING: usize = 10;

/// A parsed intrinsic call.
#[derive(Clone, Debug)]
pub struct Intrinsic {
    text: Arc<str>,
    call: Arc<Call>,
}

#[derive(Debug)]
struct Call {
    function: Function,
    arguments: Vec<Argument>,
}

#[derive(Debug)]
enum Argument {
    Path(QueryPath),
    /// A number, `true`, `false` or `null`.
    Literal(Value),
    /// A string in single quotes.
    Text {
        /// Its meaning, without escapes.
        value: Value,
        /// As written between the quotes: a template must tell `\{` from `{`.
        raw: Arc<str>,
    },
    Call(Call),
}

/// Why a call gave no value: the whole expression, and what went wrong in it. `Display` is AWS's cause without the
/// prefix that names the state.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum IntrinsicError {
    /// Type, range or number of arguments.
    #[error(
        "There was an error while evaluating the intrinsic function: {expression}. Invalid arguments in {}",
        function.name()
    )]
    InvalidArguments {
        /// The whole field.
        expression: Arc<str>,
        /// The function that refused.
        function: Function,
    },
    /// Braces of a template that do not match.
    #[error(
        "There was an error while evaluating the intrinsic function: {expression}. Invalid template in States.Format: matching '{missing}' not found for '{found}'."
    )]
    InvalidTemplate {
        /// The whole field.
        expression: Arc<str>,
        /// The brace that is not there.
        missing: char,
        /// The brace that stands alone.
        found: char,
    },
    /// A text that is not JSON.
    #[error(
        "There was an error while evaluating the intrinsic function: {expression}. Cannot convert String to Json in States.StringToJson, caused by: {message}\n at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: {line}, column: {column}]"
    )]
    NotJson {
        /// The whole field.
        expression: Arc<str>,
        /// What the reader said.
        message: String,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// An argument's path found nothing.
    #[error("{}", not_found(expression, error))]
    ArgumentNotFound {
        /// The whole field.
        expression: Arc<str>,
        /// What was wrong with the path.
        error: Box<PathError>,
    },
    /// The functions made more than one evaluation may.
    #[error(
        "There was an error while evaluating the intrinsic function: {expression}. The result exceeds {} bytes",
        crate::MAX_BYTES
    )]
    TooLarge {
        /// The whole field.
        expression: Arc<str>,
    },
}

// AWS: recorded in another suite, "The function '<expression>' had the following error: …".
fn not_found(expression: &str, error: &PathError) -> String {
    match error.cause() {
        jsonpath::EvalError::NullInput => error.cause().to_string(),
        _ => format!(
            "The function '{expression}' had the following error: The JsonPath argument for the field '{}' could not be found in the input '{}'",
            error.path(),
            error.input()
        ),
    }
}

/// What a function says when it cannot answer; the expression is added above.
#[derive(Debug)]
enum Failure {
    Arguments,
    Template { missing: char, found: char },
    NotJson(json::ParseError),
    TooLarge,
}

impl From<Exhausted> for Failure {
    fn from(Exhausted: Exhausted) -> Failure {
        Failure::TooLarge
    }
}

impl Intrinsic {
    /// Reads a call. Unknown functions and bad syntax are errors, the arguments' number and types are not.
    pub fn parse(text: &str) -> Result<Intrinsic, SyntaxError> {
        let call = parse::parse(text)?;
        Ok(Intrinsic { text: Arc::from(text), call: Arc::new(call) })
    }

    /// The text as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The outermost function.
    pub fn function(&self) -> Function {
        self.call.function
    }

    /// Every path among the arguments, from left to right.
    pub fn paths(&self) -> Vec<&QueryPath> {
        let mut paths = Vec::new();
        self.call.collect_paths(&mut paths);
        paths
    }

    /// The function's value.
    pub fn eval(&self, scope: &Scope<'_>, entropy: &mut dyn Entropy) -> Result<Value, IntrinsicError> {
        self.eval_in(&mut Evaluation::new(scope, entropy))
    }

    pub(crate) fn eval_in(&self, evaluation: &mut Evaluation<'_, '_>) -> Result<Value, IntrinsicError> {
        self.call.eval(&self.text, evaluation)
    }
}

impl Call {
    fn eval(
        &self,
        expression: &Arc<str>,
        evaluation: &mut Evaluation<'_, '_>,
    ) -> Result<Value, IntrinsicError> {
        let mut arguments = Vec::with_capacity(self.arguments.len());
        for argument in &self.arguments {
            arguments.push(match argument {
                Argument::Path(path) => {
                    path.eval_in(evaluation).map_err(|error| IntrinsicError::ArgumentNotFound {
                        expression: expression.clone(),
                        error: Box::new(error),
                    })?
                }
                Argument::Literal(value) | Argument::Text { value, .. } => value.clone(),
                Argument::Call(call) => call.eval(expression, evaluation)?,
            });
        }
        let result = match (self.function, self.arguments.first()) {
            (Function::Format, Some(Argument::Text { raw, .. })) => {
                format::format(raw, true, arguments.get(1..).unwrap_or_default(), evaluation)
            }
            (function, _) => function.apply(&arguments, evaluation),
        };
        result.map_err(|failure| self.error(failure, expression.clone()))
    }

    fn error(&self, failure: Failure, expression: Arc<str>) -> IntrinsicError {
        match failure {
            Failure::Arguments => IntrinsicError::InvalidArguments { expression, function: self.function },
            Failure::Template { missing, found } => {
                IntrinsicError::InvalidTemplate { expression, missing, found }
            }
            Failure::NotJson(error) => IntrinsicError::NotJson {
                expression,
                message: error.message(),
                line: error.line,
                column: error.column,
            },
            Failure::TooLarge => IntrinsicError::TooLarge { expression },
        }
    }

    fn collect_paths<'c>(&'c self, paths: &mut Vec<&'c QueryPath>) {
        for argument in &self.arguments {
            match argument {
                Argument::Path(path) => paths.push(path),
                Argument::Call(call) => call.collect_paths(paths),
                Argument::Literal(_) | Argument::Text { .. } => {}
            }
        }
    }
}
