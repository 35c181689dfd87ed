//! JavaScript regular expressions with a budget.
//!
//! A pattern is compiled to a small program that a backtracking machine runs with an explicit, bounded stack:
//! the native stack never grows with the text, and every instruction and every character compared is one step
//! of the caller's budget, so a catastrophic pattern ends in [`StepsExhausted`] and not in a busy core.
//!
//! The syntax is ECMAScript's without the `u` flag, Annex B included. One difference is deliberate: JavaScript
//! matches UTF-16 code units, this engine matches characters. They differ only outside the Basic Multilingual
//! Plane: `.` takes a whole emoji here and half of it there, and a lone surrogate escape matches nothing here.

mod ast;
mod compile;
mod exec;
mod parser;
mod set;

#[cfg(test)]
mod tests;

use std::fmt;

use exec::Program;

/// Longest accepted pattern, in bytes.
pub const MAX_PATTERN_BYTES: usize = 32 * 1024;
/// Deepest accepted nesting of groups.
pub const MAX_NESTING: usize = 200;
/// Most capturing groups in one pattern.
pub const MAX_GROUPS: usize = 1_000;
/// Most instructions in one compiled pattern.
pub const MAX_PROGRAM: usize = 100_000;

/// A compiled pattern; immutable, so one may serve many threads.
#[derive(Debug, Clone)]
pub struct Regex {
    program: Program,
    group_names: Vec<Option<String>>,
}

/// Where a pattern matched; every offset is a byte offset into the text that was searched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// Start of the whole match.
    pub start: usize,
    /// End of the whole match (exclusive).
    pub end: usize,
    /// One entry per capturing group, the first group first; `None` where the group took no part.
    pub groups: Vec<Option<(usize, usize)>>,
}

/// The budget of steps (or the bounded backtrack stack) ran out before the search had an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepsExhausted;

impl fmt::Display for StepsExhausted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the regular expression needs more steps than its budget")
    }
}

impl std::error::Error for StepsExhausted {}

/// Why a pattern was refused. Displays as V8's `SyntaxError` does, with the `g` that JSONata always adds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegexError {
    /// The pattern as written.
    pub pattern: String,
    /// The flags as written.
    pub flags: String,
    /// V8's reason, such as `Unterminated group`.
    pub reason: String,
}

impl fmt::Display for RegexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.reason == INVALID_FLAGS {
            return write!(f, "Invalid flags supplied to RegExp constructor '{}'", self.flags);
        }
        let ignore_case = if self.flags.contains('i') { "i" } else { "" };
        let multiline = if self.flags.contains('m') { "m" } else { "" };
        write!(f, "Invalid regular expression: /{}/g{ignore_case}{multiline}: {}", self.pattern, self.reason)
    }
}

impl std::error::Error for RegexError {}

const INVALID_FLAGS: &str = "Invalid flags";

impl Regex {
    /// Compiles `pattern`. Of the flags, `i` and `m` change the matching; `g` is accepted and changes nothing,
    /// since the caller decides where each search starts.
    ///
    /// # Errors
    /// A syntax error in V8's words, an unknown or repeated flag, or a pattern over one of the bounds
    /// ([`MAX_PATTERN_BYTES`], [`MAX_NESTING`], [`MAX_GROUPS`], [`MAX_PROGRAM`]).
    pub fn compile(pattern: &str, flags: &str) -> Result<Regex, RegexError> {
        let refuse = |reason: &str| RegexError {
            pattern: pattern.to_owned(),
            flags: flags.to_owned(),
            reason: reason.to_owned(),
        };
        let options = Options::from_flags(flags).ok_or_else(|| refuse(INVALID_FLAGS))?;
        if pattern.len() > MAX_PATTERN_BYTES {
            return Err(refuse(TOO_LARGE));
        }
        let parsed = parser::parse(pattern).map_err(&refuse)?;
        let program = compile::compile(&parsed.root, parsed.group_names.len(), options).map_err(&refuse)?;
        Ok(Regex { program, group_names: parsed.group_names })
    }

    /// The leftmost match that starts at `start_byte` or later; `None` when there is none. An offset inside a
    /// character counts as the next character's; an offset past the end finds nothing.
    ///
    /// # Errors
    /// [`StepsExhausted`] when `steps` reached zero, or when the backtrack stack reached its bound.
    pub fn find_at(
        &self,
        text: &str,
        start_byte: usize,
        steps: &mut u64,
    ) -> Result<Option<Match>, StepsExhausted> {
        exec::find_at(&self.program, text, start_byte, steps)
    }

    /// Number of capturing groups, the whole match not counted.
    pub fn group_count(&self) -> usize {
        self.group_names.len()
    }

    /// The name of each capturing group, the first group first; `None` for an unnamed one.
    pub fn group_names(&self) -> &[Option<String>] {
        &self.group_names
    }
}

/// What the flags ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Options {
    ignore_case: bool,
    multiline: bool,
}

impl Options {
    fn from_flags(flags: &str) -> Option<Options> {
        let mut seen = String::new();
        for flag in flags.chars() {
            if !matches!(flag, 'g' | 'i' | 'm') || seen.contains(flag) {
                return None;
            }
            seen.push(flag);
        }
        Some(Options { ignore_case: seen.contains('i'), multiline: seen.contains('m') })
    }
}

const TOO_LARGE: &str = "Regular expression too large";
