//! Conditions of statements.

use crate::context::Context;
use crate::pattern::{Case, Pattern, matches};
use crate::policy::{PolicyError, texts, wrong};
use crate::values::{is_arn_like, is_in_range, moment, number};
use json::{Object, Value};
use std::cmp::Ordering;

/// One operator with one key.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Condition {
    key: String,
    test: Test,
    is_negated: bool,
    /// `…IfExists`: a request without the key passes.
    passes_without: bool,
    quantifier: Quantifier,
    values: Vec<Pattern>,
}

/// Which of a key's values have to pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quantifier {
    /// The key has one value.
    None,
    ForAllValues,
    ForAnyValue,
}

/// What is compared, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Test {
    Text(Case),
    Like,
    Arn,
    Bool,
    Address,
    Number(Comparison),
    Date(Comparison),
    Null,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// The operators: their tests, and whether they want the contrary.
const OPERATORS: &[(&str, Test, bool)] = &[
    ("StringEquals", Test::Text(Case::Sensitive), false),
    ("StringNotEquals", Test::Text(Case::Sensitive), true),
    ("StringEqualsIgnoreCase", Test::Text(Case::Insensitive), false),
    ("StringNotEqualsIgnoreCase", Test::Text(Case::Insensitive), true),
    ("StringLike", Test::Like, false),
    ("StringNotLike", Test::Like, true),
    ("ArnEquals", Test::Arn, false),
    ("ArnLike", Test::Arn, false),
    ("ArnNotEquals", Test::Arn, true),
    ("ArnNotLike", Test::Arn, true),
    ("Bool", Test::Bool, false),
    ("BinaryEquals", Test::Text(Case::Sensitive), false),
    ("IpAddress", Test::Address, false),
    ("NotIpAddress", Test::Address, true),
    ("Null", Test::Null, false),
    ("NumericEquals", Test::Number(Comparison::Equal), false),
    ("NumericNotEquals", Test::Number(Comparison::Equal), true),
    ("NumericLessThan", Test::Number(Comparison::Less), false),
    ("NumericLessThanEquals", Test::Number(Comparison::LessOrEqual), false),
    ("NumericGreaterThan", Test::Number(Comparison::Greater), false),
    ("NumericGreaterThanEquals", Test::Number(Comparison::GreaterOrEqual), false),
    ("DateEquals", Test::Date(Comparison::Equal), false),
    ("DateNotEquals", Test::Date(Comparison::Equal), true),
    ("DateLessThan", Test::Date(Comparison::Less), false),
    ("DateLessThanEquals", Test::Date(Comparison::LessOrEqual), false),
    ("DateGreaterThan", Test::Date(Comparison::Greater), false),
    ("DateGreaterThanEquals", Test::Date(Comparison::GreaterOrEqual), false),
];

impl Condition {
    /// Reads the Condition of a statement: operators, in each of them keys, with each of them values.
    pub(crate) fn read_all(
        operators: &Object,
        has_variables: bool,
        place: &str,
    ) -> Result<Vec<Condition>, PolicyError> {
        let mut conditions = Vec::new();
        for (operator, keys) in operators.iter() {
            let unknown = || wrong(place, &format!("has the unknown condition operator {operator}"));
            let (quantifier, name) = match operator.split_once(':') {
                None => (Quantifier::None, &**operator),
                Some(("ForAllValues", name)) => (Quantifier::ForAllValues, name),
                Some(("ForAnyValue", name)) => (Quantifier::ForAnyValue, name),
                Some(_) => return Err(unknown()),
            };
            let (name, passes_without) = match name.strip_suffix("IfExists") {
                Some(name) if name != "Null" => (name, true),
                Some(_) => return Err(unknown()),
                None => (name, false),
            };
            let known = OPERATORS.iter().find(|(known, ..)| *known == name);
            let (_, test, is_negated) = *known.ok_or_else(unknown)?;
            let keys = keys
                .as_object()
                .ok_or_else(|| wrong(place, &format!("must have an object of keys in its {operator}")))?;
            for (key, values) in keys.iter() {
                conditions.push(Condition {
                    key: key.to_string(),
                    test,
                    is_negated,
                    passes_without,
                    quantifier,
                    values: read_values(values, test, has_variables).ok_or_else(|| {
                        wrong(place, &format!("has no value that {operator} takes for {key}"))
                    })?,
                });
            }
        }
        Ok(conditions)
    }

    /// Whether the request meets it.
    pub(crate) fn is_met(&self, context: &Context) -> bool {
        let given = context.get(&self.key);
        if self.test == Test::Null {
            let wanted = self.values.iter().filter_map(|value| value.text(context));
            return wanted.into_iter().any(|text| text.eq_ignore_ascii_case("true") == given.is_empty());
        }
        let passes = |value: &String| self.has(value, context) != self.is_negated;
        match self.quantifier {
            // AWS: documented: of no values all pass and not one does.
            Quantifier::ForAllValues => given.iter().all(passes),
            Quantifier::ForAnyValue if given.is_empty() => self.passes_without,
            Quantifier::ForAnyValue => given.iter().any(passes),
            // AWS: documented: what is not there is different from everything.
            Quantifier::None if given.is_empty() => self.passes_without || self.is_negated,
            Quantifier::None => given.iter().any(|value| self.has(value, context)) != self.is_negated,
        }
    }

    /// Whether any of the policy's values is what the request's value is.
    fn has(&self, given: &str, context: &Context) -> bool {
        self.values.iter().any(|value| self.holds(given, value, context).unwrap_or(false))
    }

    /// `None` where a value is none of the kind that the operator compares.
    fn holds(&self, given: &str, value: &Pattern, context: &Context) -> Option<bool> {
        Some(match self.test {
            Test::Text(Case::Sensitive) => value.text(context)? == given,
            Test::Text(Case::Insensitive) => value.text(context)?.to_lowercase() == given.to_lowercase(),
            Test::Like => matches(&value.fill(context)?, given, Case::Sensitive),
            Test::Arn => is_arn_like(&value.fill(context)?, given),
            Test::Bool | Test::Null => value.text(context)?.eq_ignore_ascii_case(given),
            Test::Address => is_in_range(given, &value.text(context)?)?,
            Test::Number(comparison) => {
                comparison.holds(number(given)?.partial_cmp(&number(&value.text(context)?)?)?)
            }
            Test::Date(comparison) => comparison.holds(moment(given)?.cmp(&moment(&value.text(context)?)?)),
        })
    }
}

/// The values, each of the kind that the test compares unless a variable says later what it is.
fn read_values(values: &Value, test: Test, has_variables: bool) -> Option<Vec<Pattern>> {
    let texts = texts(values)?;
    let is_fit = |text: &String| match test {
        _ if has_variables && text.contains("${") => true,
        Test::Text(_) | Test::Like | Test::Arn => true,
        Test::Bool | Test::Null => text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false"),
        Test::Address => is_in_range("0.0.0.0", text).or(is_in_range("::", text)).is_some(),
        Test::Number(_) => number(text).is_some(),
        Test::Date(_) => moment(text).is_some(),
    };
    texts.iter().all(is_fit).then(|| texts.iter().map(|text| Pattern::read(text, has_variables)).collect())
}

impl Comparison {
    fn holds(self, order: Ordering) -> bool {
        match self {
            Comparison::Equal => order.is_eq(),
            Comparison::Less => order.is_lt(),
            Comparison::LessOrEqual => order.is_le(),
            Comparison::Greater => order.is_gt(),
            Comparison::GreaterOrEqual => order.is_ge(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a request with these keys meets a Condition.
    fn met(condition: &str, keys: &[(&str, &str)]) -> bool {
        let operators = json::parse(condition).unwrap();
        let conditions = Condition::read_all(operators.as_object().unwrap(), true, "here").unwrap();
        let context = keys.iter().fold(Context::new(), |context, (key, value)| context.with(key, *value));
        conditions.iter().all(|condition| condition.is_met(&context))
    }

    #[test]
    fn texts_are_compared() {
        let equals = r#"{"StringEquals":{"aws:PrincipalTag/team":["a","b"]}}"#;
        assert!(
            met(equals, &[("aws:principaltag/TEAM", "b")]) && !met(equals, &[("aws:PrincipalTag/team", "B")])
        );
        assert!(met(r#"{"StringEqualsIgnoreCase":{"k":"A"}}"#, &[("k", "a")]));
        assert!(met(r#"{"StringLike":{"k":"a*c"}}"#, &[("k", "abc")]));
        assert!(
            !met(r#"{"StringEquals":{"k":"a*"}}"#, &[("k", "ab")])
                && met(r#"{"StringEquals":{"k":"a*"}}"#, &[("k", "a*")])
        );
        let differs = r#"{"StringNotEquals":{"k":["a","b"]}}"#;
        assert!(met(differs, &[("k", "c")]) && !met(differs, &[("k", "b")]) && met(differs, &[]));
        assert!(met(r#"{"StringEquals":{"k":"${v}"}}"#, &[("k", "x"), ("v", "x")]));
    }

    #[test]
    fn absent_keys_fail_unless_they_may_be_absent() {
        assert!(!met(r#"{"StringEquals":{"k":"a"}}"#, &[]));
        assert!(
            met(r#"{"StringEqualsIfExists":{"k":"a"}}"#, &[])
                && !met(r#"{"StringEqualsIfExists":{"k":"a"}}"#, &[("k", "b")])
        );
        assert!(met(r#"{"Null":{"k":"true"}}"#, &[]) && !met(r#"{"Null":{"k":true}}"#, &[("k", "")]));
        assert!(met(r#"{"Null":{"k":"false"}}"#, &[("k", "v")]) && !met(r#"{"Null":{"k":"false"}}"#, &[]));
    }

    #[test]
    fn numbers_dates_truths_and_addresses_are_compared() {
        assert!(met(r#"{"NumericLessThanEquals":{"k":10}}"#, &[("k", "10.0")]));
        assert!(
            !met(r#"{"NumericLessThan":{"k":"10"}}"#, &[("k", "10")])
                && !met(r#"{"NumericLessThan":{"k":"10"}}"#, &[("k", "x")])
        );
        let between = r#"{"DateGreaterThan":{"t":"2026-01-01T00:00:00Z"},"DateLessThan":{"t":"2026-02-01"}}"#;
        assert!(
            met(between, &[("t", "2026-01-15T10:00:00Z")]) && !met(between, &[("t", "2026-03-01T00:00:00Z")])
        );
        assert!(met(r#"{"Bool":{"aws:SecureTransport":true}}"#, &[("aws:SecureTransport", "true")]));
        let inside = r#"{"IpAddress":{"aws:SourceIp":["10.0.0.0/8","::1"]}}"#;
        assert!(
            met(inside, &[("aws:SourceIp", "10.1.2.3")]) && !met(inside, &[("aws:SourceIp", "11.0.0.1")])
        );
        assert!(met(r#"{"NotIpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#, &[("aws:SourceIp", "11.0.0.1")]));
        assert!(met(r#"{"ArnNotLike":{"a":"arn:aws:sns:*:*:t"}}"#, &[("a", "arn:aws:sns:r:1:u")]));
    }

    #[test]
    fn sets_are_compared_value_by_value() {
        let all = r#"{"ForAllValues:StringEquals":{"k":["a","b"]}}"#;
        assert!(met(all, &[("k", "a"), ("k", "b")]) && !met(all, &[("k", "a"), ("k", "c")]) && met(all, &[]));
        let any = r#"{"ForAnyValue:StringEquals":{"k":["a","b"]}}"#;
        assert!(met(any, &[("k", "c"), ("k", "b")]) && !met(any, &[("k", "c")]) && !met(any, &[]));
        let none = r#"{"ForAllValues:StringNotEquals":{"k":["a","b"]}}"#;
        assert!(met(none, &[("k", "c")]) && !met(none, &[("k", "c"), ("k", "a")]));
        assert!(met(r#"{"ForAnyValue:StringNotLike":{"k":"a*"}}"#, &[("k", "ab"), ("k", "b")]));
    }

    #[test]
    fn values_that_no_operator_takes_are_refused() {
        for condition in [
            r#"{"Bool":{"k":"yes"}}"#,
            r#"{"NumericEquals":{"k":"ten"}}"#,
            r#"{"DateEquals":{"k":"soon"}}"#,
            r#"{"IpAddress":{"k":"10.0.0.0/99"}}"#,
            r#"{"StringEquals":{"k":null}}"#,
            r#"{"NullIfExists":{"k":"true"}}"#,
            r#"{"ForSomeValues:StringEquals":{"k":"a"}}"#,
            r#"{"StringEquals":"k"}"#,
        ] {
            let operators = json::parse(condition).unwrap();
            assert!(
                Condition::read_all(operators.as_object().unwrap(), true, "here").is_err(),
                "{condition}"
            );
        }
    }
}
