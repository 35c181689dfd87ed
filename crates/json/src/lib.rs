//! The JSON value that every room of Stepwright shares, its reader and its writer.
//!
//! * [`Value`] is shared: a clone is a pointer, so a payload passes through ten states for ten pointers. Object keys
//!   keep their order, integers keep every digit.
//! * [`parse`] reads text into a [`Value`]; [`spanned::parse`] reads it into a tree that remembers where each key and
//!   value stands and which keys were given twice. Both are strict (RFC 8259), bounded in depth, and word their errors
//!   as AWS's reader does.
//! * [`Payload`] is a JSON document that is handed on both as the text it came in and as a value, each made at most once.
//!
//! This crate is not a serde format and knows nothing of states, files or clocks.

mod error;
mod number;
mod object;
mod payload;
mod reader;
pub mod spanned;
mod value;
mod writer;

pub use error::{ErrorKind, ParseError};
pub use number::Number;
pub use object::Object;
pub use payload::Payload;
pub use reader::{MAX_DEPTH, parse, parse_bytes};
pub use value::{Kind, Value};
pub use writer::{write_number, write_string};
