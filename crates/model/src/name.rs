//! Names of machines, executions and activities.

use crate::limits::NAME_LENGTH;

/// Whether AWS takes the name: 1 to 80 characters, none of them blank, control or reserved. Letters beyond ASCII pass.
pub fn is_valid_name(name: &str) -> bool {
    let length = name.chars().count();
    (1..=NAME_LENGTH).contains(&length) && !name.chars().any(is_forbidden)
}

fn is_forbidden(c: char) -> bool {
    const RESERVED: &str = "<>{}[]?*\"#%\\^|~`$&,;:/";
    c.is_whitespace()
        || c.is_control()
        || RESERVED.contains(c)
        || matches!(c, '\u{FFFE}' | '\u{FFFF}' | '\u{10FFFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn punctuation_that_aws_takes_is_taken() {
        assert!(is_valid_name("a-b_c.d+e=f@g!h'(i)"));
        assert!(is_valid_name("größe"));
        assert!(is_valid_name(&"x".repeat(80)));
    }

    #[test]
    fn blank_reserved_control_and_long_names_are_refused() {
        let long = "x".repeat(81);
        for name in
            ["", "a b", "a:b", "a/b", "a\u{7}b", "a\u{85}b", "tab\t", "{}", "a\u{FFFE}", long.as_str()]
        {
            assert!(!is_valid_name(name), "{name:?}");
        }
    }
}
