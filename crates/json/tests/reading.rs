//! The reader: what it takes, what it refuses and in which words.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failing helper fails its test")]

use json::{ErrorKind, MAX_DEPTH, Number, Value, parse, parse_bytes, spanned};

fn nested(depth: usize) -> String {
    format!("{}{}", "[".repeat(depth), "]".repeat(depth))
}

#[test]
fn documents_are_read_whatever_blanks_surround_them() {
    for (text, expected) in [
        (" 1\n", "1"),
        ("\t[ 1 , 2 ]\r\n", "[1,2]"),
        ("{ \"a\" : { } , \"b\" : [ ] }", r#"{"a":{},"b":[]}"#),
        ("\"\"", "\"\""),
        ("null", "null"),
        ("[true,false]", "[true,false]"),
    ] {
        assert_eq!(parse(text).unwrap().to_text(), expected);
    }
}

#[test]
fn depth_is_limited() {
    assert!(parse(&nested(MAX_DEPTH)).is_ok());
    let error = parse(&nested(MAX_DEPTH + 1)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::TooDeep(MAX_DEPTH));
    assert_eq!(error.message(), "Document nesting depth (513) exceeds the maximum allowed (512)");
    assert!(parse(&"[".repeat(1_000_000)).is_err());
    assert!(parse(&"{\"a\":".repeat(1_000_000)).is_err());
    assert!(spanned::parse(&nested(MAX_DEPTH + 1)).is_err());
}

#[test]
fn siblings_do_not_add_up_to_depth() {
    let text = format!("[{}]", vec!["[{}]"; 2_000].join(","));
    assert_eq!(parse(&text).unwrap().to_text(), text);
}

#[test]
fn of_a_key_given_twice_the_last_value_counts_at_the_first_place() {
    let text = r#"{"a":1,"b":2,"a":3}"#;
    assert_eq!(parse(text).unwrap().to_text(), r#"{"a":3,"b":2}"#);
    let tree = spanned::parse(text).unwrap();
    assert_eq!(tree.to_value().to_text(), r#"{"a":3,"b":2}"#);
    let keys: Vec<&str> = tree.as_object().unwrap().iter().map(|member| &*member.key).collect();
    assert_eq!(keys, ["a", "b", "a"]);
    assert_eq!(tree.get("a").unwrap().to_value(), Value::from(3i64));
}

#[test]
fn spans_point_at_what_was_read() {
    let text = "{ \"kéy\" : [ 12.50 , \"x\\n\" ] }";
    let tree = spanned::parse(text).unwrap();
    let member = tree.member("kéy").unwrap();
    assert_eq!(&text[tree.span.clone()], text);
    assert_eq!(&text[member.key_span.clone()], "\"kéy\"");
    assert_eq!(&text[member.value.span.clone()], "[ 12.50 , \"x\\n\" ]");
    let items = member.value.as_array().unwrap();
    assert_eq!(&text[items[0].span.clone()], "12.50");
    assert_eq!(&text[items[1].span.clone()], "\"x\\n\"");
    assert_eq!(items[1].as_str(), Some("x\n"));
}

#[test]
fn escapes_are_understood() {
    assert_eq!(
        parse(r#""\"\\\/\b\f\n\r\té\ud83d\ude00""#).unwrap().as_str(),
        Some("\"\\/\u{8}\u{c}\n\r\té😀")
    );
    for text in [
        r#""\ud83d""#,
        r#""\ude00""#,
        r#""\ud83dA""#,
        r#""\ud83d\ud83d""#,
        r#""\u12""#,
        r#""\u12G4""#,
        r#""\x""#,
        r#""\"#,
        "\"\\u00é0\"",
    ] {
        assert!(parse(text).is_err(), "{text}");
    }
}

#[test]
fn errors_read_as_jacksons() {
    const VALUES: &str = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')";
    for (text, message, line, column) in [
        ("", "Unexpected end-of-input".to_owned(), 1, 1),
        ("{bad json}", "Unexpected character ('b' (code 98)): was expecting double-quote to start field name".to_owned(), 1, 2),
        ("{\"a\" 1}", "Unexpected character ('1' (code 49)): was expecting a colon to separate field name and value".to_owned(), 1, 6),
        ("{\"a\":1 \"b\"}", "Unexpected character ('\"' (code 34)): was expecting comma to separate Object entries".to_owned(), 1, 8),
        ("[1 2]", "Unexpected character ('2' (code 50)): was expecting comma to separate Array entries".to_owned(), 1, 4),
        ("[1,\n ]", format!("Unexpected character (']' (code 93)): expected a valid value {VALUES}"), 2, 2),
        ("[1,", "Unexpected end-of-input".to_owned(), 1, 4),
        ("[1", "Unexpected end-of-input: expected close marker for Array".to_owned(), 1, 3),
        ("{\"a\":1", "Unexpected end-of-input: expected close marker for Object".to_owned(), 1, 7),
        ("\"a", "Unexpected end-of-input: was expecting closing quote for a string value".to_owned(), 1, 3),
        ("tru", format!("Unrecognized token 'tru': was expecting {VALUES}"), 1, 4),
        ("nulls", format!("Unrecognized token 'nulls': was expecting {VALUES}"), 1, 6),
        ("[é]", format!("Unrecognized token 'é': was expecting {VALUES}"), 1, 3),
        ("01", "Invalid numeric value: Leading zeroes not allowed".to_owned(), 1, 2),
        ("\"a\u{1}\"", "Illegal unquoted character ((CTRL-CHAR, code 1)): has to be escaped using backslash to be included in string value".to_owned(), 1, 3),
        ("\"\\q\"", "Unrecognized character escape 'q' (code 113)".to_owned(), 1, 3),
        ("1 }", "Unexpected character ('}' (code 125)): expected end of the document".to_owned(), 1, 3),
        ("\n\n  x", format!("Unrecognized token 'x': was expecting {VALUES}"), 3, 4),
    ] {
        let error = parse(text).unwrap_err();
        assert_eq!((error.message(), error.line, error.column), (message.clone(), line, column), "{text}");
        assert_eq!(error.to_string(), format!("{message} at line {line}, column {column}"));
        assert_eq!(spanned::parse(text).unwrap_err(), error);
    }
}

#[test]
fn what_only_looks_like_json_is_refused() {
    for text in [
        "'a'",
        "{a:1}",
        "[1,]",
        "{\"a\":1,}",
        "{,}",
        "[,]",
        "+1",
        ".5",
        "1.",
        "1.e3",
        "1e",
        "1e+",
        "-",
        "--1",
        "0x1",
        "1a",
        "1_0",
        "NaN",
        "Infinity",
        "-Infinity",
        "True",
        "undefined",
        "// c\n1",
        "/* c */1",
        "1 2",
        "[1]]",
        "{\"a\"}",
        "{1:2}",
        "{\"a\":}",
        "\u{feff}1",
        "\"a\nb\"",
        "1e999",
        "-1e999",
        "\u{a0}1",
    ] {
        assert!(parse(text).is_err(), "{text}");
    }
}

#[test]
fn bytes_must_be_utf8() {
    assert_eq!(parse_bytes("[\"é\"]".as_bytes()).unwrap().to_text(), "[\"é\"]");
    let error = parse_bytes(b"[1,\n\"\xff\"]").unwrap_err();
    assert_eq!((error.kind, error.offset, error.line, error.column), (ErrorKind::NotUtf8, 5, 2, 2));
}

#[test]
fn integers_keep_every_digit() {
    for text in [
        "0",
        "-1",
        "9007199254740993",
        "9223372036854775807",
        "-9223372036854775808",
        "9223372036854775808",
        "18446744073709551615",
        "18446744073709551616",
        "-9223372036854775809",
        "123456789012345678901234567890",
    ] {
        assert_eq!(parse(text).unwrap().to_text(), text);
    }
    assert_eq!(parse("-0").unwrap().to_text(), "0");
    assert!(matches!(parse("18446744073709551616"), Ok(Value::Number(Number::Big(_)))));
}

#[test]
fn a_number_kept_as_its_spelling_is_written_so_and_compares_by_value() {
    let spelled = |text: &str| Value::Number(Number::Big(text.into()));
    assert_eq!(spelled("1.700000000E9").to_text(), "1.700000000E9");
    assert_eq!(spelled("1.700000000E9"), Value::from(1_700_000_000i64));
    assert_eq!(spelled("1.50"), Value::from_f64(1.5));
    assert_ne!(spelled("1.50"), Value::from(1i64));
    assert_eq!(spelled("1.50"), spelled("1.5"));
}

#[test]
fn numbers_compare_by_value() {
    let ordered = [
        "-123456789012345678901234567891",
        "-123456789012345678901234567890",
        "-9223372036854775808",
        "-1.5",
        "-1",
        "0",
        "0.5",
        "1",
        "9007199254740993",
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551615",
        "18446744073709551616",
        "99999999999999999999999",
        "1e300",
    ];
    let numbers: Vec<Number> =
        ordered.iter().map(|t| parse(t).unwrap().as_number().unwrap().clone()).collect();
    for (i, a) in numbers.iter().enumerate() {
        for (j, b) in numbers.iter().enumerate() {
            assert_eq!(a.compare(b), i.cmp(&j), "{} {}", ordered[i], ordered[j]);
        }
    }
    assert_eq!(parse("1").unwrap(), parse("1.0").unwrap());
    assert_ne!(parse("1").unwrap(), parse("\"1\"").unwrap());
    // The nearest double of 2^53 + 1 is 2^53.
    assert_ne!(parse("9007199254740993").unwrap(), parse("9007199254740992.0").unwrap());
    assert_eq!(parse("9007199254740992").unwrap(), parse("9007199254740992.0").unwrap());
    assert_ne!(parse("9223372036854775807").unwrap(), parse("9223372036854775808.0").unwrap());
}
