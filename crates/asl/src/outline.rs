//! The graph of a definition, read from its JSON whatever else is wrong with it: which states there are and where they
//! lead.

use crate::rules::query_language;
use crate::tree::{Field, Object, QueryLanguage};
use indexmap::IndexMap;
use json::spanned::Node;
use model::StateType;

/// A block of states.
pub(crate) struct Outline<'d> {
    pub(crate) start_at: Option<Target<'d>>,
    pub(crate) states: IndexMap<&'d str, StateOutline<'d>>,
}

/// A state.
pub(crate) struct StateOutline<'d> {
    pub(crate) field: Field<'d>,
    pub(crate) targets: Vec<Target<'d>>,
    pub(crate) is_terminal: bool,
    pub(crate) blocks: Vec<Outline<'d>>,
    /// The variables that it assigns, in each Assign it has, with their keys as written.
    pub(crate) assigned: Vec<(&'d str, Field<'d>)>,
    /// Whether its block runs as executions of their own.
    pub(crate) is_distributed: bool,
    /// The query language it is written in.
    pub(crate) language: QueryLanguage,
}

/// The name of a state where another thing points at it.
pub(crate) struct Target<'d> {
    pub(crate) name: &'d str,
    pub(crate) field: Field<'d>,
    /// The variables that are assigned on the way there.
    pub(crate) assigned: Vec<&'d str>,
}

impl<'d> Outline<'d> {
    /// The outline of a block; `None` where it has no object of states.
    pub(crate) fn of(block: &Object<'d>) -> Option<Outline<'d>> {
        let states = block.field("States")?.as_object()?;
        Some(Outline {
            start_at: target(block, "StartAt", QueryLanguage::JsonPath),
            states: states.fields().map(|(name, field)| (&**name, StateOutline::of(field))).collect(),
        })
    }

    /// The blocks inside the states of this one.
    pub(crate) fn inner_blocks(&self) -> impl Iterator<Item = &Outline<'d>> {
        self.states.values().flat_map(|state| &state.blocks)
    }
}

impl<'d> StateOutline<'d> {
    // AWS: recorded: a Next that the type does not have still counts as an edge, so no type is asked here.
    pub(crate) fn of(field: Field<'d>) -> StateOutline<'d> {
        let language = field.dialect.language;
        let Some(state) = field.as_object() else {
            return StateOutline {
                field,
                targets: Vec::new(),
                is_terminal: false,
                blocks: Vec::new(),
                assigned: Vec::new(),
                is_distributed: false,
                language,
            };
        };
        let language = query_language::written(&state).unwrap_or(language);
        let mut targets = Vec::new();
        targets.extend(target(&state, "Next", language));
        for clauses in ["Choices", "Catch"] {
            targets.extend(objects(&state, clauses).filter_map(|clause| target(&clause, "Next", language)));
        }
        targets.extend(target(&state, "Default", language));
        let processors = ["ItemProcessor", "Iterator"];
        let processors: Vec<_> =
            processors.iter().filter_map(|name| state.field(name)?.as_object()).collect();
        let is_distributed = processors.iter().any(is_distributed);
        let blocks = objects(&state, "Branches").chain(processors);
        let blocks = blocks.filter_map(|block| Outline::of(&block)).collect();
        let clauses = ["Choices", "Catch"].into_iter().flat_map(|clauses| objects(&state, clauses));
        let assigned =
            std::iter::once(state.clone()).chain(clauses).flat_map(|object| assigned(&object)).collect();
        let is_terminal = is_terminal(&state);
        StateOutline { targets, is_terminal, blocks, assigned, is_distributed, language, field }
    }
}

fn is_terminal(state: &Object<'_>) -> bool {
    let Some(state_type) = state.field("Type") else { return false };
    let ends = state.field("End").is_some_and(|end| matches!(end.value.node, Node::Bool(true)));
    let ends_by_type = state_type.as_str().and_then(|text| StateType::parse(text));
    ends || matches!(ends_by_type, Some(StateType::Succeed | StateType::Fail))
}

fn is_distributed(processor: &Object<'_>) -> bool {
    let config = processor.field("ProcessorConfig").and_then(|config| config.as_object());
    let mode = config.and_then(|config| config.field("Mode"));
    mode.and_then(|mode| mode.as_str()).is_some_and(|mode| &**mode == "DISTRIBUTED")
}

fn assigned<'d>(object: &Object<'d>) -> Vec<(&'d str, Field<'d>)> {
    let assign = object.field("Assign").and_then(|assign| assign.as_object());
    assign.iter().flat_map(|assign| assign.fields()).map(|(key, field)| (&**key, field)).collect()
}

fn target<'d>(object: &Object<'d>, name: &str, language: QueryLanguage) -> Option<Target<'d>> {
    let field = object.field(name)?;
    let assigned = assigned(object).into_iter().map(|(key, _)| variable(key, language)).collect();
    Some(Target { name: field.as_str()?, field, assigned })
}

/// The variable that a key of Assign names.
pub(crate) fn variable(key: &str, language: QueryLanguage) -> &str {
    match language {
        QueryLanguage::JsonPath => key.strip_suffix(".$").unwrap_or(key),
        QueryLanguage::Jsonata => key,
    }
}

fn objects<'d>(state: &Object<'d>, name: &str) -> impl Iterator<Item = Object<'d>> {
    let items = state.field(name).and_then(|field| field.as_array());
    items.into_iter().flatten().filter_map(|item| item.as_object())
}
