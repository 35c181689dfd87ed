//! ErrorPath and CausePath of a Fail state.

use crate::{Entropy, Expression, ExpressionError, QueryPath, Scope, SyntaxError, TemplateError};
use json::Value;
use std::sync::Arc;

/// The source of a Fail state's error or cause: a Reference Path, or an intrinsic call that gives a string.
#[derive(Clone, Debug)]
pub struct ErrorPathSource {
    expression: Expression,
}

impl ErrorPathSource {
    /// Reads a Reference Path or an intrinsic call.
    pub fn parse(text: &str) -> Result<ErrorPathSource, SyntaxError> {
        let expression = if text.starts_with('$') {
            Expression::Path(QueryPath::parse_reference(text)?)
        } else {
            Expression::parse(text)?
        };
        Ok(ErrorPathSource { expression })
    }

    /// The text as written.
    pub fn text(&self) -> &str {
        self.expression.text()
    }

    /// The path or call behind it.
    pub fn expression(&self) -> &Expression {
        &self.expression
    }

    /// The string. `field` is `ErrorPath` or `CausePath`, for the error's text.
    pub fn eval(
        &self,
        field: &str,
        scope: &Scope<'_>,
        entropy: &mut dyn Entropy,
    ) -> Result<Arc<str>, TemplateError> {
        match self.expression.eval(scope, entropy) {
            Ok(Value::String(text)) => Ok(text),
            Ok(other) => Err(TemplateError::NotAString { field: Arc::from(field), found: other }),
            // AWS: recorded test_invalid_jsonpath[INVALID_JSONPATH_IN_ERRORPATH]
            Err(ExpressionError::Path(error)) => {
                Err(TemplateError::Path { field: Arc::from(field), error: Box::new(error) })
            }
            Err(ExpressionError::Intrinsic(error)) => Err(TemplateError::Intrinsic(Box::new(error))),
        }
    }
}
