//! From checked JSON to the definition: one file per type of state. Each function asks the rules for its fields, lets
//! every one of them speak, and gives `None` where one of them refused.

mod catch;
mod choice;
mod fail;
pub(crate) mod fields;
mod map;
mod parallel;
mod pass;
mod retry;
mod state;
mod task;
mod wait;

use crate::checker::Checker;
use crate::definition::{Block, Definition, State};
use crate::rules::{
    empty_values, enumerations, number_ranges, query_language, required_fields, unsupported_fields,
    value_types,
};
use crate::tree::{Field, Object};
use std::sync::Arc;

/// The whole document.
pub(crate) fn definition(root: &Object<'_>, cx: &mut Checker) -> Option<Definition> {
    unsupported_fields::check(root, &unsupported_fields::MACHINE, cx);
    query_language::check_machine(root, cx);
    if let Some(version) = root.field("Version") {
        enumerations::word(&version, &["1.0"], cx);
    }
    let timeout_seconds = match root.field("TimeoutSeconds") {
        Some(field) => {
            // Of the machine a literal only, in JSONata too.
            let plain = field.clone().in_dialect(crate::tree::Dialect {
                language: crate::tree::QueryLanguage::JsonPath,
                ..field.dialect
            });
            number_ranges::integer(&plain, number_ranges::FROM_ZERO, cx).map(Some)
        }
        None => Some(None),
    };
    let block = block(root, cx);
    let comment = comment(root, cx);
    Some(Definition { block: block?, timeout_seconds: timeout_seconds?, comment: comment? })
}

/// A state on its own.
pub(crate) fn lone_state(name: &Arc<str>, field: &Field<'_>, cx: &mut Checker) -> Option<State> {
    state::state(name, field, cx)
}

/// The states of the machine, a branch or a processor.
fn block(object: &Object<'_>, cx: &mut Checker) -> Option<Block> {
    required_fields::check(object, &["States", "StartAt"], cx);
    let start_at = object.field("StartAt").and_then(|field| value_types::string(&field, cx));
    let states = object.field("States").and_then(|field| {
        let states = value_types::object(&field, cx)?;
        empty_values::check(&field, cx);
        let states: Vec<_> = states.fields().map(|(name, field)| state::state(name, &field, cx)).collect();
        states.into_iter().map(|state| state.map(|state| (state.name.clone(), state))).collect()
    });
    Some(Block { start_at: start_at?.clone(), states: states? })
}

/// A block in a member of a state.
fn inner_block(field: &Field<'_>, fields: &unsupported_fields::Fields, cx: &mut Checker) -> Option<Block> {
    let object = value_types::object(field, cx)?;
    unsupported_fields::check(&object, fields, cx);
    let comment = comment(&object, cx);
    let block = block(&object, cx);
    comment?;
    block
}

/// Comment: `Some(None)` where there is none.
fn comment(object: &Object<'_>, cx: &mut Checker) -> Option<Option<Arc<str>>> {
    match object.field("Comment") {
        Some(field) => value_types::string(&field, cx).map(|text| Some(text.clone())),
        None => Some(None),
    }
}
