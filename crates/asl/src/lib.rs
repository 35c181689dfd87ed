//! A definition in the Amazon States Language: read with places, checked with AWS's diagnostics, compiled once.
//!
//! [`compile`] takes the text that CreateStateMachine got and gives either a [`Definition`] that `machine` runs or the
//! [`Diagnostic`]s that AWS would answer. Every path, template and intrinsic function is parsed here, once; running
//! parses nothing. This crate runs nothing.

mod definition;

pub use definition::{
    Block, Catcher, Choice, ChoiceRule, Comparison, Condition, Definition, Fail, FailText, IntegerField, PercentageField,
    Jitter, Map, MapMode, Operand, Order, Parallel, Pass, PathField, ResultPath, Retrier, State, StateKind,
    Task, Transition, Wait, WaitTime,
};
