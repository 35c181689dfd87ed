//! CBOR as JSON: bytes as base64, moments as seconds since 1970.

use super::DecodeError;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use json::{Number, Object, Value};

/// How deep values may stand in one another, as in JSON.
const MAX_DEPTH: usize = 128;
const INDEFINITE: u8 = 31;
const BREAK: u8 = 0xff;

/// Reads one item, which has to be the whole body.
pub(super) fn parse(bytes: &[u8]) -> Result<Value, DecodeError> {
    let mut reader = Reader { rest: bytes };
    let value = reader.item(0)?;
    if reader.rest.is_empty() { Ok(value) } else { Err(malformed("more than one CBOR item")) }
}

fn malformed(reason: &str) -> DecodeError {
    DecodeError { reason: reason.to_owned() }
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn item(&mut self, depth: usize) -> Result<Value, DecodeError> {
        if depth > MAX_DEPTH {
            return Err(malformed("CBOR nested too deeply"));
        }
        let (major, info) = self.head()?;
        match major {
            0 => Ok(Value::Number(Number::from(self.argument(info)?))),
            1 => {
                let argument = self.argument(info)?;
                Ok(match i64::try_from(argument) {
                    Ok(argument) => Value::from(-1 - argument),
                    Err(_) => Value::Number(Number::Big(format!("-{}", u128::from(argument) + 1).into())),
                })
            }
            2 => Ok(Value::from(STANDARD.encode(self.string(info)?))),
            3 => {
                let text = String::from_utf8(self.string(info)?);
                Ok(Value::from(text.map_err(|_| malformed("CBOR text that is not UTF-8"))?))
            }
            4 => self.array(info, depth),
            5 => self.map(info, depth),
            // A tag says what the next item means; the model says so too.
            6 => {
                self.argument(info)?;
                self.item(depth + 1)
            }
            _ => self.simple(info),
        }
    }

    fn array(&mut self, info: u8, depth: usize) -> Result<Value, DecodeError> {
        let mut items = Vec::new();
        let mut left = self.length(info)?;
        while self.goes_on(&mut left)? {
            items.push(self.item(depth + 1)?);
        }
        Ok(Value::array(items))
    }

    fn map(&mut self, info: u8, depth: usize) -> Result<Value, DecodeError> {
        let mut object = Object::new();
        let mut left = self.length(info)?;
        while self.goes_on(&mut left)? {
            let Value::String(key) = self.item(depth + 1)? else {
                return Err(malformed("a CBOR key that is no text"));
            };
            object.insert(key, self.item(depth + 1)?);
        }
        Ok(Value::from(object))
    }

    fn simple(&mut self, info: u8) -> Result<Value, DecodeError> {
        Ok(match info {
            20 => Value::Bool(false),
            21 => Value::Bool(true),
            22 | 23 => Value::Null,
            25 => number(half(u16::from_be_bytes(self.array_of()?))),
            26 => number(f64::from(f32::from_be_bytes(self.array_of()?))),
            27 => number(f64::from_be_bytes(self.array_of()?)),
            _ => return Err(malformed("an unknown simple value of CBOR")),
        })
    }

    fn string(&mut self, info: u8) -> Result<Vec<u8>, DecodeError> {
        if info != INDEFINITE {
            let length = self.argument(info)?;
            return Ok(self.take(length)?.to_vec());
        }
        let mut out = Vec::new();
        while self.rest.first() != Some(&BREAK) {
            let (_, info) = self.head()?;
            let length = self.argument(info)?;
            out.extend_from_slice(self.take(length)?);
        }
        self.take(1)?;
        Ok(out)
    }

    /// How many items follow; `None` for as many as there are before a break.
    fn length(&mut self, info: u8) -> Result<Option<u64>, DecodeError> {
        if info == INDEFINITE { Ok(None) } else { self.argument(info).map(Some) }
    }

    fn goes_on(&mut self, left: &mut Option<u64>) -> Result<bool, DecodeError> {
        match left {
            Some(0) => Ok(false),
            Some(left) => {
                *left -= 1;
                Ok(true)
            }
            None if self.rest.first() == Some(&BREAK) => self.take(1).map(|_| false),
            None => Ok(true),
        }
    }

    fn head(&mut self) -> Result<(u8, u8), DecodeError> {
        let [byte] = self.array_of()?;
        Ok((byte >> 5, byte & 0x1f))
    }

    fn argument(&mut self, info: u8) -> Result<u64, DecodeError> {
        Ok(match info {
            0..=23 => u64::from(info),
            24 => u64::from(u8::from_be_bytes(self.array_of()?)),
            25 => u64::from(u16::from_be_bytes(self.array_of()?)),
            26 => u64::from(u32::from_be_bytes(self.array_of()?)),
            27 => u64::from_be_bytes(self.array_of()?),
            _ => return Err(malformed("a malformed CBOR length")),
        })
    }

    fn array_of<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (first, rest) = self.rest.split_first_chunk().ok_or_else(|| malformed("CBOR that ends early"))?;
        self.rest = rest;
        Ok(*first)
    }

    fn take(&mut self, length: u64) -> Result<&'a [u8], DecodeError> {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let (taken, rest) =
            self.rest.split_at_checked(length).ok_or_else(|| malformed("CBOR that ends early"))?;
        self.rest = rest;
        Ok(taken)
    }
}

/// A number, or the name of one that JSON does not have.
fn number(value: f64) -> Value {
    match Number::from_f64(value) {
        Some(number) => Value::Number(number),
        None if value.is_nan() => Value::from("NaN"),
        None => Value::from(if value > 0.0 { "Infinity" } else { "-Infinity" }),
    }
}

fn half(bits: u16) -> f64 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f64::from(bits & 0x3ff));
    let magnitude = match exponent {
        0 => fraction * f64::powi(2.0, -24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1.0 + fraction / 1024.0) * f64::powi(2.0, exponent - 15),
    };
    if bits >> 15 == 1 { -magnitude } else { magnitude }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_item_is_read() {
        let read = |bytes: &[u8]| parse(bytes).unwrap().to_text();
        assert_eq!(read(b"\xa2\x61a\x18\x64\x61b\x82\xf5\xf6"), r#"{"a":100,"b":[true,null]}"#);
        assert_eq!(read(b"\xbf\x61a\x9f\x01\x02\xff\xff"), r#"{"a":[1,2]}"#);
        assert_eq!(read(b"\x20"), "-1");
        assert_eq!(read(b"\x3b\xff\xff\xff\xff\xff\xff\xff\xff"), "-18446744073709551616");
        assert_eq!(read(b"\x7f\x61a\x61b\xff"), r#""ab""#);
        assert_eq!(read(b"\x42hi"), r#""aGk=""#);
        assert_eq!(read(b"\xc1\xfb\x3f\xf8\x00\x00\x00\x00\x00\x00"), "1.5");
        assert_eq!(read(b"\xf9\x3e\x00"), "1.5");
        assert_eq!(read(b"\xf9\xfc\x00"), r#""-Infinity""#);
    }

    #[test]
    fn hostile_items_are_refused() {
        for bytes in [
            &b""[..],
            b"\x5b\xff\xff\xff\xff\xff\xff\xff\xff",
            b"\x9f",
            b"\xa1\x01\x01",
            b"\x01\x01",
            b"\x62\xff\xff",
        ] {
            assert!(parse(bytes).is_err(), "{bytes:?}");
        }
        assert!(parse(&[0x81; 100_000]).is_err());
        assert!(parse(b"\x9b\x00\x00\x00\xff\xff\xff\xff\xff\x01").is_err());
    }
}
