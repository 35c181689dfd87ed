//! Values as text.

use crate::{Number, Value};
use std::fmt::Write;

pub(crate) fn compact(value: &Value) -> String {
    // Most texts are longer than nothing; growing step by step copies them several times.
    let mut out = String::with_capacity(128);
    write_value(&mut out, value);
    out
}

pub(crate) fn pretty(value: &Value) -> String {
    let mut out = String::new();
    write_indented(&mut out, value, 0);
    out
}

/// Appends a number as AWS prints it: integers in full, doubles as Java's `Double.toString` writes them.
pub fn write_number(out: &mut String, number: &Number) {
    // Writing to a String cannot fail.
    let _ = match number {
        Number::I64(n) => {
            if *n < 0 {
                out.push('-');
            }
            write_integer(out, n.unsigned_abs());
            Ok(())
        }
        Number::U64(n) => {
            write_integer(out, *n);
            Ok(())
        }
        Number::Big(digits) => out.write_str(digits),
        Number::F64(n) => write_double(out, *n),
    };
}

/// A good part of all texts are numbers: without the standard library's formatting.
fn write_integer(out: &mut String, mut n: u64) {
    let mut digits = [0_u8; 20];
    let mut used = 0;
    for digit in digits.iter_mut().rev() {
        // The remainder is below ten.
        *digit = b'0' + (n % 10) as u8;
        used += 1;
        n /= 10;
        if n == 0 {
            break;
        }
    }
    let digits = digits.get(digits.len() - used..).unwrap_or_default();
    out.push_str(std::str::from_utf8(digits).unwrap_or_default());
}

/// Appends a string in quotes, escaping only what JSON requires.
pub fn write_string(out: &mut String, text: &str) {
    out.reserve(text.len() + 2);
    out.push('"');
    let mut rest = text;
    // What is escaped is ASCII, so that it never lies within a character.
    while let Some(at) = rest.bytes().position(is_escaped)
        && let Some((plain, behind)) = rest.split_at_checked(at)
    {
        out.push_str(plain);
        let byte = behind.as_bytes().first().copied().unwrap_or_default();
        rest = behind.get(1..).unwrap_or_default();
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            0x08 => out.push_str("\\b"),
            0x0c => out.push_str("\\f"),
            other => {
                let _ = write!(out, "\\u{other:04X}");
            }
        }
    }
    out.push_str(rest);
    out.push('"');
}

/// Which bytes stand escaped in a string.
#[expect(clippy::indexing_slicing, reason = "what is out of bounds does not compile")]
const ESCAPED: [bool; 256] = {
    let mut escaped = [false; 256];
    let mut byte = 0;
    while byte < 0x20 {
        escaped[byte] = true;
        byte += 1;
    }
    escaped[b'"' as usize] = true;
    escaped[b'\\' as usize] = true;
    escaped
};

#[inline]
fn is_escaped(byte: u8) -> bool {
    ESCAPED.get(usize::from(byte)).copied().unwrap_or(false)
}

/// What is left of `bytes` once the value's text is written, or less; `None` where there may not be room for it. Looks at no
/// more of the value than that.
pub(crate) fn room_left(value: &Value, bytes: usize) -> Option<usize> {
    // A control character takes six bytes; a string without any, and without quotes and backslashes, as many as it has.
    let string = |text: &str, bytes: usize| bytes.checked_sub(text.len().checked_mul(6)?.checked_add(3)?);
    match value {
        Value::Null | Value::Bool(_) => bytes.checked_sub(5),
        Value::Number(Number::Big(digits)) => bytes.checked_sub(digits.len()),
        Value::Number(_) => bytes.checked_sub(26),
        Value::String(text) => string(text, bytes),
        Value::Array(items) => {
            let left = bytes.checked_sub(2)?;
            items.iter().try_fold(left, |left, item| room_left(item, left.checked_sub(1)?))
        }
        Value::Object(object) => {
            let left = bytes.checked_sub(2)?;
            object
                .iter()
                .try_fold(left, |left, (key, member)| room_left(member, string(key, left.checked_sub(1)?)?))
        }
    }
}

fn write_value(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(n) => write_number(out, n),
        Value::String(s) => write_string(out, s),
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write_value(out, item);
            }
            out.push(']');
        }
        Value::Object(object) => {
            out.push('{');
            for (i, (key, member)) in object.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write_string(out, key);
                out.push(':');
                write_value(out, member);
            }
            out.push('}');
        }
    }
}

fn write_indented(out: &mut String, value: &Value, depth: usize) {
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    };
    match value {
        Value::Array(items) if !items.is_empty() => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                line(out, depth + 1);
                write_indented(out, item, depth + 1);
            }
            line(out, depth);
            out.push(']');
        }
        Value::Object(object) if !object.is_empty() => {
            out.push('{');
            for (i, (key, member)) in object.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                line(out, depth + 1);
                write_string(out, key);
                out.push_str(": ");
                write_indented(out, member, depth + 1);
            }
            line(out, depth);
            out.push('}');
        }
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_) => write_value(out, value),
    }
}

/// `Double.toString`: plain between 10^-3 and 10^7 with at least one digit on either side of the point, else `d.dddE±n`.
fn write_double(out: &mut String, n: f64) -> std::fmt::Result {
    let magnitude = n.abs();
    if n == 0.0 || (1e-3..1e7).contains(&magnitude) {
        return write!(out, "{n:?}");
    }
    let scientific = format!("{n:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let point = if mantissa.contains('.') { "" } else { ".0" };
    write!(out, "{mantissa}{point}E{exponent}")
}
