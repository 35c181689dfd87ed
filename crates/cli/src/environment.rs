//! What the environment says. Libraries never read it; this file does, for all of them.

use crate::error::CliError;
use std::env;
use std::path::PathBuf;

/// The region of the standard settings.
pub(crate) fn region() -> Option<String> {
    aws_settings().ok()?.region
}

/// AWS's standard settings.
pub(crate) fn aws_settings() -> Result<aws::Settings, CliError> {
    aws::Settings::from_variables(variables()).map_err(CliError::from)
}

/// Every variable that is text.
pub(crate) fn variables() -> impl Iterator<Item = (String, String)> {
    env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

/// The account, where the environment names one; by the name that Step Functions Local gives it.
pub(crate) fn account() -> Option<String> {
    variable("AWS_ACCOUNT_ID")
}

/// By how much waits are longer, by the name that Step Functions Local gives it.
pub(crate) fn wait_time_scale() -> Option<String> {
    variable("WAIT_TIME_SCALE")
}

/// A client for CloudWatch Logs, where the settings name an endpoint of it.
pub(crate) fn logs_client() -> Result<Option<aws::Client>, CliError> {
    let settings = aws_settings()?;
    Ok(settings.endpoints.get("logs").is_some().then(|| settings.client()))
}

/// The file of mocked integrations, where the environment names one; by the name that Step Functions Local gives it.
pub(crate) fn mock_config() -> Option<PathBuf> {
    variable("SFN_MOCK_CONFIG").map(PathBuf::from)
}

/// What functions get beside what Lambda gives them: where Step Functions and Lambda are, unless the caller points
/// elsewhere, and every variable whose name begins with `STEPWRIGHT_`.
pub(crate) fn for_functions(endpoint: &str) -> Vec<(String, String)> {
    let mut variables: Vec<(String, String)> =
        variables().filter(|(name, _)| name.starts_with("STEPWRIGHT_")).collect();
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
