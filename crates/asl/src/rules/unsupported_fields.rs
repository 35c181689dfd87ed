//! "Field 'X' is not supported": an object has only the fields of its kind. A field of the other query language reads
//! "The QueryLanguage is set to 'JSONata', but field 'X' is only supported for the 'JSONPath' QueryLanguage".
//!
//! The tables were measured against CreateStateMachine over all types and fields.

use crate::checker::Checker;
use crate::location::shown;
use crate::tree::{Object, QueryLanguage};
use model::StateType;

/// The fields that a kind of object may have.
pub(crate) struct Fields {
    /// In both query languages.
    pub(crate) both: &'static [&'static [&'static str]],
    /// In JSONPath only.
    pub(crate) json_path: &'static [&'static str],
    /// In JSONata only.
    pub(crate) jsonata: &'static [&'static str],
}

const STATE: &[&str] = &["Type", "Comment", "QueryLanguage"];
const NEXT: &[&str] = &["Next", "End", "Assign"];
const ERRORS: &[&str] = &["Retry", "Catch"];

const PASS: Fields = Fields {
    both: &[STATE, NEXT],
    json_path: &["InputPath", "OutputPath", "Parameters", "Result", "ResultPath"],
    jsonata: &["Output"],
};
const TASK: Fields = Fields {
    both: &[STATE, NEXT, ERRORS, &["Resource", "Credentials", "TimeoutSeconds", "HeartbeatSeconds"]],
    json_path: &[
        "InputPath",
        "OutputPath",
        "Parameters",
        "ResultSelector",
        "ResultPath",
        "TimeoutSecondsPath",
        "HeartbeatSecondsPath",
    ],
    jsonata: &["Arguments", "Output"],
};
const CHOICE: Fields = Fields {
    both: &[STATE, &["Choices", "Default", "Assign"]],
    json_path: &["InputPath", "OutputPath"],
    jsonata: &["Output"],
};
const WAIT: Fields = Fields {
    both: &[STATE, NEXT, &["Seconds", "Timestamp"]],
    json_path: &["InputPath", "OutputPath", "SecondsPath", "TimestampPath"],
    jsonata: &["Output"],
};
const SUCCEED: Fields =
    Fields { both: &[STATE], json_path: &["InputPath", "OutputPath"], jsonata: &["Output"] };
const FAIL: Fields =
    Fields { both: &[STATE, &["Error", "Cause"]], json_path: &["ErrorPath", "CausePath"], jsonata: &[] };
const PARALLEL: Fields = Fields {
    both: &[STATE, NEXT, ERRORS, &["Branches"]],
    json_path: &["InputPath", "OutputPath", "Parameters", "ResultSelector", "ResultPath"],
    jsonata: &["Arguments", "Output"],
};
const MAP: Fields = Fields {
    both: &[
        STATE,
        NEXT,
        ERRORS,
        &["ItemProcessor", "Iterator", "ItemSelector", "ItemReader", "ItemBatcher", "ResultWriter", "Label"],
        &["MaxConcurrency", "ToleratedFailureCount", "ToleratedFailurePercentage"],
    ],
    json_path: &[
        "InputPath",
        "OutputPath",
        "Parameters",
        "ResultSelector",
        "ResultPath",
        "ItemsPath",
        "MaxConcurrencyPath",
        "ToleratedFailureCountPath",
        "ToleratedFailurePercentagePath",
    ],
    jsonata: &["Items", "Output"],
};

/// The whole document.
pub(crate) const MACHINE: Fields =
    plain(&[&["Comment", "QueryLanguage", "StartAt", "TimeoutSeconds", "Version", "States"]]);
/// A branch of a Parallel.
pub(crate) const BRANCH: Fields = plain(&[&["Comment", "StartAt", "States"]]);
/// ItemProcessor and Iterator.
pub(crate) const PROCESSOR: Fields = plain(&[&["Comment", "ProcessorConfig", "StartAt", "States"]]);
/// ProcessorConfig of an inline Map.
pub(crate) const INLINE_CONFIG: Fields = plain(&[&["Mode"]]);
/// ProcessorConfig of a distributed Map.
pub(crate) const DISTRIBUTED_CONFIG: Fields = plain(&[&["Mode", "ExecutionType"]]);
/// A retrier.
pub(crate) const RETRIER: Fields = plain(&[&[
    "Comment",
    "ErrorEquals",
    "IntervalSeconds",
    "MaxAttempts",
    "BackoffRate",
    "MaxDelaySeconds",
    "JitterStrategy",
]]);
/// A catcher.
pub(crate) const CATCHER: Fields = Fields {
    both: &[&["Comment", "ErrorEquals", "Next", "Assign"]],
    json_path: &["ResultPath"],
    jsonata: &["Output"],
};
const COMPARATORS_AND_LOGIC: &[&str] = super::choice_rules::JSON_PATH_FIELDS;
/// A rule of a Choice.
pub(crate) const TOP_RULE: Fields = Fields {
    both: &[&["Comment", "Next", "Assign"]],
    json_path: COMPARATORS_AND_LOGIC,
    jsonata: &["Condition", "Output"],
};
/// A rule inside And, Or and Not.
pub(crate) const NESTED_RULE: Fields =
    Fields { both: &[&["Comment"]], json_path: COMPARATORS_AND_LOGIC, jsonata: &[] };
/// ItemReader.
pub(crate) const ITEM_READER: Fields =
    Fields { both: &[&["Resource", "ReaderConfig"]], json_path: &["Parameters"], jsonata: &["Arguments"] };
/// ItemBatcher.
pub(crate) const ITEM_BATCHER: Fields = Fields {
    both: &[&["MaxItemsPerBatch", "MaxInputBytesPerBatch", "BatchInput"]],
    json_path: &["MaxItemsPerBatchPath", "MaxInputBytesPerBatchPath"],
    jsonata: &[],
};
/// ResultWriter.
pub(crate) const RESULT_WRITER: Fields =
    Fields { both: &[&["Resource", "WriterConfig"]], json_path: &["Parameters"], jsonata: &["Arguments"] };
/// WriterConfig of a ResultWriter.
pub(crate) const WRITER_CONFIG: Fields = plain(&[&["Transformation", "OutputType"]]);

const fn plain(both: &'static [&'static [&'static str]]) -> Fields {
    Fields { both, json_path: &[], jsonata: &[] }
}

/// A state has only the fields of its type.
pub(crate) fn check_state(state: &Object<'_>, state_type: StateType, cx: &mut Checker) {
    let fields = match state_type {
        StateType::Task => &TASK,
        StateType::Wait => &WAIT,
        StateType::Pass => &PASS,
        StateType::Succeed => &SUCCEED,
        StateType::Fail => &FAIL,
        StateType::Choice => &CHOICE,
        StateType::Parallel => &PARALLEL,
        StateType::Map => &MAP,
    };
    check(state, fields, cx);
}

/// An object has only these fields.
pub(crate) fn check(object: &Object<'_>, fields: &Fields, cx: &mut Checker) {
    for (name, field) in object.fields() {
        let is = |list: &[&str]| list.contains(&&**name);
        if fields.both.iter().any(|list| is(list)) {
            continue;
        }
        match object.dialect.language {
            QueryLanguage::JsonPath if is(fields.json_path) => {}
            QueryLanguage::Jsonata if is(fields.jsonata) => {}
            QueryLanguage::JsonPath if is(fields.jsonata) => {
                cx.schema(&field.key(), other_language("JSONPath", name, "JSONata"));
            }
            QueryLanguage::Jsonata if is(fields.json_path) => {
                cx.schema(&field.key(), other_language("JSONata", name, "JSONPath"));
            }
            QueryLanguage::JsonPath | QueryLanguage::Jsonata => {
                cx.schema(&field.key(), not_supported(name));
            }
        }
    }
}

/// The sentence for a field that its object cannot have.
pub(crate) fn not_supported(name: &str) -> String {
    format!("Field '{}' is not supported", shown(name))
}

fn other_language(set: &str, name: &str, needed: &str) -> String {
    format!(
        "The QueryLanguage is set to '{set}', but field '{name}' is only supported for the '{needed}' QueryLanguage"
    )
}

#[cfg(test)]
mod tests {
    use crate::test_support::{problems, problems_of_state};

    #[test]
    fn a_refused_next_still_leads_somewhere() {
        // AWS: recorded: AfterDone counts as reachable.
        let text = r#"{"StartAt":"Done","States":{
            "Done":{"Type":"Succeed","Next":"AfterDone"},"AfterDone":{"Type":"Pass","End":true}}}"#;
        assert_eq!(
            problems(text),
            ["SCHEMA_VALIDATION_FAILED: Field 'Next' is not supported at /States/Done/Next"]
        );
    }

    #[test]
    fn fields_of_other_types_and_unknown_fields_are_refused() {
        for (state, field) in [
            (r#"{"Type":"Pass","Retry":[],"End":true}"#, "Retry"),
            (r#"{"Type":"Wait","Seconds":1,"Catch":[],"End":true}"#, "Catch"),
            (r#"{"Type":"Fail","InputPath":"$"}"#, "InputPath"),
            (r#"{"Type":"Fail","Output":"$"}"#, "Output"),
            (r#"{"Type":"Succeed","ResultPath":"$"}"#, "ResultPath"),
            (r#"{"Type":"Pass","Coment":"x","End":true}"#, "Coment"),
        ] {
            let expected =
                format!("SCHEMA_VALIDATION_FAILED: Field '{field}' is not supported at /States/A/{field}");
            assert_eq!(problems_of_state(state), [expected], "{state}");
        }
    }

    #[test]
    fn unknown_members_of_the_machine_and_of_branches_are_refused() {
        assert_eq!(
            problems(r#"{"StartAt":"A","Coment":"","States":{"A":{"Type":"Pass","End":true}}}"#),
            ["SCHEMA_VALIDATION_FAILED: Field 'Coment' is not supported at /Coment"]
        );
        let branch =
            r#"{"QueryLanguage":"JSONPath","StartAt":"B","States":{"B":{"Type":"Pass","End":true}}}"#;
        assert_eq!(
            problems_of_state(&format!(r#"{{"Type":"Parallel","Branches":[{branch}],"End":true}}"#)),
            [
                "SCHEMA_VALIDATION_FAILED: Field 'QueryLanguage' is not supported at /States/A/Branches[0]/QueryLanguage"
            ]
        );
    }

    #[test]
    fn fields_of_the_other_query_language_are_refused_with_its_name() {
        assert_eq!(
            problems_of_state(r#"{"Type":"Pass","Output":{},"End":true}"#),
            [
                "SCHEMA_VALIDATION_FAILED: The QueryLanguage is set to 'JSONPath', but field 'Output' is only supported for the 'JSONata' QueryLanguage at /States/A/Output"
            ]
        );
        assert_eq!(
            problems_of_state(r#"{"Type":"Pass","QueryLanguage":"JSONata","InputPath":"$","End":true}"#),
            [
                "SCHEMA_VALIDATION_FAILED: The QueryLanguage is set to 'JSONata', but field 'InputPath' is only supported for the 'JSONPath' QueryLanguage at /States/A/InputPath"
            ]
        );
    }
}
