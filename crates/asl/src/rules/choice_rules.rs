//! "The object must have only one of the following fields, [And, Or, Not, Variable, Condition]": a rule of a Choice is one
//! of these. A rule with Variable has exactly one comparator; only a rule of the top level has Next.

use super::{exclusive_fields, required_fields, unsupported_fields};
use crate::checker::Checker;
use crate::tree::{Field, Object};

/// What a rule is.
pub(crate) enum Shape<'d> {
    And(Field<'d>),
    Or(Field<'d>),
    Not(Field<'d>),
    Variable(Field<'d>),
    Condition(Field<'d>),
}

/// The comparators, in the order of AWS's message.
// AWS: recorded.
pub(crate) const COMPARATORS: &[&str] = JSON_PATH_FIELDS.split_at(LOGIC).1;

const LOGIC: usize = 4;

/// The members of a rule that only JSONPath has: And, Or, Not, Variable, and the comparators.
pub(crate) const JSON_PATH_FIELDS: &[&str] = &[
    "And",
    "Or",
    "Not",
    "Variable",
    "StringEquals",
    "IsBoolean",
    "StringLessThan",
    "IsNumeric",
    "BooleanEquals",
    "StringLessThanEqualsPath",
    "NumericLessThan",
    "NumericGreaterThan",
    "NumericLessThanPath",
    "StringMatches",
    "TimestampLessThanEqualsPath",
    "NumericEquals",
    "TimestampGreaterThan",
    "StringGreaterThanEqualsPath",
    "TimestampGreaterThanEqualsPath",
    "TimestampLessThanEquals",
    "NumericLessThanEqualsPath",
    "TimestampEquals",
    "BooleanEqualsPath",
    "IsTimestamp",
    "StringLessThanEquals",
    "NumericLessThanEquals",
    "StringLessThanPath",
    "TimestampGreaterThanPath",
    "StringGreaterThan",
    "StringGreaterThanPath",
    "IsString",
    "StringEqualsPath",
    "TimestampEqualsPath",
    "TimestampLessThan",
    "StringGreaterThanEquals",
    "NumericGreaterThanPath",
    "NumericGreaterThanEquals",
    "NumericEqualsPath",
    "TimestampLessThanPath",
    "IsNull",
    "IsPresent",
    "TimestampGreaterThanEquals",
    "NumericGreaterThanEqualsPath",
];

/// Checks a rule, and tells what it is.
pub(crate) fn shape<'d>(rule: &Object<'d>, is_top: bool, cx: &mut Checker) -> Option<Shape<'d>> {
    let fields = if is_top { &unsupported_fields::TOP_RULE } else { &unsupported_fields::NESTED_RULE };
    unsupported_fields::check(rule, fields, cx);
    if is_top {
        required_fields::check(rule, &["Next"], cx);
    }
    let kinds = [
        ("And", Shape::And as fn(Field<'d>) -> Shape<'d>),
        ("Or", Shape::Or),
        ("Not", Shape::Not),
        ("Variable", Shape::Variable),
        ("Condition", Shape::Condition),
    ];
    let mut found = kinds.iter().filter_map(|(name, kind)| rule.field(name).map(kind));
    let (Some(shape), None) = (found.next(), found.next()) else {
        cx.schema(
            rule,
            "The object must have only one of the following fields, [And, Or, Not, Variable, Condition]",
        );
        return None;
    };
    match shape {
        Shape::Variable(_) => exclusive_fields::exactly_one(rule, COMPARATORS, cx),
        Shape::And(_) | Shape::Or(_) | Shape::Not(_) | Shape::Condition(_) => {
            refuse_comparators(rule, cx);
        }
    }
    Some(shape)
}

// AWS: unconfirmed, chosen because a comparator without Variable compares nothing.
fn refuse_comparators(rule: &Object<'_>, cx: &mut Checker) {
    if rule.is_jsonata() {
        return;
    }
    for name in COMPARATORS {
        if let Some(field) = rule.field(name) {
            cx.schema(&field.key(), unsupported_fields::not_supported(name));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::COMPARATORS;
    use crate::test_support::problems_of_state;

    fn problems_of_rule(rule: &str) -> Vec<String> {
        let state = format!(r#"{{"Type":"Choice","Choices":[{rule}],"Default":"End"}}"#);
        problems_of_state(&state)
    }

    fn problem(message: &str, at: &str) -> String {
        format!("SCHEMA_VALIDATION_FAILED: {message} at /States/A/Choices[0]{at}")
    }

    #[test]
    fn a_rule_is_one_thing() {
        let message =
            "The object must have only one of the following fields, [And, Or, Not, Variable, Condition]";
        assert_eq!(problems_of_rule(r#"{"Next":"End"}"#), [problem(message, "")]);
        let both = r#"{"Variable":"$.a","IsNull":true,"Not":{"Variable":"$.a","IsNull":true},"Next":"End"}"#;
        assert_eq!(problems_of_rule(both), [problem(message, "")]);
    }

    #[test]
    fn a_variable_has_one_comparator() {
        assert_eq!(COMPARATORS.len(), 39);
        let list = COMPARATORS.join(", ");
        let none = format!("This object should have only one of the following fields: [{list}]");
        assert_eq!(problems_of_rule(r#"{"Variable":"$.a","Next":"End"}"#), [problem(&none, "")]);
        let two = format!("There should only be one of the following fields: [{list}]");
        assert_eq!(
            problems_of_rule(r#"{"Variable":"$.a","IsNull":true,"IsString":true,"Next":"End"}"#),
            [problem(&two, "")]
        );
    }

    #[test]
    fn only_top_rules_have_next() {
        assert_eq!(
            problems_of_rule(r#"{"Variable":"$.a","IsNull":true}"#),
            [problem("These fields are required: [Next]", "")]
        );
        assert_eq!(
            problems_of_rule(
                r#"{"And":[{"Variable":"$.a","IsNull":true},{"Variable":"$.a","IsNull":true,"Next":"End"}],"Next":"End"}"#
            ),
            [problem("Field 'Next' is not supported", "/And[1]/Next")]
        );
    }

    #[test]
    fn operands_have_the_type_of_their_comparator() {
        for (comparator, expected) in [
            (r#""StringEquals":1"#, "Expected value of type [STRING]"),
            (r#""StringMatches":1"#, "Expected value of type [STRING]"),
            (r#""NumericEquals":"1""#, "Expected value of type [NUMBER]"),
            (r#""BooleanEquals":"true""#, "Expected value of type [BOOLEAN]"),
            (r#""IsPresent":"true""#, "Expected value of type [BOOLEAN]"),
            (r#""TimestampEquals":"2016""#, "String does not match RFC3339 timestamp"),
            (
                r#""NumericLessThanPath":"a""#,
                "Value is not a Reference Path: Reference path didn't start with '$'",
            ),
        ] {
            let name = comparator.split('"').nth(1).unwrap();
            assert_eq!(
                problems_of_rule(&format!(r#"{{"Variable":"$.a",{comparator},"Next":"End"}}"#)),
                [problem(expected, &format!("/{name}"))]
            );
        }
    }

    #[test]
    fn logic_needs_its_type() {
        for (rule, expected, at) in [
            (r#"{"And":{},"Next":"End"}"#, "Expected value of type [ARRAY]", "/And"),
            (r#"{"Not":[],"Next":"End"}"#, "Expected value of type [OBJECT]", "/Not"),
        ] {
            assert_eq!(problems_of_rule(rule), [problem(expected, at)]);
        }
    }
}
