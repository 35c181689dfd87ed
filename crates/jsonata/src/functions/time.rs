//! Dates and times.

use super::numeric::{picture_fault, picture_text};
use crate::builtins::Arguments;
use crate::error::Fault;
use crate::evaluate::Evaluator;
use crate::item::Item;
use crate::pictures;

pub(crate) fn to_millis(evaluator: &mut Evaluator<'_>, arguments: Arguments<'_>) -> Result<Item, Fault> {
    let Some(text) = arguments.text(0) else { return Ok(Item::Undefined) };
    let picture = arguments.text(1);
    let size = text.len() + picture.as_ref().map_or(0, |picture| picture.len());
    evaluator.budget.charge(size, size)?;
    let millis = pictures::parse_timestamp(&text, picture.as_deref(), evaluator.now_millis)
        .map_err(|error| picture_fault(evaluator, error))?;
    Ok(millis.map_or(Item::Undefined, |millis| Item::number(millis as f64)))
}

pub(crate) fn from_millis(evaluator: &mut Evaluator<'_>, arguments: Arguments<'_>) -> Result<Item, Fault> {
    let Some(millis) = arguments.number(0) else { return Ok(Item::Undefined) };
    formatted(evaluator, millis as i64, &arguments, 1)
}

pub(crate) fn now(evaluator: &mut Evaluator<'_>, arguments: Arguments<'_>) -> Result<Item, Fault> {
    let now = evaluator.now_millis;
    formatted(evaluator, now, &arguments, 0)
}

pub(crate) fn millis(evaluator: &mut Evaluator<'_>, _: Arguments<'_>) -> Result<Item, Fault> {
    Ok(Item::number(evaluator.now_millis as f64))
}

/// An instant by the picture and in the timezone of the arguments from `first` on.
fn formatted(
    evaluator: &mut Evaluator<'_>,
    millis: i64,
    arguments: &Arguments<'_>,
    first: usize,
) -> Result<Item, Fault> {
    let picture = arguments.text(first);
    let timezone = arguments.text(first + 1);
    let text = pictures::format_millis(millis, picture.as_deref(), timezone.as_deref());
    picture_text(evaluator, picture.as_deref().unwrap_or_default(), text)
}
