//! Functions as values.

use crate::ast::{Call, Lambda, Pattern, Transform};
use crate::builtins::Builtin;
use crate::frame::Frame;
use crate::item::{Item, release};
use std::rc::Rc;
use std::sync::Arc;

/// A function.
#[derive(Debug)]
pub(crate) enum Function {
    /// A function of the expression's own, with the context and the variables where it was written.
    Lambda { lambda: Arc<Lambda>, input: Item, frame: Rc<Frame> },
    /// A call that a lambda ended with, to be made by whoever called the lambda.
    Thunk { call: Arc<Call>, input: Item, frame: Rc<Frame> },
    /// A function of the language.
    Builtin(&'static Builtin),
    /// A function some of whose arguments are given.
    Partial { function: Item, arguments: Vec<Option<Item>> },
    /// First one function, then the other on its result.
    Chain { first: Item, second: Item },
    /// A regular expression, which is a function that finds its first match.
    Regex(Arc<Pattern>),
    /// Finds the match behind the one it came with.
    NextMatch { regex: Arc<Pattern>, text: Arc<str>, from: usize },
    /// Gives a changed copy of its argument.
    Transform { transform: Arc<Transform>, input: Item, frame: Rc<Frame> },
}

impl Function {
    /// How many arguments it takes, as higher-order functions ask.
    pub(crate) fn arity(&self) -> usize {
        match self {
            Function::Lambda { lambda, .. } => lambda.parameters.len(),
            Function::Builtin(builtin) => builtin.arity,
            Function::Partial { arguments, .. } => {
                arguments.iter().filter(|argument| argument.is_none()).count()
            }
            Function::Regex(_) => 2,
            Function::Thunk { .. } | Function::NextMatch { .. } => 0,
            Function::Chain { .. } | Function::Transform { .. } => 1,
        }
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        match self {
            Function::Lambda { input, .. }
            | Function::Thunk { input, .. }
            | Function::Transform { input, .. } => {
                release(std::iter::once(std::mem::take(input)));
            }
            Function::Partial { function, arguments } => {
                let given = std::mem::take(arguments).into_iter().flatten();
                release(given.chain(std::iter::once(std::mem::take(function))));
            }
            Function::Chain { first, second } => {
                release([std::mem::take(first), std::mem::take(second)].into_iter());
            }
            Function::Builtin(_) | Function::Regex(_) | Function::NextMatch { .. } => {}
        }
    }
}
