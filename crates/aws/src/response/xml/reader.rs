//! Reading XML: elements, attributes, text, CDATA, comments. No document types, no entities but the five of XML, namespaces by
//! their prefix alone; that is what AWS's services write.

use super::malformed;
use crate::response::DecodeError;

/// How deep elements may stand in one another.
const MAX_DEPTH: usize = 128;

/// An element. Names are without prefix.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Element {
    pub(crate) name: String,
    /// Names with their prefix.
    attributes: Vec<(String, String)>,
    pub(crate) children: Vec<Element>,
    /// The text between its children.
    pub(crate) text: String,
}

impl Element {
    /// The first child of that name.
    pub(crate) fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.is_named(name))
    }

    pub(crate) fn is_named(&self, name: &str) -> bool {
        self.name == name.rsplit(':').next().unwrap_or(name)
    }

    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(attribute, _)| attribute == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// Reads a document.
pub(crate) fn parse(bytes: &[u8]) -> Result<Element, DecodeError> {
    let text = std::str::from_utf8(bytes).map_err(|_| malformed("XML that is not UTF-8"))?;
    let mut reader = Reader { rest: text.trim_start_matches('\u{feff}') };
    let mut open: Vec<Element> = Vec::new();
    loop {
        let (text, tag) = reader.next_tag()?;
        if let Some(element) = open.last_mut() {
            element.text.push_str(&unescaped(text)?);
        } else if !text.trim().is_empty() {
            return Err(malformed("text outside of the root element"));
        }
        let done = match tag {
            Tag::Other => None,
            Tag::Cdata(text) => {
                open.last_mut()
                    .ok_or_else(|| malformed("text outside of the root element"))?
                    .text
                    .push_str(text);
                None
            }
            Tag::Start(element) if open.len() < MAX_DEPTH => {
                open.push(element);
                None
            }
            Tag::Start(_) => return Err(malformed("XML nested too deeply")),
            Tag::Whole(element) => Some(element),
            Tag::End(name) => Some(
                open.pop().filter(|e| e.name == name).ok_or_else(|| malformed("an unexpected end tag"))?,
            ),
        };
        match (done, open.last_mut()) {
            (None, _) => {}
            (Some(element), Some(parent)) => parent.children.push(element),
            (Some(element), None) => return Ok(element),
        }
    }
}

enum Tag<'a> {
    Start(Element),
    /// `<a/>`
    Whole(Element),
    End(&'a str),
    Cdata(&'a str),
    /// A declaration, an instruction, a comment.
    Other,
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    /// The text up to the next tag, and the tag.
    fn next_tag(&mut self) -> Result<(&'a str, Tag<'a>), DecodeError> {
        let (text, rest) = self.rest.split_once('<').ok_or_else(|| malformed("XML that ends early"))?;
        self.rest = rest;
        let tag = if let Some(rest) = rest.strip_prefix("!--") {
            self.rest = rest;
            self.until("-->")?;
            Tag::Other
        } else if let Some(rest) = rest.strip_prefix("![CDATA[") {
            self.rest = rest;
            Tag::Cdata(self.until("]]>")?)
        } else if rest.starts_with('?') {
            self.until("?>")?;
            Tag::Other
        } else if rest.starts_with('!') {
            return Err(malformed("a document type"));
        } else if let Some(rest) = rest.strip_prefix('/') {
            self.rest = rest;
            Tag::End(local(self.until(">")?.trim()))
        } else {
            self.start()?
        };
        Ok((text, tag))
    }

    fn start(&mut self) -> Result<Tag<'a>, DecodeError> {
        let is_end = |c: char| c.is_ascii_whitespace() || c == '>' || c == '/';
        let name = self.word(is_end)?;
        let mut element = Element { name: local(name).to_owned(), ..Element::default() };
        loop {
            self.rest = self.rest.trim_start();
            if let Some(rest) = self.rest.strip_prefix("/>") {
                self.rest = rest;
                return Ok(Tag::Whole(element));
            }
            if let Some(rest) = self.rest.strip_prefix('>') {
                self.rest = rest;
                return Ok(Tag::Start(element));
            }
            let name = self.word(|c| c == '=' || is_end(c))?.to_owned();
            let value = self.rest.trim_start().strip_prefix('=').map(str::trim_start);
            let quote = value.and_then(|value| value.chars().next()).filter(|c| matches!(c, '"' | '\''));
            let (Some(value), Some(quote)) = (value, quote) else {
                return Err(malformed("an attribute without a value"));
            };
            let (value, rest) = value
                .get(1..)
                .and_then(|value| value.split_once(quote))
                .ok_or_else(|| malformed("XML that ends early"))?;
            self.rest = rest;
            element.attributes.push((name, unescaped(value)?));
        }
    }

    fn word(&mut self, is_end: impl Fn(char) -> bool) -> Result<&'a str, DecodeError> {
        let end = self.rest.find(is_end).ok_or_else(|| malformed("XML that ends early"))?;
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        if word.is_empty() { Err(malformed("a name is missing")) } else { Ok(word) }
    }

    fn until(&mut self, end: &str) -> Result<&'a str, DecodeError> {
        let (text, rest) = self.rest.split_once(end).ok_or_else(|| malformed("XML that ends early"))?;
        self.rest = rest;
        Ok(text)
    }
}

fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

fn unescaped(text: &str) -> Result<String, DecodeError> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let (entity, after) = after.split_once(';').ok_or_else(|| malformed("an entity without an end"))?;
        out.push(entity_char(entity).ok_or_else(|| malformed("an unknown entity"))?);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

fn entity_char(entity: &str) -> Option<char> {
    match entity {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        other => {
            let digits = other.strip_prefix('#')?;
            let code = match digits.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => digits.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_read() {
        let text = concat!(
            r#"<?xml version="1.0"?><!-- a --><a xmlns="u" x:b='1 &lt; 2'> t<b/>"#,
            "<x:c>&#233;&amp;<![CDATA[<raw>]]></x:c>u</a>"
        );
        let root = parse(text.as_bytes()).unwrap();
        assert_eq!((root.name.as_str(), root.text.as_str()), ("a", " tu"));
        assert_eq!(root.attribute("x:b"), Some("1 < 2"));
        assert_eq!(root.child("c").unwrap().text, "é&<raw>");
        assert_eq!(root.children.len(), 2);
    }

    #[test]
    fn hostile_documents_are_refused() {
        for text in [
            "",
            "x",
            "<a>",
            "<a></b>",
            "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
            "<a>&b;</a>",
            "<a b>",
            "<a b=c/>",
            "</a>",
            "<",
        ] {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
        assert!(parse("<a>".repeat(100_000).as_bytes()).is_err());
        assert!(parse(b"<a>\xff</a>").is_err());
    }
}
