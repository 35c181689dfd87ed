//! Warning `POSSIBLY_UNDEFINED_VARIABLE`: some way from StartAt to a state assigns no value to a variable that the state
//! reads. A way leads through the Assign of the state, the rule or the catcher that it takes; a block inside a state sees
//! what is assigned when the state is entered.
// AWS: the code is half confirmed; the words and the place are unconfirmed, chosen as the state that reads.

use crate::checker::Checker;
use crate::definition::{Block, State, StateKind};
use crate::diagnostic::Code;
use crate::location::shown;
use crate::outline::Outline;
use crate::variable_references::read_by;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// The most variables of one definition that are followed: the work grows with their number times that of the ways.
const MOST_VARIABLES: usize = 1_000;

/// Checks a definition that compiles.
pub(crate) fn check(outline: &Outline<'_>, block: &Block, cx: &mut Checker) {
    let mut left = MOST_VARIABLES;
    check_block(outline, block, &HashSet::new(), &mut left, cx);
}

/// `outer` is what is assigned for certain where the block begins.
fn check_block(
    outline: &Outline<'_>,
    block: &Block,
    outer: &HashSet<Arc<str>>,
    left: &mut usize,
    cx: &mut Checker,
) {
    let ways = Ways::of(outline);
    let mut names = BTreeSet::new();
    read_within(block, &mut names);
    // For each variable the states where it may have no value yet.
    let mut unassigned: HashMap<Arc<str>, Vec<bool>> = HashMap::new();
    for name in names.into_iter().filter(|name| !outer.contains(name)) {
        if *left == 0 {
            return;
        }
        *left -= 1;
        let reached = ways.reached_without(&name);
        unassigned.insert(name, reached);
    }
    for (index, (name, state)) in outline.states.iter().enumerate() {
        let Some(compiled) = block.states.get(*name) else { continue };
        let is_unassigned = |variable: &Arc<str>| {
            unassigned.get(variable).and_then(|states| states.get(index)).copied().unwrap_or(false)
        };
        for variable in read_by(compiled).iter().filter(|variable| is_unassigned(variable)) {
            let message = format!("The variable '${}' may be undefined", shown(variable));
            cx.warn(Code::PossiblyUndefinedVariable, &state.field.key(), message);
        }
        let inner = inner_blocks(compiled);
        if inner.is_empty() {
            continue;
        }
        // Executions of a distributed Map see no variable of their parent.
        let seen: HashSet<Arc<str>> = match state.is_distributed {
            true => HashSet::new(),
            false => {
                let own = unassigned.keys().filter(|variable| !is_unassigned(variable));
                own.chain(outer).cloned().collect()
            }
        };
        for (outline, block) in state.blocks.iter().zip(inner) {
            check_block(outline, block, &seen, left, cx);
        }
    }
}

/// The names that a block reads, in the blocks inside too, but for those with variables of their own.
fn read_within(block: &Block, names: &mut BTreeSet<Arc<str>>) {
    for state in block.states.values() {
        names.extend(read_by(state));
        let is_distributed = matches!(&state.kind, StateKind::Map(map) if map.distributed.is_some());
        if !is_distributed {
            inner_blocks(state).into_iter().for_each(|inner| read_within(inner, names));
        }
    }
}

fn inner_blocks(state: &State) -> Vec<&Block> {
    match &state.kind {
        StateKind::Parallel(parallel) => parallel.branches.iter().collect(),
        StateKind::Map(map) => vec![&map.processor],
        StateKind::Pass(_)
        | StateKind::Task(_)
        | StateKind::Choice(_)
        | StateKind::Wait(_)
        | StateKind::Succeed
        | StateKind::Fail(_) => Vec::new(),
    }
}

/// The ways between the states of a block, which are counted in the order of the text.
struct Ways<'d> {
    start: Option<usize>,
    /// From each state to others, with what is assigned on the way.
    out: Vec<Vec<(usize, HashSet<&'d str>)>>,
}

impl<'d> Ways<'d> {
    fn of(outline: &Outline<'d>) -> Ways<'d> {
        let index = |name: &str| outline.states.get_index_of(name);
        let out = outline.states.values().map(|state| {
            let ways = state.targets.iter();
            ways.filter_map(|way| Some((index(way.name)?, way.assigned.iter().copied().collect()))).collect()
        });
        Ways { start: outline.start_at.as_ref().and_then(|start| index(start.name)), out: out.collect() }
    }

    /// The states that a way leads to on which the variable is not assigned.
    fn reached_without(&self, variable: &str) -> Vec<bool> {
        let mut reached = vec![false; self.out.len()];
        let mut open: Vec<usize> = self.start.into_iter().collect();
        while let Some(state) = open.pop() {
            let Some(is_reached @ false) = reached.get_mut(state) else { continue };
            *is_reached = true;
            let ways = self.out.get(state).into_iter().flatten();
            open.extend(ways.filter(|(_, assigned)| !assigned.contains(variable)).map(|(next, _)| *next));
        }
        reached
    }
}

#[cfg(test)]
mod tests {
    use crate::{Code, compile};
    use model::StateMachineType;

    fn warnings(states: &str) -> Vec<String> {
        let text = format!(r#"{{"StartAt":"A","States":{{{states},"End":{{"Type":"Succeed"}}}}}}"#);
        let compiled = compile(&text, StateMachineType::Standard).expect("a valid definition");
        let found = compiled.warnings.iter().filter(|d| d.code == Code::PossiblyUndefinedVariable);
        found.map(|d| format!("{} at {}", d.message, d.location.as_deref().unwrap_or("null"))).collect()
    }

    fn undefined(name: &str, at: &str) -> String {
        format!("The variable '${name}' may be undefined at {at}")
    }

    #[test]
    fn a_variable_that_nothing_assigns_is_told_of() {
        let state = r#""A":{"Type":"Pass","Parameters":{"a.$":"$x.y"},"Next":"End"}"#;
        assert_eq!(warnings(state), [undefined("x", "/States/A")]);
        let jsonata = r#""A":{"Type":"Pass","QueryLanguage":"JSONata","Output":"{% ($own := 1; $own + $x + $sum([1])) %}","Next":"End"}"#;
        assert_eq!(warnings(jsonata), [undefined("x", "/States/A")]);
    }

    #[test]
    fn a_state_does_not_see_what_it_assigns_itself() {
        let state = r#""A":{"Type":"Pass","Assign":{"x.$":"$x"},"Next":"B"},"B":{"Type":"Pass","InputPath":"$x","Next":"End"}"#;
        assert_eq!(warnings(state), [undefined("x", "/States/A")]);
    }

    #[test]
    fn every_way_has_to_assign_it() {
        let choice = |rule: &str, default: &str| {
            warnings(&format!(
                r#""A":{{"Type":"Choice","Choices":[{{"Variable":"$.a","IsNull":true,"Next":"B"{rule}}}],"Default":"B"{default}}},
                "B":{{"Type":"Pass","InputPath":"$x","Next":"End"}}"#
            ))
        };
        let assign = r#","Assign":{"x":1}"#;
        assert_eq!(choice(assign, assign), [""; 0]);
        assert_eq!(choice(assign, ""), [undefined("x", "/States/B")]);
        assert_eq!(choice("", assign), [undefined("x", "/States/B")]);
        let caught = r#""A":{"Type":"Task","Resource":"arn:aws:lambda:us-east-1:000000000000:function:f","Assign":{"x":1},
            "Catch":[{"ErrorEquals":["E"],"Next":"B"}],"Next":"B"},"B":{"Type":"Pass","InputPath":"$x","Next":"End"}"#;
        assert_eq!(warnings(caught), [undefined("x", "/States/B")]);
        let both = caught.replace(r#""Next":"B"}],"#, r#""Next":"B","Assign":{"x":1}}],"#);
        assert_eq!(warnings(&both), [""; 0]);
    }

    #[test]
    fn a_loop_back_assigns_what_it_assigns() {
        let states = r#""A":{"Type":"Pass","Next":"B"},
            "B":{"Type":"Choice","Choices":[{"Variable":"$x","IsPresent":true,"Next":"End"}],"Default":"C"},
            "C":{"Type":"Pass","Assign":{"x":1},"Next":"B"}"#;
        assert_eq!(warnings(states), [undefined("x", "/States/B")]);
    }

    #[test]
    fn inner_blocks_see_what_their_state_sees_and_keep_their_own() {
        let branch = r#"{"StartAt":"B","States":{"B":{"Type":"Pass","InputPath":"$x","Assign":{"own":1},"Next":"C"},
            "C":{"Type":"Pass","InputPath":"$own","Parameters":{"n.$":"$no"},"End":true}}}"#;
        let parallel = |assign: &str| {
            warnings(&format!(
                r#""A":{{"Type":"Pass"{assign},"Next":"P"}},"P":{{"Type":"Parallel","Branches":[{branch}],"Next":"D"}},
                "D":{{"Type":"Pass","InputPath":"$own","Next":"End"}}"#
            ))
        };
        let inner = undefined("no", "/States/P/Branches[0]/States/C");
        assert_eq!(parallel(r#","Assign":{"x":1}"#), [inner.clone(), undefined("own", "/States/D")]);
        let first = undefined("x", "/States/P/Branches[0]/States/B");
        assert_eq!(parallel(""), [first, inner, undefined("own", "/States/D")]);
    }

    #[test]
    fn many_variables_are_followed_within_bounds() {
        let reads: String = (0..3_000).map(|n| format!(r#""k{n}.$":"$v{n}","#)).collect();
        let state = format!(r#""A":{{"Type":"Pass","Parameters":{{{reads}"z":1}},"Next":"End"}}"#);
        assert!(warnings(&state).len() <= 1_000);
    }
}
