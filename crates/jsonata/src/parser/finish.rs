//! The last pass: what can be known of an expression before it is evaluated.

use crate::Dialect;
use crate::ast::{Call, Group, Kind, Lambda, Node, Stage, Transform};
use crate::builtins::Builtins;
use crate::simple::{self, Reach};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Which names the expression may bind; all others mean variables of its surroundings or functions of the language.
pub(super) enum Bound {
    Names(BTreeSet<Arc<str>>),
    /// What is evaluated as a part of another expression may see whatever that binds, and the other way round.
    Any,
}

impl Bound {
    pub(super) fn by(node: &Node) -> Bound {
        let references = crate::inspect::references(node);
        let evaluates_text = references.variables.contains("eval") || references.bound.contains("eval");
        if evaluates_text { Bound::Any } else { Bound::Names(references.bound) }
    }
}

/// Notes simple forms, and which functions of the language calls mean.
pub(super) fn finish(node: &mut Node, bound: &Bound, dialect: Dialect) {
    let builtins = Builtins::of(dialect);
    Finisher { bound, builtins, names: BTreeSet::new(), simplifies: true }.node(node);
}

/// The same without any short cut: what must give the same results.
#[cfg(test)]
pub(crate) fn finish_in_full(node: &mut Node, dialect: Dialect) {
    let builtins = Builtins::of(dialect);
    Finisher { bound: &Bound::Any, builtins, names: BTreeSet::new(), simplifies: false }.node(node);
}

struct Finisher<'a> {
    bound: &'a Bound,
    builtins: &'static Builtins,
    /// The names of variables: the same name stands at the same place everywhere.
    names: BTreeSet<Arc<str>>,
    simplifies: bool,
}

impl Finisher<'_> {
    fn node(&mut self, node: &mut Node) {
        self.kind(&mut node.kind);
        node.predicates.iter_mut().for_each(|predicate| self.node(predicate));
        for stage in &mut node.stages {
            match stage {
                Stage::Filter(predicate) => self.node(predicate),
                Stage::Index(name) => self.name(name),
            }
        }
        node.focus.iter_mut().chain(&mut node.index).for_each(|name| self.name(name));
        if let Some(group) = &mut node.group {
            self.group(group);
        }
        let groups = node.group.is_some() && !matches!(node.kind, Kind::Path { .. });
        node.goes_on = groups || !node.predicates.is_empty();
        if !self.simplifies {
            return;
        }
        let reach = |name: &str| match self.bound {
            Bound::Names(names) if !names.contains(name) => Reach::Outside,
            Bound::Names(_) => Reach::Expression,
            Bound::Any => Reach::Any,
        };
        if let Kind::Path { steps, .. } = &node.kind
            && !node.tuple
        {
            node.head = simple::names_of_head(steps, &reach);
        }
        node.simple = simple::compile(node, &reach);
    }

    fn name(&mut self, name: &mut Arc<str>) {
        match self.names.get(name) {
            Some(known) => *name = known.clone(),
            None => {
                self.names.insert(name.clone());
            }
        }
    }

    fn kind(&mut self, kind: &mut Kind) {
        match kind {
            Kind::Path { steps: nodes, .. } | Kind::Array(nodes) | Kind::Block(nodes) => {
                nodes.iter_mut().for_each(|node| self.node(node));
            }
            Kind::Variable(name) => self.name(name),
            Kind::Literal(_)
            | Kind::Name(_)
            | Kind::Wildcard
            | Kind::Descendant
            | Kind::Parent(_)
            | Kind::Regex(_)
            | Kind::Placeholder => {}
            Kind::Negate(inner) => self.node(inner),
            Kind::Object(group) => self.group(group),
            Kind::Binary { left, right, .. }
            | Kind::Coalesce { left, right }
            | Kind::Default { left, right }
            | Kind::Apply { left, right } => {
                self.node(left);
                self.node(right);
            }
            Kind::Condition(condition) => {
                self.node(&mut condition.condition);
                self.node(&mut condition.then);
                condition.otherwise.iter_mut().for_each(|otherwise| self.node(otherwise));
            }
            Kind::Bind { name, value } => {
                self.name(name);
                self.node(value);
            }
            // Nothing else holds what is in these, so that it can be changed.
            Kind::Lambda(lambda) => {
                if let Some(Lambda { body, parameters, .. }) = Arc::get_mut(lambda) {
                    parameters.iter_mut().for_each(|name| self.name(name));
                    self.node(body);
                }
            }
            Kind::Call(call) | Kind::Partial(call) => {
                if let Some(call) = Arc::get_mut(call) {
                    self.call(call);
                }
            }
            Kind::Sort(terms) => terms.iter_mut().for_each(|term| self.node(&mut term.expression)),
            Kind::Transform(transform) => {
                if let Some(Transform { pattern, update, delete }) = Arc::get_mut(transform) {
                    self.node(pattern);
                    self.node(update);
                    delete.iter_mut().for_each(|delete| self.node(delete));
                }
            }
        }
    }

    fn call(&mut self, call: &mut Call) {
        self.node(&mut call.procedure);
        call.arguments.iter_mut().for_each(|argument| self.node(argument));
        if let Kind::Variable(name) = &call.procedure.kind
            && call.procedure.is_plain()
            && matches!(self.bound, Bound::Names(names) if !names.contains(name))
        {
            call.builtin = self.builtins.get(name);
        }
    }

    fn group(&mut self, group: &mut Group) {
        for (key, value) in &mut group.pairs {
            self.node(key);
            self.node(value);
        }
    }
}
