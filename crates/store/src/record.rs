//! The envelope of stored values: a version, the payload and a checksum. The format stands in the crate's
//! documentation.

use xxhash_rust::xxh3::xxh3_64;

use crate::{error::StoreError, port::Table};

const CHECKSUM_BYTES: usize = 4;

/// Why a record cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Too few bytes for an envelope.
    #[error("it has {0} bytes, fewer than any record")]
    TooShort(usize),
    /// The bytes are not those that were sealed.
    #[error("its checksum does not match its content")]
    Checksum,
    /// The payload has a version that its reader does not know.
    #[error("its version {0} is not known to this release")]
    UnknownVersion(u8),
    /// The payload does not have the form that its version promises.
    #[error("its content cannot be read")]
    Malformed,
}

impl RecordError {
    /// The error for the operator: names the record and says what to do.
    #[must_use]
    pub fn at(self, table: Table, key: &[u8]) -> StoreError {
        StoreError::DamagedRecord { table, key: key.to_vec(), problem: self }
    }
}

/// Wraps a payload.
#[must_use]
pub fn seal(version: u8, payload: &[u8]) -> Vec<u8> {
    let mut record = Vec::with_capacity(1 + payload.len() + CHECKSUM_BYTES);
    record.push(version);
    record.extend_from_slice(payload);
    let sum = checksum(&record);
    record.extend(sum);
    record
}

/// Unwraps a record to its version and payload.
///
/// # Errors
/// When the record is not, byte for byte, what [`seal`] made.
pub fn open(record: &[u8]) -> Result<(u8, &[u8]), RecordError> {
    let too_short = RecordError::TooShort(record.len());
    let (content, sum) = record.split_last_chunk::<CHECKSUM_BYTES>().ok_or(too_short)?;
    let (&version, payload) = content.split_first().ok_or(too_short)?;
    if checksum(content) == *sum { Ok((version, payload)) } else { Err(RecordError::Checksum) }
}

/// [`open`] for a record of a known place.
///
/// # Errors
/// [`StoreError::DamagedRecord`], which names table and key.
pub fn open_at<'a>(table: Table, key: &[u8], record: &'a [u8]) -> Result<(u8, &'a [u8]), StoreError> {
    open(record).map_err(|error| error.at(table, key))
}

/// The low 32 bits of XXH3-64.
fn checksum(content: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let [a, b, c, d, ..] = xxh3_64(content).to_le_bytes();
    [a, b, c, d]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_sealed_payload_opens_to_itself(version in any::<u8>(), payload in any::<Vec<u8>>()) {
            let record = seal(version, &payload);
            prop_assert_eq!(open(&record), Ok((version, payload.as_slice())));
        }

        #[test]
        fn any_changed_byte_is_noticed(payload in any::<Vec<u8>>(), at in any::<prop::sample::Index>(), flip in 1..=255_u8) {
            let mut record = seal(1, &payload);
            let at = at.index(record.len());
            record[at] ^= flip;
            prop_assert_eq!(open(&record), Err(RecordError::Checksum));
        }

        #[test]
        fn any_truncation_is_noticed(payload in any::<Vec<u8>>(), len in any::<prop::sample::Index>()) {
            let record = seal(1, &payload);
            prop_assert!(open(&record[..len.index(record.len())]).is_err());
        }
    }

    /// Freezes the format: records written by one release are read by the next.
    #[test]
    fn the_format_on_disk_does_not_change() {
        assert_eq!(seal(7, b"stepwright"), b"\x07stepwright\x52\xcf\x07\xc3");
    }

    #[test]
    fn a_damaged_record_names_its_table_and_key_and_says_what_to_do() {
        let message = open_at(Table::Facts, b"arn\x00", b"junk!").unwrap_err().to_string();
        assert!(message.contains("record arn\\x00 in table facts is damaged"), "{message}");
        assert!(message.contains("restore the data directory from a backup"), "{message}");
    }
}
