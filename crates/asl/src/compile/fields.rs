//! Fields that several types of state share.

use crate::checker::Checker;
use crate::definition::{IntegerField, PercentageField, Transition, ValueTemplate};
use crate::rules::number_ranges::Bounds;
use crate::rules::{exclusive_fields, jsonata, number_ranges, reference_paths, templates, value_types};
use crate::tree::{Object, Place};
use expr::QueryPath;

/// Next or End.
pub(super) fn transition(state: &Object<'_>, cx: &mut Checker) -> Option<Transition> {
    exclusive_fields::exactly_one(state, exclusive_fields::TRANSITION, cx);
    let next = state.field("Next").map(|field| value_types::string(&field, cx).cloned());
    let end = state.field("End").map(|field| value_types::boolean(&field, cx));
    match (next, end) {
        (Some(next), None) => next.map(Transition::Next),
        (None, Some(Some(true))) => Some(Transition::End),
        (None, Some(Some(false))) => {
            refuse_end_false(state, cx);
            None
        }
        (_, _) => None,
    }
}

// AWS: unconfirmed, chosen because such a state could not go on.
fn refuse_end_false(state: &impl Place, cx: &mut Checker) {
    cx.schema(state, "This object should have only one of the following fields: [Next, End]");
}

/// A whole number or an expression, or the path to one in the field's twin: `Some(None)` where there is neither.
pub(crate) fn integer(
    state: &Object<'_>,
    pair: &[&str; 2],
    bounds: Bounds,
    cx: &mut Checker,
) -> Option<Option<IntegerField>> {
    exclusive_fields::at_most_one(state, pair, cx);
    let [name, path_name] = pair;
    let literal = state.field(name).map(|field| match jsonata::expression(&field, cx) {
        Some(query) => query.map(IntegerField::Query),
        None => number_ranges::integer(&field, bounds, cx).map(IntegerField::Literal),
    });
    let path = reference(state, path_name, cx);
    match (literal, path) {
        (None, None) => Some(None),
        (Some(literal), None) => literal.map(Some),
        (None, Some(path)) => path.map(IntegerField::Path).map(Some),
        (Some(_), Some(_)) => None,
    }
}

/// A percentage, or the path to one in the field's twin: `Some(None)` where there is neither.
pub(super) fn percentage(
    state: &Object<'_>,
    pair: &[&str; 2],
    cx: &mut Checker,
) -> Option<Option<PercentageField>> {
    exclusive_fields::at_most_one(state, pair, cx);
    let [name, path_name] = pair;
    let literal = state.field(name).map(|field| match jsonata::expression(&field, cx) {
        Some(query) => query.map(PercentageField::Query),
        None => number_ranges::number(&field, Bounds(0, Some(100)), cx).map(PercentageField::Literal),
    });
    let path = reference(state, path_name, cx);
    match (literal, path) {
        (None, None) => Some(None),
        (Some(literal), None) => literal.map(Some),
        (None, Some(path)) => path.map(PercentageField::Path).map(Some),
        (Some(_), Some(_)) => None,
    }
}

/// A reference path where the field is there. In JSONata the field itself is refused, and its value not read.
pub(super) fn reference(state: &Object<'_>, name: &str, cx: &mut Checker) -> Option<Option<QueryPath>> {
    let field = state.field(name).filter(|_| !state.is_jsonata())?;
    Some(reference_paths::query(&field, cx))
}

/// Parameters, or Arguments in JSONata: `Some(None)` where there are none.
pub(crate) fn parameters(state: &Object<'_>, cx: &mut Checker) -> Option<Option<ValueTemplate>> {
    let name = if state.is_jsonata() { "Arguments" } else { "Parameters" };
    templates::optional_value(state, name, cx)
}
