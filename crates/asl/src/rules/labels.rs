//! Labels of Map states: 1 to 40 characters, none of them blank, control or reserved; unique in the machine.
// AWS: recorded which characters are refused (test_map_state_label_invalid_char_fail), documented how many; the sentences
// are unconfirmed.

use super::value_types;
use crate::checker::Checker;
use crate::diagnostic::Code;
use crate::location::shown;
use crate::tree::{Object, Place};
use std::sync::Arc;

const MAX_CHARACTERS: usize = 40;
const RESERVED: &str = "?*<>{}[]:;,\\|^~$#%&`\"";

/// The Label of a Map, or where it has none one that its place in the definition gives.
pub(crate) fn label(map: &Object<'_>, cx: &mut Checker) -> Option<Arc<str>> {
    let Some(field) = map.field("Label") else { return Some(made(&map.location().to_string())) };
    let label = value_types::string(&field, cx)?;
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
    Some(label.clone())
}

/// A label of a UUID's form. AWS makes one too; that it stays the same for the same place is our own choice.
fn made(place: &str) -> Arc<str> {
    // FNV-1a of 128 bits: nothing here needs to be hard to guess.
    let hash = place.bytes().fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d_u128, |hash, byte| {
        (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b)
    });
    // Version 8 of UUIDs: made by a rule of one's own.
    let [high, low] = [(hash >> 64) as u64, hash as u64];
    let (high, low) = ((high & !0xf000) | 0x8000, (low & !(0b11 << 62)) | (0b10 << 62));
    let (a, b, c) = (high >> 32, (high >> 16) & 0xffff, high & 0xffff);
    format!("{a:08x}-{b:04x}-{c:04x}-{:04x}-{:012x}", low >> 48, low & 0xffff_ffff_ffff).into()
}

#[cfg(test)]
mod tests {
    use super::made;
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
    fn a_map_without_a_label_gets_one_that_its_place_gives() {
        let label = made("/States/A");
        assert_eq!(label, made("/States/A"));
        assert_ne!(label, made("/States/B"));
        let parts: Vec<usize> = label.split('-').map(str::len).collect();
        assert_eq!((parts.as_slice(), label.as_bytes()[14]), ([8, 4, 4, 4, 12].as_slice(), b'8'));
    }

    #[test]
    fn two_maps_do_not_share_a_label() {
        let inner = distributed_map_with(r#""Label":"same""#).replace("\"B\"", "\"C\"");
        let outer =
            distributed_map_with(r#""Label":"same""#).replace(r#"{"Type":"Pass","End":true}"#, &inner);
        assert_eq!(codes(&problems_of_state(&outer)), ["DUPLICATE_LABEL_NAME"]);
    }
}
