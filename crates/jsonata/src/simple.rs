//! Expressions that need nothing but the context and variables: fields, literals, arithmetic, comparisons, conditions.
//!
//! They are most of what definitions hold. Each is compiled to a small tree of its own and evaluated over values that
//! stay where they are. Only what they give in the common case is found here: an array on the way, an operand of the
//! wrong type or a limit gives `None`, and then the evaluator does the expression again, in full. So nothing here has
//! an error, and nothing here has an effect.

mod compile;
mod find;
#[cfg(test)]
mod tests;

use crate::Bindings;
use crate::ast::Operator;
use crate::budget::Budget;
use crate::frame::Frame;
use crate::item::Item;
use json::Value;
use std::sync::Arc;

pub(crate) use compile::{compile, names_of_head};
pub(crate) use find::{calculate, exact};

/// An expression of this kind.
#[derive(Debug)]
pub(crate) struct Simple {
    form: Arc<Form>,
    /// How many expressions stand in one another in it, itself included.
    height: usize,
    /// What it costs.
    steps: usize,
}

#[derive(Debug)]
enum Form {
    /// `$`
    Context,
    Literal(Value),
    /// A number that is the same as a double, and as the value that it is.
    Number(f64, Value),
    /// `a`
    Field(Arc<str>),
    /// `a.b.c`
    Fields(Box<[Arc<str>]>),
    /// `$v`, which the expression may bind
    Local(Arc<str>, Reach),
    /// `$v.a.b`
    Variable {
        name: Arc<str>,
        reach: Reach,
        fields: Box<[Arc<str>]>,
    },
    Negate(Arc<Form>),
    Arithmetic(Operator, Arc<Form>, Arc<Form>),
    Comparison(Operator, Arc<Form>, Arc<Form>),
    Concatenation(Arc<Form>, Arc<Form>),
    And(Arc<Form>, Arc<Form>),
    Or(Arc<Form>, Arc<Form>),
    Condition(Arc<Form>, Arc<Form>, Option<Arc<Form>>),
}

/// Who may bind a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// The surroundings alone.
    Outside,
    /// The expression, everywhere under the name at the same place, or the surroundings.
    Expression,
    /// Other expressions too.
    Any,
}

/// What an expression sees.
#[derive(Clone, Copy)]
pub(crate) struct Sight<'v> {
    /// The context, where it is a value from outside or a scalar.
    pub(crate) context: Option<&'v Value>,
    /// The parameters and the arguments of a lambda that is called without a frame of its own.
    pub(crate) parameters: &'v [Arc<str>],
    pub(crate) arguments: &'v [Given<'v>],
    pub(crate) frame: Option<&'v Frame>,
    pub(crate) bindings: &'v dyn Bindings,
}

/// An argument that nobody has made a value of yet.
#[derive(Clone, Copy)]
pub(crate) enum Given<'v> {
    Item(&'v Item),
    Value(&'v Value),
    Index(usize),
    Key(&'v Arc<str>),
}

impl Given<'_> {
    pub(crate) fn to_item(self) -> Item {
        match self {
            Given::Item(item) => item.clone(),
            Given::Value(value) => Item::Json(value.clone()),
            Given::Index(index) => Item::number(index as f64),
            Given::Key(key) => Item::string(key.clone()),
        }
    }
}

/// What an expression gives.
pub(crate) enum Found<'v> {
    Undefined,
    Bool(bool),
    /// A result of arithmetic.
    Number(f64),
    /// A value where it is.
    Given(&'v Value),
    Own(Item),
}

impl Simple {
    /// The value, where it is the common case. Steps are charged.
    #[inline]
    pub(crate) fn evaluate<'v>(&'v self, sight: &Sight<'v>, budget: &mut Budget) -> Option<Found<'v>> {
        if !budget.has_room(self.height) || budget.charge(self.steps, 0).is_err() {
            return None;
        }
        self.form.find(sight, budget)
    }
}

impl Found<'_> {
    #[inline]
    pub(crate) fn into_item(self) -> Item {
        match self {
            Found::Undefined => Item::Undefined,
            Found::Bool(value) => Item::boolean(value),
            Found::Number(number) => Item::number(number),
            Found::Given(value) => Item::Json(value.clone()),
            Found::Own(item) => item,
        }
    }

    /// The value, looked at.
    fn value(&self) -> Option<&Value> {
        match self {
            Found::Given(value) => Some(value),
            Found::Own(Item::Json(value)) => Some(value),
            Found::Undefined | Found::Bool(_) | Found::Number(_) | Found::Own(_) => None,
        }
    }

    fn is_undefined(&self) -> bool {
        matches!(self, Found::Undefined | Found::Own(Item::Undefined))
    }
}
