//! What stands in a definition's fields: in JSONPath paths with the roots `$`, `$$` and `$variable`, intrinsic functions
//! and payload templates, in JSONata expressions (`{% … %}`) and any JSON with expressions in it.
//!
//! Everything is compiled once. Errors carry AWS's words, without the prefix that names the state. Randomness comes in
//! through [`Entropy`] and the time through [`Outside`], so an evaluation can be repeated to the byte; there is no clock,
//! file or network here.
//!
//! The JSONPath side evaluates against a [`Scope`], the JSONata side ([`Query`], [`QueryTemplate`]) against a
//! [`QueryScope`].

mod error_path;
mod expression;
pub mod intrinsics;
pub mod java;
mod path;
mod query;
mod scope;
mod template;
mod variable_name;

pub use error_path::ErrorPathSource;
pub use expression::{Expression, ExpressionError};
pub use intrinsics::{Intrinsic, IntrinsicError};
pub use path::{PathError, QueryPath, Root};
pub use query::{Outside, Query, QueryError, QueryScope, QuerySyntaxError, QueryTemplate};
pub use scope::{ContextSource, Entropy, MAX_BYTES, Scope, Variables};
pub use template::{Template, TemplateError, TemplateSyntaxError};
pub use variable_name::is_variable_name;

/// A text that is no path or no intrinsic call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SyntaxError {
    /// What is wrong.
    pub message: String,
    /// Where, in characters from 0.
    pub at: usize,
}
