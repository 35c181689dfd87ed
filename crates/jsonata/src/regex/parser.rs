//! From the text of a pattern to its tree: ECMAScript without the `u` flag, Annex B included.

use super::ast::{Node, Parsed};
use super::set::CharSet;
use super::{MAX_GROUPS, MAX_NESTING, TOO_LARGE};

/// A reason in V8's words.
type Reason = &'static str;

/// Whether a quantifier may follow an atom, and the reason where it may not.
type Repeats = Result<(), Reason>;
const REPEATED: Repeats = Ok(());
const NOT_REPEATED: Repeats = Err("Nothing to repeat");

/// Parses `pattern`.
///
/// # Errors
/// V8's reason for refusing the pattern, or "too large" where nesting or groups pass their bound.
pub(super) fn parse(pattern: &str) -> Result<Parsed, Reason> {
    let chars: Vec<char> = pattern.chars().collect();
    let group_names = scan_groups(&chars)?;
    let named = group_names.iter().any(Option::is_some);
    let mut parser = Parser { chars, at: 0, groups: 0, depth: 0, group_names, named };
    let root = parser.alternation()?;
    if parser.peek().is_some() {
        return Err("Unmatched ')'");
    }
    Ok(Parsed { root, group_names: parser.group_names })
}

/// Finds every capturing group before the tree is built: whether `\2` is a reference and whether `\k` is one
/// depends on groups that may come later.
fn scan_groups(chars: &[char]) -> Result<Vec<Option<String>>, Reason> {
    let mut names: Vec<Option<String>> = Vec::new();
    let mut in_class = false;
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        at += 1;
        match c {
            '\\' => at += 1,
            '[' => in_class = true,
            ']' => in_class = false,
            '(' if !in_class => {
                if chars.get(at) != Some(&'?') {
                    names.push(None);
                } else if chars.get(at + 1) == Some(&'<') && !matches!(chars.get(at + 2), Some('=' | '!')) {
                    // A wrong or repeated name is refused when the parser comes to it.
                    names.push(group_name(chars, at + 2).map(|(name, _)| name));
                }
            }
            _ => {}
        }
        if names.len() > MAX_GROUPS {
            return Err(TOO_LARGE);
        }
    }
    Ok(names)
}

/// The name that starts at `at` and the offset behind its `>`.
fn group_name(chars: &[char], at: usize) -> Option<(String, usize)> {
    let rest = chars.get(at..)?;
    let length = rest.iter().position(|&c| c == '>')?;
    let name: String = rest.get(..length)?.iter().collect();
    let mut letters = name.chars();
    let first = letters.next()?;
    let starts = first.is_alphabetic() || matches!(first, '_' | '$');
    let goes_on = letters.all(|c| c.is_alphanumeric() || matches!(c, '_' | '$' | '\u{200C}' | '\u{200D}'));
    (starts && goes_on).then_some((name, at + length + 1))
}

struct Parser {
    chars: Vec<char>,
    at: usize,
    /// Capturing groups opened so far.
    groups: u32,
    depth: usize,
    group_names: Vec<Option<String>>,
    named: bool,
}

/// What an escape stands for, in a class or outside.
enum Escape {
    Char(char),
    /// Half of a surrogate pair on its own: no character.
    Nothing,
    Set(CharSet),
}

impl Parser {
    fn peek(&self) -> Option<char> {
        self.peek_at(0)
    }

    fn peek_at(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += 1;
        Some(c)
    }

    fn eat(&mut self, expected: &str) -> bool {
        let length = expected.chars().count();
        let here = self.chars.get(self.at..self.at + length);
        let found = here.is_some_and(|here| here.iter().copied().eq(expected.chars()));
        if found {
            self.at += length;
        }
        found
    }

    fn alternation(&mut self) -> Result<Node, Reason> {
        self.depth += 1;
        if self.depth > MAX_NESTING {
            return Err(TOO_LARGE);
        }
        let mut branches = vec![self.concat()?];
        while self.eat("|") {
            branches.push(self.concat()?);
        }
        self.depth -= 1;
        Ok(match branches.len() {
            1 => branches.pop().unwrap_or(Node::Empty),
            _ => Node::Alternation(branches),
        })
    }

    fn concat(&mut self) -> Result<Node, Reason> {
        let mut terms = Vec::new();
        while let Some(c) = self.peek() {
            if matches!(c, '|' | ')') {
                break;
            }
            let first_group = self.groups + 1;
            let (atom, repeats) = self.atom()?;
            terms.push(self.quantified(atom, repeats, first_group)?);
        }
        Ok(match terms.len() {
            0 => Node::Empty,
            1 => terms.pop().unwrap_or(Node::Empty),
            _ => Node::Concat(terms),
        })
    }

    /// One atom or assertion, and whether a quantifier may follow.
    fn atom(&mut self) -> Result<(Node, Repeats), Reason> {
        let Some(c) = self.next() else { return Ok((Node::Empty, NOT_REPEATED)) };
        Ok(match c {
            '^' => (Node::Start, NOT_REPEATED),
            '$' => (Node::End, NOT_REPEATED),
            '.' => (Node::Any, REPEATED),
            '[' => (self.class()?, REPEATED),
            '(' => self.group()?,
            '\\' => self.atom_escape()?,
            '*' | '+' | '?' => return Err("Nothing to repeat"),
            '{' => {
                self.at -= 1;
                if self.braces().is_some() {
                    return Err("Nothing to repeat");
                }
                self.at += 1;
                (Node::Char('{'), REPEATED)
            }
            other => (Node::Char(other), REPEATED),
        })
    }

    fn group(&mut self) -> Result<(Node, Repeats), Reason> {
        if self.eat("?:") {
            return Ok((self.group_body()?, REPEATED));
        }
        for (opening, ahead, negated) in
            [("?=", true, false), ("?!", true, true), ("?<=", false, false), ("?<!", false, true)]
        {
            if self.eat(opening) {
                let body = Box::new(self.group_body()?);
                // Annex B lets a look-ahead be repeated, never a look-behind.
                let repeats = if ahead { REPEATED } else { Err("Invalid quantifier") };
                return Ok((Node::Look { ahead, negated, body }, repeats));
            }
        }
        if self.eat("?<") {
            let (name, behind) = group_name(&self.chars, self.at).ok_or("Invalid capture group name")?;
            let earlier = self.group_names.iter().take(self.groups as usize);
            if earlier.flatten().any(|known| *known == name) {
                return Err("Duplicate capture group name");
            }
            self.at = behind;
        } else if self.peek() == Some('?') {
            return Err("Invalid group");
        }
        self.groups += 1;
        let group = self.groups;
        Ok((Node::Capture { group, body: Box::new(self.group_body()?) }, REPEATED))
    }

    fn group_body(&mut self) -> Result<Node, Reason> {
        let body = self.alternation()?;
        if self.eat(")") { Ok(body) } else { Err("Unterminated group") }
    }

    fn quantified(&mut self, atom: Node, repeats: Repeats, first_group: u32) -> Result<Node, Reason> {
        let (min, max) = match self.peek() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            Some('{') => match self.braces() {
                Some(bounds) => bounds,
                None => return Ok(atom),
            },
            _ => return Ok(atom),
        };
        if repeats == NOT_REPEATED {
            return Err("Nothing to repeat");
        }
        if max.is_some_and(|max| min > max) {
            return Err("numbers out of order in {} quantifier");
        }
        repeats?;
        // The quantifier's last character: one of `* + ? }`.
        self.at += 1;
        let greedy = !self.eat("?");
        let body = Box::new(atom);
        Ok(Node::Repeat { body, min, max, greedy, first_group, last_group: self.groups + 1 })
    }

    /// `{n}`, `{n,}` or `{n,m}` here, up to but without its last character; `None` (and no move) where the
    /// brace is an ordinary character.
    fn braces(&mut self) -> Option<(u32, Option<u32>)> {
        let start = self.at;
        self.at += 1;
        let bounds = self.brace_bounds();
        if bounds.is_none() {
            self.at = start;
        }
        bounds
    }

    fn brace_bounds(&mut self) -> Option<(u32, Option<u32>)> {
        let min = self.number()?;
        let max = if self.eat(",") {
            if self.peek() == Some('}') { None } else { Some(self.number()?) }
        } else {
            Some(min)
        };
        (self.peek() == Some('}')).then_some((min, max))
    }

    fn number(&mut self) -> Option<u32> {
        let mut value = None;
        while let Some(digit) = self.peek().and_then(|c| c.to_digit(10)) {
            self.at += 1;
            value = Some(value.unwrap_or(0u32).saturating_mul(10).saturating_add(digit));
        }
        value
    }

    fn atom_escape(&mut self) -> Result<(Node, Repeats), Reason> {
        let c = self.peek().ok_or("\\ at end of pattern")?;
        match c {
            'b' | 'B' => {
                self.at += 1;
                return Ok((Node::WordBoundary { negated: c == 'B' }, NOT_REPEATED));
            }
            '1'..='9' => {
                let start = self.at;
                let group = self.number().unwrap_or(0);
                if group as usize <= self.group_names.len() {
                    return Ok((Node::BackReference { group }, REPEATED));
                }
                self.at = start;
            }
            'k' if self.named => {
                self.at += 1;
                return Ok((self.named_reference()?, REPEATED));
            }
            _ => {}
        }
        Ok((
            match self.escape(false)? {
                Escape::Char(c) => Node::Char(c),
                Escape::Nothing => Node::Set { set: CharSet::default(), negated: false },
                Escape::Set(set) => Node::Set { set, negated: false },
            },
            REPEATED,
        ))
    }

    fn named_reference(&mut self) -> Result<Node, Reason> {
        let name = match self.eat("<") {
            true => group_name(&self.chars, self.at),
            false => None,
        };
        let (name, behind) = name.ok_or("Invalid named reference")?;
        self.at = behind;
        let index = self.group_names.iter().position(|known| known.as_deref() == Some(name.as_str()));
        let group = index.ok_or("Invalid named capture referenced")? + 1;
        Ok(Node::BackReference { group: u32::try_from(group).unwrap_or(u32::MAX) })
    }

    /// What follows a backslash, where that is no assertion and no reference.
    fn escape(&mut self, in_class: bool) -> Result<Escape, Reason> {
        let c = self.next().ok_or("\\ at end of pattern")?;
        Ok(match c {
            'd' => Escape::Set(CharSet::digits()),
            'D' => Escape::Set(CharSet::digits().complement()),
            'w' => Escape::Set(CharSet::word()),
            'W' => Escape::Set(CharSet::word().complement()),
            's' => Escape::Set(CharSet::space()),
            'S' => Escape::Set(CharSet::space().complement()),
            't' => Escape::Char('\t'),
            'n' => Escape::Char('\n'),
            'v' => Escape::Char('\u{B}'),
            'f' => Escape::Char('\u{C}'),
            'r' => Escape::Char('\r'),
            'b' if in_class => Escape::Char('\u{8}'),
            'c' => self.control(in_class),
            '0'..='7' => Escape::Char(self.octal(c)),
            'x' => Escape::Char(self.hex(2).and_then(char::from_u32).unwrap_or('x')),
            'u' => self.unicode(),
            'k' if self.named => return Err("Invalid escape"),
            other => Escape::Char(other),
        })
    }

    /// `\cX`; without a letter the backslash stands for itself and the `c` is read again.
    fn control(&mut self, in_class: bool) -> Escape {
        match self.peek() {
            Some(c) if c.is_ascii_alphabetic() || (in_class && (c.is_ascii_digit() || c == '_')) => {
                self.at += 1;
                Escape::Char(char::from_u32(u32::from(c) % 32).unwrap_or(c))
            }
            _ => {
                self.at -= 1;
                Escape::Char('\\')
            }
        }
    }

    /// Annex B's octal escapes: at most three digits and at most `\377`.
    fn octal(&mut self, first: char) -> char {
        let mut value = first.to_digit(8).unwrap_or(0);
        for _ in 0..2 {
            let Some(digit) = self.peek().and_then(|c| c.to_digit(8)) else { break };
            if value * 8 + digit > 0o377 {
                break;
            }
            self.at += 1;
            value = value * 8 + digit;
        }
        char::from_u32(value).unwrap_or('\0')
    }

    fn hex(&mut self, digits: usize) -> Option<u32> {
        let text = self.chars.get(self.at..self.at + digits)?;
        let mut value = 0;
        for c in text {
            value = value * 16 + c.to_digit(16)?;
        }
        self.at += digits;
        Some(value)
    }

    /// `\uXXXX`; two that make a surrogate pair are one character.
    fn unicode(&mut self) -> Escape {
        let Some(high) = self.hex(4) else { return Escape::Char('u') };
        if let Some(c) = char::from_u32(high) {
            return Escape::Char(c);
        }
        let back = self.at;
        if high < 0xDC00 && self.eat("\\u") {
            if let Some(low @ 0xDC00..=0xDFFF) = self.hex(4) {
                let code = 0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00);
                return char::from_u32(code).map_or(Escape::Nothing, Escape::Char);
            }
            self.at = back;
        }
        Escape::Nothing
    }

    fn class(&mut self) -> Result<Node, Reason> {
        let negated = self.eat("^");
        let mut ranges: Vec<(u32, u32)> = Vec::new();
        loop {
            if self.eat("]") {
                return Ok(Node::Set { set: CharSet::new(ranges), negated });
            }
            let low = self.class_atom()?;
            if self.peek() != Some('-') || matches!(self.peek_at(1), Some(']') | None) {
                add(&mut ranges, &low);
                continue;
            }
            self.at += 1;
            let high = self.class_atom()?;
            match (&low, &high) {
                (Escape::Char(low), Escape::Char(high)) if low > high => {
                    return Err("Range out of order in character class");
                }
                (Escape::Char(low), Escape::Char(high)) => ranges.push((u32::from(*low), u32::from(*high))),
                // Annex B: with a class on either side the hyphen is itself.
                _ => {
                    add(&mut ranges, &low);
                    add(&mut ranges, &Escape::Char('-'));
                    add(&mut ranges, &high);
                }
            }
        }
    }

    fn class_atom(&mut self) -> Result<Escape, Reason> {
        match self.next() {
            None => Err("Unterminated character class"),
            Some('\\') if self.peek().is_none() => Err("\\ at end of pattern"),
            Some('\\') => self.escape(true),
            Some(c) => Ok(Escape::Char(c)),
        }
    }
}

fn add(ranges: &mut Vec<(u32, u32)>, escape: &Escape) {
    match escape {
        Escape::Char(c) => ranges.push((u32::from(*c), u32::from(*c))),
        Escape::Nothing => {}
        Escape::Set(set) => ranges.extend_from_slice(set.ranges()),
    }
}
