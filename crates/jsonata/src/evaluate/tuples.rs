//! Steps that carry what was bound on the way: joins with `@` and `#`, and the parent operator.

use super::Evaluator;
use crate::ast::{Kind, Node, Stage};
use crate::error::Fault;
use crate::frame::Frame;
use crate::item::{Item, Key, Tuple};
use std::rc::Rc;
use std::sync::atomic::Ordering;

impl Evaluator<'_> {
    /// The values of a sequence with nothing bound yet.
    pub(super) fn tuples_of(&self, sequence: Item) -> Vec<Tuple> {
        match &sequence {
            Item::Tuples(tuples) => tuples.to_vec(),
            _ => sequence.to_items().into_iter().map(|at| Tuple { at, bindings: Vec::new() }).collect(),
        }
    }

    #[inline(never)]
    pub(super) fn tuple_step(
        &mut self,
        step: &Node,
        sequence: &Item,
        tuples: Option<Vec<Tuple>>,
        frame: &Rc<Frame>,
    ) -> Result<Vec<Tuple>, Fault> {
        if let Kind::Sort(terms) = &step.kind {
            let sorted = match tuples {
                Some(tuples) => self.sort_tuples(terms, tuples, frame)?,
                None => {
                    let sorted = self.sort(terms, sequence, frame)?;
                    let mut sorted = self.tuples_of(sorted);
                    if let Some(name) = &step.index {
                        for (index, tuple) in sorted.iter_mut().enumerate() {
                            tuple.bind(Key::Name(name.clone()), Item::number(index as f64));
                        }
                    }
                    sorted
                }
            };
            return self.tuple_stages(step, sorted, frame);
        }
        let tuples = match tuples {
            Some(tuples) => tuples,
            None => self.tuples_of(sequence.clone()),
        };
        let mut results = Vec::new();
        for tuple in &tuples {
            let inner = Frame::within(frame, tuple.bindings.clone());
            let value = self.evaluate(step, &tuple.at, &inner)?;
            match &value {
                Item::Undefined => {}
                Item::Tuples(values) => {
                    for value in values.iter() {
                        let mut combined = Tuple { at: value.at.clone(), bindings: tuple.bindings.clone() };
                        for (key, item) in &value.bindings {
                            combined.bind(key.clone(), item.clone());
                        }
                        self.push_tuple(&mut results, combined)?;
                    }
                }
                _ => {
                    for (index, value) in value.to_items().into_iter().enumerate() {
                        let combined = extended(tuple, step, index, value);
                        self.push_tuple(&mut results, combined)?;
                    }
                }
            }
        }
        self.tuple_stages(step, results, frame)
    }

    fn push_tuple(&mut self, results: &mut Vec<Tuple>, tuple: Tuple) -> Result<(), Fault> {
        self.budget.items(2 + tuple.bindings.len() * 2)?;
        results.push(tuple);
        Ok(())
    }

    fn tuple_stages(
        &mut self,
        step: &Node,
        mut tuples: Vec<Tuple>,
        frame: &Rc<Frame>,
    ) -> Result<Vec<Tuple>, Fault> {
        for stage in &step.stages {
            match stage {
                Stage::Filter(predicate) => tuples = self.filter_tuples(predicate, &tuples, frame)?,
                Stage::Index(name) => {
                    self.budget.items(tuples.len())?;
                    for (index, tuple) in tuples.iter_mut().enumerate() {
                        tuple.bind(Key::Name(name.clone()), Item::number(index as f64));
                    }
                }
            }
        }
        Ok(tuples)
    }
}

/// The tuple that one result of a step makes.
fn extended(tuple: &Tuple, step: &Node, index: usize, value: Item) -> Tuple {
    let mut combined = tuple.clone();
    match &step.focus {
        Some(name) => combined.bind(Key::Name(name.clone()), value),
        None => combined.at = value,
    }
    if let Some(name) = &step.index {
        combined.bind(Key::Name(name.clone()), Item::number(index as f64));
    }
    if let Some(label) = &step.ancestor {
        combined.bind(Key::Ancestor(label.load(Ordering::Relaxed)), tuple.at.clone());
    }
    combined
}
