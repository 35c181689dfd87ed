//! What computes one value.

use crate::scope::Evaluation;
use crate::{Entropy, Intrinsic, IntrinsicError, PathError, QueryPath, Scope, SyntaxError};
use json::Value;

/// What computes one value: a path or an intrinsic call.
#[derive(Clone, Debug)]
pub enum Expression {
    /// `$.a`, `$$.Execution.Id`, `$name`
    Path(QueryPath),
    /// `States.Format('{}', $.a)`
    Intrinsic(Intrinsic),
}

/// Why an expression gave no value.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ExpressionError {
    /// A path found nothing.
    #[error("{0}")]
    Path(PathError),
    /// An intrinsic call failed.
    #[error("{0}")]
    Intrinsic(IntrinsicError),
}

impl Expression {
    /// Reads a path or an intrinsic call.
    pub fn parse(text: &str) -> Result<Expression, SyntaxError> {
        if text.starts_with('$') {
            QueryPath::parse(text).map(Expression::Path)
        } else {
            Intrinsic::parse(text).map(Expression::Intrinsic)
        }
    }

    /// The text as written.
    pub fn text(&self) -> &str {
        match self {
            Expression::Path(path) => path.text(),
            Expression::Intrinsic(intrinsic) => intrinsic.text(),
        }
    }

    /// Every path in it, from left to right.
    pub fn paths(&self) -> Vec<&QueryPath> {
        match self {
            Expression::Path(path) => vec![path],
            Expression::Intrinsic(intrinsic) => intrinsic.paths(),
        }
    }

    /// The value.
    pub fn eval(&self, scope: &Scope<'_>, entropy: &mut dyn Entropy) -> Result<Value, ExpressionError> {
        self.eval_in(&mut Evaluation::new(scope, entropy))
    }

    pub(crate) fn eval_in(&self, evaluation: &mut Evaluation<'_, '_>) -> Result<Value, ExpressionError> {
        match self {
            Expression::Path(path) => path.eval_in(evaluation).map_err(ExpressionError::Path),
            Expression::Intrinsic(intrinsic) => {
                intrinsic.eval_in(evaluation).map_err(ExpressionError::Intrinsic)
            }
        }
    }
}
