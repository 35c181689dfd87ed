//! Requests of the Lambda API.

use std::io::{Cursor, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use http::{Request, Response};
use lambda::{FunctionHost, api};
use serde_json::{Value, json};

pub(crate) const FUNCTIONS: &str = "/2015-03-31/functions";

pub(crate) fn zip(file: &str, text: &str) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file(file, zip::write::SimpleFileOptions::default()).unwrap();
    writer.write_all(text.as_bytes()).unwrap();
    writer.finish().unwrap().into_inner()
}

pub(crate) async fn raw(
    host: &FunctionHost,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Response<Bytes> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    api::handle(host, request.body(Bytes::from(body.to_owned())).unwrap()).await.unwrap()
}

pub(crate) async fn send(host: &FunctionHost, method: &str, path: &str, body: Value) -> (u16, Value) {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let response = raw(host, method, path, &[], &body).await;
    let document = serde_json::from_slice(response.body()).unwrap_or(Value::Null);
    (response.status().as_u16(), document)
}

pub(crate) fn creation(name: &str, text: &str) -> Value {
    json!({
        "FunctionName": name, "Runtime": "python3.12", "Role": "arn:aws:iam::123456789012:role/r",
        "Handler": "app.handler", "Code": {"ZipFile": BASE64.encode(zip("app.py", text))},
    })
}

pub(crate) async fn refusal(
    host: &FunctionHost,
    method: &str,
    path: &str,
    body: &str,
) -> (u16, String, String) {
    let response = raw(host, method, path, &[], body).await;
    let document: Value = serde_json::from_slice(response.body()).unwrap();
    assert_eq!(document["Type"], "User");
    let kind = response.headers()["x-amzn-errortype"].to_str().unwrap().to_owned();
    (response.status().as_u16(), kind, document["Message"].as_str().unwrap().to_owned())
}
