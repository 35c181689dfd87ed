//! Policies of IAM: read and evaluated as AWS does it.
//!
//! What it is: [`Policy`] is an identity-based policy document, and [`decide`] says whether policies let a request pass: what
//! no statement allows is denied, and what any statement denies is denied whatever allows it. Actions, resources, their
//! negations, conditions with all of AWS's operators, and policy variables are there.
//!
//! What it is not: it has no resource-based policies, trust policies, session policies or service control policies, and it
//! fetches nothing. It is a function of its arguments: what a request knows of itself comes in as a [`Context`].

mod condition;
mod context;
mod decide;
mod pattern;
mod policy;
mod values;

pub use context::Context;
pub use decide::{Decision, Request, decide};
pub use pattern::is_like;
pub use policy::{Policy, PolicyError};
