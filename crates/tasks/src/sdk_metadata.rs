//! What results of optimised integrations say about the HTTP exchange: `SdkHttpMetadata` and `SdkResponseMetadata`.

use aws::lambda::InvokeResponse;
use aws::response::Output;
use json::Value;
use std::time::{SystemTime, UNIX_EPOCH};
use uuid::Uuid;

/// The two members for an answer of Lambda that came at `at`.
///
/// AWS: recorded test_invoke: these headers in these spellings, whatever the way the answer came; what did not come with it
/// is what Lambda would have sent. `AllHttpHeaders` has AWS's order, `HttpHeaders` is sorted without regard to case.
pub(crate) fn of(answer: &InvokeResponse, at: SystemTime) -> (Value, Value) {
    let request_id = answer.request_id.clone().unwrap_or_else(|| Uuid::new_v4().to_string());
    let all = headers(answer, &request_id, at);
    members(all, answer.status, request_id)
}

/// The two members for an answer of Step Functions itself with a body of so many bytes.
///
/// AWS: recorded test_start_execution_sync.
pub(crate) fn of_states(request_id: String, content_length: usize, at: SystemTime) -> (Value, Value) {
    let all = vec![
        ("x-amzn-RequestId", request_id.clone()),
        ("connection", "keep-alive".to_owned()),
        ("Content-Length", content_length.to_string()),
        ("Date", httpdate::fmt_http_date(at.max(UNIX_EPOCH))),
        ("Content-Type", "application/x-amz-json-1.0".to_owned()),
    ];
    members(all, 200, request_id)
}

/// The two members for an answer of another service that came at `at`.
///
/// AWS: recorded test_send_message, test_base_integrations: these headers in these spellings; those that did not come with the
/// answer are what the service would have sent. DynamoDB says more than the others.
pub(crate) fn of_service(service: &str, output: &Output, at: SystemTime) -> (Value, Value) {
    let received = |name: &str| {
        let found = output.headers.get(name);
        found.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    let id = ["x-amzn-requestid", "x-amz-request-id"].into_iter().find_map(received);
    let request_id = id.unwrap_or_else(|| Uuid::new_v4().to_string());
    let is_dynamodb = service == "dynamodb";
    let mut all = Vec::with_capacity(7);
    if is_dynamodb {
        all.push(("Server", "Server".to_owned()));
        all.push(("Connection", "keep-alive".to_owned()));
    }
    all.push(("x-amzn-RequestId", request_id.clone()));
    all.extend(received("x-amz-crc32").filter(|_| is_dynamodb).map(|sum| ("x-amz-crc32", sum)));
    if !is_dynamodb {
        all.push(("connection", "keep-alive".to_owned()));
    }
    all.push(("Content-Length", output.length.to_string()));
    all.push(("Date", received("date").unwrap_or_else(|| httpdate::fmt_http_date(at.max(UNIX_EPOCH)))));
    all.extend(received("content-type").map(|text| ("Content-Type", text)));
    members(all, output.status, request_id)
}

fn members(all: Vec<(&'static str, String)>, status: u16, request_id: String) -> (Value, Value) {
    let mut sorted = all.clone();
    sorted.sort_by_key(|(name, _)| name.to_ascii_lowercase());
    let lists = all.into_iter().map(|(name, value)| (name, Value::array(vec![Value::from(value)])));
    let http = Value::object([
        ("AllHttpHeaders", Value::object(lists)),
        ("HttpHeaders", Value::object(sorted)),
        ("HttpStatusCode", Value::from(u32::from(status))),
    ]);
    (http, Value::object([("RequestId", request_id)]))
}

fn headers(answer: &InvokeResponse, request_id: &str, at: SystemTime) -> Vec<(&'static str, String)> {
    let received = |name: &str| {
        let found = answer.headers.iter().find(|(header, _)| header == name);
        found.map(|(_, value)| value.clone())
    };
    let mut headers = Vec::with_capacity(9);
    headers.extend(answer.executed_version.clone().map(|version| ("X-Amz-Executed-Version", version)));
    headers.extend([
        ("x-amzn-Remapped-Content-Length", "0".to_owned()),
        ("Connection", "keep-alive".to_owned()),
        ("x-amzn-RequestId", request_id.to_owned()),
        ("Content-Length", answer.payload.len().to_string()),
        ("Date", received("date").unwrap_or_else(|| httpdate::fmt_http_date(at.max(UNIX_EPOCH)))),
        ("X-Amzn-Trace-Id", received("x-amzn-trace-id").unwrap_or_else(|| trace_id(at))),
        ("Content-Type", received("content-type").unwrap_or_else(|| "application/json".to_owned())),
    ]);
    headers.extend(answer.log_result.clone().map(|log| ("X-Amz-Log-Result", log)));
    headers
}

/// The id of a trace that is not recorded.
fn trace_id(at: SystemTime) -> String {
    let seconds = at.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let (trace, parent) = (Uuid::new_v4().as_u128() >> 32, Uuid::new_v4().as_u128() as u64);
    format!("root=1-{seconds:08x}-{trace:024x};parent={parent:016x};sampled=0")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_headers_have_the_recorded_order_and_spelling() {
        let answer = InvokeResponse {
            status: 200,
            payload: "{}".into(),
            executed_version: Some("$LATEST".into()),
            request_id: Some("id".into()),
            headers: vec![("x-amzn-trace-id".into(), "trace".into()), ("server".into(), "x".into())],
            ..InvokeResponse::default()
        };
        let (http, response) = of(&answer, UNIX_EPOCH + Duration::from_secs(1_588_207_173));
        assert_eq!(
            http.to_text(),
            concat!(
                r#"{"AllHttpHeaders":{"X-Amz-Executed-Version":["$LATEST"],"x-amzn-Remapped-Content-Length":["0"],"#,
                r#""Connection":["keep-alive"],"x-amzn-RequestId":["id"],"Content-Length":["2"],"#,
                r#""Date":["Thu, 30 Apr 2020 00:39:33 GMT"],"X-Amzn-Trace-Id":["trace"],"Content-Type":["application/json"]},"#,
                r#""HttpHeaders":{"Connection":"keep-alive","Content-Length":"2","Content-Type":"application/json","#,
                r#""Date":"Thu, 30 Apr 2020 00:39:33 GMT","X-Amz-Executed-Version":"$LATEST","#,
                r#""x-amzn-Remapped-Content-Length":"0","x-amzn-RequestId":"id","X-Amzn-Trace-Id":"trace"},"#,
                r#""HttpStatusCode":200}"#
            )
        );
        assert_eq!(response.to_text(), r#"{"RequestId":"id"}"#);
    }

    #[test]
    fn the_headers_of_step_functions_have_the_recorded_order_and_spelling() {
        let at = UNIX_EPOCH + Duration::from_secs(1_588_207_173);
        let (http, response) = of_states("id".into(), 161, at);
        assert_eq!(
            http.to_text(),
            concat!(
                r#"{"AllHttpHeaders":{"x-amzn-RequestId":["id"],"connection":["keep-alive"],"Content-Length":["161"],"#,
                r#""Date":["Thu, 30 Apr 2020 00:39:33 GMT"],"Content-Type":["application/x-amz-json-1.0"]},"#,
                r#""HttpHeaders":{"connection":"keep-alive","Content-Length":"161","#,
                r#""Content-Type":"application/x-amz-json-1.0","Date":"Thu, 30 Apr 2020 00:39:33 GMT","#,
                r#""x-amzn-RequestId":"id"},"HttpStatusCode":200}"#
            )
        );
        assert_eq!(response.to_text(), r#"{"RequestId":"id"}"#);
    }

    #[test]
    fn a_made_up_trace_id_has_the_form_of_a_real_one() {
        let id = trace_id(UNIX_EPOCH + Duration::from_secs(0x5ea9_1e45));
        let parts: Vec<usize> = id.split([';', '=', '-']).map(str::len).collect();
        assert_eq!(
            parts,
            [
                "root",
                "1",
                "5ea91e45",
                "f6d040f0e5b2480a56f2dba4",
                "parent",
                "1234567890123456",
                "sampled",
                "0"
            ]
            .map(str::len)
        );
        assert!(id.starts_with("root=1-5ea91e45-"), "{id}");
    }
}
