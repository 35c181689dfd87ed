//! Values as text: `JSON.stringify` with the language's rules for numbers and functions.

use crate::budget::Budget;
use crate::error::{Error, Fault};
use crate::item::Item;
use crate::number::{js_text, to_15_digits};
use json::Number;

/// Deeper values have no text and do not leave an evaluation.
pub(crate) const MAX_VALUE_DEPTH: usize = json::MAX_DEPTH;

/// A number as JavaScript's JSON has it, integers with all their digits.
pub(crate) fn number_text(number: &Number) -> String {
    match number {
        Number::I64(n) => n.to_string(),
        Number::U64(n) => n.to_string(),
        Number::F64(n) if n.is_finite() => js_text(*n),
        Number::F64(_) => "null".to_owned(),
        Number::Big(text) => text.to_string(),
    }
}

/// Writes values as text.
pub(crate) struct Writer<'a> {
    out: String,
    pretty: bool,
    /// Doubles of 16 and more digits lose the rest even where they are whole.
    rounds_whole: bool,
    budget: &'a mut Budget,
}

impl<'a> Writer<'a> {
    pub(crate) fn new(pretty: bool, rounds_whole: bool, budget: &'a mut Budget) -> Writer<'a> {
        Writer { out: String::new(), pretty, rounds_whole, budget }
    }

    /// The text of a value.
    pub(crate) fn write(mut self, item: &Item) -> Result<String, Fault> {
        self.item(item, 0)?;
        Ok(self.out)
    }

    fn item(&mut self, item: &Item, depth: usize) -> Result<(), Fault> {
        if depth > MAX_VALUE_DEPTH {
            return Err(self.budget.too_deep(depth));
        }
        let before = self.out.len();
        if let Some(text) = item.as_str() {
            json::write_string(&mut self.out, text);
        } else if let Some(number) = item.as_json_number() {
            self.number(number)?;
        } else if let Some(items) = item.as_items() {
            self.out.push('[');
            for (index, item) in items.iter().enumerate() {
                self.separate(index, depth);
                self.item(&item, depth + 1)?;
            }
            self.close(items.len(), depth, ']');
        } else if let Some(members) = item.as_members() {
            self.out.push('{');
            let mut written = 0;
            for (key, member) in members.iter() {
                if matches!(member, Item::Undefined) {
                    continue;
                }
                self.separate(written, depth);
                written += 1;
                json::write_string(&mut self.out, key);
                self.out.push_str(if self.pretty { ": " } else { ":" });
                self.item(&member, depth + 1)?;
            }
            self.close(written, depth, '}');
        } else {
            self.out.push_str(match item {
                Item::Function(_) => "\"\"",
                _ => match item.as_bool() {
                    Some(true) => "true",
                    Some(false) => "false",
                    None => "null",
                },
            });
        }
        self.budget.charge(1, self.out.len() - before)
    }

    fn number(&mut self, number: &Number) -> Result<(), Fault> {
        let double = number.to_f64();
        if !double.is_finite() {
            return Err(Error::new("D1001").value(json::Value::Null));
        }
        if number.is_integer() {
            self.out.push_str(&number_text(number));
        } else if double.fract() == 0.0 && !self.rounds_whole {
            self.out.push_str(&js_text(double));
        } else {
            self.out.push_str(&js_text(to_15_digits(double)));
        }
        Ok(())
    }

    fn separate(&mut self, index: usize, depth: usize) {
        if index > 0 {
            self.out.push(',');
        }
        if self.pretty {
            self.line(depth + 1);
        }
    }

    fn close(&mut self, count: usize, depth: usize, bracket: char) {
        if self.pretty && count > 0 {
            self.line(depth);
        }
        self.out.push(bracket);
    }

    fn line(&mut self, depth: usize) {
        self.out.push('\n');
        self.out.extend(std::iter::repeat_n("  ", depth));
    }
}
