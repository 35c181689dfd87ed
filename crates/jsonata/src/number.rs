//! Numbers as the language has them: doubles, shown as JavaScript shows them.

use json::{Number, Value};

/// 2^53: up to here every integer is a double of its own.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A result of arithmetic: an integer where it is a whole number that a double holds exactly.
///
/// Infinities stay doubles inside an evaluation; what leaves it is looked at by the caller of [`is_json`].
pub(crate) fn value_of(number: f64) -> Value {
    // The cast ends at the ends of the range, and makes nothing of what is no number.
    let whole = number as i64;
    if whole as f64 == number && number.abs() <= EXACT {
        Value::Number(Number::I64(whole))
    } else {
        Value::Number(Number::F64(number))
    }
}

/// A double as JavaScript's `String(number)` has it.
pub(crate) fn js_text(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    if number == 0.0 {
        return "0".to_owned();
    }
    let scientific = format!("{:e}", number.abs());
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let point = exponent.parse::<i32>().unwrap_or(0) + 1;
    let sign = if number < 0.0 { "-" } else { "" };
    format!("{sign}{}", place_point(&digits, point))
}

/// `digits` with the decimal point behind the first `point` of them, with an exponent where JavaScript has one.
fn place_point(digits: &str, point: i32) -> String {
    let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    if (count..=21).contains(&point) {
        return format!("{digits}{}", zeros(point - count));
    }
    if (1..=21).contains(&point) {
        let (whole, fraction) = digits.split_at(usize::try_from(point).unwrap_or(0));
        return format!("{whole}.{fraction}");
    }
    if (-5..=0).contains(&point) {
        return format!("0.{}{digits}", zeros(-point));
    }
    let (first, rest) = digits.split_at(1.min(digits.len()));
    let dot = if rest.is_empty() { "" } else { "." };
    format!("{first}{dot}{rest}e{:+}", point - 1)
}

fn zeros(count: i32) -> String {
    "0".repeat(usize::try_from(count).unwrap_or(0))
}

/// `Number(n.toPrecision(15))`: what is left of a double when it is shown with 15 digits.
pub(crate) fn to_15_digits(number: f64) -> f64 {
    // Most doubles have no more digits than that, and finding so is cheaper than reading them again.
    let shortest = format!("{number:e}");
    let digits = shortest.bytes().take_while(|byte| *byte != b'e').filter(u8::is_ascii_digit).count();
    if digits <= 15 {
        return number;
    }
    format!("{number:.14e}").parse().unwrap_or(number)
}
