//! What TestState is asked.

use crate::error::ApiError;
use crate::operations::{ARN, CAUSE, ERROR, PAYLOAD, machine};
use crate::request::{Fields, Text, Words, read};
use json::Value;
use model::{Failure, limits};
use std::sync::Arc;

const STATE_NAME: Text = Text::of(1, limits::NAME_LENGTH).sensitive();
const LEVELS: Words<InspectionLevel> = Words {
    parse: |word| match word {
        "INFO" => Some(InspectionLevel::Info),
        "DEBUG" => Some(InspectionLevel::Debug),
        "TRACE" => Some(InspectionLevel::Trace),
        _ => None,
    },
    set: "[INFO, DEBUG, TRACE]",
};
const MODES: Words<ValidationMode> = Words {
    parse: |word| match word {
        "STRICT" => Some(ValidationMode::Strict),
        "PRESENT" => Some(ValidationMode::Present),
        "NONE" => Some(ValidationMode::None),
        _ => None,
    },
    set: "[STRICT, PRESENT, NONE]",
};

/// How much is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum InspectionLevel {
    Info,
    Debug,
    Trace,
}

/// How a mocked result is held against the model of the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ValidationMode {
    Strict,
    Present,
    None,
}

/// The members of a request.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) definition: Arc<str>,
    pub(super) state_name: Option<Arc<str>>,
    pub(super) role_arn: Option<Arc<str>>,
    pub(super) input: Option<Arc<str>>,
    pub(super) inspection_level: InspectionLevel,
    pub(super) reveal_secrets: bool,
    pub(super) variables: Option<Arc<str>>,
    pub(super) context: Option<Arc<str>>,
    pub(super) mock: Option<MockInput>,
    pub(super) configuration: Configuration,
}

/// The member `mock`.
#[derive(Debug)]
pub(super) struct MockInput {
    pub(super) result: Option<Arc<str>>,
    pub(super) error_output: Option<Failure>,
    pub(super) mode: ValidationMode,
}

/// The member `stateConfiguration`.
#[derive(Debug, Default)]
pub(super) struct Configuration {
    pub(super) retrier_retry_count: Option<u64>,
    pub(super) error_caused_by_state: Option<Arc<str>>,
    pub(super) map_iteration_failure_count: Option<u64>,
    pub(super) map_item_reader_data: Option<Arc<str>>,
}

impl Request {
    pub(super) fn read(body: &Value) -> Result<Request, ApiError> {
        read(body, |f| {
            Ok(Request {
                definition: f.required_text("definition", machine::DEFINITION)?,
                state_name: f.text("stateName", STATE_NAME)?,
                role_arn: f.text("roleArn", ARN)?,
                input: f.text("input", PAYLOAD)?,
                inspection_level: f.word("inspectionLevel", &LEVELS)?.unwrap_or(InspectionLevel::Info),
                reveal_secrets: f.flag("revealSecrets")?.unwrap_or(false),
                variables: f.text("variables", PAYLOAD)?,
                context: f.text("context", PAYLOAD)?,
                mock: f.structure("mock", MockInput::read)?,
                configuration: f.structure("stateConfiguration", Configuration::read)?.unwrap_or_default(),
            })
        })
    }

    /// What the members ask of one another.
    pub(super) fn check(&self) -> Result<(), ApiError> {
        match &self.mock {
            Some(mock) => {
                mock.check()?;
                if self.reveal_secrets {
                    let text = "TestState does not support RevealSecrets when a mock is specified.";
                    return Err(ApiError::validation(text));
                }
                Ok(())
            }
            None => {
                let configuration = &self.configuration;
                // AWS: recorded for MapIterationFailureCount, the words for the others are unconfirmed.
                for (is_given, member) in [
                    (configuration.map_iteration_failure_count.is_some(), "MapIterationFailureCount"),
                    (configuration.map_item_reader_data.is_some(), "MapItemReaderData"),
                    (configuration.error_caused_by_state.is_some(), "ErrorCausedByState"),
                    (self.context.is_some(), "Context"),
                ] {
                    if is_given {
                        return Err(ApiError::validation(format!(
                            "TestState does not support {member} when a mock is not specified."
                        )));
                    }
                }
                Ok(())
            }
        }
    }
}

impl MockInput {
    fn read(fields: &mut Fields<'_>) -> Result<MockInput, ApiError> {
        let error_output = fields.structure("errorOutput", |f| {
            Ok(Failure { error: f.text("error", ERROR)?, cause: f.text("cause", CAUSE)? })
        })?;
        Ok(MockInput {
            result: fields.text("result", PAYLOAD)?,
            error_output,
            mode: fields.word("fieldValidationMode", &MODES)?.unwrap_or(ValidationMode::Strict),
        })
    }

    fn check(&self) -> Result<(), ApiError> {
        match (&self.result, &self.error_output) {
            (Some(_), Some(_)) => Err(ApiError::validation(
                "A test mock should have only one of the following fields: [result, errorOutput].",
            )),
            // AWS: unconfirmed words.
            (None, None) => Err(ApiError::validation(
                "A test mock should have one of the following fields: [result, errorOutput].",
            )),
            (Some(_), None) | (None, Some(_)) => Ok(()),
        }
    }
}

impl Configuration {
    fn read(fields: &mut Fields<'_>) -> Result<Configuration, ApiError> {
        let counts = 0..=i64::from(i32::MAX);
        Ok(Configuration {
            retrier_retry_count: fields.integer("retrierRetryCount", counts.clone())?.map(i64::unsigned_abs),
            error_caused_by_state: fields.text("errorCausedByState", STATE_NAME)?,
            map_iteration_failure_count: fields
                .integer("mapIterationFailureCount", counts)?
                .map(i64::unsigned_abs),
            map_item_reader_data: fields.text("mapItemReaderData", PAYLOAD)?,
        })
    }
}
