//! What S3 says of the objects below a prefix, page by page.

use super::{Arguments, unreadable};
use json::{Number, Value};
use model::time::Instant;
use std::collections::VecDeque;
use tasks::{ListObjects, Objects};

pub(crate) struct Listing {
    request: ListObjects,
    page: VecDeque<Value>,
    /// Where the next page begins; `None` before the first.
    token: Option<String>,
    is_over: bool,
}

impl Listing {
    pub(super) fn new(arguments: &Arguments) -> Listing {
        let mut members: Vec<(&'static str, String)> =
            arguments.members.iter().filter(|(name, _)| *name != "VersionId").cloned().collect();
        members.extend(arguments.prefix.clone().map(|prefix| ("Prefix", prefix)));
        let request = ListObjects { bucket: arguments.bucket.clone(), members };
        Listing { request, page: VecDeque::new(), token: None, is_over: false }
    }

    /// What S3 says of the next object.
    pub(super) async fn next(&mut self, objects: &dyn Objects) -> Result<Option<Value>, String> {
        while self.page.is_empty() && !self.is_over {
            let mut request = self.request.clone();
            request.members.extend(self.token.take().map(|token| ("ContinuationToken", token)));
            let bucket = format!("the bucket '{}'", request.bucket);
            let listed = objects.list(request).await.map_err(|error| unreadable(&bucket, &error))?;
            let contents = listed.get("Contents").and_then(Value::as_array).unwrap_or_default();
            self.page = contents.iter().cloned().collect();
            self.token = listed.get("NextContinuationToken").and_then(Value::as_str).map(str::to_owned);
            self.is_over = self.token.is_none();
        }
        Ok(self.page.pop_front())
    }
}

/// What an object is as an item.
// AWS: recorded test_map_item_reader_base_list_objects_v2, the order and `Etag`.
pub(super) fn item(object: &Value) -> Value {
    let member = |name: &str| object.get(name).cloned().unwrap_or_default();
    Value::object([
        ("Etag", member("ETag")),
        ("LastModified", seconds(&member("LastModified"))),
        ("Key", member("Key")),
        ("Size", member("Size")),
        ("StorageClass", object.get("StorageClass").cloned().unwrap_or_else(|| Value::from("STANDARD"))),
    ])
}

/// Seconds since 1970, as a double.
fn seconds(moment: &Value) -> Value {
    let parsed = moment.as_str().and_then(Instant::parse_rfc3339);
    match parsed {
        Some(instant) => Value::from_f64(instant.to_timestamp().0 as f64 / 1000.0),
        None => moment.as_f64().map_or_else(|| moment.clone(), |number| Value::Number(Number::F64(number))),
    }
}
