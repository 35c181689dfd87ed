//! Map Runs: their names, and those of what belongs to them.

use crate::arn::{ExecutionArn, StateMachineArn, StatesArn};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// The ARN of a Map Run: `arn:PARTITION:states:REGION:ACCOUNT:mapRun:MACHINE/LABEL:UUID`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MapRunArn(pub Arc<str>);

impl MapRunArn {
    /// The ARN of a run of the Map with that label, in an execution of the machine; the machine may itself be that of a
    /// distributed Map's children.
    pub fn new(machine: &StateMachineArn, label: &str, uuid: &str) -> MapRunArn {
        let prefix = prefix_of(&machine.0);
        let (name, _) = machine.labelled();
        MapRunArn(format!("{prefix}:mapRun:{name}/{label}:{uuid}").into())
    }

    /// What makes it different from other runs of its Map.
    pub fn uuid(&self) -> &str {
        self.0.splitn(8, ':').nth(7).unwrap_or("")
    }

    /// The machine of the children.
    pub fn child_machine(&self) -> StateMachineArn {
        StateMachineArn(format!("{}:stateMachine:{}", prefix_of(&self.0), self.labelled_name()).into())
    }

    /// A Standard child.
    pub fn child(&self, name: &str) -> ExecutionArn {
        ExecutionArn(format!("{}:execution:{}:{name}", prefix_of(&self.0), self.labelled_name()).into())
    }

    /// An Express child.
    // AWS: unconfirmed, chosen because ARNs of other Express executions are built so.
    pub fn express_child(&self, name: &str, unique: &str) -> ExecutionArn {
        let (prefix, machine) = (prefix_of(&self.0), self.labelled_name());
        ExecutionArn(format!("{prefix}:express:{machine}:{name}:{unique}").into())
    }

    /// `MACHINE/LABEL`
    fn labelled_name(&self) -> &str {
        StatesArn::parse(&self.0).ok().and_then(|arn| arn.rest.split(':').next()).unwrap_or("")
    }
}

impl StateMachineArn {
    /// The machine's name, and the label where it is the machine of a distributed Map's children.
    pub fn labelled(&self) -> (&str, Option<&str>) {
        match self.name().split_once('/') {
            Some((name, label)) => (name, Some(label)),
            None => (self.name(), None),
        }
    }

    /// The machine that a machine of children belongs to; of any other machine itself.
    pub fn without_label(&self) -> StateMachineArn {
        match self.0.split_once('/') {
            Some((machine, _)) => StateMachineArn(machine.into()),
            None => self.clone(),
        }
    }
}

impl fmt::Display for MapRunArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `arn:PARTITION:states:REGION:ACCOUNT`
fn prefix_of(arn: &str) -> &str {
    arn.match_indices(':').nth(4).and_then(|(end, _)| arn.get(..end)).unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_to_a_run_is_named_after_its_map() {
        let machine = StateMachineArn("arn:aws:states:us-east-1:111111111111:stateMachine:orders".into());
        let run = MapRunArn::new(&machine, "Each", "u-1");
        assert_eq!(&*run.0, "arn:aws:states:us-east-1:111111111111:mapRun:orders/Each:u-1");
        assert_eq!(run.uuid(), "u-1");
        let child = run.child_machine();
        assert_eq!(&*child.0, "arn:aws:states:us-east-1:111111111111:stateMachine:orders/Each");
        assert_eq!(child.labelled(), ("orders", Some("Each")));
        assert_eq!((child.without_label(), machine.without_label()), (machine.clone(), machine));
        assert_eq!(&*run.child("c").0, "arn:aws:states:us-east-1:111111111111:execution:orders/Each:c");
        assert_eq!(run.child("c").name(), "c");
        let express = run.express_child("c", "x");
        assert_eq!(&*express.0, "arn:aws:states:us-east-1:111111111111:express:orders/Each:c:x");
        assert_eq!(MapRunArn::new(&child, "Inner", "u-2").child_machine().name(), "orders/Inner");
    }
}
