//! The commands, one file each.

pub(crate) mod dev;
pub(crate) mod graph;
pub(crate) mod run;
pub(crate) mod serve;
pub(crate) mod validate;
