//! The order of the checks: the text, the parts, the targets, the graph, the names of states, the scopes of variables.

use crate::checker::Checker;
use crate::definition::Definition;
use crate::diagnostic::Diagnostic;
use crate::outline::Outline;
use crate::rules::{
    document, query_language, reachability, state_names, terminal_state, transitions, undefined_variables,
    variable_scopes,
};
use crate::tree::{Dialect, Field, Object, QueryLanguage};
use json::spanned::Spanned;
use model::StateMachineType;
use std::collections::HashSet;

/// A definition that can run.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// What `machine` runs.
    pub definition: Definition,
    /// What its author may have meant otherwise.
    pub warnings: Vec<Diagnostic>,
}

/// Compiles the text of a definition for a machine of the given type, or says everything that is wrong with it, in the
/// order AWS does (warnings among it).
///
/// The caller checks the length of the text ([`model::limits::DEFINITION_LENGTH`]).
pub fn compile(text: &str, machine_type: StateMachineType) -> Result<Compiled, Vec<Diagnostic>> {
    let tree = document::read(text).map_err(|problem| vec![problem])?;
    compile_tree(&tree, machine_type)
}

/// Compiles a definition that was read already, from whatever text its places are of.
pub fn compile_tree(tree: &Spanned, machine_type: StateMachineType) -> Result<Compiled, Vec<Diagnostic>> {
    compiled(check(tree, machine_type))
}

fn compiled((definition, diagnostics): Checked) -> Result<Compiled, Vec<Diagnostic>> {
    match definition {
        Some(definition) if !diagnostics.iter().any(Diagnostic::is_error) => {
            Ok(Compiled { definition, warnings: diagnostics })
        }
        Some(_) | None => Err(diagnostics),
    }
}

/// Every problem of the text of a definition, errors and warnings, in the order AWS gives them.
pub fn validate(text: &str, machine_type: StateMachineType) -> Vec<Diagnostic> {
    match document::read(text) {
        Ok(tree) => validate_tree(&tree, machine_type),
        Err(problem) => vec![problem],
    }
}

/// Every problem of a definition that was read already, from whatever text its places are of.
pub fn validate_tree(tree: &Spanned, machine_type: StateMachineType) -> Vec<Diagnostic> {
    check(tree, machine_type).1
}

type Checked = (Option<Definition>, Vec<Diagnostic>);

fn check(tree: &Spanned, machine_type: StateMachineType) -> Checked {
    let dialect = Dialect { language: QueryLanguage::JsonPath, machine_type };
    let Some(root) = Field::root(tree, dialect).as_object() else {
        return (None, vec![document::not_an_object()]);
    };
    let machine_language = query_language::of_machine(&root);
    let root = root.in_language(machine_language);

    let mut cx = Checker::new(machine_language);
    let definition = crate::compile::definition(&root, &mut cx);
    check_graph(&root, definition.as_ref(), &mut cx);
    let diagnostics = cx.finish();
    assert!(
        definition.is_some() || diagnostics.iter().any(Diagnostic::is_error),
        "INVARIANT(diagnosed): what does not compile has an error"
    );
    (definition, diagnostics)
}

fn check_graph(root: &Object<'_>, definition: Option<&Definition>, cx: &mut Checker) {
    let Some(outline) = Outline::of(root) else { return };
    transitions::check(&outline, cx);
    if terminal_state::check(&outline, cx) {
        reachability::check(&outline, cx);
    }
    state_names::check(&outline, &mut HashSet::new(), cx);
    variable_scopes::check(&outline, cx);
    if let Some(definition) = definition {
        undefined_variables::check(&outline, &definition.block, cx);
    }
}
