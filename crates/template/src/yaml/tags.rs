//! Tags: CloudFormation's short forms of its functions, and the few of YAML itself.

use json::spanned::{Member, Node, Spanned};
use saphyr_parser::Tag;
use std::ops::Range;

/// CloudFormation's functions as tags; all but the first two are `Fn::` with the same name.
const FUNCTIONS: [&str; 22] = [
    "Ref",
    "Condition",
    "Sub",
    "GetAtt",
    "Join",
    "If",
    "Select",
    "Split",
    "FindInMap",
    "ImportValue",
    "Base64",
    "Cidr",
    "GetAZs",
    "Transform",
    "And",
    "Or",
    "Not",
    "Equals",
    "ToJsonString",
    "Length",
    "Contains",
    "GetStackOutput",
];

/// What a tag says about its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A text, whatever it looks like: `!!str`, `!`.
    Text,
    /// What it looks like: `!!int` and the others of YAML that JSON has too.
    AsItLooks,
    /// A function of CloudFormation, by its long name.
    Function(String),
}

/// What the tag says; `None` for one that means nothing here.
pub(super) fn meaning(tag: &Tag) -> Option<Meaning> {
    if tag.is_yaml_core_schema() {
        return match tag.suffix.as_str() {
            "str" => Some(Meaning::Text),
            "int" | "float" | "bool" | "null" | "map" | "seq" => Some(Meaning::AsItLooks),
            _ => None,
        };
    }
    match (tag.handle.as_str(), tag.suffix.as_str()) {
        ("", "!") | ("!", "") => Some(Meaning::Text),
        ("!", name @ ("Ref" | "Condition")) => Some(Meaning::Function(name.to_owned())),
        ("!", name) if FUNCTIONS.contains(&name) => Some(Meaning::Function(format!("Fn::{name}"))),
        _ => None,
    }
}

/// The value as the argument of the function.
pub(super) fn call(function: String, value: Spanned, span: Range<usize>) -> Spanned {
    let key_span = span.start..value.span.start.max(span.start);
    let member = Member { key: function.into(), key_span, value };
    Spanned { span, node: Node::Object(vec![member]) }
}
