//! What stands in a definition's fields: paths with the roots `$`, `$$` and `$variable`, intrinsic functions, and
//! payload templates.
//!
//! Everything is compiled once and evaluated against a [`Scope`]. Errors carry AWS's words, without the prefix that
//! names the state. Randomness comes in through [`Entropy`], so an evaluation can be repeated to the byte; there is no
//! clock, file or network here.
//!
//! This is the JSONPath side of the language. The JSONata side (`{% … %}`) will stand beside it as a further kind of
//! [`Expression`] and a template of its own; `$states` and the rules of undefined results belong there.

mod error_path;
mod expression;
pub mod intrinsics;
pub mod java;
mod path;
mod scope;
mod template;

pub use error_path::ErrorPathSource;
pub use expression::{Expression, ExpressionError};
pub use intrinsics::{Intrinsic, IntrinsicError};
pub use path::{PathError, QueryPath, Root, is_variable_name};
pub use scope::{ContextSource, Entropy, MAX_BYTES, Scope, Variables};
pub use template::{Template, TemplateError, TemplateSyntaxError};

/// A text that is no path or no intrinsic call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SyntaxError {
    /// What is wrong.
    pub message: String,
    /// Where, in characters from 0.
    pub at: usize,
}
