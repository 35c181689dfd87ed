//! What an expression reads from outside, found without evaluating it.

use crate::ast::{Group, Kind, Node, Stage};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Everything that an expression reads from outside, and what it does to names of the outside.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct References {
    /// Variables that the expression does not bind itself, functions of the language among them.
    pub variables: BTreeSet<Arc<str>>,
    /// Variables followed by the names of fields: `$states.input.a` is `["states", "input", "a"]`.
    pub paths: Vec<Reference>,
    /// Where the input itself is read: `$` at the top level, `$$` anywhere, fields and wildcards at the top level.
    pub input: Vec<Reference>,
    /// Variables that the expression binds, wherever it does.
    pub bound: BTreeSet<Arc<str>>,
}

/// One place where something is read.
#[derive(Clone, Debug, PartialEq)]
pub struct Reference {
    /// The names, outermost first.
    pub names: Vec<Arc<str>>,
    /// In UTF-16 units, the end of the first token.
    pub position: usize,
}

/// What an expression reads from outside.
pub(crate) fn references(node: &Node) -> References {
    let mut inspector = Inspector { found: References::default(), scopes: vec![Vec::new()] };
    inspector.node(node, true);
    inspector.found
}

struct Inspector {
    found: References,
    /// The names bound in each scope around.
    scopes: Vec<Vec<Arc<str>>>,
}

impl Inspector {
    /// `top`: the context is the input.
    fn node(&mut self, node: &Node, top: bool) {
        self.kind(node, top);
        self.attached(node);
    }

    fn kind(&mut self, node: &Node, top: bool) {
        match &node.kind {
            Kind::Path { steps, .. } => self.path(steps, top),
            Kind::Name(name) if top => self.input(std::slice::from_ref(name), node),
            Kind::Wildcard if top => self.input(&["*".into()], node),
            Kind::Descendant if top => self.input(&["**".into()], node),
            Kind::Variable(name) => self.variable(name, &[], node, top),
            Kind::Literal(_)
            | Kind::Name(_)
            | Kind::Wildcard
            | Kind::Descendant
            | Kind::Parent(_)
            | Kind::Regex(_)
            | Kind::Placeholder => {}
            Kind::Negate(inner) => self.node(inner, top),
            Kind::Array(items) => items.iter().for_each(|item| self.node(item, top)),
            Kind::Object(group) => self.group(group, top),
            Kind::Binary { left, right, .. }
            | Kind::Coalesce { left, right }
            | Kind::Default { left, right }
            | Kind::Apply { left, right } => {
                self.node(left, top);
                self.node(right, top);
            }
            Kind::Condition(condition) => {
                self.node(&condition.condition, top);
                self.node(&condition.then, top);
                condition.otherwise.iter().for_each(|otherwise| self.node(otherwise, top));
            }
            Kind::Block(expressions) => {
                self.scopes.push(Vec::new());
                expressions.iter().for_each(|expression| self.node(expression, top));
                self.scopes.pop();
            }
            Kind::Bind { name, value } => {
                // Bound before the value is looked at: a function may call itself.
                let is_function = matches!(value.kind, Kind::Lambda(_));
                if is_function {
                    self.bind(name);
                }
                self.node(value, top);
                if !is_function {
                    self.bind(name);
                }
            }
            Kind::Lambda(lambda) => {
                self.scopes.push(Vec::new());
                lambda.parameters.iter().for_each(|parameter| self.bind(parameter));
                self.node(&lambda.body, top);
                self.scopes.pop();
            }
            Kind::Call(call) | Kind::Partial(call) => {
                self.node(&call.procedure, top);
                call.arguments.iter().for_each(|argument| self.node(argument, top));
            }
            Kind::Sort(terms) => terms.iter().for_each(|term| self.node(&term.expression, false)),
            Kind::Transform(transform) => {
                self.node(&transform.pattern, false);
                self.node(&transform.update, false);
                transform.delete.iter().for_each(|delete| self.node(delete, false));
            }
        }
    }

    fn path(&mut self, steps: &[Node], top: bool) {
        self.scopes.push(Vec::new());
        for (index, step) in steps.iter().enumerate() {
            let is_first = index == 0;
            let names = || {
                let rest = steps.iter().skip(1).map_while(|step| match &step.kind {
                    Kind::Name(name) => Some(name.clone()),
                    _ => None,
                });
                rest.collect::<Vec<_>>()
            };
            match &step.kind {
                Kind::Variable(name) if is_first => {
                    self.variable(name, &names(), step, top);
                    self.attached(step);
                }
                Kind::Name(name) if is_first && top => {
                    let names: Vec<_> = std::iter::once(name.clone()).chain(names()).collect();
                    self.input(&names, step);
                    self.attached(step);
                }
                _ => self.node(step, top && is_first),
            }
            for name in step.focus.iter().chain(&step.index) {
                self.bind(name);
            }
        }
        self.scopes.pop();
    }

    /// What is attached to an expression.
    fn attached(&mut self, node: &Node) {
        node.predicates.iter().for_each(|predicate| self.node(predicate, false));
        for stage in &node.stages {
            match stage {
                Stage::Filter(predicate) => self.node(predicate, false),
                Stage::Index(name) => self.bind(name),
            }
        }
        if let Some(group) = &node.group {
            self.group(group, false);
        }
    }

    fn group(&mut self, group: &Group, top: bool) {
        for (key, value) in &group.pairs {
            self.node(key, top);
            self.node(value, top);
        }
    }

    fn variable(&mut self, name: &Arc<str>, rest: &[Arc<str>], node: &Node, top: bool) {
        let names: Vec<_> = std::iter::once(name.clone()).chain(rest.iter().cloned()).collect();
        match &**name {
            "" if top => self.input(&names, node),
            "" => {}
            "$" => self.input(&names, node),
            _ => {
                if !self.scopes.iter().flatten().any(|bound| bound == name) {
                    self.found.variables.insert(name.clone());
                    self.found.paths.push(Reference { names, position: node.position });
                }
            }
        }
    }

    fn input(&mut self, names: &[Arc<str>], node: &Node) {
        self.found.input.push(Reference { names: names.to_vec(), position: node.position });
    }

    fn bind(&mut self, name: &Arc<str>) {
        self.found.bound.insert(name.clone());
        if let Some(scope) = self.scopes.last_mut() {
            scope.push(name.clone());
        }
    }
}
