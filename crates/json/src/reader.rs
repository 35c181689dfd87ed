//! The reader: strict JSON, bounded in depth, one pass.

use crate::error::{ErrorKind, ParseError};
use crate::{Number, Object, Value};
use std::ops::Range;
use std::sync::Arc;

/// How deep arrays and objects may stand in one another.
pub const MAX_DEPTH: usize = 512;

/// Reads a document. Of a key given twice the last value counts, at the place of the first.
pub fn parse(text: &str) -> Result<Value, ParseError> {
    read(text, &mut Plain)
}

/// Reads a document from bytes, which must be UTF-8.
pub fn parse_bytes(bytes: &[u8]) -> Result<Value, ParseError> {
    match std::str::from_utf8(bytes) {
        Ok(text) => parse(text),
        Err(e) => {
            let valid = String::from_utf8_lossy(bytes.get(..e.valid_up_to()).unwrap_or_default());
            Err(ParseError::at(ErrorKind::NotUtf8, &valid, e.valid_up_to()))
        }
    }
}

/// Makes the nodes of a tree from what the reader finds.
pub(crate) trait Builder {
    type Node;
    fn scalar(&mut self, value: Value, span: Range<usize>) -> Self::Node;
    fn array(&mut self, items: Vec<Self::Node>, span: Range<usize>) -> Self::Node;
    fn object(
        &mut self,
        members: Vec<(Arc<str>, Range<usize>, Self::Node)>,
        span: Range<usize>,
    ) -> Self::Node;
}

pub(crate) fn read<B: Builder>(text: &str, builder: &mut B) -> Result<B::Node, ParseError> {
    let mut reader = Reader { text, at: 0, depth: 0 };
    reader.skip_blanks();
    let node = reader.value(builder)?;
    reader.skip_blanks();
    match reader.peek_char() {
        None => Ok(node),
        Some(c) if c.is_alphanumeric() => Err(reader.unrecognized_token()),
        Some(c) => Err(reader.error(ErrorKind::TrailingText(c))),
    }
}

struct Plain;

impl Builder for Plain {
    type Node = Value;

    fn scalar(&mut self, value: Value, _span: Range<usize>) -> Value {
        value
    }

    fn array(&mut self, items: Vec<Value>, _span: Range<usize>) -> Value {
        Value::array(items)
    }

    fn object(&mut self, members: Vec<(Arc<str>, Range<usize>, Value)>, _span: Range<usize>) -> Value {
        let mut object = Object::with_capacity(members.len());
        for (key, _, value) in members {
            object.insert(key, value);
        }
        Value::from(object)
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
}

const EXPECT_VALUE: &str =
    "expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')";

impl Reader<'_> {
    fn value<B: Builder>(&mut self, builder: &mut B) -> Result<B::Node, ParseError> {
        let start = self.at;
        match self.peek() {
            None => Err(self.error(ErrorKind::UnexpectedEnd(""))),
            Some(b'{') => self.nested(builder, Self::object),
            Some(b'[') => self.nested(builder, Self::array),
            Some(b'"') => {
                let text = self.string()?;
                Ok(builder.scalar(Value::String(text), start..self.at))
            }
            Some(b'-' | b'0'..=b'9') => {
                let number = self.number()?;
                Ok(builder.scalar(Value::Number(number), start..self.at))
            }
            Some(_) => {
                let value = self.literal()?;
                Ok(builder.scalar(value, start..self.at))
            }
        }
    }

    fn nested<B: Builder>(
        &mut self,
        builder: &mut B,
        read: fn(&mut Self, &mut B) -> Result<B::Node, ParseError>,
    ) -> Result<B::Node, ParseError> {
        if self.depth == MAX_DEPTH {
            return Err(self.error(ErrorKind::TooDeep(MAX_DEPTH)));
        }
        self.depth += 1;
        let node = read(self, builder);
        self.depth -= 1;
        node
    }

    fn array<B: Builder>(&mut self, builder: &mut B) -> Result<B::Node, ParseError> {
        let start = self.at;
        self.at += 1;
        let mut items = Vec::new();
        self.skip_blanks();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(builder.array(items, start..self.at));
        }
        loop {
            self.skip_blanks();
            items.push(self.value(builder)?);
            self.skip_blanks();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(builder.array(items, start..self.at));
                }
                _ => {
                    return Err(self.unexpected(
                        "was expecting comma to separate Array entries",
                        ": expected close marker for Array",
                    ));
                }
            }
        }
    }

    fn object<B: Builder>(&mut self, builder: &mut B) -> Result<B::Node, ParseError> {
        const IN_OBJECT: &str = ": expected close marker for Object";
        let start = self.at;
        self.at += 1;
        let mut members = Vec::new();
        self.skip_blanks();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(builder.object(members, start..self.at));
        }
        loop {
            self.skip_blanks();
            if self.peek() != Some(b'"') {
                return Err(self.unexpected("was expecting double-quote to start field name", IN_OBJECT));
            }
            let key_start = self.at;
            let key = self.string()?;
            let key_span = key_start..self.at;
            self.skip_blanks();
            if self.peek() != Some(b':') {
                return Err(
                    self.unexpected("was expecting a colon to separate field name and value", IN_OBJECT)
                );
            }
            self.at += 1;
            self.skip_blanks();
            let value = self.value(builder)?;
            members.push((key, key_span, value));
            self.skip_blanks();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(builder.object(members, start..self.at));
                }
                _ => {
                    return Err(self.unexpected("was expecting comma to separate Object entries", IN_OBJECT));
                }
            }
        }
    }

    fn literal(&mut self) -> Result<Value, ParseError> {
        for (word, value) in
            [("true", Value::Bool(true)), ("false", Value::Bool(false)), ("null", Value::Null)]
        {
            if self.rest().starts_with(word) {
                let after = self.rest().get(word.len()..).and_then(|rest| rest.chars().next());
                if !after.is_some_and(is_token_char) {
                    self.at += word.len();
                    return Ok(value);
                }
            }
        }
        match self.peek_char() {
            Some(c) if is_token_char(c) => Err(self.unrecognized_token()),
            _ => Err(self.unexpected(EXPECT_VALUE, "")),
        }
    }

    fn number(&mut self) -> Result<Number, ParseError> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => {
                self.at += 1;
                if let Some(b'0'..=b'9') = self.peek() {
                    let text = "Invalid numeric value: Leading zeroes not allowed".to_owned();
                    return Err(self.error(ErrorKind::InvalidNumber(text)));
                }
            }
            Some(b'1'..=b'9') => self.digits(),
            _ => return Err(self.digit_expected("after '-'")),
        }
        let mut is_integer = true;
        if self.peek() == Some(b'.') {
            is_integer = false;
            self.at += 1;
            if !matches!(self.peek(), Some(b'0'..=b'9')) {
                return Err(self.digit_expected("after a decimal point"));
            }
            self.digits();
        }
        if let Some(b'e' | b'E') = self.peek() {
            is_integer = false;
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            if !matches!(self.peek(), Some(b'0'..=b'9')) {
                return Err(self.digit_expected("in the exponent"));
            }
            self.digits();
        }
        if self.peek_char().is_some_and(is_token_char) {
            return Err(self.unexpected("expected white space or a separator after a number", ""));
        }
        let text = self.text.get(start..self.at).unwrap_or("0");
        self.to_number(text, is_integer)
    }

    fn to_number(&self, text: &str, is_integer: bool) -> Result<Number, ParseError> {
        if is_integer {
            // AWS: recorded, "-0" reads as 0.
            if let Ok(n) = text.parse::<i64>() {
                return Ok(Number::I64(n));
            }
            return Ok(text.parse::<u64>().map_or_else(|_| Number::Big(Arc::from(text)), Number::U64));
        }
        let out_of_range = || {
            let message = format!("Numeric value ({text}) out of range of double");
            self.error(ErrorKind::InvalidNumber(message))
        };
        let double: f64 = text.parse().map_err(|_| out_of_range())?;
        Number::from_f64(double).ok_or_else(out_of_range)
    }

    fn digits(&mut self) {
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
    }

    fn digit_expected(&self, place: &str) -> ParseError {
        let found = self.peek_char().map_or_else(|| "the end".to_owned(), |c| format!("'{c}'"));
        let text = format!("Invalid numeric value: a digit must follow {place}, found {found}");
        self.error(ErrorKind::InvalidNumber(text))
    }

    fn string(&mut self) -> Result<Arc<str>, ParseError> {
        self.at += 1;
        let start = self.at;
        let mut buffer: Option<String> = None;
        let mut plain_from = start;
        loop {
            match self.peek() {
                None => {
                    return Err(self.error(ErrorKind::UnexpectedEnd(
                        ": was expecting closing quote for a string value",
                    )));
                }
                Some(b'"') => {
                    let tail = self.text.get(plain_from..self.at).unwrap_or("");
                    self.at += 1;
                    return Ok(match buffer {
                        None => Arc::from(tail),
                        Some(mut text) => {
                            text.push_str(tail);
                            Arc::from(text)
                        }
                    });
                }
                Some(b'\\') => {
                    let text = buffer.get_or_insert_with(String::new);
                    text.push_str(self.text.get(plain_from..self.at).unwrap_or(""));
                    self.at += 1;
                    let c = self.escape()?;
                    buffer.get_or_insert_with(String::new).push(c);
                    plain_from = self.at;
                }
                Some(byte) if byte < 0x20 => {
                    let text = format!(
                        "Illegal unquoted character ((CTRL-CHAR, code {byte})): has to be escaped using backslash to be included in string value"
                    );
                    return Err(self.error(ErrorKind::InvalidString(text)));
                }
                Some(_) => self.at += 1,
            }
        }
    }

    fn escape(&mut self) -> Result<char, ParseError> {
        let Some(c) = self.peek_char() else {
            return Err(self.error(ErrorKind::UnexpectedEnd(" in character escape sequence")));
        };
        self.at += c.len_utf8();
        match c {
            '"' | '\\' | '/' => Ok(c),
            'b' => Ok('\u{8}'),
            'f' => Ok('\u{c}'),
            'n' => Ok('\n'),
            'r' => Ok('\r'),
            't' => Ok('\t'),
            'u' => self.unicode_escape(),
            other => {
                self.at -= other.len_utf8();
                let text = format!("Unrecognized character escape '{other}' (code {})", other as u32);
                Err(self.error(ErrorKind::InvalidString(text)))
            }
        }
    }

    /// The four digits behind `\u`, and a second escape where the first is the upper half of a pair.
    fn unicode_escape(&mut self) -> Result<char, ParseError> {
        let unit = self.hex4()?;
        if let Some(c) = char::from_u32(unit) {
            return Ok(c);
        }
        if unit < 0xDC00 && self.rest().starts_with("\\u") {
            self.at += 2;
            let low = self.hex4()?;
            if (0xDC00..0xE000).contains(&low) {
                let code = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
                if let Some(c) = char::from_u32(code) {
                    return Ok(c);
                }
            }
        }
        let text = format!("Incomplete surrogate pair: \\u{unit:04X} stands alone");
        Err(self.error(ErrorKind::InvalidString(text)))
    }

    fn hex4(&mut self) -> Result<u32, ParseError> {
        let digits = self.text.get(self.at..self.at + 4).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
        match digits.and_then(|d| u32::from_str_radix(d, 16).ok()) {
            Some(unit) => {
                self.at += 4;
                Ok(unit)
            }
            None => {
                let text = "expected a hex-digit for character escape sequence".to_owned();
                Err(self.error(ErrorKind::InvalidString(text)))
            }
        }
    }

    fn skip_blanks(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn peek_char(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn error(&self, kind: ErrorKind) -> ParseError {
        ParseError::at(kind, self.text, self.at)
    }

    fn unexpected(&self, expected: &'static str, inside: &'static str) -> ParseError {
        match self.peek_char() {
            Some(c) => self.error(ErrorKind::UnexpectedCharacter(c, expected)),
            None => self.error(ErrorKind::UnexpectedEnd(inside)),
        }
    }

    /// The whole bare word; AWS's reader reports the place behind it.
    fn unrecognized_token(&mut self) -> ParseError {
        let token: String = self.rest().chars().take_while(|c| is_token_char(*c)).take(256).collect();
        self.at += token.len();
        self.error(ErrorKind::UnrecognizedToken(token))
    }
}

fn is_token_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}
