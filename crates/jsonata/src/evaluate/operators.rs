//! Operators between two values, truth and equality.

use super::{Evaluator, context_of};
use crate::ast::{Node, Operator};
use crate::error::{Error, Fault};
use crate::frame::Frame;
use crate::item::Item;
use crate::simple::{self, Found};
use json::Value;
use std::cmp::Ordering;
use std::rc::Rc;
use std::sync::Arc;

/// More items than this a range does not make.
const MAX_RANGE: f64 = 1e7;
/// So many in the language of 2.0.
const MAX_RANGE_20: f64 = 1e6;

impl Evaluator<'_> {
    #[inline(never)]
    pub(super) fn binary(
        &mut self,
        node: &Node,
        operator: Operator,
        left: &Node,
        right: &Node,
        input: &Item,
        frame: &Rc<Frame>,
    ) -> Result<Item, Fault> {
        match operator {
            Operator::And | Operator::Or => {
                let left = self.is_true(left, input, frame)?;
                if left == (operator == Operator::Or) {
                    return Ok(Item::boolean(left));
                }
                let right = self.is_true(right, input, frame);
                return right.map(Item::boolean).map_err(|fault| blamed(fault, operator, node));
            }
            _ => {}
        }
        let left = self.evaluate(left, input, frame)?;
        let right = self.evaluate(right, input, frame)?;
        if let (Item::Json(Value::Number(left)), Item::Json(Value::Number(right))) = (&left, &right)
            && let (Some(left), Some(right)) = (simple::exact(left), simple::exact(right))
            && let Some(result) = simple::calculate(operator, left, right)
        {
            return Ok(Item::number(result));
        }
        self.operate(operator, &left, &right).map_err(|fault| blamed(fault, operator, node))
    }

    #[inline(never)]
    fn operate(&mut self, operator: Operator, left: &Item, right: &Item) -> Result<Item, Fault> {
        match operator {
            Operator::Add
            | Operator::Subtract
            | Operator::Multiply
            | Operator::Divide
            | Operator::Remainder => arithmetic(operator, left, right),
            Operator::Equal | Operator::NotEqual => {
                if left.is_undefined() || right.is_undefined() {
                    return Ok(Item::boolean(false));
                }
                let equal = self.are_equal(left, right)?;
                Ok(Item::boolean(equal == (operator == Operator::Equal)))
            }
            Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual => {
                compare(operator, left, right)
            }
            Operator::Concatenate => self.concatenate(left, right),
            Operator::In => self.is_in(left, right),
            Operator::Range => self.range(left, right),
            Operator::And | Operator::Or => Ok(Item::Undefined),
        }
    }

    fn concatenate(&mut self, left: &Item, right: &Item) -> Result<Item, Fault> {
        let left = self.text_of(left)?;
        let right = self.text_of(right)?;
        self.budget.charge(1, left.len() + right.len())?;
        let mut text = String::with_capacity(left.len() + right.len());
        text.push_str(&left);
        text.push_str(&right);
        Ok(Item::string(text))
    }

    /// The text of a value, nothing for undefined.
    pub(crate) fn text_of(&mut self, item: &Item) -> Result<Arc<str>, Fault> {
        match item.as_arc_str() {
            Some(text) => Ok(text.clone()),
            None => Ok(self.string_of(item, false)?.into()),
        }
    }

    fn is_in(&mut self, left: &Item, right: &Item) -> Result<Item, Fault> {
        if left.is_undefined() || right.is_undefined() {
            return Ok(Item::boolean(false));
        }
        let Some(items) = right.as_items() else { return Ok(Item::boolean(is_same(left, right))) };
        for item in items.iter() {
            self.budget.step()?;
            if is_same(left, &item) {
                return Ok(Item::boolean(true));
            }
        }
        Ok(Item::boolean(false))
    }

    fn range(&mut self, left: &Item, right: &Item) -> Result<Item, Fault> {
        let ends = [(left, "T2003"), (right, "T2004")];
        for (end, code) in ends {
            if !end.is_undefined()
                && end.as_f64().is_none_or(|number| number.fract() != 0.0 || !number.is_finite())
            {
                return Err(Error::new(code).token("..").maybe_value(end.to_shown()));
            }
        }
        let (Some(first), Some(last)) = (left.as_f64(), right.as_f64()) else { return Ok(Item::Undefined) };
        if first > last {
            return Ok(Item::Undefined);
        }
        let size = last - first + 1.0;
        let most = if self.dialect == crate::Dialect::V22 { MAX_RANGE } else { MAX_RANGE_20 };
        if size > most {
            return Err(Error::new("D2014").token("..").value(crate::number::value_of(size)));
        }
        self.budget.items(size as usize)?;
        Ok(Item::sequence((0..size as u64).map(|offset| Item::number(first + offset as f64)).collect()))
    }

    pub(super) fn is_true(&mut self, node: &Node, input: &Item, frame: &Rc<Frame>) -> Result<bool, Fault> {
        if let Some(simple) = &node.simple {
            match self.simple(simple, context_of(input), frame) {
                Some(Found::Bool(value)) => return Ok(value),
                Some(found) => return self.truth(&found.into_item()),
                None => {}
            }
        }
        let value = self.evaluate(node, input, frame)?;
        self.truth(&value)
    }

    /// Whether a value counts as true; undefined does not.
    pub(crate) fn truth(&mut self, item: &Item) -> Result<bool, Fault> {
        self.truth_at(item, 0)
    }

    fn truth_at(&mut self, item: &Item, depth: usize) -> Result<bool, Fault> {
        if depth > crate::text::MAX_VALUE_DEPTH {
            return Err(self.budget.too_deep(depth));
        }
        Ok(match item {
            Item::Undefined | Item::Function(_) => false,
            Item::Json(Value::Null) => false,
            Item::Json(Value::Bool(value)) => *value,
            Item::Json(Value::Number(number)) => number.to_f64() != 0.0,
            Item::Json(Value::String(text)) => !text.is_empty(),
            Item::Json(Value::Object(object)) => !object.is_empty(),
            Item::Record(record) => !record.members.is_empty(),
            Item::Json(Value::Array(_)) | Item::List(_) | Item::Tuples(_) => {
                for item in item.as_items().into_iter().flat_map(|items| items.iter()) {
                    self.budget.step()?;
                    if self.truth_at(&item, depth + 1)? {
                        return Ok(true);
                    }
                }
                false
            }
        })
    }

    /// Whether two values are equal, whatever they stand in.
    pub(crate) fn are_equal(&mut self, left: &Item, right: &Item) -> Result<bool, Fault> {
        self.equal_at(left, right, 0)
    }

    fn equal_at(&mut self, left: &Item, right: &Item, depth: usize) -> Result<bool, Fault> {
        if depth > crate::text::MAX_VALUE_DEPTH {
            return Err(self.budget.too_deep(depth));
        }
        self.budget.step()?;
        if let (Some(left), Some(right)) = (left.as_items(), right.as_items()) {
            if left.len() != right.len() {
                return Ok(false);
            }
            for (left, right) in left.iter().zip(right.iter()) {
                if !self.equal_at(&left, &right, depth + 1)? {
                    return Ok(false);
                }
            }
            return Ok(true);
        }
        if let (Some(left), Some(right)) = (left.as_members(), right.as_members()) {
            if left.len() != right.len() {
                return Ok(false);
            }
            for (key, value) in left.iter() {
                let Some(other) = right.get(key) else { return Ok(false) };
                if !self.equal_at(&value, &other, depth + 1)? {
                    return Ok(false);
                }
            }
            return Ok(true);
        }
        Ok(is_same(left, right))
    }
}

/// An error of an operator, or, as in the reference, of what is to the right of `and` and `or`.
fn blamed(fault: Fault, operator: Operator, node: &Node) -> Fault {
    if fault.limit.is_some() { fault } else { fault.at(node.position).token(operator.text()) }
}

/// Equality of scalars and functions; arrays and objects are the same only if they are one.
fn is_same(left: &Item, right: &Item) -> bool {
    match (left, right) {
        (Item::Json(Value::Array(a)), Item::Json(Value::Array(b))) => Arc::ptr_eq(a, b),
        (Item::Json(Value::Object(a)), Item::Json(Value::Object(b))) => Arc::ptr_eq(a, b),
        (Item::Json(a), Item::Json(b)) => a == b,
        (Item::List(a), Item::List(b)) => Rc::ptr_eq(a, b),
        (Item::Record(a), Item::Record(b)) => Rc::ptr_eq(a, b),
        (Item::Function(a), Item::Function(b)) => Rc::ptr_eq(a, b),
        (Item::Undefined, Item::Undefined) => true,
        _ => false,
    }
}

fn arithmetic(operator: Operator, left: &Item, right: &Item) -> Result<Item, Fault> {
    let operand = |item: &Item, code: &'static str| match item.as_f64() {
        Some(number) if number.is_finite() => Ok(Some(number)),
        Some(_) => Err(Error::new("D1001").token(operator.text()).value(Value::Null)),
        None if item.is_undefined() => Ok(None),
        None => Err(Error::new(code).token(operator.text()).maybe_value(item.to_shown())),
    };
    let left = operand(left, "T2001")?;
    let right = operand(right, "T2002")?;
    let (Some(left), Some(right)) = (left, right) else { return Ok(Item::Undefined) };
    Ok(Item::number(match operator {
        Operator::Add => left + right,
        Operator::Subtract => left - right,
        Operator::Multiply => left * right,
        Operator::Divide => left / right,
        _ => left % right,
    }))
}

fn compare(operator: Operator, left: &Item, right: &Item) -> Result<Item, Fault> {
    let is_ordered = |item: &Item| item.is_undefined() || item.as_f64().is_some() || item.as_str().is_some();
    if !is_ordered(left) || !is_ordered(right) {
        // An undefined left side is the one that is shown, as in the reference.
        let blamed = if left.is_undefined() || !is_ordered(left) { left } else { right };
        return Err(Error::new("T2010").token(operator.text()).maybe_value(blamed.to_shown()));
    }
    if left.is_undefined() || right.is_undefined() {
        return Ok(Item::Undefined);
    }
    let order = match (left, right) {
        (Item::Json(Value::Number(a)), Item::Json(Value::Number(b))) => a.compare(b),
        (Item::Json(Value::String(a)), Item::Json(Value::String(b))) => compare_text(a, b),
        _ => {
            let fault = Error::new("T2009").token(operator.text()).maybe_value(left.to_shown());
            return Err(match right.to_shown() {
                Some(right) => fault.with("value2", right),
                None => fault,
            });
        }
    };
    Ok(Item::boolean(match operator {
        Operator::Less => order == Ordering::Less,
        Operator::LessOrEqual => order != Ordering::Greater,
        Operator::Greater => order == Ordering::Greater,
        _ => order != Ordering::Less,
    }))
}

/// The order of JavaScript's strings, which is that of their UTF-16 units.
pub(crate) fn compare_text(a: &str, b: &str) -> Ordering {
    let differs = a.bytes().zip(b.bytes()).find(|(a, b)| a != b);
    match differs {
        // Only characters from U+E000 on are ordered otherwise by their bytes.
        Some((a, b)) if a < 0xEE && b < 0xEE => a.cmp(&b),
        Some(_) => a.encode_utf16().cmp(b.encode_utf16()),
        None => a.len().cmp(&b.len()),
    }
}
