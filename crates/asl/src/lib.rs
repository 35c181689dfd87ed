//! A definition in the Amazon States Language: read with places, checked with AWS's diagnostics, compiled once.
//!
//! [`compile`] takes the text that CreateStateMachine got and gives either a [`Definition`] that `machine` runs or the
//! [`Diagnostic`]s that AWS would answer. Every path, template, intrinsic function and JSONata expression is parsed here, once; running
//! parses nothing. [`compile_tree`] does the same with a definition that was read from something else than JSON. This
//! crate runs nothing.
//!
//! Inside, `tree` shows the JSON with its places, `compile` walks it and builds the definition, one file per type of
//! state, and asks the rules in `rules`, one file each, on its way; `outline` is the graph for the rules about
//! transitions. The order of the checks stands in `check`.

mod check;
mod checker;
mod compile;
mod definition;
mod diagnostic;
mod distributed;
mod find_state;
mod location;
mod lone_state;
mod outline;
mod rules;
#[cfg(test)]
mod test_support;
mod tree;
mod variable_references;

pub use check::{Compiled, compile, compile_tree, validate, validate_tree};
pub use definition::{
    Block, Catcher, Choice, ChoiceRule, Comparison, Condition, Definition, Fail, FailText, IntegerField,
    Jitter, Map, MapItems, Operand, Order, Parallel, Pass, PathField, PercentageField, ResultPath, Retrier,
    State, StateKind, Task, Transition, ValueTemplate, Wait, WaitTime,
};
pub use diagnostic::{Code, Diagnostic, Severity, invalid_definition_message};
pub use distributed::{
    DataFormat, Distributed, ItemBatcher, ItemReader, OutputType, ReaderSource, ResultWriter, Transformation,
};
pub use find_state::FoundState;
pub use lone_state::{LONE_STATE, compile_state};
pub use rules::document::{not_json, too_deep};
