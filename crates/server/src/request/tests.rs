use super::*;
use proptest::prelude::*;

const NAME: Text = Text::of(1, 5);
const COLOURS: Words<bool> = Words { parse: |w| (w == "RED").then_some(true), set: "[RED]" };

fn body(text: &str) -> Value {
    parse_body(text.as_bytes()).unwrap()
}

fn complaint<T: std::fmt::Debug>(
    text: &str,
    shape: impl FnOnce(&mut Fields<'_>) -> Result<T, ApiError>,
) -> String {
    match read(&body(text), shape).unwrap_err() {
        ApiError::Validation { message, reason: None } => message,
        other => panic!("{other:?}"),
    }
}

fn refusal<T: std::fmt::Debug>(
    text: &str,
    shape: impl FnOnce(&mut Fields<'_>) -> Result<T, ApiError>,
) -> String {
    match read(&body(text), shape).unwrap_err() {
        ApiError::Serialization(message) => message,
        other => panic!("{other:?}"),
    }
}

#[test]
fn values_that_keep_their_constraints_are_read() {
    let text = r#"{"name":"aé","size":3.0,"on":true,"colour":"RED","other":[1]}"#;
    let read = read(&body(text), |f| {
        Ok((
            f.required_text("name", NAME)?,
            f.integer("size", 0..=10)?,
            f.flag("on")?,
            f.word("colour", &COLOURS)?,
            f.text("absent", NAME)?,
        ))
    });
    assert_eq!(read.unwrap(), ("aé".into(), Some(3), Some(true), Some(true), None));
}

#[test]
fn null_counts_as_absent() {
    let text = r#"{"name":null,"size":null,"on":null,"colour":null,"list":null,"s":null}"#;
    let read = read(&body(text), |f| {
        Ok((
            f.text("name", NAME)?,
            f.integer("size", 0..=10)?,
            f.flag("on")?,
            f.word("colour", &COLOURS)?,
            f.texts("list", NAME)?,
            f.structure("s", |_| Ok(()))?,
        ))
    });
    assert_eq!(read.unwrap(), (None, None, None, None, None, None));
}

#[test]
fn recorded_violations_are_worded_as_aws_words_them() {
    assert_eq!(
        complaint(r#"{"maxResults":1001}"#, |f| f.integer("maxResults", 0..=1000)),
        "1 validation error detected: Value '1001' at 'maxResults' failed to satisfy constraint: \
         Member must have value less than or equal to 1000"
    );
    assert_eq!(
        complaint(r#"{"nextToken":"xxxxxx"}"#, |f| f.text("nextToken", NAME)),
        "1 validation error detected: Value 'xxxxxx' at 'nextToken' failed to satisfy constraint: \
         Member must have length less than or equal to 5"
    );
    assert_eq!(
        complaint(r#"{"colour":"red"}"#, |f| f.word("colour", &COLOURS)),
        "1 validation error detected: Value 'red' at 'colour' failed to satisfy constraint: \
         Member must satisfy enum value set: [RED]"
    );
}

#[test]
fn missing_members_print_null_without_quotes_and_violations_add_up() {
    assert_eq!(
        complaint(r#"{"size":-1}"#, |f| {
            f.required_text("name", NAME)?;
            f.integer("size", 0..=10)
        }),
        "2 validation errors detected: Value null at 'name' failed to satisfy constraint: Member must not be \
         null; Value '-1' at 'size' failed to satisfy constraint: Member must have value greater than or equal to 0"
    );
}

#[test]
fn sensitive_values_are_not_repeated_and_payloads_count_bytes() {
    assert_eq!(
        complaint(r#"{"input":"ééé"}"#, |f| f.text("input", Text::payload(5))),
        "1 validation error detected: Value at 'input' failed to satisfy constraint: \
         Member must have length less than or equal to 5"
    );
}

#[test]
fn characters_beyond_ascii_break_their_pattern() {
    assert_eq!(
        complaint(r#"{"m":"é"}"#, |f| f.text("m", NAME.ascii())),
        "1 validation error detected: Value 'é' at 'm' failed to satisfy constraint: \
         Member must satisfy regular expression pattern: \\p{ASCII}*"
    );
}

#[test]
fn members_of_lists_count_from_one() {
    let shape =
        |f: &mut Fields<'_>| f.structure("outer", |f| f.structures("tags", |f| f.required_text("key", NAME)));
    assert_eq!(
        complaint(r#"{"outer":{"tags":[{"key":"a"},{"key":"abcdef"}]}}"#, shape),
        "1 validation error detected: Value 'abcdef' at 'outer.tags.2.member.key' failed to satisfy constraint: \
         Member must have length less than or equal to 5"
    );
    assert_eq!(
        complaint(r#"{"keys":["a",""]}"#, |f| f.texts("keys", NAME)),
        "1 validation error detected: Value '' at 'keys.2.member' failed to satisfy constraint: \
         Member must have length greater than or equal to 1"
    );
}

#[test]
fn a_flood_of_violations_is_cut() {
    let keys = vec!["\"toolong\""; 1000].join(",");
    let message = complaint(&format!("{{\"keys\":[{keys}]}}"), |f| f.texts("keys", NAME));
    assert!(message.starts_with("10 validation errors detected: "), "{message}");
}

#[test]
fn other_json_types_are_serialization_exceptions() {
    let text = |t: &str| refusal(t, |f| f.text("m", NAME));
    assert_eq!(text(r#"{"m":1}"#), "NUMBER_VALUE cannot be converted to String");
    assert_eq!(text(r#"{"m":true}"#), "TRUE_VALUE cannot be converted to String");
    assert_eq!(text(r#"{"m":{}}"#), "Start of structure or map found where not expected.");
    assert_eq!(text(r#"{"m":[]}"#), "Start of list found where not expected");
    assert_eq!(
        refusal(r#"{"m":"1"}"#, |f| f.integer("m", 0..=9)),
        "STRING_VALUE cannot be converted to Integer"
    );
    assert_eq!(
        refusal(r#"{"m":1.5}"#, |f| f.integer("m", 0..=9)),
        "DECIMAL_VALUE cannot be converted to Integer"
    );
    assert_eq!(refusal(r#"{"m":0}"#, |f| f.flag("m")), "NUMBER_VALUE cannot be converted to Boolean");
    assert_eq!(refusal(r#"{"m":"a"}"#, |f| f.texts("m", NAME)), "STRING_VALUE cannot be converted to list");
    assert_eq!(
        refusal(r#"{"m":[null]}"#, |f| f.texts("m", NAME)),
        "NULL_VALUE cannot be converted to String"
    );
}

#[test]
fn bodies_that_are_no_objects_are_serialization_exceptions() {
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    for text in ["[]", "1", "\"a\"", "null", "{", "{\"a\":}", "\0", "{\"a\":\"\0\"}", "{}x", &deep] {
        let error = parse_body(text.as_bytes()).unwrap_err();
        assert_eq!(error.code(), "SerializationException", "{text:.20}");
    }
    assert_eq!(parse_body(b"\xff{}").unwrap_err().code(), "SerializationException");
}

#[test]
fn an_empty_body_stands_for_an_empty_object() {
    for text in ["", " \r\n"] {
        assert_eq!(parse_body(text.as_bytes()).unwrap(), Value::empty_object());
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Err(error) = parse_body(&bytes) {
            prop_assert_eq!(error.code(), "SerializationException");
        }
    }

    #[test]
    fn integers_pass_exactly_within_their_range(n in any::<i64>()) {
        let read = read(&body(&format!("{{\"m\":{n}}}")), |f| f.integer("m", -50..=1000));
        prop_assert_eq!(read.ok().flatten(), (-50..=1000).contains(&n).then_some(n));
    }
}
