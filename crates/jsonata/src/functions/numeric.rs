//! Numbers: arithmetic functions, aggregation, and numbers as text.

use crate::builtins::Arguments;
use crate::error::{Error, Fault};
use crate::evaluate::Evaluator;
use crate::item::Item;
use crate::number::js_text;
use crate::pictures::{self, PictureError};
use json::Value;

pub(crate) fn sum(evaluator: &mut Evaluator<'_>, arguments: Arguments<'_>) -> Result<Item, Fault> {
    let Some(items) = arguments.items(0) else { return Ok(Item::Undefined) };
    evaluator.budget.charge(items.len(), 0)?;
    Ok(Item::number(items.contexts().flatten().filter_map(Value::as_f64).sum()))
}

pub(crate) fn count(_: &mut Evaluator<'_>, arguments: Arguments<'_>) -> Result<Item, Fault> {
    Ok(Item::number(arguments.items(0).map_or(0, |items| items.len()) as f64))
}

pub(crate) fn max(evaluator: &mut Evaluator<'_>, arguments: Arguments<'_>) -> Result<Item, Fault> {
    let numbers = numbers(evaluator, &arguments)?.unwrap_or_default();
    Ok(numbers.into_iter().reduce(f64::max).map_or(Item::Undefined, Item::number))
}

pub(crate) fn min(evaluator: &mut Evaluator<'_>, arguments: Arguments<'_>) -> Result<Item, Fault> {
    let numbers = numbers(evaluator, &arguments)?.unwrap_or_default();
    Ok(numbers.into_iter().reduce(f64::min).map_or(Item::Undefined, Item::number))
}

pub(crate) fn average(evaluator: &mut Evaluator<'_>, arguments: Arguments<'_>) -> Result<Item, Fault> {
    let numbers = numbers(evaluator, &arguments)?.unwrap_or_default();
    if numbers.is_empty() {
        return Ok(Item::Undefined);
    }
    Ok(Item::number(numbers.iter().sum::<f64>() / numbers.len() as f64))
}

fn numbers(evaluator: &mut Evaluator<'_>, arguments: &Arguments<'_>) -> Result<Option<Vec<f64>>, Fault> {
    let Some(items) = arguments.items(0) else { return Ok(None) };
    evaluator.budget.charge(items.len(), items.len() * 8)?;
    Ok(Some(items.contexts().flatten().filter_map(Value::as_f64).collect()))
}

pub(crate) fn number(_: &mut Evaluator<'_>, arguments: Arguments<'_>) -> Result<Item, Fault> {
    let item = arguments.item(0);
    match &item {
        Item::Undefined | Item::Json(Value::Number(_)) => Ok(item),
        Item::Json(Value::Bool(value)) => Ok(Item::number(f64::from(u8::from(*value)))),
        Item::Json(Value::String(text)) => match read_number(text) {
            Some(number) => Ok(number),
            None => Err(unreadable(&item)),
        },
        _ => Err(unreadable(&item)),
    }
}

fn unreadable(item: &Item) -> Fault {
    Error::new("D3030").maybe_value(item.to_shown()).with("index", 1usize)
}

/// Numbers as JSON writes them, but with zeros in front of them, and whole numbers with the prefixes of JavaScript.
fn read_number(text: &str) -> Option<Item> {
    let prefixes = [("0x", 16), ("0X", 16), ("0o", 8), ("0O", 8), ("0b", 2), ("0B", 2)];
    for (prefix, radix) in prefixes {
        if let Some(digits) = text.strip_prefix(prefix) {
            if digits.is_empty() {
                return None;
            }
            let mut number = 0.0;
            for digit in digits.chars() {
                number = number * f64::from(radix) + f64::from(digit.to_digit(radix)?);
            }
            return Some(Item::number(number)).filter(|_| number.is_finite());
        }
    }
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let zeros = digits.len() - digits.trim_start_matches('0').len();
    let significant = match digits.get(zeros..) {
        Some(rest) if zeros > 0 && !rest.starts_with(|c: char| c.is_ascii_digit()) => digits.get(zeros - 1..),
        rest => rest,
    };
    match json::parse(&format!("{sign}{}", significant?)).ok()? {
        Value::Number(number)
            if !text.starts_with(char::is_whitespace) && !text.ends_with(char::is_whitespace) =>
        {
            let double = number.to_f64();
            double.is_finite().then(|| {
                if number.is_integer() { Item::Json(Value::Number(number)) } else { Item::number(double) }
            })
        }
        _ => None,
    }
}

pub(crate) fn floor(_: &mut Evaluator<'_>, arguments: Arguments<'_>) -> Result<Item, Fault> {
    Ok(arguments.number(0).map_or(Item::Undefined, |number| Item::number(number.floor())))
}

pub(crate) fn ceil(_: &mut Evaluator<'_>, arguments: Arguments<'_>) -> Result<Item, Fault> {
    Ok(arguments.number(0).map_or(Item::Undefined, |number| Item::number(number.ceil())))
}

pub(crate) fn abs(_: &mut Evaluator<'_>, arguments: Arguments<'_>) -> Result<Item, Fault> {
    Ok(arguments.number(0).map_or(Item::Undefined, |number| Item::number(number.abs())))
}

pub(crate) fn sqrt(_: &mut Evaluator<'_>, arguments: Arguments<'_>) -> Result<Item, Fault> {
    match arguments.number(0) {
        None => Ok(Item::Undefined),
        Some(number) if number < 0.0 => {
            Err(Error::new("D3060").value(crate::number::value_of(number)).with("index", 1usize))
        }
        Some(number) => Ok(Item::number(number.sqrt())),
    }
}

pub(crate) fn power(_: &mut Evaluator<'_>, arguments: Arguments<'_>) -> Result<Item, Fault> {
    let Some(base) = arguments.number(0) else { return Ok(Item::Undefined) };
    let exponent = arguments.number(1).unwrap_or(f64::NAN);
    let result = base.powf(exponent);
    if result.is_finite() {
        return Ok(Item::number(result));
    }
    let fault = Error::new("D3061").value(crate::number::value_of(base)).with("index", 1usize);
    Err(fault.with("exp", crate::number::value_of(exponent)))
}

/// Rounds halves to the even neighbour, in decimal and not in binary digits.
pub(crate) fn round(_: &mut Evaluator<'_>, arguments: Arguments<'_>) -> Result<Item, Fault> {
    let Some(number) = arguments.number(0) else { return Ok(Item::Undefined) };
    let places = arguments.number(1).unwrap_or(0.0).clamp(-400.0, 400.0) as i32;
    let shifted = if places == 0 { number } else { shift(number, places) };
    // JavaScript rounds halves up, also below zero.
    let mut rounded = (shifted + 0.5).floor();
    if shifted.fract() == 0.0 || !shifted.is_finite() {
        rounded = shifted;
    }
    if (rounded - shifted).abs() == 0.5 && (rounded % 2.0).abs() == 1.0 {
        rounded -= 1.0;
    }
    let result = if places == 0 { rounded } else { shift(rounded, -places) };
    Ok(Item::number(if result == 0.0 { 0.0 } else { result }))
}

/// Moves the decimal point in the text of the number, which loses nothing.
fn shift(number: f64, places: i32) -> f64 {
    let text = js_text(number);
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent = exponent.parse::<i32>().unwrap_or(0) + places;
    format!("{mantissa}e{exponent}").parse().unwrap_or(number)
}

pub(crate) fn random(evaluator: &mut Evaluator<'_>, _: Arguments<'_>) -> Result<Item, Fault> {
    Ok(Item::number(unit(evaluator)))
}

/// A double of 53 random bits, at least 0 and below 1.
pub(crate) fn unit(evaluator: &mut Evaluator<'_>) -> f64 {
    ((evaluator.entropy)() >> 11) as f64 / (1u64 << 53) as f64
}

pub(crate) fn format_number(evaluator: &mut Evaluator<'_>, arguments: Arguments<'_>) -> Result<Item, Fault> {
    let Some(number) = arguments.number(0) else { return Ok(Item::Undefined) };
    let picture = arguments.text(1).unwrap_or_else(|| "".into());
    let options = arguments.item(2);
    let options: Vec<(String, String)> = options
        .as_members()
        .into_iter()
        .flat_map(|members| members.iter())
        .map(|(name, value)| (name.to_string(), value.as_str().unwrap_or_default().to_owned()))
        .collect();
    picture_text(evaluator, &picture, pictures::format_number(number, &picture, &options))
}

pub(crate) fn format_base(evaluator: &mut Evaluator<'_>, arguments: Arguments<'_>) -> Result<Item, Fault> {
    let Some(number) = arguments.number(0) else { return Ok(Item::Undefined) };
    picture_text(evaluator, "", pictures::format_base(number, arguments.number(1).unwrap_or(10.0)))
}

pub(crate) fn format_integer(evaluator: &mut Evaluator<'_>, arguments: Arguments<'_>) -> Result<Item, Fault> {
    let Some(number) = arguments.number(0) else { return Ok(Item::Undefined) };
    let picture = arguments.text(1).unwrap_or_else(|| "".into());
    picture_text(evaluator, &picture, pictures::format_integer(number.floor(), &picture))
}

pub(crate) fn parse_integer(evaluator: &mut Evaluator<'_>, arguments: Arguments<'_>) -> Result<Item, Fault> {
    let Some(text) = arguments.text(0) else { return Ok(Item::Undefined) };
    let picture = arguments.text(1).unwrap_or_else(|| "".into());
    evaluator.budget.charge(text.len() + picture.len(), text.len() + picture.len())?;
    let number = pictures::parse_integer(&text, &picture).map_err(|error| picture_fault(evaluator, error))?;
    Ok(number.map_or(Item::Undefined, Item::number))
}

/// The text that a picture gives.
pub(crate) fn picture_text(
    evaluator: &mut Evaluator<'_>,
    picture: &str,
    text: Result<String, PictureError>,
) -> Result<Item, Fault> {
    evaluator.budget.charge(picture.len(), picture.len())?;
    let text = text.map_err(|error| picture_fault(evaluator, error))?;
    evaluator.new_text(text)
}

/// An error of a picture as one of the language.
pub(crate) fn picture_fault(evaluator: &Evaluator<'_>, error: PictureError) -> Fault {
    if error.code == pictures::OUT_OF_BUDGET {
        return evaluator.budget.too_much();
    }
    // These two show numbers.
    let is_number = matches!(error.code, "D3100" | "D3134");
    let shown = |text: String| match text.parse() {
        Ok(number) if is_number => crate::number::value_of(number),
        _ => Value::from(text),
    };
    let fault = Error::new(error.code).maybe_value(error.value.map(shown));
    match error.token {
        Some(token) => fault.token(token),
        None => fault,
    }
}
