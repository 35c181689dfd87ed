//! Answers of services in every protocol, read as botocore reads them. The bytes and what botocore makes of them stand in
//! `stored/answers.json`, which `tests/sdk/answers.py --store` writes; `make sdk-proof` compares those of all operations.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests may fail")]

#[path = "../examples/answers/mod.rs"]
mod answers;

use std::collections::{BTreeMap, BTreeSet};

#[test]
fn answers_and_errors_of_every_protocol_are_read_as_botocore_reads_them() {
    let stored = json::parse(include_str!("stored/answers.json")).unwrap();
    let mut operations: BTreeMap<(&str, bool), BTreeSet<String>> = BTreeMap::new();
    for case in stored.as_array().unwrap() {
        let text = |key: &str| case.get(key).and_then(json::Value::as_str).unwrap();
        let is_error = case.get("status").and_then(json::Value::as_i64).unwrap() >= 400;
        let name = format!("{}:{}", text("service"), text("operation"));
        let read = answers::answer(case).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(&read, case.get("expected").unwrap(), "{name}, an error: {is_error}");
        operations.entry((text("protocol"), is_error)).or_default().insert(name);
    }
    let kinds: Vec<_> = operations.keys().copied().collect();
    let protocols = ["ec2", "json", "query", "rest-json", "rest-xml", "smithy-rpc-v2-cbor"];
    assert_eq!(kinds, protocols.iter().flat_map(|one| [(*one, false), (*one, true)]).collect::<Vec<_>>());
    let fewest = operations.values().map(BTreeSet::len).min().unwrap();
    let all: BTreeSet<&String> = operations.values().flatten().collect();
    assert!(fewest >= 8 && all.len() >= 48, "{fewest} of the rarest kind, {} operations", all.len());
}
