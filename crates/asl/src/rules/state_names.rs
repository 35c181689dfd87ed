//! "Duplicate State name: X": the name of a state is unique over all blocks of the machine, and has 1 to 80 characters.
// AWS: the location of a duplicate and the words about the length are unconfirmed.

use crate::checker::Checker;
use crate::diagnostic::Code;
use crate::location::shown;
use crate::outline::Outline;
use model::limits::NAME_LENGTH;
use std::collections::HashSet;

/// Checks the names of every block.
pub(crate) fn check<'d>(block: &Outline<'d>, seen: &mut HashSet<&'d str>, cx: &mut Checker) {
    for (name, state) in &block.states {
        if !(1..=NAME_LENGTH).contains(&name.chars().count()) {
            let message =
                format!("State name must have between 1 and {NAME_LENGTH} characters: {}", shown(name));
            cx.error(Code::InvalidStateName, &state.field.key(), message);
        }
        if !seen.insert(name) {
            let message = format!("Duplicate State name: {}", shown(name));
            cx.error(Code::DuplicateStateName, &state.field.key(), message);
        }
        state.blocks.iter().for_each(|inner| check(inner, seen, cx));
    }
}

#[cfg(test)]
mod tests {
    use crate::test_support::{problems, problems_of_state};

    #[test]
    fn names_are_unique_over_all_blocks() {
        let branch = r#"{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}"#;
        assert_eq!(
            problems_of_state(&format!(r#"{{"Type":"Parallel","End":true,"Branches":[{branch}]}}"#)),
            ["DUPLICATE_STATE_NAME: Duplicate State name: A at /States/A/Branches[0]/States/A"]
        );
    }

    #[test]
    fn names_have_1_to_80_characters() {
        let named =
            |name: &str| format!(r#"{{"StartAt":"{name}","States":{{"{name}":{{"Type":"Succeed"}}}}}}"#);
        assert_eq!(problems(&named(&"ä ".repeat(40))), [""; 0]);
        let cut = format!("{} ...", "ä".repeat(80));
        assert_eq!(
            problems(&named(&"ä".repeat(81))),
            [format!(
                "INVALID_STATE_NAME: State name must have between 1 and 80 characters: {cut} at /States/{cut}"
            )]
        );
        assert_eq!(problems(&named("")).len(), 1);
    }
}
