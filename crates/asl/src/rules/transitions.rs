//! "Missing 'Next' target: X" at the field that names it: StartAt, Next, Default, Next of a choice rule and of a catcher
//! name a state of the same block. The sentence says `'Next'` for every one of them.

use crate::checker::Checker;
use crate::diagnostic::Code;
use crate::location::shown;
use crate::outline::{Outline, Target};

/// Checks every target of the block and of the blocks inside.
pub(crate) fn check(block: &Outline<'_>, cx: &mut Checker) {
    let mut check_target = |target: &Target<'_>| {
        if !block.states.contains_key(target.name) {
            let message = format!("Missing 'Next' target: {}", shown(target.name));
            cx.error(Code::MissingTransitionTarget, &target.field, message);
        }
    };
    block.start_at.iter().for_each(&mut check_target);
    block.states.values().flat_map(|state| &state.targets).for_each(&mut check_target);
    block.inner_blocks().for_each(|inner| check(inner, cx));
}

#[cfg(test)]
mod tests {
    use crate::test_support::{problems, problems_of_state};

    fn missing(at: &str) -> String {
        format!("MISSING_TRANSITION_TARGET: Missing 'Next' target: X at /States/A/{at}")
    }

    #[test]
    fn dangling_targets_are_named_at_the_field_that_points() {
        // AWS: recorded.
        assert_eq!(
            problems_of_state(r#"{"Type":"Pass","Next":"X"}"#),
            [missing("Next"), "MISSING_END_STATE: Workflow has no terminal state at null".into()]
        );
        let choice =
            r#"{"Type":"Choice","Choices":[{"Variable":"$.a","IsNull":true,"Next":"X"}],"Default":"X"}"#;
        assert_eq!(
            problems_of_state(choice),
            [
                missing("Choices[0]/Next"),
                missing("Default"),
                "MISSING_END_STATE: Workflow has no terminal state at null".into()
            ]
        );
        let task = r#"{"Type":"Task","Resource":"arn:aws:lambda:us-east-1:000000000000:function:f","Catch":[{"ErrorEquals":["E"],"Next":"X"}],"End":true}"#;
        assert_eq!(problems_of_state(task), [missing("Catch[0]/Next")]);
    }

    #[test]
    fn a_dangling_start_reaches_nothing() {
        // AWS: recorded.
        assert_eq!(
            problems(r#"{"StartAt":"MissingState","States":{"First":{"Type":"Pass","End":true}}}"#),
            [
                "MISSING_TRANSITION_TARGET: Missing 'Next' target: MissingState at /StartAt",
                "MISSING_TRANSITION_TARGET: State \"First\" is not reachable. at /States/First"
            ]
        );
    }

    #[test]
    fn blocks_do_not_see_each_others_states() {
        let state = r#"{"Type":"Parallel","End":true,"Branches":[{"StartAt":"B","States":{"B":{"Type":"Pass","Next":"A"}}}]}"#;
        assert_eq!(
            problems_of_state(state),
            ["MISSING_TRANSITION_TARGET: Missing 'Next' target: A at /States/A/Branches[0]/States/B/Next"]
        );
    }
}
