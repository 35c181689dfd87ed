//! The functions that AWS adds.

use super::numeric::unit;
use crate::builtins::Arguments;
use crate::error::{Error, Fault};
use crate::evaluate::Evaluator;
use crate::item::Item;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};

/// AWS: documented; a seed gives the numbers of `java.util.Random`.
pub(crate) fn random(evaluator: &mut Evaluator<'_>, arguments: Arguments<'_>) -> Result<Item, Fault> {
    match arguments.number(0) {
        Some(seed) => Ok(Item::number(seeded(seed as i64))),
        None => Ok(Item::number(unit(evaluator))),
    }
}

/// The first double of `java.util.Random`: 26 and 27 bits of a linear congruential generator of 48.
fn seeded(seed: i64) -> f64 {
    const MULTIPLIER: u64 = 0x5_DEEC_E66D;
    const MASK: u64 = (1 << 48) - 1;
    let mut state = (seed as u64 ^ MULTIPLIER) & MASK;
    let mut next = |bits: u32| {
        state = state.wrapping_mul(MULTIPLIER).wrapping_add(0xB) & MASK;
        state >> (48 - bits)
    };
    let high = next(26) << 27;
    (high + next(27)) as f64 / (1u64 << 53) as f64
}

/// AWS: recorded in language.md 7.3
pub(crate) fn partition(evaluator: &mut Evaluator<'_>, arguments: Arguments<'_>) -> Result<Item, Fault> {
    let array = arguments.item(0);
    if array.is_undefined() {
        return Ok(array);
    }
    let Some(items) = array.as_items() else {
        return Err(Error::new("T0412").maybe_value(array.to_shown()).with("index", 1usize));
    };
    let size = arguments.number(1).map_or(items.len() as f64, f64::trunc);
    if size < 0.0 {
        return Err(failure("Second argument must be zero or greater"));
    }
    if size < 1.0 {
        return Ok(Item::Undefined);
    }
    let size = size as usize;
    evaluator.budget.items(items.len() + items.len() / size + 1)?;
    let all: Vec<Item> = items.iter().collect();
    Ok(Item::array(all.chunks(size).map(|chunk| Item::array(chunk.to_vec())).collect()))
}

/// AWS: recorded in language.md 7.3
pub(crate) fn range(evaluator: &mut Evaluator<'_>, arguments: Arguments<'_>) -> Result<Item, Fault> {
    let number = |index| arguments.number(index).map(f64::trunc);
    let (Some(first), Some(last), Some(step)) = (number(0), number(1), number(2)) else {
        return Ok(Item::Undefined);
    };
    if step == 0.0 {
        return Ok(Item::Undefined);
    }
    let steps = ((last - first) / step).floor();
    if steps < 0.0 || steps.is_nan() {
        return Ok(Item::Undefined);
    }
    evaluator.budget.items((steps + 1.0) as usize)?;
    let numbers = (0..=steps as u64).map(|index| Item::number(first + step * index as f64));
    Ok(Item::sequence(numbers.collect()).collapse())
}

/// AWS: recorded in language.md 7.3
pub(crate) fn hash(evaluator: &mut Evaluator<'_>, arguments: Arguments<'_>) -> Result<Item, Fault> {
    let Some(text) = arguments.text(0) else { return Ok(Item::Undefined) };
    evaluator.budget.charge(text.len(), 256)?;
    let algorithm = arguments.text(1).unwrap_or_else(|| "".into());
    let digest = match &*algorithm {
        "MD5" => hex(&Md5::digest(text.as_bytes())),
        "SHA-1" => hex(&Sha1::digest(text.as_bytes())),
        "SHA-256" => hex(&Sha256::digest(text.as_bytes())),
        "SHA-384" => hex(&Sha384::digest(text.as_bytes())),
        "SHA-512" => hex(&Sha512::digest(text.as_bytes())),
        other => {
            let known = "SHA-1, SHA-384, SHA-256, SHA-512, MD5";
            return Err(failure(&format!("Hash algorithm '{other}' must be one of {known}")));
        }
    };
    Ok(Item::string(digest))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// AWS: documented; a random UUID of version 4.
pub(crate) fn uuid(evaluator: &mut Evaluator<'_>, _: Arguments<'_>) -> Result<Item, Fault> {
    let random = (u128::from((evaluator.entropy)()) << 64) | u128::from((evaluator.entropy)());
    let marked = (random & !(0xF << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
    let digits = format!("{marked:032x}");
    let part = |start: usize, end: usize| digits.get(start..end).unwrap_or_default();
    let parts = [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)];
    Ok(Item::string(parts.join("-")))
}

/// AWS: recorded in language.md 7.3
pub(crate) fn parse(evaluator: &mut Evaluator<'_>, arguments: Arguments<'_>) -> Result<Item, Fault> {
    let Some(text) = arguments.text(0) else { return Ok(Item::Undefined) };
    evaluator.budget.charge(text.len(), text.len().saturating_mul(8))?;
    json::parse(&text).map(Item::Json).map_err(|_| failure("Invalid JSON"))
}

fn failure(message: &str) -> Fault {
    Error::new("D3137").with("message", message)
}
