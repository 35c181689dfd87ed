//! The evaluator: walks the tree over values that stay where they are.

mod call;
mod group;
mod lambda;
mod operators;
mod path;
mod predicate;
mod sort;
mod spare;
mod transform;
mod tuples;

use crate::ast::{Kind, Node};
use crate::budget::Budget;
use crate::builtins::{Builtin, Builtins};
use crate::error::{Error, Fault};
use crate::frame::Frame;
use crate::function::Function;
use crate::item::{Flags, Item, Key, List};
use crate::simple::{Found, Sight, Simple};
use crate::{Bindings, Dialect, Environment};
use json::Value;
use spare::Spare;
use std::rc::{Rc, Weak};

pub(crate) use operators::compare_text;

/// One evaluation.
pub(crate) struct Evaluator<'a> {
    pub(crate) budget: Budget,
    pub(crate) dialect: Dialect,
    pub(crate) now_millis: i64,
    pub(crate) entropy: &'a mut dyn FnMut() -> u64,
    bindings: &'a dyn Bindings,
    builtins: &'static Builtins,
    /// `$$`
    root: Item,
    /// Frames that may refer to themselves through a function bound in them.
    watched: Vec<Weak<Frame>>,
    /// When to look which of them are still there.
    watch_until: usize,
    /// Functions of the language whose names are known not to be bound by the surroundings, by their index.
    unbound: u128,
    spare: Spare,
}

impl<'a> Evaluator<'a> {
    pub(crate) fn new(
        dialect: Dialect,
        bindings: &'a dyn Bindings,
        environment: &'a mut Environment<'_>,
    ) -> Evaluator<'a> {
        Evaluator {
            budget: Budget::new(environment.limits, dialect),
            dialect,
            now_millis: environment.now_millis,
            entropy: &mut *environment.entropy,
            bindings,
            builtins: Builtins::of(dialect),
            root: Item::Undefined,
            watched: Vec::new(),
            watch_until: 1024,
            unbound: 0,
            spare: Spare::default(),
        }
    }

    /// Evaluates an expression over an input.
    pub(crate) fn run(&mut self, node: &Node, input: Option<&Value>) -> Result<Item, Fault> {
        let input = input.map_or(Item::Undefined, |value| Item::Json(value.clone()));
        self.root = input.clone();
        let frame = Frame::outermost();
        let context = wrap(input);
        self.evaluate(node, &context, &frame)
    }

    /// Takes apart what refers to itself, so that it is freed. Functions that are left do not work any more.
    pub(crate) fn finish(&mut self) {
        for frame in self.watched.drain(..).filter_map(|frame| frame.upgrade()) {
            frame.clear();
        }
    }

    /// Evaluates one expression.
    #[inline]
    pub(crate) fn evaluate(&mut self, node: &Node, input: &Item, frame: &Rc<Frame>) -> Result<Item, Fault> {
        if let Some(simple) = &node.simple
            && let Some(found) = self.simple(simple, context_of(input), frame)
        {
            return Ok(found.into_item());
        }
        self.evaluate_in_full(node, input, frame)
    }

    /// Evaluates an expression in its simple form; `None` where that is not enough.
    #[inline]
    pub(super) fn simple<'v>(
        &mut self,
        simple: &'v Simple,
        context: Option<&'v Value>,
        frame: &'v Frame,
    ) -> Option<Found<'v>>
    where
        'a: 'v,
    {
        let (frame, bindings) = (Some(frame), self.bindings);
        let sight = Sight { context, parameters: &[], arguments: &[], frame, bindings };
        simple.evaluate(&sight, &mut self.budget)
    }

    fn evaluate_in_full(&mut self, node: &Node, input: &Item, frame: &Rc<Frame>) -> Result<Item, Fault> {
        self.budget.enter()?;
        let mut result = self.evaluate_kind(node, input, frame)?;
        if node.goes_on {
            result = self.go_on(node, result, frame)?;
        }
        self.budget.leave();
        match result {
            Item::List(list) if list.flags.sequence => Ok(collapse(list, node.keep_array)),
            other => Ok(other),
        }
    }

    /// What is attached to an expression.
    #[inline(never)]
    fn go_on(&mut self, node: &Node, result: Item, frame: &Rc<Frame>) -> Result<Item, Fault> {
        let result = self.predicates(node, result, frame)?;
        match &node.group {
            Some(group) if !matches!(node.kind, Kind::Path { .. }) => self.group(group, &result, frame),
            _ => Ok(result),
        }
    }

    #[inline(always)]
    fn evaluate_kind(&mut self, node: &Node, input: &Item, frame: &Rc<Frame>) -> Result<Item, Fault> {
        match &node.kind {
            Kind::Path { steps, keep_singleton } => self.path(node, steps, *keep_singleton, input, frame),
            Kind::Literal(value) => Ok(Item::Json(value.clone())),
            Kind::Name(name) => self.lookup(input, name),
            Kind::Variable(name) => Ok(self.variable(name, input, frame)),
            Kind::Wildcard => self.wildcard(input),
            Kind::Descendant => self.descendants(input),
            Kind::Parent(label) => {
                Ok(frame.ancestor(label.load(std::sync::atomic::Ordering::Relaxed)).unwrap_or_default())
            }
            Kind::Regex(regex) => Ok(Item::function(Function::Regex(regex.clone()))),
            Kind::Placeholder => Ok(Item::Undefined),
            Kind::Negate(inner) => self.negate(node, inner, input, frame),
            Kind::Array(items) => self.array(node, items, input, frame),
            Kind::Object(group) => self.group(group, input, frame),
            Kind::Binary { operator, left, right } => self.binary(node, *operator, left, right, input, frame),
            Kind::Condition(condition) => {
                if self.is_true(&condition.condition, input, frame)? {
                    self.evaluate(&condition.then, input, frame)
                } else {
                    match &condition.otherwise {
                        Some(otherwise) => self.evaluate(otherwise, input, frame),
                        None => Ok(Item::Undefined),
                    }
                }
            }
            Kind::Coalesce { left, right } => match self.evaluate(left, input, frame)? {
                Item::Undefined => self.evaluate(right, input, frame),
                left => Ok(left),
            },
            Kind::Default { left, right } => {
                let left = self.evaluate(left, input, frame)?;
                if self.truth(&left)? { Ok(left) } else { self.evaluate(right, input, frame) }
            }
            Kind::Block(expressions) => self.block(node, expressions, input, frame),
            Kind::Bind { name, value } => {
                let value = self.evaluate(value, input, frame)?;
                self.bind(frame, Key::Name(name.clone()), value.clone())?;
                Ok(value)
            }
            Kind::Lambda(lambda) => {
                // The frame that it keeps is not charged anywhere else.
                self.budget.charge(1, 256)?;
                let (lambda, input, frame) = (lambda.clone(), input.clone(), frame.clone());
                Ok(Item::function(Function::Lambda { lambda, input, frame }))
            }
            Kind::Call(call) if call.tail => {
                self.budget.step()?;
                if !node.goes_on
                    && let Some(result) = self.leaf_call(call, input, frame)
                {
                    return Ok(result);
                }
                let (call, input, frame) = (call.clone(), input.clone(), frame.clone());
                Ok(Item::function(Function::Thunk { call, input, frame }))
            }
            Kind::Call(call) => self.call(call, input, frame, None),
            Kind::Partial(call) => self.partial(call, input, frame),
            Kind::Apply { left, right } => self.apply_operator(node, left, right, input, frame),
            Kind::Sort(terms) => self.sort(terms, input, frame),
            Kind::Transform(transform) => {
                self.budget.charge(1, 256)?;
                let (transform, input, frame) = (transform.clone(), input.clone(), frame.clone());
                Ok(Item::function(Function::Transform { transform, input, frame }))
            }
        }
    }

    /// Binds a variable, and remembers the frame when the value may refer back to it.
    pub(crate) fn bind(&mut self, frame: &Rc<Frame>, key: Key, value: Item) -> Result<(), Fault> {
        self.budget.step()?;
        let may_refer_back = !matches!(value, Item::Undefined | Item::Json(_));
        frame.bind(key, value);
        if may_refer_back {
            self.watch(frame);
        }
        Ok(())
    }

    /// Remembers a frame in which something is bound that may refer back to it.
    pub(super) fn watch(&mut self, frame: &Rc<Frame>) {
        if frame.is_watched.get() || !frame.may_refer_back() {
            return;
        }
        frame.is_watched.set(true);
        if self.watched.len() >= self.watch_until {
            self.watched.retain(|frame| frame.strong_count() > 0);
            self.watch_until = (self.watched.len() * 2).max(1024);
        }
        self.watched.push(Rc::downgrade(frame));
    }

    fn variable(&self, name: &str, input: &Item, frame: &Rc<Frame>) -> Item {
        if name.is_empty() {
            return match input {
                Item::List(list) if list.flags.outer => list.items.first().cloned().unwrap_or_default(),
                _ => input.clone(),
            };
        }
        self.named(name, frame)
    }

    /// What a name is bound to: by the expression, by its surroundings, or by the language.
    pub(crate) fn named(&self, name: &str, frame: &Rc<Frame>) -> Item {
        if let Some(item) = frame.variable(name) {
            return item;
        }
        if name == "$" {
            return self.root.clone();
        }
        if let Some(value) = self.bindings.get(name) {
            return Item::Json(value.into_owned());
        }
        match self.builtins.get(name) {
            Some(builtin) => Item::function(Function::Builtin(builtin)),
            None => Item::Undefined,
        }
    }

    #[inline(never)]
    fn block(
        &mut self,
        node: &Node,
        expressions: &[Node],
        input: &Item,
        frame: &Rc<Frame>,
    ) -> Result<Item, Fault> {
        let inner = node.binds.then(|| Frame::within(frame, Vec::new()));
        let frame = inner.as_ref().unwrap_or(frame);
        let mut result = Item::Undefined;
        for expression in expressions {
            result = self.evaluate(expression, input, frame)?;
        }
        Ok(result)
    }

    /// The function of the language that a name means which the expression does not bind, unless its surroundings do.
    pub(super) fn builtin(
        &mut self,
        builtin: Option<&'static Builtin>,
        name: &str,
    ) -> Option<&'static Builtin> {
        let builtin = builtin?;
        let bit = 1 << builtin.index;
        if self.unbound & bit == 0 {
            if self.bindings.get(name).is_some() {
                return None;
            }
            self.unbound |= bit;
        }
        Some(builtin)
    }

    #[inline(never)]
    fn array(&mut self, node: &Node, nodes: &[Node], input: &Item, frame: &Rc<Frame>) -> Result<Item, Fault> {
        let mut items = Vec::new();
        for node in nodes {
            let value = self.evaluate(node, input, frame)?;
            if value.is_undefined() {
                continue;
            }
            match value.as_items() {
                Some(values) if !matches!(node.kind, Kind::Array(_)) => {
                    self.budget.items(values.len())?;
                    items.extend(values.iter());
                }
                _ => {
                    self.budget.items(1)?;
                    items.push(value);
                }
            }
        }
        let flags = Flags { cons: node.cons_array, ..Flags::default() };
        Ok(Item::List(Rc::new(List { items, flags })))
    }

    #[inline(never)]
    fn negate(&mut self, node: &Node, inner: &Node, input: &Item, frame: &Rc<Frame>) -> Result<Item, Fault> {
        let value = self.evaluate(inner, input, frame)?;
        if value.is_undefined() {
            return Ok(value);
        }
        match value.as_f64() {
            Some(number) => Ok(Item::number(-number)),
            None => Err(Error::new("D1002").at(node.position).token("-").maybe_value(value.to_shown())),
        }
    }
}

/// What simple expressions take for the context.
#[inline]
pub(super) fn context_of(input: &Item) -> Option<&Value> {
    match input {
        Item::Json(value) => Some(value),
        Item::Undefined | Item::List(_) | Item::Record(_) | Item::Function(_) | Item::Tuples(_) => None,
    }
}

/// An input that is an array is one context and not many; only the first step of a path looks through this wrapper.
pub(crate) fn wrap(input: Item) -> Item {
    if !input.is_array() || input.flags().sequence {
        return input;
    }
    let flags = Flags { sequence: true, outer: true, ..Flags::default() };
    Item::List(Rc::new(List { items: vec![input], flags }))
}

#[inline(never)]
fn collapse(mut list: Rc<List>, keep: bool) -> Item {
    if keep {
        Rc::make_mut(&mut list).flags.keep_singleton = true;
    }
    Item::List(list).collapse()
}
