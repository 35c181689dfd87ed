//! Finding a state by its name, which is unique in the whole machine.

use crate::definition::{Block, Definition, State, StateKind};

impl Definition {
    /// The state of that name, in whichever block it stands, with the block and the states around it, outermost first.
    pub fn find_state(&self, name: &str) -> Option<FoundState<'_>> {
        find(&self.block, name, &mut Vec::new())
    }
}

/// Where a state stands.
#[derive(Clone, Debug)]
pub struct FoundState<'d> {
    /// The state.
    pub state: &'d State,
    /// The block it stands in.
    pub block: &'d Block,
    /// The Parallel and Map states around it, outermost first.
    pub around: Vec<&'d State>,
}

fn find<'d>(block: &'d Block, name: &str, around: &mut Vec<&'d State>) -> Option<FoundState<'d>> {
    if let Some(state) = block.states.get(name) {
        return Some(FoundState { state, block, around: around.clone() });
    }
    for state in block.states.values() {
        around.push(state);
        let inner = match &state.kind {
            StateKind::Parallel(parallel) => parallel.branches.as_slice(),
            StateKind::Map(map) => std::slice::from_ref(&map.processor),
            StateKind::Pass(_)
            | StateKind::Task(_)
            | StateKind::Choice(_)
            | StateKind::Wait(_)
            | StateKind::Succeed
            | StateKind::Fail(_) => &[],
        };
        let found = inner.iter().find_map(|block| find(block, name, around));
        if found.is_some() {
            return found;
        }
        around.pop();
    }
    None
}

#[cfg(test)]
mod tests {
    use crate::compile;
    use model::StateMachineType;

    #[test]
    fn states_are_found_in_every_block() {
        let text = r#"{"StartAt":"P","States":{
            "P":{"Type":"Parallel","Next":"Z","Branches":[
                {"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}},
                {"StartAt":"M","States":{"M":{"Type":"Map","End":true,"ItemProcessor":{
                    "StartAt":"B","States":{"B":{"Type":"Pass","End":true}}}}}}]},
            "Z":{"Type":"Succeed"}}}"#;
        let definition = compile(text, StateMachineType::Standard).unwrap().definition;
        for (name, around) in [("P", &[][..]), ("Z", &[]), ("A", &["P"]), ("M", &["P"]), ("B", &["P", "M"])] {
            let found = definition.find_state(name).unwrap();
            assert_eq!(&*found.state.name, name);
            assert!(found.block.states.contains_key(name));
            assert_eq!(found.around.iter().map(|state| &*state.name).collect::<Vec<_>>(), around);
        }
        assert!(definition.find_state("X").is_none());
    }
}
