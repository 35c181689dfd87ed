//! Paths: each step maps the sequence that the step before it has made.

use super::{Evaluator, context_of};
use crate::ast::{Kind, Node, Stage};
use crate::error::Fault;
use crate::frame::Frame;
use crate::item::{Item, Items, Tuple};
use json::Value;
use std::rc::Rc;
use std::sync::Arc;

/// What lies between two steps.
enum Flow {
    /// A sequence of one.
    One(Item),
    /// A sequence.
    Many(Vec<Item>),
    /// An array that serves as the sequence, and stays that array if nothing is done to it.
    Whole(Item),
}

impl Flow {
    fn is_empty(&self) -> bool {
        match self {
            Flow::One(_) => false,
            Flow::Many(items) => items.is_empty(),
            Flow::Whole(array) => array.as_items().is_some_and(|items| items.len() == 0),
        }
    }

    /// The sequence as a value.
    fn into_item(self) -> Item {
        match self {
            Flow::One(item) => Item::sequence(vec![item]),
            Flow::Many(items) => Item::sequence(items),
            Flow::Whole(array) => array,
        }
    }

    /// What steps that are not the last ones have led to. An array is gone through where it is.
    fn from_head(item: Item) -> Flow {
        match &item {
            Item::Undefined => Flow::Many(Vec::new()),
            Item::Json(Value::Array(items)) if items.is_empty() => Flow::Many(Vec::new()),
            _ => Flow::from_item(item),
        }
    }

    /// A value that is a sequence or the like.
    fn from_item(item: Item) -> Flow {
        if item.is_array() { Flow::Whole(item) } else { Flow::One(item) }
    }
}

impl Evaluator<'_> {
    #[inline(never)]
    pub(super) fn path(
        &mut self,
        node: &Node,
        steps: &[Node],
        keep_singleton: bool,
        input: &Item,
        frame: &Rc<Frame>,
    ) -> Result<Item, Fault> {
        let starts_at_variable = steps.first().is_some_and(|step| matches!(step.kind, Kind::Variable(_)));
        let mut flow = if input.is_array() && !starts_at_variable {
            Flow::Whole(input.clone())
        } else {
            Flow::One(input.clone())
        };
        let mut tuples: Option<Vec<Tuple>> = None;
        let last = steps.len().saturating_sub(1);
        let mut done = 0;
        if let Some((head, count)) = &node.head
            && let Some(found) = self.simple(head, context_of(input), frame)
        {
            flow = Flow::from_head(found.into_item());
            done = *count;
        }
        for (index, step) in steps.iter().enumerate().skip(done) {
            if index > 0 && tuples.is_none() && flow.is_empty() {
                break;
            }
            if index == 0 && step.cons_array {
                let sequence = std::mem::replace(&mut flow, Flow::Many(Vec::new())).into_item();
                let array = self.evaluate(step, &sequence, frame)?;
                if step.tuple {
                    tuples = Some(self.tuples_of(array));
                } else {
                    flow = Flow::from_item(array);
                }
            } else if step.tuple || tuples.is_some() {
                let sequence = std::mem::replace(&mut flow, Flow::Many(Vec::new())).into_item();
                tuples = Some(self.tuple_step(step, &sequence, tuples, frame)?);
                continue;
            } else {
                flow = self.step(step, flow, frame, index == last)?;
            }
        }
        let grouped = tuples
            .as_ref()
            .filter(|_| node.group.is_some())
            .map(|tuples| Item::Tuples(Rc::new(tuples.clone())));
        let mut result = match tuples {
            Some(tuples) if node.tuple => Item::Tuples(Rc::new(tuples)),
            Some(tuples) => Item::sequence(tuples.into_iter().map(|tuple| tuple.at).collect()),
            None => match flow {
                Flow::One(item) if !keep_singleton && node.group.is_none() && !node.keep_array => {
                    return Ok(item);
                }
                other => other.into_item(),
            },
        };
        if keep_singleton {
            let flags = result.flags();
            if flags.cons && !flags.sequence {
                result = Item::sequence(vec![result]);
            }
            if result.flags().sequence {
                result = result.with_flags(|flags| flags.keep_singleton = true);
            }
        }
        match &node.group {
            Some(group) => self.group(group, grouped.as_ref().unwrap_or(&result), frame),
            None => Ok(result),
        }
    }

    fn step(&mut self, step: &Node, flow: Flow, frame: &Rc<Frame>, is_last: bool) -> Result<Flow, Fault> {
        if let Kind::Sort(terms) = &step.kind {
            let sorted = self.sort(terms, &flow.into_item(), frame)?;
            return Ok(Flow::from_item(self.stages(step, sorted, frame)?));
        }
        let array = match flow {
            Flow::One(item) => {
                return Ok(match self.step_value(step, &item, frame)? {
                    Item::Undefined => Flow::Many(Vec::new()),
                    value if value.is_array() => self.joined(vec![value], true, is_last)?,
                    value => Flow::One(value),
                });
            }
            Flow::Many(items) => {
                let (results, nests) = self.step_over(step, Items::Own(&items), frame)?;
                return self.joined(results, nests, is_last);
            }
            Flow::Whole(array) => array,
        };
        let (results, nests) = match array.as_items() {
            Some(items) => self.step_over(step, items, frame)?,
            None => (Vec::new(), false),
        };
        self.joined(results, nests, is_last)
    }

    /// What a step gives for each item that it gives something for.
    /// Whether there are arrays among that, too.
    fn step_over(
        &mut self,
        step: &Node,
        items: Items<'_>,
        frame: &Rc<Frame>,
    ) -> Result<(Vec<Item>, bool), Fault> {
        let simple = step.simple.as_ref().filter(|_| step.stages.is_empty());
        let mut nests = false;
        let mut results = Vec::with_capacity(items.len());
        for index in 0..items.len() {
            let found = match simple {
                Some(simple) => self.simple(simple, items.context(index), frame),
                None => None,
            };
            let value = match found {
                Some(found) => found.into_item(),
                None => self.step_value(step, &items.get(index).unwrap_or_default(), frame)?,
            };
            if !value.is_undefined() {
                self.budget.items(1)?;
                nests |= value.is_array();
                results.push(value);
            }
        }
        Ok((results, nests))
    }

    /// The results of a step in one sequence: arrays are flattened, but not those that were written as arrays.
    /// `nests`: there are arrays among them.
    fn joined(&mut self, mut results: Vec<Item>, nests: bool, is_last: bool) -> Result<Flow, Fault> {
        if let [only] = results.as_slice() {
            let flags = only.flags();
            if is_last && nests && !flags.sequence {
                return Ok(Flow::Whole(results.pop().unwrap_or_default()));
            }
            if !nests || flags.cons {
                return Ok(Flow::One(results.pop().unwrap_or_default()));
            }
        }
        if !nests {
            return Ok(Flow::Many(results));
        }
        let mut items = Vec::with_capacity(results.len());
        for result in results {
            match result.as_items() {
                Some(inner) if !result.flags().cons => {
                    self.budget.items(inner.len())?;
                    items.extend(inner.iter());
                }
                _ => items.push(result),
            }
        }
        Ok(Flow::Many(items))
    }

    /// A step over one item.
    fn step_value(&mut self, step: &Node, item: &Item, frame: &Rc<Frame>) -> Result<Item, Fault> {
        let value = self.evaluate(step, item, frame)?;
        if step.stages.is_empty() { Ok(value) } else { self.stages(step, value, frame) }
    }

    /// The predicates of a step.
    pub(super) fn stages(&mut self, step: &Node, mut value: Item, frame: &Rc<Frame>) -> Result<Item, Fault> {
        for stage in &step.stages {
            if let Stage::Filter(predicate) = stage {
                value = self.filter(predicate, value, frame)?;
            }
        }
        Ok(value)
    }

    /// The field of an object; of an array, the fields of its objects.
    #[inline(never)]
    pub(crate) fn lookup(&mut self, input: &Item, name: &str) -> Result<Item, Fault> {
        if let Some(members) = input.as_members() {
            return Ok(members.get(name).unwrap_or_default());
        }
        if !input.is_array() {
            return Ok(Item::Undefined);
        }
        let mut found = Vec::new();
        self.lookup_all(input, name, &mut found, 0)?;
        Ok(Item::sequence(found))
    }

    fn lookup_all(
        &mut self,
        input: &Item,
        name: &str,
        found: &mut Vec<Item>,
        depth: usize,
    ) -> Result<(), Fault> {
        if depth > crate::text::MAX_VALUE_DEPTH {
            return Err(self.budget.too_deep(depth));
        }
        for item in input.as_items().into_iter().flat_map(|items| items.iter()) {
            self.budget.items(1)?;
            if item.is_array() {
                self.lookup_all(&item, name, found, depth + 1)?;
                continue;
            }
            let value = item.as_members().and_then(|members| members.get(name)).unwrap_or_default();
            match value.as_items() {
                Some(items) => {
                    self.budget.items(items.len())?;
                    found.extend(items.iter());
                }
                None if value.is_undefined() => {}
                None => found.push(value),
            }
        }
        Ok(())
    }

    #[inline(never)]
    pub(super) fn wildcard(&mut self, input: &Item) -> Result<Item, Fault> {
        let unwrapped = match input {
            Item::List(list) if list.flags.outer => list.items.first().cloned().unwrap_or_default(),
            other => other.clone(),
        };
        let values: Vec<Item> = match (unwrapped.as_members(), unwrapped.as_items()) {
            (Some(members), _) => members.iter().map(|(_, value)| value).collect(),
            (None, Some(items)) => items.iter().collect(),
            (None, None) => Vec::new(),
        };
        let mut results = Vec::new();
        // An array among the values makes the result an array, which one item alone does not leave.
        let mut is_sequence = true;
        for value in values {
            self.budget.items(1)?;
            if value.is_array() {
                is_sequence = false;
                self.flatten(&value, &mut results, 0)?;
            } else {
                results.push(value);
            }
        }
        Ok(if is_sequence { Item::sequence(results) } else { Item::array(results) })
    }

    fn flatten(&mut self, value: &Item, results: &mut Vec<Item>, depth: usize) -> Result<(), Fault> {
        if depth > crate::text::MAX_VALUE_DEPTH {
            return Err(self.budget.too_deep(depth));
        }
        self.budget.items(1)?;
        match value.as_items() {
            Some(items) => items.iter().try_for_each(|item| self.flatten(&item, results, depth + 1)),
            None => {
                results.push(value.clone());
                Ok(())
            }
        }
    }

    #[inline(never)]
    pub(super) fn descendants(&mut self, input: &Item) -> Result<Item, Fault> {
        if input.is_undefined() {
            return Ok(Item::Undefined);
        }
        let mut results = Vec::new();
        self.descend(input, &mut results, 0)?;
        Ok(match results.as_slice() {
            [only] => only.clone(),
            _ => Item::sequence(results),
        })
    }

    fn descend(&mut self, input: &Item, results: &mut Vec<Item>, depth: usize) -> Result<(), Fault> {
        if depth > crate::text::MAX_VALUE_DEPTH {
            return Err(self.budget.too_deep(depth));
        }
        self.budget.items(1)?;
        if let Some(items) = input.as_items() {
            return items.iter().try_for_each(|item| self.descend(&item, results, depth + 1));
        }
        results.push(input.clone());
        match input.as_members() {
            Some(members) => members
                .iter()
                .try_for_each(|(_, member): (&Arc<str>, Item)| self.descend(&member, results, depth + 1)),
            None => Ok(()),
        }
    }
}
