//! The pass behind the grammar: dots become paths, predicates go to their steps, every parent operator finds the step
//! whose context it means, and calls that end a lambda are marked.

mod ancestry;
mod steps;
mod tail;

use steps::{bare, finish_steps, last_step, push_step};

use super::tree::{Tree, TreeKind};
use crate::ast::{Call, Condition, Group, Kind, Label, Lambda, Node, Operator, Stage, Term, Transform};
use crate::error::{Error, Fault};
use crate::signature::Signature;
use json::Value;
use std::sync::Arc;

/// Turns what was read into what is evaluated.
pub(super) fn process(tree: Tree) -> Result<Node, Fault> {
    let mut processor = Processor { slots: Vec::new(), binds: false };
    let node = processor.process(tree)?;
    if node.node.is_parent() || !node.seeking.is_empty() {
        let fault = Error::new("S0217").token(ancestry::type_name(&node.node));
        return Err(match node.node.kind {
            Kind::Path { .. } | Kind::Parent(_) => fault,
            _ => fault.at(node.node.position),
        });
    }
    Ok(*node.node)
}

struct Processor {
    slots: Vec<Slot>,
    /// Whether the innermost block or lambda binds variables.
    binds: bool,
}

/// A parent operator that looks for its step.
struct Slot {
    label: Label,
    /// How many steps there are still to go back.
    level: usize,
}

/// Which slot.
type SlotId = usize;

/// A node with the parent operators in it that have not found their step.
struct Open {
    node: Box<Node>,
    seeking: Seeking,
    /// What the last step of a path seeks: found when the path goes on, and not before, as in the reference.
    step_seeking: Seeking,
}

impl Open {
    fn new(node: Node, seeking: Seeking) -> Open {
        Open { node: Box::new(node), seeking, step_seeking: Vec::new() }
    }

    /// The node as the first step of a path. Only a parent operator itself seeks on from there.
    fn into_path(self, position: usize) -> Open {
        if matches!(self.node.kind, Kind::Path { .. }) {
            return self;
        }
        let seeking = if self.node.is_parent() { self.seeking.clone() } else { Vec::new() };
        let path = bare(Kind::Path { steps: vec![*self.node], keep_singleton: false }, position);
        Open { step_seeking: self.seeking, ..Open::new(path, seeking) }
    }
}

/// The steps of a path while it is put together: what each of them seeks is still of interest.
type Seeking = Vec<SlotId>;

impl Processor {
    fn process(&mut self, tree: Tree) -> Result<Open, Fault> {
        let position = tree.position;
        let keep_array = tree.keep_array;
        let mut open = match tree.kind {
            TreeKind::Negate(inner) => self.negate(*inner, position),
            TreeKind::Array(items) => self.array(items, position),
            TreeKind::Object(pairs) => self.object(pairs, position),
            TreeKind::Block(expressions) => self.block(expressions, position),
            TreeKind::Step(left, right) => self.step(*left, *right, position),
            TreeKind::Binary(operator, left, right) => self.binary(operator, *left, *right, position),
            TreeKind::Filter(left, right) => self.filter(*left, *right, position),
            TreeKind::Group(left, pairs) => self.group(*left, pairs, position),
            TreeKind::Sort(left, terms) => self.sort(*left, terms, position),
            TreeKind::Bind(name, value) => self.bind(name, *value, position),
            TreeKind::Focus(left, name) => self.focus(*left, name, keep_array, position),
            TreeKind::Index(left, name) => self.index(*left, name),
            TreeKind::Apply(left, right) => self.apply(*left, *right, position),
            TreeKind::Condition(condition, then, otherwise) => {
                self.condition(*condition, *then, otherwise.map(|tree| *tree), position)
            }
            TreeKind::Coalesce(left, right) => {
                self.two(*left, *right, position, |left, right| Kind::Coalesce { left, right })
            }
            TreeKind::Default(left, right) => {
                self.two(*left, *right, position, |left, right| Kind::Default { left, right })
            }
            TreeKind::Call(procedure, arguments) => self.call(*procedure, arguments, position, Kind::Call),
            TreeKind::Partial(procedure, arguments) => {
                self.call(*procedure, arguments, position, Kind::Partial)
            }
            TreeKind::Lambda(parameters, signature, body) => {
                self.lambda(parameters, signature, *body, position)
            }
            TreeKind::Transform(pattern, update, delete) => {
                self.transform(*pattern, *update, delete.map(|tree| *tree), position)
            }
            leaf => self.leaf(leaf, position, keep_array),
        }?;
        if keep_array {
            open.node.keep_array = true;
        }
        Ok(open)
    }

    /// Expressions without expressions in them.
    #[inline(never)]
    fn leaf(&mut self, kind: TreeKind, position: usize, keep_array: bool) -> Result<Open, Fault> {
        let kind = match kind {
            TreeKind::String(text) => Kind::Literal(Value::String(text)),
            TreeKind::Number(number) => Kind::Literal(crate::number::value_of(number)),
            TreeKind::Constant(value) => Kind::Literal(value),
            TreeKind::Variable(name) => Kind::Variable(name),
            TreeKind::Regex(regex) => Kind::Regex(regex),
            TreeKind::Wildcard => Kind::Wildcard,
            TreeKind::Descendant => Kind::Descendant,
            TreeKind::Placeholder => Kind::Placeholder,
            TreeKind::Parent => return Ok(self.parent(position)),
            TreeKind::Name(name) => {
                let mut step = bare(Kind::Name(name), position);
                step.keep_array = keep_array;
                Kind::Path { steps: vec![step], keep_singleton: keep_array }
            }
            _ => return Err(Error::new("S0207").at(position).token("(end)")),
        };
        Ok(done(kind, position))
    }

    #[inline(never)]
    fn array(&mut self, items: Vec<Tree>, position: usize) -> Result<Open, Fault> {
        let (items, seeking) = self.all(items)?;
        Ok(Open::new(bare(Kind::Array(items), position), seeking))
    }

    #[inline(never)]
    fn object(&mut self, pairs: Vec<(Tree, Tree)>, position: usize) -> Result<Open, Fault> {
        let (group, seeking) = self.pairs(pairs, position)?;
        Ok(Open::new(bare(Kind::Object(Box::new(group)), position), seeking))
    }

    #[inline(never)]
    fn bind(&mut self, name: Arc<str>, value: Tree, position: usize) -> Result<Open, Fault> {
        self.binds = true;
        let value = self.process(value)?;
        let kind = Kind::Bind { name, value: value.node };
        Ok(Open::new(bare(kind, position), value.seeking))
    }

    /// The parent operator is not looked for through an application, as in the reference.
    #[inline(never)]
    fn apply(&mut self, left: Tree, right: Tree, position: usize) -> Result<Open, Fault> {
        let left = self.process(left)?.node;
        let right = self.process(right)?.node;
        let keep = left.keep_array || right.keep_array;
        let mut open = done(Kind::Apply { left, right }, position);
        open.node.keep_array = keep;
        Ok(open)
    }

    #[inline(never)]
    fn lambda(
        &mut self,
        parameters: Vec<Arc<str>>,
        signature: Option<Signature>,
        body: Tree,
        position: usize,
    ) -> Result<Open, Fault> {
        let outer_binds = self.binds;
        let body = tail::mark(*self.process(body)?.node);
        self.binds = outer_binds;
        Ok(done(Kind::Lambda(Arc::new(Lambda { parameters, signature, body })), position))
    }

    #[inline(never)]
    fn all(&mut self, trees: Vec<Tree>) -> Result<(Vec<Node>, Seeking), Fault> {
        let mut nodes = Vec::with_capacity(trees.len());
        let mut seeking = Vec::new();
        for tree in trees {
            let open = self.process(tree)?;
            self.adopt(&mut seeking, &open);
            nodes.push(*open.node);
        }
        Ok((nodes, seeking))
    }

    #[inline(never)]
    fn pairs(&mut self, pairs: Vec<(Tree, Tree)>, position: usize) -> Result<(Group, Seeking), Fault> {
        let mut nodes = Vec::with_capacity(pairs.len());
        let mut seeking = Vec::new();
        for (key, value) in pairs {
            let key = self.process(key)?;
            self.adopt(&mut seeking, &key);
            let value = self.process(value)?;
            self.adopt(&mut seeking, &value);
            nodes.push((*key.node, *value.node));
        }
        Ok((Group { pairs: nodes, position }, seeking))
    }

    #[inline(never)]
    fn parent(&mut self, position: usize) -> Open {
        let id = self.slots.len();
        let label = Label::new(std::sync::atomic::AtomicU32::new(u32::try_from(id).unwrap_or(u32::MAX)));
        self.slots.push(Slot { label: label.clone(), level: 1 });
        Open::new(bare(Kind::Parent(label), position), vec![id])
    }

    #[inline(never)]
    fn negate(&mut self, inner: Tree, position: usize) -> Result<Open, Fault> {
        let mut inner = self.process(inner)?;
        if let Kind::Literal(Value::Number(number)) = &inner.node.kind {
            let negated = crate::number::value_of(-number.to_f64());
            inner.node.kind = Kind::Literal(negated);
            return Ok(inner);
        }
        Ok(Open::new(bare(Kind::Negate(inner.node), position), inner.seeking))
    }

    #[inline(never)]
    fn block(&mut self, expressions: Vec<Tree>, position: usize) -> Result<Open, Fault> {
        let outer_binds = std::mem::replace(&mut self.binds, false);
        let (nodes, seeking) = self.all(expressions)?;
        let binds = std::mem::replace(&mut self.binds, outer_binds);
        let cons = nodes.iter().any(|node| {
            let first = match &node.kind {
                Kind::Path { steps, .. } => steps.first(),
                _ => None,
            };
            node.cons_array || first.is_some_and(|step| step.cons_array)
        });
        let mut node = bare(Kind::Block(nodes), position);
        node.cons_array = cons;
        node.binds = binds;
        Ok(Open::new(node, seeking))
    }

    #[inline(never)]
    fn step(&mut self, left: Tree, right: Tree, position: usize) -> Result<Open, Fault> {
        let mut open = self.process(left)?.into_path(position);
        let right = self.process(right)?;
        let is_path = matches!(right.node.kind, Kind::Path { .. });
        open.step_seeking = if is_path { right.step_seeking } else { right.seeking };
        match right.node.kind {
            Kind::Path { steps: more, .. } => {
                more.into_iter().for_each(|step| push_step(&mut open.node, step))
            }
            _ => {
                let mut step = *right.node;
                let predicates = std::mem::take(&mut step.predicates);
                step.stages.extend(predicates.into_iter().map(Stage::Filter));
                push_step(&mut open.node, step);
            }
        }
        finish_steps(&mut open.node)?;
        let found = self.resolve(&mut open.node, open.step_seeking.clone())?;
        open.seeking.extend(found);
        Ok(open)
    }

    #[inline(never)]
    fn binary(
        &mut self,
        operator: Operator,
        left: Tree,
        right: Tree,
        position: usize,
    ) -> Result<Open, Fault> {
        self.two(left, right, position, |left, right| Kind::Binary { operator, left, right })
    }

    #[inline(never)]
    fn two(
        &mut self,
        left: Tree,
        right: Tree,
        position: usize,
        kind: impl FnOnce(Box<Node>, Box<Node>) -> Kind,
    ) -> Result<Open, Fault> {
        let left = self.process(left)?;
        let right = self.process(right)?;
        let mut seeking = left.seeking;
        seeking.extend(right.seeking);
        Ok(Open::new(bare(kind(left.node, right.node), position), seeking))
    }

    #[inline(never)]
    fn filter(&mut self, left: Tree, right: Tree, position: usize) -> Result<Open, Fault> {
        let mut open = self.process(left)?;
        let in_path = matches!(open.node.kind, Kind::Path { .. });
        let predicate = {
            let step = last_step(&mut open.node);
            if step.group.is_some() {
                return Err(Error::new("S0209").at(position));
            }
            self.process(right)?
        };
        // A predicate that is nothing but a parent operator does not seek here, as in the reference.
        let seeks = !predicate.node.is_parent();
        for slot in predicate.seeking {
            match self.level(slot) {
                _ if !seeks => {}
                1 => self.seek(last_step(&mut open.node), slot)?,
                _ => self.rise(slot),
            }
            if in_path {
                open.step_seeking.push(slot);
            } else {
                open.seeking.push(slot);
            }
        }
        let step = last_step(&mut open.node);
        if in_path {
            step.stages.push(Stage::Filter(*predicate.node));
        } else {
            step.predicates.push(*predicate.node);
        }
        Ok(open)
    }

    #[inline(never)]
    fn group(&mut self, left: Tree, pairs: Vec<(Tree, Tree)>, position: usize) -> Result<Open, Fault> {
        let mut open = self.process(left)?;
        if open.node.group.is_some() {
            return Err(Error::new("S0210").at(position));
        }
        let (group, _) = self.pairs(pairs, position)?;
        open.node.group = Some(Box::new(group));
        Ok(open)
    }

    #[inline(never)]
    fn sort(&mut self, left: Tree, terms: Vec<(bool, Tree)>, position: usize) -> Result<Open, Fault> {
        let mut open = self.process(left)?.into_path(position);
        if matches!(&open.node.kind, Kind::Path { steps, .. } if steps.len() == 1) {
            // A parent operator that is sorted seeks nothing, as in the reference.
            open.seeking.clear();
        }
        let mut seeking = Vec::new();
        let mut processed = Vec::with_capacity(terms.len());
        for (descending, term) in terms {
            let term = self.process(term)?;
            self.adopt(&mut seeking, &term);
            processed.push(Term { expression: *term.node, descending, position });
        }
        push_step(&mut open.node, bare(Kind::Sort(processed), position));
        open.step_seeking.clone_from(&seeking);
        let found = self.resolve(&mut open.node, seeking)?;
        open.seeking.extend(found);
        Ok(open)
    }

    #[inline(never)]
    fn focus(
        &mut self,
        left: Tree,
        name: Arc<str>,
        keep_array: bool,
        position: usize,
    ) -> Result<Open, Fault> {
        let mut open = self.process(left)?;
        let step = last_step(&mut open.node);
        if !step.stages.is_empty() || !step.predicates.is_empty() {
            return Err(Error::new("S0215").at(position));
        }
        if matches!(step.kind, Kind::Sort(_)) {
            return Err(Error::new("S0216").at(position));
        }
        step.keep_array |= keep_array;
        step.focus = Some(name);
        step.tuple = true;
        Ok(open)
    }

    #[inline(never)]
    fn index(&mut self, left: Tree, name: Arc<str>) -> Result<Open, Fault> {
        let mut open = self.process(left)?;
        if !matches!(open.node.kind, Kind::Path { .. }) {
            let predicates = std::mem::take(&mut open.node.predicates);
            open.node.stages.extend(predicates.into_iter().map(Stage::Filter));
            let position = open.node.position;
            open = open.into_path(position);
            open.seeking.clear();
        }
        let step = last_step(&mut open.node);
        if step.stages.is_empty() {
            step.index = Some(name);
        } else {
            step.stages.push(Stage::Index(name));
        }
        step.tuple = true;
        Ok(open)
    }

    #[inline(never)]
    fn condition(
        &mut self,
        condition: Tree,
        then: Tree,
        otherwise: Option<Tree>,
        position: usize,
    ) -> Result<Open, Fault> {
        let condition = self.process(condition)?;
        let then = self.process(then)?;
        let otherwise = otherwise.map(|tree| self.process(tree)).transpose()?;
        let mut seeking = condition.seeking;
        seeking.extend(then.seeking);
        let otherwise = otherwise.map(|open| {
            seeking.extend(open.seeking);
            *open.node
        });
        let kind =
            Kind::Condition(Box::new(Condition { condition: *condition.node, then: *then.node, otherwise }));
        Ok(Open::new(bare(kind, position), seeking))
    }

    #[inline(never)]
    fn call(
        &mut self,
        procedure: Tree,
        arguments: Vec<Tree>,
        position: usize,
        kind: impl FnOnce(Arc<Call>) -> Kind,
    ) -> Result<Open, Fault> {
        let (arguments, seeking) = self.all(arguments)?;
        let procedure = *self.process(procedure)?.node;
        // The text that is evaluated may bind.
        self.binds |= matches!(&procedure.kind, Kind::Variable(name) if &**name == "eval");
        let call = Call { procedure, arguments, position, tail: false, builtin: None };
        Ok(Open::new(bare(kind(Arc::new(call)), position), seeking))
    }

    #[inline(never)]
    fn transform(
        &mut self,
        pattern: Tree,
        update: Tree,
        delete: Option<Tree>,
        position: usize,
    ) -> Result<Open, Fault> {
        let pattern = *self.process(pattern)?.node;
        let update = *self.process(update)?.node;
        let delete = delete.map(|tree| self.process(tree)).transpose()?.map(|open| *open.node);
        Ok(done(Kind::Transform(Arc::new(Transform { pattern, update, delete })), position))
    }

    /// What an inner expression seeks, the outer one seeks.
    fn adopt(&self, seeking: &mut Seeking, inner: &Open) {
        seeking.extend_from_slice(&inner.seeking);
    }
}

fn done(kind: Kind, position: usize) -> Open {
    Open::new(bare(kind, position), Vec::new())
}
