//! JSONPath as AWS evaluates it: the dialect and the error words of the Java library Jayway, over the shared JSON value.
//!
//! A [`Path`] is compiled once ([`Path::parse`]) and evaluated by reference ([`Path::eval`]): results share what the
//! document holds. Whether a path is *definite* is a property of the path: a definite one gives the value or an error,
//! any other an array of matches, which may be empty. Reference paths (names and indexes only) can also be written
//! through ([`Path::set`]).
//!
//! Texts are bounded in length and depth, evaluation in steps. The crate knows nothing of states, of `$$` and of
//! variables: those roots are resolved by its users.

mod error;
mod eval;
mod filter;
mod functions;
mod parse;
mod path;
mod set;
#[cfg(test)]
mod tests;

pub use error::{EvalError, SetError, SyntaxError};
pub use filter::Filter;
pub use functions::Call;
pub use path::{MAX_STEPS, MAX_TEXT, Path, Step};
