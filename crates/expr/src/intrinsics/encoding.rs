//! `States.Base64Encode`, `States.Base64Decode`, `States.Hash`.

use super::Failure;
use super::function::short_text;
use crate::scope::Evaluation;
use json::Value;
use md5::{Digest, Md5};
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub(super) fn base64_encode(
    arguments: &[Value],
    evaluation: &mut Evaluation<'_, '_>,
) -> Result<Value, Failure> {
    let [Value::String(text)] = arguments else { return Err(Failure::Arguments) };
    let text = short_text(text)?;
    evaluation.charge(text.len() / 3 * 4 + 4)?;
    Ok(Value::from(encode(text.as_bytes())))
}

pub(super) fn base64_decode(
    arguments: &[Value],
    evaluation: &mut Evaluation<'_, '_>,
) -> Result<Value, Failure> {
    let [Value::String(text)] = arguments else { return Err(Failure::Arguments) };
    let text = short_text(text)?;
    evaluation.charge(text.len())?;
    Ok(Value::from(String::from_utf8_lossy(&decode(text)).into_owned()))
}

/// Lower-case hexadecimal digits. What is no string is hashed as its JSON text.
pub(super) fn hash(arguments: &[Value], evaluation: &mut Evaluation<'_, '_>) -> Result<Value, Failure> {
    let [value, Value::String(algorithm)] = arguments else { return Err(Failure::Arguments) };
    evaluation.charge_text(value)?;
    let written;
    let text = match value {
        Value::String(text) => &**text,
        other => {
            written = other.to_text();
            &written
        }
    };
    let bytes = short_text(text)?.as_bytes();
    let digest = match &**algorithm {
        "MD5" => hex(&Md5::digest(bytes)),
        "SHA-1" => hex(&Sha1::digest(bytes)),
        "SHA-256" => hex(&Sha256::digest(bytes)),
        "SHA-384" => hex(&Sha384::digest(bytes)),
        "SHA-512" => hex(&Sha512::digest(bytes)),
        _ => return Err(Failure::Arguments),
    };
    Ok(Value::from(digest))
}

fn hex(bytes: &[u8]) -> String {
    let digit = |n: u8| char::from_digit(u32::from(n), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn encode(bytes: &[u8]) -> String {
    let digit = |bits: u32| char::from(ALPHABET.get(bits as usize & 63).copied().unwrap_or(b'A'));
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group =
            chunk.iter().fold(0u32, |group, byte| group << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            text.push(if place <= chunk.len() { digit(group >> (18 - 6 * place)) } else { '=' });
        }
    }
    text
}

/// Takes the digits of either alphabet and looks at nothing else: blanks, padding and strange characters are skipped.
// AWS: recorded, decoding is lenient.
fn decode(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut group, mut bits) = (0u32, 0u32);
    for digit in text.bytes().filter_map(value_of) {
        group = (group << 6 | digit) & 0xFFFF;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((group >> bits) as u8);
        }
    }
    bytes
}

fn value_of(digit: u8) -> Option<u32> {
    let value = match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    };
    Some(u32::from(value))
}
