//! Catch.

use crate::checker::Checker;
use crate::definition::Catcher;
use crate::rules::jsonata::{self, Sees};
use crate::rules::{
    error_equals, reference_paths, required_fields, unsupported_fields, value_types, variables,
};
use crate::tree::Object;

/// The catchers of a state, none where it has no Catch.
pub(super) fn catchers(state: &Object<'_>, cx: &mut Checker) -> Option<Vec<Catcher>> {
    let Some(field) = state.field("Catch") else { return Some(Vec::new()) };
    let items = value_types::array(&field, cx)?;
    let last = items.len().saturating_sub(1);
    let catchers: Vec<Option<Catcher>> = items
        .enumerate()
        .map(|(index, item)| {
            let object = value_types::object(&item, cx)?;
            catcher(&object, index == last, cx)
        })
        .collect();
    catchers.into_iter().collect()
}

fn catcher(catcher: &Object<'_>, is_last: bool, cx: &mut Checker) -> Option<Catcher> {
    unsupported_fields::check(catcher, &unsupported_fields::CATCHER, cx);
    required_fields::check(catcher, &["ErrorEquals"], cx);
    required_fields::check(catcher, &["Next"], cx);
    let error_equals = error_equals::names(catcher, is_last, cx);
    let next = catcher.field("Next").and_then(|field| value_types::string(&field, cx));
    let result_path = reference_paths::result_path(catcher, cx);
    let assign = variables::assign(catcher, Sees::ErrorOutput, cx);
    let output = jsonata::output(catcher, Sees::ErrorOutput, cx);
    Some(Catcher {
        error_equals: error_equals?,
        next: next?.clone(),
        result_path: result_path?,
        assign: assign?,
        output: output?,
    })
}
