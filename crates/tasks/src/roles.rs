//! As whom services are called: with credentials of the state machine's role, or as whom Stepwright runs.

use crate::call::Caller;
use aws::{Client, CredentialsSource};
use model::Failure;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use uuid::Uuid;

/// Roles whose credentials are kept in mind.
const MOST_ROLES: usize = 1_000;
/// Roles of this account stand for nobody: it is the one that state machines have by default here.
const PLACEHOLDER_ACCOUNT: &str = "000000000000";

/// Whether calls are made with the state machine's role, which STS gives the credentials of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AssumeRoles {
    /// Calls are signed by whoever Stepwright runs as.
    Never,
    /// Where the call goes to AWS itself, or STS has an endpoint of its own; roles of the account 000000000000 excepted.
    #[default]
    Auto,
    /// Always, at AWS or at the endpoint of STS.
    Always,
}

/// The roles that were assumed.
#[derive(Debug)]
pub(crate) struct Roles {
    pub(crate) mode: AssumeRoles,
    /// What the sessions of this process are called.
    pub(crate) session: String,
    assumed: Mutex<HashMap<Session, CredentialsSource>>,
}

/// What the credentials of a role depend on.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Session {
    role: Arc<str>,
    /// The role that assumes it; where there is none, Stepwright's own credentials do.
    by: Option<Arc<str>>,
    region: String,
    /// Whether STS is asked at AWS itself.
    is_at_aws: bool,
}

/// Why a role's credentials are not there.
pub(crate) enum NoRole {
    /// STS said no: what the Task fails with.
    Refused(Failure),
    /// STS did not answer.
    Unanswered(String),
}

impl Roles {
    pub(crate) fn new(mode: AssumeRoles) -> Roles {
        Roles { mode, session: session_name(), assumed: Mutex::new(HashMap::new()) }
    }

    /// The client with the caller's credentials; as it is, where no role is to be assumed. `is_at_aws`: it calls AWS itself.
    /// STS is asked with the usual client, wherever the other one leads.
    pub(crate) async fn client(
        &self,
        usual: &Client,
        client: Client,
        caller: &Caller,
        region: &str,
        is_at_aws: bool,
    ) -> Result<Client, NoRole> {
        let at_aws = is_at_aws && !usual.has_own_endpoint("sts");
        let is_auto = is_at_aws || usual.has_own_endpoint("sts");
        let is_meant = |role: &str| match self.mode {
            AssumeRoles::Never => false,
            AssumeRoles::Auto => is_auto && role.split(':').nth(4) != Some(PLACEHOLDER_ACCOUNT),
            AssumeRoles::Always => true,
        };
        let own = Some(&caller.execution_role).filter(|role| !role.is_empty() && is_meant(role));
        let target = caller.credentials_role.as_ref().filter(|role| is_meant(role));
        let asking = || if at_aws { usual.at_aws() } else { usual.clone() };
        let mut found = None;
        if let Some(role) = own {
            let region = region.to_owned();
            let session = Session { role: role.clone(), by: None, region, is_at_aws: at_aws };
            let source = self.source(session, asking);
            source.get().await.map_err(|error| refused_own(role, error))?;
            found = Some(source);
        }
        if let Some(role) = target {
            let asking = || match &found {
                Some(source) => asking().with_credentials(source.clone()),
                None => asking(),
            };
            let region = region.to_owned();
            let session = Session { role: role.clone(), by: own.cloned(), region, is_at_aws: at_aws };
            let source = self.source(session, asking);
            source.get().await.map_err(|error| refused_target(caller, role, error))?;
            found = Some(source);
        }
        Ok(match found {
            Some(source) => client.with_credentials(source),
            None => client,
        })
    }

    fn source(&self, session: Session, client: impl FnOnce() -> Client) -> CredentialsSource {
        let mut assumed = self.assumed.lock().unwrap_or_else(PoisonError::into_inner);
        if assumed.len() >= MOST_ROLES {
            assumed.clear();
        }
        let (role, region) = (session.role.clone(), session.region.clone());
        let new = || CredentialsSource::assumed(client(), &role, &self.session, &region);
        assumed.entry(session).or_insert_with(new).clone()
    }
}

/// AWS: public logs: the sessions of Step Functions are named with 32 letters by chance.
fn session_name() -> String {
    let bytes = Uuid::new_v4().into_bytes().into_iter().chain(Uuid::new_v4().into_bytes());
    bytes.map(|byte| char::from(if byte < 128 { b'a' } else { b'A' } + byte % 26)).collect()
}

/// AWS: unconfirmed for executions, chosen: the name that the documentation has for it, and the words with which
/// CreateStateMachine refuses such a role.
fn refused_own(role: &str, error: aws::NoCredentials) -> NoRole {
    if !error.is_refused {
        return NoRole::Unanswered(error.reason);
    }
    tracing::warn!(role, reason = error.reason, "a state machine's role cannot be assumed");
    let cause = format!(
        "Neither the global service principal states.amazonaws.com, nor the regional one is authorized to assume the \
         provided role. ({})",
        error.reason
    );
    NoRole::Refused(Failure::new(model::error_name::PERMISSIONS, cause))
}

/// AWS: recorded words, for a role that trusts nobody.
fn refused_target(caller: &Caller, role: &str, error: aws::NoCredentials) -> NoRole {
    if !error.is_refused {
        return NoRole::Unanswered(error.reason);
    }
    tracing::warn!(role, reason = error.reason, "the role of a Task's Credentials cannot be assumed");
    NoRole::Refused(not_assumable(caller, role))
}

pub(crate) fn not_assumable(caller: &Caller, role: &str) -> Failure {
    let cause = format!(
        "The role {} is not authorized to assume the task state's role, {role}.",
        caller.execution_role
    );
    Failure::new(model::error_name::TASK_FAILED, cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_have_names_of_letters() {
        let name = session_name();
        assert!(name.len() == 32 && name.bytes().all(|byte| byte.is_ascii_alphabetic()), "{name}");
        assert_ne!(name, session_name());
    }
}
