//! Which expressions are simple.

use super::find::exact;
use super::{Form, Reach, Simple};
use crate::ast::{Kind, Node, Operator};
use json::Value;
use std::sync::Arc;

type Reaches<'a> = &'a dyn Fn(&str) -> Reach;

/// The simple form of an expression whose parts have theirs. The predicates of a step are not part of it.
///
/// `reach`: who may bind a variable of that name.
pub(crate) fn compile(node: &Node, reach: Reaches<'_>) -> Option<Simple> {
    if !node.predicates.is_empty() || node.group.is_some() || node.tuple || node.keep_array {
        return None;
    }
    let simple = match &node.kind {
        Kind::Path { steps, keep_singleton: false } => path(steps, steps.len(), reach)?,
        Kind::Name(name) => one(Form::Field(name.clone())),
        Kind::Literal(value) => one(literal(value)),
        Kind::Variable(name) => one(variable(name, Box::default(), reach)?),
        Kind::Negate(inner) => over(&[inner], |parts| Some(Form::Negate(parts.next()?)))?,
        Kind::Binary { operator, left, right } => {
            over(&[left, right], |parts| binary(*operator, parts.next()?, parts.next()?))?
        }
        Kind::Condition(condition) => {
            let mut parts = vec![&condition.condition, &condition.then];
            parts.extend(&condition.otherwise);
            over(&parts, |parts| Some(Form::Condition(parts.next()?, parts.next()?, parts.next())))?
        }
        Kind::Block(expressions) if !node.binds => match expressions.as_slice() {
            [only] => only.simple.as_ref()?.within(1),
            _ => return None,
        },
        _ => return None,
    };
    Some(simple)
}

/// How many steps at the start of a path only name fields, so that they can be taken at once: at least two, and not all.
///
/// What an array at their end is, what follows must not ask.
pub(crate) fn names_of_head(steps: &[Node], reach: Reaches<'_>) -> Option<(Simple, usize)> {
    if steps.iter().any(|step| step.tuple) {
        return None;
    }
    let is_name = |step: &&Node| matches!(step.kind, Kind::Name(_)) && step.is_plain();
    let (first, rest) = steps.split_first()?;
    if !first.is_plain() || !matches!(first.kind, Kind::Name(_) | Kind::Variable(_)) {
        return None;
    }
    let count = 1 + rest.iter().take_while(is_name).count();
    let next = steps.get(count)?;
    if count < 2 || matches!(next.kind, Kind::Sort(_)) {
        return None;
    }
    path(steps, count, reach).map(|simple| (simple, count))
}

/// The first `count` steps of a path.
fn path(steps: &[Node], count: usize, reach: Reaches<'_>) -> Option<Simple> {
    let steps = steps.get(..count)?;
    let (first, rest) = steps.split_first()?;
    if !steps.iter().all(Node::is_plain) {
        return None;
    }
    if let ([], Some(simple)) = (rest, &first.simple)
        && !matches!(first.kind, Kind::Name(_) | Kind::Variable(_))
        && !first.cons_array
    {
        return Some(simple.within(1));
    }
    let names = |steps: &[Node]| -> Option<Box<[Arc<str>]>> {
        let names = steps.iter().map(|step| match &step.kind {
            Kind::Name(name) => Some(name.clone()),
            _ => None,
        });
        names.collect::<Option<Vec<_>>>().map(Vec::into_boxed_slice)
    };
    let form = match &first.kind {
        Kind::Name(name) if rest.is_empty() => Form::Field(name.clone()),
        Kind::Name(_) => Form::Fields(names(steps)?),
        Kind::Variable(name) => variable(name, names(rest)?, reach)?,
        _ => return None,
    };
    Some(Simple { form: Arc::new(form), height: 2, steps: 1 + steps.len() })
}

fn variable(name: &Arc<str>, fields: Box<[Arc<str>]>, reach: Reaches<'_>) -> Option<Form> {
    match &**name {
        "" if fields.is_empty() => Some(Form::Context),
        "" => Some(Form::Fields(fields)),
        "$" => None,
        text => Some(match reach(text) {
            reach @ (Reach::Expression | Reach::Any) if fields.is_empty() => Form::Local(name.clone(), reach),
            reach => Form::Variable { name: name.clone(), reach, fields },
        }),
    }
}

/// An expression without others in it.
fn one(form: Form) -> Simple {
    Simple { form: Arc::new(form), height: 1, steps: 1 }
}

impl Simple {
    /// The same inside so many expressions that only hand it on.
    fn within(&self, levels: usize) -> Simple {
        Simple { form: self.form.clone(), height: self.height + levels, steps: self.steps + levels }
    }
}

fn literal(value: &Value) -> Form {
    match value {
        Value::Number(number) => match exact(number) {
            Some(double) => Form::Number(double, value.clone()),
            None => Form::Literal(value.clone()),
        },
        _ => Form::Literal(value.clone()),
    }
}

fn binary(operator: Operator, left: Arc<Form>, right: Arc<Form>) -> Option<Form> {
    Some(match operator {
        Operator::Add | Operator::Subtract | Operator::Multiply | Operator::Divide | Operator::Remainder => {
            Form::Arithmetic(operator, left, right)
        }
        Operator::Equal
        | Operator::NotEqual
        | Operator::Less
        | Operator::LessOrEqual
        | Operator::Greater
        | Operator::GreaterOrEqual => Form::Comparison(operator, left, right),
        Operator::Concatenate => Form::Concatenation(left, right),
        Operator::And => Form::And(left, right),
        Operator::Or => Form::Or(left, right),
        Operator::In | Operator::Range => return None,
    })
}

/// A form over parts that are simple themselves.
fn over(
    nodes: &[&Node],
    form: impl FnOnce(&mut dyn Iterator<Item = Arc<Form>>) -> Option<Form>,
) -> Option<Simple> {
    let parts = nodes.iter().map(|node| node.simple.as_ref()).collect::<Option<Vec<_>>>()?;
    let height = 1 + parts.iter().map(|part| part.height).max().unwrap_or(0);
    let steps = 1 + parts.iter().map(|part| part.steps).sum::<usize>();
    let form = form(&mut parts.into_iter().map(|part| part.form.clone()))?;
    Some(Simple { form: Arc::new(form), height, steps })
}
