//! Mocked results held against the models of the services.
//!
//! Members that the model does not have are let through, as are the results of Tasks that no model describes: of functions,
//! activities, callbacks, and of requests to arbitrary endpoints.

use super::request::ValidationMode;
use super::service_models::{Naming, described_by};
use aws::model::{Kind, Member, Reference, Service, Shape, Structure};
use json::{Object, Value};
use model::TaskResource;

/// Says what is wrong with the result of a Task, in AWS's words.
pub(super) fn check(resource: &TaskResource, result: &Object, mode: ValidationMode) -> Result<(), String> {
    if mode == ValidationMode::None {
        return Ok(());
    }
    let Some(description) = described_by(resource) else { return Ok(()) };
    let Some(service) = aws::model::service(description.service) else { return Ok(()) };
    let Some(operation) = service.action(&description.action) else { return Ok(()) };
    let Some(output) = &operation.output else { return Ok(()) };
    let checker = Checker { service: &service, naming: description.naming, mode };
    match &service.target(output).kind {
        Kind::Structure(structure) => checker.structure(structure, result, description.unchecked),
        _ => Ok(()),
    }
}

struct Checker<'s> {
    service: &'s Service,
    naming: Naming,
    mode: ValidationMode,
}

impl Checker<'_> {
    // AWS: unconfirmed which of several problems is told; here a missing member goes before a wrong one.
    fn structure(&self, structure: &Structure, object: &Object, unchecked: &[&str]) -> Result<(), String> {
        let named = |member: &Member| self.naming.of(member);
        if self.mode == ValidationMode::Strict {
            let mut required = structure.members.iter().filter(|member| member.is_required).map(named);
            if let Some(missing) = required.find(|name| !is_present(object, name)) {
                return Err(format!("Required field '{missing}' is missing"));
            }
        }
        for member in &structure.members {
            let name = named(member);
            if let Some(value) = object.get(&name).filter(|value| !value.is_null())
                && !unchecked.contains(&&*name)
            {
                self.value(&name, &member.target, value)?;
            }
        }
        Ok(())
    }

    fn value(&self, field: &str, target: &Reference, value: &Value) -> Result<(), String> {
        let shape = self.service.target(target);
        let must_be = |what: &str| Err(format!("Field '{field}' must be {what}"));
        match (&shape.kind, value) {
            (Kind::Document, _) => Ok(()),
            (Kind::Structure(structure), Value::Object(object)) => self.structure(structure, object, &[]),
            (Kind::Structure(_), _) => must_be("an object"),
            (Kind::Map { value: target, .. }, Value::Object(object)) => {
                object.iter().try_for_each(|(key, value)| self.value(key, target, value))
            }
            (Kind::Map { .. }, _) => must_be("an object"),
            (Kind::List(item), Value::Array(items)) => {
                items.iter().try_for_each(|value| self.value(field, item, value))
            }
            (Kind::List(_), _) => must_be("an array"),
            (Kind::String(words), Value::String(text)) => {
                if !words.is_empty() && !words.iter().any(|word| word == text) {
                    return Err(format!("Field '{field}' is not an expected value"));
                }
                within_length(field, shape, text)
            }
            // AWS: recorded test_strict_mode_sfn_task, moments are texts, never numbers.
            (Kind::Blob, Value::String(text)) => within_length(field, shape, text),
            (Kind::Timestamp, Value::String(_)) => Ok(()),
            (Kind::String(_) | Kind::Blob | Kind::Timestamp, _) => must_be("a string"),
            (Kind::Boolean, Value::Bool(_)) => Ok(()),
            (Kind::Boolean, _) => must_be("a boolean"),
            (Kind::Integer | Kind::Long | Kind::Float | Kind::Double, Value::Number(number)) => {
                within_range(field, shape, number.to_f64())
            }
            (Kind::Integer | Kind::Long | Kind::Float | Kind::Double, _) => must_be("a number"),
        }
    }
}

fn is_present(object: &Object, name: &str) -> bool {
    object.get(name).is_some_and(|value| !value.is_null())
}

fn within_range(field: &str, shape: &Shape, number: f64) -> Result<(), String> {
    if shape.max.is_some_and(|max| number > max) {
        return Err(format!("Field '{field}' exceeds the maximum value"));
    }
    if shape.min.is_some_and(|min| number < min) {
        return Err(format!("Field '{field}' is less than the minimum value"));
    }
    Ok(())
}

fn within_length(field: &str, shape: &Shape, text: &str) -> Result<(), String> {
    let length = text.chars().count() as f64;
    if shape.min.is_some_and(|min| length < min) {
        return Err(format!("Field '{field}' is smaller than the minimum length"));
    }
    // Bytes come as Base64 or as text, so that how many there are cannot be told.
    if shape.max.is_some_and(|max| length > max) && !matches!(shape.kind, Kind::Blob) {
        // AWS: unconfirmed words, chosen as for the minimum.
        return Err(format!("Field '{field}' exceeds the maximum length"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(resource: &str, result: &str, mode: ValidationMode) -> Result<(), String> {
        let resource = TaskResource::parse(&format!("arn:aws:states:::{resource}")).unwrap();
        let Value::Object(result) = json::parse(result).unwrap() else { panic!("{result} is an object") };
        check(&resource, &result, mode)
    }

    fn strict(resource: &str, result: &str) -> String {
        checked(resource, result, ValidationMode::Strict).err().unwrap_or_default()
    }

    #[test]
    fn recorded_refusals_are_worded_as_aws_words_them() {
        // AWS: recorded test_strict_mode.
        for (resource, result, problem) in [
            ("events:putEvents", r#"{"Entries":""}"#, "Field 'Entries' must be an array"),
            ("events:putEvents", r#"{"Entries":[{"EventId":[]}]}"#, "Field 'EventId' must be a string"),
            ("lambda:invoke", r#"{"StatusCode":"200"}"#, "Field 'StatusCode' must be a number"),
            (
                "aws-sdk:s3:getObject",
                r#"{"StorageClass":"Papyrus"}"#,
                "Field 'StorageClass' is not an expected value",
            ),
            ("aws-sdk:s3:getObject", r#"{"ContentLength":"9"}"#, "Field 'ContentLength' must be a number"),
            ("states:startExecution", "{}", "Required field 'ExecutionArn' is missing"),
            (
                "states:startExecution",
                r#"{"ExecutionArn":"a","StartDate":1764103483}"#,
                "Field 'StartDate' must be a string",
            ),
            (
                "aws-sdk:lambda:getFunctionConfiguration",
                r#"{"MemorySize":9999999}"#,
                "Field 'MemorySize' exceeds the maximum value",
            ),
            (
                "aws-sdk:lambda:getFunctionConfiguration",
                r#"{"MemorySize":1}"#,
                "Field 'MemorySize' is less than the minimum value",
            ),
            (
                "aws-sdk:kms:encrypt",
                r#"{"CiphertextBlob":""}"#,
                "Field 'CiphertextBlob' is smaller than the minimum length",
            ),
            ("aws-sdk:kms:encrypt", r#"{"CiphertextBlob":1}"#, "Field 'CiphertextBlob' must be a string"),
            (
                "dynamodb:putItem",
                r#"{"ConsumedCapacity":{"CapacityUnits":"1"}}"#,
                "Field 'CapacityUnits' must be a number",
            ),
        ] {
            assert_eq!(strict(resource, result), problem, "{resource} {result}");
        }
    }

    #[test]
    fn what_the_model_does_not_describe_is_let_through() {
        for (resource, result) in [
            ("events:putEvents", r#"{"random":"json","SdkHttpMetadata":7,"Entries":null}"#),
            ("lambda:invoke", r#"{"Payload":{"any":["thing"]},"StatusCode":200}"#),
            ("aws-sdk:sqs:sendMessage.waitForTaskToken", r#"{"MessageId":1}"#),
            ("http:invoke", r#"{"StatusCode":"x"}"#),
            ("eks:call", r#"{"StatusCode":"x"}"#),
        ] {
            assert_eq!(strict(resource, result), "", "{resource} {result}");
        }
    }

    #[test]
    fn modes_ask_for_less() {
        let resource = "states:startExecution";
        assert_eq!(checked(resource, "{}", ValidationMode::Present), Ok(()));
        assert!(checked(resource, r#"{"ExecutionArn":1}"#, ValidationMode::Present).is_err());
        assert_eq!(checked(resource, r#"{"ExecutionArn":1}"#, ValidationMode::None), Ok(()));
    }

    #[test]
    fn jobs_are_held_against_what_tells_how_they_stand() {
        let described = r#"{"ExecutionArn":"a","StateMachineArn":"m","Status":"SUCCEEDED","StartDate":"d"}"#;
        for pattern in ["sync", "sync:2"] {
            let resource = format!("states:startExecution.{pattern}");
            assert_eq!(strict(&resource, described), "");
            assert_eq!(
                strict(&resource, r#"{"ExecutionArn":"a","StartDate":"d"}"#),
                "Required field 'StateMachineArn' is missing"
            );
        }
        let with_output = described.replace("\"Status\"", "\"Output\":{\"x\":1},\"Status\"");
        assert_eq!(strict("states:startExecution.sync", &with_output), "Field 'Output' must be a string");
        assert_eq!(strict("states:startExecution.sync:2", &with_output), "");
    }
}
