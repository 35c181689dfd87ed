//! Choice.

use crate::checker::Checker;
use crate::definition::{Choice, ChoiceRule, Comparison, Condition, Operand, Order};
use crate::rules::choice_rules::{self, COMPARATORS, Shape};
use crate::rules::jsonata::{self, Sees};
use crate::rules::{
    empty_values, literal_hints, reference_paths, required_fields, timestamps, value_types, variables,
};
use crate::tree::{Field, Object};

/// The fields of a Choice.
pub(super) fn choice(state: &Object<'_>, cx: &mut Checker) -> Option<Choice> {
    required_fields::check(state, &["Choices"], cx);
    let rules = state.field("Choices").and_then(|field| {
        let items = value_types::array(&field, cx)?;
        empty_values::check(&field, cx);
        let rules: Vec<_> = items.map(|item| rule(&item, cx)).collect();
        rules.into_iter().collect()
    });
    let default = match state.field("Default") {
        Some(field) => value_types::string(&field, cx).map(|name| Some(name.clone())),
        None => Some(None),
    };
    Some(Choice { rules: rules?, default: default? })
}

fn rule(field: &Field<'_>, cx: &mut Checker) -> Option<ChoiceRule> {
    let rule = value_types::object(field, cx)?;
    let condition = condition(&rule, true, cx);
    let next = rule.field("Next").and_then(|next| value_types::string(&next, cx));
    let assign = variables::assign(&rule, Sees::Input, cx);
    let output = jsonata::output(&rule, Sees::Input, cx);
    Some(ChoiceRule { condition: condition?, next: next?.clone(), assign: assign?, output: output? })
}

fn condition(rule: &Object<'_>, is_top: bool, cx: &mut Checker) -> Option<Condition> {
    let shape = choice_rules::shape(rule, is_top, cx)?;
    match shape {
        // Each language refuses the fields of the other.
        Shape::Condition(field) if rule.is_jsonata() => match jsonata::expression(&field, cx) {
            Some(query) => query.map(Condition::Query),
            None => value_types::boolean(&field, cx).map(Condition::Literal),
        },
        _ if rule.is_jsonata() => None,
        Shape::And(field) => conditions(&field, cx).map(Condition::And),
        Shape::Or(field) => conditions(&field, cx).map(Condition::Or),
        Shape::Not(field) => nested(&field, cx).map(|inner| Condition::Not(Box::new(inner))),
        Shape::Variable(field) => test(rule, &field, cx),
        Shape::Condition(_) => None,
    }
}

fn conditions(field: &Field<'_>, cx: &mut Checker) -> Option<Vec<Condition>> {
    let items = value_types::array(field, cx)?;
    empty_values::check(field, cx);
    let conditions: Vec<_> = items.map(|item| nested(&item, cx)).collect();
    conditions.into_iter().collect()
}

fn nested(field: &Field<'_>, cx: &mut Checker) -> Option<Condition> {
    let rule = value_types::object(field, cx)?;
    condition(&rule, false, cx)
}

fn test(rule: &Object<'_>, variable: &Field<'_>, cx: &mut Checker) -> Option<Condition> {
    let variable = reference_paths::query(variable, cx);
    let mut comparison = None;
    for name in COMPARATORS {
        if let Some(field) = rule.field(name) {
            // Where there are several, the rule is refused for it.
            comparison = Some(comparison_of(name, &field, cx));
        }
    }
    Some(Condition::Test { variable: variable?, comparison: comparison?? })
}

fn comparison_of(name: &str, field: &Field<'_>, cx: &mut Checker) -> Option<Comparison> {
    let type_test = match name {
        "IsNull" => Some(Comparison::IsNull as fn(bool) -> Comparison),
        "IsPresent" => Some(Comparison::IsPresent as _),
        "IsNumeric" => Some(Comparison::IsNumeric as _),
        "IsString" => Some(Comparison::IsString as _),
        "IsBoolean" => Some(Comparison::IsBoolean as _),
        "IsTimestamp" => Some(Comparison::IsTimestamp as _),
        _ => None,
    };
    if let Some(type_test) = type_test {
        return value_types::boolean(field, cx).map(type_test);
    }
    if name == "StringMatches" {
        return value_types::string(field, cx).map(|pattern| Comparison::StringMatches(pattern.clone()));
    }
    let (family, order) = family_and_order(name.strip_suffix("Path").unwrap_or(name))?;
    if name.ends_with("Path") {
        let path = reference_paths::query(field, cx)?;
        return Some(match family {
            Family::String => Comparison::String(order, Operand::Path(path)),
            Family::Numeric => Comparison::Numeric(order, Operand::Path(path)),
            Family::Boolean => Comparison::Boolean(Operand::Path(path)),
            Family::Timestamp => Comparison::Timestamp(order, Operand::Path(path)),
        });
    }
    Some(match family {
        Family::String => {
            literal_hints::check_literal(field, &format!("{name}Path"), cx);
            Comparison::String(order, Operand::Literal(value_types::string(field, cx)?.clone()))
        }
        Family::Numeric => {
            Comparison::Numeric(order, Operand::Literal(value_types::number(field, cx)?.clone()))
        }
        Family::Boolean => Comparison::Boolean(Operand::Literal(value_types::boolean(field, cx)?)),
        Family::Timestamp => Comparison::Timestamp(order, Operand::Literal(timestamps::instant(field, cx)?)),
    })
}

enum Family {
    String,
    Numeric,
    Boolean,
    Timestamp,
}

fn family_and_order(name: &str) -> Option<(Family, Order)> {
    let (rest, family) = if let Some(rest) = name.strip_prefix("String") {
        (rest, Family::String)
    } else if let Some(rest) = name.strip_prefix("Numeric") {
        (rest, Family::Numeric)
    } else if let Some(rest) = name.strip_prefix("Boolean") {
        (rest, Family::Boolean)
    } else {
        (name.strip_prefix("Timestamp")?, Family::Timestamp)
    };
    let order = match rest {
        "Equals" => Order::Equals,
        "LessThan" => Order::LessThan,
        "GreaterThan" => Order::GreaterThan,
        "LessThanEquals" => Order::LessThanEquals,
        "GreaterThanEquals" => Order::GreaterThanEquals,
        _ => return None,
    };
    Some((family, order))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::problems_of_state;

    #[test]
    fn every_comparator_is_compiled() {
        for name in COMPARATORS {
            let base = name.strip_suffix("Path").unwrap_or(name);
            let operand = match base {
                _ if name.ends_with("Path") => "\"$.b\"",
                _ if base.starts_with("String") => "\"x\"",
                _ if base.starts_with("Numeric") => "1.5",
                _ if base.starts_with("Timestamp") => "\"2024-01-01T00:00:00Z\"",
                _ => "true",
            };
            let rule = format!(r#"{{"Variable":"$.a","{name}":{operand},"Next":"End"}}"#);
            let state = format!(r#"{{"Type":"Choice","Choices":[{rule}]}}"#);
            assert_eq!(problems_of_state(&state), [""; 0], "{name}");
            assert!(family_and_order(base).is_some() || base.starts_with("Is") || base == "StringMatches");
        }
    }

    #[test]
    fn deep_nesting_is_compiled_within_a_small_stack() {
        let depth = 490;
        let rule = format!(
            r#"{}{{"Variable":"$.a","IsNull":true}}{}"#,
            r#"{"Not":"#.repeat(depth),
            "}".repeat(depth)
        );
        let rule = rule.replacen('{', r#"{"Next":"End","#, 1);
        let state = format!(r#"{{"Type":"Choice","Choices":[{rule}]}}"#);
        let check =
            std::thread::Builder::new().stack_size(3 * 512 * 1024).spawn(move || problems_of_state(&state));
        assert_eq!(check.unwrap().join().unwrap(), [""; 0]);
    }
}
