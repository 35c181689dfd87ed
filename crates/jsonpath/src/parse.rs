//! Reading a path's text.

use crate::error::SyntaxError;
use crate::filter::Filter;
use crate::functions::{Argument, Call, Function};
use crate::path::{MAX_STEPS, MAX_TEXT};
use crate::{Path, Step};
use json::{Object, Value};
use std::sync::Arc;

/// How deep filters, parentheses and literals may stand in one another.
const MAX_NESTING: usize = 32;

pub(crate) fn parse(text: &str) -> Result<Vec<Step>, SyntaxError> {
    if text.len() > MAX_TEXT {
        return Err(SyntaxError { message: format!("A path has at most {MAX_TEXT} bytes"), at: 0 });
    }
    let mut reader = Reader { chars: text.trim_end_matches(' ').chars().collect(), at: 0, depth: 0 };
    if !reader.eat('$') {
        return Err(reader.error("A path must start with '$'"));
    }
    if !matches!(reader.peek(), None | Some('.' | '[')) {
        return Err(reader.error("Illegal character, expected '.' or '['"));
    }
    let steps = reader.steps()?;
    if reader.peek().is_some() {
        return Err(reader.error("Could not parse token"));
    }
    Ok(steps)
}

/// The characters of the text and the place in it.
pub(crate) struct Reader {
    chars: Vec<char>,
    at: usize,
    depth: usize,
}

impl Reader {
    /// The steps behind a root, as far as they reach.
    fn steps(&mut self) -> Result<Vec<Step>, SyntaxError> {
        let mut steps = Vec::new();
        loop {
            if steps.len() >= MAX_STEPS {
                return Err(self.error(&format!("A path has at most {MAX_STEPS} steps")));
            }
            let is_over = matches!(steps.last(), Some(Step::Function(_)));
            match self.peek() {
                Some('.' | '[') if is_over => return Err(self.error("A function must be the last step")),
                Some('[') => steps.push(self.bracket()?),
                Some('.') => {
                    self.at += 1;
                    if self.eat('.') {
                        steps.push(Step::Descend);
                    }
                    match self.peek() {
                        Some('[') => steps.push(self.bracket()?),
                        Some('*') => {
                            self.at += 1;
                            steps.push(Step::Wildcard);
                        }
                        Some(c) if is_name_char(c) => steps.push(self.dot_name()?),
                        Some(_) => return Err(self.error("A name must follow '.'")),
                        None => return Err(self.error("Path must not end with a '.' or '..'")),
                    }
                }
                Some(_) | None => return Ok(steps),
            }
        }
    }

    fn dot_name(&mut self) -> Result<Step, SyntaxError> {
        let name = self.take_while(is_name_char);
        if self.peek() != Some('(') {
            return Ok(Step::Name(Arc::from(name)));
        }
        let Some(function) = Function::by_name(&name) else {
            return Err(self.error(&format!("Function with name: {name} does not exist")));
        };
        self.at += 1;
        let mut arguments = Vec::new();
        self.skip_blanks();
        if !self.eat(')') {
            loop {
                self.skip_blanks();
                arguments.push(match self.peek() {
                    Some('$' | '@') => Argument::Path(self.embedded_path()?),
                    _ => Argument::Literal(self.literal()?),
                });
                self.skip_blanks();
                if self.eat(')') {
                    break;
                }
                self.expect(',', "')' or ',' must follow an argument")?;
            }
        }
        Ok(Step::Function(Call { function, arguments }))
    }

    fn bracket(&mut self) -> Result<Step, SyntaxError> {
        self.at += 1;
        self.skip_blanks();
        let step = match self.peek() {
            Some('\'' | '"') => self.names()?,
            Some('*') => {
                self.at += 1;
                Step::Wildcard
            }
            Some('?') => self.filter()?,
            Some('-' | ':' | '0'..='9') => self.positions()?,
            _ => return Err(self.error("'[' must be followed by a quoted name, a number, '*' or '?'")),
        };
        self.skip_blanks();
        self.expect(']', "']' expected")?;
        Ok(step)
    }

    fn names(&mut self) -> Result<Step, SyntaxError> {
        let mut names = Vec::new();
        loop {
            self.skip_blanks();
            names.push(Arc::<str>::from(self.quoted_name()?));
            self.skip_blanks();
            if !self.eat(',') {
                break;
            }
        }
        match <[Arc<str>; 1]>::try_from(names) {
            Ok([name]) => Ok(Step::Name(name)),
            Err(names) => Ok(Step::Names(names)),
        }
    }

    /// `1`, `0,2`, `1:3`, `:2`, `-2:`; the step of a slice is read and not looked at, as in Jayway.
    fn positions(&mut self) -> Result<Step, SyntaxError> {
        let first = self.integer()?;
        self.skip_blanks();
        match self.peek() {
            Some(':') => {
                self.at += 1;
                let to = self.integer()?;
                if self.eat(':') && self.integer()?.is_some_and(|step| step <= 0) {
                    return Err(self.error("The step of a slice must be positive"));
                }
                if first.is_none() && to.is_none() {
                    return Err(self.error("Failed to parse SliceOperation"));
                }
                Ok(Step::Slice(first, to))
            }
            Some(',') => {
                let mut indexes: Vec<i64> = first.into_iter().collect();
                while self.eat(',') {
                    let index = self.integer()?;
                    indexes.push(index.ok_or_else(|| self.error("A number must follow ','"))?);
                    self.skip_blanks();
                }
                Ok(Step::Indexes(indexes))
            }
            _ => first.map(Step::Index).ok_or_else(|| self.error("A number expected")),
        }
    }

    fn integer(&mut self) -> Result<Option<i64>, SyntaxError> {
        self.skip_blanks();
        let text = self.take_while(|c| c == '-' || c.is_ascii_digit());
        if text.is_empty() {
            return Ok(None);
        }
        match text.parse::<i32>() {
            Ok(n) => Ok(Some(i64::from(n))),
            Err(_) => Err(self.error(&format!("Failed to parse token in ArrayIndexOperation: {text}"))),
        }
    }

    fn filter(&mut self) -> Result<Step, SyntaxError> {
        self.at += 1;
        self.skip_blanks();
        self.expect('(', "'(' must follow '?'")?;
        let filter = Filter::read(self)?;
        self.skip_blanks();
        self.expect(')', "')' expected at the end of the filter")?;
        Ok(Step::Filter(filter))
    }

    /// A path inside a filter or an argument: it starts with `$` or `@` and reaches as far as its steps do.
    pub(crate) fn embedded_path(&mut self) -> Result<Path, SyntaxError> {
        self.nested(|reader| {
            let start = reader.at;
            reader.at += 1;
            let steps = reader.steps()?;
            let text: String = reader.chars.get(start..reader.at).unwrap_or_default().iter().collect();
            Ok(Path::from_parts(&text, steps))
        })
    }

    /// A JSON literal; strings may stand in single quotes.
    pub(crate) fn literal(&mut self) -> Result<Value, SyntaxError> {
        self.skip_blanks();
        match self.peek() {
            Some('\'' | '"') => Ok(Value::from(self.quoted()?)),
            Some('-' | '0'..='9') => {
                let text =
                    self.take_while(|c| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E'));
                json::parse(&text).map_err(|e| self.error(&e.message()))
            }
            Some('[') => self.nested(Reader::array_literal),
            Some('{') => self.nested(Reader::object_literal),
            Some(c) if c.is_ascii_alphabetic() => {
                let word = self.take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
                match word.as_str() {
                    "true" => Ok(Value::Bool(true)),
                    "false" => Ok(Value::Bool(false)),
                    "null" => Ok(Value::Null),
                    // AWS: unconfirmed, chosen because a published sample compares `@.constraint_status==Failure`.
                    _ => Ok(Value::from(word)),
                }
            }
            _ => Err(self.error("A value expected")),
        }
    }

    fn array_literal(&mut self) -> Result<Value, SyntaxError> {
        self.at += 1;
        let mut items = Vec::new();
        self.skip_blanks();
        while !self.eat(']') {
            if !items.is_empty() {
                self.expect(',', "',' or ']' expected")?;
            }
            items.push(self.literal()?);
            self.skip_blanks();
        }
        Ok(Value::array(items))
    }

    fn object_literal(&mut self) -> Result<Value, SyntaxError> {
        self.at += 1;
        let mut object = Object::new();
        self.skip_blanks();
        while !self.eat('}') {
            if !object.is_empty() {
                self.expect(',', "',' or '}' expected")?;
                self.skip_blanks();
            }
            let key = self.quoted()?;
            self.skip_blanks();
            self.expect(':', "':' expected")?;
            let value = self.literal()?;
            object.insert(key, value);
            self.skip_blanks();
        }
        Ok(Value::from(object))
    }

    /// The name of a member in single or double quotes.
    ///
    /// AWS: recorded test_escape_sequence_parsing[ESCAPE_SEQUENCES_JSONPATH]: only the quote and the backslash are escaped;
    /// before any other character a backslash stands for itself. Jayway alone would drop it.
    fn quoted_name(&mut self) -> Result<String, SyntaxError> {
        self.quoted_with(|reader, quote, text| {
            match reader.peek() {
                Some(c) if c == quote || c == '\\' => {
                    reader.at += 1;
                    text.push(c);
                }
                Some(_) | None => text.push('\\'),
            }
            Ok(())
        })
    }

    /// Text of a literal in single or double quotes, with the escapes of JSON.
    pub(crate) fn quoted(&mut self) -> Result<String, SyntaxError> {
        self.quoted_with(|reader, _, text| {
            text.push(reader.escaped()?);
            Ok(())
        })
    }

    /// Text in quotes; `unescape` reads what stands behind a backslash, given the quote.
    fn quoted_with(
        &mut self,
        unescape: impl Fn(&mut Reader, char, &mut String) -> Result<(), SyntaxError>,
    ) -> Result<String, SyntaxError> {
        let quote = match self.next() {
            Some(c @ ('\'' | '"')) => c,
            _ => return Err(self.error("A quote expected")),
        };
        let mut text = String::new();
        loop {
            match self.next() {
                None => return Err(self.error("Property has not been closed - missing closing quote")),
                Some(c) if c == quote => return Ok(text),
                Some('\\') => unescape(self, quote, &mut text)?,
                Some(c) => text.push(c),
            }
        }
    }

    fn escaped(&mut self) -> Result<char, SyntaxError> {
        Ok(match self.next() {
            None => return Err(self.error("The text ends behind a backslash")),
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('u') => {
                let digits: String = self.chars.iter().skip(self.at).take(4).collect();
                self.at += digits.chars().count();
                let code = u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32);
                code.ok_or_else(|| self.error("Four hexadecimal digits must follow \\u"))?
            }
            Some(c) => c,
        })
    }

    /// Runs `read` one level deeper, within bounds.
    pub(crate) fn nested<T>(
        &mut self,
        read: impl FnOnce(&mut Reader) -> Result<T, SyntaxError>,
    ) -> Result<T, SyntaxError> {
        if self.depth == MAX_NESTING {
            return Err(self.error(&format!("Nested more than {MAX_NESTING} levels deep")));
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    /// The text up to an unescaped `end`, which is read too.
    pub(crate) fn until(&mut self, end: char) -> Result<String, SyntaxError> {
        let mut text = String::new();
        loop {
            match self.next() {
                None => return Err(self.error(&format!("'{end}' expected"))),
                Some(c) if c == end => return Ok(text),
                Some('\\') => {
                    text.push('\\');
                    text.extend(self.next());
                }
                Some(c) => text.push(c),
            }
        }
    }

    pub(crate) fn take_while(&mut self, accept: impl Fn(char) -> bool) -> String {
        let text: String = self.chars.iter().skip(self.at).take_while(|c| accept(**c)).collect();
        self.at += text.chars().count();
        text
    }

    /// Reads `symbol` if it stands here.
    pub(crate) fn eat_text(&mut self, symbol: &str) -> bool {
        let stands_here = symbol.chars().enumerate().all(|(i, c)| self.chars.get(self.at + i) == Some(&c));
        if stands_here {
            self.at += symbol.chars().count();
        }
        stands_here
    }

    pub(crate) fn eat(&mut self, c: char) -> bool {
        let stands_here = self.peek() == Some(c);
        self.at += usize::from(stands_here);
        stands_here
    }

    pub(crate) fn expect(&mut self, c: char, message: &str) -> Result<(), SyntaxError> {
        if self.eat(c) { Ok(()) } else { Err(self.error(message)) }
    }

    pub(crate) fn skip_blanks(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    pub(crate) fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    pub(crate) fn error(&self, message: &str) -> SyntaxError {
        SyntaxError { message: message.to_owned(), at: self.at }
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += 1;
        Some(c)
    }
}

/// What may stand in a name behind a dot. Jayway takes almost anything; AWS documents letters, digits and `_`.
// AWS: unconfirmed, chosen because definitions in the wild write `$.detail-type`.
fn is_name_char(c: char) -> bool {
    c.is_alphanumeric()
        || matches!(c, '_' | '-' | '@' | '$' | '#')
        || (!c.is_ascii() && !c.is_whitespace() && !c.is_control())
}
