//! Matches of a regular expression, or of a function that stands for one.

use crate::ast::Pattern;
use crate::error::{Error, Fault};
use crate::evaluate::Evaluator;
use crate::function::Function;
use crate::item::Item;
use indexmap::IndexMap;
use std::sync::Arc;

/// One match.
pub(super) struct Hit {
    /// Where it begins and ends, in bytes.
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) groups: Vec<Item>,
    /// The match as the functions of an expression see it, where one of them made it.
    object: Option<Item>,
}

/// The matches in a text, one after the other.
pub(super) struct Matches {
    text: Arc<str>,
    source: Source,
    /// A place in the text, in bytes and in UTF-16 units, from which others are counted.
    counted: (usize, usize),
}

enum Source {
    Regex { regex: Arc<Pattern>, from: Option<usize> },
    Custom { next: Item, is_first: bool },
    Ended,
}

impl Matches {
    pub(super) fn new(matcher: &Item, text: Arc<str>) -> Matches {
        let source = match matcher.as_function().map(|function| &**function) {
            Some(Function::Regex(regex)) => Source::Regex { regex: regex.clone(), from: Some(0) },
            Some(_) => Source::Custom { next: matcher.clone(), is_first: true },
            None => Source::Ended,
        };
        Matches { text, source, counted: (0, 0) }
    }

    /// The next match.
    pub(super) fn next(&mut self, evaluator: &mut Evaluator<'_>) -> Result<Option<Hit>, Fault> {
        match &mut self.source {
            Source::Ended => Ok(None),
            Source::Regex { regex, from } => {
                let Some(start) = *from else { return Ok(None) };
                let hit = evaluator.find(regex, &self.text, start)?;
                *from = hit.as_ref().map(|hit| hit.end).filter(|end| *end < self.text.len());
                Ok(hit)
            }
            Source::Custom { next, is_first } => {
                let arguments = if *is_first {
                    vec![Item::Json(json::Value::String(self.text.clone()))]
                } else {
                    Vec::new()
                };
                *is_first = false;
                let next = std::mem::take(next);
                let found =
                    if next.is_function() { evaluator.apply(&next, arguments)? } else { Item::Undefined };
                self.custom(found)
            }
        }
    }

    fn custom(&mut self, found: Item) -> Result<Option<Hit>, Fault> {
        if found.is_undefined() {
            self.source = Source::Ended;
            return Ok(None);
        }
        let member =
            |name: &str| found.as_members().and_then(|members| members.get(name)).unwrap_or_default();
        let (start, end, groups, next) = (member("start"), member("end"), member("groups"), member("next"));
        if start.as_f64().is_none() && end.as_f64().is_none() && !groups.is_array() && !next.is_function() {
            return Err(Error::new("T1010"));
        }
        let start = self.byte_at(start.as_f64().unwrap_or(0.0));
        let end = self.byte_at(end.as_f64().unwrap_or(0.0)).max(start);
        self.source = Source::Custom { next, is_first: false };
        let groups = if groups.is_array() { groups.to_items() } else { Vec::new() };
        Ok(Some(Hit { start, end, groups, object: Some(found) }))
    }

    /// The byte at which so many UTF-16 units end.
    fn byte_at(&self, units: f64) -> usize {
        let mut left = units.max(0.0) as usize;
        for (byte, character) in self.text.char_indices() {
            if left == 0 {
                return byte;
            }
            left = left.saturating_sub(character.len_utf16());
        }
        self.text.len()
    }

    /// How many UTF-16 units stand before a byte.
    pub(super) fn units_before(&mut self, byte: usize) -> usize {
        let (from, units) = if byte >= self.counted.0 { self.counted } else { (0, 0) };
        let between = self.text.get(from..byte).unwrap_or_default();
        let units = units + between.encode_utf16().count();
        self.counted = (byte, units);
        units
    }

    /// The match as an expression's functions see it.
    pub(super) fn object(&mut self, hit: &Hit) -> Item {
        if let Some(object) = &hit.object {
            return object.clone();
        }
        let next = match &self.source {
            Source::Regex { regex, .. } => {
                let next =
                    Function::NextMatch { regex: regex.clone(), text: self.text.clone(), from: hit.end };
                Item::function(next)
            }
            Source::Custom { .. } | Source::Ended => Item::Undefined,
        };
        let text = self.text.get(hit.start..hit.end).unwrap_or_default().to_owned();
        Item::record(IndexMap::from([
            ("match".into(), Item::string(text)),
            ("start".into(), Item::number(self.units_before(hit.start) as f64)),
            ("end".into(), Item::number(self.units_before(hit.end) as f64)),
            ("groups".into(), Item::array(hit.groups.clone())),
            ("next".into(), next),
        ]))
    }
}

impl Evaluator<'_> {
    /// The first match at or behind a byte.
    fn find(&mut self, regex: &Arc<Pattern>, text: &Arc<str>, from: usize) -> Result<Option<Hit>, Fault> {
        let Ok(found) = regex.regex.find_at(text, from, self.budget.steps_left()) else {
            return Err(self.budget.too_long());
        };
        let Some(found) = found else { return Ok(None) };
        if found.start == found.end {
            return Err(Error::new("D1004").value(regex.source.clone()));
        }
        self.budget.charge(1, (found.end - found.start).saturating_mul(1 + found.groups.len()))?;
        let groups = found
            .groups
            .iter()
            .map(|group| match group {
                Some((start, end)) => Item::string(text.get(*start..*end).unwrap_or_default()),
                None => Item::Undefined,
            })
            .collect();
        Ok(Some(Hit { start: found.start, end: found.end, groups, object: None }))
    }

    /// What calling a regular expression gives.
    pub(crate) fn regex_match(&mut self, regex: &Arc<Pattern>, arguments: &[Item]) -> Result<Item, Fault> {
        let Some(text) = arguments.first().and_then(Item::as_arc_str) else { return Ok(Item::Undefined) };
        self.match_object(regex, text, 0)
    }

    /// The first match behind a byte, as an expression's functions see it.
    pub(crate) fn match_object(
        &mut self,
        regex: &Arc<Pattern>,
        text: &Arc<str>,
        from: usize,
    ) -> Result<Item, Fault> {
        if from > 0 && from >= text.len() {
            return Ok(Item::Undefined);
        }
        let Some(hit) = self.find(regex, text, from)? else { return Ok(Item::Undefined) };
        let source = Source::Regex { regex: regex.clone(), from: None };
        self.budget.charge(text.len() / 16, 0)?;
        Ok(Matches { text: text.clone(), source, counted: (0, 0) }.object(&hit))
    }
}
