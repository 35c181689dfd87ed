//! One object, read piece by piece and decompressed where its key says that it is compressed.

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
    gzip: Option<Gzip>,
}

struct Gzip {
    decoder: MultiGzDecoder<Vec<u8>>,
    piece: Vec<u8>,
    /// How much of the piece was taken in.
    taken: usize,
}

impl Object {
    pub(crate) fn new(place: Place) -> Result<Object, String> {
        if place.key.ends_with(".zst") || place.key.ends_with(".zstd") {
            return Err(
                "This version of Stepwright does not read files that are compressed with ZSTD".to_owned()
            );
        }
        let gzip = place.key.ends_with(".gz").then(|| Gzip {
            decoder: MultiGzDecoder::new(Vec::new()),
            piece: Vec::new(),
            taken: 0,
        });
        Ok(Object { place, start: 0, e_tag: None, is_read: false, gzip })
    }

    /// The next bytes of its content; `None` at the end.
    pub(crate) async fn next(&mut self, objects: &dyn Objects) -> Result<Option<Vec<u8>>, String> {
        if self.gzip.is_none() {
            return self.read(objects).await;
        }
        loop {
            let is_empty = self.gzip.as_ref().is_none_or(|gzip| gzip.taken == gzip.piece.len());
            let more = if is_empty { self.read(objects).await? } else { None };
            let Some(gzip) = &mut self.gzip else { return Ok(None) };
            match more {
                Some(piece) => (gzip.piece, gzip.taken) = (piece, 0),
                None if is_empty => {
                    // What it holds back comes now, and nothing the next time.
                    gzip.decoder.try_finish().map_err(|error| damaged(&self.place, &error))?;
                    let rest = std::mem::take(gzip.decoder.get_mut());
                    return Ok(Some(rest).filter(|rest| !rest.is_empty()));
                }
                None => {}
            }
            let bytes = gzip.take_some().map_err(|error| damaged(&self.place, &error))?;
            if !bytes.is_empty() {
                return Ok(Some(bytes));
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
    let mut object = Object::new(place)?;
    let mut content = Vec::new();
    while let Some(bytes) = object.next(objects).await? {
        content.extend(bytes);
        if content.len() as u64 > limit {
            return Err(format!("The manifest exceeds {limit} bytes."));
        }
    }
    Ok(content)
}

fn damaged(place: &Place, error: &std::io::Error) -> String {
    format!("The object '{}' is not compressed with GZIP: {error}", place.key)
}
