//! Whether policies let a request pass.

use crate::context::Context;
use crate::pattern::{Case, matches};
use crate::policy::{Choice, Policy, Statement};

/// What somebody wants to do.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// `dynamodb:PutItem`
    pub action: &'a str,
    /// The ARN of what it is done to; `*` where the request names nothing.
    pub resource: &'a str,
    /// What else is known of it.
    pub context: &'a Context,
}

/// Whether they may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// A statement allows it, and none denies it.
    Allowed,
    /// No statement allows it.
    NotAllowed,
    /// A statement denies it.
    Denied,
}

/// Evaluates an identity's policies, and its permissions boundary where it has one: both have to allow the request.
pub fn decide(policies: &[Policy], boundary: Option<&[Policy]>, request: &Request<'_>) -> Decision {
    match (by(policies, request), boundary.map(|boundary| by(boundary, request))) {
        (Decision::Denied, _) | (_, Some(Decision::Denied)) => Decision::Denied,
        (Decision::NotAllowed, _) | (_, Some(Decision::NotAllowed)) => Decision::NotAllowed,
        (Decision::Allowed, Some(Decision::Allowed) | None) => Decision::Allowed,
    }
}

fn by(policies: &[Policy], request: &Request<'_>) -> Decision {
    let mut decision = Decision::NotAllowed;
    for statement in policies.iter().flat_map(|policy| &policy.statements) {
        if !statement.is_about(request) {
            continue;
        }
        if !statement.is_allowing {
            return Decision::Denied;
        }
        decision = Decision::Allowed;
    }
    decision
}

impl Statement {
    fn is_about(&self, request: &Request<'_>) -> bool {
        self.actions.has(request.action, Case::Insensitive, request.context)
            && self.resources.has(request.resource, Case::Sensitive, request.context)
            && self.conditions.iter().all(|condition| condition.is_met(request.context))
    }
}

impl Choice {
    fn has(&self, text: &str, case: Case, context: &Context) -> bool {
        let mut is_listed = false;
        for pattern in &self.patterns {
            match pattern.fill(context) {
                Some(pieces) => is_listed |= matches(&pieces, text, case),
                // AWS: documented: a variable without a value makes its statement one of nothing, negated or not.
                None if self.is_negated => return false,
                None => {}
            }
        }
        is_listed != self.is_negated
    }
}
