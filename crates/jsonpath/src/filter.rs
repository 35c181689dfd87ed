//! Filters: `[?(@.price < 10 && @.kind in ['a', 'b'])]`.

use crate::Path;
use crate::error::{EvalError, SyntaxError};
use crate::eval::{Evaluation, FunctionTail};
use crate::parse::Reader;
use json::Value;
use regex::{Regex, RegexBuilder};
use std::cmp::Ordering;
use std::sync::Arc;

/// A compiled filter. Cloning copies a pointer.
#[derive(Clone, Debug)]
pub struct Filter {
    expression: Arc<Expression>,
}

#[derive(Debug)]
enum Expression {
    Any(Vec<Expression>),
    All(Vec<Expression>),
    Not(Box<Expression>),
    Exists(Operand),
    Compare(Operand, Operator, Operand),
}

#[derive(Debug)]
enum Operand {
    Literal(Value),
    Pattern(Regex),
    /// From the value that is looked at: `@`.
    Current(Path),
    /// From the document: `$`.
    Root(Path),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Matches,
    In,
    NotIn,
    SubsetOf,
    AnyOf,
    NoneOf,
    AllOf,
    Contains,
    Size,
    Empty,
}

/// Longer symbols first, so that `<=` is not read as `<`.
const SYMBOLS: [(&str, Operator); 9] = [
    ("===", Operator::Equal),
    ("!==", Operator::NotEqual),
    ("==", Operator::Equal),
    ("=~", Operator::Matches),
    ("!=", Operator::NotEqual),
    ("<=", Operator::LessOrEqual),
    (">=", Operator::GreaterOrEqual),
    ("<", Operator::Less),
    (">", Operator::Greater),
];

const WORDS: [(&str, Operator); 9] = [
    ("in", Operator::In),
    ("nin", Operator::NotIn),
    ("subsetof", Operator::SubsetOf),
    ("anyof", Operator::AnyOf),
    ("noneof", Operator::NoneOf),
    ("all", Operator::AllOf),
    ("contains", Operator::Contains),
    ("size", Operator::Size),
    ("empty", Operator::Empty),
];

/// The largest compiled pattern, in bytes.
const MAX_PATTERN: usize = 1 << 20;

impl Filter {
    /// Reads the expression between the parentheses of `?( )`.
    pub(crate) fn read(reader: &mut Reader) -> Result<Filter, SyntaxError> {
        Ok(Filter { expression: Arc::new(any(reader)?) })
    }

    /// Whether the filter lets `item` through.
    pub(crate) fn accepts(&self, item: &Value, evaluation: &mut Evaluation<'_>) -> Result<bool, EvalError> {
        evaluation.visit()?;
        holds(&self.expression, item, evaluation)
    }
}

fn any(reader: &mut Reader) -> Result<Expression, SyntaxError> {
    reader.nested(|reader| {
        let mut parts = vec![all(reader)?];
        while next_is(reader, "||") {
            parts.push(all(reader)?);
        }
        Ok(one_or(parts, Expression::Any))
    })
}

fn all(reader: &mut Reader) -> Result<Expression, SyntaxError> {
    let mut parts = vec![term(reader)?];
    while next_is(reader, "&&") {
        parts.push(term(reader)?);
    }
    Ok(one_or(parts, Expression::All))
}

fn next_is(reader: &mut Reader, symbol: &str) -> bool {
    reader.skip_blanks();
    reader.eat_text(symbol)
}

fn one_or(mut parts: Vec<Expression>, join: fn(Vec<Expression>) -> Expression) -> Expression {
    match (parts.len(), parts.pop()) {
        (1, Some(only)) => only,
        (_, last) => {
            parts.extend(last);
            join(parts)
        }
    }
}

fn term(reader: &mut Reader) -> Result<Expression, SyntaxError> {
    reader.skip_blanks();
    if reader.eat('!') {
        return reader.nested(|reader| Ok(Expression::Not(Box::new(term(reader)?))));
    }
    if reader.eat('(') {
        let inner = any(reader)?;
        reader.skip_blanks();
        reader.expect(')', "')' expected")?;
        return Ok(inner);
    }
    let left = operand(reader)?;
    let Some(operator) = operator(reader) else {
        return match left {
            Operand::Current(_) | Operand::Root(_) => Ok(Expression::Exists(left)),
            Operand::Literal(Value::Bool(_)) => {
                Ok(Expression::Compare(left, Operator::Equal, Operand::Literal(Value::Bool(true))))
            }
            Operand::Literal(_) | Operand::Pattern(_) => Err(reader.error("An operator expected")),
        };
    };
    let right = operand(reader)?;
    let patterns =
        usize::from(matches!(left, Operand::Pattern(_))) + usize::from(matches!(right, Operand::Pattern(_)));
    if patterns != usize::from(operator == Operator::Matches) {
        return Err(reader.error("'=~' and a /pattern/ belong together"));
    }
    Ok(Expression::Compare(left, operator, right))
}

fn operator(reader: &mut Reader) -> Option<Operator> {
    reader.skip_blanks();
    if let Some((_, operator)) = SYMBOLS.iter().find(|(symbol, _)| reader.eat_text(symbol)) {
        return Some(*operator);
    }
    if !reader.peek().is_some_and(|c| c.is_ascii_alphabetic()) {
        return None;
    }
    let word = reader.take_while(|c| c.is_ascii_alphabetic()).to_ascii_lowercase();
    WORDS.iter().find(|(name, _)| *name == word).map(|(_, operator)| *operator)
}

fn operand(reader: &mut Reader) -> Result<Operand, SyntaxError> {
    reader.skip_blanks();
    match reader.peek() {
        Some('@') => Ok(Operand::Current(reader.embedded_path()?)),
        Some('$') => Ok(Operand::Root(reader.embedded_path()?)),
        Some('/') => {
            reader.expect('/', "'/' expected")?;
            let pattern = reader.until('/')?;
            let flags = reader.take_while(|c| c.is_ascii_alphabetic());
            // Jayway lets a pattern match the whole text only.
            let compiled = RegexBuilder::new(&format!(r"\A(?:{pattern})\z"))
                .case_insensitive(flags.contains('i'))
                .dot_matches_new_line(flags.contains('s'))
                .multi_line(flags.contains('m'))
                .size_limit(MAX_PATTERN)
                .build();
            compiled
                .map(Operand::Pattern)
                .map_err(|e| reader.error(&format!("The pattern cannot be used: {e}")))
        }
        _ => Ok(Operand::Literal(reader.literal()?)),
    }
}

fn holds(expression: &Expression, item: &Value, evaluation: &mut Evaluation<'_>) -> Result<bool, EvalError> {
    match expression {
        Expression::Any(parts) => {
            for part in parts {
                if holds(part, item, evaluation)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Expression::All(parts) => {
            for part in parts {
                if !holds(part, item, evaluation)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        Expression::Not(inner) => Ok(!holds(inner, item, evaluation)?),
        // AWS: measured, `!@.key` also holds where the key is null.
        Expression::Exists(operand) => Ok(value_of(operand, item, evaluation)?.is_some_and(|v| !v.is_null())),
        Expression::Compare(left, Operator::Matches, right) => {
            let (pattern, other) = match (left, right) {
                (Operand::Pattern(pattern), other) | (other, Operand::Pattern(pattern)) => (pattern, other),
                _ => return Ok(false),
            };
            Ok(match value_of(other, item, evaluation)? {
                Some(Value::Array(items)) => items.iter().any(|item| matches(pattern, item)),
                Some(value) => matches(pattern, &value),
                None => false,
            })
        }
        Expression::Compare(left, operator, right) => {
            let left = value_of(left, item, evaluation)?;
            let right = value_of(right, item, evaluation)?;
            Ok(compare(left.as_ref(), *operator, right.as_ref()))
        }
    }
}

fn matches(pattern: &Regex, value: &Value) -> bool {
    match value {
        Value::String(text) => pattern.is_match(text),
        Value::Number(_) | Value::Bool(_) => pattern.is_match(&value.to_text()),
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    }
}

/// The value of an operand; `None` where its path finds nothing.
fn value_of(
    operand: &Operand,
    item: &Value,
    evaluation: &mut Evaluation<'_>,
) -> Result<Option<Value>, EvalError> {
    let found = match operand {
        Operand::Literal(value) => return Ok(Some(value.clone())),
        Operand::Pattern(_) => return Ok(None),
        Operand::Current(path) => evaluation.path(path, item, FunctionTail::All),
        Operand::Root(path) => evaluation.path(path, evaluation.root, FunctionTail::All),
    };
    match found {
        Ok(value) => Ok(Some(value)),
        Err(error @ EvalError::TooManySteps { .. }) => Err(error),
        Err(_) => Ok(None),
    }
}

fn compare(left: Option<&Value>, operator: Operator, right: Option<&Value>) -> bool {
    let ordering_is = |accept: fn(Ordering) -> bool| order(left, right).is_some_and(accept);
    match operator {
        Operator::Equal => left == right,
        Operator::NotEqual => left != right,
        Operator::Less => ordering_is(Ordering::is_lt),
        Operator::LessOrEqual => ordering_is(Ordering::is_le),
        Operator::Greater => ordering_is(Ordering::is_gt),
        Operator::GreaterOrEqual => ordering_is(Ordering::is_ge),
        Operator::In => is_in(left, right),
        Operator::NotIn => !is_in(left, right),
        Operator::SubsetOf => arrays(left, right).is_some_and(|(l, r)| l.iter().all(|v| r.contains(v))),
        Operator::AnyOf => arrays(left, right).is_some_and(|(l, r)| l.iter().any(|v| r.contains(v))),
        Operator::NoneOf => arrays(left, right).is_some_and(|(l, r)| !l.iter().any(|v| r.contains(v))),
        Operator::AllOf => arrays(left, right).is_some_and(|(l, r)| r.iter().all(|v| l.contains(v))),
        Operator::Contains => match (left, right) {
            (Some(Value::String(text)), Some(Value::String(part))) => text.contains(&**part),
            (Some(Value::Array(items)), Some(value)) => items.contains(value),
            _ => false,
        },
        Operator::Size => {
            let size = left.and_then(size_of);
            size.is_some() && size == right.and_then(Value::as_i64)
        }
        Operator::Empty => {
            let size = left.and_then(size_of);
            size.is_some() && size.map(|n| n == 0) == right.and_then(Value::as_bool)
        }
        Operator::Matches => false,
    }
}

fn is_in(left: Option<&Value>, right: Option<&Value>) -> bool {
    match (left, right) {
        (Some(value), Some(Value::Array(items))) => items.contains(value),
        _ => false,
    }
}

fn arrays<'v>(left: Option<&'v Value>, right: Option<&'v Value>) -> Option<(&'v [Value], &'v [Value])> {
    Some((left?.as_array()?, right?.as_array()?))
}

fn size_of(value: &Value) -> Option<i64> {
    let size = match value {
        Value::Array(items) => items.len(),
        Value::String(text) => text.encode_utf16().count(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => return None,
    };
    i64::try_from(size).ok()
}

/// Numbers compare with numbers and strings with strings, by UTF-16 units as in Java; nothing else has an order.
fn order(left: Option<&Value>, right: Option<&Value>) -> Option<Ordering> {
    match (left?, right?) {
        (Value::Number(a), Value::Number(b)) => Some(a.compare(b)),
        (Value::String(a), Value::String(b)) => Some(a.encode_utf16().cmp(b.encode_utf16())),
        _ => None,
    }
}
