//! The tree, made from the parser's events.

use super::tags::{self, Meaning};
use super::{DEEPEST, MOST_VALUES, merge, problem, scalars};
use crate::document::{Document, ReadError, Syntax};
use crate::placeholder;
use json::spanned::{Member, Node, Spanned};
use saphyr_parser::{Event, ScalarStyle, Tag};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

/// Takes the events of one document.
pub(super) struct Builder<'t> {
    text: &'t str,
    open: Vec<Open>,
    root: Option<Spanned>,
    anchors: HashMap<usize, Anchored>,
    /// Values so far, copies included.
    values: usize,
    bare: HashSet<usize>,
    given_twice: Vec<(Arc<str>, Range<usize>)>,
}

/// A list or mapping that has begun.
struct Open {
    start: usize,
    anchor: usize,
    function: Option<String>,
    inside: Inside,
}

enum Inside {
    List(Vec<Spanned>),
    Mapping(Box<Mapping>),
}

#[derive(Default)]
struct Mapping {
    members: Vec<Member>,
    keys: HashSet<Arc<str>>,
    /// A key whose value has not come yet.
    key: Option<Key>,
    /// What stands at merge keys.
    merged: Vec<Spanned>,
}

struct Key {
    text: Arc<str>,
    span: Range<usize>,
    is_merge: bool,
}

/// A value that aliases may stand for.
struct Anchored {
    value: Spanned,
    values: usize,
    depth: usize,
    /// Whether it is `<<` without quotes.
    is_merge: bool,
}

impl<'t> Builder<'t> {
    pub(super) fn new(text: &'t str) -> Builder<'t> {
        let (anchors, bare) = (HashMap::new(), HashSet::new());
        Builder { text, open: Vec::new(), root: None, anchors, values: 0, bare, given_twice: Vec::new() }
    }

    pub(super) fn take(&mut self, event: Event<'_>, span: Range<usize>) -> Result<(), ReadError> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.scalar(&text, style, anchor, tag.as_deref(), span)
            }
            Event::SequenceStart(anchor, tag) => self.begin(Inside::List(Vec::new()), anchor, tag, span),
            Event::MappingStart(anchor, tag) => {
                self.begin(Inside::Mapping(Box::default()), anchor, tag, span)
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(span.end),
            Event::Alias(anchor) => self.alias(anchor, span),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(()),
        }
    }

    /// The document; `null` where there was nothing.
    pub(super) fn finish(self) -> Document {
        let tree = self.root.unwrap_or(Spanned { span: 0..0, node: Node::Null });
        let (bare, given_twice) = (Arc::new(self.bare), Arc::new(self.given_twice));
        Document { tree, bare, syntax: Syntax::Yaml, given_twice }
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        span: Range<usize>,
    ) -> Result<(), ReadError> {
        let meaning = meaning(tag, &span)?;
        let is_plain = style == ScalarStyle::Plain && meaning != Some(Meaning::Text);
        let is_merge = is_plain && text == "<<";
        let own_span = self.content(self.without_tag(span.clone(), tag.is_some() || anchor != 0), style);
        if self.waits_for_a_key() {
            let key = Key { text: text.into(), span: own_span.clone(), is_merge };
            if anchor != 0 {
                let value = Spanned { span: own_span, node: Node::String(text.into()) };
                self.remember(anchor, &value, is_merge, &span)?;
            }
            return self.key(key);
        }
        let node = if is_plain { scalars::plain(text) } else { Node::String(text.into()) };
        if is_plain && matches!(&node, Node::String(text) if placeholder::is_in(text)) {
            self.bare.insert(own_span.start);
        }
        let value = Spanned { span: own_span, node };
        let value = match meaning {
            Some(Meaning::Function(function)) => tags::call(function, value, span.clone()),
            Some(Meaning::Text | Meaning::AsItLooks) | None => value,
        };
        if anchor != 0 {
            self.remember(anchor, &value, is_merge, &span)?;
        }
        self.count(1, &span)?;
        self.put(value)
    }

    fn begin(
        &mut self,
        inside: Inside,
        anchor: usize,
        tag: Option<Cow<'_, Tag>>,
        span: Range<usize>,
    ) -> Result<(), ReadError> {
        if self.waits_for_a_key() {
            return Err(problem("a key is a text, not a list or mapping", span));
        }
        if self.open.len() >= DEEPEST {
            return Err(too_deep(span));
        }
        let function = match meaning(tag.as_deref(), &span)? {
            Some(Meaning::Function(function)) => Some(function),
            Some(Meaning::Text) => return Err(problem("a list or mapping is no text", span)),
            Some(Meaning::AsItLooks) | None => None,
        };
        self.count(1, &span)?;
        let start = self.without_tag(span, tag.is_some() || anchor != 0).start;
        self.open.push(Open { start, anchor, function, inside });
        Ok(())
    }

    fn end(&mut self, end: usize) -> Result<(), ReadError> {
        let Some(Open { start, anchor, function, inside }) = self.open.pop() else { return Ok(()) };
        let span = start..end.max(start);
        let node = match inside {
            Inside::List(items) => Node::Array(items),
            Inside::Mapping(mapping) => {
                let Mapping { mut members, merged, .. } = *mapping;
                merge::merge(&mut members, merged)?;
                Node::Object(members)
            }
        };
        let mut value = Spanned { span: span.clone(), node };
        if let Some(function) = function {
            value = tags::call(function, value, span.clone());
        }
        if anchor != 0 {
            self.remember(anchor, &value, false, &span)?;
        }
        self.put(value)
    }

    fn alias(&mut self, anchor: usize, span: Range<usize>) -> Result<(), ReadError> {
        let Some(known) = self.anchors.get(&anchor) else {
            return Err(problem(
                "an alias stands for what is complete, and this one stands within itself",
                span,
            ));
        };
        let (values, depth, is_merge) = (known.values, known.depth, known.is_merge);
        if self.open.len() + depth > DEEPEST {
            return Err(too_deep(span));
        }
        if self.waits_for_a_key() {
            let Some(text) = known.value.as_str() else {
                return Err(problem("a key is a text, and this alias stands for something else", span));
            };
            let key = Key { text: text.into(), span, is_merge };
            return self.key(key);
        }
        // Counted before it is copied: aliases of aliases grow without measure.
        self.values += values;
        self.check_size(&span)?;
        let copy = self.anchors.get(&anchor).map(|known| known.value.clone());
        copy.map_or(Ok(()), |copy| self.put(copy))
    }

    fn waits_for_a_key(&self) -> bool {
        matches!(self.open.last(), Some(Open { inside: Inside::Mapping(mapping), .. }) if mapping.key.is_none())
    }

    fn key(&mut self, key: Key) -> Result<(), ReadError> {
        self.count(1, &key.span)?;
        let Some(Open { inside: Inside::Mapping(mapping), .. }) = self.open.last_mut() else { return Ok(()) };
        if !key.is_merge && !mapping.keys.insert(key.text.clone()) {
            self.given_twice.push((key.text.clone(), key.span.clone()));
        }
        mapping.key = Some(key);
        Ok(())
    }

    fn put(&mut self, value: Spanned) -> Result<(), ReadError> {
        match self.open.last_mut().map(|open| &mut open.inside) {
            None => self.root = Some(value),
            Some(Inside::List(items)) => items.push(value),
            Some(Inside::Mapping(mapping)) => match mapping.key.take() {
                Some(Key { is_merge: true, .. }) => mapping.merged.push(value),
                Some(Key { text, span, is_merge: false }) => {
                    mapping.members.push(Member { key: text, key_span: span, value });
                }
                None => {}
            },
        }
        Ok(())
    }

    fn remember(
        &mut self,
        anchor: usize,
        value: &Spanned,
        is_merge: bool,
        span: &Range<usize>,
    ) -> Result<(), ReadError> {
        let (values, depth) = measure(value);
        self.values += values;
        self.check_size(span)?;
        self.anchors.insert(anchor, Anchored { value: value.clone(), values, depth, is_merge });
        Ok(())
    }

    fn count(&mut self, values: usize, span: &Range<usize>) -> Result<(), ReadError> {
        self.values += values;
        self.check_size(span)
    }

    fn check_size(&self, span: &Range<usize>) -> Result<(), ReadError> {
        match self.values > MOST_VALUES {
            true => {
                let message =
                    format!("it has more than {MOST_VALUES} values, counting each where an alias puts it");
                Err(problem(message, span.clone()))
            }
            false => Ok(()),
        }
    }

    /// The place of a block without the line that says it is one, which the parser leaves in behind a tag.
    fn content(&self, span: Range<usize>, style: ScalarStyle) -> Range<usize> {
        let own = self.text.get(span.clone()).unwrap_or("");
        let is_block =
            matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) && own.starts_with(['|', '>']);
        let Some((header, content)) = own.split_once('\n').filter(|_| is_block) else { return span };
        let indent = content.len() - content.trim_start_matches(' ').len();
        span.start + header.len() + 1 + indent..span.end
    }

    /// The place of a value without the tag and anchor before it.
    fn without_tag(&self, span: Range<usize>, has_any: bool) -> Range<usize> {
        let mut start = span.start;
        let mut rest = self.text.get(span.clone()).unwrap_or("");
        while has_any && rest.starts_with(['!', '&']) {
            let length = rest.find(char::is_whitespace).unwrap_or(rest.len());
            let after = rest.get(length..).unwrap_or("");
            let trimmed = after.trim_start();
            start += length + (after.len() - trimmed.len());
            rest = trimmed;
        }
        start..span.end.max(start)
    }
}

fn too_deep(span: Range<usize>) -> ReadError {
    ReadError::TooDeep { message: format!("values stand in one another more than {DEEPEST} deep"), span }
}

fn meaning(tag: Option<&Tag>, span: &Range<usize>) -> Result<Option<Meaning>, ReadError> {
    let Some(tag) = tag else { return Ok(None) };
    match tags::meaning(tag) {
        Some(meaning) => Ok(Some(meaning)),
        None => {
            let shown: String = tag.to_string().chars().take(80).collect();
            Err(problem(format!("the tag `{shown}` is none of CloudFormation's"), span.clone()))
        }
    }
}

/// The values in a tree and how deep they stand.
fn measure(value: &Spanned) -> (usize, usize) {
    let inner: Vec<&Spanned> = match &value.node {
        Node::Array(items) => items.iter().collect(),
        Node::Object(members) => members.iter().map(|member| &member.value).collect(),
        Node::Null | Node::Bool(_) | Node::Number(_) | Node::String(_) => return (1, 0),
    };
    let (mut values, mut depth) = (1, 0);
    for value in inner {
        let (more, deeper) = measure(value);
        values += more;
        depth = depth.max(deeper);
    }
    (values, depth + 1)
}
