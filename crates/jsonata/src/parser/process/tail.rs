//! Calls that are the last thing a lambda does.

use crate::ast::{Call, Condition, Kind, Node};
use std::sync::Arc;

/// Marks the calls at the end of a lambda's body.
pub(super) fn mark(mut node: Node) -> Node {
    match node.kind {
        Kind::Call(call) if node.predicates.is_empty() => {
            node.kind = Kind::Call(match Arc::try_unwrap(call) {
                Ok(call) => Arc::new(Call { tail: true, ..call }),
                Err(shared) => shared,
            });
        }
        Kind::Condition(condition) => {
            let Condition { condition, then, otherwise } = *condition;
            node.kind = Kind::Condition(Box::new(Condition {
                condition,
                then: mark(then),
                otherwise: otherwise.map(mark),
            }));
        }
        Kind::Block(mut expressions) => {
            if let Some(last) = expressions.pop() {
                expressions.push(mark(last));
            }
            node.kind = Kind::Block(expressions);
        }
        _ => {}
    }
    node
}
