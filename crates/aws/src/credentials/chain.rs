//! The standard chain: the first of its links that has anything to say says it.

use super::expiring::Lease;
use super::profile::{Profiles, Section, key_of};
use super::{Credentials, Expiring, NoCredentials, assumed, instance};
use crate::client::{Client, ClientConfig};
use crate::endpoints::Endpoints;
use crate::{OperationCall, model};
use json::Value;
use std::collections::HashMap;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;

const PROCESS_MEMBERS: [&str; 4] = ["AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"];
const SSO_MEMBERS: [&str; 4] = ["AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"];
/// Profiles that name one another at most.
const MOST_PROFILES: usize = 8;
const PROCESS_TIMEOUT: Duration = Duration::from_secs(60);

/// What the chain starts from.
#[derive(Clone, Debug, Default)]
pub struct ChainSettings {
    /// AWS's variables.
    pub(crate) variables: HashMap<String, String>,
    pub(crate) profiles: Profiles,
    pub(crate) profile: String,
    pub(crate) region: String,
    pub(crate) endpoints: Endpoints,
    pub(crate) ca_bundle: Option<PathBuf>,
    pub(crate) home: Option<PathBuf>,
}

#[derive(Debug)]
pub(super) struct Chain {
    settings: ChainSettings,
    found: Expiring,
}

impl ChainSettings {
    /// Whether anything but the instance could give credentials. Nobody asks an instance's metadata service whose settings
    /// say nothing of AWS.
    pub fn names_any(&self) -> bool {
        let is_set = |name: &str| self.variable(name).is_some();
        let names = [
            "AWS_ACCESS_KEY_ID",
            "AWS_PROFILE",
            "AWS_WEB_IDENTITY_TOKEN_FILE",
            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI",
            "AWS_EC2_METADATA_SERVICE_ENDPOINT",
        ];
        names.iter().any(|name| is_set(name)) || self.profiles.get(&self.profile).is_some_and(has_credentials)
    }

    fn variable(&self, name: &str) -> Option<&String> {
        self.variables.get(name).filter(|value| !value.is_empty())
    }
}

fn has_credentials(section: &Section) -> bool {
    let names = [
        "aws_access_key_id",
        "role_arn",
        "credential_process",
        "sso_session",
        "sso_start_url",
        "web_identity_token_file",
    ];
    names.iter().any(|name| section.contains_key(*name))
}

impl Chain {
    pub(super) fn new(settings: ChainSettings) -> Chain {
        Chain { settings, found: Expiring::default() }
    }

    pub(super) async fn get(&self) -> Result<Credentials, NoCredentials> {
        self.found.get(|| self.find()).await
    }

    async fn find(&self) -> Result<Lease, NoCredentials> {
        let settings = &self.settings;
        let variable = |name: &str| settings.variable(name).map(String::as_str);
        if let Some(credentials) = Credentials::from_variables(&settings.variables) {
            return Ok(Lease { credentials, ends_at: None });
        }
        if settings.profiles.get(&settings.profile).is_some_and(has_credentials) {
            return self.of_profile(&settings.profile, MOST_PROFILES).await;
        }
        if variable("AWS_PROFILE").is_some() {
            return Err(no(format!("the profile {} has no credentials", settings.profile)));
        }
        if let (Some(file), Some(role)) =
            (variable("AWS_WEB_IDENTITY_TOKEN_FILE"), settings.variable("AWS_ROLE_ARN"))
        {
            return self.of_web_identity(file, role, settings.variable("AWS_ROLE_SESSION_NAME")).await;
        }
        let relative = variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
        let full = variable("AWS_CONTAINER_CREDENTIALS_FULL_URI");
        if relative.is_some() || full.is_some() {
            let token = match variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") {
                Some(file) => Some(read(file).await?),
                None => variable("AWS_CONTAINER_AUTHORIZATION_TOKEN").map(str::to_owned),
            };
            return instance::of_container(&self.client(None), relative, full, token).await;
        }
        if variable("AWS_EC2_METADATA_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
            return Err(no(
                "no variables, no profile, no container, and the instance is not to be asked".to_owned()
            ));
        }
        instance::of_instance(&self.client(None), variable("AWS_EC2_METADATA_SERVICE_ENDPOINT")).await
    }

    /// The credentials of a profile; it may name another whose credentials assume its role.
    fn of_profile<'a>(
        &'a self,
        name: &'a str,
        left: usize,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<Lease, NoCredentials>> + Send + 'a>> {
        Box::pin(async move {
            let section =
                self.settings.profiles.get(name).ok_or_else(|| no(format!("there is no profile {name}")))?;
            let Some(left) = left.checked_sub(1) else {
                return Err(no(format!("the profile {name} leads to too many others")));
            };
            let Some(role) = section.get("role_arn") else { return self.of_section(name, section).await };
            if let Some(file) = section.get("web_identity_token_file") {
                return self.of_web_identity(file, role, section.get("role_session_name")).await;
            }
            let source = match (section.get("source_profile"), section.get("credential_source")) {
                (Some(source), _) if source == name => self.of_section(name, section).await?,
                (Some(source), _) => self.of_profile(source, left).await?,
                (None, Some(source)) => self.of_source(source).await?,
                (None, None) => return Err(no(format!("the profile {name} names no source for its role"))),
            };
            let session = "stepwright".to_owned();
            let input = assumed::input([
                ("RoleArn", Some(role)),
                ("RoleSessionName", Some(section.get("role_session_name").unwrap_or(&session))),
                ("ExternalId", section.get("external_id")),
                ("DurationSeconds", section.get("duration_seconds")),
            ]);
            let client = self.client(Some(source.credentials));
            assumed::assume(&client, "AssumeRole", &input, &self.settings.region).await
        })
    }

    async fn of_section(&self, name: &str, section: &Section) -> Result<Lease, NoCredentials> {
        if let Some(credentials) = key_of(section) {
            return Ok(Lease { credentials, ends_at: None });
        }
        if let Some(command) = section.get("credential_process") {
            return of_process(command).await;
        }
        if section.contains_key("sso_account_id") {
            return self.of_sso(name, section).await;
        }
        Err(no(format!("the profile {name} has no credentials")))
    }

    async fn of_source(&self, source: &str) -> Result<Lease, NoCredentials> {
        let settings = &self.settings;
        let variable = |name: &str| settings.variable(name).map(String::as_str);
        match source {
            "Environment" => Credentials::from_variables(&settings.variables)
                .map(|credentials| Lease { credentials, ends_at: None })
                .ok_or_else(|| no("the variables hold no key".to_owned())),
            "Ec2InstanceMetadata" => {
                instance::of_instance(&self.client(None), variable("AWS_EC2_METADATA_SERVICE_ENDPOINT")).await
            }
            "EcsContainer" => {
                let relative = variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
                let full = variable("AWS_CONTAINER_CREDENTIALS_FULL_URI");
                instance::of_container(&self.client(None), relative, full, None).await
            }
            other => Err(no(format!("{other} is no source of credentials"))),
        }
    }

    async fn of_web_identity(
        &self,
        file: &str,
        role: &String,
        session: Option<&String>,
    ) -> Result<Lease, NoCredentials> {
        let token = read(file).await?;
        let otherwise = "stepwright".to_owned();
        let input = assumed::input([
            ("RoleArn", Some(role)),
            ("RoleSessionName", Some(session.unwrap_or(&otherwise))),
            ("WebIdentityToken", Some(&token)),
            ("ProviderId", None),
        ]);
        let client = self.client(None);
        assumed::assume(&client, "AssumeRoleWithWebIdentity", &input, &self.settings.region).await
    }

    /// The credentials of an account that the token of an SSO session, which `aws sso login` left, may use.
    async fn of_sso(&self, name: &str, section: &Section) -> Result<Lease, NoCredentials> {
        let incomplete = || no(format!("the profile {name} is no complete SSO profile"));
        let session = section.get("sso_session");
        let shared = match session {
            Some(session) => self.settings.profiles.session(session).ok_or_else(incomplete)?,
            None => section,
        };
        let key = session.or(shared.get("sso_start_url")).ok_or_else(incomplete)?;
        let home = self.settings.home.as_ref().ok_or_else(incomplete)?;
        let file = home.join(".aws/sso/cache").join(format!("{}.json", crate::sigv4::sha1_hex(key)));
        let cached: Value = json::parse(&read(&file.display().to_string()).await?).unwrap_or_default();
        let text = |text: Option<&String>| text.map(|text| Value::from(text.as_str())).ok_or_else(incomplete);
        let input = Value::object([
            ("accountId", text(section.get("sso_account_id"))?),
            ("roleName", text(section.get("sso_role_name"))?),
            ("accessToken", cached.get("accessToken").cloned().unwrap_or_default()),
        ]);
        let service = model::service("sso").ok_or_else(incomplete)?;
        let operation = service.operation("GetRoleCredentials").ok_or_else(incomplete)?;
        let region = shared.get("sso_region").unwrap_or(&self.settings.region);
        let client = self.client(None);
        let call = Box::pin(client.call(OperationCall::new(&service, operation, region, &input)));
        let output = call.await.map_err(|error| {
            no(format!(
                "the SSO session of the profile {name} gives no credentials ({error}); run aws sso login"
            ))
        })?;
        let given = output.value.get("RoleCredentials").unwrap_or(&Value::Null);
        let mut lease = Lease::from_members(given, SSO_MEMBERS).ok_or_else(incomplete)?;
        // SSO counts milliseconds; whatever they are, an hour is what a role lasts at least.
        lease.ends_at = Some(std::time::SystemTime::now() + Duration::from_secs(45 * 60));
        Ok(lease)
    }

    /// A client for finding credentials with.
    fn client(&self, credentials: Option<Credentials>) -> Client {
        let credentials = credentials.unwrap_or_else(|| Credentials::new("none", "none"));
        let mut config = ClientConfig::new(self.settings.endpoints.clone(), credentials);
        config.calls_aws = true;
        config.connect_timeout = Duration::from_secs(2);
        config.ca_bundle.clone_from(&self.settings.ca_bundle);
        Client::new(config)
    }
}

/// What a profile's command writes.
async fn of_process(command: &str) -> Result<Lease, NoCredentials> {
    let failed = |why: String| no(format!("the credential_process {command:?} failed: {why}"));
    let mut process = Command::new("sh");
    process.arg("-c").arg(command).stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(PROCESS_TIMEOUT, process.output()).await;
    let output = output.map_err(|_| failed("it took too long".to_owned()))?;
    let output = output.map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        return Err(failed(output.status.to_string()));
    }
    let document: Value = json::parse_bytes(&output.stdout).unwrap_or_default();
    Lease::from_members(&document, PROCESS_MEMBERS)
        .ok_or_else(|| failed("it wrote no credentials".to_owned()))
}

async fn read(file: &str) -> Result<String, NoCredentials> {
    let text = tokio::fs::read_to_string(file).await;
    text.map(|text| text.trim().to_owned()).map_err(|error| no(format!("{file} cannot be read: {error}")))
}

fn no(reason: String) -> NoCredentials {
    NoCredentials { reason, is_refused: false }
}
