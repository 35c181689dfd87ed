//! Predicates: `[…]` by position or by condition.

use super::Evaluator;
use crate::ast::{Kind, Node};
use crate::error::Fault;
use crate::frame::Frame;
use crate::item::{Item, Items, Tuple};
use crate::simple::Found;
use json::Value;
use std::rc::Rc;

impl Evaluator<'_> {
    #[inline(never)]
    pub(super) fn predicates(
        &mut self,
        node: &Node,
        mut value: Item,
        frame: &Rc<Frame>,
    ) -> Result<Item, Fault> {
        for predicate in &node.predicates {
            value = self.filter(predicate, value, frame)?;
        }
        Ok(value)
    }

    /// What of a value a predicate lets through, as a sequence.
    #[inline(never)]
    pub(super) fn filter(&mut self, predicate: &Node, value: Item, frame: &Rc<Frame>) -> Result<Item, Fault> {
        if let Item::Tuples(tuples) = &value {
            return Ok(Item::Tuples(Rc::new(self.filter_tuples(predicate, tuples, frame)?)));
        }
        let single = [value.clone()];
        let items = value.as_items().unwrap_or(Items::Own(&single));
        if let Kind::Literal(Value::Number(number)) = &predicate.kind
            && is_bare(predicate)
        {
            let item = position(number.to_f64(), items.len()).and_then(|index| items.get(index));
            return Ok(match item.unwrap_or_default() {
                Item::Undefined => Item::sequence(Vec::new()),
                item if item.is_array() => item,
                item => Item::sequence(vec![item]),
            });
        }
        let mut results = Vec::new();
        for index in 0..items.len() {
            let found = match predicate.simple.as_ref() {
                Some(simple) => self.simple(simple, items.context(index), frame),
                None => None,
            };
            match found {
                Some(Found::Bool(false) | Found::Undefined) => continue,
                Some(Found::Bool(true)) => {
                    self.budget.items(1)?;
                    results.extend(items.get(index));
                    continue;
                }
                Some(_) | None => {}
            }
            let item = items.get(index).unwrap_or_default();
            let verdict = match found {
                Some(found) => found.into_item(),
                None => self.evaluate(predicate, &item, frame)?,
            };
            for _ in 0..self.times(&verdict, index, items.len())? {
                self.budget.items(1)?;
                results.push(item.clone());
            }
        }
        Ok(Item::sequence(results))
    }

    pub(super) fn filter_tuples(
        &mut self,
        predicate: &Node,
        tuples: &[Tuple],
        frame: &Rc<Frame>,
    ) -> Result<Vec<Tuple>, Fault> {
        if let Kind::Literal(Value::Number(number)) = &predicate.kind
            && is_bare(predicate)
        {
            let found = position(number.to_f64(), tuples.len()).and_then(|index| tuples.get(index));
            return Ok(found.cloned().into_iter().collect());
        }
        let mut results = Vec::new();
        for (index, tuple) in tuples.iter().enumerate() {
            let inner = Frame::within(frame, tuple.bindings.clone());
            let verdict = self.evaluate(predicate, &tuple.at, &inner)?;
            for _ in 0..self.times(&verdict, index, tuples.len())? {
                self.budget.items(2 + tuple.bindings.len() * 2)?;
                results.push(tuple.clone());
            }
        }
        Ok(results)
    }

    /// How often an item goes into the result: numbers name positions, everything else is true or false.
    fn times(&mut self, verdict: &Item, index: usize, count: usize) -> Result<usize, Fault> {
        if let Some(number) = verdict.as_f64() {
            return Ok(usize::from(position(number, count) == Some(index)));
        }
        if let Some(verdicts) = verdict.as_items()
            && verdicts.iter().all(|verdict| verdict.as_f64().is_some())
        {
            self.budget.charge(verdicts.len(), 0)?;
            return Ok(verdicts
                .iter()
                .filter(|verdict| verdict.as_f64().and_then(|number| position(number, count)) == Some(index))
                .count());
        }
        Ok(usize::from(self.truth(verdict)?))
    }
}

fn is_bare(node: &Node) -> bool {
    node.predicates.is_empty() && node.group.is_none()
}

/// The index that a number means: whole numbers from either end.
fn position(number: f64, count: usize) -> Option<usize> {
    let index = number.floor();
    let index = if index < 0.0 { index + count as f64 } else { index };
    (index >= 0.0 && index < count as f64).then_some(index as usize)
}
