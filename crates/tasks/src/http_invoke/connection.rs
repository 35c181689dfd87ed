//! What an EventBridge connection adds to a request: who calls, and parameters of its own.

use super::encoding::{joined, plain};
use super::request::HttpCall;
use crate::access::CallFailure;
use crate::call::{TaskCall, TaskOutcome};
use crate::errors::{failed, unusable};
use crate::services::Services;
use aws::response::Form;
use aws::{CallError, Client, OperationError, WebRequest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use json::{Object, Value};
use std::time::Duration;

/// How long an authorization server may take.
const TOKEN_TIMEOUT: Duration = Duration::from_secs(20);
/// Bytes of a token at most.
const TOKEN_SIZE: usize = 64 * 1024;

/// A token of an authorization server that was kept from before, and may be refused by now.
pub(super) struct KeptToken {
    key: String,
    token: String,
}

impl KeptToken {
    pub(super) fn forget(&self, services: &Services) {
        services.tokens.forget(&self.key, &self.token);
    }
}

/// Looks the connection up and adds to the request what it says: in the file of connections, where that has it, else at
/// EventBridge.
pub(super) async fn add(
    services: &Services,
    client: &Client,
    call: &TaskCall,
    http: &mut HttpCall,
) -> Result<Option<KeptToken>, TaskOutcome> {
    let name = name(&http.connection)
        .ok_or_else(|| unusable(call, "The value of the field 'ConnectionArn' has an invalid format"))?
        .to_owned();
    let local = match &services.connections {
        Some(connections) => connections.find(&name).map_err(|problem| {
            let cause = format!("The connection {name} cannot be used: {problem}");
            failed("Events.ConnectionResource.InternalError", &cause)
        })?,
        None => None,
    };
    let (authorization, secret) = match local {
        Some(found) => (found.authorization.to_owned(), found.secret),
        None => look_up(services, call, &name).await?,
    };
    let kept = authorize(services, client, &authorization, &secret, http).await?;
    add_parameters(secret.get("invocation_http_parameters"), http);
    Ok(kept)
}

/// The connection's kind of authorization and its secret, from EventBridge and Secrets Manager.
async fn look_up(services: &Services, call: &TaskCall, name: &str) -> Result<(String, Object), TaskOutcome> {
    let input = Value::object([("Name", name)]);
    let found = fetch(services, call, ("eventbridge", "describeConnection"), &input).await?;
    let text = |member: &str| found.get(member).and_then(Value::as_str).unwrap_or_default();
    let state = text("ConnectionState");
    if state != "AUTHORIZED" {
        let cause = format!("The connection {name} is in the state {state}");
        return Err(failed("Events.ConnectionResource.InvalidConnectionState", &cause));
    }
    let input = Value::object([("SecretId", text("SecretArn"))]);
    let secret = fetch(services, call, ("secretsmanager", "getSecretValue"), &input).await?;
    let secret = secret.get("SecretString").and_then(Value::as_str).and_then(|text| json::parse(text).ok());
    match secret.as_ref().and_then(Value::as_object) {
        Some(secret) => Ok((text("AuthorizationType").to_owned(), secret.clone())),
        None => {
            let cause = format!("The secret of the connection {name} cannot be read");
            Err(failed("Events.ConnectionResource.InternalError", &cause))
        }
    }
}

/// The name in `arn:…:connection/NAME/UUID`.
fn name(arn: &str) -> Option<&str> {
    let behind = arn.strip_prefix("arn:")?.split_once(":connection/")?.1;
    behind.split('/').next().filter(|name| !name.is_empty())
}

async fn fetch(
    services: &Services,
    call: &TaskCall,
    operation: (&str, &str),
    input: &Value,
) -> Result<Value, TaskOutcome> {
    match services.call(call, operation, input, Form::SdkIntegration).await {
        Ok(output) => Ok(output.value),
        Err(CallFailure::NotMade(failure)) => Err(TaskOutcome::Failed(failure)),
        Err(CallFailure::Operation(OperationError::Fault(fault))) => {
            let message = fault.message.as_deref().unwrap_or_default();
            Err(failed(&format!("Events.ConnectionResource.{}", error_of(fault.code.as_deref())), message))
        }
        Err(CallFailure::Operation(error)) => {
            Err(failed("Events.ConnectionResource.InternalError", &error.to_string()))
        }
    }
}

// AWS: documented names; which of them stands for what is unconfirmed where the words differ.
fn error_of(code: Option<&str>) -> &'static str {
    match code {
        Some("ResourceNotFoundException") => "ResourceNotFound",
        Some("AccessDeniedException" | "UnrecognizedClientException") => "AccessDenied",
        Some("ConcurrentModificationException") => "ConcurrentModification",
        Some(_) | None => "InternalError",
    }
}

async fn authorize(
    services: &Services,
    client: &Client,
    authorization: &str,
    secret: &Object,
    http: &mut HttpCall,
) -> Result<Option<KeptToken>, TaskOutcome> {
    let text = |member: &str| secret.get(member).map(plain).unwrap_or_default();
    match authorization {
        "NONE" => {}
        "BASIC" => {
            let pair = format!("{}:{}", text("username"), text("password"));
            http.add_header("Authorization", format!("Basic {}", BASE64.encode(pair)));
        }
        "API_KEY" => http.add_header(&text("api_key_name"), text("api_key_value")),
        "OAUTH_CLIENT_CREDENTIALS" => {
            let (token, kept) = match secret.get("access_token").and_then(Value::as_str) {
                Some(token) => (token.to_owned(), None),
                None => token(services, client, secret).await?,
            };
            http.add_header("Authorization", format!("Bearer {token}"));
            return Ok(kept);
        }
        other => {
            let cause = format!("The authorization type {other} is not supported");
            return Err(failed("Events.ConnectionResource.InternalError", &cause));
        }
    }
    Ok(None)
}

/// The token that was kept, or a new one of the authorization server, which is asked as the grant `client_credentials` is.
async fn token(
    services: &Services,
    client: &Client,
    secret: &Object,
) -> Result<(String, Option<KeptToken>), TaskOutcome> {
    let text = |holder: &Object, member: &str| holder.get(member).map(plain);
    // Some writers of the secret put the client's id and secret into an object of their own.
    let nested = secret.get("client_parameters").and_then(Value::as_object).unwrap_or(secret);
    let endpoint = text(secret, "oauth_endpoint").or_else(|| text(secret, "authorization_endpoint"));
    let parameters = secret.get("oauth_http_parameters").or_else(|| secret.get("o_auth_http_parameters"));
    let plain_list = |name: &'static str| listed(parameters, name).map(|(key, value)| (key, plain(&value)));
    let mut form = vec![
        ("grant_type".to_owned(), "client_credentials".to_owned()),
        ("client_id".to_owned(), text(nested, "client_id").unwrap_or_default()),
        ("client_secret".to_owned(), text(nested, "client_secret").unwrap_or_default()),
    ];
    form.extend(plain_list("body_parameters"));
    let mut headers = vec![("Content-Type".to_owned(), "application/x-www-form-urlencoded".to_owned())];
    headers.extend(plain_list("header_parameters"));
    let method = text(secret, "http_method").unwrap_or_else(|| "POST".to_owned());
    let mut query: Vec<(String, String)> = plain_list("query_string_parameters").collect();
    if method.eq_ignore_ascii_case("GET") {
        query.append(&mut form);
    }
    let mut url = endpoint.unwrap_or_default();
    if !query.is_empty() {
        url.push(if url.contains('?') { '&' } else { '?' });
        url.push_str(&joined(&query));
    }
    let body = joined(&form);
    let key = format!("{url} {body}");
    if let Some(token) = services.tokens.get(&key) {
        return Ok((token.clone(), Some(KeptToken { key, token })));
    }
    let request = WebRequest {
        method: &method,
        url: &url,
        headers: &headers,
        body: Bytes::from(body),
        timeout: TOKEN_TIMEOUT,
        limit: TOKEN_SIZE,
    };
    let refused = |cause: String| failed("Events.ConnectionResource.AuthInProgress", &cause);
    let answer = client.fetch(request).await.map_err(|error: CallError| refused(error.to_string()))?;
    let body = std::str::from_utf8(&answer.body).ok().and_then(|text| json::parse(text).ok());
    let token = body.as_ref().and_then(|body| body.get("access_token")).and_then(Value::as_str);
    let Some(token) = token.filter(|_| (200..300).contains(&answer.status)) else {
        let status = answer.status;
        return Err(refused(format!(
            "The authorization server answered with the status {status} and no token"
        )));
    };
    let lasts = body.as_ref().and_then(|body| body.get("expires_in")).and_then(|lasts| {
        // A number, or its digits.
        lasts
            .as_i64()
            .or_else(|| lasts.as_str()?.parse().ok())
            .and_then(|seconds| u64::try_from(seconds).ok())
    });
    services.tokens.keep(key, token, lasts.map(Duration::from_secs));
    Ok((token.to_owned(), None))
}

/// Parameters of a list, as EventBridge's secrets have them.
fn listed<'v>(
    parameters: Option<&'v Value>,
    name: &'static str,
) -> impl Iterator<Item = (String, Value)> + use<'v> {
    let items = parameters.and_then(|parameters| parameters.get(name)).and_then(Value::as_array);
    let read = |item: &Value| {
        let (key, value) = (item.get("key")?.as_str()?, item.get("value")?);
        Some((key.to_owned(), value.clone()))
    };
    items.unwrap_or_default().iter().filter_map(read)
}

/// The connection's own headers, query and body parameters.
fn add_parameters(parameters: Option<&Value>, http: &mut HttpCall) {
    for (key, value) in listed(parameters, "header_parameters") {
        http.add_header(&key, plain(&value));
    }
    for (key, value) in listed(parameters, "query_string_parameters") {
        http.add_query(&key, plain(&value));
    }
    for (key, value) in listed(parameters, "body_parameters") {
        http.add_body(&key, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_named_by_their_arn() {
        assert_eq!(name("arn:aws:events:us-east-1:1:connection/c/uuid"), Some("c"));
        for arn in ["", "c", "arn:aws:events:us-east-1:1:rule/c", "arn:aws:events:us-east-1:1:connection/"] {
            assert_eq!(name(arn), None, "{arn}");
        }
    }
}
