//! What the functions of the language do.

pub(crate) mod array;
pub(crate) mod aws;
pub(crate) mod boolean;
pub(crate) mod encoding;
pub(crate) mod higher_order;
pub(crate) mod matcher;
pub(crate) mod numeric;
pub(crate) mod object;
pub(crate) mod pattern;
pub(crate) mod string;
pub(crate) mod time;
