//! From text to tokens. Whether a slash begins a regular expression depends on what the parser expects next, so tokens
//! are made on demand.

use crate::error::{Error, Fault};
use json::Value;
use std::sync::Arc;

/// What kind of token it is, with what it holds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token {
    /// The end of the text.
    End,
    /// An operator or a bracket.
    Operator(&'static str),
    /// A character that begins no known operator.
    Name(Arc<str>),
    /// `$name`, without the dollar.
    Variable(Arc<str>),
    /// A quoted string.
    String(Arc<str>),
    /// A number, always a double as in the reference.
    Number(f64),
    /// `true`, `false` or `null`.
    Constant(Value),
    /// Pattern and flags.
    Regex(Arc<str>, Arc<str>),
}

impl Token {
    /// The text by which the parser asks for the token.
    pub(crate) fn id(&self) -> &str {
        match self {
            Token::End => "(end)",
            Token::Operator(text) => text,
            Token::Name(_) | Token::Variable(_) => "(name)",
            Token::String(_) | Token::Number(_) | Token::Constant(_) => "(literal)",
            Token::Regex(..) => "(regex)",
        }
    }

    /// The token as an error shows it.
    pub(crate) fn value(&self) -> Value {
        match self {
            Token::End => Value::from("(end)"),
            Token::Operator(text) => Value::from(*text),
            Token::Name(text) | Token::Variable(text) | Token::String(text) => Value::from(text.clone()),
            Token::Number(number) => crate::number::value_of(*number),
            Token::Constant(value) => value.clone(),
            Token::Regex(..) => Value::empty_object(),
        }
    }

    /// The token's own text, as a signature is put together from tokens.
    pub(crate) fn text(&self) -> String {
        match self.value() {
            Value::String(text) => text.to_string(),
            other => other.to_text(),
        }
    }
}

/// Two characters first, so that the longest operator wins.
const OPERATORS: &[&str] = &[
    "..", ":=", "!=", ">=", "<=", "**", "~>", "?:", "??", ".", "[", "]", "{", "}", "(", ")", ",", "@", "#",
    ";", ":", "?", "+", "-", "*", "/", "%", "|", "=", "<", ">", "^", "&", "!", "~",
];

const BLANKS: &[char] = &[' ', '\t', '\n', '\r', '\u{b}'];

/// Makes tokens from the text of an expression.
pub(crate) struct Tokenizer {
    text: Vec<char>,
    at: usize,
    /// How many characters before `at` take two UTF-16 units.
    wide: usize,
    /// Whether `?:` and `??` are operators.
    defaults: bool,
}

impl Tokenizer {
    pub(crate) fn new(text: &str, defaults: bool) -> Tokenizer {
        Tokenizer { text: text.chars().collect(), at: 0, wide: 0, defaults }
    }

    /// How far the text has been read, in UTF-16 units.
    pub(crate) fn position(&self) -> usize {
        self.at + self.wide
    }

    /// The next token. `operator`: the parser expects an operator, so a slash divides.
    pub(crate) fn next(&mut self, operator: bool) -> Result<Token, Fault> {
        self.skip_blanks_and_comments()?;
        let Some(first) = self.peek() else { return Ok(Token::End) };
        if first == '/' && !operator {
            self.advance();
            return self.regex();
        }
        if let Some(found) = self.operator() {
            return Ok(Token::Operator(found));
        }
        match first {
            '"' | '\'' => self.string(first),
            '0'..='9' => self.number(),
            '`' => self.quoted_name(),
            _ => self.name(),
        }
    }

    fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    fn peek_second(&self) -> Option<char> {
        self.text.get(self.at + 1).copied()
    }

    fn advance(&mut self) {
        if let Some(passed) = self.peek() {
            self.wide += passed.len_utf16() - 1;
            self.at += 1;
        }
    }

    fn fail(&self, code: &'static str) -> Fault {
        Error::new(code).at(self.position())
    }

    fn skip_blanks_and_comments(&mut self) -> Result<(), Fault> {
        loop {
            while self.peek().is_some_and(|c| BLANKS.contains(&c)) {
                self.advance();
            }
            if self.peek() != Some('/') || self.peek_second() != Some('*') {
                return Ok(());
            }
            let start = self.position();
            self.advance();
            self.advance();
            while !(self.peek() == Some('*') && self.peek_second() == Some('/')) {
                if self.peek().is_none() {
                    return Err(Error::new("S0106").at(start));
                }
                self.advance();
            }
            self.advance();
            self.advance();
        }
    }

    fn operator(&mut self) -> Option<&'static str> {
        let found = OPERATORS.iter().copied().find(|operator| {
            (self.defaults || (*operator != "?:" && *operator != "??"))
                && operator.chars().enumerate().all(|(offset, c)| self.text.get(self.at + offset) == Some(&c))
        })?;
        found.chars().for_each(|_| self.advance());
        Some(found)
    }

    fn string(&mut self, quote: char) -> Result<Token, Fault> {
        self.advance();
        let mut text = String::new();
        // Half of a surrogate pair that was written as an escape.
        let mut high: Option<u32> = None;
        while let Some(c) = self.peek() {
            if c == '\\' {
                self.advance();
                match self.escape()? {
                    unit @ 0xD800..=0xDBFF => {
                        flush(&mut high, &mut text);
                        high = Some(unit);
                    }
                    unit @ 0xDC00..=0xDFFF => match high.take() {
                        Some(first) => {
                            let code = 0x10000 + ((first - 0xD800) << 10) + (unit - 0xDC00);
                            text.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                        }
                        None => text.push(char::REPLACEMENT_CHARACTER),
                    },
                    unit => {
                        flush(&mut high, &mut text);
                        text.push(char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER));
                    }
                }
                continue;
            }
            flush(&mut high, &mut text);
            self.advance();
            if c == quote {
                return Ok(Token::String(text.into()));
            }
            text.push(c);
        }
        Err(self.fail("S0101"))
    }

    /// The UTF-16 unit that an escape stands for.
    fn escape(&mut self) -> Result<u32, Fault> {
        let Some(c) = self.peek() else {
            return Err(self.fail("S0103").token(""));
        };
        let plain = match c {
            '"' | '\\' | '/' => c,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let digits: String = self.text.iter().skip(self.at + 1).take(4).collect();
                let valid = digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_hexdigit());
                let unit = u32::from_str_radix(&digits, 16).ok().filter(|_| valid);
                let unit = unit.ok_or_else(|| self.fail("S0104"))?;
                (0..5).for_each(|_| self.advance());
                return Ok(unit);
            }
            _ => return Err(self.fail("S0103").token(c.to_string())),
        };
        self.advance();
        Ok(u32::from(plain))
    }

    fn number(&mut self) -> Result<Token, Fault> {
        let start = self.at;
        let position = self.position();
        if self.peek() == Some('0') {
            self.advance();
        } else {
            self.digits();
        }
        if self.peek() == Some('.') && self.peek_second().is_some_and(|c| c.is_ascii_digit()) {
            self.advance();
            self.digits();
        }
        if matches!(self.peek(), Some('e' | 'E')) {
            let sign = usize::from(matches!(self.peek_second(), Some('+' | '-')));
            if self.text.get(self.at + 1 + sign).is_some_and(char::is_ascii_digit) {
                (0..=sign).for_each(|_| self.advance());
                self.digits();
            }
        }
        let text: String = self.text.iter().skip(start).take(self.at - start).collect();
        let number = text.parse().unwrap_or(f64::INFINITY);
        if number.is_finite() {
            Ok(Token::Number(number))
        } else {
            Err(Error::new("S0102").at(position).token(text))
        }
    }

    fn digits(&mut self) {
        while self.peek().is_some_and(|c| c.is_ascii_digit()) {
            self.advance();
        }
    }

    fn quoted_name(&mut self) -> Result<Token, Fault> {
        self.advance();
        let mut name = String::new();
        while let Some(c) = self.peek() {
            self.advance();
            if c == '`' {
                return Ok(Token::Name(name.into()));
            }
            name.push(c);
        }
        Err(self.fail("S0105"))
    }

    fn name(&mut self) -> Result<Token, Fault> {
        let mut name = String::new();
        while let Some(c) = self.peek() {
            if BLANKS.contains(&c) || c.is_ascii_punctuation() && ends_name(c) {
                break;
            }
            name.push(c);
            self.advance();
        }
        if let Some(variable) = name.strip_prefix('$') {
            return Ok(Token::Variable(variable.into()));
        }
        Ok(match name.as_str() {
            "or" => Token::Operator("or"),
            "in" => Token::Operator("in"),
            "and" => Token::Operator("and"),
            "true" => Token::Constant(Value::Bool(true)),
            "false" => Token::Constant(Value::Bool(false)),
            "null" => Token::Constant(Value::Null),
            _ => Token::Name(name.into()),
        })
    }

    fn regex(&mut self) -> Result<Token, Fault> {
        let start = self.at;
        let mut depth = 0i32;
        while let Some(c) = self.peek() {
            let escaped =
                self.text.iter().take(self.at).skip(start).rev().take_while(|c| **c == '\\').count() % 2 == 1;
            if c == '/' && depth == 0 && !escaped {
                let pattern: String = self.text.iter().skip(start).take(self.at - start).collect();
                if pattern.is_empty() {
                    return Err(self.fail("S0301"));
                }
                self.advance();
                let flags_start = self.at;
                while matches!(self.peek(), Some('i' | 'm')) {
                    self.advance();
                }
                let flags: String = self.text.iter().skip(flags_start).take(self.at - flags_start).collect();
                return Ok(Token::Regex(pattern.into(), flags.into()));
            }
            let after_backslash = self.at > start && self.text.get(self.at - 1) == Some(&'\\');
            match c {
                '(' | '[' | '{' if !after_backslash => depth += 1,
                ')' | ']' | '}' if !after_backslash => depth -= 1,
                _ => {}
            }
            self.advance();
        }
        Err(self.fail("S0302"))
    }
}

/// Whether an ASCII character is, or begins, an operator.
fn ends_name(c: char) -> bool {
    OPERATORS.iter().any(|operator| operator.starts_with(c))
}

/// A high surrogate that found no partner has no place in a string of Unicode scalar values.
fn flush(high: &mut Option<u32>, text: &mut String) {
    if high.take().is_some() {
        text.push(char::REPLACEMENT_CHARACTER);
    }
}
