//! Base 64 and URLs.

use crate::Dialect;
use crate::builtins::Arguments;
use crate::error::{Error, Fault};
use crate::evaluate::Evaluator;
use crate::item::Item;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Reads base 64 as leniently as the languages that the reference runs in.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

pub(crate) fn base64_encode(evaluator: &mut Evaluator<'_>, arguments: Arguments<'_>) -> Result<Item, Fault> {
    let Some(text) = arguments.text(0) else { return Ok(Item::Undefined) };
    evaluator.budget.charge(text.len() / 16, text.len())?;
    let encoded = match evaluator.dialect {
        // The reference takes each character for one byte.
        Dialect::V22 => {
            STANDARD.encode(text.encode_utf16().map(|unit| (unit & 0xff) as u8).collect::<Vec<_>>())
        }
        // AWS: unconfirmed, chosen because Java encodes strings as UTF-8.
        Dialect::Aws => STANDARD.encode(text.as_bytes()),
    };
    evaluator.new_text(encoded)
}

pub(crate) fn base64_decode(evaluator: &mut Evaluator<'_>, arguments: Arguments<'_>) -> Result<Item, Fault> {
    let Some(text) = arguments.text(0) else { return Ok(Item::Undefined) };
    evaluator.budget.charge(text.len() / 16, text.len())?;
    let letters: String = text
        .chars()
        .filter_map(|letter| match letter {
            '-' => Some('+'),
            '_' => Some('/'),
            '+' | '/' => Some(letter),
            _ => Some(letter).filter(char::is_ascii_alphanumeric),
        })
        .collect();
    // A last letter alone holds less than a byte.
    let whole = letters.len() - usize::from(letters.len() % 4 == 1);
    let bytes = LENIENT.decode(letters.get(..whole).unwrap_or_default()).unwrap_or_default();
    let decoded = match evaluator.dialect {
        Dialect::V22 => bytes.into_iter().map(char::from).collect(),
        Dialect::Aws => String::from_utf8_lossy(&bytes).into_owned(),
    };
    evaluator.new_text(decoded)
}

/// What `encodeURIComponent` leaves as it is, besides letters and digits.
const UNRESERVED: &str = "-_.!~*'()";
/// What `encodeURI` leaves as it is besides that, and `decodeURI` leaves encoded.
const RESERVED: &str = ";/?:@&=+$,#";

pub(crate) fn encode_url_component(
    evaluator: &mut Evaluator<'_>,
    arguments: Arguments<'_>,
) -> Result<Item, Fault> {
    encode(evaluator, &arguments, "")
}

pub(crate) fn encode_url(evaluator: &mut Evaluator<'_>, arguments: Arguments<'_>) -> Result<Item, Fault> {
    encode(evaluator, &arguments, RESERVED)
}

fn encode(evaluator: &mut Evaluator<'_>, arguments: &Arguments<'_>, kept: &str) -> Result<Item, Fault> {
    let Some(text) = arguments.text(0) else { return Ok(Item::Undefined) };
    evaluator.budget.charge(text.len(), text.len())?;
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        let character = char::from(byte);
        if character.is_ascii_alphanumeric() || UNRESERVED.contains(character) || kept.contains(character) {
            encoded.push(character);
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    evaluator.new_text(encoded)
}

pub(crate) fn decode_url_component(
    evaluator: &mut Evaluator<'_>,
    arguments: Arguments<'_>,
) -> Result<Item, Fault> {
    decode(evaluator, &arguments, "", "decodeUrlComponent")
}

pub(crate) fn decode_url(evaluator: &mut Evaluator<'_>, arguments: Arguments<'_>) -> Result<Item, Fault> {
    decode(evaluator, &arguments, RESERVED, "decodeUrl")
}

fn decode(
    evaluator: &mut Evaluator<'_>,
    arguments: &Arguments<'_>,
    kept: &str,
    function: &'static str,
) -> Result<Item, Fault> {
    let Some(text) = arguments.text(0) else { return Ok(Item::Undefined) };
    evaluator.budget.charge(text.len(), text.len())?;
    match decoded(&text, kept) {
        Some(decoded) => evaluator.new_text(decoded),
        None => Err(Error::new("D3140").value(text).with("functionName", function)),
    }
}

fn decoded(text: &str, kept: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend_from_slice(before.as_bytes());
        let digits = after.get(..2).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
        let byte = u8::from_str_radix(digits, 16).ok()?;
        if byte.is_ascii() && kept.contains(char::from(byte)) {
            bytes.push(b'%');
            bytes.extend_from_slice(digits.as_bytes());
        } else {
            bytes.push(byte);
        }
        rest = after.get(2..)?;
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8(bytes).ok()
}
