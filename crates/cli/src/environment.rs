//! What the environment says. Libraries never read it; this file does, for all of them.

use crate::error::CliError;
use std::env;
use std::path::PathBuf;

/// The region of the standard variables.
pub(crate) fn region() -> Option<String> {
    ["AWS_REGION", "AWS_DEFAULT_REGION"].into_iter().find_map(variable)
}

/// A client for functions that are not served here, where the environment names an endpoint of Lambda and a key.
pub(crate) fn aws_client() -> Result<Option<aws::Client>, CliError> {
    client_of("lambda", "AWS_ENDPOINT_URL_LAMBDA")
}

/// A client for CloudWatch Logs, where the environment names an endpoint of it.
pub(crate) fn logs_client() -> Result<Option<aws::Client>, CliError> {
    client_of("logs", "AWS_ENDPOINT_URL_LOGS")
}

fn client_of(service: &str, endpoint: &'static str) -> Result<Option<aws::Client>, CliError> {
    let variables: Vec<(String, String)> =
        ["AWS_ENDPOINT_URL", endpoint, "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"]
            .into_iter()
            .filter_map(|name| Some((name.to_owned(), variable(name)?)))
            .collect();
    let read = variables.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let endpoints = aws::Endpoints::from_variables(read.clone()).map_err(CliError::Endpoint)?;
    if endpoints.get(service).is_none() {
        return Ok(None);
    }
    // Emulators take any key.
    let credentials =
        aws::Credentials::from_variables(read).unwrap_or_else(|| aws::Credentials::new("local", "local"));
    Ok(Some(aws::Client::new(aws::ClientConfig::new(endpoints, credentials))))
}

/// The file of mocked integrations, where the environment names one; by the name that Step Functions Local gives it.
pub(crate) fn mock_config() -> Option<PathBuf> {
    variable("SFN_MOCK_CONFIG").map(PathBuf::from)
}

/// What functions get beside what Lambda gives them: where Step Functions and Lambda are, unless the caller points
/// elsewhere, and every variable whose name begins with `STEPWRIGHT_`.
pub(crate) fn for_functions(endpoint: &str) -> Vec<(String, String)> {
    let mut variables: Vec<(String, String)> = env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| name.starts_with("STEPWRIGHT_"))
        .collect();
    // A definite order, so that two starts are alike.
    variables.sort();
    variables.push(("AWS_ENDPOINT_URL_SFN".to_owned(), endpoint.to_owned()));
    let lambda = variable("AWS_ENDPOINT_URL_LAMBDA").unwrap_or_else(|| endpoint.to_owned());
    variables.push(("AWS_ENDPOINT_URL_LAMBDA".to_owned(), lambda));
    variables.extend(variable("AWS_ENDPOINT_URL").map(|url| ("AWS_ENDPOINT_URL".to_owned(), url)));
    variables
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}
