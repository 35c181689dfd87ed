//! YAML as a tree with places.
//!
//! The parser gives events; the tree is made here, without recursion, so that its size and depth are bounded and every
//! copy that an alias asks for is counted. Keys are strings, each given once. CloudFormation's short tags become its long
//! forms (`!Ref X` is `{"Ref": "X"}`), merge keys (`<<`) are merged.

mod build;
mod merge;
mod offsets;
mod scalars;
mod tags;

use crate::document::{Document, ReadError};
use build::Builder;
use offsets::Offsets;
use saphyr_parser::{Event, Parser};
use std::ops::Range;

/// The longest text that is read: twice what AWS takes of a definition or a template. The parser holds a whole flow list
/// in memory that might yet turn out to be a key.
const LONGEST: usize = 2 << 20;
/// The most values of a document, copies through aliases included.
const MOST_VALUES: usize = 500_000;
/// How deep values may stand in one another; as for JSON.
const DEEPEST: usize = json::MAX_DEPTH;

/// What a scalar without quotes is.
pub(crate) fn plain_scalar(text: &str) -> json::spanned::Node {
    scalars::plain(text)
}

/// Reads the one document of a text.
pub(crate) fn read(text: &str) -> Result<Document, ReadError> {
    if text.len() > LONGEST {
        return Err(problem(format!("it has more than {LONGEST} bytes"), 0..0));
    }
    let offsets = Offsets::of(text);
    let mut builder = Builder::new(text);
    let mut documents = 0;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| {
            let at = offsets.byte(error.marker().index());
            let is_expression = text.get(..at).is_some_and(|before| before.ends_with('{'))
                && text.get(at..).is_some_and(|rest| rest.starts_with('%'));
            let hint = if is_expression { "; a text that begins with `{%` stands in quotes" } else { "" };
            problem(format!("{}{hint}", error.info()), at..at)
        })?;
        let start = offsets.byte(span.start.index());
        let span = start..offsets.byte(span.end.index()).max(start);
        if let Event::DocumentStart(_) = event {
            documents += 1;
            if documents > 1 {
                return Err(problem("a definition is one document, and here begins a second", span));
            }
        }
        builder.take(event, span)?;
    }
    Ok(builder.finish())
}

/// An error of this reader.
fn problem(message: impl Into<String>, span: Range<usize>) -> ReadError {
    ReadError::Yaml { message: message.into(), span }
}

#[cfg(test)]
mod tests;
