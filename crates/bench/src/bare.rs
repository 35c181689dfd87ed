//! An endpoint that parses and answers the bodies of StartSyncExecution, with nothing behind it.

use crate::Failure;
use crate::server::LISTENING;
use axum::Router;
use axum::body::Bytes;
use axum::extract::DefaultBodyLimit;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::post;
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::net::TcpListener;

/// What the endpoint is started with.
pub(crate) const FLAG: &str = "--bare";

pub(crate) fn serve() -> Result<(), Failure> {
    // The runtime that the server has.
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let app = Router::new().route("/", post(answer)).layer(DefaultBodyLimit::max(1 << 20));
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("bare{LISTENING}{}", listener.local_addr()?);
        Ok(axum::serve(listener, app).await?)
    })
}

async fn answer(body: Bytes) -> impl IntoResponse {
    let request: Value = serde_json::from_slice(&body).unwrap_or_default();
    let input = request["input"].as_str().and_then(|input| serde_json::from_str::<Value>(input).ok());
    let mut output = input.unwrap_or_else(|| json!({}));
    output["total"] = json!(3);
    output["shipped"] = json!([1, 2, 3]);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64());
    let (name, unique) = (uuid::Uuid::new_v4(), uuid::Uuid::new_v4());
    let machine = request["stateMachineArn"].as_str().unwrap_or_default();
    let answer = json!({
        "executionArn": format!("{}:{name}:{unique}", machine.replace(":stateMachine:", ":express:")),
        "stateMachineArn": machine,
        "name": name.to_string(),
        "startDate": now,
        "stopDate": now,
        "status": "SUCCEEDED",
        "input": request["input"],
        "inputDetails": {"included": true},
        "output": output.to_string(),
        "outputDetails": {"included": true},
        "billingDetails": {"billedMemoryUsedInMB": 64, "billedDurationInMilliseconds": 100},
    });
    let headers = [
        (header::CONTENT_TYPE, "application/x-amz-json-1.0".to_owned()),
        (header::HeaderName::from_static("x-amzn-requestid"), uuid::Uuid::new_v4().to_string()),
    ];
    (headers, answer.to_string())
}
