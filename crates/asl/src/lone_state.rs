//! A state without a machine around it, as TestState takes one.

use crate::checker::Checker;
use crate::definition::{Block, Definition};
use crate::diagnostic::Diagnostic;
use crate::location::Location;
use crate::outline::{Outline, StateOutline};
use crate::rules::{document, reachability, state_names, transitions, variable_scopes};
use crate::tree::{Dialect, Field, QueryLanguage};
use indexmap::IndexMap;
use model::StateMachineType;
use std::collections::HashSet;
use std::sync::Arc;

/// The name that a state on its own has.
// AWS: recorded test_parallel_state_empty_branches.
pub const LONE_STATE: &str = "StateName";

/// Compiles the text of one state as the only one of a Standard machine, under the name [`LONE_STATE`], or says
/// everything that is wrong with it. Where its own transitions lead is not asked: there is nothing else.
///
/// The caller checks the length of the text ([`model::limits::DEFINITION_LENGTH`]).
pub fn compile_state(text: &str) -> Result<Definition, Vec<Diagnostic>> {
    let tree = document::read(text).map_err(|problem| vec![problem])?;
    if tree.as_object().is_none() {
        return Err(vec![document::not_an_object()]);
    }
    let name: Arc<str> = Arc::from(LONE_STATE);
    let at = Location::root().field(&Arc::from("States")).field(&name);
    let dialect = Dialect { language: QueryLanguage::JsonPath, machine_type: StateMachineType::Standard };
    let field = Field::standing_at(&tree, dialect, at);
    let mut cx = Checker::new(QueryLanguage::JsonPath);
    let state = crate::compile::lone_state(&name, &field, &mut cx);
    check_inside(field, &mut cx);
    let diagnostics = cx.finish();
    match state {
        Some(state) if !diagnostics.iter().any(Diagnostic::is_error) => {
            let states = IndexMap::from_iter([(name.clone(), state)]);
            let block = Block { start_at: name, states };
            Ok(Definition { block, timeout_seconds: None, comment: None })
        }
        Some(_) | None => Err(diagnostics),
    }
}

/// The rules about whole blocks, asked of the blocks inside the state.
fn check_inside(field: Field<'_>, cx: &mut Checker) {
    let state = StateOutline { targets: Vec::new(), ..StateOutline::of(field) };
    let block = Outline { start_at: None, states: IndexMap::from([(LONE_STATE, state)]) };
    transitions::check(&block, cx);
    reachability::check(&block, cx);
    state_names::check(&block, &mut HashSet::new(), cx);
    variable_scopes::check(&block, cx);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invalid_definition_message;

    fn problem(text: &str) -> String {
        invalid_definition_message(&compile_state(text).unwrap_err())
    }

    #[test]
    fn a_state_stands_alone_whatever_it_leads_to() {
        for text in [
            r#"{"Type":"Pass","Next":"Elsewhere"}"#,
            r#"{"Type":"Pass","QueryLanguage":"JSONata","Output":"{% 1 %}","End":true}"#,
            r#"{"Type":"Choice","Choices":[{"Variable":"$.a","IsNull":true,"Next":"B"}],"Default":"C"}"#,
            r#"{"Type":"Succeed"}"#,
        ] {
            let definition = compile_state(text).unwrap();
            assert_eq!(definition.block.states.get_index(0).unwrap().0.as_ref(), LONE_STATE, "{text}");
        }
        let jsonata = compile_state(r#"{"Type":"Succeed","QueryLanguage":"JSONata"}"#).unwrap();
        assert!(jsonata.block.states.get(LONE_STATE).unwrap().is_jsonata);
    }

    #[test]
    fn problems_are_located_as_if_the_state_stood_in_a_machine() {
        // AWS: recorded test_parallel_state_empty_branches.
        assert_eq!(
            problem(r#"{"Type":"Parallel","Branches":[],"End":true}"#),
            "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: Value cannot be empty at /States/StateName/Branches'"
        );
        let branch = r#"{"StartAt":"B","States":{"B":{"Type":"Pass","Next":"X"}}}"#;
        assert_eq!(
            problem(&format!(r#"{{"Type":"Parallel","Branches":[{branch}],"End":true}}"#)),
            "Invalid State Machine Definition: 'MISSING_TRANSITION_TARGET: Missing 'Next' target: X at /States/StateName/Branches[0]/States/B/Next'"
        );
    }

    #[test]
    fn what_is_no_state_is_refused() {
        assert!(problem("[]").contains("Definition must be a valid JSON object"));
        assert!(problem("{").contains("INVALID_JSON_DESCRIPTION"));
        let machine = r#"{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}"#;
        assert!(problem(machine).contains("at /States/StateName'"), "{}", problem(machine));
    }
}
