//! Items that an ItemReader reads from S3: objects piece by piece, never as a whole.

mod json_items;
mod lines;
mod listing;
mod object;
mod parquet;
mod zstd;

use asl::{DataFormat, ItemReader, ReaderSource};
use json::Value;
use json_items::JsonItems;
use lines::Lines;
use listing::Listing;
use machine::{Csv, MapRunPlan};
use model::{Failure, error_name, limits};
use object::Object;
use parquet::Parquet;
use std::collections::VecDeque;
use std::sync::Arc;
use tasks::{ObjectError, Objects};

/// Bytes of one item at the most.
pub(crate) const ITEM_BYTES: usize = limits::MAP_ITEM_BYTES;
/// Bytes of a manifest at the most, which is held as a whole.
const MANIFEST_BYTES: u64 = 64 * 1024 * 1024;

/// An item as its file has it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Record {
    pub(crate) key: Option<Arc<str>>,
    pub(crate) value: Value,
}

/// Where an object is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Place {
    pub(crate) bucket: String,
    pub(crate) key: String,
    /// Further members of a request: `VersionId`, `ExpectedBucketOwner`.
    pub(crate) members: Vec<(&'static str, String)>,
}

/// The items of a reader, in their order.
pub(crate) struct Source {
    objects: Arc<dyn Objects>,
    arguments: Arguments,
    source: ReaderSource,
    /// How many items there may still be.
    left: u64,
    has_begun: bool,
    /// Objects that a listing or a manifest named and that were not opened yet.
    places: VecDeque<Place>,
    listing: Option<Listing>,
    /// Names of the columns that an inventory says its files have.
    columns: Option<Vec<Arc<str>>>,
    open: Option<Open>,
}

/// The reader's Parameters.
struct Arguments {
    bucket: String,
    key: Option<String>,
    prefix: Option<String>,
    members: Vec<(&'static str, String)>,
}

/// An object that is being read.
struct Open {
    content: Content,
    source: Arc<str>,
}

enum Content {
    /// From its beginning to its end.
    Stream(Box<Stream>),
    /// By the parts that it is made of.
    Rows(Box<Parquet>),
}

struct Stream {
    object: Object,
    decoder: Decoder,
    is_over: bool,
}

enum Decoder {
    Csv(Csv),
    Lines(Lines),
    Json(JsonItems),
}

impl Source {
    /// The error is that of the run.
    pub(crate) fn new(
        objects: Arc<dyn Objects>,
        reader: &ItemReader,
        plan: &MapRunPlan,
    ) -> Result<Source, Failure> {
        let left = match u64::try_from(plan.max_items) {
            Ok(0) => limits::MAP_RUN_ITEMS,
            Ok(most) => most.min(limits::MAP_RUN_ITEMS),
            // AWS: recorded test_map_item_reader_csv_max_items_paths[-1].
            Err(_) => return Err(failed("field MaxItems must be positive")),
        };
        let arguments = plan.reader.as_ref().map(|arguments| arguments.0.value().clone()).unwrap_or_default();
        let arguments = Arguments::read(&arguments)?;
        let is_parquet = |format: &DataFormat| *format == DataFormat::Parquet;
        let has_version = arguments.members.iter().any(|(name, _)| *name == "VersionId");
        match &reader.source {
            ReaderSource::Objects(format) | ReaderSource::Object(format) | ReaderSource::Athena(format)
                if is_parquet(format) && has_version =>
            {
                return Err(failed("S3 Version ID selection is not currently supported for PARQUET files"));
            }
            ReaderSource::List
            | ReaderSource::Inventory
            | ReaderSource::Objects(_)
            | ReaderSource::Object(_)
            | ReaderSource::Athena(_) => {}
        }
        Ok(Source {
            objects,
            arguments,
            source: reader.source.clone(),
            left,
            has_begun: false,
            places: VecDeque::new(),
            listing: None,
            columns: None,
            open: None,
        })
    }

    /// The next item, and where it comes from.
    pub(crate) async fn next(&mut self) -> Result<Option<(Record, Arc<str>)>, Failure> {
        if self.left == 0 {
            return Ok(None);
        }
        if !std::mem::replace(&mut self.has_begun, true) {
            self.begin().await.map_err(|problem| failed(&problem))?;
        }
        let found = match self.source {
            ReaderSource::List => self.next_listed().await,
            ReaderSource::Objects(_)
            | ReaderSource::Object(_)
            | ReaderSource::Inventory
            | ReaderSource::Athena(_) => self.next_record().await,
        };
        let found = found.map_err(|problem| failed(&problem))?;
        self.left -= u64::from(found.is_some());
        Ok(found)
    }

    /// Finds which objects there are.
    async fn begin(&mut self) -> Result<(), String> {
        match self.source {
            ReaderSource::List | ReaderSource::Objects(_) => {
                self.listing = Some(Listing::new(&self.arguments));
            }
            ReaderSource::Object(_) => self.places.push_back(self.arguments.place()?),
            ReaderSource::Inventory => {
                let manifest = object::whole(&*self.objects, self.arguments.place()?, MANIFEST_BYTES).await?;
                let (places, columns) = inventory(&manifest)?;
                (self.places, self.columns) = (places, Some(columns));
            }
            ReaderSource::Athena(_) => {
                let manifest = object::whole(&*self.objects, self.arguments.place()?, MANIFEST_BYTES).await?;
                self.places = unloaded(&manifest)?;
            }
        }
        Ok(())
    }

    async fn next_listed(&mut self) -> Result<Option<(Record, Arc<str>)>, String> {
        let Some(listing) = &mut self.listing else { return Ok(None) };
        let found = listing.next(&*self.objects).await?;
        // AWS: recorded by others, the source of what is listed is the bucket.
        let source: Arc<str> = format!("s3://{}", self.arguments.bucket).into();
        Ok(found.map(|object| (Record { key: None, value: listing::item(&object) }, source)))
    }

    async fn next_record(&mut self) -> Result<Option<(Record, Arc<str>)>, String> {
        loop {
            if self.open.is_none() && !self.open_next().await? {
                return Ok(None);
            }
            let Some(open) = &mut self.open else { return Ok(None) };
            if let Some(record) = open.next(&*self.objects).await? {
                return Ok(Some((record, open.source.clone())));
            }
            self.open = None;
        }
    }

    /// Opens the next object; `false` if there is none.
    async fn open_next(&mut self) -> Result<bool, String> {
        let place = match self.places.pop_front() {
            Some(place) => place,
            None => {
                let Some(listing) = &mut self.listing else { return Ok(false) };
                let Some(listed) = listing.next(&*self.objects).await? else { return Ok(false) };
                let key = listed.get("Key").and_then(Value::as_str).unwrap_or_default().to_owned();
                Place { key, ..self.arguments.place_of("") }
            }
        };
        let decoder = match &self.source {
            ReaderSource::Objects(format) | ReaderSource::Object(format) | ReaderSource::Athena(format) => {
                Decoder::new(format)?
            }
            ReaderSource::Inventory | ReaderSource::List => {
                Some(Decoder::Csv(Csv::new(self.columns.as_deref(), ',')?))
            }
        };
        let source = format!("s3://{}/{}", place.bucket, place.key).into();
        let content = match decoder {
            Some(decoder) => {
                Content::Stream(Box::new(Stream { object: Object::new(place), decoder, is_over: false }))
            }
            None => Content::Rows(Box::new(Parquet::new(place))),
        };
        self.open = Some(Open { content, source });
        Ok(true)
    }
}

impl Open {
    async fn next(&mut self, objects: &dyn Objects) -> Result<Option<Record>, String> {
        let stream = match &mut self.content {
            Content::Stream(stream) => stream,
            Content::Rows(rows) => {
                let row = rows.next(objects).await?;
                return Ok(row.map(|value| Record { key: None, value }));
            }
        };
        loop {
            if let Some(record) = stream.decoder.next()? {
                return Ok(Some(record));
            }
            if stream.is_over || stream.decoder.is_done() {
                return Ok(None);
            }
            match stream.object.next(objects).await? {
                Some(bytes) => stream.decoder.push(&bytes)?,
                None => {
                    stream.is_over = true;
                    stream.decoder.finish()?;
                }
            }
        }
    }
}

impl Decoder {
    /// What takes a file apart; `None` where it is not read from its beginning to its end.
    fn new(format: &DataFormat) -> Result<Option<Decoder>, String> {
        Ok(match format {
            DataFormat::Json { pointer } => Some(Decoder::Json(JsonItems::new(pointer.as_deref()))),
            DataFormat::JsonLines => Some(Decoder::Lines(Lines::default())),
            DataFormat::Csv { headers, delimiter } => {
                Some(Decoder::Csv(Csv::new(headers.as_deref(), *delimiter)?))
            }
            DataFormat::Parquet => None,
        })
    }

    fn push(&mut self, bytes: &[u8]) -> Result<(), String> {
        match self {
            Decoder::Csv(csv) => csv.push(bytes),
            Decoder::Lines(lines) => lines.push(bytes),
            Decoder::Json(items) => items.push(bytes),
        }
    }

    fn finish(&mut self) -> Result<(), String> {
        match self {
            Decoder::Csv(csv) => csv.finish(),
            Decoder::Lines(lines) => lines.finish(),
            Decoder::Json(items) => items.finish()?,
        }
        Ok(())
    }

    fn next(&mut self) -> Result<Option<Record>, String> {
        match self {
            Decoder::Csv(csv) => Ok(csv.next_row()?.map(|value| Record { key: None, value })),
            Decoder::Lines(lines) => lines.next(),
            Decoder::Json(items) => Ok(items.next()),
        }
    }

    fn is_done(&self) -> bool {
        match self {
            Decoder::Json(items) => items.is_done(),
            Decoder::Csv(_) | Decoder::Lines(_) => false,
        }
    }
}

impl Arguments {
    fn read(arguments: &Value) -> Result<Arguments, Failure> {
        let text = |name: &str| arguments.get(name).and_then(Value::as_str).map(str::to_owned);
        let Some(bucket) = text("Bucket") else {
            // AWS: unconfirmed text, chosen as for the parameters of Tasks.
            return Err(failed("The field 'Bucket' is required but was missing"));
        };
        let members = ["VersionId", "ExpectedBucketOwner"];
        let members = members.into_iter().filter_map(|name| Some((name, text(name)?))).collect();
        Ok(Arguments { bucket, key: text("Key"), prefix: text("Prefix"), members })
    }

    /// The object that `Key` names.
    fn place(&self) -> Result<Place, String> {
        match &self.key {
            Some(key) => Ok(Place { members: self.members.clone(), ..self.place_of(key) }),
            None => Err("The field 'Key' is required but was missing".to_owned()),
        }
    }

    /// Another object of the bucket, whose version is not said.
    fn place_of(&self, key: &str) -> Place {
        let members = self.members.iter().filter(|(name, _)| *name != "VersionId").cloned().collect();
        Place { bucket: self.bucket.clone(), key: key.to_owned(), members }
    }
}

/// The files of an S3 inventory, and their columns.
fn inventory(manifest: &[u8]) -> Result<(VecDeque<Place>, Vec<Arc<str>>), String> {
    let manifest = json::parse_bytes(manifest)
        .map_err(|error| format!("The manifest is not valid JSON: {}", error.message()))?;
    let text = |name: &str| manifest.get(name).and_then(Value::as_str);
    if text("fileFormat") != Some("CSV") {
        return Err("Only S3 inventories in CSV format are supported.".to_owned());
    }
    let bucket = text("destinationBucket").and_then(|arn| arn.rsplit(':').next()).unwrap_or_default();
    let columns = text("fileSchema").unwrap_or_default();
    let columns = columns.split(',').map(|column| Arc::from(column.trim())).collect();
    let files = manifest.get("files").and_then(Value::as_array).unwrap_or_default();
    let keys = files.iter().filter_map(|file| file.get("key").and_then(Value::as_str));
    let place = |key: &str| Place { bucket: bucket.to_owned(), key: key.to_owned(), members: Vec::new() };
    Ok((keys.map(place).collect(), columns))
}

/// The files that the manifest of an Athena UNLOAD names: one URI a line.
fn unloaded(manifest: &[u8]) -> Result<VecDeque<Place>, String> {
    let text = String::from_utf8_lossy(manifest);
    let lines = text.lines().map(|line| line.trim().trim_matches('"')).filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let place = line.strip_prefix("s3://").and_then(|rest| rest.split_once('/'));
            let (bucket, key) =
                place.ok_or_else(|| format!("The manifest has a line that is no S3 URI: {line}"))?;
            Ok(Place { bucket: bucket.to_owned(), key: key.to_owned(), members: Vec::new() })
        })
        .collect()
}

/// What S3 said, or did not say.
// AWS: unconfirmed text; the error is documented.
fn unreadable(place: &str, error: &ObjectError) -> String {
    let code = error.code.as_deref().map(|code| format!(" ({code})")).unwrap_or_default();
    format!("Failed to read {place}. Message from S3: {}{code}", error.message)
}

/// The text about an item over its limit. AWS: unconfirmed.
fn too_long() -> String {
    format!("An item exceeds the maximum size of {ITEM_BYTES} bytes.")
}

fn failed(cause: &str) -> Failure {
    Failure::new(error_name::ITEM_READER_FAILED, cause)
}

#[cfg(test)]
mod tests;
