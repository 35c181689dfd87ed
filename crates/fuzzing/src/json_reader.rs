//! The JSON reader, with places and without, and the writer.

use json::{ErrorKind, ParseError, Payload, Value, spanned};
use std::ops::Range;

/// The input is a document. Both readers agree on it, places lie in the text and in one another, and what is read and
/// written reads back as itself.
pub fn json_reader(bytes: &[u8]) {
    let outcome = json::parse_bytes(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else {
        let error = outcome.expect_err("bytes that are no UTF-8 are no document");
        assert_eq!(error.kind, ErrorKind::NotUtf8);
        assert!(error.offset <= bytes.len(), "the error is behind the text");
        return;
    };
    match (outcome, spanned::parse(text)) {
        (Ok(value), Ok(tree)) => holds(text, &value, &tree),
        (Err(plain), Err(with_places)) => {
            assert_eq!(plain, with_places, "the readers see different errors");
            is_placed(&plain, text);
        }
        (plain, with_places) => {
            assert_eq!(plain.is_ok(), with_places.is_ok(), "one reader refuses what the other accepts");
        }
    }
}

fn holds(text: &str, value: &Value, tree: &spanned::Spanned) {
    assert!(!value.is_deeper_than(json::MAX_DEPTH), "read deeper than allowed");
    assert_eq!(tree.to_value().to_text(), value.to_text(), "the readers read different values");
    encloses(tree, &(0..text.len()), text);
    let compact = value.to_text();
    let again = json::parse(&compact).expect("what is written can be read");
    assert_eq!(&again, value, "written and read again it is another value");
    assert_eq!(again.to_text(), compact, "written twice it is another text");
    assert_eq!(json::parse(&value.to_pretty_text()).as_ref(), Ok(value), "the pretty text is another value");
    let payload = Payload::from_text(text).expect("a document is a payload");
    assert_eq!(&**payload.text(), text, "a payload keeps its text");
    assert_eq!(payload.value(), value);
}

/// Every part lies inside what holds it, behind the part before it, and the text there is the part.
fn encloses(tree: &spanned::Spanned, outer: &Range<usize>, text: &str) {
    let span = &tree.span;
    assert!(outer.start <= span.start && span.end <= outer.end, "a part outside of what holds it");
    let here = text.get(span.clone()).expect("a place is between characters");
    let mut from = span.start;
    match &tree.node {
        spanned::Node::Array(items) => {
            assert!(here.starts_with('[') && here.ends_with(']'));
            for item in items {
                encloses(item, &(from..span.end), text);
                from = item.span.end;
            }
        }
        spanned::Node::Object(members) => {
            assert!(here.starts_with('{') && here.ends_with('}'));
            for member in members {
                let key = text.get(member.key_span.clone()).and_then(|key| json::parse(key).ok());
                assert_eq!(key, Some(Value::String(member.key.clone())), "a key's place holds another key");
                assert!(from <= member.key_span.start);
                encloses(&member.value, &(member.key_span.end..span.end), text);
                from = member.value.span.end;
            }
        }
        spanned::Node::Null
        | spanned::Node::Bool(_)
        | spanned::Node::Number(_)
        | spanned::Node::String(_) => {
            assert_eq!(json::parse(here), Ok(tree.to_value()), "a scalar's place holds another value");
        }
    }
}

fn is_placed(error: &ParseError, text: &str) {
    assert!(text.is_char_boundary(error.offset), "an error between the bytes of a character");
    assert!(!error.message().is_empty());
    let before = text.get(..error.offset).unwrap_or_default();
    assert_eq!(error.line, before.split('\n').count());
    assert_eq!(error.column, before.rsplit('\n').next().unwrap_or_default().chars().count() + 1);
}
