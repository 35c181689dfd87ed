//! "Reference to 'x' at the top level is not supported.", "Field '$states.result' does not exist.": the expressions of
//! JSONata states are JSONata, and use only what a state has.

use super::jsonata_strings::{self, Kind};
use crate::checker::Checker;
use crate::diagnostic::Code;
use crate::tree::{Field, Object, Place, QueryLanguage};
use expr::{Query, QuerySyntaxError, QueryTemplate};

/// What `$states` has, beside the input and the context object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sees {
    /// Nothing.
    Input,
    /// The result of a Task, a Parallel or a Map.
    Result,
    /// The error that a catcher caught.
    ErrorOutput,
}

impl Sees {
    fn has(self, member: &str) -> bool {
        match member {
            "input" | "context" => true,
            "result" => self == Sees::Result,
            "errorOutput" => self == Sees::ErrorOutput,
            _ => false,
        }
    }
}

/// Output of a JSONata state, rule or catcher: `Some(None)` where there is none.
pub(crate) fn output(object: &Object<'_>, sees: Sees, cx: &mut Checker) -> Option<Option<QueryTemplate>> {
    match object.field("Output") {
        Some(field) if object.is_jsonata() => template(&field, sees, cx).map(Some),
        // In JSONPath the field itself is refused.
        Some(_) | None => Some(None),
    }
}

/// Any JSON with expressions in it.
pub(crate) fn template(field: &Field<'_>, sees: Sees, cx: &mut Checker) -> Option<QueryTemplate> {
    if !is_valid(field, sees, cx) {
        return None;
    }
    let place = field.location().below(&cx.state);
    match QueryTemplate::compile(&field.value.to_value(), &place) {
        Ok(template) => Some(template),
        Err(error) => {
            refuse(field, &error, cx);
            None
        }
    }
}

/// A string where a value of another type may be computed, and which so has to be an expression. `None` in JSONPath,
/// where `{% %}` is plain text, and for everything but strings.
pub(crate) fn expression(field: &Field<'_>, cx: &mut Checker) -> Option<Option<Query>> {
    let text = field.as_str().filter(|_| field.dialect.language == QueryLanguage::Jsonata)?;
    if jsonata_strings::kind(text) == Kind::Expression {
        return Some(query(field, text, Sees::Input, cx));
    }
    jsonata_strings::refuse(field, cx);
    Some(None)
}

/// A string where text may be computed. `None` for everything that is no expression.
pub(crate) fn text_expression(field: &Field<'_>, cx: &mut Checker) -> Option<Option<Query>> {
    let text = field.as_str()?;
    if field.dialect.language == QueryLanguage::Jsonata && jsonata_strings::kind(text) != Kind::Text {
        return expression(field, cx);
    }
    None
}

fn is_valid(field: &Field<'_>, sees: Sees, cx: &mut Checker) -> bool {
    // Every fault is to be said, not only the first.
    if let Some(object) = field.as_object() {
        return object.fields().filter(|(_, member)| !is_valid(member, sees, cx)).count() == 0;
    }
    if let Some(items) = field.as_array() {
        return items.filter(|item| !is_valid(item, sees, cx)).count() == 0;
    }
    let Some(text) = field.as_str() else { return true };
    match jsonata_strings::kind(text) {
        Kind::Text => true,
        Kind::Expression => query(field, text, sees, cx).is_some(),
        Kind::HalfOpen => {
            jsonata_strings::refuse(field, cx);
            false
        }
    }
}

fn query(field: &Field<'_>, text: &str, sees: Sees, cx: &mut Checker) -> Option<Query> {
    let query = match Query::compile(text, &field.location().below(&cx.state)) {
        Ok(query) => query,
        Err(error) => {
            refuse(field, &error, cx);
            return None;
        }
    };
    let missing = query.states_members().into_iter().filter(|member| !sees.has(member));
    let is_missing = missing.map(|member| {
        // AWS: recorded for `result` and `errorOutput`.
        let message = format!("Field '$states.{member}' does not exist.");
        cx.error(Code::UnsupportedJsonataExpression, field, message);
    });
    (is_missing.count() == 0).then_some(query)
}

// AWS: the place is unconfirmed, chosen as the string itself.
fn refuse(field: &Field<'_>, error: &QuerySyntaxError, cx: &mut Checker) {
    let code = match error {
        QuerySyntaxError::Invalid(_) => Code::InvalidJsonataExpression,
        QuerySyntaxError::Unsupported(_) => Code::UnsupportedJsonataExpression,
    };
    cx.error(code, field, error.to_string());
}

#[cfg(test)]
mod tests {
    use crate::test_support::{problems, problems_of_state};

    fn problems_of(state: &str) -> Vec<String> {
        problems_of_state(&state.replacen('{', r#"{"QueryLanguage":"JSONata","#, 1))
    }

    fn unsupported(message: &str, at: &str) -> String {
        format!("UNSUPPORTED_JSONATA_EXPRESSION: {message} at /States/A/{at}")
    }

    #[test]
    fn text_that_is_no_jsonata_is_refused_wherever_it_stands() {
        for (state, at) in [
            (r#"{"Type":"Pass","Output":{"a":[1,"{% [1, %}"]},"End":true}"#, "Output/a[1]"),
            (r#"{"Type":"Pass","Assign":{"x":"{% [1, %}"},"End":true}"#, "Assign/x"),
            (r#"{"Type":"Wait","Seconds":"{% [1, %}","End":true}"#, "Seconds"),
            (r#"{"Type":"Wait","Timestamp":"{% [1, %}","End":true}"#, "Timestamp"),
            (r#"{"Type":"Fail","Error":"{% [1, %}"}"#, "Error"),
            (
                r#"{"Type":"Choice","Choices":[{"Condition":"{% [1, %}","Next":"End"}]}"#,
                "Choices[0]/Condition",
            ),
        ] {
            let found = problems_of(state);
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(
                found[0].starts_with("INVALID_JSONATA_EXPRESSION: ")
                    && found[0].ends_with(&format!(" at /States/A/{at}")),
                "{found:?}"
            );
        }
    }

    #[test]
    fn there_is_no_input_at_the_top_level() {
        for (expression, message) in [
            ("phone", "Reference to 'phone' at the top level is not supported."),
            ("$$.phone", "Reference to '$$' is not supported."),
        ] {
            let state = format!(r#"{{"Type":"Pass","Output":"{{% {expression} %}}","End":true}}"#);
            assert_eq!(problems_of(&state), [unsupported(message, "Output")]);
        }
    }

    #[test]
    fn results_and_errors_are_seen_where_there_are_some() {
        let result = "Field '$states.result' does not exist.";
        let error = "Field '$states.errorOutput' does not exist.";
        let task = |fields: &str| {
            format!(
                r#"{{"Type":"Task","Resource":"arn:aws:lambda:us-east-1:000000000000:function:f",{fields},"Next":"End"}}"#
            )
        };
        let catch = |field: &str| task(&format!(r#""Catch":[{{"ErrorEquals":["E"],"Next":"End",{field}}}]"#));
        for (state, expected) in [
            (
                r#"{"Type":"Pass","Output":"{% $states.result %}","End":true}"#.to_owned(),
                Some((result, "Output")),
            ),
            (task(r#""Arguments":"{% $states.result %}""#), Some((result, "Arguments"))),
            (task(r#""Output":"{% $states.result.a %}""#), None),
            (task(r#""Assign":{"x":"{% $states.result.a %}"}"#), None),
            (task(r#""Output":"{% $states.errorOutput %}""#), Some((error, "Output"))),
            (catch(r#""Output":"{% $states.errorOutput.Cause %}""#), None),
            (catch(r#""Assign":{"x":"{% $states.errorOutput %}"}"#), None),
            (catch(r#""Output":"{% $states.result %}""#), Some((result, "Catch[0]/Output"))),
            (
                r#"{"Type":"Pass","Output":"{% $states.inputs %}","End":true}"#.to_owned(),
                Some(("Field '$states.inputs' does not exist.", "Output")),
            ),
        ] {
            let expected: Vec<String> =
                expected.iter().map(|(message, at)| unsupported(message, at)).collect();
            assert_eq!(problems_of(&state), expected, "{state}");
        }
    }

    #[test]
    fn fields_that_hold_no_text_take_expressions_alone() {
        let message = "SCHEMA_VALIDATION_FAILED: JSONata string must start with {% and end with %}";
        for (field, at) in [
            (r#""TimeoutSeconds":"1""#, "TimeoutSeconds"),
            (r#""HeartbeatSeconds":"{% 1""#, "HeartbeatSeconds"),
        ] {
            let state = format!(
                r#"{{"Type":"Task","Resource":"arn:aws:lambda:us-east-1:000000000000:function:f",{field},"End":true}}"#
            );
            assert_eq!(problems_of(&state), [format!("{message} at /States/A/{at}")]);
        }
        let choice =
            r#"{"Type":"Choice","Choices":[{"Condition":"true","Next":"End"},{"Condition":1,"Next":"End"}]}"#;
        assert_eq!(
            problems_of(choice),
            [
                format!("{message} at /States/A/Choices[0]/Condition"),
                "SCHEMA_VALIDATION_FAILED: Expected value of type [BOOLEAN] at /States/A/Choices[1]/Condition".to_owned()
            ]
        );
    }

    #[test]
    fn every_field_that_computes_is_accepted() {
        let inner = r#""StartAt":"B","States":{"B":{"Type":"Fail","Error":"{% 'e' %}","Cause":"plain"}}"#;
        let text = format!(
            r#"{{"QueryLanguage":"JSONata","TimeoutSeconds":5,"StartAt":"T","States":{{
                "T":{{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Arguments":"{{% $states.input %}}",
                     "Credentials":{{"RoleArn":"{{% $role %}}"}},"TimeoutSeconds":"{{% 2 %}}","HeartbeatSeconds":"{{% 1 %}}",
                     "Assign":{{"x":["{{% $states.result %}}"]}},"Output":"text","Next":"C"}},
                "C":{{"Type":"Choice","Choices":[{{"Condition":true,"Next":"M","Output":null,"Assign":{{"y":1}}}}],"Default":"W","Output":1}},
                "W":{{"Type":"Wait","Timestamp":"{{% $now() %}}","Next":"P"}},
                "M":{{"Type":"Map","Items":["{{% 1 %}}"],"ItemSelector":"{{% $states.context.Map.Item.Value %}}","MaxConcurrency":"{{% 1 %}}",
                     "ToleratedFailureCount":"{{% 1 %}}","ToleratedFailurePercentage":"{{% 1 %}}","ItemProcessor":{{{inner}}},"Next":"P"}},
                "P":{{"Type":"Parallel","Arguments":{{"a":"{{% $x %}}"}},"Branches":[{{"StartAt":"S","States":{{"S":{{"Type":"Succeed","Output":"{{% $states.input %}}"}}}}}}],
                     "Catch":[{{"ErrorEquals":["States.ALL"],"Next":"W","Output":{{"e":"{{% $states.errorOutput %}}"}}}}],"End":true}}}}}}"#
        );
        assert_eq!(problems(&text), [""; 0]);
    }
}
