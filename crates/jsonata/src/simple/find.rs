//! Evaluating simple expressions.

use super::{Form, Found, Given, Reach, Sight};
use crate::ast::Operator;
use crate::budget::Budget;
use crate::frame::Bound;
use crate::item::Item;
use crate::number::value_of;
use json::{Number, Value};
use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt::Write;
use std::sync::Arc;

/// Up to here every integer is a double of its own.
const EXACT: i64 = 1 << 53;
/// Bytes of the longest text that an integer has.
const LONGEST_SCALAR: usize = 20;

impl Form {
    /// The value, where it is the common case.
    pub(super) fn find<'v>(&'v self, sight: &Sight<'v>, budget: &mut Budget) -> Option<Found<'v>> {
        match self {
            Form::Field(name) => field(sight.context?, name),
            Form::Fields(names) => descend(sight.context?, names),
            Form::Literal(value) | Form::Number(_, value) => Some(Found::Given(value)),
            Form::Variable { name, reach, fields } => variable(name, *reach, fields, sight),
            Form::Local(name, reach) => match local(name, *reach, sight) {
                Some(Bound::Argument(Item::Json(value)) | Bound::Value(value)) => Some(Found::Given(value)),
                Some(item) => Some(Found::Own(item.into_item())),
                None => variable(name, Reach::Outside, &[], sight),
            },
            Form::Arithmetic(..) => Some(self.number(sight, budget)?.map_or(Found::Undefined, Found::Number)),
            Form::Comparison(operator, left, right) => {
                let (left, right) = (left.operand(sight, budget)?, right.operand(sight, budget)?);
                if let (Found::Number(left), Found::Number(right)) = (&left, &right) {
                    return Some(Found::Bool(holds(*operator, left.partial_cmp(right)?)));
                }
                compare(*operator, &left, &right)
            }
            Form::Negate(inner) => Some(match inner.number(sight, budget)? {
                Some(number) => Found::Number(0.0 - number),
                None => Found::Undefined,
            }),
            Form::And(left, right) => {
                let both = left.truth(sight, budget)? && right.truth(sight, budget)?;
                Some(Found::Bool(both))
            }
            Form::Or(left, right) => {
                let one = left.truth(sight, budget)? || right.truth(sight, budget)?;
                Some(Found::Bool(one))
            }
            Form::Condition(condition, then, otherwise) => {
                if condition.truth(sight, budget)? {
                    then.find(sight, budget)
                } else {
                    otherwise
                        .as_ref()
                        .map_or(Some(Found::Undefined), |otherwise| otherwise.find(sight, budget))
                }
            }
            Form::Concatenation(left, right) => {
                let (left, right) = (left.find(sight, budget)?, right.find(sight, budget)?);
                let most = left.most_bytes() + right.most_bytes();
                budget.charge(1, most).ok()?;
                let mut text = String::with_capacity(most);
                left.write_to(&mut text)?;
                right.write_to(&mut text)?;
                Some(Found::Own(Item::string(text)))
            }
            Form::Context => sight.context.map(Found::Given),
        }
    }

    /// A number, which what is calculated with must be finite; undefined is none.
    fn number<'v>(&'v self, sight: &Sight<'v>, budget: &mut Budget) -> Option<Option<f64>> {
        let number = match self {
            Form::Number(number, _) => return Some(Some(*number)),
            Form::Arithmetic(operator, left, right) => {
                let left = left.number(sight, budget)?;
                let right = right.number(sight, budget)?;
                let (Some(left), Some(right)) = (left, right) else { return Some(None) };
                return calculate(*operator, left, right).map(Some);
            }
            _ => match self.operand(sight, budget)? {
                Found::Number(number) => number,
                Found::Undefined => return Some(None),
                found => found.value()?.as_f64()?,
            },
        };
        Some(Some(number))
    }

    /// The same as [`Form::find`], but numbers that are the same as a double are that double.
    #[inline(always)]
    fn operand<'v>(&'v self, sight: &Sight<'v>, budget: &mut Budget) -> Option<Found<'v>> {
        let found = match self {
            Form::Number(number, _) => return Some(Found::Number(*number)),
            Form::Field(name) => field(sight.context?, name)?,
            Form::Local(name, reach) => match local(name, *reach, sight) {
                Some(Bound::Argument(Item::Json(value)) | Bound::Value(value)) => Found::Given(value),
                _ => self.find(sight, budget)?,
            },
            _ => self.find(sight, budget)?,
        };
        if let Some(Value::Number(number)) = found.value()
            && let Some(number) = exact(number)
        {
            return Some(Found::Number(number));
        }
        Some(found)
    }

    fn truth<'v>(&'v self, sight: &Sight<'v>, budget: &mut Budget) -> Option<bool> {
        match self.find(sight, budget)? {
            Found::Undefined => Some(false),
            Found::Bool(value) => Some(value),
            Found::Number(number) => Some(number != 0.0),
            Found::Given(value) => truth_of(value),
            Found::Own(Item::Json(value)) => truth_of(&value),
            Found::Own(_) => None,
        }
    }
}

fn truth_of(value: &Value) -> Option<bool> {
    match value {
        Value::Null => Some(false),
        Value::Bool(value) => Some(*value),
        Value::Number(number) => Some(number.to_f64() != 0.0),
        Value::String(text) => Some(!text.is_empty()),
        Value::Object(object) => Some(!object.is_empty()),
        Value::Array(_) => None,
    }
}

/// A number that is the same as a double.
#[inline(always)]
pub(crate) fn exact(number: &Number) -> Option<f64> {
    match number {
        Number::I64(number) if (-EXACT..=EXACT).contains(number) => Some(*number as f64),
        Number::F64(number) => Some(*number),
        Number::I64(_) | Number::U64(_) | Number::Big(_) => None,
    }
}

#[inline(always)]
fn field<'v>(value: &'v Value, name: &str) -> Option<Found<'v>> {
    match value {
        Value::Object(object) => Some(object.get(name).map_or(Found::Undefined, Found::Given)),
        Value::Array(_) => None,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Some(Found::Undefined),
    }
}

/// The field of a field. What is no object has none; what is an array has many.
#[inline]
fn descend<'v>(mut value: &'v Value, names: &[Arc<str>]) -> Option<Found<'v>> {
    for name in names {
        value = match value {
            Value::Object(object) => match object.get(name) {
                Some(member) => member,
                None => return Some(Found::Undefined),
            },
            Value::Array(_) => return None,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                return Some(Found::Undefined);
            }
        };
    }
    Some(Found::Given(value))
}

fn variable<'v>(
    name: &'v Arc<str>,
    reach: Reach,
    fields: &[Arc<str>],
    sight: &Sight<'v>,
) -> Option<Found<'v>> {
    if reach != Reach::Outside {
        match local(name, reach, sight) {
            Some(Bound::Argument(Item::Json(value)) | Bound::Value(value)) => return descend(value, fields),
            Some(item) => return own(item.into_item(), fields),
            None => {}
        }
    }
    match sight.bindings.get(name)? {
        Cow::Borrowed(value) => descend(value, fields),
        Cow::Owned(value) => own(Item::Json(value), fields),
    }
}

/// What the expression binds a variable to.
#[inline(always)]
fn local<'v>(name: &'v Arc<str>, reach: Reach, sight: &Sight<'v>) -> Option<Bound<'v>> {
    let is_it =
        |parameter: &Arc<str>| Arc::ptr_eq(parameter, name) || (reach == Reach::Any && parameter == name);
    if let Some(index) = sight.parameters.iter().rposition(is_it) {
        return Some(match sight.arguments.get(index) {
            Some(Given::Value(value)) => Bound::Value(value),
            Some(Given::Item(item)) => Bound::Argument(item),
            Some(given @ (Given::Index(_) | Given::Key(_))) => Bound::Item(given.to_item()),
            None => Bound::Item(Item::Undefined),
        });
    }
    match reach {
        Reach::Any => sight.frame?.look(name),
        Reach::Expression | Reach::Outside => sight.frame?.look_for(name),
    }
}
fn own<'v>(item: Item, fields: &[Arc<str>]) -> Option<Found<'v>> {
    if fields.is_empty() {
        return Some(Found::Own(item));
    }
    match item {
        Item::Json(value) => Some(match descend(&value, fields)? {
            Found::Given(value) => Found::Own(Item::Json(value.clone())),
            _ => Found::Undefined,
        }),
        Item::Undefined => Some(Found::Undefined),
        Item::List(_) | Item::Record(_) | Item::Function(_) | Item::Tuples(_) => None,
    }
}

/// The result of arithmetic with finite numbers.
#[inline(always)]
pub(crate) fn calculate(operator: Operator, left: f64, right: f64) -> Option<f64> {
    if !left.is_finite() || !right.is_finite() {
        return None;
    }
    let result = match operator {
        Operator::Add => left + right,
        Operator::Subtract => left - right,
        Operator::Multiply => left * right,
        Operator::Divide => left / right,
        Operator::Remainder => left % right,
        _ => return None,
    };
    // Of two zeros only one is a value.
    Some(result + 0.0)
}

fn compare<'v>(operator: Operator, left: &Found<'_>, right: &Found<'_>) -> Option<Found<'v>> {
    let is_equality = matches!(operator, Operator::Equal | Operator::NotEqual);
    if left.is_undefined() || right.is_undefined() {
        // The order of undefined and of what has no order fails.
        return is_equality.then_some(Found::Bool(false));
    }
    let order = match (left.value(), right.value()) {
        (Some(Value::String(left)), Some(Value::String(right))) => {
            if is_equality {
                let equal = left == right;
                return Some(Found::Bool(equal == (operator == Operator::Equal)));
            }
            crate::evaluate::compare_text(left, right)
        }
        _ if is_equality => {
            let equal = left.equals(right)?;
            return Some(Found::Bool(equal == (operator == Operator::Equal)));
        }
        _ => return None,
    };
    Some(Found::Bool(holds(operator, order)))
}

#[inline(always)]
fn holds(operator: Operator, order: Ordering) -> bool {
    match operator {
        Operator::Equal => order == Ordering::Equal,
        Operator::NotEqual => order != Ordering::Equal,
        Operator::Less => order == Ordering::Less,
        Operator::LessOrEqual => order != Ordering::Greater,
        Operator::Greater => order == Ordering::Greater,
        _ => order != Ordering::Less,
    }
}

impl Found<'_> {
    /// Equality of scalars.
    fn equals(&self, other: &Found<'_>) -> Option<bool> {
        Some(*self.scalar()? == *other.scalar()?)
    }

    fn scalar(&self) -> Option<Cow<'_, Value>> {
        match self {
            Found::Bool(value) => Some(Cow::Owned(Value::Bool(*value))),
            Found::Number(number) => Some(Cow::Owned(value_of(*number))),
            _ => match self.value()? {
                Value::Array(_) | Value::Object(_) => None,
                value => Some(Cow::Borrowed(value)),
            },
        }
    }

    /// So long may the text be that [`Found::write_to`] writes.
    fn most_bytes(&self) -> usize {
        self.value().and_then(Value::as_str).map_or(LONGEST_SCALAR, str::len)
    }

    /// Writes the text of what has one of its own: strings, integers, nothing.
    fn write_to(&self, text: &mut String) -> Option<()> {
        let number = match self {
            Found::Undefined => return Some(()),
            Found::Bool(value) => {
                text.push_str(if *value { "true" } else { "false" });
                return Some(());
            }
            Found::Number(number) => value_of(*number),
            _ => match self.value()? {
                Value::String(own) => {
                    text.push_str(own);
                    return Some(());
                }
                value => value.clone(),
            },
        };
        match number {
            Value::Number(Number::I64(number)) => write!(text, "{number}").ok(),
            _ => None,
        }
    }
}
