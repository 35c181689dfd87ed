//! Answers on the wire.

use crate::error::ApiError;
use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::Full;
use json::Value;

/// An answer with its body in one piece, which leaves in one segment with its head where it fits.
pub(crate) type Answer = Response<Full<Bytes>>;

const AWS_JSON: HeaderValue = HeaderValue::from_static("application/x-amz-json-1.0");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// What an operation answers, or its exception.
pub(crate) fn aws_json(answer: Result<Value, ApiError>, request_id: &str) -> Answer {
    let (status, body) = match answer {
        Ok(value) => (StatusCode::OK, value),
        Err(error) => (error.status(), error.to_wire()),
    };
    let mut response = with_body(status, AWS_JSON, &body);
    if let Ok(id) = HeaderValue::from_str(request_id) {
        response.headers_mut().insert("x-amzn-requestid", id);
    }
    response
}

/// An answer outside of AWS's APIs.
pub(crate) fn plain_json(status: StatusCode, body: &Value) -> Answer {
    with_body(status, JSON, body)
}

/// The same answer as the last on its connection.
pub(crate) fn closing(mut answer: Answer) -> Answer {
    answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    answer
}

fn with_body(status: StatusCode, content_type: HeaderValue, body: &Value) -> Answer {
    let mut response = Response::new(Full::new(Bytes::from(body.to_text())));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}
