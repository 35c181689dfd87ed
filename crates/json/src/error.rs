//! Why a text is not JSON, in the words of AWS's reader.

use std::fmt;

/// What was wrong with the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// A bare word that is no literal of JSON.
    UnrecognizedToken(String),
    /// A character that cannot stand where it stands; the second member says what was expected.
    UnexpectedCharacter(char, &'static str),
    /// The text ends inside a value; the member says inside what.
    UnexpectedEnd(&'static str),
    /// A number that JSON does not allow, with what is wrong about it.
    InvalidNumber(String),
    /// A string with a raw control character, a bad escape or a lone surrogate.
    InvalidString(String),
    /// Arrays and objects stand in one another more deeply than the reader allows.
    TooDeep(usize),
    /// More text follows the document.
    TrailingText(char),
    /// The bytes are not UTF-8.
    NotUtf8,
}

/// An error of the reader: what, and where (byte offset from 0; line and column from 1, columns in characters).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// What was wrong.
    pub kind: ErrorKind,
    /// Byte offset into the text.
    pub offset: usize,
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1, in characters.
    pub column: usize,
}

impl ParseError {
    /// Places `kind` at the byte `offset` of `text`.
    pub(crate) fn at(kind: ErrorKind, text: &str, offset: usize) -> ParseError {
        let before = text.get(..offset).unwrap_or(text);
        let line = before.bytes().filter(|b| *b == b'\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        ParseError { kind, offset, line, column }
    }

    /// The message without the place, in the words of the Jackson library, which AWS shows to its users.
    pub fn message(&self) -> String {
        const VALUES: &str = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')";
        match &self.kind {
            ErrorKind::UnrecognizedToken(token) => {
                format!("Unrecognized token '{token}': was expecting {VALUES}")
            }
            ErrorKind::UnexpectedCharacter(c, expected) => {
                format!("Unexpected character ({}): {expected}", describe(*c))
            }
            ErrorKind::UnexpectedEnd(inside) => format!("Unexpected end-of-input{inside}"),
            ErrorKind::InvalidNumber(text) | ErrorKind::InvalidString(text) => text.clone(),
            ErrorKind::TooDeep(limit) => {
                format!("Document nesting depth ({}) exceeds the maximum allowed ({limit})", limit + 1)
            }
            ErrorKind::TrailingText(c) => {
                format!("Unexpected character ({}): expected end of the document", describe(*c))
            }
            ErrorKind::NotUtf8 => "Invalid UTF-8".to_owned(),
        }
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at line {}, column {}", self.message(), self.line, self.column)
    }
}

impl std::error::Error for ParseError {}

fn describe(c: char) -> String {
    if (c as u32) < 32 {
        format!("CTRL-CHAR, code {}", c as u32)
    } else {
        format!("'{c}' (code {})", c as u32)
    }
}
