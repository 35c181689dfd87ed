//! Labels of Map states: 1 to 40 characters, none of them blank, control or reserved; unique in the machine.
// AWS: recorded which characters are refused (test_map_state_label_invalid_char_fail), documented how many; the sentences
// are unconfirmed.

use super::value_types;
use crate::checker::Checker;
use crate::diagnostic::Code;
use crate::location::shown;
use crate::tree::Object;

const MAX_CHARACTERS: usize = 40;
const RESERVED: &str = "?*<>{}[]:;,\\|^~$#%&`\"";

/// Checks the Label of a Map.
pub(crate) fn check(map: &Object<'_>, cx: &mut Checker) {
    let Some(field) = map.field("Label") else { return };
    let Some(label) = value_types::string(&field, cx) else { return };
    let is_forbidden = |c: char| c.is_whitespace() || c.is_control() || RESERVED.contains(c);
    if label.is_empty() {
        cx.error(Code::InvalidLabelName, &field, "Label cannot be empty");
    } else if label.chars().count() > MAX_CHARACTERS {
        let message = format!("Label cannot have more than {MAX_CHARACTERS} characters: {}", shown(label));
        cx.error(Code::InvalidLabelName, &field, message);
    } else if let Some(c) = label.chars().find(|c| is_forbidden(*c)) {
        let message = format!("Label contains the invalid character {c:?}: {label}");
        cx.error(Code::InvalidLabelName, &field, message);
    } else if !cx.labels.insert(label.clone()) {
        cx.error(Code::DuplicateLabelName, &field, format!("Duplicate Label name: {label}"));
    }
}

#[cfg(test)]
mod tests {
    use crate::test_support::{codes, distributed_map_with, problems_of_state};

    fn codes_of_label(label: &str) -> Vec<String> {
        codes(&problems_of_state(&distributed_map_with(&format!(r#""Label":"{label}""#))))
    }

    #[test]
    fn labels_have_legal_characters_and_lengths() {
        for label in
            ["", "a b", "a?", "a[", "a\u{7f}", "a\u{9f}", "a\\u0001", "a\\\\", "a\\\"", &"x".repeat(41)]
        {
            assert_eq!(codes_of_label(label), ["INVALID_LABEL_NAME"], "{label:?}");
        }
        for label in ["a", "label_1-2", &"x".repeat(40)] {
            assert_eq!(codes_of_label(label), [""; 0], "{label:?}");
        }
    }

    #[test]
    fn two_maps_do_not_share_a_label() {
        let inner = distributed_map_with(r#""Label":"same""#).replace("\"B\"", "\"C\"");
        let outer =
            distributed_map_with(r#""Label":"same""#).replace(r#"{"Type":"Pass","End":true}"#, &inner);
        assert_eq!(codes(&problems_of_state(&outer)), ["DUPLICATE_LABEL_NAME"]);
    }
}
