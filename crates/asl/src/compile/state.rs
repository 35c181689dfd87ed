//! What all states share.

use super::{choice, comment, fail, map, parallel, pass, task, wait};
use crate::checker::Checker;
use crate::definition::{PathField, State, StateKind};
use crate::rules::jsonata::{self, Sees};
use crate::rules::{
    enumerations, paths, query_language, required_fields, unsupported_fields, value_types, variables,
};
use crate::tree::{Field, Object, Place};
use model::StateType;
use std::sync::Arc;

/// A state of a block.
pub(super) fn state(name: &Arc<str>, field: &Field<'_>, cx: &mut Checker) -> Option<State> {
    let state = value_types::object(field, cx)?;
    let state = query_language::of_state(state, cx);
    let Some(type_field) = state.field("Type") else {
        required_fields::check_one(&state, "Type", cx);
        return None;
    };
    let state_type = enumerations::state_type(&type_field, cx)?;
    unsupported_fields::check_state(&state, state_type, cx);
    let comment = comment(&state, cx);
    let (input_path, output_path) = match state_type {
        // There the fields themselves are refused.
        StateType::Fail => (Some(PathField::Whole), Some(PathField::Whole)),
        StateType::Task
        | StateType::Wait
        | StateType::Pass
        | StateType::Succeed
        | StateType::Choice
        | StateType::Parallel
        | StateType::Map => {
            (paths::path_field(&state, "InputPath", cx), paths::path_field(&state, "OutputPath", cx))
        }
    };
    let outer = std::mem::replace(&mut cx.state, state.location().clone());
    let kind = kind(&state, state_type, cx);
    let sees = match state_type {
        StateType::Task | StateType::Parallel | StateType::Map => Sees::Result,
        StateType::Pass | StateType::Wait | StateType::Choice | StateType::Succeed | StateType::Fail => {
            Sees::Input
        }
    };
    let assign = variables::assign(&state, sees, cx);
    let output = jsonata::output(&state, sees, cx);
    cx.state = outer;
    Some(State {
        name: name.clone(),
        comment: comment?,
        is_jsonata: state.is_jsonata(),
        input_path: input_path?,
        output_path: output_path?,
        assign: assign?,
        output: output?,
        kind: kind?,
    })
}

fn kind(state: &Object<'_>, state_type: StateType, cx: &mut Checker) -> Option<StateKind> {
    match state_type {
        StateType::Task => task::task(state, cx).map(StateKind::Task),
        StateType::Wait => wait::wait(state, cx).map(StateKind::Wait),
        StateType::Pass => pass::pass(state, cx).map(StateKind::Pass),
        StateType::Succeed => Some(StateKind::Succeed),
        StateType::Fail => fail::fail(state, cx).map(StateKind::Fail),
        StateType::Choice => choice::choice(state, cx).map(StateKind::Choice),
        StateType::Parallel => parallel::parallel(state, cx).map(StateKind::Parallel),
        StateType::Map => map::map(state, cx).map(StateKind::Map),
    }
}
