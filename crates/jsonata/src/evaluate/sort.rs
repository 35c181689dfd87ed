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
        self.budget.items(items.len() * 2)?;
        let contexts: Vec<_> = items.iter().map(|item| (item.clone(), frame.clone())).collect();
        let order = self.order(terms, &contexts)?;
        Ok(Item::array(order.into_iter().filter_map(|index| items.get(index).cloned()).collect()))
    }

    #[inline(never)]
    pub(super) fn sort_tuples(
        &mut self,
        terms: &[Term],
        tuples: Vec<Tuple>,
        frame: &Rc<Frame>,
    ) -> Result<Vec<Tuple>, Fault> {
        self.budget.items(tuples.len() * 2)?;
        let contexts: Vec<_> = tuples
            .iter()
            .map(|tuple| (tuple.at.clone(), Frame::within(frame, tuple.bindings.clone())))
            .collect();
        let order = self.order(terms, &contexts)?;
        Ok(order.into_iter().filter_map(|index| tuples.get(index).cloned()).collect())
    }

    /// The order of contexts, as their indexes. Each term is evaluated at most once for each context.
    fn order(&mut self, terms: &[Term], contexts: &[(Item, Rc<Frame>)]) -> Result<Vec<usize>, Fault> {
        self.budget.items(contexts.len() * terms.len())?;
        let mut keys: Vec<Option<Item>> = vec![None; contexts.len() * terms.len()];
        self.merge_sort((0..contexts.len()).collect(), &mut |evaluator, a, b| {
            for (at, term) in terms.iter().enumerate() {
                let a = evaluator.key_of(term, contexts, &mut keys, *a, at)?;
                let b = evaluator.key_of(term, contexts, &mut keys, *b, at)?;
                match compare(&a, &b, term)? {
                    Ordering::Equal => {}
                    order => return Ok(order == Ordering::Greater),
                }
            }
            Ok(false)
        })
    }

    fn key_of(
        &mut self,
        term: &Term,
        contexts: &[(Item, Rc<Frame>)],
        keys: &mut [Option<Item>],
        context: usize,
        term_index: usize,
    ) -> Result<Item, Fault> {
        let at = term_index * contexts.len() + context;
        if let Some(Some(key)) = keys.get(at) {
            return Ok(key.clone());
        }
        let Some((item, frame)) = contexts.get(context) else { return Ok(Item::Undefined) };
        let key = self.evaluate(&term.expression, item, frame)?;
        if let Some(place) = keys.get_mut(at) {
            *place = Some(key.clone());
        }
        Ok(key)
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
}

fn compare(a: &Item, b: &Item, term: &Term) -> Result<Ordering, Fault> {
    Ok(match (a, b) {
        (Item::Undefined, Item::Undefined) => Ordering::Equal,
        // What is missing comes last, whichever way the rest is ordered.
        (Item::Undefined, _) => Ordering::Greater,
        (_, Item::Undefined) => Ordering::Less,
        _ if term.descending => order(a, b, term.position)?.reverse(),
        _ => order(a, b, term.position)?,
    })
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
