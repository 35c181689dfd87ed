//! Conditions of a Choice in words: `$.total > 100`, `$.name is present and $.name == "Ada"`.

use asl::{Comparison, Condition, Operand, Order};
use std::fmt::Display;

/// Conditions within conditions that are spelled out; deeper ones read as `…`.
const SPELLED_DEPTH: usize = 8;

/// The condition as a reader would say it.
pub(super) fn words(condition: &Condition) -> String {
    spell(condition, 0)
}

fn spell(condition: &Condition, depth: usize) -> String {
    if depth > SPELLED_DEPTH {
        return "…".to_owned();
    }
    match condition {
        Condition::And(all) => joined(all, " and ", depth),
        Condition::Or(any) => joined(any, " or ", depth),
        Condition::Not(inner) => match opposite(inner) {
            Some(words) => words,
            None => format!("not ({})", spell(inner, depth + 1)),
        },
        Condition::Test { variable, comparison } => test(variable.text(), comparison),
        Condition::Literal(true) => "always".to_owned(),
        Condition::Literal(false) => "never".to_owned(),
        Condition::Query(query) => query.text().to_owned(),
    }
}

fn joined(conditions: &[Condition], word: &str, depth: usize) -> String {
    let parts: Vec<String> = conditions
        .iter()
        .map(|inner| match inner {
            Condition::And(several) | Condition::Or(several) if several.len() > 1 && conditions.len() > 1 => {
                format!("({})", spell(inner, depth + 1))
            }
            Condition::And(_)
            | Condition::Or(_)
            | Condition::Not(_)
            | Condition::Test { .. }
            | Condition::Literal(_)
            | Condition::Query(_) => spell(inner, depth + 1),
        })
        .collect();
    parts.join(word)
}

/// `Not` over a plain test, where the opposite has a shorter name.
fn opposite(condition: &Condition) -> Option<String> {
    let Condition::Test { variable, comparison } = condition else { return None };
    let variable = variable.text();
    let flipped = match comparison {
        Comparison::IsNull(is) => Comparison::IsNull(!is),
        Comparison::IsPresent(is) => Comparison::IsPresent(!is),
        Comparison::IsNumeric(is) => Comparison::IsNumeric(!is),
        Comparison::IsString(is) => Comparison::IsString(!is),
        Comparison::IsBoolean(is) => Comparison::IsBoolean(!is),
        Comparison::IsTimestamp(is) => Comparison::IsTimestamp(!is),
        Comparison::String(Order::Equals, operand) => {
            return Some(format!("{variable} ≠ {}", quoted(operand)));
        }
        Comparison::Numeric(Order::Equals, operand) => {
            return Some(format!("{variable} ≠ {}", number(operand)));
        }
        Comparison::String(..)
        | Comparison::Numeric(..)
        | Comparison::StringMatches(_)
        | Comparison::Boolean(_)
        | Comparison::Timestamp(..) => return None,
    };
    Some(test(variable, &flipped))
}

fn test(variable: &str, comparison: &Comparison) -> String {
    let is = |holds: &bool, what: &str| match holds {
        true => format!("{variable} is {what}"),
        false => format!("{variable} is not {what}"),
    };
    match comparison {
        Comparison::String(order, operand) => format!("{variable} {} {}", sign(*order), quoted(operand)),
        Comparison::StringMatches(pattern) => format!("{variable} matches \"{pattern}\""),
        Comparison::Numeric(order, operand) => format!("{variable} {} {}", sign(*order), number(operand)),
        Comparison::Boolean(operand) => format!("{variable} = {}", plain(operand)),
        Comparison::Timestamp(order, operand) => {
            let moment = match operand {
                Operand::Literal(moment) => moment.to_timestamp().to_string(),
                Operand::Path(path) => path.text().to_owned(),
            };
            format!("{variable} {} {moment}", sign(*order))
        }
        Comparison::IsNull(holds) => is(holds, "null"),
        Comparison::IsPresent(holds) => is(holds, "present"),
        Comparison::IsNumeric(holds) => is(holds, "a number"),
        Comparison::IsString(holds) => is(holds, "a string"),
        Comparison::IsBoolean(holds) => is(holds, "a boolean"),
        Comparison::IsTimestamp(holds) => is(holds, "a timestamp"),
    }
}

fn sign(order: Order) -> &'static str {
    match order {
        Order::Equals => "=",
        Order::LessThan => "<",
        Order::GreaterThan => ">",
        Order::LessThanEquals => "≤",
        Order::GreaterThanEquals => "≥",
    }
}

fn plain<T: Display>(operand: &Operand<T>) -> String {
    match operand {
        Operand::Literal(value) => value.to_string(),
        Operand::Path(path) => path.text().to_owned(),
    }
}

fn quoted<T: Display>(operand: &Operand<T>) -> String {
    match operand {
        Operand::Literal(value) => format!("\"{value}\""),
        Operand::Path(path) => path.text().to_owned(),
    }
}

fn number(operand: &Operand<json::Number>) -> String {
    match operand {
        Operand::Literal(number) => json::Value::Number(number.clone()).to_text(),
        Operand::Path(path) => path.text().to_owned(),
    }
}
