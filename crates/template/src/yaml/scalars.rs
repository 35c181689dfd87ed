//! What a scalar without quotes is: the core schema of YAML 1.2, and text wherever YAML 1.1 reads something else.

use json::Number;
use json::spanned::Node;

/// The value of a plain scalar.
pub(super) fn plain(text: &str) -> Node {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Node::Null,
        "true" | "True" | "TRUE" => Node::Bool(true),
        "false" | "False" | "FALSE" => Node::Bool(false),
        _ => number(text).map_or_else(|| Node::String(text.into()), Node::Number),
    }
}

/// The number that the text writes. `010` is text: YAML 1.1 reads 8 and YAML 1.2 reads 10, and JSON knows no such number.
fn number(text: &str) -> Option<Number> {
    if let Some(digits) = text.strip_prefix("0x") {
        return u64::from_str_radix(digits, 16).ok().filter(|_| !digits.starts_with('+')).map(Number::U64);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return u64::from_str_radix(digits, 8).ok().filter(|_| !digits.starts_with('+')).map(Number::U64);
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let starts_as_one = match unsigned.as_bytes() {
        [b'0'..=b'9', ..] => true,
        [b'.', digit, ..] => digit.is_ascii_digit(),
        _ => false,
    };
    let is_ambiguous = unsigned.len() > 1
        && unsigned.starts_with('0')
        && unsigned.as_bytes().get(1).is_some_and(u8::is_ascii_digit);
    if !starts_as_one
        || is_ambiguous
        || !unsigned.bytes().all(|b| matches!(b, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'))
    {
        return None;
    }
    // As JSON has it, so that every digit is kept; what only YAML writes so (`+1`, `1.`, `.5`) goes through a double.
    if let Ok(json::Value::Number(number)) = json::parse(text.strip_prefix('+').unwrap_or(text)) {
        return Some(number);
    }
    text.parse().ok().and_then(Number::from_f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use json::Value;

    fn shown(text: &str) -> String {
        json::spanned::Spanned { span: 0..0, node: plain(text) }.to_value().to_text()
    }

    #[test]
    fn numbers_booleans_and_null_are_those_of_yaml_1_2() {
        for (text, expected) in [
            ("0", "0"),
            ("-12", "-12"),
            ("+7", "7"),
            ("1.5", "1.5"),
            ("1e3", "1000.0"),
            (".5", "0.5"),
            ("2.", "2.0"),
            ("0x1F", "31"),
            ("0o17", "15"),
            ("123456789012345678901234567890", "123456789012345678901234567890"),
            ("~", "null"),
            ("Null", "null"),
            ("", "null"),
            ("True", "true"),
            ("FALSE", "false"),
        ] {
            let expected = json::parse(expected).unwrap();
            assert_eq!(json::parse(&shown(text)).unwrap().to_text(), expected.to_text(), "{text}");
        }
    }

    #[test]
    fn everything_else_is_text() {
        for text in [
            "yes",
            "off",
            "010",
            "012345678901",
            "1.2.3",
            "2016-03-14T01:59:00Z",
            "1_000",
            "12:30",
            "--1",
            "-",
            ".",
            "+",
            "1e",
            "e1",
            ".inf",
            ".nan",
            "0x",
            "0xg",
            "0o8",
            "0x+1",
            "tRUE",
            "${Wait}",
            "$.a",
            "{% 1 %}",
            "NaN",
            "1e999",
        ] {
            assert_eq!(shown(text), Value::from(text).to_text(), "{text}");
        }
    }
}
