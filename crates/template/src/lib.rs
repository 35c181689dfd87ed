//! Definitions as people keep them in files: YAML as well as JSON, with CloudFormation's `${Name}` in the place of values,
//! by themselves or within a SAM or CloudFormation template.
//!
//! [`document::read`] makes one tree of JSON or YAML, in which every key and value knows the bytes that it stands in;
//! [`fill`] puts values in the place of placeholders, and something that fits where there is none; [`machines::find`]
//! finds the state machines of a template. The tree then goes to `asl`, which knows nothing of all this.
//!
//! This crate reads no files: where a template names one, the caller gets the name.

pub mod document;
mod fill;
mod intrinsics;
pub mod machines;
mod placeholder;
mod yaml;

pub use document::{Document, ReadError, Syntax};
pub use fill::{Filled, Place, Substitutions, fill};
pub use machines::{Definition, Machine};
