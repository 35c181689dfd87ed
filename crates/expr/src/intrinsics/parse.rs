//! Reading an intrinsic call.

use super::{Argument, Call, Function, MAX_NESTING};
use crate::{QueryPath, SyntaxError};
use json::Value;
use std::sync::Arc;

pub(super) fn parse(text: &str) -> Result<Call, SyntaxError> {
    let mut reader = Reader { text, at: 0 };
    reader.skip_blanks();
    let call = reader.call(1)?;
    reader.skip_blanks();
    if reader.peek().is_some() {
        return Err(reader.error("Text follows the call"));
    }
    Ok(call)
}

struct Reader<'t> {
    text: &'t str,
    /// In bytes, always between two characters.
    at: usize,
}

impl<'t> Reader<'t> {
    fn call(&mut self, depth: usize) -> Result<Call, SyntaxError> {
        if depth > MAX_NESTING {
            return Err(self.error("Intrinsic functions are nested more than 10 levels deep"));
        }
        let name = self.take_while(|c| c.is_ascii_alphanumeric() || c == '.' || c == '_');
        let Some(function) = Function::by_name(name) else {
            return Err(self.error("Unknown intrinsic function"));
        };
        self.skip_blanks();
        self.expect('(')?;
        let mut arguments = Vec::new();
        self.skip_blanks();
        if self.eat(')') {
            return Ok(Call { function, arguments });
        }
        loop {
            self.skip_blanks();
            arguments.push(self.argument(depth)?);
            self.skip_blanks();
            if self.eat(')') {
                return Ok(Call { function, arguments });
            }
            self.expect(',')?;
        }
    }

    fn argument(&mut self, depth: usize) -> Result<Argument, SyntaxError> {
        match self.peek() {
            Some('$') => self.path().map(Argument::Path),
            Some('\'') => self.quoted(),
            Some('-' | '0'..='9') => self.number(),
            Some(c) if c.is_ascii_alphabetic() => {
                for (word, value) in
                    [("true", Value::Bool(true)), ("false", Value::Bool(false)), ("null", Value::Null)]
                {
                    if self.rest().starts_with(word) {
                        self.at += word.len();
                        return Ok(Argument::Literal(value));
                    }
                }
                self.call(depth + 1).map(Argument::Call)
            }
            _ => Err(self.error("An argument expected")),
        }
    }

    /// A path reaches to the first `,`, `)` or blank outside its own brackets, parentheses and quotes.
    fn path(&mut self) -> Result<QueryPath, SyntaxError> {
        let start = self.at;
        let (mut brackets, mut parentheses) = (0usize, 0usize);
        let mut quote: Option<char> = None;
        while let Some(c) = self.peek() {
            match (quote, c) {
                (Some(_), '\\') => {
                    self.advance();
                }
                (Some(open), _) if c == open => quote = None,
                (Some(_), _) => {}
                (None, '\'' | '"') if brackets + parentheses > 0 => quote = Some(c),
                (None, '[') => brackets += 1,
                (None, ']') => brackets = brackets.saturating_sub(1),
                (None, '(') => parentheses += 1,
                (None, ')') if parentheses == 0 && brackets == 0 => break,
                (None, ')') => parentheses = parentheses.saturating_sub(1),
                (None, ',') if brackets + parentheses == 0 => break,
                (None, _) if c.is_whitespace() && brackets + parentheses == 0 => break,
                (None, _) => {}
            }
            self.advance();
        }
        let text = self.text.get(start..self.at).unwrap_or("");
        QueryPath::parse(text).map_err(|e| SyntaxError { at: self.characters(start) + e.at, ..e })
    }

    /// A string in single quotes with the escapes `\'`, `\{`, `\}` and `\\`.
    // AWS: recorded, any other escape makes the expression invalid.
    fn quoted(&mut self) -> Result<Argument, SyntaxError> {
        self.advance();
        let start = self.at;
        let mut value = String::new();
        loop {
            match self.peek() {
                None => return Err(self.error("A string has no end")),
                Some('\'') => {
                    let raw = self.text.get(start..self.at).unwrap_or("");
                    self.advance();
                    return Ok(Argument::Text { value: Value::from(value), raw: Arc::from(raw) });
                }
                Some('\\') => {
                    self.advance();
                    match self.peek() {
                        Some(c @ ('\'' | '{' | '}' | '\\')) => value.push(c),
                        _ => return Err(self.error("Unknown escape")),
                    }
                    self.advance();
                }
                Some(c) => {
                    value.push(c);
                    self.advance();
                }
            }
        }
    }

    fn number(&mut self) -> Result<Argument, SyntaxError> {
        let text = self.take_while(|c| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E'));
        let value = json::parse(text).map_err(|e| self.error(&e.message()))?;
        Ok(Argument::Literal(value))
    }

    fn take_while(&mut self, accept: impl Fn(char) -> bool) -> &'t str {
        let rest = self.text.get(self.at..).unwrap_or("");
        let end = rest.find(|c| !accept(c)).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or("")
    }

    fn expect(&mut self, c: char) -> Result<(), SyntaxError> {
        if self.eat(c) { Ok(()) } else { Err(self.error(&format!("'{c}' expected"))) }
    }

    fn eat(&mut self, c: char) -> bool {
        let stands_here = self.peek() == Some(c);
        if stands_here {
            self.advance();
        }
        stands_here
    }

    fn skip_blanks(&mut self) {
        self.take_while(char::is_whitespace);
    }

    fn advance(&mut self) {
        self.at += self.peek().map_or(0, char::len_utf8);
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn error(&self, message: &str) -> SyntaxError {
        SyntaxError { message: message.to_owned(), at: self.characters(self.at) }
    }

    /// How many characters stand before a byte.
    fn characters(&self, bytes: usize) -> usize {
        self.text.get(..bytes).unwrap_or(self.text).chars().count()
    }
}
