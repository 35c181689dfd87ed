//! Templates and paths as a definition's fields use them.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failing helper fails its test")]

use expr::{ErrorPathSource, QueryPath, Root, Scope, Template};
use json::{Value, parse};
use std::collections::BTreeMap;
use std::sync::Arc;

const CONTEXT: &str = r#"{"Execution":{"Input":{"a":1},"Name":"run"},"State":{"Name":"S"}}"#;

fn variables() -> BTreeMap<Arc<str>, Value> {
    BTreeMap::from([
        (Arc::from("answer"), parse(r#"{"a":[{"b":5}]}"#).unwrap()),
        (Arc::from("n"), Value::Null),
    ])
}

fn eval(template: &str, input: &str) -> Result<String, String> {
    let (input, context, variables) = (parse(input).unwrap(), parse(CONTEXT).unwrap(), variables());
    let scope = Scope { input: &input, context: &context, variables: &variables };
    let template = Template::compile(&parse(template).unwrap()).map_err(|e| e.to_string())?;
    template.eval(&scope, &mut || 7).map(|v| v.to_text()).map_err(|e| e.to_string())
}

#[track_caller]
fn gives(template: &str, input: &str, expected: &str) {
    assert_eq!(eval(template, input), Ok(expected.to_owned()));
}

#[test]
fn literals_pass_as_they_are() {
    for literal in [r#"{"a":"$.b","c":["$.d",{"e":null}]}"#, "[1,2]", r#""$.x""#, "3", "null", "{}"] {
        gives(literal, "{}", literal);
    }
}

#[test]
fn computed_members_are_found_at_every_depth() {
    gives(
        r#"{"o":{"x.$":"$.v","l":[{"y.$":"$.v"},"$.v",["z"]]},"c.$":"$$.Execution.Name","v.$":"$answer.a[0].b","f.$":"States.Format('{}!', $.v)"}"#,
        r#"{"v":1}"#,
        r#"{"o":{"l":[{"y":1},"$.v",["z"]],"x":1},"c":"run","v":5,"f":"1!"}"#,
    );
}

#[test]
fn computed_members_follow_the_literals_in_hash_order() {
    gives(
        r#"{"position.$":"$.n","last":1,"color.$":"$.n","region.$":"$.n","first":2}"#,
        r#"{"n":0}"#,
        r#"{"last":1,"first":2,"color":0,"position":0,"region":0}"#,
    );
    gives(
        r#"{"FunctionName.$":"$.n","Payload.$":"$.n","InvocationType.$":"$.n"}"#,
        r#"{"n":0}"#,
        r#"{"FunctionName":0,"InvocationType":0,"Payload":0}"#,
    );
}

// AWS: recorded base.test_query_context_object_values
#[test]
fn thirteen_members_come_in_the_order_of_a_grown_table() {
    let keys = [
        "context_object",
        "execution",
        "execution_id",
        "execution_input",
        "execution_name",
        "execution_rolearn",
        "execution_starttime",
        "state",
        "state_enteredtime",
        "state_name",
        "statemachine",
        "statemachine_id",
        "statemachine_name",
    ];
    let members: Vec<String> = keys.iter().map(|key| format!(r#""{key}.$":"$$.State.Name""#)).collect();
    let result = parse(&eval(&format!("{{{}}}", members.join(",")), "{}").unwrap()).unwrap();
    let order: Vec<&str> = result.as_object().unwrap().keys().map(|key| &**key).collect();
    assert_eq!(order, RECORDED_ORDER);
}

const RECORDED_ORDER: [&str; 13] = [
    "execution",
    "execution_rolearn",
    "execution_name",
    "statemachine_id",
    "execution_id",
    "execution_input",
    "execution_starttime",
    "state_name",
    "state_enteredtime",
    "statemachine",
    "state",
    "context_object",
    "statemachine_name",
];

// AWS: recorded base.test_json_path_array_wildcard_or_slice_with_no_input
#[test]
fn indefinite_paths_without_match_give_an_empty_array() {
    for path in [
        "$[*]",
        "$.item.items[*]",
        "$.item.items[:1]",
        "$.item.items[1:5]",
        "$.item.items[1:5].itemValue",
        "$.items[*]",
        "$.items[1:]",
        "$.items[:1]",
        "$.items[:1].itemValue",
    ] {
        gives(&format!(r#"{{"item.$":"{path}"}}"#), "{}", r#"{"item":[]}"#);
    }
}

#[test]
fn an_index_outside_its_array_reads_as_null() {
    gives(r#"{"x.$":"$.a[9]"}"#, r#"{"a":[1]}"#, r#"{"x":null}"#);
}

// AWS: recorded test_invalid_jsonpath
#[test]
fn missing_paths_show_the_effective_input() {
    for (path, shown) in [
        ("$.no_such_jsonpath", "$.no_such_jsonpath"),
        ("$$.Execution.Input.no_such_jsonpath", "$$.Execution.Input.no_such_jsonpath"),
        ("$missing.x", "$missing.x"),
        ("$.int-literal.x", "$.int-literal.x"),
    ] {
        assert_eq!(
            eval(&format!(r#"{{"value.$":"{path}"}}"#), r#"{ "int-literal" : 0 }"#),
            Err(format!(
                "The JSONPath '{shown}' specified for the field 'value.$' could not be found in the input '{{\"int-literal\":0}}'"
            ))
        );
    }
}

#[test]
fn null_input_cannot_be_read_by_a_path() {
    let expected = "Unable to apply Path transformation to null or empty input.";
    assert_eq!(eval(r#"{"x.$":"$.a"}"#, "null"), Err(expected.to_owned()));
    assert_eq!(eval(r#"{"x.$":"$n.a"}"#, "{}"), Err(expected.to_owned()));
    gives(r#"{"x.$":"$n"}"#, "{}", r#"{"x":null}"#);
}

#[test]
fn creation_errors_carry_awss_words() {
    let invalid = |member: &str, message: &str| {
        let error =
            Template::compile(&parse(&format!(r#"{{"o":[{{"x.$":{member}}}]}}"#)).unwrap()).unwrap_err();
        assert_eq!((error.field.as_str(), error.message.as_str()), ("x.$", message), "{member}");
    };
    let syntax = "The value for the field 'x.$' must be a valid JSONPath or a valid intrinsic function call";
    for member in [
        r#""""#,
        r#""a""#,
        r#""$.""#,
        r#""$.a[""#,
        r#""States.Nope()""#,
        r#""States.Format('a'""#,
        r#""States.Format('\\n')""#,
        r#""States.UUID() x""#,
        r#"" $.a""#,
        r#""$1""#,
        r#""$$$""#,
        r#""$$a""#,
    ] {
        invalid(member, syntax);
    }
    for (member, found) in [("[]", "an ARRAY"), ("{}", "an OBJECT"), ("1", "a NUMBER"), ("true", "a BOOLEAN")]
    {
        invalid(
            member,
            &format!(
                "The value for the field 'x.$' must be a STRING that contains a JSONPath but was {found}"
            ),
        );
    }
    assert!(Template::compile(&parse(r#"{"x":1,"x.$":"$.a"}"#).unwrap()).is_err());
}

#[test]
fn paths_know_their_root() {
    for (text, root, is_reference) in [
        ("$", Root::Input, true),
        ("$.a", Root::Input, true),
        ("$[0]", Root::Input, true),
        ("$$", Root::Context, true),
        ("$$.Map.Item", Root::Context, true),
        ("$x", Root::Variable(Arc::from("x")), true),
        ("$größe_1[0]", Root::Variable(Arc::from("größe_1")), true),
        ("$x[*]", Root::Variable(Arc::from("x")), false),
        ("$..a", Root::Input, false),
    ] {
        let path = QueryPath::parse(text).unwrap();
        assert_eq!((path.root(), path.is_reference(), path.text()), (&root, is_reference, text));
    }
    assert!(QueryPath::parse(&format!("${}", "x".repeat(81))).is_err());
}

#[test]
fn reference_paths_are_checked_with_awss_words() {
    let message = |text: &str| QueryPath::parse_reference(text).unwrap_err().message;
    assert_eq!(message("a.b"), "Reference path didn't start with '$'");
    assert_eq!(message("$.a[*]"), "'[' must be followed by ' or '['");
    assert!(QueryPath::parse_reference("$..a").is_err());
    assert!(QueryPath::parse_reference("$$.a['b'][0]").is_ok());
}

#[test]
fn variables_read_are_listed_once_and_sorted() {
    let template = parse(
        r#"{"a.$":"$zeta.x","b":[{"c.$":"States.Array($alpha, States.Format('{}', $zeta), $.in, $$.State)"}],"d":"$no"}"#,
    );
    let template = Template::compile(&template.unwrap()).unwrap();
    let names: Vec<String> = template.variables_read().iter().map(|name| name.to_string()).collect();
    assert_eq!(names, ["alpha", "zeta"]);
    assert_eq!(template.paths().len(), 5);
}

#[test]
fn error_and_cause_come_from_paths_and_calls() {
    let (input, context) = (parse(r#"{"Error":"e","Cause":"c","n":1}"#).unwrap(), parse(CONTEXT).unwrap());
    let scope = Scope { input: &input, context: &context, variables: &() };
    let eval = |text: &str| {
        let source = ErrorPathSource::parse(text).unwrap();
        source.eval("ErrorPath", &scope, &mut || 0).map(|text| text.to_string()).map_err(|e| e.to_string())
    };
    assert_eq!(eval("$.Error"), Ok("e".to_owned()));
    assert_eq!(eval("$$.State.Name"), Ok("S".to_owned()));
    assert_eq!(eval("States.Format('{} by {}.', $.Error, $.Cause)"), Ok("e by c.".to_owned()));
    assert_eq!(
        eval("$.ErrorX"),
        Err(format!(
            "The JSONPath '$.ErrorX' specified for the field 'ErrorPath' could not be found in the input '{input}'"
        ))
    );
    assert!(eval("$.n").is_err());
    assert!(ErrorPathSource::parse("$.a[*]").is_err());
    assert!(ErrorPathSource::parse("plain").is_err());
}

#[test]
fn the_context_is_made_only_when_asked_for_and_once() {
    struct Counting(std::cell::Cell<usize>);
    impl expr::ContextSource for Counting {
        fn context(&self) -> Value {
            self.0.set(self.0.get() + 1);
            parse(CONTEXT).unwrap()
        }
    }
    let counting = Counting(std::cell::Cell::new(0));
    let input = parse(r#"{"a":1}"#).unwrap();
    let scope = Scope { input: &input, context: &counting, variables: &() };
    let run = |template: &str| {
        Template::compile(&parse(template).unwrap()).unwrap().eval(&scope, &mut || 0).unwrap();
        counting.0.take()
    };
    assert_eq!(run(r#"{"x.$":"$.a"}"#), 0);
    assert_eq!(run(r#"{"x.$":"$$.State","y.$":"States.Array($$, $$.State.Name)"}"#), 1);
}

#[test]
fn templates_with_many_members_stop_at_the_size_limit() {
    let members: Vec<String> = (0..200).map(|n| format!(r#""m{n}.$":"$""#)).collect();
    let input = format!(r#"{{"x":"{}"}}"#, "y".repeat(200_000));
    let error = eval(&format!("{{{}}}", members.join(",")), &input).unwrap_err();
    assert_eq!(error, "The evaluation of a template exceeded 10485760 bytes");
}

#[test]
fn a_template_that_wraps_its_input_again_and_again_stops_at_the_depth_limit() {
    let template = Template::compile(&parse(r#"{"x.$":"$"}"#).unwrap()).unwrap();
    let mut value = parse("1").unwrap();
    let mut wraps = 0;
    let error = loop {
        match template.eval(&Scope { input: &value, context: &Value::Null, variables: &() }, &mut || 0) {
            Ok(wrapped) => value = wrapped,
            Err(error) => break error,
        }
        wraps += 1;
        assert!(wraps <= json::MAX_DEPTH);
    };
    assert_eq!(wraps, json::MAX_DEPTH);
    assert_eq!(error.to_string(), "The evaluation of a template exceeded 512 levels of nesting");
}
