//! Pictures: how `$formatNumber`, `$formatInteger`, `$parseInteger`, `$formatBase`, `$fromMillis` and
//! `$toMillis` turn numbers and instants into text and back.
//!
//! Everything here is pure: the present moment is an argument. Where the reference answers with JavaScript's
//! `NaN`, which JSON cannot hold, parsing answers `None`.

pub mod datetime;
pub mod integer;
pub mod number;

mod words;

#[cfg(test)]
mod tests;

use std::fmt;

pub use datetime::{format_millis, parse_timestamp};
pub use integer::{format_integer, parse_integer};
pub use number::{format_base, format_number};

/// Most characters that one picture may produce; a width or a roman numeral could ask for any number of them.
pub const MAX_OUTPUT_CHARS: usize = 1 << 20;

/// The code of a picture whose output would pass [`MAX_OUTPUT_CHARS`], or whose parsing takes too many steps:
/// the code that the reference gives an evaluation that ran out of its budget.
pub const OUT_OF_BUDGET: &str = "U1001";

/// Why a picture, or a text read through one, was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PictureError {
    /// The reference's error code, such as `D3132`.
    pub code: &'static str,
    /// What the message template calls `{{value}}`, as text.
    pub value: Option<String>,
    /// What the message template calls `{{token}}`, where the code uses it; callers put the function's name.
    pub token: Option<String>,
}

impl PictureError {
    fn new(code: &'static str) -> PictureError {
        PictureError { code, value: None, token: None }
    }

    fn with_value(code: &'static str, value: impl Into<String>) -> PictureError {
        PictureError { code, value: Some(value.into()), token: None }
    }
}

impl fmt::Display for PictureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Some(value) => write!(f, "{}: {value}", self.code),
            None => f.write_str(self.code),
        }
    }
}

impl std::error::Error for PictureError {}

/// Refuses an output of more than [`MAX_OUTPUT_CHARS`] characters.
fn check_output(chars: usize) -> Result<(), PictureError> {
    if chars > MAX_OUTPUT_CHARS { Err(PictureError::new(OUT_OF_BUDGET)) } else { Ok(()) }
}

/// Refuses so many insertions into a text that moving its rest each time would hold a core.
fn check_insertions(insertions: usize, chars: usize) -> Result<(), PictureError> {
    let moved = insertions.saturating_mul(insertions.saturating_add(chars));
    if moved > 1 << 24 { Err(PictureError::new(OUT_OF_BUDGET)) } else { Ok(()) }
}

/// A number as JavaScript's `String(value)` writes it.
fn javascript_number(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    if !value.is_finite() {
        return if value.is_nan() {
            "NaN"
        } else if value > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        }
        .to_owned();
    }
    if (1e-6..1e21).contains(&value.abs()) {
        return value.to_string();
    }
    let scientific = format!("{value:e}");
    match scientific.split_once('e') {
        Some((mantissa, exponent)) if !exponent.starts_with('-') => format!("{mantissa}e+{exponent}"),
        _ => scientific,
    }
}
