//! A definition or a template in YAML.

use json::spanned::Spanned;
use template::{Definition, Place, ReadError, Substitutions, Syntax};

const PLACE: Place<'static> = Place { partition: "aws", region: "us-east-1", account: "000000000000" };

/// The most that is taken: a template of CloudFormation.
const LONGEST: usize = 1 << 20;

/// The input is YAML, or JSON with placeholders. It is read with every place inside the text, or refused with one; JSON reads
/// the same in both; machines are found, filled and validated without a panic; nothing that is left names a placeholder that
/// was given.
pub fn yaml(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if text.len() > LONGEST {
        return;
    }
    let values: Substitutions = [("A", "1"), ("B", "${A}"), ("Text", "t")].into_iter().collect();
    for syntax in [Syntax::Yaml, Syntax::Json] {
        let document = match template::document::read(text, syntax) {
            Ok(document) => document,
            Err(ReadError::Json(error)) => {
                assert!(error.offset <= text.len(), "{error:?}");
                continue;
            }
            Err(ReadError::Yaml { message, span } | ReadError::TooDeep { message, span }) => {
                assert!(!message.is_empty(), "refused without words");
                assert!(text.get(span.clone()).is_some(), "{span:?} is no part of the text");
                continue;
            }
        };
        check_places(text, &document.tree);
        for machine in template::machines::find(&document, text, &values, PLACE).unwrap_or_default() {
            assert!(text.get(machine.span.clone()).is_some(), "{:?} is no part of the text", machine.span);
            match machine.definition {
                Definition::Inline(document) => fill_and_validate(document, &machine.values, text),
                Definition::Text(quoted) => {
                    for (at, c) in quoted.text.char_indices().take(256) {
                        let place = quoted.place(&(at..at + c.len_utf8()));
                        assert!(text.get(place.clone()).is_some(), "{place:?} is no part of the text");
                    }
                }
                Definition::File(_) | Definition::Elsewhere => {}
            }
        }
        fill_and_validate(document, &values, text);
    }
    if let (Ok(written), Ok(document)) = (json::parse(text), template::document::read(text, Syntax::Yaml)) {
        assert_eq!(document.tree.to_value().to_text(), written.to_text(), "JSON reads otherwise as YAML");
    }
}

fn fill_and_validate(document: template::Document, values: &Substitutions, text: &str) {
    let filled = template::fill(document, values, PLACE);
    check_places(text, &filled.tree);
    for problem in asl::validate_tree(&filled.tree, model::StateMachineType::Standard) {
        if let Some(span) = &problem.span {
            assert!(text.get(span.clone()).is_some(), "{span:?} is no part of the text: {problem:?}");
        }
    }
}

fn check_places(text: &str, node: &Spanned) {
    assert!(text.get(node.span.clone()).is_some(), "{:?} is no part of the text", node.span);
    for member in node.as_object().unwrap_or_default() {
        assert!(text.get(member.key_span.clone()).is_some(), "{:?} is no part of the text", member.key_span);
        check_places(text, &member.value);
    }
    node.as_array().unwrap_or_default().iter().for_each(|item| check_places(text, item));
}
