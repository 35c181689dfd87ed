//! The tree as the grammar gives it, before paths are put together.

use crate::ast::{Operator, Pattern};
use crate::signature::Signature;
use json::Value;
use std::sync::Arc;

/// An expression as it was read.
pub(super) struct Tree {
    pub(super) kind: TreeKind,
    pub(super) position: usize,
    pub(super) keep_array: bool,
    /// How many trees stand in one another.
    pub(super) height: usize,
}

/// The forms of the grammar.
pub(super) enum TreeKind {
    /// The end of the text where an expression should be. An error, but a missing bracket is the better one.
    End,
    String(Arc<str>),
    Number(f64),
    Constant(Value),
    Name(Arc<str>),
    Variable(Arc<str>),
    Regex(Arc<Pattern>),
    Wildcard,
    Descendant,
    Parent,
    Placeholder,
    Negate(Box<Tree>),
    Array(Vec<Tree>),
    Object(Vec<(Tree, Tree)>),
    Block(Vec<Tree>),
    Step(Box<Tree>, Box<Tree>),
    Binary(Operator, Box<Tree>, Box<Tree>),
    Filter(Box<Tree>, Box<Tree>),
    Group(Box<Tree>, Vec<(Tree, Tree)>),
    Sort(Box<Tree>, Vec<(bool, Tree)>),
    Bind(Arc<str>, Box<Tree>),
    Focus(Box<Tree>, Arc<str>),
    Index(Box<Tree>, Arc<str>),
    Apply(Box<Tree>, Box<Tree>),
    Condition(Box<Tree>, Box<Tree>, Option<Box<Tree>>),
    Coalesce(Box<Tree>, Box<Tree>),
    Default(Box<Tree>, Box<Tree>),
    Call(Box<Tree>, Vec<Tree>),
    Partial(Box<Tree>, Vec<Tree>),
    Lambda(Vec<Arc<str>>, Option<Signature>, Box<Tree>),
    Transform(Box<Tree>, Box<Tree>, Option<Box<Tree>>),
}
