//! "The variable name 'x' was already defined in a parent scope.": a branch or a processor does not assign a variable
//! that a block of states around it assigns, sooner or later.

use crate::checker::Checker;
use crate::diagnostic::Code;
use crate::location::shown;
use crate::outline::{Outline, variable};
use std::collections::HashSet;

/// Checks the variables of a block and of those inside it.
pub(crate) fn check(outline: &Outline<'_>, cx: &mut Checker) {
    check_block(outline, &HashSet::new(), cx);
}

fn check_block<'d>(outline: &Outline<'d>, outer: &HashSet<&'d str>, cx: &mut Checker) {
    let mut names = outer.clone();
    for state in outline.states.values() {
        for (key, field) in &state.assigned {
            let name = variable(key, state.language);
            if outer.contains(name) {
                // AWS: recorded, but for the location.
                let message =
                    format!("The variable name '{}' was already defined in a parent scope.", shown(name));
                cx.error(Code::DuplicateVariableName, &field.key(), message);
            }
            names.insert(name);
        }
    }
    for state in outline.states.values() {
        // AWS: documented, executions of a distributed Map see no variable of their parent.
        let seen = if state.is_distributed { &HashSet::new() } else { &names };
        state.blocks.iter().for_each(|block| check_block(block, seen, cx));
    }
}

#[cfg(test)]
mod tests {
    use crate::test_support::problems;

    fn machine(outer: &str, inner: &str, config: &str) -> String {
        let pass = |assign: &str| format!(r#"{{"Type":"Pass","Assign":{assign},"End":true}}"#);
        let processor = format!(r#"{{{config}"StartAt":"B","States":{{"B":{}}}}}"#, pass(inner));
        format!(
            r#"{{"StartAt":"M","States":{{"M":{{"Type":"Map","ItemProcessor":{processor},"Next":"Z"}},"Z":{}}}}}"#,
            pass(outer)
        )
    }

    #[test]
    fn an_inner_block_does_not_assign_what_an_outer_one_assigns() {
        let expected = "DUPLICATE_VARIABLE_NAME: The variable name 'shared' was already defined in a parent scope. at /States/M/ItemProcessor/States/B/Assign/";
        for (outer, inner, key) in [
            (r#"{"shared":1}"#, r#"{"shared":2}"#, "shared"),
            (r#"{"shared.$":"$.a"}"#, r#"{"shared":2}"#, "shared"),
            (r#"{"shared":1}"#, r#"{"own":1,"shared.$":"$.a"}"#, "shared.$"),
        ] {
            assert_eq!(problems(&machine(outer, inner, "")), [format!("{expected}{key}")]);
        }
        assert_eq!(problems(&machine(r#"{"a":1}"#, r#"{"b":2}"#, "")), [""; 0]);
    }

    #[test]
    fn branches_beside_each_other_may_use_one_name() {
        let branch = |name: &str| {
            format!(
                r#"{{"StartAt":"{name}","States":{{"{name}":{{"Type":"Pass","Assign":{{"x":1}},"End":true}}}}}}"#
            )
        };
        let text = format!(
            r#"{{"StartAt":"P","States":{{"P":{{"Type":"Parallel","Branches":[{},{}],"End":true}}}}}}"#,
            branch("B"),
            branch("C")
        );
        assert_eq!(problems(&text), [""; 0]);
    }

    #[test]
    fn catchers_and_rules_assign_too() {
        let inner = r#"{"StartAt":"C","States":{
            "C":{"Type":"Choice","Choices":[{"Variable":"$.a","IsNull":true,"Next":"E","Assign":{"x":1}}]},
            "E":{"Type":"Succeed"}}}"#;
        let text = format!(
            r#"{{"StartAt":"P","States":{{"P":{{"Type":"Parallel","Branches":[{inner}],"Next":"End",
                "Catch":[{{"ErrorEquals":["States.ALL"],"Next":"End","Assign":{{"x.$":"$.Error"}}}}]}},"End":{{"Type":"Succeed"}}}}}}"#
        );
        let found = problems(&text);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].ends_with("/States/P/Branches[0]/States/C/Choices[0]/Assign/x"), "{found:?}");
    }

    #[test]
    fn executions_of_a_distributed_map_have_names_of_their_own() {
        let config = r#""ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},"#;
        let found = problems(&machine(r#"{"x":1}"#, r#"{"x":2}"#, config));
        assert!(!found.iter().any(|problem| problem.contains("DUPLICATE")), "{found:?}");
    }
}
