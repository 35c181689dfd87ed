//! The names that variables may have: Unicode's ID_Start, then ID_Continue, at most 80 characters.
// AWS: documented.

use regex::Regex;
use std::sync::LazyLock;

/// The longest name of a variable, in characters.
const LONGEST: usize = 80;

/// The derived properties spelled out as Unicode defines them: categories, and the few characters that keep a property they
/// once had (Other_ID_Start, Other_ID_Continue), without the one that is syntax (U+2E2F).
static NAME: LazyLock<Regex> = LazyLock::new(|| {
    const START: &str = r"\p{L}\p{Nl}\x{1885}\x{1886}\x{2118}\x{212E}\x{309B}\x{309C}";
    const CONTINUE: &str = r"\p{Mn}\p{Mc}\p{Nd}\p{Pc}\x{B7}\x{387}\x{1369}-\x{1371}\x{19DA}";
    let pattern = format!(r"^[[{START}]--\x{{2E2F}}][[{START}{CONTINUE}]--\x{{2E2F}}]*$");
    Regex::new(&pattern).expect("INVARIANT(pattern): the pattern is a literal")
});

/// Whether a text may name a variable.
pub fn is_variable_name(name: &str) -> bool {
    let mut ascii = name.bytes();
    let is_plain = ascii.next().is_some_and(|first| first.is_ascii_alphabetic())
        && ascii.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let is_short = name.chars().take(LONGEST + 1).count() <= LONGEST;
    is_short && (is_plain || (!name.is_ascii() && NAME.is_match(name)))
}

#[cfg(test)]
mod tests {
    use super::is_variable_name;

    #[test]
    fn names_start_as_identifiers_do() {
        for name in ["a", "Z9_", "ä", "变量", "Ⅷ", "ª", "℘", "゛a", "𝒜", "ʰx"] {
            assert!(is_variable_name(name), "{name}");
        }
        for name in [
            "", "_a", "1a", "٣", "\u{301}a", "·a", "‿a", "a b", "a-b", "a.b", "$a", "😀", "ⸯ", "a\n", "ä\n",
            "²",
        ] {
            assert!(!is_variable_name(name), "{name:?}");
        }
    }

    #[test]
    fn names_go_on_as_identifiers_do() {
        for name in ["a_1", "a٣", "e\u{301}", "a·b", "a‿b", "नमस्ते", "a፩"] {
            assert!(is_variable_name(name), "{name}");
        }
        for name in ["aⸯ", "a😀", "a\u{200d}", "a²", "a€", "a½"] {
            assert!(!is_variable_name(name), "{name:?}");
        }
    }

    #[test]
    fn names_have_at_most_80_characters() {
        assert!(is_variable_name(&"ä".repeat(80)) && is_variable_name(&"a".repeat(80)));
        assert!(!is_variable_name(&"ä".repeat(81)) && !is_variable_name(&"a".repeat(81)));
    }
}
