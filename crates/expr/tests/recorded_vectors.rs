//! What AWS answered, as a table: a state's data flow by hand, in the order in which a Pass state runs it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failing helper fails its test")]

use expr::{Intrinsic, QueryPath, Scope, Template};
use json::{Value, parse};
use jsonpath::Path;

struct Flow {
    input: &'static str,
    input_path: &'static str,
    /// A template, unless a literal result is given.
    parameters: Option<&'static str>,
    result: Option<&'static str>,
    result_path: &'static str,
    output_path: &'static str,
    output: &'static str,
}

const PLAIN: Flow = Flow {
    input: "{}",
    input_path: "$",
    parameters: None,
    result: None,
    result_path: "$",
    output_path: "$",
    output: "{}",
};

const FLOWS: [Flow; 4] = [
    Flow {
        input: r#"{"initialData":{"fieldFromInput":"value from input","otherField":"other"},"unrelatedData":{"someOtherField":1234}}"#,
        input_path: "$.initialData",
        parameters: Some(r#"{"staticValue":"some value","inputValue.$":"$.fieldFromInput"}"#),
        result_path: "$.modifiedData",
        output: r#"{"initialData":{"fieldFromInput":"value from input","otherField":"other"},"unrelatedData":{"someOtherField":1234},"modifiedData":{"staticValue":"some value","inputValue":"value from input"}}"#,
        ..PLAIN
    },
    Flow {
        input: r#"{"workflow":{"audit":{"status":{"previous":"pending"}}}}"#,
        result: Some(r#""complete""#),
        result_path: "$.workflow.audit.status.current",
        output: r#"{"workflow":{"audit":{"status":{"previous":"pending","current":"complete"}}}}"#,
        ..PLAIN
    },
    Flow {
        input: r#"{"service":{"name":"billing"}}"#,
        result: Some(r#"{"status":"ready","code":200}"#),
        result_path: "$.service.response",
        output_path: "$.service.response.status",
        output: r#""ready""#,
        ..PLAIN
    },
    PLAIN,
];

#[test]
fn recorded_data_flows_come_out_to_the_byte() {
    for flow in &FLOWS {
        let raw = parse(flow.input).unwrap();
        let at = |path: &str, input: &Value| {
            QueryPath::parse(path)
                .unwrap()
                .eval(&Scope { input, context: &Value::Null, variables: &() })
                .unwrap()
        };
        let effective = at(flow.input_path, &raw);
        let result = match (flow.result, flow.parameters) {
            (Some(result), _) => parse(result).unwrap(),
            (None, Some(template)) => Template::compile(&parse(template).unwrap())
                .unwrap()
                .eval(&Scope { input: &effective, context: &Value::Null, variables: &() }, &mut || 0)
                .unwrap(),
            (None, None) => effective,
        };
        let combined = Path::parse(flow.result_path).unwrap().set(&raw, result).unwrap();
        assert_eq!(at(flow.output_path, &combined).to_text(), flow.output);
    }
}

#[test]
fn recorded_calls_answer_as_they_did() {
    let bad_arguments = |function: &str| format!("Invalid arguments in States.{function}");
    let long = format!(r#"{{"s":"{}"}}"#, "x".repeat(10_001));
    let table: [(&str, &str, Result<&str, String>); 9] = [
        (
            "States.Format('Hello {', $.a)",
            r#"{"a":"x"}"#,
            Err("Invalid template in States.Format: matching '}' not found for '{'.".to_owned()),
        ),
        ("States.MathAdd(1)", "{}", Err(bad_arguments("MathAdd"))),
        (
            "States.StringToJson($.json)",
            r#"{"json":"{bad json}"}"#,
            Err("Cannot convert String to Json in States.StringToJson, caused by: Unexpected character ('b' (code 98)): was expecting double-quote to start field name\n at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 1, column: 2]".to_owned()),
        ),
        ("States.Base64Encode($.s)", &long, Err(bad_arguments("Base64Encode"))),
        ("States.MathRandom(1, 100, 42)", "{}", Ok("63")),
        ("States.MathRandom(1, 100, 42)", "{}", Ok("63")),
        ("States.ArrayRange(5.4, -0.6, -2.4)", "{}", Ok("[5,3,1]")),
        ("States.ArrayPartition($.arr, 2.6)", r#"{"arr":[1,2,3,4,5]}"#, Ok("[[1,2],[3,4],[5]]")),
        ("States.ArrayPartition($.arr, 2)", r#"{"arr":[0,1,2]}"#, Ok("[[0,1],[2]]")),
    ];
    for (expression, input, expected) in table {
        let input = parse(input).unwrap();
        let scope = Scope { input: &input, context: &Value::Null, variables: &() };
        let answer = Intrinsic::parse(expression).unwrap().eval(&scope, &mut || 0);
        let expected = expected.map(str::to_owned).map_err(|text| {
            format!("There was an error while evaluating the intrinsic function: {expression}. {text}")
        });
        assert_eq!(answer.map(|v| v.to_text()).map_err(|e| e.to_string()), expected);
    }
}

#[test]
fn recorded_path_failures_read_as_they_did() {
    for (path, input, expected) in [
        (
            "$.NoSuchInputPath",
            "{}",
            "Invalid path '$.NoSuchInputPath' : No results for path: $['NoSuchInputPath']",
        ),
        (
            "$.no.such.result.path",
            "{}",
            "Invalid path '$.no.such.result.path' : Missing property in path $['no']",
        ),
        ("$.a", "null", "Unable to apply Path transformation to null or empty input."),
    ] {
        let input = parse(input).unwrap();
        let scope = Scope { input: &input, context: &Value::Null, variables: &() };
        assert_eq!(QueryPath::parse(path).unwrap().eval(&scope).unwrap_err().as_invalid_path(), expected);
    }
}
