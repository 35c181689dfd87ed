//! "Value should be one of the following: [...]": a field holds one of its words. A state's Type has its own sentence.

use super::value_types;
use crate::checker::Checker;
use crate::tree::Field;
use model::StateType;

/// The one of `words` that the field holds.
pub(crate) fn word(field: &Field<'_>, words: &[&'static str], cx: &mut Checker) -> Option<&'static str> {
    let text = value_types::string(field, cx)?;
    let found = words.iter().copied().find(|word| *word == &**text);
    if found.is_none() {
        cx.schema(field, format!("Value should be one of the following: [{}]", words.join(", ")));
    }
    found
}

/// The type of a state.
pub(crate) fn state_type(field: &Field<'_>, cx: &mut Checker) -> Option<StateType> {
    let found = field.as_str().and_then(|text| StateType::parse(text));
    if found.is_none() {
        // AWS: recorded test_state_name_invalid_state_definition.
        let words: Vec<&str> = StateType::ALL.iter().map(|t| t.as_str()).collect();
        cx.schema(field, format!("The field 'Type' should have one of these values: [{}]", words.join(", ")));
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::test_support::{problems, problems_of_state, task_with};

    #[test]
    fn an_unknown_type_is_refused_alone() {
        assert_eq!(
            problems_of_state(r#"{"Type":"Nap","End":true}"#),
            [
                "SCHEMA_VALIDATION_FAILED: The field 'Type' should have one of these values: [Task, Wait, Pass, Succeed, Fail, Choice, Parallel, Map] at /States/A/Type"
            ]
        );
    }

    #[test]
    fn words_outside_their_list_are_refused() {
        let machine =
            |field: &str| format!(r#"{{{field},"StartAt":"A","States":{{"A":{{"Type":"Succeed"}}}}}}"#);
        assert_eq!(
            problems(&machine(r#""Version":"1.1""#)),
            ["SCHEMA_VALIDATION_FAILED: Value should be one of the following: [1.0] at /Version"]
        );
        assert_eq!(problems(&machine(r#""Version":"1.0""#)), [""; 0]);
        assert_eq!(
            problems(&machine(r#""QueryLanguage":"XPath""#)),
            [
                "SCHEMA_VALIDATION_FAILED: Value should be one of the following: [JSONPath, JSONata] at /QueryLanguage"
            ]
        );
        assert_eq!(
            problems_of_state(&task_with(r#""Retry":[{"ErrorEquals":["E"],"JitterStrategy":"SOME"}]"#)),
            [
                "SCHEMA_VALIDATION_FAILED: Value should be one of the following: [NONE, FULL] at /States/A/Retry[0]/JitterStrategy"
            ]
        );
    }
}
