//! AWS's standard settings: variables, and the files that they name.

use crate::credentials::{ChainSettings, CredentialsSource, Profiles};
use crate::endpoints::{Endpoint, EndpointError, Endpoints};
use crate::{Client, ClientConfig};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// What the variables and the shared files say.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The region, if one is set.
    pub region: Option<String>,
    /// Where services are that are not at AWS.
    pub endpoints: Endpoints,
    chain: ChainSettings,
    only_reads_aws: bool,
}

/// What is wrong with the settings.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// An endpoint is no URL.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// A file that a variable names cannot be read.
    #[error("{variable} names the file {path}, which cannot be read: {error}")]
    File {
        /// The variable.
        variable: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
}

/// Step Functions Local's variables, and which services they are of.
const LOCAL: [(&str, &str); 9] = [
    ("LAMBDA_ENDPOINT", "lambda"),
    ("BATCH_ENDPOINT", "batch"),
    ("DYNAMODB_ENDPOINT", "dynamodb"),
    ("ECS_ENDPOINT", "ecs"),
    ("GLUE_ENDPOINT", "glue"),
    ("SAGE_MAKER_ENDPOINT", "sagemaker"),
    ("SQS_ENDPOINT", "sqs"),
    ("SNS_ENDPOINT", "sns"),
    ("STEP_FUNCTIONS_ENDPOINT", "sfn"),
];

impl Settings {
    /// Reads variables and the files that they name, by default those in the home directory.
    pub fn from_variables(
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Settings, SettingsError> {
        let variables: HashMap<String, String> =
            variables.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        let home =
            ["HOME", "USERPROFILE"].into_iter().find_map(|name| variables.get(name)).map(PathBuf::from);
        let shared = |variable: &'static str, name: &str| match variables.get(variable) {
            Some(path) => read(Path::new(path)).map_err(|error| SettingsError::File {
                variable,
                path: path.into(),
                error,
            }),
            None => Ok(home
                .as_ref()
                .and_then(|home| read(&home.join(".aws").join(name)).ok())
                .unwrap_or_default()),
        };
        let config = shared("AWS_CONFIG_FILE", "config")?;
        let credentials = shared("AWS_SHARED_CREDENTIALS_FILE", "credentials")?;
        let profiles = Profiles::read(&config, &credentials);
        let chosen = ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"].into_iter().find_map(|name| variables.get(name));
        let profile = chosen.cloned().unwrap_or_else(|| "default".to_owned());
        let of_profile = |name: &str| profiles.get(&profile).and_then(|section| section.get(name)).cloned();
        let region = ["AWS_REGION", "AWS_DEFAULT_REGION"].into_iter().find_map(|name| variables.get(name));
        let region = region.cloned().or_else(|| of_profile("region"));
        let endpoints = endpoints(&variables, &profiles, &profile)?;
        let ca_bundle = variables.get("AWS_CA_BUNDLE").cloned().or_else(|| of_profile("ca_bundle"));
        let chain = ChainSettings {
            profiles,
            profile,
            region: region.clone().unwrap_or_else(|| "us-east-1".to_owned()),
            endpoints: endpoints.clone(),
            ca_bundle: ca_bundle.map(PathBuf::from),
            home,
            variables,
        };
        Ok(Settings { region, endpoints, chain, only_reads_aws: false })
    }

    /// With a service at this URL, unless the settings have a place of its own for it.
    pub fn with_local(mut self, service: &str, url: &str) -> Result<Settings, SettingsError> {
        if !self.endpoints.has_own(service) {
            self.endpoints = self.endpoints.with(service, Endpoint::parse(url)?);
        }
        Ok(self)
    }

    /// With a service at this URL, whatever the settings have for it.
    pub fn with_endpoint(mut self, service: &str, url: &str) -> Result<Settings, SettingsError> {
        self.endpoints = self.endpoints.with(service, Endpoint::parse(url)?);
        Ok(self)
    }

    /// With calls refused that would write to an account at AWS.
    pub fn only_reading(self) -> Settings {
        Settings { only_reads_aws: true, ..self }
    }

    /// A client with these settings. Services without a configured endpoint are called at AWS where the settings say whose
    /// calls they are; with endpoints alone, which are those of emulators, any key will do.
    pub fn client(&self) -> Client {
        let calls_aws = self.chain.names_any();
        let credentials = match calls_aws {
            true => CredentialsSource::chain(self.chain.clone()),
            false => CredentialsSource::local(),
        };
        let mut config = ClientConfig::new(self.endpoints.clone(), credentials);
        config.calls_aws = calls_aws && !self.endpoints.has_default();
        config.only_reads_aws = self.only_reads_aws;
        config.ca_bundle.clone_from(&self.chain.ca_bundle);
        Client::new(config)
    }
}

fn endpoints(
    variables: &HashMap<String, String>,
    profiles: &Profiles,
    profile: &str,
) -> Result<Endpoints, EndpointError> {
    let mut endpoints = Endpoints::none();
    let is_ignored =
        variables.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS").is_some_and(|value| value == "true");
    if is_ignored {
        return Ok(endpoints);
    }
    let local = LOCAL.iter().filter_map(|(variable, service)| Some((*service, variables.get(*variable)?)));
    for (service, url) in local {
        endpoints = endpoints.with(service, Endpoint::parse(url)?);
    }
    for (service, url) in profiles.endpoints(profile) {
        let endpoint = Endpoint::parse(&url)?;
        endpoints = match service {
            Some(service) => endpoints.with(&service, endpoint),
            None => endpoints.with_default(endpoint),
        };
    }
    Ok(endpoints.and(Endpoints::from_variables(variables)?))
}

fn read(path: &Path) -> std::io::Result<String> {
    std::fs::read_to_string(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(variables: &[(&str, &str)]) -> Settings {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Settings::from_variables(variables).unwrap()
    }

    #[test]
    fn the_more_special_endpoint_wins() {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("config");
        std::fs::write(&config, "[default]\nendpoint_url=http://file:1\nregion=eu-west-1\n").unwrap();
        let found = settings(&[
            ("AWS_CONFIG_FILE", config.to_str().unwrap()),
            ("AWS_ENDPOINT_URL_API_GATEWAY", "http://gateway:2"),
            ("SQS_ENDPOINT", "http://queues:3"),
            ("LAMBDA_ENDPOINT", "http://old:4"),
            ("AWS_ENDPOINT_URL_LAMBDA", "http://functions:5"),
        ]);
        let of = |service: &str| found.endpoints.get(service).unwrap().authority.clone();
        assert_eq!(of("api-gateway"), "gateway:2");
        assert_eq!(of("sqs"), "queues:3");
        assert_eq!(of("lambda"), "functions:5");
        assert_eq!(of("dynamodb"), "file:1");
        assert_eq!(found.region.as_deref(), Some("eu-west-1"));
    }

    #[test]
    fn aws_is_called_only_for_somebody() {
        assert!(!settings(&[]).client().reaches("s3"));
        assert!(
            settings(&[("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "s")]).client().reaches("s3")
        );
        assert!(settings(&[("AWS_ENDPOINT_URL", "http://all:1")]).client().reaches("s3"));
    }

    #[test]
    fn a_file_that_is_named_has_to_be_there() {
        let variables = [("AWS_CONFIG_FILE".to_owned(), "/nowhere/config".to_owned())];
        let error = Settings::from_variables(variables).unwrap_err();
        assert!(error.to_string().starts_with("AWS_CONFIG_FILE names the file /nowhere/config"), "{error}");
    }
}
