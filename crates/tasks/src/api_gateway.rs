//! `apigateway:invoke`: a request to an API, and its answer with status and headers.

use crate::access::{CallFailure, Denial};
use crate::call::{TaskCall, TaskOutcome};
use crate::errors::{self, failed, result_too_large, succeeded, unusable};
use crate::permissions::Permission;
use crate::policies;
use crate::services::Services;
use aws::response::HttpAnswer;
use aws::{CallError, HttpCall};
use bytes::Bytes;
use iam::Context;
use json::{Object, Payload, Value};
use model::limits;
use std::collections::BTreeMap;

/// AWS: documented: headers that a Task may not set, and the beginnings of others.
const FORBIDDEN: &[&str] = &[
    "authorization",
    "connection",
    "content-md5",
    "expect",
    "host",
    "max-forwards",
    "proxy-authenticate",
    "server",
    "te",
    "transfer-encoding",
    "trailer",
    "upgrade",
    "via",
    "www-authenticate",
];
const FORBIDDEN_BEGINNINGS: &[&str] = &["x-forwarded", "x-amz"];

/// Names of headers that are not spelled with a capital for each of their words.
const SPELLINGS: &[(&str, &str)] = &[
    ("x-amzn-requestid", "x-amzn-RequestId"),
    ("x-amz-apigw-id", "x-amz-apigw-id"),
    ("x-amzn-errortype", "x-amzn-ErrorType"),
    ("etag", "ETag"),
];

/// Makes the request.
pub(crate) async fn call(services: &Services, call: &TaskCall) -> TaskOutcome {
    let request = match request(call) {
        Ok(request) => request,
        Err(problem) => return unusable(call, &problem),
    };
    let client = match client(services, call, &request).await {
        Ok(client) => client,
        Err(outcome) => return outcome,
    };
    match client.http(request).await {
        Err(CallError::TooLarge { .. }) => result_too_large(&call.resource),
        Err(CallError::ReadOnly { call, host }) => errors::only_read(&call, &host),
        Err(error) => failed("ApiGateway.SdkClientException", &error.to_string()),
        // AWS: recorded test_invoke_error: the body is the cause.
        Ok(answer) if answer.status >= 400 => {
            failed(&format!("ApiGateway.{}", answer.status), &String::from_utf8_lossy(&answer.body))
        }
        Ok(answer) if answer.body.len() > limits::PAYLOAD_SIZE => result_too_large(&call.resource),
        Ok(answer) => succeeded(&call.resource, Payload::from(result(&answer))),
    }
}

/// The client with which the call's role may make the request; a request without a signature is made by nobody.
async fn client(
    services: &Services,
    call: &TaskCall,
    request: &HttpCall,
) -> Result<aws::Client, TaskOutcome> {
    let failure = |error: CallFailure| match error {
        CallFailure::NotMade(failure) => TaskOutcome::Failed(failure),
        CallFailure::Operation(error) => failed("ApiGateway.SdkClientException", &error.to_string()),
    };
    if request.signed_for.is_none() {
        let missing = || CallError::NoEndpoint { service: request.url.clone() };
        return services.client().cloned().ok_or_else(|| failure(missing().into()));
    }
    let needed = [permission(call, request)];
    match services.access.check(services.client(), call, &needed, Context::new()).await {
        Ok(()) => {}
        Err(Denial::Failed(failure)) => return Err(TaskOutcome::Failed(failure)),
        Err(Denial::Refused(message)) => {
            let body = Value::object([("Message", message)]);
            return Err(failed("ApiGateway.403", &body.to_text()));
        }
    }
    services.client_for(call, "execute-api").await.map_err(failure)
}

/// `arn:P:execute-api:R:A:API/STAGE/METHOD/PATH`
fn permission(call: &TaskCall, request: &HttpCall) -> Permission {
    let at = policies::account(call);
    let host = request.url.split("//").nth(1).unwrap_or_default();
    let api = host.split(['.', ':', '/']).next().unwrap_or_default();
    let (stage, path) = match request.path.split_first() {
        Some((stage, path)) => (stage.as_str(), path.join("/")),
        None => ("", String::new()),
    };
    let resource = format!(
        "arn:{}:execute-api:{}:{}:{api}/{stage}/{}/{path}",
        at.partition, at.region, at.account, request.method
    );
    Permission { action: "execute-api:Invoke".to_owned(), resource }
}

fn request(call: &TaskCall) -> Result<HttpCall, String> {
    let parameters = call.parameters.value();
    let text = |name: &str| match parameters.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.to_string())),
        Some(_) => Err(format!("The value for the field '{name}' must be a STRING")),
    };
    let required =
        |name: &str| text(name)?.ok_or_else(|| format!("The field '{name}' is required but was missing"));
    let (endpoint, method) = (required("ApiEndpoint")?, required("Method")?);
    if !matches!(method.as_str(), "GET" | "POST" | "PUT" | "DELETE" | "PATCH" | "HEAD" | "OPTIONS") {
        return Err("The value of the field 'Method' has an invalid format".to_owned());
    }
    let is_url = endpoint.starts_with("http://") || endpoint.starts_with("https://");
    let url = if is_url { endpoint } else { format!("https://{endpoint}") };
    let parts = [text("Stage")?, text("Path")?];
    let path = parts.into_iter().flatten().map(|part| part.trim_matches('/').to_owned());
    let signed_for = match text("AuthType")?.as_deref() {
        None | Some("NO_AUTH") => None,
        Some("IAM_ROLE" | "RESOURCE_POLICY") => Some((call.region.to_string(), "execute-api".to_owned())),
        Some(_) => return Err("The value of the field 'AuthType' has an invalid format".to_owned()),
    };
    let mut headers = headers(parameters.get("Headers"))?;
    let body = body(&method, parameters.get("RequestBody"));
    let has_type = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    if !body.is_empty() && !has_type {
        headers.push(("content-type".to_owned(), "application/json".to_owned()));
    }
    let keeps_nulls = parameters.get("AllowNullValues").and_then(Value::as_bool).unwrap_or(false);
    Ok(HttpCall {
        url,
        path: path.filter(|part| !part.is_empty()).collect(),
        method,
        query: query(parameters.get("QueryParameters"), keeps_nulls)?,
        headers,
        body,
        signed_for,
    })
}

/// AWS: recorded test_invoke_with_body_post: a string goes out as a JSON string, null is no body.
fn body(method: &str, given: Option<&Value>) -> Bytes {
    match given {
        None | Some(Value::Null) => Bytes::new(),
        Some(_) if matches!(method, "GET" | "HEAD") => Bytes::new(),
        Some(value) => Bytes::from(value.to_text()),
    }
}

fn headers(given: Option<&Value>) -> Result<Vec<(String, String)>, String> {
    let mut headers = Vec::new();
    for (name, values) in members("Headers", given)? {
        let lower = name.to_ascii_lowercase();
        let is_forbidden = FORBIDDEN.contains(&lower.as_str())
            || FORBIDDEN_BEGINNINGS.iter().any(|beginning| lower.starts_with(beginning));
        if is_forbidden {
            // AWS: unconfirmed, chosen because other fields that cannot be used are named so.
            return Err(format!("The header '{name}' in the field 'Headers' is not supported"));
        }
        // AWS: recorded test_invoke_with_headers: values are lists, a text alone is none.
        for value in list("Headers", values)? {
            headers.push((name.to_owned(), value));
        }
    }
    Ok(headers)
}

fn query(given: Option<&Value>, keeps_nulls: bool) -> Result<Vec<(String, String)>, String> {
    let mut query = Vec::new();
    for (name, values) in members("QueryParameters", given)? {
        if values.is_null() {
            query.extend(keeps_nulls.then(|| (name.to_owned(), String::new())));
            continue;
        }
        for value in list("QueryParameters", values)? {
            query.push((name.to_owned(), value));
        }
    }
    Ok(query)
}

fn members<'a>(field: &str, given: Option<&'a Value>) -> Result<Vec<(&'a str, &'a Value)>, String> {
    match given {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Object(object)) => Ok(object.iter().map(|(name, value)| (&**name, value)).collect()),
        Some(_) => Err(invalid(field)),
    }
}

fn list(field: &str, values: &Value) -> Result<Vec<String>, String> {
    let values = values.as_array().ok_or_else(|| invalid(field))?;
    Ok(values
        .iter()
        .filter(|value| !value.is_null())
        .map(|value| value.as_str().map_or_else(|| value.to_text(), str::to_owned))
        .collect())
}

fn invalid(field: &str) -> String {
    format!("The value of the field '{field}' has an invalid format")
}

fn result(answer: &HttpAnswer) -> Value {
    let mut headers: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for (name, value) in &answer.headers {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        headers.entry(spelled(name.as_str())).or_default().push(Value::from(value));
    }
    headers.entry("Connection".to_owned()).or_insert_with(|| vec![Value::from("keep-alive")]);
    let headers: Object = headers.into_iter().map(|(name, values)| (name, Value::array(values))).collect();
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    let status = http::StatusCode::from_u16(answer.status).ok();
    let reason = status.and_then(|status| status.canonical_reason()).unwrap_or_default();
    Value::object([
        ("Headers", Value::from(headers)),
        ("ResponseBody", json::parse(&text).unwrap_or_else(|_| Value::from(text))),
        ("StatusCode", Value::from(u32::from(answer.status))),
        ("StatusText", Value::from(reason)),
    ])
}

/// A header's name as API Gateway sends it; on its way it lost its capitals.
fn spelled(name: &str) -> String {
    if let Some((_, known)) = SPELLINGS.iter().find(|(lower, _)| *lower == name) {
        return (*known).to_owned();
    }
    name.split('-').map(model::sdk_names::capitalised).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_spelled_as_recorded() {
        for name in
            ["Content-Type", "Via", "x-amz-apigw-id", "X-Amz-Cf-Id", "x-amzn-RequestId", "X-Amzn-Trace-Id"]
        {
            assert_eq!(spelled(&name.to_ascii_lowercase()), name);
        }
    }

    #[test]
    fn what_is_given_wrongly_is_told() {
        let refused = |given: &str| headers(Some(&json::parse(given).unwrap())).unwrap_err();
        assert_eq!(refused(r#"{"a":"text"}"#), "The value of the field 'Headers' has an invalid format");
        assert_eq!(
            refused(r#"{"Authorization":["x"]}"#),
            "The header 'Authorization' in the field 'Headers' is not supported"
        );
        assert_eq!(
            refused(r#"{"x-amzn-y":["x"]}"#),
            "The header 'x-amzn-y' in the field 'Headers' is not supported"
        );
        let nulls = json::parse(r#"{"a":null,"b":["1",2]}"#).unwrap();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(query(Some(&nulls), false).unwrap(), [pair("b", "1"), pair("b", "2")]);
        assert_eq!(query(Some(&nulls), true).unwrap(), [pair("a", ""), pair("b", "1"), pair("b", "2")]);
    }
}
