//! JSONata over the shared JSON value.
//!
//! An [`Expression`] is compiled once and evaluated often, from any thread. It reads its input and its bindings where
//! they are: a path to a part of the input gives a pointer to that part and copies nothing, and integers keep all their
//! digits until something is calculated with them.
//!
//! * Everything that an evaluation does is charged to [`Limits`] before it is done, so that no expression holds a core
//!   or the memory, and the same expression over the same input always ends the same way.
//! * The clock and chance are arguments ([`Environment`]); this crate has neither.
//! * [`Dialect`] chooses between the language of AWS Step Functions and that of the reference.
//!
//! A caller must keep to one thing: what it gives as input is as deep as the JSON reader allows, and not deeper.

mod ast;
mod budget;
mod builtins;
mod error;
mod evaluate;
mod frame;
mod function;
mod functions;
mod inspect;
mod item;
mod number;
mod parser;
// The tables of recorded answers in its tests are wide.
#[cfg_attr(test, allow(clippy::type_complexity))]
pub mod pictures;
pub mod regex;
mod signature;
mod simple;
mod text;
mod tokenizer;

pub use error::{Error, Limit};
pub use inspect::{Reference, References};

use json::Value;
use std::borrow::Cow;

/// Which language it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// AWS Step Functions: JSONata 2.0 without `$eval`, with `$partition`, `$range`, `$hash`, `$random(seed)`, `$uuid`
    /// and `$parse`. What AWS refuses before anything runs is found by [`Expression::references`].
    #[default]
    Aws,
    /// The reference, version 2.2.
    V22,
}

/// What an expression reads besides its input.
pub trait Bindings {
    /// The value of a variable, named without the dollar. `None`: there is no such variable.
    fn get(&self, name: &str) -> Option<Cow<'_, Value>>;
}

/// No variables.
impl Bindings for () {
    fn get(&self, _: &str) -> Option<Cow<'_, Value>> {
        None
    }
}

/// The variables of an object, by its keys.
impl Bindings for json::Object {
    fn get(&self, name: &str) -> Option<Cow<'_, Value>> {
        json::Object::get(self, name).map(Cow::Borrowed)
    }
}

/// Where an evaluation gets the time and chance from, and what it may use.
pub struct Environment<'a> {
    /// The present moment, in milliseconds since 1970; the same for the whole evaluation.
    pub now_millis: i64,
    /// 64 random bits at each call.
    pub entropy: &'a mut dyn FnMut() -> u64,
    /// What the evaluation may use.
    pub limits: Limits,
}

/// What one evaluation may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Steps: roughly one for each expression evaluated and each item looked at.
    pub steps: u64,
    /// How deep expressions may stand in one another, with the calls of functions between them.
    pub depth: usize,
    /// Bytes of all values made, whether they still exist or not.
    pub bytes: u64,
}

impl Limits {
    /// AWS: measured, language.md 7.4 (depth). Steps and bytes are chosen to end what AWS ends, in less time.
    pub const AWS: Limits = Limits { steps: 10_000_000, depth: 100, bytes: 128 << 20 };
}

impl Default for Limits {
    fn default() -> Limits {
        Limits::AWS
    }
}

/// What an evaluation gives.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Nothing, which is not `null`.
    Undefined,
    /// A value. Functions inside it are left out.
    Value(Value),
    /// A function, which has no JSON form: AWS calls it an unsupported result type.
    Function,
}

impl Outcome {
    /// The value, if it is one.
    pub fn into_value(self) -> Option<Value> {
        match self {
            Outcome::Value(value) => Some(value),
            Outcome::Undefined | Outcome::Function => None,
        }
    }
}

/// A compiled expression.
#[derive(Debug)]
pub struct Expression {
    node: ast::Node,
    dialect: Dialect,
}

impl Expression {
    /// Compiles the text of an expression.
    ///
    /// # Errors
    /// The reference's syntax errors (`S…`), and `D1011` where the text nests deeper than 300 expressions.
    pub fn compile(text: &str, dialect: Dialect) -> Result<Expression, Error> {
        let node = parser::parse(text, dialect).map_err(|fault| *fault)?;
        Ok(Expression { node, dialect })
    }

    /// Evaluates over an input; `None` is no input, which is not `null`.
    ///
    /// # Errors
    /// What the reference fails with, and the limits ([`Error::limit`]).
    pub fn evaluate(
        &self,
        input: Option<&Value>,
        bindings: &dyn Bindings,
        environment: &mut Environment<'_>,
    ) -> Result<Outcome, Error> {
        if let Some(outcome) = self.evaluate_simply(input, bindings, environment.limits) {
            return Ok(outcome);
        }
        let mut evaluator = evaluate::Evaluator::new(self.dialect, bindings, environment);
        let outcome = evaluator.run(&self.node, input).and_then(|item| match item {
            item::Item::Undefined => Ok(Outcome::Undefined),
            item::Item::Function(_) => Ok(Outcome::Function),
            item => item::into_value(item, &mut evaluator.budget).map(Outcome::Value),
        });
        evaluator.finish();
        outcome.map_err(|fault| *fault)
    }

    /// The same for what needs no evaluator; `None` where that is not enough.
    fn evaluate_simply(
        &self,
        input: Option<&Value>,
        bindings: &dyn Bindings,
        limits: Limits,
    ) -> Option<Outcome> {
        let simple = self.node.simple.as_ref()?;
        // An array is not the context that it is for a step.
        let context = input.filter(|input| input.as_array().is_none());
        let mut budget = budget::Budget::new(limits, self.dialect);
        let sight = simple::Sight { context, parameters: &[], arguments: &[], frame: None, bindings };
        let found = simple.evaluate(&sight, &mut budget)?;
        let item = match found {
            simple::Found::Given(value) => return Some(Outcome::Value(value.clone())),
            found => found.into_item(),
        };
        match item {
            item::Item::Undefined => Some(Outcome::Undefined),
            item => item::into_value(item, &mut budget).ok().map(Outcome::Value),
        }
    }

    /// What the expression reads from outside.
    pub fn references(&self) -> References {
        inspect::references(&self.node)
    }
}
