//! The options of Step Functions Local, by its names for them.

use crate::environment;
use crate::error::CliError;
use clap::Args;
use std::ffi::OsString;

/// Its options that have one dash and a long name, and what they are called here.
const ONE_DASH: [(&str, &str); 12] = [
    ("-account", "--account"),
    ("-region", "--region"),
    ("-waitTimeScale", "--wait-time-scale"),
    ("-lambdaEndpoint", "--lambda-endpoint"),
    ("-batchEndpoint", "--batch-endpoint"),
    ("-dynamoDBEndpoint", "--dynamodb-endpoint"),
    ("-ecsEndpoint", "--ecs-endpoint"),
    ("-glueEndpoint", "--glue-endpoint"),
    ("-sageMakerEndpoint", "--sagemaker-endpoint"),
    ("-sqsEndpoint", "--sqs-endpoint"),
    ("-snsEndpoint", "--sns-endpoint"),
    ("-stepFunctionsEndpoint", "--step-functions-endpoint"),
];

/// Where single services are, and how long waits last.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Options of Step Functions Local")]
pub(crate) struct StepFunctionsLocal {
    /// By how much Wait states wait longer; 0.01 for a hundredth of the time [default: WAIT_TIME_SCALE, else 1]
    #[arg(long, value_name = "FACTOR", value_parser = scale)]
    wait_time_scale: Option<f64>,
    /// Where functions are called that are not served here [default: LAMBDA_ENDPOINT]
    #[arg(long, value_name = "URL")]
    lambda_endpoint: Option<String>,
    /// [default: BATCH_ENDPOINT]
    #[arg(long, value_name = "URL")]
    batch_endpoint: Option<String>,
    /// [default: DYNAMODB_ENDPOINT]
    #[arg(long, value_name = "URL")]
    dynamodb_endpoint: Option<String>,
    /// [default: ECS_ENDPOINT]
    #[arg(long, value_name = "URL")]
    ecs_endpoint: Option<String>,
    /// [default: GLUE_ENDPOINT]
    #[arg(long, value_name = "URL")]
    glue_endpoint: Option<String>,
    /// [default: SAGE_MAKER_ENDPOINT]
    #[arg(long, value_name = "URL")]
    sagemaker_endpoint: Option<String>,
    /// [default: SQS_ENDPOINT]
    #[arg(long, value_name = "URL")]
    sqs_endpoint: Option<String>,
    /// [default: SNS_ENDPOINT]
    #[arg(long, value_name = "URL")]
    sns_endpoint: Option<String>,
    /// Where Tasks of aws-sdk:sfn call [default: STEP_FUNCTIONS_ENDPOINT, else this server]
    #[arg(long, value_name = "URL")]
    step_functions_endpoint: Option<String>,
}

impl StepFunctionsLocal {
    /// The settings with the endpoints that are named here.
    pub(crate) fn settings(&self, settings: aws::Settings) -> Result<aws::Settings, aws::SettingsError> {
        let named = [
            ("lambda", &self.lambda_endpoint),
            ("batch", &self.batch_endpoint),
            ("dynamodb", &self.dynamodb_endpoint),
            ("ecs", &self.ecs_endpoint),
            ("glue", &self.glue_endpoint),
            ("sagemaker", &self.sagemaker_endpoint),
            ("sqs", &self.sqs_endpoint),
            ("sns", &self.sns_endpoint),
            ("sfn", &self.step_functions_endpoint),
        ];
        let given = named.into_iter().filter_map(|(service, url)| Some((service, url.as_ref()?)));
        given.into_iter().try_fold(settings, |settings, (service, url)| settings.with_endpoint(service, url))
    }

    /// By how much waits are longer.
    pub(crate) fn wait_scale(&self) -> Result<f64, CliError> {
        match (self.wait_time_scale, environment::wait_time_scale()) {
            (Some(factor), _) => Ok(factor),
            (None, Some(text)) => scale(&text).map_err(|_| CliError::WaitTimeScale { text }),
            (None, None) => Ok(1.0),
        }
    }
}

/// The arguments with Step Functions Local's names replaced by those they have here.
pub(crate) fn arguments(given: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let replaced = |argument: OsString| {
        let text = argument.to_string_lossy();
        let (name, value) = text.split_once('=').map_or((&*text, None), |(name, value)| (name, Some(value)));
        match (ONE_DASH.iter().find(|(known, _)| *known == name), value) {
            (Some((_, option)), None) => OsString::from(option),
            (Some((_, option)), Some(value)) => OsString::from(format!("{option}={value}")),
            (None, _) => argument.clone(),
        }
    };
    given.into_iter().map(replaced).collect()
}

fn scale(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(scale) if (0.0..=1000.0).contains(&scale) => Ok(scale),
        Ok(_) | Err(_) => Err("a factor is a number from 0 to 1000".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_with_one_dash_are_those_with_two() {
        let given =
            ["serve", "-lambdaEndpoint", "http://x", "-account=1", "-lambdaendpoint", "-o", "--region"];
        let expected =
            ["serve", "--lambda-endpoint", "http://x", "--account=1", "-lambdaendpoint", "-o", "--region"];
        assert_eq!(arguments(given.map(OsString::from)), expected.map(OsString::from));
    }

    #[test]
    fn factors_are_numbers_that_are_not_negative() {
        assert_eq!(scale("0.01"), Ok(0.01));
        for text in ["-1", "x", "NaN", "inf", "1001", ""] {
            assert!(scale(text).is_err(), "{text}");
        }
    }
}
