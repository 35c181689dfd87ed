//! Finding the step whose context a parent operator means.

use super::{Processor, Seeking, SlotId};
use crate::ast::{Kind, Node};
use crate::error::{Error, Fault};
use std::sync::atomic::Ordering;

impl Processor {
    pub(super) fn level(&self, slot: SlotId) -> usize {
        self.slots.get(slot).map_or(0, |slot| slot.level)
    }

    /// One step back has been made.
    pub(super) fn rise(&mut self, slot: SlotId) {
        if let Some(slot) = self.slots.get_mut(slot) {
            slot.level = slot.level.saturating_sub(1);
        }
    }

    /// Looks for the steps that the operators in the last step mean among the steps before it. What is not found there
    /// is left for the surroundings.
    #[inline(never)]
    pub(super) fn resolve(&mut self, path: &mut Node, slots: Seeking) -> Result<Seeking, Fault> {
        let Kind::Path { steps, .. } = &mut path.kind else { return Ok(slots) };
        let mut left = Vec::new();
        for slot in slots {
            let mut before = steps.len().saturating_sub(1);
            while self.level(slot) > 0 {
                let Some(mut index) = before.checked_sub(1) else {
                    left.push(slot);
                    break;
                };
                // Steps side by side that only bind variables count as one.
                while let Some(previous) = index.checked_sub(1)
                    && [index, previous]
                        .iter()
                        .all(|at| steps.get(*at).is_some_and(|step| step.focus.is_some()))
                {
                    index = previous;
                }
                before = index;
                if let Some(step) = steps.get_mut(index) {
                    self.seek(step, slot)?;
                }
            }
        }
        Ok(left)
    }

    /// Goes one step back over `node`, and names the node as the one that was looked for when that was the last step.
    #[inline(never)]
    pub(super) fn seek(&mut self, node: &mut Node, slot: SlotId) -> Result<(), Fault> {
        match &mut node.kind {
            Kind::Name(_) | Kind::Wildcard => {
                self.rise(slot);
                if self.level(slot) == 0 {
                    self.settle(node, slot);
                }
            }
            Kind::Parent(_) => {
                if let Some(slot) = self.slots.get_mut(slot) {
                    slot.level += 1;
                }
            }
            Kind::Block(expressions) => {
                if let Some(last) = expressions.last_mut() {
                    node.tuple = true;
                    self.seek(last, slot)?;
                }
            }
            Kind::Path { steps, .. } => {
                node.tuple = true;
                let mut steps = steps.iter_mut().rev();
                if let Some(last) = steps.next() {
                    self.seek(last, slot)?;
                }
                while self.level(slot) > 0 {
                    let Some(step) = steps.next() else { break };
                    self.seek(step, slot)?;
                }
            }
            _ => return Err(Error::new("S0217").at(node.position).token(type_name(node))),
        }
        Ok(())
    }

    fn settle(&mut self, node: &mut Node, slot: SlotId) {
        let Some(slot) = self.slots.get(slot) else { return };
        if let Some(label) = &node.ancestor {
            slot.label.store(label.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        node.ancestor = Some(slot.label.clone());
        node.tuple = true;
    }
}

/// The reference's name for the kind of a node.
pub(super) fn type_name(node: &Node) -> &'static str {
    match &node.kind {
        Kind::Path { .. } => "path",
        Kind::Literal(json::Value::String(_)) => "string",
        Kind::Literal(json::Value::Number(_)) => "number",
        Kind::Literal(_) => "value",
        Kind::Name(_) => "name",
        Kind::Variable(_) => "variable",
        Kind::Wildcard => "wildcard",
        Kind::Descendant => "descendant",
        Kind::Parent(_) => "parent",
        Kind::Regex(_) => "regex",
        Kind::Placeholder => "operator",
        Kind::Negate(_) | Kind::Array(_) | Kind::Object(_) => "unary",
        Kind::Binary { .. } => "binary",
        Kind::Condition(_) | Kind::Coalesce { .. } | Kind::Default { .. } => "condition",
        Kind::Block(_) => "block",
        Kind::Bind { .. } => "bind",
        Kind::Lambda(_) => "lambda",
        Kind::Call(_) => "function",
        Kind::Partial(_) => "partial",
        Kind::Apply { .. } => "apply",
        Kind::Sort(_) => "sort",
        Kind::Transform(_) => "transform",
    }
}
