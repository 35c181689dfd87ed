//! A request's body as typed members, with AWS's complaints about those that break their constraints.

use crate::error::ApiError;
use json::{Number, Object, Value};
use std::ops::RangeInclusive;
use std::sync::Arc;

/// Violations that one message names at most, so that a hostile list cannot blow the answer up.
const MAX_VIOLATIONS: usize = 10;

/// The length that a string may have, and how a violation shows it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Text {
    min: usize,
    max: usize,
    unit: Unit,
    is_sensitive: bool,
    pattern: Option<&'static Pattern>,
}

/// A regular expression as AWS prints it, and what it means.
#[derive(Debug)]
pub(crate) struct Pattern {
    pub(crate) text: &'static str,
    pub(crate) is_match: fn(&str) -> bool,
}

const ASCII: Pattern = Pattern { text: r"\p{ASCII}*", is_match: str::is_ascii };
const VISIBLE: Pattern =
    Pattern { text: "[!-~]+", is_match: |text| text.chars().all(|c| c.is_ascii_graphic()) };

#[derive(Clone, Copy, Debug)]
enum Unit {
    Characters,
    Bytes,
}

impl Text {
    /// A string of `min` to `max` characters.
    pub(crate) const fn of(min: usize, max: usize) -> Text {
        Text { min, max, unit: Unit::Characters, is_sensitive: false, pattern: None }
    }

    /// A payload of at most `max` bytes of UTF-8.
    pub(crate) const fn payload(max: usize) -> Text {
        Text { min: 0, max, unit: Unit::Bytes, is_sensitive: true, pattern: None }
    }

    /// The value is not repeated in messages. AWS: documented, the traits `sensitive` of the service model.
    pub(crate) const fn sensitive(self) -> Text {
        Text { is_sensitive: true, ..self }
    }

    /// Characters beyond ASCII are not allowed.
    pub(crate) const fn ascii(self) -> Text {
        self.matching(&ASCII)
    }

    /// Only visible characters of ASCII are allowed.
    pub(crate) const fn visible(self) -> Text {
        self.matching(&VISIBLE)
    }

    /// The text must match as a whole.
    pub(crate) const fn matching(self, pattern: &'static Pattern) -> Text {
        Text { pattern: Some(pattern), ..self }
    }

    fn length(self, text: &str) -> usize {
        match self.unit {
            Unit::Characters => text.chars().count(),
            Unit::Bytes => text.len(),
        }
    }
}

/// A closed set of words: how one is read, and the set as AWS prints it.
pub(crate) struct Words<T> {
    pub(crate) parse: fn(&str) -> Option<T>,
    pub(crate) set: &'static str,
}

/// Reads a body: an object, or nothing at all, which stands for an empty one.
pub(crate) fn parse_body(body: &[u8]) -> Result<Value, ApiError> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Value::empty_object());
    }
    let value = json::parse_bytes(body).map_err(|e| ApiError::Serialization(e.to_string()))?;
    match value {
        Value::Object(_) => Ok(value),
        other => Err(mismatch(&other, "structure")),
    }
}

/// Reads the members that `shape` asks for; members it does not ask for are ignored. All broken constraints are
/// collected into one ValidationException, and no value is handed out before they are checked.
pub(crate) fn read<T>(
    body: &Value,
    shape: impl FnOnce(&mut Fields<'_>) -> Result<T, ApiError>,
) -> Result<T, ApiError> {
    let empty = Object::new();
    let mut violations = Vec::new();
    let members = body.as_object().unwrap_or(&empty);
    let read = shape(&mut Fields { members, path: String::new(), violations: &mut violations })?;
    if violations.is_empty() {
        return Ok(read);
    }
    let plural = if violations.len() == 1 { "error" } else { "errors" };
    let found = violations.join("; ");
    Err(ApiError::validation(format!("{} validation {plural} detected: {found}", violations.len())))
}

/// The members of a structure. A member that is `null` counts as absent; one of another JSON type than asked for is a
/// SerializationException at once.
pub(crate) struct Fields<'a> {
    members: &'a Object,
    path: String,
    violations: &'a mut Vec<String>,
}

impl Fields<'_> {
    /// An optional string.
    pub(crate) fn text(&mut self, name: &str, limits: Text) -> Result<Option<Arc<str>>, ApiError> {
        let Some(value) = self.present(name) else { return Ok(None) };
        let Value::String(text) = value else { return Err(mismatch(value, "String")) };
        let text = text.clone();
        let path = self.path_to(name);
        self.check_text(&path, &text, limits);
        Ok(Some(text))
    }

    /// A string that must be there.
    pub(crate) fn required_text(&mut self, name: &str, limits: Text) -> Result<Arc<str>, ApiError> {
        let text = self.text(name, limits)?;
        Ok(text.unwrap_or_else(|| {
            self.missing(name);
            Arc::from("")
        }))
    }

    /// An optional whole number.
    pub(crate) fn integer(
        &mut self,
        name: &str,
        range: RangeInclusive<i64>,
    ) -> Result<Option<i64>, ApiError> {
        let Some(value) = self.present(name) else { return Ok(None) };
        let Value::Number(number) = value else { return Err(mismatch(value, "Integer")) };
        let constraint = match above_or_below(number, &range) {
            Some(true) => format!("Member must have value less than or equal to {}", range.end()),
            Some(false) => format!("Member must have value greater than or equal to {}", range.start()),
            None => {
                let whole = number.to_i64().ok_or_else(|| mismatch(value, "Integer"))?;
                return Ok(Some(whole));
            }
        };
        let (shown, path) = (value.to_text(), self.path_to(name));
        self.violate(Some(&shown), &path, &constraint);
        Ok(None)
    }

    /// A whole number that must be there.
    pub(crate) fn required_integer(
        &mut self,
        name: &str,
        range: RangeInclusive<i64>,
    ) -> Result<i64, ApiError> {
        if self.present(name).is_none() {
            self.missing(name);
        }
        // What is missing or out of range is never handed out.
        Ok(self.integer(name, range)?.unwrap_or(0))
    }

    /// An optional number, which may have a fraction.
    pub(crate) fn number(&mut self, name: &str, range: RangeInclusive<i64>) -> Result<Option<f64>, ApiError> {
        let Some(value) = self.present(name) else { return Ok(None) };
        let Value::Number(number) = value else { return Err(mismatch(value, "Float")) };
        let constraint = match above_or_below(number, &range) {
            Some(true) => format!("Member must have value less than or equal to {}", range.end()),
            Some(false) => format!("Member must have value greater than or equal to {}", range.start()),
            None => return Ok(Some(number.to_f64())),
        };
        let (shown, path) = (value.to_text(), self.path_to(name));
        self.violate(Some(&shown), &path, &constraint);
        Ok(None)
    }

    /// An optional boolean.
    pub(crate) fn flag(&mut self, name: &str) -> Result<Option<bool>, ApiError> {
        let Some(value) = self.present(name) else { return Ok(None) };
        value.as_bool().map(Some).ok_or_else(|| mismatch(value, "Boolean"))
    }

    /// An optional word of a closed set.
    pub(crate) fn word<T>(&mut self, name: &str, words: &Words<T>) -> Result<Option<T>, ApiError> {
        let Some(value) = self.present(name) else { return Ok(None) };
        let text = value.as_str().ok_or_else(|| mismatch(value, "String"))?;
        let word = (words.parse)(text);
        if word.is_none() {
            let (text, path) = (text.to_owned(), self.path_to(name));
            self.violate(Some(&text), &path, &format!("Member must satisfy enum value set: {}", words.set));
        }
        Ok(word)
    }

    /// A word that must be there. `None` when it is missing or wrong, which the violations then say.
    pub(crate) fn required_word<T>(&mut self, name: &str, words: &Words<T>) -> Result<Option<T>, ApiError> {
        if self.present(name).is_none() {
            self.missing(name);
        }
        self.word(name, words)
    }

    /// An optional structure.
    pub(crate) fn structure<T>(
        &mut self,
        name: &str,
        shape: impl FnOnce(&mut Fields<'_>) -> Result<T, ApiError>,
    ) -> Result<Option<T>, ApiError> {
        let Some(value) = self.present(name) else { return Ok(None) };
        let Value::Object(members) = value else { return Err(mismatch(value, "structure")) };
        let (members, path) = (members.clone(), self.path_to(name));
        shape(&mut Fields { members: &members, path, violations: &mut *self.violations }).map(Some)
    }

    /// An optional list of structures.
    pub(crate) fn structures<T>(
        &mut self,
        name: &str,
        mut shape: impl FnMut(&mut Fields<'_>) -> Result<T, ApiError>,
    ) -> Result<Option<Vec<T>>, ApiError> {
        let Some(items) = self.list(name)? else { return Ok(None) };
        let mut read = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let Value::Object(members) = item else { return Err(mismatch(item, "structure")) };
            let path = self.path_to_member(name, index);
            read.push(shape(&mut Fields { members, path, violations: &mut *self.violations })?);
        }
        Ok(Some(read))
    }

    /// Notes that a list that was read has fewer or more items than it may have; `shown` is how AWS prints it.
    pub(crate) fn check_count(
        &mut self,
        name: &str,
        count: usize,
        range: RangeInclusive<usize>,
        shown: &str,
    ) {
        let constraint = if count > *range.end() {
            format!("Member must have length less than or equal to {}", range.end())
        } else if count < *range.start() {
            format!("Member must have length greater than or equal to {}", range.start())
        } else {
            return;
        };
        let path = self.path_to(name);
        self.violate(Some(shown), &path, &constraint);
    }

    /// An optional list of strings.
    pub(crate) fn texts(&mut self, name: &str, limits: Text) -> Result<Option<Vec<Arc<str>>>, ApiError> {
        let Some(items) = self.list(name)? else { return Ok(None) };
        let mut read = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let Value::String(text) = item else { return Err(mismatch(item, "String")) };
            let path = self.path_to_member(name, index);
            self.check_text(&path, text, limits);
            read.push(text.clone());
        }
        Ok(Some(read))
    }

    /// Notes that a member that must be there is not.
    pub(crate) fn missing(&mut self, name: &str) {
        let path = self.path_to(name);
        self.note(format!("Value null at '{path}' failed to satisfy constraint: Member must not be null"));
    }

    fn list(&self, name: &str) -> Result<Option<Arc<Vec<Value>>>, ApiError> {
        match self.present(name) {
            None => Ok(None),
            Some(Value::Array(items)) => Ok(Some(items.clone())),
            Some(other) => Err(mismatch(other, "list")),
        }
    }

    fn present(&self, name: &str) -> Option<&Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }

    fn path_to(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// Members of lists count from 1.
    fn path_to_member(&self, name: &str, index: usize) -> String {
        format!("{}.{}.member", self.path_to(name), index + 1)
    }

    fn check_text(&mut self, path: &str, text: &str, limits: Text) {
        let length = limits.length(text);
        let shown = (!limits.is_sensitive).then_some(text);
        if length > limits.max {
            let constraint = format!("Member must have length less than or equal to {}", limits.max);
            self.violate(shown, path, &constraint);
        } else if length < limits.min {
            let constraint = format!("Member must have length greater than or equal to {}", limits.min);
            self.violate(shown, path, &constraint);
        }
        if let Some(pattern) = limits.pattern.filter(|pattern| !(pattern.is_match)(text)) {
            let constraint = format!("Member must satisfy regular expression pattern: {}", pattern.text);
            self.violate(shown, path, &constraint);
        }
    }

    fn violate(&mut self, shown: Option<&str>, path: &str, constraint: &str) {
        let value = shown.map_or_else(|| "Value".to_owned(), |text| format!("Value '{text}'"));
        self.note(format!("{value} at '{path}' failed to satisfy constraint: {constraint}"));
    }

    fn note(&mut self, violation: String) {
        if self.violations.len() < MAX_VIOLATIONS {
            self.violations.push(violation);
        }
    }
}

/// `Some(true)` above the range, `Some(false)` below it.
fn above_or_below(number: &Number, range: &RangeInclusive<i64>) -> Option<bool> {
    if number.compare(&Number::I64(*range.end())).is_gt() {
        Some(true)
    } else if number.compare(&Number::I64(*range.start())).is_lt() {
        Some(false)
    } else {
        None
    }
}

/// AWS: unconfirmed for this service, the words of the reader that AWS's JSON services share.
fn mismatch(value: &Value, wanted: &str) -> ApiError {
    let found = match value {
        Value::Object(_) => {
            return ApiError::Serialization("Start of structure or map found where not expected.".into());
        }
        Value::Array(_) => return ApiError::Serialization("Start of list found where not expected".into()),
        Value::Null => "NULL_VALUE",
        Value::Bool(true) => "TRUE_VALUE",
        Value::Bool(false) => "FALSE_VALUE",
        Value::Number(Number::F64(_)) => "DECIMAL_VALUE",
        Value::Number(_) => "NUMBER_VALUE",
        Value::String(_) => "STRING_VALUE",
    };
    ApiError::Serialization(format!("{found} cannot be converted to {wanted}"))
}

#[cfg(test)]
mod tests;
