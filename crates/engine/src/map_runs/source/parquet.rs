//! Parquet: a file that is read from its end, where it says what it holds, and then by its row groups.

use super::{ITEM_BYTES, Place, too_long, unreadable, zstd};
use base64::Engine as _;
use bytes::{Buf, Bytes};
use json::{Object, Value};
use model::Timestamp;
use parquet::basic::Compression;
use parquet::bloom_filter::Sbbf;
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader, RowGroupMetaData};
use parquet::file::reader::{ChunkReader, Length, RowGroupReader};
use parquet::file::serialized_reader::SerializedPageReader;
use parquet::record::reader::{ReaderIter, RowIter, TreeBuilder};
use parquet::record::{Field, Row};
use parquet::schema::types::Type;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use tasks::{ObjectPart, Objects};

/// Bytes of what the end of a file says of it at the most. AWS: documented.
const FOOTER_BYTES: u64 = 5 * 1024 * 1024;
/// Bytes of a row group at the most, which is held as a whole. AWS: documented.
const ROW_GROUP_BYTES: u64 = 256 * 1024 * 1024;
/// Bytes of a page at the most.
const PAGE_BYTES: usize = 256 * 1024 * 1024;
/// Bytes that are asked for at once.
const PIECE: u64 = 4 * 1024 * 1024;
/// The length of the footer, and `PAR1`.
const TAIL: u64 = 8;
const MAGIC: &[u8] = b"PAR1";

/// A file that is being read.
pub(super) struct Parquet {
    place: Place,
    e_tag: Option<String>,
    size: u64,
    metadata: Option<Arc<ParquetMetaData>>,
    /// The row group that comes next.
    next_group: usize,
    rows: Option<ReaderIter>,
}

impl Parquet {
    pub(super) fn new(place: Place) -> Parquet {
        Parquet { place, e_tag: None, size: 0, metadata: None, next_group: 0, rows: None }
    }

    /// The next row, as an object.
    pub(super) async fn next(&mut self, objects: &dyn Objects) -> Result<Option<Value>, String> {
        loop {
            if let Some(rows) = &mut self.rows {
                match guarded(|| rows.next().transpose()).map_err(|problem| self.damaged(&problem))? {
                    Some(row) => return row_item(&row).map(Some),
                    None => self.rows = None,
                }
            }
            let metadata = match &self.metadata {
                Some(metadata) => metadata.clone(),
                None => {
                    let metadata = Arc::new(self.read_metadata(objects).await?);
                    self.metadata.insert(metadata).clone()
                }
            };
            let Some(group) = metadata.row_groups().get(self.next_group) else { return Ok(None) };
            self.next_group += 1;
            let held = self.read_group(objects, group).await?;
            let group = Group { metadata: group.clone(), held: Arc::new(held) };
            let schema = metadata.file_metadata().schema_descr_ptr();
            let rows = guarded(|| TreeBuilder::new().as_iter(schema, &group));
            self.rows = Some(rows.map_err(|problem| self.damaged(&problem))?);
        }
    }

    async fn read_metadata(&mut self, objects: &dyn Objects) -> Result<ParquetMetaData, String> {
        // The first bytes say how long the file is, and nothing else.
        self.read(objects, 0, MAGIC.len() as u64).await?;
        let tail = self.size.checked_sub(TAIL).ok_or_else(|| self.damaged("it is too short"))?;
        let tail = self.read(objects, tail, TAIL).await?;
        let (length, magic) = tail.split_at_checked(4).unwrap_or_default();
        if magic != MAGIC {
            return Err(self.damaged("it does not end with PAR1"));
        }
        let length = u64::from(u32::from_le_bytes(length.try_into().unwrap_or_default()));
        if length > FOOTER_BYTES {
            return Err(self.damaged(&format!("its footer exceeds {FOOTER_BYTES} bytes")));
        }
        let start = self.size.checked_sub(TAIL + length);
        let start = start.ok_or_else(|| self.damaged("its footer is longer than the file"))?;
        let footer = self.read(objects, start, length).await?;
        guarded(|| ParquetMetaDataReader::decode_metadata(&footer)).map_err(|problem| self.damaged(&problem))
    }

    /// The bytes of all columns of a row group.
    async fn read_group(&mut self, objects: &dyn Objects, group: &RowGroupMetaData) -> Result<Held, String> {
        let ranges =
            guarded(|| Ok(group.columns().iter().map(|column| column.byte_range()).collect::<Vec<_>>()));
        let ranges = ranges.map_err(|problem| self.damaged(&problem))?;
        let start = ranges.iter().map(|(start, _)| *start).min().unwrap_or(0);
        let end = ranges.iter().map(|(start, length)| start.saturating_add(*length)).max().unwrap_or(0);
        if end > self.size || end.saturating_sub(start) > ROW_GROUP_BYTES {
            return Err(self.damaged(&format!(
                "a row group lies outside of the file or exceeds {ROW_GROUP_BYTES} bytes"
            )));
        }
        let bytes = self.read(objects, start, end.saturating_sub(start)).await?;
        Ok(Held { start, bytes: bytes.into(), size: self.size })
    }

    async fn read(&mut self, objects: &dyn Objects, start: u64, length: u64) -> Result<Vec<u8>, String> {
        let mut found = Vec::new();
        let end = start.saturating_add(length);
        while start.saturating_add(found.len() as u64) < end {
            let at = start.saturating_add(found.len() as u64);
            let part = ObjectPart {
                bucket: self.place.bucket.clone(),
                key: self.place.key.clone(),
                members: self.place.members.clone(),
                start: at,
                length: PIECE.min(end - at),
                e_tag: self.e_tag.clone(),
            };
            let object = format!("the object '{}'", self.place.key);
            let content = objects.get(part).await.map_err(|error| unreadable(&object, &error))?;
            if content.bytes.is_empty() {
                return Err(self.damaged("it ends before what it names"));
            }
            self.e_tag = content.e_tag.or(self.e_tag.take());
            self.size = content.size.unwrap_or(self.size);
            found.extend(content.bytes);
        }
        Ok(found)
    }

    fn damaged(&self, problem: &str) -> String {
        format!("The object '{}' is not a valid PARQUET file: {problem}", self.place.key)
    }
}

/// What the library makes of bytes that anybody may have written.
fn guarded<T>(read: impl FnOnce() -> ParquetResult<T>) -> Result<T, String> {
    // Nothing that was touched is used again after a panic: the run fails.
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(outcome) => outcome.map_err(|error| error.to_string()),
        Err(_) => Err("its content contradicts itself".to_owned()),
    }
}

/// A part of a file in memory.
struct Held {
    start: u64,
    bytes: Bytes,
    /// Bytes of the whole file.
    size: u64,
}

impl Length for Held {
    fn len(&self) -> u64 {
        self.size
    }
}

impl ChunkReader for Held {
    type T = bytes::buf::Reader<Bytes>;

    fn get_read(&self, start: u64) -> ParquetResult<Self::T> {
        let at = start.checked_sub(self.start).and_then(|at| usize::try_from(at).ok());
        let bytes = at.filter(|at| *at <= self.bytes.len()).map(|at| self.bytes.slice(at..));
        bytes.map(Buf::reader).ok_or_else(outside)
    }

    fn get_bytes(&self, start: u64, length: usize) -> ParquetResult<Bytes> {
        let at = start.checked_sub(self.start).and_then(|at| usize::try_from(at).ok());
        let range = at.and_then(|at| Some(at..at.checked_add(length)?));
        let range = range.filter(|range| range.end <= self.bytes.len());
        range.map(|range| self.bytes.slice(range)).ok_or_else(outside)
    }
}

fn outside() -> ParquetError {
    ParquetError::EOF("it names bytes that are not its own".to_owned())
}

/// A row group in memory.
struct Group {
    metadata: RowGroupMetaData,
    held: Arc<Held>,
}

impl RowGroupReader for Group {
    fn metadata(&self) -> &RowGroupMetaData {
        &self.metadata
    }

    fn num_columns(&self) -> usize {
        self.metadata.num_columns()
    }

    fn get_column_page_reader(&self, i: usize) -> ParquetResult<Box<dyn PageReader>> {
        let column = self.metadata.column(i);
        let rows = usize::try_from(self.metadata.num_rows())?;
        if !matches!(column.compression(), Compression::ZSTD(_)) {
            return Ok(Box::new(SerializedPageReader::new(self.held.clone(), column, rows, None)?));
        }
        // The library's own way of reading ZSTD is one in C: it gives the pages as they are, and they are read here.
        let as_they_are = column.clone().into_builder().set_compression(Compression::UNCOMPRESSED).build()?;
        let pages = SerializedPageReader::new(self.held.clone(), &as_they_are, rows, None)?;
        Ok(Box::new(ZstdPages { pages: Box::new(pages) }))
    }

    fn get_column_bloom_filter(&self, _: usize) -> Option<&Sbbf> {
        None
    }

    fn get_row_iter(&self, projection: Option<Type>) -> ParquetResult<RowIter<'_>> {
        RowIter::from_row_group(projection, self)
    }
}

/// Pages that are compressed with ZSTD.
struct ZstdPages {
    pages: Box<dyn PageReader>,
}

impl PageReader for ZstdPages {
    fn get_next_page(&mut self) -> ParquetResult<Option<Page>> {
        self.pages.get_next_page()?.map(decompressed).transpose()
    }

    fn peek_next_page(&mut self) -> ParquetResult<Option<PageMetadata>> {
        self.pages.peek_next_page()
    }

    fn skip_next_page(&mut self) -> ParquetResult<()> {
        self.pages.skip_next_page()
    }
}

impl Iterator for ZstdPages {
    type Item = ParquetResult<Page>;

    fn next(&mut self) -> Option<ParquetResult<Page>> {
        self.get_next_page().transpose()
    }
}

fn decompressed(mut page: Page) -> ParquetResult<Page> {
    match &mut page {
        Page::DataPage { buf, .. } | Page::DictionaryPage { buf, .. } => *buf = plain(buf, 0)?,
        Page::DataPageV2 { buf, is_compressed, def_levels_byte_len, rep_levels_byte_len, .. } => {
            if std::mem::replace(is_compressed, false) {
                // Levels are never compressed.
                let levels = u64::from(*def_levels_byte_len) + u64::from(*rep_levels_byte_len);
                *buf = plain(buf, usize::try_from(levels)?)?;
            }
        }
    }
    Ok(page)
}

/// Bytes of which those before `from` are not compressed.
fn plain(bytes: &Bytes, from: usize) -> ParquetResult<Bytes> {
    let (levels, values) = bytes.split_at_checked(from).ok_or_else(outside)?;
    let values = match values {
        [] => Vec::new(),
        values => zstd::whole(values, PAGE_BYTES).map_err(ParquetError::General)?,
    };
    Ok([levels, &values].concat().into())
}

/// A row as an item.
fn row_item(row: &Row) -> Result<Value, String> {
    let item = row_value(row);
    if item.to_text().len() > ITEM_BYTES { Err(too_long()) } else { Ok(item) }
}

fn row_value(row: &Row) -> Value {
    let members = row.get_column_iter().map(|(name, field)| (name.as_str(), value_of(field)));
    Value::from(members.collect::<Object>())
}

// AWS: documented that rows are objects of their columns; how columns of other types than JSON's are shown is unconfirmed,
// chosen: moments as elsewhere in the service, decimals as numbers, bytes in Base64.
fn value_of(field: &Field) -> Value {
    match field {
        Field::Null => Value::Null,
        Field::Bool(value) => Value::from(*value),
        Field::Byte(value) => Value::from(i64::from(*value)),
        Field::Short(value) => Value::from(i64::from(*value)),
        Field::Int(value) => Value::from(i64::from(*value)),
        Field::Long(value) => Value::from(*value),
        Field::UByte(value) => Value::from(u64::from(*value)),
        Field::UShort(value) => Value::from(u64::from(*value)),
        Field::UInt(value) => Value::from(u64::from(*value)),
        Field::ULong(value) => Value::from(*value),
        // By way of their shortest text, so that 1.1 stays 1.1.
        Field::Float16(_) | Field::Float(_) | Field::Double(_) | Field::Decimal(_) => {
            json::parse(&number_text(field)).unwrap_or(Value::Null)
        }
        Field::Str(text) => Value::from(text.as_str()),
        Field::Bytes(bytes) => Value::from(base64::engine::general_purpose::STANDARD.encode(bytes.data())),
        Field::Date(days) => {
            let text = Timestamp(i64::from(*days).saturating_mul(86_400_000)).to_string();
            Value::from(text.split('T').next().unwrap_or_default())
        }
        Field::TimeMillis(millis) => time_of_day(i64::from(*millis)),
        Field::TimeMicros(micros) => time_of_day(*micros / 1_000),
        Field::TimestampMillis(millis) => Value::from(Timestamp(*millis).to_string()),
        Field::TimestampMicros(micros) => Value::from(Timestamp(micros.div_euclid(1_000)).to_string()),
        Field::Group(row) => row_value(row),
        Field::ListInternal(list) => Value::array(list.elements().iter().map(value_of).collect()),
        Field::MapInternal(map) => {
            let members = map.entries().iter().map(|(key, value)| (key_of(key), value_of(value)));
            Value::from(members.collect::<Object>())
        }
    }
}

fn number_text(field: &Field) -> String {
    match field {
        Field::Float16(value) => format!("{:?}", value.to_f32()),
        Field::Float(value) => format!("{value:?}"),
        Field::Double(value) => format!("{value:?}"),
        other => other.to_string(),
    }
}

fn key_of(field: &Field) -> String {
    match value_of(field) {
        Value::String(text) => text.to_string(),
        other => other.to_text(),
    }
}

fn time_of_day(millis: i64) -> Value {
    let text = Timestamp(millis).to_string();
    Value::from(text.split_once('T').map_or("", |(_, time)| time.trim_end_matches('Z')))
}
