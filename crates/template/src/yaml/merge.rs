//! Merge keys: `<<: *defaults` takes the members of another mapping that the mapping does not have itself.

use super::problem;
use crate::document::ReadError;
use json::spanned::{Member, Node, Spanned};
use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

/// Adds the members of what stands at a merge key: one mapping, or a list of them of which the first counts most.
pub(super) fn merge(members: &mut Vec<Member>, merged: Vec<Spanned>) -> Result<(), ReadError> {
    let mut known: HashSet<Arc<str>> = members.iter().map(|member| member.key.clone()).collect();
    for value in merged {
        let span = value.span.clone();
        let mappings = match value.node {
            Node::Array(items) => items,
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::String(_) | Node::Object(_) => vec![value],
        };
        for mapping in mappings {
            let Node::Object(others) = mapping.node else { return Err(not_a_mapping(span)) };
            members.extend(others.into_iter().filter(|member| known.insert(member.key.clone())));
        }
    }
    Ok(())
}

fn not_a_mapping(span: Range<usize>) -> ReadError {
    problem("the merge key `<<` takes a mapping, or a list of mappings", span)
}
