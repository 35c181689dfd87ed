//! Pass.

use super::fields;
use crate::checker::Checker;
use crate::definition::Pass;
use crate::rules::{literal_hints, reference_paths, templates};
use crate::tree::Object;

/// The fields of a Pass.
pub(super) fn pass(state: &Object<'_>, cx: &mut Checker) -> Option<Pass> {
    let parameters = templates::optional(state, "Parameters", cx);
    let result = state.field("Result");
    if let Some(result) = &result {
        literal_hints::check_result(result, cx);
    }
    let result_path = reference_paths::result_path(state, cx);
    let transition = fields::transition(state, cx);
    Some(Pass {
        parameters: parameters?,
        result: result.map(|field| field.value.to_value()),
        result_path: result_path?,
        transition: transition?,
    })
}
