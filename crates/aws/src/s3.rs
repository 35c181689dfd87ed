//! Objects of S3, for what reads and writes them by itself.

use crate::{CallError, Client, OperationCall, OperationError, model};
use bytes::Bytes;
use json::{Object, Value};

/// An object's content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// The bytes.
    pub bytes: Bytes,
    /// The version that was read, where the bucket has versions.
    pub e_tag: Option<String>,
    /// Bytes of the whole object, where a range of it was read.
    pub size: Option<u64>,
}

/// Reads an object: of a bucket of that name or ARN. One of more than `limit` bytes is refused. `members` are further members
/// of GetObject's input (`VersionId`, `ExpectedBucketOwner`, `Range`).
pub async fn get_object(
    client: &Client,
    region: &str,
    bucket: &str,
    key: &str,
    members: &[(&str, &str)],
    limit: usize,
) -> Result<Content, OperationError> {
    let input = input(bucket, Some(key), members);
    let output = call(client, region, "GetObject", &input, None, Some(limit)).await?;
    let e_tag = output.value.get("ETag").and_then(Value::as_str).map(str::to_owned);
    // `bytes 0-3/1234`
    let range = output.value.get("ContentRange").and_then(Value::as_str);
    let size = range.and_then(|range| range.rsplit_once('/')?.1.parse().ok());
    Ok(Content { bytes: output.streamed.unwrap_or_default(), e_tag, size })
}

/// One page of a bucket's objects: the output of ListObjectsV2, as SDK integrations have it. `members` are further members of
/// the input (`Prefix`, `ContinuationToken`, `StartAfter`).
pub async fn list_objects_v2(
    client: &Client,
    region: &str,
    bucket: &str,
    members: &[(&str, &str)],
) -> Result<Value, OperationError> {
    let input = input(bucket, None, members);
    Ok(call(client, region, "ListObjectsV2", &input, None, None).await?.value)
}

/// Writes an object: the output of PutObject. `members` are further members of the input (`ContentType`).
pub async fn put_object(
    client: &Client,
    region: &str,
    bucket: &str,
    key: &str,
    body: Bytes,
    members: &[(&str, &str)],
) -> Result<Value, OperationError> {
    let input = input(bucket, Some(key), members);
    Ok(call(client, region, "PutObject", &input, Some(body), None).await?.value)
}

fn input(bucket: &str, key: Option<&str>, members: &[(&str, &str)]) -> Value {
    let named = [("Bucket", Some(bucket)), ("Key", key)];
    let named = named.into_iter().filter_map(|(name, value)| Some((name, value?)));
    Value::from(named.chain(members.iter().copied()).collect::<Object>())
}

async fn call(
    client: &Client,
    region: &str,
    operation: &str,
    input: &Value,
    body: Option<Bytes>,
    limit: Option<usize>,
) -> Result<crate::response::Output, OperationError> {
    let missing = || CallError::NoEndpoint { service: "s3".to_owned() };
    let service = model::service("s3").ok_or_else(missing)?;
    let operation = service.operation(operation).ok_or_else(missing)?;
    let call = OperationCall {
        streamed: body,
        max_response: limit,
        ..OperationCall::new(&service, operation, region, input)
    };
    client.call(call).await
}
