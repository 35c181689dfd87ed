//! `eks:call` and `eks:runJob`: requests to the API of a cluster's own Kubernetes.

mod cluster;
mod job;
mod logs;

pub(crate) use job::{cancel, run_job, watch};

use crate::access::CallFailure;
use crate::call::{TaskCall, TaskOutcome};
use crate::errors::{self, failed, result_too_large, succeeded, unusable};
use crate::services::Services;
use aws::{CallError, OperationError, WebAnswer};
use cluster::Cluster;
use json::{Object, Payload, Value};

/// AWS: documented.
const METHODS: [&str; 6] = ["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH"];

/// A request to the cluster's API.
#[derive(Clone, Debug, Default)]
struct Request {
    method: String,
    path: String,
    query: Vec<(String, String)>,
    body: Option<String>,
}

/// Makes the request of `eks:call`.
pub(crate) async fn call(services: &Services, call: &TaskCall) -> TaskOutcome {
    let request = match request(call.parameters.value()) {
        Ok(request) => request,
        Err(problem) => return unusable(call, &problem),
    };
    let cluster = match Cluster::of(services, call).await {
        Ok(cluster) => cluster,
        Err(outcome) => return outcome,
    };
    match cluster.answer(&request).await {
        Ok(answer) => succeeded(&call.resource, Payload::from(result(&answer))),
        Err(outcome) => outcome,
    }
}

fn request(parameters: &Value) -> Result<Request, String> {
    let method = required(parameters, "Method")?;
    if !METHODS.contains(&method.as_str()) {
        return Err("The value of the field 'Method' has an invalid format".to_owned());
    }
    let path = required(parameters, "Path")?;
    if !path.starts_with('/') {
        return Err("The value of the field 'Path' has an invalid format".to_owned());
    }
    let query = pairs(parameters, "QueryParameters")?;
    Ok(Request { method, path, query, body: body(parameters.get("RequestBody")) })
}

/// AWS: documented: JSON or a text, which goes out as it is.
fn body(given: Option<&Value>) -> Option<String> {
    match given {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text.to_string()),
        Some(value) => Some(value.to_text()),
    }
}

/// A map of names to lists of texts.
fn pairs(parameters: &Value, field: &str) -> Result<Vec<(String, String)>, String> {
    let invalid = || format!("The value of the field '{field}' has an invalid format");
    let members = match parameters.get(field) {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(members) => members.as_object().ok_or_else(invalid)?,
    };
    let mut pairs = Vec::new();
    for (name, values) in members.iter() {
        for value in values.as_array().ok_or_else(invalid)? {
            pairs.push((name.to_string(), value.as_str().map_or_else(|| value.to_text(), str::to_owned)));
        }
    }
    Ok(pairs)
}

fn required(parameters: &Value, field: &str) -> Result<String, String> {
    match parameters.get(field) {
        None | Some(Value::Null) => Err(format!("The field '{field}' is required but was missing")),
        Some(Value::String(text)) => Ok(text.to_string()),
        Some(_) => Err(format!("The value for the field '{field}' must be a STRING")),
    }
}

/// AWS: unconfirmed names of the members beside ResponseBody.
fn result(answer: &WebAnswer) -> Value {
    let mut headers = Object::new();
    for (name, value) in &answer.headers {
        let mut values = headers.get(name).and_then(Value::as_array).unwrap_or_default().to_vec();
        values.push(Value::from(value.as_str()));
        headers.insert(name.as_str(), Value::array(values));
    }
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    Value::object([
        ("ResponseBody", json::parse(&text).unwrap_or_else(|_| Value::from(text))),
        ("ResponseHeaders", Value::from(headers)),
        ("StatusCode", Value::from(u32::from(answer.status))),
    ])
}

/// What a Task fails with where no answer came.
fn no_answer(call: &TaskCall, error: CallFailure) -> TaskOutcome {
    match error {
        CallFailure::NotMade(failure) => TaskOutcome::Failed(failure),
        CallFailure::Operation(OperationError::Call(CallError::TooLarge { .. })) => {
            result_too_large(&call.resource)
        }
        CallFailure::Operation(OperationError::Call(CallError::ReadOnly { call, host })) => {
            errors::only_read(&call, &host)
        }
        CallFailure::Operation(error) => failed("EKS.SdkClientException", &error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_sent_is_told() {
        let problem = |text: &str| request(&json::parse(text).unwrap()).unwrap_err();
        assert_eq!(problem("{}"), "The field 'Method' is required but was missing");
        assert_eq!(problem(r#"{"Method":"BREW"}"#), "The value of the field 'Method' has an invalid format");
        assert_eq!(problem(r#"{"Method":"GET"}"#), "The field 'Path' is required but was missing");
        assert_eq!(
            problem(r#"{"Method":"GET","Path":"api"}"#),
            "The value of the field 'Path' has an invalid format"
        );
        assert_eq!(
            problem(r#"{"Method":"GET","Path":"/api","QueryParameters":{"a":"b"}}"#),
            "The value of the field 'QueryParameters' has an invalid format"
        );
    }
}
