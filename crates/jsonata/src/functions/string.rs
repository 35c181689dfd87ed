//! Strings, which are counted in characters.

use crate::Dialect;
use crate::builtins::Arguments;
use crate::error::{Error, Fault};
use crate::evaluate::Evaluator;
use crate::item::Item;
use crate::text::Writer;
use std::sync::Arc;

impl Evaluator<'_> {
    /// The text of a value; nothing for undefined and functions.
    pub(crate) fn string_of(&mut self, item: &Item, pretty: bool) -> Result<String, Fault> {
        match item {
            Item::Undefined | Item::Function(_) => Ok(String::new()),
            _ => {
                if let Some(text) = item.as_str() {
                    self.budget.charge(1, text.len())?;
                    return Ok(text.to_owned());
                }
                if item.as_f64().is_some_and(|number| !number.is_finite()) {
                    return Err(Error::new("D3001").value(json::Value::Null));
                }
                Writer::new(pretty, self.dialect == Dialect::Aws, &mut self.budget).write(item)
            }
        }
    }

    /// A new string, charged.
    pub(crate) fn new_text(&mut self, text: String) -> Result<Item, Fault> {
        self.budget.charge(text.len() / 16, text.len())?;
        Ok(Item::string(text))
    }
}

pub(crate) fn string(evaluator: &mut Evaluator<'_>, arguments: Arguments<'_>) -> Result<Item, Fault> {
    let item = arguments.item(0);
    if item.is_undefined() || item.as_str().is_some() {
        return Ok(item);
    }
    let pretty = arguments.item(1).as_bool().unwrap_or(false);
    Ok(Item::string(evaluator.string_of(&item, pretty)?))
}

pub(crate) fn substring(evaluator: &mut Evaluator<'_>, arguments: Arguments<'_>) -> Result<Item, Fault> {
    let Some(text) = arguments.text(0) else { return Ok(Item::Undefined) };
    evaluator.budget.charge(text.len() / 16, 0)?;
    let length = text.chars().count() as f64;
    let mut start = arguments.number(1).unwrap_or(0.0);
    if length + start < 0.0 {
        start = 0.0;
    }
    let end = match arguments.number(2) {
        Some(count) if count <= 0.0 => return Ok(Item::string("")),
        Some(count) if start >= 0.0 => start + count,
        Some(count) => length + start + count,
        None => length,
    };
    let (start, end) = (from_end(start, length), from_end(end, length));
    let part: String = text.chars().skip(start).take(end.saturating_sub(start)).collect();
    evaluator.new_text(part)
}

/// An index as JavaScript's `slice` takes it.
fn from_end(index: f64, length: f64) -> usize {
    let index = index.trunc();
    let index = if index < 0.0 { index + length } else { index };
    index.clamp(0.0, length) as usize
}

pub(crate) fn substring_before(
    evaluator: &mut Evaluator<'_>,
    arguments: Arguments<'_>,
) -> Result<Item, Fault> {
    around(evaluator, &arguments, |before, _| before)
}

pub(crate) fn substring_after(
    evaluator: &mut Evaluator<'_>,
    arguments: Arguments<'_>,
) -> Result<Item, Fault> {
    around(evaluator, &arguments, |_, after| after)
}

fn around(
    evaluator: &mut Evaluator<'_>,
    arguments: &Arguments<'_>,
    side: impl for<'a> Fn(&'a str, &'a str) -> &'a str,
) -> Result<Item, Fault> {
    let Some(text) = arguments.text(0) else { return Ok(Item::Undefined) };
    let Some(separator) = arguments.text(1) else { return Ok(Item::Json(json::Value::String(text))) };
    evaluator.budget.charge(text.len() / 16, 0)?;
    match text.split_once(&*separator) {
        Some((before, after)) => evaluator.new_text(side(before, after).to_owned()),
        None => Ok(Item::Json(json::Value::String(text))),
    }
}

pub(crate) fn lowercase(evaluator: &mut Evaluator<'_>, arguments: Arguments<'_>) -> Result<Item, Fault> {
    mapped(evaluator, &arguments, |text| in_case(text, str::make_ascii_lowercase, str::to_lowercase))
}

pub(crate) fn uppercase(evaluator: &mut Evaluator<'_>, arguments: Arguments<'_>) -> Result<Item, Fault> {
    mapped(evaluator, &arguments, |text| in_case(text, str::make_ascii_uppercase, str::to_uppercase))
}

pub(crate) fn trim(evaluator: &mut Evaluator<'_>, arguments: Arguments<'_>) -> Result<Item, Fault> {
    mapped(evaluator, &arguments, |text| {
        text.split([' ', '\t', '\n', '\r'])
            .filter(|word| !word.is_empty())
            .collect::<Vec<_>>()
            .join(" ")
            .into()
    })
}

/// The text in upper or lower case. ASCII alone is changed where it is.
fn in_case(text: &str, ascii: fn(&mut str), any: fn(&str) -> String) -> Arc<str> {
    let mut changed: Arc<str> = Arc::from(text);
    match Arc::get_mut(&mut changed) {
        Some(text) if text.is_ascii() => ascii(text),
        _ => return any(text).into(),
    }
    changed
}

fn mapped(
    evaluator: &mut Evaluator<'_>,
    arguments: &Arguments<'_>,
    map: impl Fn(&str) -> Arc<str>,
) -> Result<Item, Fault> {
    let Some(text) = arguments.str(0) else { return Ok(Item::Undefined) };
    evaluator.budget.charge(text.len() / 16, text.len())?;
    Ok(Item::string(map(text)))
}

pub(crate) fn length(evaluator: &mut Evaluator<'_>, arguments: Arguments<'_>) -> Result<Item, Fault> {
    let Some(text) = arguments.text(0) else { return Ok(Item::Undefined) };
    evaluator.budget.charge(text.len() / 16, 0)?;
    Ok(Item::number(text.chars().count() as f64))
}

pub(crate) fn pad(evaluator: &mut Evaluator<'_>, arguments: Arguments<'_>) -> Result<Item, Fault> {
    let Some(text) = arguments.text(0) else { return Ok(Item::Undefined) };
    let width = arguments.number(1).unwrap_or(0.0);
    let filler = arguments.text(2).filter(|filler| !filler.is_empty()).unwrap_or_else(|| " ".into());
    let missing = width.abs() - text.chars().count() as f64;
    if missing < 1.0 {
        return Ok(Item::Json(json::Value::String(text)));
    }
    let missing = missing as usize;
    let widest = filler.chars().map(char::len_utf8).max().unwrap_or(1);
    evaluator.budget.charge(missing / 16, missing.saturating_mul(widest))?;
    let padding: String = filler.chars().cycle().take(missing).collect();
    let padded = if width > 0.0 { format!("{text}{padding}") } else { format!("{padding}{text}") };
    evaluator.new_text(padded)
}

pub(crate) fn join(evaluator: &mut Evaluator<'_>, arguments: Arguments<'_>) -> Result<Item, Fault> {
    let Some(items) = arguments.items(0) else { return Ok(Item::Undefined) };
    let separator = arguments.text(1).unwrap_or_else(|| "".into());
    let mut joined = String::new();
    for (index, item) in items.iter().enumerate() {
        let text = item.as_str().unwrap_or_default();
        evaluator.budget.charge(1, separator.len() + text.len())?;
        if index > 0 {
            joined.push_str(&separator);
        }
        joined.push_str(text);
    }
    Ok(Item::string(joined))
}
