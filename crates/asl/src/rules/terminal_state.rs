//! "Workflow has no terminal state", with no location: the top level has a Succeed, a Fail, or a state with `End: true`.
//! Blocks inside are not asked. A state without Type is none, one of an unknown Type may be.

use crate::checker::Checker;
use crate::diagnostic::Code;
use crate::outline::Outline;

/// Whether the top level has a terminal state; says so where it has none.
pub(crate) fn check(top: &Outline<'_>, cx: &mut Checker) -> bool {
    let has_end = top.states.values().any(|state| state.is_terminal);
    if !has_end {
        cx.error_nowhere(Code::MissingEndState, "Workflow has no terminal state");
    }
    has_end
}

#[cfg(test)]
mod tests {
    use crate::test_support::{problems, problems_of_state};

    #[test]
    fn a_workflow_that_cannot_end_is_refused_and_hides_unreachable_states() {
        // AWS: recorded for A and B, measured that unreachable states are hidden.
        let text = r#"{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"B"},"B":{"Type":"Pass","Next":"A"},"C":{"Type":"Pass","Next":"A"}}}"#;
        assert_eq!(problems(text), ["MISSING_END_STATE: Workflow has no terminal state at null"]);
    }

    #[test]
    fn end_false_ends_nothing() {
        let found = problems_of_state(r#"{"Type":"Pass","End":false}"#);
        assert!(found.contains(&"MISSING_END_STATE: Workflow has no terminal state at null".to_owned()));
    }

    #[test]
    fn blocks_inside_need_no_end() {
        let state = r#"{"Type":"Parallel","End":true,"Branches":[{"StartAt":"B","States":{"B":{"Type":"Pass","Next":"B"}}}]}"#;
        assert_eq!(problems_of_state(state), [""; 0]);
    }
}
