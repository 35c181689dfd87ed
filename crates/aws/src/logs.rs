//! The CloudWatch Logs API: what delivering records to a log group takes.

use crate::client::{Call, Client};
use crate::error::{CallError, ServiceError};
use json::{Object, Value};

/// The service's name in the texts of SDK errors.
const SERVICE_NAME: &str = "AWSLogs";
const TARGET: &str = "Logs_20140328";

/// A stream of a log group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogStream {
    /// The region that calls are signed for.
    pub region: String,
    /// The log group's name.
    pub group: String,
    /// The stream's name.
    pub name: String,
}

/// A record to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputLogEvent {
    /// Milliseconds since 1970.
    pub timestamp: i64,
    /// The record; not empty.
    pub message: String,
}

/// Creates a stream in a log group. One that is there already is an error of the service:
/// `ResourceAlreadyExistsException`.
pub async fn create_log_stream(client: &Client, stream: &LogStream) -> Result<(), CallError> {
    call(client, &stream.region, "CreateLogStream", &stream_members(stream)).await.map(|_| ())
}

/// Stores records in a stream, and gives how many of them the service refused as too old or too new. They must be in
/// the order of their times and within the limits of one call.
pub async fn put_log_events(
    client: &Client,
    stream: &LogStream,
    events: &[InputLogEvent],
) -> Result<usize, CallError> {
    let mut members = stream_members(stream);
    let shown = events.iter().map(|event| {
        Value::object([
            ("timestamp", Value::from(event.timestamp)),
            ("message", Value::from(event.message.as_str())),
        ])
    });
    members.insert("logEvents", Value::array(shown.collect()));
    let answer = call(client, &stream.region, "PutLogEvents", &members).await?;
    Ok(answer.get("rejectedLogEventsInfo").map_or(0, |rejected| refused(rejected, events.len())))
}

/// Whether there is a log group of exactly that name.
pub async fn log_group_exists(client: &Client, region: &str, name: &str) -> Result<bool, CallError> {
    let members: Object = [("logGroupNamePrefix", name)].into_iter().collect();
    let answer = call(client, region, "DescribeLogGroups", &members).await?;
    // Groups come by name, so that the one that is nothing but the prefix is on the first page.
    let groups = answer.get("logGroups").and_then(Value::as_array).unwrap_or_default();
    Ok(groups.iter().any(|group| group.get("logGroupName").and_then(Value::as_str) == Some(name)))
}

fn stream_members(stream: &LogStream) -> Object {
    [("logGroupName", stream.group.as_str()), ("logStreamName", stream.name.as_str())].into_iter().collect()
}

/// Records are refused at both ends of a call: up to an index, and from one on.
fn refused(rejected: &Value, count: usize) -> usize {
    let index = |member: &str| {
        rejected.get(member).and_then(Value::as_i64).and_then(|index| usize::try_from(index).ok())
    };
    let old = index("tooOldLogEventEndIndex").max(index("expiredLogEventEndIndex")).unwrap_or(0).min(count);
    let new_from = index("tooNewLogEventStartIndex").unwrap_or(count).clamp(old, count);
    old + (count - new_from)
}

async fn call(client: &Client, region: &str, operation: &str, members: &Object) -> Result<Value, CallError> {
    let call = Call {
        service: "logs",
        operation,
        region,
        method: "POST",
        path: "/".to_owned(),
        query: Vec::new(),
        headers: vec![
            ("content-type", "application/x-amz-json-1.1".to_owned()),
            ("x-amz-target", format!("{TARGET}.{operation}")),
        ],
        body: Value::from(members.clone()).to_text().into(),
    };
    let answer = client.send(call).await?;
    if !(200..300).contains(&answer.status) {
        let header = |name: &str| {
            answer.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        return Err(CallError::Service(ServiceError::read(
            SERVICE_NAME,
            answer.status,
            header,
            &answer.body,
        )));
    }
    Ok(json::parse_bytes(&answer.body).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refused_records_are_counted_at_both_ends() {
        let of = |text: &str| refused(&json::parse(text).unwrap(), 10);
        assert_eq!(of("{}"), 0);
        assert_eq!(of(r#"{"tooOldLogEventEndIndex":3}"#), 3);
        assert_eq!(of(r#"{"expiredLogEventEndIndex":4,"tooOldLogEventEndIndex":3}"#), 4);
        assert_eq!(of(r#"{"tooNewLogEventStartIndex":8}"#), 2);
        assert_eq!(of(r#"{"tooOldLogEventEndIndex":6,"tooNewLogEventStartIndex":2}"#), 10);
        assert_eq!(of(r#"{"tooOldLogEventEndIndex":99,"tooNewLogEventStartIndex":-1}"#), 10);
    }
}
