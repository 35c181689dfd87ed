//! Who signs.

mod assumed;
mod chain;
mod expiring;
mod instance;
mod profile;

pub use chain::ChainSettings;
pub(crate) use profile::Profiles;

use chain::Chain;
use expiring::Expiring;
use std::fmt;
use std::sync::Arc;

/// An access key. `Debug` does not show the secret parts.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// AWS_ACCESS_KEY_ID.
    pub access_key_id: String,
    /// AWS_SECRET_ACCESS_KEY.
    pub secret_access_key: String,
    /// AWS_SESSION_TOKEN, with temporary credentials.
    pub session_token: Option<String>,
}

impl Credentials {
    /// A key without session token.
    pub fn new(access_key_id: impl Into<String>, secret_access_key: impl Into<String>) -> Credentials {
        Credentials {
            access_key_id: access_key_id.into(),
            secret_access_key: secret_access_key.into(),
            session_token: None,
        }
    }

    /// The key that the standard variables hold, if both of its parts are there and not empty.
    pub fn from_variables<K: AsRef<str>, V: Into<String>>(
        variables: impl IntoIterator<Item = (K, V)>,
    ) -> Option<Credentials> {
        let (mut id, mut secret, mut session_token) = (None, None, None);
        for (name, value) in variables {
            let slot = match name.as_ref() {
                "AWS_ACCESS_KEY_ID" => &mut id,
                "AWS_SECRET_ACCESS_KEY" => &mut secret,
                "AWS_SESSION_TOKEN" => &mut session_token,
                _ => continue,
            };
            *slot = Some(value.into()).filter(|value| !value.is_empty());
        }
        Some(Credentials { access_key_id: id?, secret_access_key: secret?, session_token })
    }
}

/// Where credentials come from. Clones share what was found.
#[derive(Clone, Debug)]
pub struct CredentialsSource {
    kind: Arc<Kind>,
}

#[derive(Debug)]
enum Kind {
    Fixed(Credentials),
    /// A key that emulators take, and AWS does not.
    Local(Credentials),
    Nobody,
    Chain(Box<Chain>),
    Assumed(assumed::AssumedRole),
}

/// There are no credentials.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct NoCredentials {
    /// Where they were looked for, and what was wrong there.
    pub reason: String,
    /// Whether somebody was asked for them and said no; nobody may have been reached otherwise.
    pub is_refused: bool,
}

impl CredentialsSource {
    /// AWS's standard chain: variables, the shared files, a web identity, the container, the instance.
    pub fn chain(settings: ChainSettings) -> CredentialsSource {
        CredentialsSource { kind: Arc::new(Kind::Chain(Box::new(Chain::new(settings)))) }
    }

    /// A key for emulators, which take any.
    pub fn local() -> CredentialsSource {
        CredentialsSource { kind: Arc::new(Kind::Local(Credentials::new("local", "local"))) }
    }

    /// These for calls of AWS itself, which knows nobody by the key for emulators.
    pub(crate) fn for_aws(&self) -> CredentialsSource {
        match &*self.kind {
            Kind::Local(_) => CredentialsSource { kind: Arc::new(Kind::Nobody) },
            Kind::Fixed(_) | Kind::Chain(_) | Kind::Assumed(_) | Kind::Nobody => self.clone(),
        }
    }

    /// A role, assumed by whom the client's credentials name; kept until shortly before it ends.
    pub fn assumed(
        client: crate::Client,
        role_arn: &str,
        session_name: &str,
        region: &str,
    ) -> CredentialsSource {
        let role = assumed::AssumedRole::new(client, role_arn, session_name, region);
        CredentialsSource { kind: Arc::new(Kind::Assumed(role)) }
    }

    /// The credentials, found anew when those found before are about to end.
    pub async fn get(&self) -> Result<Credentials, NoCredentials> {
        match &*self.kind {
            Kind::Fixed(credentials) | Kind::Local(credentials) => Ok(credentials.clone()),
            Kind::Nobody => Err(NoCredentials {
                reason: "the settings hold no key, no profile and no other credentials".to_owned(),
                is_refused: false,
            }),
            Kind::Chain(chain) => chain.get().await,
            Kind::Assumed(role) => role.get().await,
        }
    }
}

impl From<Credentials> for CredentialsSource {
    fn from(credentials: Credentials) -> CredentialsSource {
        CredentialsSource { kind: Arc::new(Kind::Fixed(credentials)) }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_parts_of_a_key_are_needed() {
        let read = |pairs: &[(&str, &str)]| Credentials::from_variables(pairs.iter().copied());
        assert_eq!(read(&[("AWS_ACCESS_KEY_ID", "a")]), None);
        assert_eq!(read(&[("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "")]), None);
        let found = read(&[("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "s"), ("PATH", "/bin")]);
        assert_eq!(found, Some(Credentials::new("a", "s")));
    }

    #[test]
    fn debug_output_keeps_the_secret() {
        let credentials =
            Credentials { session_token: Some("tok-en".into()), ..Credentials::new("id", "s3cret") };
        let shown = format!("{credentials:?}");
        assert!(shown.contains("id") && !shown.contains("s3cret") && !shown.contains("tok-en"), "{shown}");
    }
}
