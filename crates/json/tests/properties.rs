//! What holds for every value and every text.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failing helper fails its test")]

use json::{Number, Object, Payload, Value, parse, parse_bytes, spanned};
use proptest::prelude::*;

fn number() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_filter_map("finite", |n| Number::from_f64(n).map(Value::from)),
        "-?[1-9][0-9]{20,40}".prop_map(|digits| Value::Number(Number::Big(digits.into()))),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        number(),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 60, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::array),
            prop::collection::vec((any::<String>(), inner), 0..6)
                .prop_map(|members| Value::from(members.into_iter().collect::<Object>())),
        ]
    })
}

/// Text that is often almost JSON.
fn almost_json() -> impl Strategy<Value = String> {
    let token = prop_oneof![
        prop::sample::select(vec![
            "{", "}", "[", "]", ",", ":", "\"", "\"a\"", "1", "-", "0", ".5", "e9", "true", "nul", "\\u",
            "\\ud83d", "\\n", " ", "\n", "é",
        ])
        .prop_map(str::to_owned),
        any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(token, 0..16).prop_map(|tokens| tokens.concat())
}

proptest! {
    #[test]
    fn what_is_written_reads_back(value in value()) {
        let text = value.to_text();
        let again = parse(&text).unwrap();
        prop_assert_eq!(&again, &value);
        prop_assert_eq!(again.to_text(), text);
        prop_assert_eq!(parse(&value.to_pretty_text()).unwrap(), value);
    }

    #[test]
    fn doubles_read_back_to_the_bit(n in any::<f64>().prop_filter("finite", |n| n.is_finite())) {
        let text = Value::from_f64(n).to_text();
        prop_assert_eq!(parse(&text).unwrap().as_f64().unwrap().to_bits(), n.to_bits(), "{}", text);
    }

    #[test]
    fn integers_of_any_length_are_exact(digits in "-?[1-9][0-9]{0,60}") {
        prop_assert_eq!(parse(&digits).unwrap().to_text(), digits);
    }

    #[test]
    fn the_tree_with_places_holds_the_same_value(value in value()) {
        let text = value.to_pretty_text();
        let tree = spanned::parse(&text).unwrap();
        prop_assert_eq!(tree.to_value().to_text(), value.to_text());
        prop_assert!(spans_hold_their_values(&tree, &text));
    }

    #[test]
    fn both_readers_agree_on_every_text(text in almost_json()) {
        match (parse(&text), spanned::parse(&text)) {
            (Ok(plain), Ok(tree)) => prop_assert_eq!(plain.to_text(), tree.to_value().to_text()),
            (Err(plain), Err(tree)) => {
                prop_assert_eq!(&plain, &tree);
                prop_assert!(text.is_char_boundary(plain.offset));
            }
            (plain, tree) => prop_assert!(false, "{:?} {:?}", plain, tree),
        }
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = parse_bytes(&bytes);
    }

    #[test]
    fn a_payload_is_its_text(value in value()) {
        let text = value.to_pretty_text();
        let payload = Payload::from_text(text.as_str()).unwrap();
        prop_assert_eq!(&**payload.text(), text.as_str());
        prop_assert_eq!(payload.value(), &value);
    }

    #[test]
    fn comparison_is_an_order(a in number(), b in number()) {
        let (a, b) = (a.as_number().unwrap().clone(), b.as_number().unwrap().clone());
        prop_assert_eq!(a.compare(&b), b.compare(&a).reverse());
        prop_assert_eq!(a.compare(&a), std::cmp::Ordering::Equal);
    }
}

fn spans_hold_their_values(tree: &spanned::Spanned, text: &str) -> bool {
    let here = text.get(tree.span.clone()).and_then(|part| parse(part).ok());
    let below = match &tree.node {
        spanned::Node::Array(items) => items.iter().all(|item| spans_hold_their_values(item, text)),
        spanned::Node::Object(members) => members.iter().all(|member| {
            let key = text.get(member.key_span.clone()).and_then(|part| parse(part).ok());
            key == Some(Value::String(member.key.clone())) && spans_hold_their_values(&member.value, text)
        }),
        spanned::Node::Null
        | spanned::Node::Bool(_)
        | spanned::Node::Number(_)
        | spanned::Node::String(_) => true,
    };
    below && here == Some(tree.to_value())
}
