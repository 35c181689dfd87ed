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
pub(crate) fn compile(node: &Node, reach: Reaches<'_>) -> Option<Arc<Simple>> {
    if !node.predicates.is_empty() || node.group.is_some() || node.tuple || node.keep_array {
        return None;
    }
    let simple = match &node.kind {
        Kind::Path { steps, keep_singleton: false } => path(steps, steps.len(), reach)?,
        Kind::Name(name) => Simple { form: Form::Field(name.clone()), height: 1, steps: 1 },
        Kind::Literal(value) => Simple { form: literal(value), height: 1, steps: 1 },
        Kind::Variable(name) => Simple { form: variable(name, Box::default(), reach)?, height: 1, steps: 1 },
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
            [only] => over(&[only], |parts| Some(Form::Block(parts.next()?)))?,
            _ => return None,
        },
        _ => return None,
    };
    Some(Arc::new(simple))
}

/// How many steps at the start of a path only name fields, so that they can be taken at once: at least two, and not all.
///
/// What an array at their end is, what follows must not ask.
pub(crate) fn names_of_head(steps: &[Node], reach: Reaches<'_>) -> Option<(Arc<Simple>, usize)> {
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
    path(steps, count, reach).map(|simple| (Arc::new(simple), count))
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
        return Some(Simple {
            form: Form::Block(simple.clone()),
            height: simple.height + 1,
            steps: simple.steps + 1,
        });
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
    Some(Simple { form, height: 2, steps: 1 + steps.len() })
}

fn variable(name: &Arc<str>, fields: Box<[Arc<str>]>, reach: Reaches<'_>) -> Option<Form> {
    match &**name {
        "" if fields.is_empty() => Some(Form::Context),
        "" => Some(Form::Fields(fields)),
        "$" => None,
        text => Some(Form::Variable { name: name.clone(), reach: reach(text), fields }),
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

fn binary(operator: Operator, left: Arc<Simple>, right: Arc<Simple>) -> Option<Form> {
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
    form: impl FnOnce(&mut dyn Iterator<Item = Arc<Simple>>) -> Option<Form>,
) -> Option<Simple> {
    let parts = nodes.iter().map(|node| node.simple.clone()).collect::<Option<Vec<_>>>()?;
    let height = 1 + parts.iter().map(|part| part.height).max().unwrap_or(0);
    let steps = 1 + parts.iter().map(|part| part.steps).sum::<usize>();
    Some(Simple { form: form(&mut parts.into_iter())?, height, steps })
}
