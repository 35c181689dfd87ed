//! Choice: the first rule that holds says where to go.

use crate::decide::Run;
use crate::execution::ScopeId;
use crate::failure::Trouble;
use crate::sight::Sight;
use asl::{Choice, Comparison, Condition, Operand, Order, State};
use expr::QueryPath;
use json::{Kind, Payload, Value};
use model::time::Instant;
use std::cmp::Ordering;

impl Run<'_> {
    pub(crate) fn choose(
        &mut self,
        scope: ScopeId,
        state: &State,
        choice: &Choice,
        input: &Payload,
    ) -> Result<(), Trouble> {
        let effective = self.effective(scope, state, input)?;
        let mut chosen = None;
        for rule in &choice.rules {
            if self.holds(scope, &rule.condition, effective.value())? {
                chosen = Some((rule.next.clone(), rule.assign.as_ref(), rule.output.as_ref()));
                break;
            }
        }
        // AWS: recorded, the state's own Assign and Output run on the Default route alone.
        let default = choice.default.clone();
        let default = default.map(|next| (next, state.assign.as_ref(), state.output.as_ref()));
        let Some((next, assign, output)) = chosen.or(default) else {
            let text = "Failed to transition out of the state. The state does not point to a next state.";
            return Err(Trouble::Runtime(text.to_owned()));
        };
        let assigned = self.assign(scope, assign, &Sight::of_input(effective.value()))?;
        let output = self.output(scope, output, &state.output_path, &effective)?;
        self.exit(scope, output, assigned, Some(next))
    }

    fn holds(&mut self, scope: ScopeId, condition: &Condition, input: &Value) -> Result<bool, Trouble> {
        match condition {
            Condition::And(all) => {
                for one in all {
                    if !self.holds(scope, one, input)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Condition::Or(any) => {
                for one in any {
                    if self.holds(scope, one, input)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Condition::Not(one) => Ok(!self.holds(scope, one, input)?),
            Condition::Test { variable, comparison } => self.test(scope, variable, comparison, input),
            Condition::Literal(holds) => Ok(*holds),
            Condition::Query(query) => {
                let value = self.query(scope, query, Kind::Boolean, &Sight::of_input(input))?;
                Ok(value.as_bool() == Some(true))
            }
        }
    }

    fn test(
        &self,
        scope: ScopeId,
        variable: &QueryPath,
        comparison: &Comparison,
        input: &Value,
    ) -> Result<bool, Trouble> {
        if let Comparison::IsPresent(expected) = comparison {
            return Ok(self.read(scope, variable, input).is_ok() == *expected);
        }
        let value = self.choice_value(scope, variable, input)?;
        // AWS: recorded, values of another type than the comparator's make it false, never an error.
        Ok(match comparison {
            Comparison::IsPresent(_) => false,
            Comparison::IsNull(expected) => value.is_null() == *expected,
            Comparison::IsNumeric(expected) => value.as_number().is_some() == *expected,
            Comparison::IsString(expected) => value.as_str().is_some() == *expected,
            Comparison::IsBoolean(expected) => value.as_bool().is_some() == *expected,
            Comparison::IsTimestamp(expected) => moment(&value).is_some() == *expected,
            Comparison::StringMatches(pattern) => value.as_str().is_some_and(|text| matches(pattern, text)),
            Comparison::String(order, operand) => match operand {
                Operand::Literal(text) => compare_strings(*order, &value, &Value::from(text.clone())),
                Operand::Path(path) => {
                    compare_strings(*order, &value, &self.choice_value(scope, path, input)?)
                }
            },
            Comparison::Numeric(order, operand) => match operand {
                Operand::Literal(number) => compare_numbers(*order, &value, &Value::from(number.clone())),
                Operand::Path(path) => {
                    compare_numbers(*order, &value, &self.choice_value(scope, path, input)?)
                }
            },
            Comparison::Boolean(operand) => {
                let operand = match operand {
                    Operand::Literal(boolean) => Some(*boolean),
                    Operand::Path(path) => self.choice_value(scope, path, input)?.as_bool(),
                };
                operand.is_some() && value.as_bool() == operand
            }
            Comparison::Timestamp(order, operand) => {
                let operand = match operand {
                    Operand::Literal(instant) => Some(*instant),
                    Operand::Path(path) => moment(&self.choice_value(scope, path, input)?),
                };
                match (moment(&value), operand) {
                    (Some(left), Some(right)) => order_holds(*order, left.cmp(&right)),
                    (Some(_) | None, _) => false,
                }
            }
        })
    }

    fn choice_value(&self, scope: ScopeId, path: &QueryPath, input: &Value) -> Result<Value, Trouble> {
        self.read(scope, path, input).map_err(|_| {
            // AWS: recorded, even with a Default.
            let text = path.text();
            Trouble::Runtime(format!(
                "Invalid path '{text}': The choice state's condition path references an invalid value."
            ))
        })
    }
}

fn moment(value: &Value) -> Option<Instant> {
    value.as_str().and_then(Instant::parse_rfc3339)
}

/// Strings compare by UTF-16 code units, as Java's do.
fn compare_strings(order: Order, left: &Value, right: &Value) -> bool {
    match (left.as_str(), right.as_str()) {
        (Some(left), Some(right)) => order_holds(order, left.encode_utf16().cmp(right.encode_utf16())),
        (Some(_) | None, _) => false,
    }
}

fn compare_numbers(order: Order, left: &Value, right: &Value) -> bool {
    match (left.as_number(), right.as_number()) {
        (Some(left), Some(right)) => order_holds(order, left.compare(right)),
        (Some(_) | None, _) => false,
    }
}

fn order_holds(order: Order, ordering: Ordering) -> bool {
    match order {
        Order::Equals => ordering.is_eq(),
        Order::LessThan => ordering.is_lt(),
        Order::GreaterThan => ordering.is_gt(),
        Order::LessThanEquals => ordering.is_le(),
        Order::GreaterThanEquals => ordering.is_ge(),
    }
}

/// Whether the text fits a pattern of StringMatches: `*` any run of characters, `\` makes the next character plain.
///
/// Greedy with one point of return, the latest star, so the time is bounded by pattern times text.
fn matches(pattern: &str, text: &str) -> bool {
    let pattern = tokens(pattern);
    let text: Vec<char> = text.chars().collect();
    let (mut p, mut t) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(None) => {
                back = Some((p, t));
                p += 1;
            }
            Some(Some(c)) if text.get(t) == Some(c) => {
                p += 1;
                t += 1;
            }
            Some(Some(_)) | None => match back {
                Some((star, from)) => {
                    p = star + 1;
                    t = from + 1;
                    back = Some((star, t));
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(p).all(Option::is_none)
}

/// The pattern's characters; `None` is a star.
fn tokens(pattern: &str) -> Vec<Option<char>> {
    let mut tokens = Vec::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        tokens.push(match c {
            '*' => None,
            '\\' => Some(chars.next().unwrap_or('\\')),
            plain => Some(plain),
        });
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_match_any_run_and_backslash_makes_them_plain() {
        for (pattern, text, expected) in [
            ("log-*.txt", "log-2024.txt", true),
            ("log-*.txt", "log-.txt", true),
            ("log-*.txt", "log-1.txt.gz", false),
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("a*b*c", "aXXbYYbZZc", true),
            ("a*b*c", "aXXcYY", false),
            (r"foo\*bar", "foo*bar", true),
            (r"foo\*bar", "fooXbar", false),
            (r"a\\b", r"a\b", true),
            ("f?o", "foo", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} on {text}");
        }
    }

    #[test]
    fn a_pattern_of_many_stars_stays_fast() {
        let text = "a".repeat(20_000);
        assert!(!matches(&format!("{}b", "a*".repeat(50)), &text));
    }

    #[test]
    fn strings_compare_by_utf16_units() {
        // U+FF61 is below U+1F600 as a code point and above it in UTF-16.
        assert!(compare_strings(Order::LessThan, &Value::from("\u{1F600}"), &Value::from("\u{FF61}")));
    }
}
