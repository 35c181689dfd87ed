//! The writer, and what values and payloads promise.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failing helper fails its test")]

use json::{Number, Object, Payload, Value, parse, write_number};

#[test]
fn doubles_are_printed_as_java_prints_them() {
    for (value, expected) in [
        (0.0, "0.0"),
        (-0.0, "-0.0"),
        (1.0, "1.0"),
        (-1.5, "-1.5"),
        (0.1, "0.1"),
        (0.001, "0.001"),
        (0.000999, "9.99E-4"),
        (0.0001, "1.0E-4"),
        (1.0e-5, "1.0E-5"),
        (9_999_999.0, "9999999.0"),
        (9_999_999.999, "9999999.999"),
        (1.0e7, "1.0E7"),
        (12_345_678.9, "1.23456789E7"),
        (-1.0e21, "-1.0E21"),
        (1.0e100, "1.0E100"),
        (f64::MAX, "1.7976931348623157E308"),
        (f64::MIN_POSITIVE, "2.2250738585072014E-308"),
        (1.0 / 3.0, "0.3333333333333333"),
        (100.0, "100.0"),
        (123_456.789, "123456.789"),
    ] {
        let mut text = String::new();
        write_number(&mut text, &Number::from_f64(value).unwrap());
        assert_eq!(text, expected);
    }
}

#[test]
fn json_has_no_infinities() {
    assert!(Number::from_f64(f64::NAN).is_none());
    assert!(Number::from_f64(f64::INFINITY).is_none());
    assert_eq!(Value::from_f64(f64::NEG_INFINITY), Value::Null);
}

#[test]
fn strings_escape_only_what_they_must() {
    assert_eq!(
        Value::from("\"\\/\u{8}\u{c}\n\r\t\u{1}\u{1f}\u{7f}é😀\u{2028}").to_text(),
        "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001F\u{7f}é😀\u{2028}\""
    );
}

#[test]
fn pretty_text_indents_by_two_blanks() {
    let value = parse(r#"{"a":[1,{"b":null}],"c":{},"d":[]}"#).unwrap();
    let expected =
        "{\n  \"a\": [\n    1,\n    {\n      \"b\": null\n    }\n  ],\n  \"c\": {},\n  \"d\": []\n}";
    assert_eq!(value.to_pretty_text(), expected);
    assert_eq!(parse(expected).unwrap(), value);
}

#[test]
fn objects_keep_the_order_of_their_keys() {
    let mut object: Object = [("z", 1i64), ("a", 2), ("m", 3)].into_iter().collect();
    assert_eq!(object.insert("a", 9i64), Some(Value::from(2i64)));
    object.insert("b", true);
    object.remove("z");
    assert_eq!(Value::from(object).to_text(), r#"{"a":9,"m":3,"b":true}"#);
}

#[test]
fn equality_looks_at_values_and_not_at_key_order() {
    assert_eq!(parse(r#"{"a":1,"b":[2.0]}"#).unwrap(), parse(r#"{"b":[2],"a":1.0}"#).unwrap());
    assert_ne!(parse("[1,2]").unwrap(), parse("[2,1]").unwrap());
}

#[test]
fn integers_are_found_in_range_only() {
    for (text, expected) in [
        ("3", Some(3)),
        ("3.0", Some(3)),
        ("3.5", None),
        ("-9223372036854775808", Some(i64::MIN)),
        ("9223372036854775808", None),
        ("9.3e18", None),
        ("1e300", None),
        ("123456789012345678901234567890", None),
    ] {
        assert_eq!(parse(text).unwrap().as_i64(), expected, "{text}");
    }
}

#[test]
fn depth_is_counted_in_levels_of_nesting() {
    for (text, depth) in [("3", 0), ("[]", 1), ("[3]", 1), ("{\"a\":3}", 1), ("[1,{\"a\":[2]},3]", 3)] {
        let value = parse(text).unwrap();
        assert!(!value.is_deeper_than(depth), "{text}");
        assert!(depth == 0 || value.is_deeper_than(depth - 1), "{text}");
    }
}

#[test]
fn values_take_24_bytes() {
    assert_eq!(size_of::<Value>(), 24);
}

#[test]
fn a_payload_keeps_the_text_it_came_in() {
    let text = "{ \"a\" : 1.50 ,\n \"a\" : 2 }";
    let payload = Payload::from_text(text).unwrap();
    assert_eq!(&**payload.text(), text);
    assert_eq!(payload.size(), text.len());
    assert_eq!(payload.value().to_text(), r#"{"a":2}"#);
    assert_eq!(&**payload.clone().text(), text);
    assert!(Payload::from_text("{").is_err());
}

#[test]
fn a_payload_made_from_a_value_writes_compact_text() {
    let payload = Payload::from(parse("[1, \"é\"]").unwrap());
    assert_eq!((&**payload.text(), payload.size()), ("[1,\"é\"]", 8));
    assert_eq!(payload, Payload::from_text("[1,\"é\"]").unwrap());
    assert_ne!(payload, Payload::from_text("[1, \"é\"]").unwrap());
}

#[test]
fn stored_text_is_read_when_looked_at() {
    assert_eq!(Payload::from_stored_text("[1]").value(), &parse("[1]").unwrap());
    assert_eq!(Payload::from_stored_text("[1").value(), &Value::Null);
}
