//! What holds for every path and every document.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failing helper fails its test")]

use json::{Object, Value, parse};
use jsonpath::Path;
use proptest::prelude::*;

fn path_like() -> impl Strategy<Value = String> {
    let token = prop_oneof![
        prop::sample::select(vec![
            ".a",
            ".b",
            "['a']",
            "[\"b\"]",
            "[0]",
            "[-1]",
            "[*]",
            ".*",
            "..",
            "..a",
            "[1:]",
            "[:1]",
            "[0,1]",
            "['a','b']",
            "[?(@.a)]",
            "[?(@.a == 1)]",
            "[?(!@.b || $.a > 'x')]",
            "[?(@.a in [1,'x'])]",
            ".length()",
            ".sum()",
            "[",
            "]",
            "(",
            ")",
            "?",
            "@",
            "'",
            "\\",
            " ",
            "&&",
            "=~ /x/",
            ",",
            ":",
            "é",
        ])
        .prop_map(str::to_owned),
        "[ -~]",
    ];
    prop::collection::vec(token, 0..8).prop_map(|tokens| format!("${}", tokens.concat()))
}

fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-c]{0,3}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::array),
            prop::collection::vec(("[a-c]", inner), 0..4)
                .prop_map(|members| Value::from(members.into_iter().collect::<Object>())),
        ]
    })
}

/// A reference path of names that every generated document may have.
fn reference() -> impl Strategy<Value = String> {
    prop::collection::vec("[a-c]", 0..4)
        .prop_map(|names| names.iter().fold("$".to_owned(), |path, name| format!("{path}.{name}")))
}

proptest! {
    #[test]
    fn no_text_panics(text in any::<String>(), document in document()) {
        for text in [text.clone(), format!("${text}"), format!("$[?({text})]")] {
            if let Ok(path) = Path::parse(&text) {
                let _ = path.eval(&document);
            }
        }
    }

    #[test]
    fn every_path_gives_what_its_kind_promises(text in path_like(), document in document()) {
        let Ok(path) = Path::parse(&text) else { return Ok(()) };
        prop_assert!(!path.is_reference() || path.is_definite());
        match path.eval(&document) {
            Ok(found) => prop_assert!(path.is_definite() || found.as_array().is_some()),
            Err(error) => prop_assert!(path.is_definite() || document.is_null() || !error.is_not_found()),
        }
    }

    #[test]
    fn what_was_written_is_read_again(text in reference(), document in document()) {
        let path = Path::parse(&text).unwrap();
        if let Ok(written) = path.set(&document, Value::from("new")) {
            let text = written.to_text();
            prop_assert_eq!(path.eval(&parse(&text).unwrap()), Ok(Value::from("new")));
        }
    }

    #[test]
    fn what_is_read_can_be_written_back_without_change(text in reference(), document in document()) {
        let path = Path::parse(&text).unwrap();
        if let Ok(found) = path.eval(&document) {
            prop_assert_eq!(path.set(&document, found).unwrap(), document);
        }
    }
}
