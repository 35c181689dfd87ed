//! The configurations of a state machine: logging, tracing, encryption. They are kept with their defaults filled in, so
//! that what says the same compares as the same.

use super::Caller;
use crate::error::ApiError;
use crate::request::{Fields, Text, Words};
use engine::{Activity, StateMachine};
use json::{Object, Value};
use logs::Found;

/// What a request says about configurations.
#[derive(Debug)]
pub(super) struct Configurations {
    pub(super) logging: Option<Logging>,
    pub(super) tracing: Option<Value>,
    pub(super) encryption: Option<Encryption>,
}

#[derive(Debug)]
pub(super) struct Logging {
    level: &'static str,
    includes_execution_data: bool,
    destinations: Option<Vec<Option<std::sync::Arc<str>>>>,
}

#[derive(Debug)]
pub(super) struct Encryption {
    kind: Option<&'static str>,
    key_id: Option<std::sync::Arc<str>>,
    reuse_seconds: Option<i64>,
}

const LEVELS: Words<&'static str> = Words {
    parse: |word| ["ALL", "ERROR", "FATAL", "OFF"].into_iter().find(|level| *level == word),
    set: "[ALL, ERROR, FATAL, OFF]",
};
const OWNED_KEY: &str = "AWS_OWNED_KEY";
const CUSTOMER_KEY: &str = "CUSTOMER_MANAGED_KMS_KEY";
const ENCRYPTION_TYPES: Words<&'static str> = Words {
    parse: |word| [OWNED_KEY, CUSTOMER_KEY].into_iter().find(|kind| *kind == word),
    set: "[AWS_OWNED_KEY, CUSTOMER_MANAGED_KMS_KEY]",
};
/// Seconds for which a data key serves where the request does not say. AWS: unconfirmed, the documented default.
const DEFAULT_REUSE_SECONDS: i64 = 300;

impl Configurations {
    pub(super) fn read(fields: &mut Fields<'_>) -> Result<Configurations, ApiError> {
        Ok(Configurations {
            logging: fields.structure("loggingConfiguration", Logging::read)?,
            tracing: fields.structure("tracingConfiguration", |f| {
                Ok(tracing_value(f.flag("enabled")?.unwrap_or(false)))
            })?,
            encryption: fields.structure("encryptionConfiguration", Encryption::read)?,
        })
    }
}

impl Logging {
    fn read(fields: &mut Fields<'_>) -> Result<Logging, ApiError> {
        Ok(Logging {
            level: fields.word("level", &LEVELS)?.unwrap_or("OFF"),
            includes_execution_data: fields.flag("includeExecutionData")?.unwrap_or(false),
            destinations: fields.structures("destinations", |f| {
                f.structure("cloudWatchLogsLogGroup", |f| f.text("logGroupArn", Text::of(1, 256)))
                    .map(Option::flatten)
            })?,
        })
    }

    /// The configuration as it is kept, once its log group is found and the delivery to it announced.
    pub(super) async fn accepted(&self, caller: &Caller<'_>) -> Result<Value, ApiError> {
        let checked = self.checked()?;
        let Some(groups) = &caller.api.log_groups else { return Ok(checked) };
        for arn in self.destinations.iter().flatten().flatten() {
            // A service that gives no answer keeps nobody from creating a machine.
            if groups.find(arn).await == Found::No {
                return Err(ApiError::InvalidLoggingConfiguration("Log Destination not found."));
            }
            if self.level != "OFF" {
                groups.announce(arn).await;
            }
        }
        Ok(checked)
    }

    /// The configuration as it is kept. AWS: recorded sfn_api_logs/test_invalid_logging_configuration,
    /// test_incomplete_logging_configuration, test_deleted_log_group.
    fn checked(&self) -> Result<Value, ApiError> {
        let destinations = self.destinations.as_deref().unwrap_or_default();
        if self.level != "OFF" && destinations.len() != 1 {
            return Err(ApiError::InvalidLoggingConfiguration("Must specify exactly one Log Destination."));
        }
        let is_log_group = |arn: &str| {
            arn.starts_with("arn:")
                && arn.contains(":logs:")
                && arn.contains(":log-group:")
                && arn.ends_with(":*")
        };
        if !destinations.iter().all(|arn| arn.as_deref().is_some_and(is_log_group)) {
            return Err(ApiError::InvalidLoggingConfiguration("Log Destination not found."));
        }
        let mut value = Object::new();
        value.insert("level", self.level);
        value.insert("includeExecutionData", self.includes_execution_data);
        if self.destinations.is_some() {
            let shown = destinations.iter().flatten().map(|arn| {
                Value::object([("cloudWatchLogsLogGroup", Value::object([("logGroupArn", arn.clone())]))])
            });
            value.insert("destinations", Value::array(shown.collect()));
        }
        Ok(Value::from(value))
    }
}

impl Encryption {
    pub(super) fn read(fields: &mut Fields<'_>) -> Result<Encryption, ApiError> {
        Ok(Encryption {
            kind: fields.required_word("type", &ENCRYPTION_TYPES)?,
            key_id: fields.text("kmsKeyId", Text::of(1, 2048))?,
            reuse_seconds: fields.integer("kmsDataKeyReusePeriodSeconds", 60..=900)?,
        })
    }

    /// The configuration as it is kept. It is echoed; the data is not encrypted under a key of KMS.
    pub(super) fn checked(&self) -> Result<Value, ApiError> {
        let mut value = Object::new();
        let kind = self.kind.unwrap_or(OWNED_KEY);
        value.insert("type", kind);
        match (&self.key_id, self.reuse_seconds) {
            (None, None) if kind == OWNED_KEY => {}
            _ if kind == OWNED_KEY => {
                return Err(ApiError::InvalidEncryptionConfiguration(
                    "A KMS key can only be specified with the type CUSTOMER_MANAGED_KMS_KEY.",
                ));
            }
            (None, _) => {
                return Err(ApiError::InvalidEncryptionConfiguration(
                    "The type CUSTOMER_MANAGED_KMS_KEY needs a KMS key.",
                ));
            }
            (Some(key), seconds) => {
                value.insert("kmsKeyId", key.clone());
                value.insert("kmsDataKeyReusePeriodSeconds", seconds.unwrap_or(DEFAULT_REUSE_SECONDS));
            }
        }
        Ok(Value::from(value))
    }
}

/// The machine's logging configuration, or the default.
pub(super) fn logging(machine: &StateMachine) -> Value {
    machine.logging_configuration.clone().unwrap_or_else(default_logging)
}

/// The machine's tracing configuration, or the default.
pub(super) fn tracing(machine: &StateMachine) -> Value {
    machine.tracing_configuration.clone().unwrap_or_else(default_tracing)
}

/// The machine's encryption configuration, or the default.
pub(super) fn encryption(machine: &StateMachine) -> Value {
    machine.encryption_configuration.clone().unwrap_or_else(default_encryption)
}

/// An activity's encryption configuration, or the default.
pub(super) fn of_activity(activity: &Activity) -> Value {
    activity.encryption_configuration.clone().unwrap_or_else(default_encryption)
}

/// AWS: recorded, every DescribeStateMachine of a machine without logging.
pub(super) fn default_logging() -> Value {
    Value::object([("level", Value::from("OFF")), ("includeExecutionData", Value::from(false))])
}

/// AWS: recorded.
pub(super) fn default_tracing() -> Value {
    tracing_value(false)
}

/// AWS: recorded since mid 2024.
pub(super) fn default_encryption() -> Value {
    Value::object([("type", OWNED_KEY)])
}

fn tracing_value(is_enabled: bool) -> Value {
    Value::object([("enabled", is_enabled)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::{parse_body, read};

    fn logging_of(text: &str) -> Result<String, String> {
        let body = parse_body(text.as_bytes()).unwrap();
        let logging = read(&body, Logging::read).map_err(|e| e.to_string())?;
        logging.checked().map(|value| value.to_text()).map_err(|e| e.to_string())
    }

    fn encryption_of(text: &str) -> Result<String, String> {
        let body = parse_body(text.as_bytes()).unwrap();
        let encryption = read(&body, Encryption::read).map_err(|e| e.to_string())?;
        encryption.checked().map(|value| value.to_text()).map_err(|e| e.to_string())
    }

    #[test]
    fn a_level_needs_exactly_one_destination() {
        let refusal = "Invalid Logging Configuration: Must specify exactly one Log Destination.";
        let group = r#"{"cloudWatchLogsLogGroup":{"logGroupArn":"arn:aws:logs:r:1:log-group:g:*"}}"#;
        for text in [
            r#"{"level":"ALL"}"#,
            r#"{"level":"FATAL","destinations":[]}"#,
            &format!(r#"{{"level":"ERROR","destinations":[{group},{group}]}}"#),
        ] {
            assert_eq!(logging_of(text), Err(refusal.to_owned()), "{text}");
        }
        assert_eq!(
            logging_of(&format!(r#"{{"destinations":[{group}],"level":"ALL"}}"#)).unwrap(),
            format!(r#"{{"level":"ALL","includeExecutionData":false,"destinations":[{group}]}}"#)
        );
    }

    #[test]
    fn an_empty_list_of_destinations_is_echoed() {
        assert_eq!(
            logging_of(r#"{"destinations":[]}"#).unwrap(),
            r#"{"level":"OFF","includeExecutionData":false,"destinations":[]}"#
        );
        assert_eq!(logging_of("{}").unwrap(), default_logging().to_text());
    }

    #[test]
    fn a_destination_must_be_a_log_group_with_all_its_streams() {
        for arn in ["arn:aws:logs:r:1:log-group:g", "g:*", "arn:aws:s3:::b:*"] {
            let text = format!(
                r#"{{"level":"ALL","destinations":[{{"cloudWatchLogsLogGroup":{{"logGroupArn":"{arn}"}}}}]}}"#
            );
            let refusal = "Invalid Logging Configuration: Log Destination not found.";
            assert_eq!(logging_of(&text), Err(refusal.to_owned()));
        }
    }

    #[test]
    fn words_and_ranges_are_checked() {
        assert!(logging_of(r#"{"level":"all"}"#).unwrap_err().contains("[ALL, ERROR, FATAL, OFF]"));
        assert!(encryption_of("{}").unwrap_err().contains("Value null at 'type'"));
        let short = r#"{"type":"CUSTOMER_MANAGED_KMS_KEY","kmsKeyId":"k","kmsDataKeyReusePeriodSeconds":59}"#;
        assert!(encryption_of(short).unwrap_err().contains("greater than or equal to 60"));
    }

    #[test]
    fn a_key_goes_with_its_type_and_gets_a_period() {
        assert!(encryption_of(r#"{"type":"AWS_OWNED_KEY","kmsKeyId":"k"}"#).is_err());
        assert!(encryption_of(r#"{"type":"CUSTOMER_MANAGED_KMS_KEY"}"#).is_err());
        assert_eq!(encryption_of(r#"{"type":"AWS_OWNED_KEY"}"#).unwrap(), default_encryption().to_text());
        assert_eq!(
            encryption_of(r#"{"type":"CUSTOMER_MANAGED_KMS_KEY","kmsKeyId":"k"}"#).unwrap(),
            r#"{"type":"CUSTOMER_MANAGED_KMS_KEY","kmsKeyId":"k","kmsDataKeyReusePeriodSeconds":300}"#
        );
    }
}
