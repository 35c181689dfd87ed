//! Parallel.

use super::{catch, fields, inner_block, retry};
use crate::checker::Checker;
use crate::definition::{Block, Parallel};
use crate::rules::{
    empty_values, reference_paths, required_fields, templates, unsupported_fields, value_types,
};
use crate::tree::Object;

/// The fields of a Parallel.
pub(super) fn parallel(state: &Object<'_>, cx: &mut Checker) -> Option<Parallel> {
    required_fields::check(state, &["Branches"], cx);
    let parameters = fields::parameters(state, cx);
    let branches = branches(state, cx);
    let result_selector = templates::optional(state, "ResultSelector", cx);
    let result_path = reference_paths::result_path(state, cx);
    let retry = retry::retriers(state, cx);
    let catch = catch::catchers(state, cx);
    let transition = fields::transition(state, cx);
    Some(Parallel {
        branches: branches?,
        parameters: parameters?,
        result_selector: result_selector?,
        result_path: result_path?,
        retry: retry?,
        catch: catch?,
        transition: transition?,
    })
}

fn branches(state: &Object<'_>, cx: &mut Checker) -> Option<Vec<Block>> {
    let field = state.field("Branches")?;
    let items = value_types::array(&field, cx)?;
    empty_values::check(&field, cx);
    let branches: Vec<_> = items.map(|item| inner_block(&item, &unsupported_fields::BRANCH, cx)).collect();
    branches.into_iter().collect()
}
