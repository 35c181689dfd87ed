//! What the roles of state machines are allowed: from a folder of policy documents, or from IAM's own API.

mod folder;
mod iam_api;

use crate::call::TaskCall;
use crate::permissions::{Account, Permission};
use folder::Folder;
use iam::{Context, Decision, Policy, Request};
use iam_api::IamApi;
use model::Timestamp;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// Where the policies of roles are. Clones share what was read.
#[derive(Clone, Debug)]
pub struct Policies {
    source: Arc<Source>,
}

/// Why a folder of policies cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the policies in {path} cannot be used: {problem}", path = path.display())]
pub struct PoliciesError {
    /// The folder, or the file in it.
    pub path: PathBuf,
    /// What is wrong with it.
    pub problem: String,
}

#[derive(Debug)]
enum Source {
    Folder(Folder),
    Iam(IamApi),
}

/// What a role has.
#[derive(Debug, Default)]
struct RolePolicies {
    policies: Vec<Policy>,
    boundary: Option<Vec<Policy>>,
}

/// Why a call is not made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The role is not allowed to; in the words of AWS's services.
    NotAllowed(String),
    /// What the role is allowed cannot be found out.
    Unknown(String),
}

impl Policies {
    /// A folder with a document for each role, named after it: `my-role.json`. It holds a policy or a list of policies, and is
    /// read again when it has changed. A role without a document is allowed nothing. The documents have to be good now; what
    /// is broken later fails the calls of its role.
    pub fn in_folder(path: impl Into<PathBuf>) -> Result<Policies, PoliciesError> {
        let folder = Folder::new(path.into());
        folder.check()?;
        Ok(Policies { source: Arc::new(Source::Folder(folder)) })
    }

    /// The policies that IAM, at AWS or at the configured endpoint, has of a role: its own, those attached to it, and its
    /// permissions boundary.
    pub fn of_iam() -> Policies {
        Policies { source: Arc::new(Source::Iam(IamApi::default())) }
    }

    /// Whether the call's role may do all of this. `client` is for asking IAM.
    pub(crate) async fn check(
        &self,
        client: Option<&aws::Client>,
        call: &TaskCall,
        session: &str,
        permissions: &[Permission],
        more: Context,
    ) -> Result<(), Refusal> {
        let Some(role) = Role::of(call) else { return Ok(()) };
        let has = match &*self.source {
            Source::Folder(folder) => folder.of_role(role.name).map(Arc::new),
            Source::Iam(api) => api.of_role(client, role.name, &call.region).await,
        };
        let has = has.map_err(|problem| {
            Refusal::Unknown(format!("The policies of the role {} cannot be read: {problem}", role.arn))
        })?;
        let context = context(&role, call, more);
        for Permission { action, resource } in permissions {
            let request = Request { action, resource, context: &context };
            let why = match iam::decide(&has.policies, has.boundary.as_deref(), &request) {
                Decision::Allowed => continue,
                Decision::NotAllowed => {
                    format!("because no identity-based policy allows the {action} action")
                }
                Decision::Denied => "with an explicit deny in an identity-based policy".to_owned(),
            };
            let Role { partition, account, name, .. } = role;
            return Err(Refusal::NotAllowed(format!(
                "User: arn:{partition}:sts::{account}:assumed-role/{name}/{session} is not authorized to perform: \
                 {action} on resource: {resource} {why}"
            )));
        }
        Ok(())
    }
}

/// A role, taken apart.
#[derive(Clone, Copy, Debug)]
struct Role<'a> {
    arn: &'a str,
    partition: &'a str,
    account: &'a str,
    /// Without its path.
    name: &'a str,
}

impl<'a> Role<'a> {
    /// The role that the call is made with: the one of its Credentials, else the state machine's.
    fn of(call: &'a TaskCall) -> Option<Role<'a>> {
        Role::parse(call.caller.credentials_role.as_deref().unwrap_or(&call.caller.execution_role))
    }

    fn parse(arn: &'a str) -> Option<Role<'a>> {
        let mut parts = arn.splitn(6, ':');
        let (_, partition, _) = (parts.next()?, parts.next()?, parts.next()?);
        let (_, account) = (parts.next()?, parts.next()?);
        let path = parts.next()?.strip_prefix("role/")?;
        Some(Role { arn, partition, account, name: path.rsplit('/').next().unwrap_or(path) })
    }
}

/// Where the call is made, and in whose account.
pub(crate) fn account(call: &TaskCall) -> Account<'_> {
    let mut of_execution = call.execution_arn.split(':').skip(1);
    let partition = of_execution.next().unwrap_or("aws");
    let account = of_execution.nth(2).unwrap_or_default();
    match call.caller.credentials_role.as_deref().and_then(Role::parse) {
        Some(role) => Account { partition, region: &call.region, account: role.account },
        None => Account { partition, region: &call.region, account },
    }
}

/// The condition keys that every request has, and `more` of this one.
fn context(role: &Role<'_>, call: &TaskCall, more: Context) -> Context {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let millis = Timestamp(i64::try_from(now.as_millis()).unwrap_or(i64::MAX));
    more.with("aws:PrincipalArn", role.arn)
        .with("aws:PrincipalAccount", role.account)
        .with("aws:PrincipalType", "AssumedRole")
        .with("aws:PrincipalIsAWSService", "false")
        .with("aws:RequestedRegion", &*call.region)
        .with("aws:CurrentTime", millis.to_string())
        .with("aws:EpochTime", now.as_secs().to_string())
        .with("aws:SecureTransport", "true")
        .with("aws:ViaAWSService", "false")
}

/// One policy, or a list of them.
fn read(text: &str) -> Result<Vec<Policy>, String> {
    let document = json::parse(text).map_err(|error| format!("it is not JSON: {}", error.message()))?;
    let documents = document.as_array().unwrap_or(std::slice::from_ref(&document));
    documents.iter().map(|one| Policy::from_value(one).map_err(|error| error.to_string())).collect()
}
