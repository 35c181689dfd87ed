//! What a pattern says, before it becomes a program.

use super::set::CharSet;

/// One node of a parsed pattern.
#[derive(Debug, Clone)]
pub(super) enum Node {
    /// Matches the empty text.
    Empty,
    /// One character.
    Char(char),
    /// `.`: one character that ends no line.
    Any,
    /// A class or a class escape. `negated` stays apart so that case folding happens before the complement.
    Set { set: CharSet, negated: bool },
    /// `^`
    Start,
    /// `$`
    End,
    /// `\b`, or `\B` when negated.
    WordBoundary { negated: bool },
    /// `( )`, with the group's number from 1.
    Capture { group: u32, body: Box<Node> },
    /// `\1` or `\k<name>`, by number.
    BackReference { group: u32 },
    /// `(?= )`, `(?! )`, `(?<= )`, `(?<! )`.
    Look { ahead: bool, negated: bool, body: Box<Node> },
    /// One after the other.
    Concat(Vec<Node>),
    /// The first that lets the rest match.
    Alternation(Vec<Node>),
    /// `* + ? {n,m}`. `first_group..last_group` are the groups inside, cleared at the start of each round.
    Repeat { body: Box<Node>, min: u32, max: Option<u32>, greedy: bool, first_group: u32, last_group: u32 },
}

/// A parsed pattern.
#[derive(Debug, Clone)]
pub(super) struct Parsed {
    pub(super) root: Node,
    /// One entry per capturing group.
    pub(super) group_names: Vec<Option<String>>,
}
