//! `^(…)`: merge sort, stable, with comparisons that can fail.

use super::Evaluator;
use crate::ast::Term;
use crate::error::{Error, Fault};
use crate::frame::Frame;
use crate::item::{Item, Tuple};
use std::cmp::Ordering;
use std::rc::Rc;

impl Evaluator<'_> {
    #[inline(never)]
    pub(super) fn sort(&mut self, terms: &[Term], input: &Item, frame: &Rc<Frame>) -> Result<Item, Fault> {
        if input.is_undefined() {
            return Ok(Item::Undefined);
        }
        if input.as_items().is_some_and(|items| items.len() <= 1) {
            return Ok(input.clone());
        }
        let items = input.to_items();
        self.budget.items(items.len())?;
        let sorted = self
            .merge_sort(items, &mut |evaluator, a, b| evaluator.compare_by(terms, (a, frame), (b, frame)))?;
        Ok(Item::array(sorted))
    }

    #[inline(never)]
    pub(super) fn sort_tuples(
        &mut self,
        terms: &[Term],
        tuples: Vec<Tuple>,
        frame: &Rc<Frame>,
    ) -> Result<Vec<Tuple>, Fault> {
        self.budget.items(tuples.len())?;
        let framed: Vec<_> = tuples
            .into_iter()
            .map(|tuple| {
                let inner = Frame::within(frame, tuple.bindings.clone());
                (tuple, inner)
            })
            .collect();
        let sorted = self.merge_sort(framed, &mut |evaluator, (a, a_frame), (b, b_frame)| {
            evaluator.compare_by(terms, (&a.at, a_frame), (&b.at, b_frame))
        })?;
        Ok(sorted.into_iter().map(|(tuple, _)| tuple).collect())
    }

    /// Sorts with `goes_behind(a, b)`: whether `a` belongs behind `b`.
    pub(crate) fn merge_sort<T>(
        &mut self,
        mut items: Vec<T>,
        goes_behind: &mut dyn FnMut(&mut Self, &T, &T) -> Result<bool, Fault>,
    ) -> Result<Vec<T>, Fault> {
        if items.len() <= 1 {
            return Ok(items);
        }
        let second = items.split_off(items.len() / 2);
        let count = items.len() + second.len();
        self.budget.charge(count, 0)?;
        let mut first = self.merge_sort(items, goes_behind)?.into_iter().peekable();
        let mut second = self.merge_sort(second, goes_behind)?.into_iter().peekable();
        let mut merged = Vec::with_capacity(count);
        while let (Some(a), Some(b)) = (first.peek(), second.peek()) {
            let next = if goes_behind(self, a, b)? { second.next() } else { first.next() };
            merged.extend(next);
        }
        merged.extend(first);
        merged.extend(second);
        Ok(merged)
    }

    fn compare_by(
        &mut self,
        terms: &[Term],
        (a, a_frame): (&Item, &Rc<Frame>),
        (b, b_frame): (&Item, &Rc<Frame>),
    ) -> Result<bool, Fault> {
        for term in terms {
            let a = self.evaluate(&term.expression, a, a_frame)?;
            let b = self.evaluate(&term.expression, b, b_frame)?;
            let order = match (&a, &b) {
                (Item::Undefined, Item::Undefined) => continue,
                // What is missing comes last, whichever way the rest is ordered.
                (Item::Undefined, _) => return Ok(true),
                (_, Item::Undefined) => return Ok(false),
                _ => order(&a, &b, term.position)?,
            };
            let order = if term.descending { order.reverse() } else { order };
            if order != Ordering::Equal {
                return Ok(order == Ordering::Greater);
            }
        }
        Ok(false)
    }
}

fn order(a: &Item, b: &Item, position: usize) -> Result<Ordering, Fault> {
    let is_ordered = |item: &Item| item.as_f64().is_some() || item.as_str().is_some();
    if !is_ordered(a) || !is_ordered(b) {
        let blamed = if is_ordered(a) { b } else { a };
        return Err(Error::new("T2008").at(position).maybe_value(blamed.to_shown()));
    }
    if let (Some(a), Some(b)) = (a.as_json_number(), b.as_json_number()) {
        return Ok(a.compare(b));
    }
    if let (Some(a), Some(b)) = (a.as_str(), b.as_str()) {
        return Ok(super::operators::compare_text(a, b));
    }
    let fault = Error::new("T2007").at(position).maybe_value(a.to_shown());
    Err(match b.to_shown() {
        Some(b) => fault.with("value2", b),
        None => fault,
    })
}
