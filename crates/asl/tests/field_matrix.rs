//! Which field a state of which type and query language may have: the whole table, as it was measured at AWS.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, reason = "these are tests")]

use model::StateMachineType;

const TYPES: [&str; 8] = ["Pass", "Task", "Choice", "Wait", "Succeed", "Fail", "Parallel", "Map"];

/// A row of the table: fields, and for each type `x` in both languages, `P` in JSONPath, `A` in JSONata, `-` in neither.
const MATRIX: [(&[&str], &str); 22] = [
    (&["Type", "Comment", "QueryLanguage"], "xxxxxxxx"),
    (&["Next", "End"], "xx-x--xx"),
    (&["InputPath", "OutputPath"], "PPPPP-PP"),
    (&["Parameters"], "PP----PP"),
    (&["Result"], "P-------"),
    (&["ResultSelector"], "-P----PP"),
    (&["ResultPath"], "PP----PP"),
    (&["Arguments"], "-A----A-"),
    (&["Output"], "AAAAA-AA"),
    (&["Assign"], "xxxx--xx"),
    (&["Retry", "Catch"], "-x----xx"),
    (&["TimeoutSeconds", "HeartbeatSeconds", "Resource", "Credentials"], "-x------"),
    (&["TimeoutSecondsPath", "HeartbeatSecondsPath"], "-P------"),
    (&["Choices", "Default"], "--x-----"),
    (&["Seconds", "Timestamp"], "---x----"),
    (&["SecondsPath", "TimestampPath"], "---P----"),
    (&["Error", "Cause"], "-----x--"),
    (&["ErrorPath", "CausePath"], "-----P--"),
    (&["Branches"], "------x-"),
    (
        &[
            "ItemProcessor",
            "Iterator",
            "ItemSelector",
            "ItemReader",
            "ItemBatcher",
            "ResultWriter",
            "Label",
            "MaxConcurrency",
            "ToleratedFailureCount",
            "ToleratedFailurePercentage",
        ],
        "-------x",
    ),
    (
        &["ItemsPath", "MaxConcurrencyPath", "ToleratedFailureCountPath", "ToleratedFailurePercentagePath"],
        "-------P",
    ),
    (&["Items"], "-------A"),
];

/// What is said about the field itself in a state that has no other field.
fn complaint(state_type: &str, field: &str, is_jsonata: bool) -> Option<String> {
    let language = if is_jsonata { "JSONata" } else { "JSONPath" };
    let value = if field == "Type" { format!("\"{state_type}\"") } else { "null".to_owned() };
    let own = if field == "Type" { String::new() } else { format!("\"Type\":\"{state_type}\",") };
    let text = format!(
        r#"{{"QueryLanguage":"{language}","StartAt":"A","States":{{"A":{{{own}"{field}":{value}}}}}}}"#
    );
    let found = asl::validate(&text, StateMachineType::Standard);
    found
        .into_iter()
        .map(|problem| problem.message)
        .find(|message| message.contains("is not supported") || message.contains("only supported for"))
}

#[test]
fn every_field_is_accepted_where_its_type_and_language_have_it_and_refused_elsewhere() {
    let mut checked = 0;
    for (fields, row) in MATRIX {
        for field in fields {
            for (state_type, mark) in TYPES.iter().zip(row.chars()) {
                for is_jsonata in [false, true] {
                    let expected = match (mark, is_jsonata) {
                        ('x', _) | ('P', false) | ('A', true) => None,
                        ('P', true) => Some(format!(
                            "The QueryLanguage is set to 'JSONata', but field '{field}' is only supported for the 'JSONPath' QueryLanguage"
                        )),
                        ('A', false) => Some(format!(
                            "The QueryLanguage is set to 'JSONPath', but field '{field}' is only supported for the 'JSONata' QueryLanguage"
                        )),
                        _ => Some(format!("Field '{field}' is not supported")),
                    };
                    assert_eq!(complaint(state_type, field, is_jsonata), expected, "{field} in {state_type}");
                    checked += 1;
                }
            }
        }
    }
    assert_eq!(checked, 48 * 8 * 2);
}
