//! Numbers: integers exact at any size, everything else a double.

use std::cmp::Ordering;
use std::sync::Arc;

/// A JSON number.
///
/// Integers keep every digit ([`Number::Big`] holds the text of those that fit no machine word); a number with a
/// fraction or an exponent is a double, as in AWS.
#[derive(Clone, Debug)]
pub enum Number {
    /// An integer that fits 64 bits with a sign.
    I64(i64),
    /// An integer above `i64::MAX` that fits 64 bits.
    U64(u64),
    /// A number with a fraction or an exponent. Always finite.
    F64(f64),
    /// A number kept as its text: an integer beyond 64 bits, or one whose spelling matters (the dates of the API).
    Big(Arc<str>),
}

impl Number {
    /// A double as a number; `None` for infinities and NaN, which JSON cannot hold.
    pub fn from_f64(value: f64) -> Option<Number> {
        value.is_finite().then_some(Number::F64(value))
    }

    /// The nearest double.
    #[inline]
    pub fn to_f64(&self) -> f64 {
        match self {
            Number::I64(n) => *n as f64,
            Number::U64(n) => *n as f64,
            Number::F64(n) => *n,
            Number::Big(text) => text.parse().unwrap_or(f64::MAX),
        }
    }

    /// The value as a signed 64-bit integer where it is one: `3` and `3.0`, not `3.5`, not beyond the range.
    pub fn to_i64(&self) -> Option<i64> {
        match self {
            Number::I64(n) => Some(*n),
            Number::U64(_) | Number::Big(_) => None,
            Number::F64(n) => {
                (n.fract() == 0.0 && *n >= -9_223_372_036_854_775_808.0 && *n < 9_223_372_036_854_775_808.0)
                    .then_some(*n as i64)
            }
        }
    }

    /// Whether it was written without fraction and exponent.
    pub fn is_integer(&self) -> bool {
        !matches!(self, Number::F64(_))
    }

    /// Compares by value: `1` equals `1.0`; integers compare exactly.
    pub fn compare(&self, other: &Number) -> Ordering {
        match (self, other) {
            (Number::I64(a), Number::I64(b)) => a.cmp(b),
            (Number::U64(a), Number::U64(b)) => a.cmp(b),
            (Number::I64(_), Number::U64(_)) => Ordering::Less,
            (Number::U64(_), Number::I64(_)) => Ordering::Greater,
            (Number::Big(a), Number::Big(b)) if is_digits(a) && is_digits(b) => compare_digits(a, b),
            (Number::Big(a), _) if !is_digits(a) => self.compare_as_doubles(other),
            (_, Number::Big(b)) if !is_digits(b) => self.compare_as_doubles(other),
            (Number::Big(a), Number::I64(_) | Number::U64(_)) => sign_of_big(a),
            (Number::I64(_) | Number::U64(_), Number::Big(b)) => sign_of_big(b).reverse(),
            (Number::F64(a), Number::I64(_) | Number::U64(_)) => compare_integer(other, *a).reverse(),
            (Number::I64(_) | Number::U64(_), Number::F64(b)) => compare_integer(self, *b),
            (Number::F64(_) | Number::Big(_), _) => self.compare_as_doubles(other),
        }
    }

    fn compare_as_doubles(&self, other: &Number) -> Ordering {
        self.to_f64().partial_cmp(&other.to_f64()).unwrap_or(Ordering::Equal)
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Number) -> bool {
        self.compare(other) == Ordering::Equal
    }
}

impl From<i64> for Number {
    fn from(n: i64) -> Number {
        Number::I64(n)
    }
}

impl From<u64> for Number {
    fn from(n: u64) -> Number {
        i64::try_from(n).map_or(Number::U64(n), Number::I64)
    }
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit() || b == b'-')
}

fn sign_of_big(digits: &str) -> Ordering {
    if digits.starts_with('-') { Ordering::Less } else { Ordering::Greater }
}

/// An integer and a double, exactly: the nearest double of a large integer may be another number.
fn compare_integer(integer: &Number, double: f64) -> Ordering {
    let integer = match integer {
        Number::I64(n) => i128::from(*n),
        Number::U64(n) => i128::from(*n),
        Number::F64(_) | Number::Big(_) => {
            return integer.to_f64().partial_cmp(&double).unwrap_or(Ordering::Equal);
        }
    };
    // The cast keeps the whole part; beyond 128 bits it gives the nearest end, which lies beyond every integer here.
    let whole = double.trunc() as i128;
    integer.cmp(&whole).then_with(|| 0.0.partial_cmp(&double.fract()).unwrap_or(Ordering::Equal))
}

/// Integers in their shortest written form compare by sign, then length, then digits.
fn compare_digits(a: &str, b: &str) -> Ordering {
    match (a.strip_prefix('-'), b.strip_prefix('-')) {
        (Some(a), Some(b)) => (b.len(), b).cmp(&(a.len(), a)),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => (a.len(), a).cmp(&(b.len(), b)),
    }
}
