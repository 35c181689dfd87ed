//! Roles assumed through STS.

use super::expiring::{Expiring, Lease};
use super::{Credentials, NoCredentials};
use crate::{Client, OperationCall, OperationError, model};
use json::{Object, Value};

/// The members of STS's `Credentials`.
const MEMBERS: [&str; 4] = ["AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"];

/// A role that a client's credentials may assume.
#[derive(Debug)]
pub(super) struct AssumedRole {
    client: Client,
    input: Value,
    region: String,
    found: Expiring,
}

impl AssumedRole {
    pub(super) fn new(client: Client, role_arn: &str, session_name: &str, region: &str) -> AssumedRole {
        let input = Value::object([("RoleArn", role_arn), ("RoleSessionName", session_name)]);
        AssumedRole { client, input, region: region.to_owned(), found: Expiring::default() }
    }

    pub(super) async fn get(&self) -> Result<Credentials, NoCredentials> {
        self.found.get(|| assume(&self.client, "AssumeRole", &self.input, &self.region)).await
    }
}

/// Calls STS for a role's credentials.
pub(super) async fn assume(
    client: &Client,
    operation: &str,
    input: &Value,
    region: &str,
) -> Result<Lease, NoCredentials> {
    let role = input.get("RoleArn").and_then(Value::as_str).unwrap_or_default();
    let no = |why: String, is_refused| NoCredentials {
        reason: format!("the role {role} cannot be assumed: {why}"),
        is_refused,
    };
    let failed = |why: String| no(why, false);
    let service = model::service("sts").ok_or_else(|| failed("STS has no model".to_owned()))?;
    let known = service.operation(operation).ok_or_else(|| failed("STS has no such operation".to_owned()))?;
    // Boxed, because what signs this call may itself have been found by one.
    let call = Box::pin(client.call(OperationCall::new(&service, known, region, input)));
    let output = call.await.map_err(|error| {
        let is_refused =
            matches!(&error, OperationError::Fault(fault) if fault.status < 500 && !fault.is_throttling());
        no(error.to_string(), is_refused)
    })?;
    let credentials = output.value.get("Credentials").unwrap_or(&Value::Null);
    Lease::from_members(credentials, MEMBERS).ok_or_else(|| failed("STS gave no credentials".to_owned()))
}

/// The input of `AssumeRole` for a profile.
pub(super) fn input(members: [(&str, Option<&String>); 4]) -> Value {
    let given = members.into_iter().filter_map(|(name, text)| Some((name, text?.as_str())));
    Value::from(given.collect::<Object>())
}
