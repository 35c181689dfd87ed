//! The policies that IAM has of a role.

use super::{RolePolicies, read};
use aws::{Client, OperationCall};
use iam::Policy;
use json::{Object, Value};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long what IAM said counts. AWS: a change takes some seconds to be seen everywhere.
const COUNTS_FOR: Duration = Duration::from_secs(10);
/// Roles that are kept in mind.
const MOST_ROLES: usize = 1_000;
/// Pages of a list at most; a role has at most 20 policies attached.
const MOST_PAGES: usize = 20;

#[derive(Debug, Default)]
pub(super) struct IamApi {
    found: Mutex<HashMap<String, (Instant, Arc<RolePolicies>)>>,
}

impl IamApi {
    pub(super) async fn of_role(
        &self,
        client: Option<&Client>,
        name: &str,
        region: &str,
    ) -> Result<Arc<RolePolicies>, String> {
        if let Some((at, found)) = self.lock().get(name)
            && at.elapsed() < COUNTS_FOR
        {
            return Ok(found.clone());
        }
        let client = client.ok_or("there is no client to ask IAM with")?;
        let role = Arc::new(Asking { client, region }.of_role(name).await?);
        let mut found = self.lock();
        if found.len() >= MOST_ROLES {
            found.clear();
        }
        found.insert(name.to_owned(), (Instant::now(), role.clone()));
        Ok(role)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, (Instant, Arc<RolePolicies>)>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Asking<'a> {
    client: &'a Client,
    region: &'a str,
}

impl Asking<'_> {
    async fn of_role(&self, name: &str) -> Result<RolePolicies, String> {
        let role = self.ask("GetRole", &[("RoleName", name)]).await?;
        let mut policies = Vec::new();
        for own in self.all("ListRolePolicies", name, "PolicyNames").await? {
            let input = [("RoleName", name), ("PolicyName", own.as_str().unwrap_or_default())];
            policies.extend(document(self.ask("GetRolePolicy", &input).await?.get("PolicyDocument"))?);
        }
        for attached in self.all("ListAttachedRolePolicies", name, "AttachedPolicies").await? {
            policies.extend(self.managed(attached.get("PolicyArn")).await?);
        }
        let boundary = role.get("Role").and_then(|role| role.get("PermissionsBoundary"));
        let boundary = match boundary.and_then(|boundary| boundary.get("PermissionsBoundaryArn")) {
            Some(arn) => Some(self.managed(Some(arn)).await?),
            None => None,
        };
        Ok(RolePolicies { policies, boundary })
    }

    /// A policy that stands by itself, in the version that counts.
    async fn managed(&self, arn: Option<&Value>) -> Result<Vec<Policy>, String> {
        let arn = arn.and_then(Value::as_str).unwrap_or_default();
        let policy = self.ask("GetPolicy", &[("PolicyArn", arn)]).await?;
        let version = policy.get("Policy").and_then(|policy| policy.get("DefaultVersionId"));
        let version = version.and_then(Value::as_str).unwrap_or_default();
        let found = self.ask("GetPolicyVersion", &[("PolicyArn", arn), ("VersionId", version)]).await?;
        document(found.get("PolicyVersion").and_then(|version| version.get("Document")))
    }

    /// Every page of a list.
    async fn all(&self, operation: &str, role: &str, member: &str) -> Result<Vec<Value>, String> {
        let (mut all, mut marker) = (Vec::new(), None::<String>);
        for _ in 0..MOST_PAGES {
            let mut input = vec![("RoleName", role)];
            input.extend(marker.as_deref().map(|marker| ("Marker", marker)));
            let page = self.ask(operation, &input).await?;
            all.extend(page.get(member).and_then(Value::as_array).unwrap_or_default().iter().cloned());
            marker = page.get("Marker").and_then(Value::as_str).map(str::to_owned);
            if marker.is_none() {
                return Ok(all);
            }
        }
        Err(format!("{operation} has no end"))
    }

    async fn ask(&self, operation: &str, members: &[(&str, &str)]) -> Result<Value, String> {
        let service = aws::model::service("iam").ok_or("IAM has no model")?;
        let known = service.operation(operation).ok_or_else(|| format!("IAM has no {operation}"))?;
        let input = Value::from(members.iter().copied().collect::<Object>());
        let answer = self.client.call(OperationCall::new(&service, known, self.region, &input)).await;
        answer.map(|output| output.value).map_err(|error| format!("{operation}: {error}"))
    }
}

/// IAM gives documents percent-encoded.
fn document(text: Option<&Value>) -> Result<Vec<Policy>, String> {
    let text = text.and_then(Value::as_str).ok_or("IAM gave a policy without a document")?;
    if text.trim_start().starts_with('{') { read(text) } else { read(&decoded(text)) }
}

fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut out, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while let Some(byte) = bytes.get(at) {
        let digits = text.get(at + 1..at + 3).filter(|_| *byte == b'%');
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(value) => {
                out.push(value);
                at += 3;
            }
            None => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_decoded() {
        let text = Value::from("%7B%22Statement%22%3A%5B%5D%7D");
        assert_eq!(document(Some(&text)).unwrap().len(), 1);
        assert_eq!(document(Some(&Value::from(r#"{"Statement":[]}"#))).unwrap().len(), 1);
        assert!(document(None).is_err());
        assert_eq!(decoded("%"), "%");
        assert_eq!(decoded("a%zz%é%4"), "a%zz%é%4");
    }
}
