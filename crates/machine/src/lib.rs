//! The interpreter of the Amazon States Language, without input or output: decide and apply.
