//! An answer as `tests/sdk/answers.py` writes it down, read by this crate.

use aws::response::{Fault, Form, HttpAnswer, read};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue};
use json::Value;

/// What `{"service", "operation", "status", "headers", "body"}`, the body in base64, says.
pub(crate) fn answer(line: &Value) -> Result<Value, String> {
    let text = |key: &str| line.get(key).and_then(Value::as_str).unwrap_or_default();
    let service = aws::model::service(text("service")).ok_or("no such service")?;
    let operation = service.operation(text("operation")).ok_or("no such operation")?;
    let headers = line.get("headers").and_then(Value::as_object).into_iter().flat_map(json::Object::iter);
    let headers: HeaderMap = headers
        .filter_map(|(name, value)| {
            Some((name.parse::<HeaderName>().ok()?, HeaderValue::from_str(value.as_str()?).ok()?))
        })
        .collect();
    let answer = HttpAnswer {
        status: line
            .get("status")
            .and_then(Value::as_i64)
            .and_then(|status| status.try_into().ok())
            .unwrap_or(0),
        headers,
        body: STANDARD.decode(text("body")).map_err(|error| error.to_string())?.into(),
    };
    match read(&service, operation, answer, Form::Model).map_err(|error| error.to_string())? {
        Ok(output) => Ok(Value::object([("output", output.value)])),
        Err(fault) => Ok(Value::object([("fault", shown(&fault))])),
    }
}

fn shown(fault: &Fault) -> Value {
    let or_null = |text: &Option<String>| text.clone().map(Value::from).unwrap_or_default();
    Value::object([
        ("code", or_null(&fault.code)),
        ("message", or_null(&fault.message)),
        ("requestId", or_null(&fault.request_id)),
    ])
}
