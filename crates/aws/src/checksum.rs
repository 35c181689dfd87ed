//! Checksums that services want to see with a body.

use crate::model::{Checksum, Operation};
use crate::protocol::{HttpRequest, InputError};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use sha1::Sha1;
use sha2::Sha256;

/// Adds the checksum that the operation wants, unless the caller gave one.
///
/// AWS: recorded test_s3_put_object_str: CRC-32 is what AWS's SDKs take where nobody chooses.
pub(crate) fn add(operation: &Operation, request: &mut HttpRequest) -> Result<(), InputError> {
    let header = |name: &str| {
        request
            .headers
            .iter()
            .find(|(header, _)| header.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    };
    let is_given = request.headers.iter().any(|(name, _)| {
        let name = name.to_ascii_lowercase();
        name == "content-md5" || (name.starts_with("x-amz-checksum-") && !name.ends_with("-type"))
    });
    let Some(wanted) = operation.checksum.filter(|_| !is_given) else { return Ok(()) };
    let body = &request.body;
    let added = match wanted {
        Checksum::Md5 => ("content-md5", STANDARD.encode(Md5::digest(body))),
        Checksum::Crc32 => match header("x-amz-sdk-checksum-algorithm") {
            None => {
                let chosen = ("x-amz-sdk-checksum-algorithm".to_owned(), "CRC32".to_owned());
                let sum = crc32(body);
                request.headers.push(chosen);
                ("x-amz-checksum-crc32", sum)
            }
            Some("CRC32") => ("x-amz-checksum-crc32", crc32(body)),
            Some("SHA1") => ("x-amz-checksum-sha1", STANDARD.encode(Sha1::digest(body))),
            Some("SHA256") => ("x-amz-checksum-sha256", STANDARD.encode(Sha256::digest(body))),
            Some(_) => {
                let member = "ChecksumAlgorithm".to_owned();
                return Err(InputError::Invalid { member, expected: "CRC32, SHA1 or SHA256" });
            }
        },
    };
    request.headers.push((added.0.to_owned(), added.1));
    Ok(())
}

fn crc32(body: &[u8]) -> String {
    STANDARD.encode(crc32fast::hash(body).to_be_bytes())
}
