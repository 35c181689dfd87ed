//! `GET /health`: 200 where the server does what it is asked, 503 with the reason where it cannot.

use crate::response::{Answer, plain_json};
use engine::Health;
use http::StatusCode;
use json::Value;

/// What the operator, or a load balancer, is told. `throttled` are the state transitions that had to wait, where they are
/// counted.
pub(crate) fn answer(health: &Health, throttled: Option<u64>) -> Answer {
    let (status, since, reason) = match health {
        Health::Serving => {
            let counted = throttled.map(|count| ("throttledTransitions", Value::from(count)));
            let body = Value::object([("status", Value::from("ok"))].into_iter().chain(counted));
            return plain_json(StatusCode::OK, &body);
        }
        Health::Unavailable { since, reason } => ("unavailable", since, reason),
        Health::Stopped { since, reason } => ("stopped", since, reason),
    };
    let body = Value::object([
        ("status", Value::from(status)),
        ("since", Value::from(since.to_string())),
        ("reason", Value::from(reason.clone())),
        ("whatToDo", Value::from(health.advice().unwrap_or_default())),
    ]);
    plain_json(StatusCode::SERVICE_UNAVAILABLE, &body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt as _;
    use model::Timestamp;

    #[tokio::test]
    async fn an_outage_is_503_with_the_reason_and_what_to_do() {
        let health =
            Health::Unavailable { since: Timestamp(1_767_225_600_000), reason: "the disk is full".into() };
        let answer = answer(&health, None);
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        let body = json::parse(std::str::from_utf8(&body).unwrap()).unwrap();
        assert_eq!(body.get("status").and_then(Value::as_str), Some("unavailable"));
        assert_eq!(body.get("since").and_then(Value::as_str), Some("2026-01-01T00:00:00Z"));
        assert_eq!(body.get("reason").and_then(Value::as_str), Some("the disk is full"));
        assert!(body.get("whatToDo").and_then(Value::as_str).unwrap().contains("goes on by itself"));
    }
}
