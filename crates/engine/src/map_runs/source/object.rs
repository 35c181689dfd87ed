//! One object, read piece by piece and decompressed where its key says that it is compressed.

use super::zstd::Zstd;
use super::{Place, unreadable};
use flate2::write::MultiGzDecoder;
use std::io::Write;
use tasks::{ObjectPart, Objects};

/// Bytes of a piece as it is read.
const PIECE: u64 = 4 * 1024 * 1024;
/// Compressed bytes that are taken in at once: what they become stays small.
const COMPRESSED: usize = 16 * 1024;

pub(crate) struct Object {
    place: Place,
    start: u64,
    e_tag: Option<String>,
    is_read: bool,
    compression: Option<Compression>,
}

enum Compression {
    Gzip(Box<Gzip>),
    Zstd(Box<Zstd>),
}

struct Gzip {
    decoder: MultiGzDecoder<Vec<u8>>,
    piece: Vec<u8>,
    /// How much of the piece was taken in.
    taken: usize,
}

impl Object {
    pub(crate) fn new(place: Place) -> Object {
        let compression = match place.key.rsplit_once('.') {
            Some((_, "gz")) => {
                let decoder = MultiGzDecoder::new(Vec::new());
                Some(Compression::Gzip(Box::new(Gzip { decoder, piece: Vec::new(), taken: 0 })))
            }
            Some((_, "zst" | "zstd")) => Some(Compression::Zstd(Box::default())),
            Some(_) | None => None,
        };
        Object { place, start: 0, e_tag: None, is_read: false, compression }
    }

    /// The next bytes of its content; `None` at the end.
    pub(crate) async fn next(&mut self, objects: &dyn Objects) -> Result<Option<Vec<u8>>, String> {
        let key = self.place.key.clone();
        loop {
            let Some(compression) = &mut self.compression else { return self.read(objects).await };
            if let Some(bytes) = compression.take_some(&key)? {
                return Ok(Some(bytes));
            }
            let more = self.read(objects).await?;
            match (&mut self.compression, more) {
                (Some(compression), Some(piece)) => compression.push(piece),
                // What it holds back comes now, and nothing the next time.
                (Some(compression), None) => return compression.finish(&key),
                (None, more) => return Ok(more),
            }
        }
    }

    async fn read(&mut self, objects: &dyn Objects) -> Result<Option<Vec<u8>>, String> {
        if self.is_read {
            return Ok(None);
        }
        let part = ObjectPart {
            bucket: self.place.bucket.clone(),
            key: self.place.key.clone(),
            members: self.place.members.clone(),
            start: self.start,
            length: PIECE,
            e_tag: self.e_tag.clone(),
        };
        let content = objects
            .get(part)
            .await
            .map_err(|error| unreadable(&format!("the object '{}'", self.place.key), &error))?;
        let length = content.bytes.len() as u64;
        self.start += length;
        self.e_tag = content.e_tag.or(self.e_tag.take());
        self.is_read = length < PIECE;
        Ok(Some(content.bytes).filter(|bytes| !bytes.is_empty()))
    }
}

impl Compression {
    fn push(&mut self, piece: Vec<u8>) {
        match self {
            Compression::Gzip(gzip) => (gzip.piece, gzip.taken) = (piece, 0),
            Compression::Zstd(zstd) => zstd.push(&piece),
        }
    }

    /// Some of the content; `None` where it takes another piece.
    fn take_some(&mut self, key: &str) -> Result<Option<Vec<u8>>, String> {
        match self {
            Compression::Gzip(gzip) => {
                while gzip.taken < gzip.piece.len() {
                    let bytes = gzip.take_some().map_err(|error| not_gzip(key, &error))?;
                    if !bytes.is_empty() {
                        return Ok(Some(bytes));
                    }
                }
                Ok(None)
            }
            Compression::Zstd(zstd) => zstd.take_some().map_err(|problem| not_zstd(key, &problem)),
        }
    }

    /// The rest of the content.
    fn finish(&mut self, key: &str) -> Result<Option<Vec<u8>>, String> {
        match self {
            Compression::Gzip(gzip) => {
                gzip.decoder.try_finish().map_err(|error| not_gzip(key, &error))?;
                let rest = std::mem::take(gzip.decoder.get_mut());
                Ok(Some(rest).filter(|rest| !rest.is_empty()))
            }
            Compression::Zstd(zstd) => {
                zstd.finish().map_err(|problem| not_zstd(key, &problem))?;
                Ok(None)
            }
        }
    }
}

impl Gzip {
    /// Takes in some compressed bytes, and gives what they become.
    fn take_some(&mut self) -> std::io::Result<Vec<u8>> {
        let end = self.piece.len().min(self.taken + COMPRESSED);
        let some = self.piece.get(self.taken..end).unwrap_or_default();
        self.decoder.write_all(some)?;
        self.taken = end;
        Ok(std::mem::take(self.decoder.get_mut()))
    }
}

/// A whole object, which must not be longer than so.
pub(crate) async fn whole(objects: &dyn Objects, place: Place, limit: u64) -> Result<Vec<u8>, String> {
    let mut object = Object::new(place);
    let mut content = Vec::new();
    while let Some(bytes) = object.next(objects).await? {
        content.extend(bytes);
        if content.len() as u64 > limit {
            return Err(format!("The manifest exceeds {limit} bytes."));
        }
    }
    Ok(content)
}

fn not_gzip(key: &str, error: &std::io::Error) -> String {
    format!("The object '{key}' is not compressed with GZIP: {error}")
}

fn not_zstd(key: &str, problem: &str) -> String {
    format!("The object '{key}' is not compressed with ZSTD: {problem}")
}
