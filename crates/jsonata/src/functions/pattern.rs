//! Searching and replacing, with strings and with regular expressions.

use super::matcher::{Hit, Matches};
use crate::builtins::Arguments;
use crate::error::{Error, Fault};
use crate::evaluate::Evaluator;
use crate::item::Item;
use indexmap::IndexMap;
use json::Value;
use std::sync::Arc;

/// How often something may happen: not limited, or as long as a count is below a number.
#[derive(Clone, Copy)]
struct Times(Option<f64>);

impl Times {
    /// Reads the limit at an index; below zero it is an error.
    fn read(arguments: &Arguments<'_>, index: usize, code: &'static str) -> Result<Times, Fault> {
        let limit = arguments.number(index);
        match limit {
            Some(limit) if limit < 0.0 => {
                Err(Error::new(code).value(crate::number::value_of(limit)).with("index", index + 1))
            }
            _ => Ok(Times(limit)),
        }
    }

    fn allow(self, count: usize) -> bool {
        self.0.is_none_or(|limit| (count as f64) < limit)
    }
}

pub(crate) fn matches(evaluator: &mut Evaluator<'_>, arguments: Arguments<'_>) -> Result<Item, Fault> {
    let Some(text) = arguments.text(0) else { return Ok(Item::Undefined) };
    let times = Times::read(&arguments, 2, "D3040")?;
    let mut results = Vec::new();
    if times.allow(0) {
        let mut matches = Matches::new(&arguments.item(1), text.clone());
        let mut next = matches.next(evaluator)?;
        while let Some(hit) = next.filter(|_| times.allow(results.len())) {
            evaluator.budget.items(12 + hit.groups.len())?;
            let index = matches.units_before(hit.start);
            results.push(Item::record(IndexMap::from([
                ("match".into(), Item::string(slice(&text, hit.start, hit.end))),
                ("index".into(), Item::number(index as f64)),
                ("groups".into(), Item::array(hit.groups)),
            ])));
            next = matches.next(evaluator)?;
        }
    }
    Ok(Item::sequence(results))
}

pub(crate) fn contains(evaluator: &mut Evaluator<'_>, arguments: Arguments<'_>) -> Result<Item, Fault> {
    let Some(text) = arguments.text(0) else { return Ok(Item::Undefined) };
    evaluator.budget.charge(text.len() / 16, 0)?;
    if let Some(part) = arguments.text(1) {
        return Ok(Item::boolean(text.contains(&*part)));
    }
    if arguments.is_missing(1) {
        return Ok(Item::Undefined);
    }
    let found = Matches::new(&arguments.item(1), text).next(evaluator)?;
    Ok(Item::boolean(found.is_some()))
}

pub(crate) fn split(evaluator: &mut Evaluator<'_>, arguments: Arguments<'_>) -> Result<Item, Fault> {
    let Some(text) = arguments.text(0) else { return Ok(Item::Undefined) };
    let times = Times::read(&arguments, 2, "D3020")?;
    let mut parts = Vec::new();
    if !times.allow(0) {
        return Ok(Item::array(parts));
    }
    if let Some(separator) = arguments.text(1) {
        // A limit on a plain separator is a whole number, as JavaScript takes it.
        let most = times.0.map_or(usize::MAX, |limit| limit as usize);
        let pieces: Box<dyn Iterator<Item = &str>> = if separator.is_empty() {
            Box::new(characters(&text))
        } else {
            Box::new(text.split(&*separator))
        };
        for piece in pieces.take(most) {
            evaluator.budget.items(1)?;
            evaluator.budget.charge(0, piece.len() + 16)?;
            parts.push(Item::string(piece));
        }
        return Ok(Item::array(parts));
    }
    let mut matches = Matches::new(&arguments.item(1), text.clone());
    let mut start = 0;
    let mut next = matches.next(evaluator)?;
    while let Some(hit) = next.filter(|_| times.allow(parts.len())) {
        evaluator.budget.items(2)?;
        parts.push(Item::string(slice(&text, start, hit.start)));
        start = hit.end;
        next = matches.next(evaluator)?;
    }
    if times.allow(parts.len()) {
        parts.push(Item::string(slice(&text, start, text.len())));
    }
    Ok(Item::array(parts))
}

fn characters(text: &str) -> impl Iterator<Item = &str> {
    text.char_indices().map(|(start, character)| slice(text, start, start + character.len_utf8()))
}

fn slice(text: &str, start: usize, end: usize) -> &str {
    text.get(start..end).unwrap_or_default()
}

pub(crate) fn replace(evaluator: &mut Evaluator<'_>, arguments: Arguments<'_>) -> Result<Item, Fault> {
    let Some(text) = arguments.text(0) else { return Ok(Item::Undefined) };
    let pattern = arguments.item(1);
    if pattern.as_str() == Some("") {
        return Err(Error::new("D3010").value("").with("index", 2usize));
    }
    let times = Times::read(&arguments, 3, "D3011")?;
    if !times.allow(0) {
        return Ok(Item::Json(Value::String(text)));
    }
    let replacement = arguments.item(2);
    if let Some(pattern) = pattern.as_str() {
        return replace_plain(evaluator, &text, pattern, replacement.as_str().unwrap_or_default(), times);
    }
    let mut matches = Matches::new(&pattern, text.clone());
    let mut result = String::new();
    let mut position = 0;
    let mut count = 0;
    let mut next = matches.next(evaluator)?;
    while let Some(hit) = next.filter(|_| times.allow(count)) {
        let before = slice(&text, position, hit.start);
        let inserted: Arc<str> = match replacement.as_str() {
            Some(template) => substituted(template, slice(&text, hit.start, hit.end), &hit).into(),
            None => {
                let object = matches.object(&hit);
                let inserted = evaluator.apply(&replacement, vec![object])?;
                match inserted.as_arc_str() {
                    Some(inserted) => inserted.clone(),
                    None => return Err(Error::new("D3012").maybe_value(inserted.to_shown())),
                }
            }
        };
        evaluator.budget.charge(1, before.len() + inserted.len())?;
        result.push_str(before);
        result.push_str(&inserted);
        position = hit.end;
        count += 1;
        next = matches.next(evaluator)?;
    }
    result.push_str(slice(&text, position, text.len()));
    evaluator.new_text(result)
}

fn replace_plain(
    evaluator: &mut Evaluator<'_>,
    text: &str,
    pattern: &str,
    replacement: &str,
    times: Times,
) -> Result<Item, Fault> {
    let mut result = String::new();
    let mut position = 0;
    for (count, (start, found)) in text.match_indices(pattern).enumerate() {
        if !times.allow(count) {
            break;
        }
        let before = slice(text, position, start);
        evaluator.budget.charge(1, before.len() + replacement.len())?;
        result.push_str(before);
        result.push_str(replacement);
        position = start + found.len();
    }
    result.push_str(slice(text, position, text.len()));
    evaluator.new_text(result)
}

/// The replacement for one match: `$$` is a dollar, `$0` the match, `$1` and so on its groups.
fn substituted(template: &str, found: &str, hit: &Hit) -> String {
    let mut result = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('$') {
        result.push_str(before);
        rest = after;
        if let Some(after) = rest.strip_prefix('$') {
            result.push('$');
            rest = after;
        } else if let Some(after) = rest.strip_prefix('0') {
            result.push_str(found);
            rest = after;
        } else {
            match group_number(rest, hit.groups.len()) {
                Some((number, digits)) => {
                    let group = number.checked_sub(1).and_then(|index| hit.groups.get(index));
                    result.push_str(group.and_then(Item::as_str).unwrap_or_default());
                    rest = slice(rest, digits, rest.len());
                }
                None => result.push('$'),
            }
        }
    }
    result.push_str(rest);
    result
}

/// The number at the start of a text and how many digits it has: as many as the number of groups has, one less where
/// that makes the number of a group.
fn group_number(text: &str, groups: usize) -> Option<(usize, usize)> {
    let most = groups.max(1).to_string().len();
    let leading = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    let read = |digits: usize| slice(text, 0, digits).parse::<usize>().ok().map(|number| (number, digits));
    let (number, digits) = read(leading)?;
    if most > 1 && number > groups && digits == most { read(digits - 1) } else { Some((number, digits)) }
}
