//! Paths with a root: `$.a`, `$$.Execution.Id`, `$name.a[0]`.

use crate::scope::Evaluation;
use crate::variable_name::is_variable_name;
use crate::{Scope, SyntaxError};
use json::Value;
use jsonpath::{EvalError, Path};
use std::fmt;
use std::sync::Arc;

/// Where a path starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Root {
    /// `$`, the input of the field.
    Input,
    /// `$$`, the context object.
    Context,
    /// `$name`, a variable.
    Variable(Arc<str>),
}

/// A compiled path with its root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryPath {
    text: Arc<str>,
    root: Root,
    path: Path,
}

impl QueryPath {
    /// Compiles a path of any root.
    pub fn parse(text: &str) -> Result<QueryPath, SyntaxError> {
        let Some(behind) = text.strip_prefix('$') else {
            return Err(SyntaxError { message: "Reference path didn't start with '$'".to_owned(), at: 0 });
        };
        let (root, tail) = if let Some(tail) = behind.strip_prefix('$') {
            (Root::Context, tail)
        } else {
            let end = behind.find(['.', '[', ' ']).unwrap_or(behind.len());
            let (name, tail) = behind.split_at_checked(end).unwrap_or((behind, ""));
            match name {
                "" => (Root::Input, behind),
                _ if is_variable_name(name) => (Root::Variable(Arc::from(name)), tail),
                _ => return Err(SyntaxError { message: format!("'{name}' is no variable's name"), at: 1 }),
            }
        };
        let path = Path::parse(&format!("${tail}")).map_err(|e| SyntaxError {
            message: e.message,
            at: e.at + behind.chars().count() - tail.chars().count(),
        })?;
        Ok(QueryPath { text: Arc::from(text), root, path })
    }

    /// Compiles a Reference Path of any root; the error reads as AWS puts it behind `Value is not a Reference Path: `.
    pub fn parse_reference(text: &str) -> Result<QueryPath, SyntaxError> {
        const BRACKET: &str = "'[' must be followed by ' or '['";
        let path = QueryPath::parse(text);
        match path {
            Ok(path) if path.is_reference() => Ok(path),
            Err(error) if !text.starts_with('$') => Err(error),
            Ok(_) | Err(_) if text.contains('[') => Err(SyntaxError { message: BRACKET.to_owned(), at: 0 }),
            // AWS: unconfirmed, the words for operators outside brackets are not recorded.
            Ok(_) => {
                Err(SyntaxError { message: "Reference path must identify a single node".to_owned(), at: 0 })
            }
            Err(error) => Err(error),
        }
    }

    /// The text as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where the path starts.
    pub fn root(&self) -> &Root {
        &self.root
    }

    /// The path behind the root.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it is a Reference Path: names and indexes only.
    pub fn is_reference(&self) -> bool {
        self.path.is_reference()
    }

    /// What the path finds. A missing place, an index outside an array included, is an error.
    pub fn eval(&self, scope: &Scope<'_>) -> Result<Value, PathError> {
        let found = match &self.root {
            Root::Input => self.path.eval(scope.input),
            Root::Context => self.path.eval(&scope.context.context()),
            Root::Variable(name) => return self.eval_variable(name, scope),
        };
        found.map_err(|cause| self.error(cause, scope))
    }

    pub(crate) fn eval_in(&self, evaluation: &mut Evaluation<'_, '_>) -> Result<Value, PathError> {
        match &self.root {
            Root::Context => {
                let context = evaluation.context();
                self.path.eval(&context).map_err(|cause| self.error(cause, &evaluation.scope))
            }
            Root::Input | Root::Variable(_) => self.eval(&evaluation.scope),
        }
    }

    fn eval_variable(&self, name: &str, scope: &Scope<'_>) -> Result<Value, PathError> {
        let value = scope.variables.get(name);
        let value = value.ok_or_else(|| {
            // AWS: unconfirmed, chosen because an unassigned variable is a path that finds nothing.
            self.error(EvalError::NoResults { path: format!("${name}") }, scope)
        })?;
        self.path.eval(&value).map_err(|cause| self.error(cause, scope))
    }

    fn error(&self, cause: EvalError, scope: &Scope<'_>) -> PathError {
        PathError { path: self.text.clone(), input: scope.input.clone(), cause }
    }
}

/// A path that could not be evaluated. How AWS words it depends on the field, hence the two renderings; `Display` is
/// [`PathError::as_invalid_path`].
#[derive(Clone, Debug, PartialEq)]
pub struct PathError {
    path: Arc<str>,
    input: Value,
    cause: EvalError,
}

impl PathError {
    /// The path as written.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What was wrong.
    pub fn cause(&self) -> &EvalError {
        &self.cause
    }

    /// The effective input, which AWS shows whatever the path's root is.
    pub fn input(&self) -> &Value {
        &self.input
    }

    /// Whether the last step is an index outside its array, which templates read as null.
    pub fn is_index_out_of_range(&self) -> bool {
        matches!(self.cause, EvalError::IndexOutOfRange { .. })
    }

    /// As for InputPath, OutputPath and the `…SecondsPath` fields.
    // AWS: recorded test_invalid_jsonpath[ST.INVALID_JSONPATH_IN_INPUTPATH]
    pub fn as_invalid_path(&self) -> String {
        match &self.cause {
            EvalError::NullInput => self.cause.to_string(),
            cause => format!("Invalid path '{}' : {cause}", self.path),
        }
    }

    /// As for a member of a template (`field` with its `.$`), ErrorPath and CausePath.
    // AWS: recorded test_invalid_jsonpath[INVALID_JSONPATH_IN_STRING_EXPR_JSONPATH], […_CONTEXTPATH]
    pub fn as_not_found(&self, field: &str) -> String {
        match &self.cause {
            EvalError::NullInput => self.cause.to_string(),
            _ => format!(
                "The JSONPath '{}' specified for the field '{field}' could not be found in the input '{}'",
                self.path, self.input
            ),
        }
    }
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.as_invalid_path())
    }
}

impl std::error::Error for PathError {}
