//! Truth, types, and failing on purpose.

use crate::builtins::Arguments;
use crate::error::{Error, Fault};
use crate::evaluate::Evaluator;
use crate::item::Item;
use json::Kind;

pub(crate) fn boolean(evaluator: &mut Evaluator<'_>, arguments: Arguments<'_>) -> Result<Item, Fault> {
    if arguments.is_missing(0) {
        return Ok(Item::Undefined);
    }
    Ok(Item::boolean(evaluator.truth(&arguments.item(0))?))
}

pub(crate) fn not(evaluator: &mut Evaluator<'_>, arguments: Arguments<'_>) -> Result<Item, Fault> {
    if arguments.is_missing(0) {
        return Ok(Item::Undefined);
    }
    Ok(Item::boolean(!evaluator.truth(&arguments.item(0))?))
}

pub(crate) fn exists(_: &mut Evaluator<'_>, arguments: Arguments<'_>) -> Result<Item, Fault> {
    Ok(Item::boolean(!arguments.is_missing(0)))
}

pub(crate) fn type_name(_: &mut Evaluator<'_>, arguments: Arguments<'_>) -> Result<Item, Fault> {
    Ok(Item::string(match arguments.item(0) {
        Item::Undefined => return Ok(Item::Undefined),
        Item::Json(value) => value.kind().name(),
        Item::List(_) | Item::Tuples(_) => Kind::Array.name(),
        Item::Record(_) => Kind::Object.name(),
        Item::Function(_) => "function",
    }))
}

pub(crate) fn error(_: &mut Evaluator<'_>, arguments: Arguments<'_>) -> Result<Item, Fault> {
    Err(Error::new("D3137").with("message", message(&arguments, 0, "$error() function evaluated")))
}

pub(crate) fn assert(_: &mut Evaluator<'_>, arguments: Arguments<'_>) -> Result<Item, Fault> {
    if arguments.item(0).as_bool() == Some(true) {
        return Ok(Item::Undefined);
    }
    Err(Error::new("D3141").with("message", message(&arguments, 1, "$assert() statement failed")))
}

fn message(arguments: &Arguments<'_>, index: usize, default: &str) -> String {
    match arguments.text(index) {
        Some(text) if !text.is_empty() => text.to_string(),
        _ => default.to_owned(),
    }
}
