//! `bedrock:invokeModel`: a model's answer as JSON, with what goes in and what comes out in S3 where it is wanted there.

use crate::access::CallFailure;
use crate::call::{TaskCall, TaskOutcome};
use crate::errors::{succeeded, unusable};
use crate::services::{self, Naming, OptimisedService, Services};
use aws::response::{Form, Output};
use bytes::Bytes;
use json::{Object, Payload, Value};

const MODEL: &str = "bedrockruntime";
const S3: &OptimisedService = &OptimisedService {
    resource: "s3",
    model: "s3",
    prefix: "S3",
    name: "Amazon S3",
    exception: "AmazonS3Exception",
};

/// Calls the model.
pub(crate) async fn invoke_model(services: &Services, call: &TaskCall) -> TaskOutcome {
    let Some(service) = services::of_resource("bedrock") else {
        return TaskOutcome::Failed(crate::errors::not_called_yet(&call.resource));
    };
    let parameters = call.parameters.value();
    let (from, to) = match (place(parameters, "Input"), place(parameters, "Output")) {
        (Ok(from), Ok(to)) => (from, to),
        (Err(problem), _) | (_, Err(problem)) => return unusable(call, &problem),
    };
    let given: Object = parameters.as_object().cloned().unwrap_or_default();
    let kept = given.iter().filter(|(name, _)| !matches!(&***name, "Input" | "Output"));
    let input = Value::object(kept.map(|(name, value)| (name.clone(), value.clone())));
    let body = match &from {
        None => None,
        Some(place) => match read(services, call, place).await {
            Ok(body) => Some(body),
            Err(error) => return Naming::Optimised(S3).failure(call, &error),
        },
    };
    let answer = services.call_with(call, (MODEL, "invokeModel"), &input, Form::Optimised, body).await;
    let output = match answer {
        Ok(output) => output,
        Err(error) => return Naming::Optimised(service).failure(call, &error),
    };
    let body = match &to {
        None => parsed(&output),
        Some(place) => match write(services, call, place, &output).await {
            // AWS: documented that a reference stands in the body's place; its form is unconfirmed, chosen: the URI.
            Ok(()) => Value::from(place.uri.as_str()),
            Err(error) => return Naming::Optimised(S3).failure(call, &error),
        },
    };
    let kind = output.value.get("ContentType").cloned();
    let members = [("Body", Some(body)), ("ContentType", kind)];
    let members = members.into_iter().filter_map(|(name, value)| Some((name, value?)));
    succeeded(&call.resource, Payload::from(Value::object(members)))
}

/// An object of S3.
struct Place {
    uri: String,
    bucket: String,
    key: String,
}

/// `{"S3Uri":"s3://BUCKET/KEY"}`
fn place(parameters: &Value, field: &str) -> Result<Option<Place>, String> {
    let invalid = || format!("The value of the field '{field}' has an invalid format");
    let uri = match parameters.get(field) {
        None | Some(Value::Null) => return Ok(None),
        Some(given) => match given.get("S3Uri") {
            // An Input or Output without an object says nothing.
            None | Some(Value::Null) => return Ok(None),
            Some(uri) => uri.as_str().ok_or_else(invalid)?,
        },
    };
    let (bucket, key) =
        uri.strip_prefix("s3://").and_then(|rest| rest.split_once('/')).ok_or_else(invalid)?;
    if bucket.is_empty() || key.is_empty() {
        return Err(invalid());
    }
    Ok(Some(Place { uri: uri.to_owned(), bucket: bucket.to_owned(), key: key.to_owned() }))
}

async fn read(services: &Services, call: &TaskCall, place: &Place) -> Result<Bytes, CallFailure> {
    let input = Value::object([("Bucket", place.bucket.as_str()), ("Key", place.key.as_str())]);
    let call = of_s3(call, "getObject", &input);
    let output = services.call(&call, ("s3", "getObject"), &input, Form::Optimised).await?;
    Ok(output.streamed.unwrap_or_default())
}

async fn write(
    services: &Services,
    call: &TaskCall,
    place: &Place,
    output: &Output,
) -> Result<(), CallFailure> {
    let kind = output.value.get("ContentType").and_then(Value::as_str).unwrap_or("application/json");
    let input = Value::object([
        ("Bucket", place.bucket.as_str()),
        ("Key", place.key.as_str()),
        ("ContentType", kind),
    ]);
    let body = output.streamed.clone().unwrap_or_default();
    let call = of_s3(call, "putObject", &input);
    services.call_with(&call, ("s3", "putObject"), &input, Form::Optimised, Some(body)).await.map(|_| ())
}

/// The call as one of S3, which may have a place of its own.
fn of_s3(call: &TaskCall, action: &str, input: &Value) -> TaskCall {
    TaskCall {
        resource: services::s3_resource(action),
        parameters: Payload::from(input.clone()),
        ..call.clone()
    }
}

/// AWS: its samples read members of the body.
fn parsed(output: &Output) -> Value {
    let text = output.value.get("Body").cloned().unwrap_or_default();
    text.as_str().and_then(|text| json::parse(text).ok()).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_named_by_their_uri() {
        let of = |text: &str| place(&json::parse(text).unwrap(), "Input");
        let found = of(r#"{"Input":{"S3Uri":"s3://bucket/a/b.json"}}"#).unwrap().unwrap();
        assert_eq!((found.bucket.as_str(), found.key.as_str()), ("bucket", "a/b.json"));
        assert!(of("{}").unwrap().is_none() && of(r#"{"Input":{}}"#).unwrap().is_none());
        for uri in [r#""bucket/key""#, r#""s3://bucket""#, r#""s3:///key""#, r#""s3://bucket/""#, "7"] {
            assert!(of(&format!(r#"{{"Input":{{"S3Uri":{uri}}}}}"#)).is_err(), "{uri}");
        }
    }
}
