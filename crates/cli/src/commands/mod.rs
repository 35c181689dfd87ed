//! The commands, one file each.

pub(crate) mod graph;
pub(crate) mod validate;
