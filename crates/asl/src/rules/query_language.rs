//! "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine". A state without QueryLanguage has
//! the machine's, whatever encloses it; any word but `JSONPath` counts as JSONata for the other rules.

use super::enumerations;
use crate::checker::Checker;
use crate::tree::{Object, QueryLanguage};

const WORDS: &[&str] = &["JSONPath", "JSONata"];

/// The language of the machine, before anything is checked.
pub(crate) fn of_machine(root: &Object<'_>) -> QueryLanguage {
    written(root).unwrap_or(QueryLanguage::JsonPath)
}

/// Checks the language of the machine.
pub(crate) fn check_machine(root: &Object<'_>, cx: &mut Checker) {
    if let Some(field) = root.field("QueryLanguage") {
        enumerations::word(&field, WORDS, cx);
    }
}

/// The state, in its language.
pub(crate) fn of_state<'d>(state: Object<'d>, cx: &mut Checker) -> Object<'d> {
    if let Some(field) = state.field("QueryLanguage") {
        enumerations::word(&field, WORDS, cx);
    }
    let language = written(&state).unwrap_or(cx.machine_language);
    // AWS: recorded INVALID_DOWNGRADE_QUERY_LANGUAGE, at the state.
    if cx.machine_language == QueryLanguage::Jsonata && language == QueryLanguage::JsonPath {
        cx.schema(
            &state,
            "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine",
        );
    }
    state.in_language(language)
}

/// The language that an object names, if it names one.
pub(crate) fn written(object: &Object<'_>) -> Option<QueryLanguage> {
    object.field("QueryLanguage").map(|field| match field.as_str().map(|text| &**text) {
        Some("JSONPath") => QueryLanguage::JsonPath,
        Some(_) | None => QueryLanguage::Jsonata,
    })
}

#[cfg(test)]
mod tests {
    use crate::test_support::{problems, problems_of_state};

    #[test]
    fn a_machine_in_jsonata_has_no_state_in_json_path() {
        let text = r#"{"QueryLanguage":"JSONata","StartAt":"Pass","States":{
            "Pass":{"Type":"Pass","End":true,"QueryLanguage":"JSONPath"}}}"#;
        assert_eq!(
            problems(text),
            [
                "SCHEMA_VALIDATION_FAILED: 'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine at /States/Pass"
            ]
        );
    }

    #[test]
    fn states_inside_a_jsonata_map_have_the_language_of_the_machine() {
        let state = r#"{"Type":"Map","QueryLanguage":"JSONata","End":true,"ItemProcessor":{
            "StartAt":"B","States":{"B":{"Type":"Pass","InputPath":"$.a","End":true}}}}"#;
        assert_eq!(problems_of_state(state), [""; 0]);
    }
}
