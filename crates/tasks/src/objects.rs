//! Objects of S3, for what reads items and writes results of Map Runs.

use crate::access::CallFailure;
use crate::call::{Caller, TaskCall};
use crate::services::{Services, s3_resource};
use aws::{CallError, OperationError, s3};
use json::{Payload, Value};
use std::pin::Pin;
use std::sync::Arc;

/// Where objects are kept.
pub trait Objects: Send + Sync + 'static {
    /// Reads a part of an object.
    fn get(&self, part: ObjectPart) -> ObjectFuture<'_, Result<ObjectContent, ObjectError>>;

    /// A page of what a bucket holds, in the order of the keys: ListObjectsV2's output.
    fn list(&self, request: ListObjects) -> ObjectFuture<'_, Result<Value, ObjectError>>;

    /// Writes an object.
    fn put(&self, request: PutObject) -> ObjectFuture<'_, Result<(), ObjectError>>;
}

/// An answer of [`Objects`] on its way.
pub type ObjectFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A part of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectPart {
    /// The bucket.
    pub bucket: String,
    /// The object's key.
    pub key: String,
    /// Further members of GetObject's input: `VersionId`, `ExpectedBucketOwner`.
    pub members: Vec<(&'static str, String)>,
    /// The first byte.
    pub start: u64,
    /// How many bytes at the most.
    pub length: u64,
    /// The object as it was when an earlier part was read; another one is an error.
    pub e_tag: Option<String>,
}

/// What a part of an object holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectContent {
    /// The bytes; fewer than asked for at the end of the object, none behind it.
    pub bytes: Vec<u8>,
    /// The object as it is now.
    pub e_tag: Option<String>,
    /// Bytes of the whole object, where the answer says so.
    pub size: Option<u64>,
}

/// What of a bucket is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListObjects {
    /// The bucket.
    pub bucket: String,
    /// Further members of ListObjectsV2's input: `Prefix`, `ExpectedBucketOwner`, `ContinuationToken`.
    pub members: Vec<(&'static str, String)>,
}

/// An object to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PutObject {
    /// The bucket.
    pub bucket: String,
    /// The object's key.
    pub key: String,
    /// What it holds.
    pub body: Vec<u8>,
    /// Further members of PutObject's input: `ContentType`, `ExpectedBucketOwner`.
    pub members: Vec<(&'static str, String)>,
}

/// Why an object could not be read or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ObjectError {
    /// S3's code, where it answered: `NoSuchKey`.
    pub code: Option<String>,
    /// What S3 said, or why it said nothing.
    pub message: String,
}

/// S3 in one region, or what stands at its endpoint.
pub(crate) struct S3 {
    services: Arc<Services>,
    region: String,
    caller: Caller,
}

impl S3 {
    pub(crate) fn new(services: Arc<Services>, region: &str, caller: Caller) -> S3 {
        S3 { services, region: region.to_owned(), caller }
    }

    /// The client with which the caller may do this, at the place of S3's objects.
    async fn client(
        &self,
        operation: &str,
        bucket: &str,
        key: Option<&str>,
    ) -> Result<aws::Client, ObjectError> {
        let members = [("Bucket", Some(bucket)), ("Key", key)];
        let members = members.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let call = TaskCall {
            resource: s3_resource(&model::sdk_names::camel(operation)),
            parameters: Payload::from(Value::object(members)),
            region: self.region.as_str().into(),
            execution_arn: "".into(),
            caller: self.caller.clone(),
            mock: None,
        };
        let missing = || error_of(CallError::NoEndpoint { service: "s3".to_owned() }.into());
        let service = aws::model::service("s3").ok_or_else(missing)?;
        let known = (&*service, service.operation(operation).ok_or_else(missing)?);
        let access = &self.services.access;
        let checked = access.check_operation(self.services.client(), &call, known, call.parameters.value());
        checked.await.map_err(error_of)?;
        self.services.client_for(&call, "s3").await.map_err(error_of)
    }
}

impl Objects for S3 {
    fn get(&self, part: ObjectPart) -> ObjectFuture<'_, Result<ObjectContent, ObjectError>> {
        Box::pin(async move {
            let client = &self.client("GetObject", &part.bucket, Some(&part.key)).await?;
            let last = part.start.saturating_add(part.length).saturating_sub(1);
            let range = format!("bytes={}-{last}", part.start);
            let mut members = borrowed(&part.members);
            members.push(("Range", &range));
            members.extend(part.e_tag.as_deref().map(|e_tag| ("IfMatch", e_tag)));
            let limit = usize::try_from(part.length).unwrap_or(usize::MAX);
            match s3::get_object(client, &self.region, &part.bucket, &part.key, &members, limit).await {
                Ok(content) => Ok(ObjectContent {
                    bytes: content.bytes.to_vec(),
                    e_tag: content.e_tag,
                    size: content.size,
                }),
                Err(error) => match error_of(error.into()) {
                    // Nothing lies behind the end, which is where the part begins.
                    error if error.code.as_deref() == Some("InvalidRange") => {
                        Ok(ObjectContent { bytes: Vec::new(), e_tag: part.e_tag, size: None })
                    }
                    error => Err(error),
                },
            }
        })
    }

    fn list(&self, request: ListObjects) -> ObjectFuture<'_, Result<Value, ObjectError>> {
        Box::pin(async move {
            let members = borrowed(&request.members);
            let client = &self.client("ListObjectsV2", &request.bucket, None).await?;
            let listed = s3::list_objects_v2(client, &self.region, &request.bucket, &members).await;
            listed.map_err(|error| error_of(error.into()))
        })
    }

    fn put(&self, request: PutObject) -> ObjectFuture<'_, Result<(), ObjectError>> {
        Box::pin(async move {
            let members = borrowed(&request.members);
            let client = &self.client("PutObject", &request.bucket, Some(&request.key)).await?;
            let body = request.body.into();
            let put = s3::put_object(client, &self.region, &request.bucket, &request.key, body, &members);
            put.await.map(|_| ()).map_err(|error| error_of(error.into()))
        })
    }
}

fn borrowed<'m>(members: &'m [(&'static str, String)]) -> Vec<(&'m str, &'m str)> {
    members.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

fn error_of(error: CallFailure) -> ObjectError {
    let error = match error {
        CallFailure::NotMade(failure) => {
            let message = failure.cause.unwrap_or_default().to_string();
            return ObjectError { code: failure.error.map(|error| error.to_string()), message };
        }
        CallFailure::Operation(error) => error,
    };
    let message = error.to_string();
    let code = match error {
        OperationError::Fault(fault) => fault.code,
        OperationError::Input(_)
        | OperationError::EventStream { .. }
        | OperationError::Undecodable(_)
        | OperationError::Call(_) => None,
    };
    ObjectError { code, message }
}
