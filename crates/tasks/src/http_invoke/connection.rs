//! What an EventBridge connection adds to a request: who calls, and parameters of its own.

use super::encoding::{joined, plain};
use super::request::HttpCall;
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

/// Looks the connection up and adds to the request what it says.
pub(super) async fn add(
    services: &Services,
    client: &Client,
    call: &TaskCall,
    http: &mut HttpCall,
) -> Result<(), TaskOutcome> {
    let name = name(&http.connection)
        .ok_or_else(|| unusable(call, "The value of the field 'ConnectionArn' has an invalid format"))?;
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
    let secret = secret.as_ref().and_then(Value::as_object);
    let Some(secret) = secret else {
        let cause = format!("The secret of the connection {name} cannot be read");
        return Err(failed("Events.ConnectionResource.InternalError", &cause));
    };
    authorize(client, text("AuthorizationType"), secret, http).await?;
    add_parameters(secret.get("invocation_http_parameters"), http);
    Ok(())
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
        Err(OperationError::Fault(fault)) => {
            let message = fault.message.as_deref().unwrap_or_default();
            Err(failed(&format!("Events.ConnectionResource.{}", error_of(fault.code.as_deref())), message))
        }
        Err(error) => Err(failed("Events.ConnectionResource.InternalError", &error.to_string())),
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
    client: &Client,
    authorization: &str,
    secret: &Object,
    http: &mut HttpCall,
) -> Result<(), TaskOutcome> {
    let text = |member: &str| secret.get(member).map(plain).unwrap_or_default();
    match authorization {
        "BASIC" => {
            let pair = format!("{}:{}", text("username"), text("password"));
            http.add_header("Authorization", format!("Basic {}", BASE64.encode(pair)));
        }
        "API_KEY" => http.add_header(&text("api_key_name"), text("api_key_value")),
        "OAUTH_CLIENT_CREDENTIALS" => {
            let token = match secret.get("access_token").and_then(Value::as_str) {
                Some(token) => token.to_owned(),
                None => token(client, secret).await?,
            };
            http.add_header("Authorization", format!("Bearer {token}"));
        }
        other => {
            let cause = format!("The authorization type {other} is not supported");
            return Err(failed("Events.ConnectionResource.InternalError", &cause));
        }
    }
    Ok(())
}

/// Asks the authorization server for a token, as the grant `client_credentials` does.
async fn token(client: &Client, secret: &Object) -> Result<String, TaskOutcome> {
    let text = |holder: &Object, member: &str| holder.get(member).map(plain);
    // Some writers of the secret put the client's id and secret into an object of their own.
    let nested = secret.get("client_parameters").and_then(Value::as_object).unwrap_or(secret);
    let endpoint = text(secret, "oauth_endpoint").or_else(|| text(secret, "authorization_endpoint"));
    let form = [
        ("grant_type".to_owned(), "client_credentials".to_owned()),
        ("client_id".to_owned(), text(nested, "client_id").unwrap_or_default()),
        ("client_secret".to_owned(), text(nested, "client_secret").unwrap_or_default()),
    ];
    let headers = [("Content-Type".to_owned(), "application/x-www-form-urlencoded".to_owned())];
    let request = WebRequest {
        method: &text(secret, "http_method").unwrap_or_else(|| "POST".to_owned()),
        url: &endpoint.unwrap_or_default(),
        headers: &headers,
        body: Bytes::from(joined(&form)),
        timeout: TOKEN_TIMEOUT,
        limit: TOKEN_SIZE,
    };
    let refused = |cause: String| failed("Events.ConnectionResource.AuthInProgress", &cause);
    let answer = client.fetch(request).await.map_err(|error: CallError| refused(error.to_string()))?;
    let body = std::str::from_utf8(&answer.body).ok().and_then(|text| json::parse(text).ok());
    let token = body.as_ref().and_then(|body| body.get("access_token")).and_then(Value::as_str);
    token.map(str::to_owned).ok_or_else(|| {
        refused(format!("The authorization server answered with the status {} and no token", answer.status))
    })
}

/// The connection's own headers, query and body parameters.
fn add_parameters(parameters: Option<&Value>, http: &mut HttpCall) {
    let list = |name: &str| -> Vec<(String, Value)> {
        let items = parameters.and_then(|parameters| parameters.get(name)).and_then(Value::as_array);
        let read = |item: &Value| {
            let (key, value) = (item.get("key")?.as_str()?, item.get("value")?);
            Some((key.to_owned(), value.clone()))
        };
        items.unwrap_or_default().iter().filter_map(read).collect()
    };
    for (key, value) in list("header_parameters") {
        http.add_header(&key, plain(&value));
    }
    for (key, value) in list("query_string_parameters") {
        http.add_query(&key, plain(&value));
    }
    for (key, value) in list("body_parameters") {
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
