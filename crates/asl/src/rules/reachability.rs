//! `State "X" is not reachable.`: a path of Next, Default, choice rules and catchers leads from StartAt to every state of
//! its block.

use crate::checker::Checker;
use crate::diagnostic::Code;
use crate::location::shown;
use crate::outline::Outline;
use std::collections::HashSet;

/// Checks the block and the blocks inside. A block without StartAt is not asked.
pub(crate) fn check(block: &Outline<'_>, cx: &mut Checker) {
    if let Some(start) = &block.start_at {
        let mut reached = HashSet::new();
        let mut open = vec![start.name];
        while let Some(name) = open.pop() {
            if let Some(state) = block.states.get(name)
                && reached.insert(name)
            {
                open.extend(state.targets.iter().map(|target| target.name));
            }
        }
        for (name, state) in block.states.iter().filter(|(name, _)| !reached.contains(**name)) {
            let message = format!("State \"{}\" is not reachable.", shown(name));
            cx.error(Code::MissingTransitionTarget, &state.field.key(), message);
        }
    }
    block.inner_blocks().for_each(|inner| check(inner, cx));
}

#[cfg(test)]
mod tests {
    use crate::test_support::{problems, problems_of_state};

    #[test]
    fn states_that_nothing_leads_to_are_refused() {
        let text =
            r#"{"StartAt":"A","States":{"A":{"Type":"Pass","End":true},"C":{"Type":"Pass","Next":"A"}}}"#;
        assert_eq!(problems(text), ["MISSING_TRANSITION_TARGET: State \"C\" is not reachable. at /States/C"]);
        let inner = r#"{"StartAt":"B","States":{"B":{"Type":"Succeed"},"C":{"Type":"Succeed"}}}"#;
        assert_eq!(
            problems_of_state(&format!(r#"{{"Type":"Parallel","End":true,"Branches":[{inner}]}}"#)),
            ["MISSING_TRANSITION_TARGET: State \"C\" is not reachable. at /States/A/Branches[0]/States/C"]
        );
    }

    #[test]
    fn defaults_rules_and_catchers_lead_somewhere() {
        let text = r#"{"StartAt":"A","States":{
            "A":{"Type":"Choice","Choices":[{"Variable":"$.a","IsNull":true,"Next":"B"}],"Default":"C"},
            "B":{"Type":"Task","Resource":"arn:aws:lambda:us-east-1:000000000000:function:f",
                 "Catch":[{"ErrorEquals":["E"],"Next":"D"}],"Next":"A"},
            "C":{"Type":"Succeed"},"D":{"Type":"Fail"}}}"#;
        assert_eq!(problems(text), [""; 0]);
    }
}
