//! The ARNs of the service.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// Where resources live: partition, region and account, the first parts of every ARN.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Partition {
    /// `aws` unless the region lies in another partition.
    pub name: Arc<str>,
    /// Region.
    pub region: Arc<str>,
    /// Account: twelve digits.
    pub account: Arc<str>,
}

impl Partition {
    /// The partition that the region belongs to, with the account.
    pub fn of(region: &str, account: &str) -> Partition {
        let name = match region {
            r if r.starts_with("cn-") => "aws-cn",
            r if r.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        };
        Partition { name: name.into(), region: region.into(), account: account.into() }
    }

    fn prefix(&self, resource_type: &str) -> String {
        format!("arn:{}:states:{}:{}:{resource_type}:", self.name, self.region, self.account)
    }

    /// The ARN of a state machine.
    pub fn state_machine(&self, name: &str) -> StateMachineArn {
        StateMachineArn(format!("{}{name}", self.prefix("stateMachine")).into())
    }

    /// The ARN of a Standard execution.
    pub fn execution(&self, machine: &str, name: &str) -> ExecutionArn {
        ExecutionArn(format!("{}{machine}:{name}", self.prefix("execution")).into())
    }

    /// The ARN of an Express execution, whose last part alone makes it unique.
    pub fn express_execution(&self, machine: &str, name: &str, unique: &str) -> ExecutionArn {
        ExecutionArn(format!("{}{machine}:{name}:{unique}", self.prefix("express")).into())
    }

    /// The ARN of the execution that a state under TestState sees itself in.
    // AWS: recorded test_base_map_state_inspect, without the part that makes an Express execution unique.
    pub fn tested_execution(&self, machine: &str, name: &str) -> ExecutionArn {
        ExecutionArn(format!("{}{machine}:{name}", self.prefix("express")).into())
    }

    /// The ARN of an activity.
    pub fn activity(&self, name: &str) -> String {
        format!("{}{name}", self.prefix("activity"))
    }
}

/// The ARN of a state machine.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct StateMachineArn(pub Arc<str>);

/// The version and the alias through which an execution was started; neither where the machine's own ARN was given.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct StartedThrough {
    /// The version's ARN.
    pub version_arn: Option<Arc<str>>,
    /// The alias's ARN. The version is then the one that it was routed to.
    pub alias_arn: Option<Arc<str>>,
}

/// What stands behind the name in the ARN of a state machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Qualifier<'a> {
    /// The number of a version.
    Version(u64),
    /// The name of an alias.
    Alias(&'a str),
}

/// The ARN of an execution.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ExecutionArn(pub Arc<str>);

impl StateMachineArn {
    /// The machine's name.
    pub fn name(&self) -> &str {
        self.0.splitn(7, ':').nth(6).unwrap_or("")
    }

    /// Takes the ARN of a version or an alias apart: the machine's own ARN, and what follows. `None` for an ARN without a
    /// qualifier.
    pub fn qualified(text: &str) -> Option<(StateMachineArn, Qualifier<'_>)> {
        let rest = StatesArn::parse_as(text, &["stateMachine"]).ok()?.rest;
        let (name, qualifier) = rest.split_once(':')?;
        let machine = text.get(..text.len().checked_sub(qualifier.len() + 1)?)?;
        let is_number = !qualifier.is_empty() && qualifier.bytes().all(|byte| byte.is_ascii_digit());
        let qualifier = if is_number {
            // Written otherwise than a version's number is, it is the number of none.
            let number = qualifier.parse().ok().filter(|number: &u64| number.to_string() == qualifier);
            Qualifier::Version(number.unwrap_or(0))
        } else {
            Qualifier::Alias(qualifier)
        };
        (!name.is_empty()).then(|| (StateMachineArn(machine.into()), qualifier))
    }

    /// The ARN of one of its versions.
    pub fn version(&self, number: u64) -> Arc<str> {
        format!("{self}:{number}").into()
    }

    /// The ARN of one of its aliases.
    pub fn alias(&self, name: &str) -> Arc<str> {
        format!("{self}:{name}").into()
    }
}

impl ExecutionArn {
    /// The execution's own name.
    pub fn name(&self) -> &str {
        // Names hold no colon; an Express execution has a further part behind its name.
        self.0.split(':').nth(7).unwrap_or("")
    }
}

impl fmt::Display for StateMachineArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for ExecutionArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An ARN of this service taken apart: `arn:PARTITION:states:REGION:ACCOUNT:TYPE:REST`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatesArn<'a> {
    /// Partition name.
    pub partition: &'a str,
    /// Region.
    pub region: &'a str,
    /// Account.
    pub account: &'a str,
    /// `stateMachine`, `execution`, `express`, `activity`, `mapRun`.
    pub resource_type: &'a str,
    /// What follows the type.
    pub rest: &'a str,
}

/// Why a text is not the ARN that an operation asks for; the display is what AWS puts between quotes in `InvalidArn`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArnError {
    /// It does not begin as an ARN does.
    #[error("Invalid ARN prefix: {0}")]
    Prefix(String),
    /// It names another kind of resource.
    #[error("Resource type not valid in this context: {0}")]
    ResourceType(String),
}

impl<'a> StatesArn<'a> {
    /// Takes an ARN of this service apart.
    pub fn parse(text: &'a str) -> Result<StatesArn<'a>, ArnError> {
        let mut parts = text.splitn(7, ':');
        let mut next = || parts.next().unwrap_or("");
        let (arn, partition, service, region, account, resource_type, rest) =
            (next(), next(), next(), next(), next(), next(), next());
        if arn != "arn" || service != "states" || rest.is_empty() {
            return Err(ArnError::Prefix(text.to_owned()));
        }
        Ok(StatesArn { partition, region, account, resource_type, rest })
    }

    /// Takes apart an ARN that must be of one of the given types.
    pub fn parse_as(text: &'a str, types: &[&str]) -> Result<StatesArn<'a>, ArnError> {
        let arn = StatesArn::parse(text)?;
        if !types.contains(&arn.resource_type) {
            return Err(ArnError::ResourceType(arn.resource_type.to_owned()));
        }
        Ok(arn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_from_arns() {
        let here = Partition::of("us-east-1", "000000000000");
        let machine = here.state_machine("orders");
        assert_eq!(machine.0.as_ref(), "arn:aws:states:us-east-1:000000000000:stateMachine:orders");
        assert_eq!(machine.name(), "orders");
        let execution = here.execution("orders", "run-1");
        assert_eq!(
            (execution.name(), execution.0.as_ref()),
            ("run-1", "arn:aws:states:us-east-1:000000000000:execution:orders:run-1")
        );
    }

    #[test]
    fn versions_and_aliases_stand_behind_the_name() {
        let machine = Partition::of("us-east-1", "1").state_machine("m");
        let qualified = |text: &str| {
            StateMachineArn::qualified(text).map(|(arn, qualifier)| (arn, format!("{qualifier:?}")))
        };
        let with = |qualifier: &str| Some((machine.clone(), qualifier.to_owned()));
        assert_eq!(qualified(&machine.0), None);
        assert_eq!(qualified(&machine.version(12)), with("Version(12)"));
        assert_eq!(qualified(&format!("{machine}:012")), with("Version(0)"));
        assert_eq!(qualified(&format!("{machine}:{}", "9".repeat(30))), with("Version(0)"));
        assert_eq!(qualified(&machine.alias("PROD-1")), with("Alias(\"PROD-1\")"));
        assert_eq!(qualified("arn:aws:states:us-east-1:1:execution:m:e"), None);
        assert_eq!(qualified("m:1"), None);
    }

    #[test]
    fn wrong_arns_are_refused_in_awss_words() {
        let express = "arn:aws:states:us-east-1:1:express:a:b:c";
        let error = StatesArn::parse_as(express, &["execution"]).unwrap_err();
        assert_eq!(error.to_string(), "Resource type not valid in this context: express");
        let error = StatesArn::parse_as("nonsense", &["execution"]).unwrap_err();
        assert_eq!(error.to_string(), "Invalid ARN prefix: nonsense");
    }
}
