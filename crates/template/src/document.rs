//! The text of a file as a tree with places, whichever of the two languages it is written in.

use crate::placeholder;
use crate::yaml;
use json::ParseError;
use json::spanned::{Node, Spanned};
use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

/// The language of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// JSON, in which a placeholder may stand outside of strings.
    Json,
    /// YAML 1.2, with CloudFormation's short tags and merge keys.
    Yaml,
}

impl Syntax {
    /// The language of a file: by the ending of its name, else by its first character and line.
    pub fn of(name: &str, text: &str) -> Syntax {
        let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
        match ending.as_deref() {
            Some("yaml" | "yml") => Syntax::Yaml,
            Some("json" | "asl") => Syntax::Json,
            Some(_) | None if looks_like_yaml(text) => Syntax::Yaml,
            Some(_) | None => Syntax::Json,
        }
    }
}

/// Whether the first line that says anything is a key with a colon, or begins a YAML document.
fn looks_like_yaml(text: &str) -> bool {
    let text = text.trim_start_matches('\u{feff}');
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let Some(first) = lines.next() else { return false };
    let is_json = first.starts_with(['{', '[', '"']);
    !is_json && (first.starts_with("---") || first.ends_with(':') || first.contains(": "))
}

/// A file that was read.
#[derive(Clone, Debug)]
pub struct Document {
    /// What it holds.
    pub tree: Spanned,
    /// Where strings begin that are written without quotes, so that what is put in their place decides what they are.
    pub(crate) bare: Arc<HashSet<usize>>,
    /// What it was written in.
    pub(crate) syntax: Syntax,
    /// Keys of YAML that a mapping has already, wherever in the text they stand.
    pub(crate) given_twice: Arc<Vec<(Arc<str>, Range<usize>)>>,
}

impl Document {
    /// The first key of the tree that its mapping has already. YAML forbids it; JSON, and templates as they are deployed,
    /// take the last value.
    pub fn key_given_twice(&self) -> Option<ReadError> {
        let place = &self.tree.span;
        let (key, span) =
            self.given_twice.iter().find(|(_, span)| place.start <= span.start && span.end <= place.end)?;
        let shown: String = key.chars().take(80).collect();
        Some(ReadError::Yaml { message: format!("the key `{shown}` is given twice"), span: span.clone() })
    }
}

/// Why a text is no document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadError {
    /// It is not JSON.
    Json(ParseError),
    /// Its values stand in one another too deeply.
    TooDeep {
        /// What is wrong.
        message: String,
        /// The bytes of the text that it is about.
        span: Range<usize>,
    },
    /// It is not YAML, or YAML that no definition can be made of.
    Yaml {
        /// What is wrong.
        message: String,
        /// The bytes of the text that it is about.
        span: Range<usize>,
    },
}

/// Reads a text.
pub fn read(text: &str, syntax: Syntax) -> Result<Document, ReadError> {
    match syntax {
        Syntax::Yaml => yaml::read(text),
        Syntax::Json => read_json(text),
    }
}

/// JSON in which `${Name}` may stand outside of strings: where a number comes to stand, or a whole object.
fn read_json(text: &str) -> Result<Document, ReadError> {
    let (quoted, bare) = quote_bare_placeholders(text);
    let mut tree = json::spanned::parse(&quoted).map_err(ReadError::Json)?;
    if !bare.is_empty() {
        restore(&mut tree, &bare);
    }
    Ok(Document { tree, bare: Arc::new(bare), syntax: Syntax::Json, given_twice: Arc::default() })
}

/// The text with each `${Name}` outside of strings as `"Name" `, which has as many bytes, and where each begins.
fn quote_bare_placeholders(text: &str) -> (String, HashSet<usize>) {
    let mut quoted = String::with_capacity(text.len());
    let mut bare = HashSet::new();
    let mut rest = text;
    let mut is_inside = false;
    while let Some(c) = rest.chars().next() {
        if !is_inside && let Some((name, left)) = placeholder::at_start(rest) {
            bare.insert(quoted.len());
            quoted.push_str(&format!("\"{name}\" "));
            rest = left;
            continue;
        }
        let step = match (is_inside, c) {
            (true, '\\') => rest.chars().nth(1).map_or(1, |next| 1 + next.len_utf8()),
            (true | false, _) => c.len_utf8(),
        };
        is_inside ^= c == '"';
        let (taken, left) = rest.split_at(step.min(rest.len()));
        quoted.push_str(taken);
        rest = left;
    }
    (quoted, bare)
}

/// Gives the bare placeholders their own text and place back.
fn restore(node: &mut Spanned, bare: &HashSet<usize>) {
    let is_bare = bare.contains(&node.span.start);
    match &mut node.node {
        Node::String(name) if is_bare => {
            *name = format!("${{{name}}}").into();
            node.span.end += 1;
        }
        Node::Array(items) => items.iter_mut().for_each(|item| restore(item, bare)),
        Node::Object(members) => {
            for member in members {
                if bare.contains(&member.key_span.start) {
                    member.key = format!("${{{}}}", member.key).into();
                    member.key_span.end += 1;
                }
                restore(&mut member.value, bare);
            }
        }
        Node::Null | Node::Bool(_) | Node::Number(_) | Node::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_decides_and_else_the_first_line() {
        for (name, text, expected) in [
            ("a.asl.yaml", "{}", Syntax::Yaml),
            ("a.YML", "", Syntax::Yaml),
            ("a.asl.json", "StartAt: A", Syntax::Json),
            ("<stdin>", "\n# said\nStartAt: A\n", Syntax::Yaml),
            ("<stdin>", "---\nStartAt: A\n", Syntax::Yaml),
            ("<stdin>", "States:\n  A: {}\n", Syntax::Yaml),
            ("<stdin>", " {\"StartAt\": \"A\"}", Syntax::Json),
            ("<stdin>", "not a definition", Syntax::Json),
            ("<stdin>", "", Syntax::Json),
        ] {
            assert_eq!(Syntax::of(name, text), expected, "{name} {text:?}");
        }
    }

    #[test]
    fn placeholders_of_json_may_stand_outside_of_strings() {
        let text = r#"{"Seconds": ${Wait}, "ä": "\"${Kept}", ${Key}: [${A.b},${A}]}"#;
        let document = read(text, Syntax::Json).unwrap();
        let expected = r#"{"Seconds":"${Wait}","ä":"\"${Kept}","${Key}":["${A.b}","${A}"]}"#;
        assert_eq!(document.tree.to_value().to_text(), expected);
        let waited = document.tree.get("Seconds").unwrap();
        assert_eq!(text.get(waited.span.clone()), Some("${Wait}"));
        assert_eq!(document.bare.len(), 4);
    }

    #[test]
    fn what_is_no_json_keeps_the_readers_words_and_place() {
        let Err(ReadError::Json(error)) = read("{\"a\": ${X} 1}", Syntax::Json) else {
            panic!("it is no JSON")
        };
        assert_eq!((error.line, error.column), (1, 12));
    }
}
