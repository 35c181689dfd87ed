//! Nodes and the steps of paths.

use crate::ast::{Kind, Node};
use crate::error::{Error, Fault};
use json::Value;

impl Node {
    /// Whether it is the parent operator.
    pub(crate) fn is_parent(&self) -> bool {
        matches!(self.kind, Kind::Parent(_))
    }
}

/// A node with nothing attached.
pub(super) fn bare(kind: Kind, position: usize) -> Node {
    Node {
        kind,
        position,
        keep_array: false,
        predicates: Vec::new(),
        stages: Vec::new(),
        group: None,
        focus: None,
        index: None,
        ancestor: None,
        tuple: false,
        cons_array: false,
        binds: false,
        goes_on: false,
        simple: None,
        head: None,
    }
}

pub(super) fn push_step(path: &mut Node, step: Node) {
    if let Kind::Path { steps, .. } = &mut path.kind {
        steps.push(step);
    }
}

/// The last step of a path; any other node is its own only step.
pub(super) fn last_step(node: &mut Node) -> &mut Node {
    let is_path = matches!(&node.kind, Kind::Path { steps, .. } if !steps.is_empty());
    if !is_path {
        return node;
    }
    match &mut node.kind {
        Kind::Path { steps, .. } => steps.last_mut().expect("INVARIANT(path): a path has a step"),
        _ => unreachable!("INVARIANT(path): seen to be a path above"),
    }
}

/// Strings name fields, other literals are no steps; array constructors at the ends keep their arrays.
pub(super) fn finish_steps(path: &mut Node) -> Result<(), Fault> {
    let Kind::Path { steps, keep_singleton } = &mut path.kind else { return Ok(()) };
    for step in steps.iter_mut() {
        match &step.kind {
            Kind::Literal(Value::String(name)) => step.kind = Kind::Name(name.clone()),
            Kind::Literal(value) => return Err(Error::new("S0213").at(step.position).value(value.clone())),
            _ => {}
        }
    }
    *keep_singleton |= steps.iter().any(|step| step.keep_array);
    let last = steps.len().saturating_sub(1);
    for (index, step) in steps.iter_mut().enumerate() {
        if (index == 0 || index == last) && matches!(step.kind, Kind::Array(_)) {
            step.cons_array = true;
        }
    }
    Ok(())
}
