//! The definition's JSON as the rules see it: every part knows its location, its bytes, and the dialect it is written in.

use crate::location::Location;
use indexmap::IndexMap;
use json::spanned::{Member, Node, Spanned};
use model::StateMachineType;
use std::ops::Range;
use std::sync::Arc;

/// The query language of a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum QueryLanguage {
    JsonPath,
    Jsonata,
}

/// What decides which fields a part may have: its query language, and the type of machine it runs in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dialect {
    pub(crate) language: QueryLanguage,
    pub(crate) machine_type: StateMachineType,
}

/// Something that a diagnostic can point at.
pub(crate) trait Place {
    /// The slash path.
    fn location(&self) -> &Location;
    /// The bytes to underline.
    fn mark(&self) -> Range<usize>;
}

/// A value of the definition.
#[derive(Clone, Debug)]
pub(crate) struct Field<'d> {
    pub(crate) value: &'d Spanned,
    pub(crate) dialect: Dialect,
    at: Location,
    key_span: Option<Range<usize>>,
}

impl<'d> Field<'d> {
    /// The whole document.
    pub(crate) fn root(value: &'d Spanned, dialect: Dialect) -> Field<'d> {
        Field { value, dialect, at: Location::root(), key_span: None }
    }

    /// A value that stands for the one at another place of a larger document.
    pub(crate) fn standing_at(value: &'d Spanned, dialect: Dialect, at: Location) -> Field<'d> {
        Field { value, dialect, at, key_span: None }
    }

    /// The string, if it is one.
    pub(crate) fn as_str(&self) -> Option<&'d Arc<str>> {
        match &self.value.node {
            Node::String(text) => Some(text),
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::Array(_) | Node::Object(_) => None,
        }
    }

    /// Whether it is `null`.
    pub(crate) fn is_null(&self) -> bool {
        matches!(self.value.node, Node::Null)
    }

    /// The object, if it is one.
    pub(crate) fn as_object(&self) -> Option<Object<'d>> {
        let members = self.value.as_object()?;
        let start = self.value.span.start;
        Some(Object {
            members: members.iter().map(|member| (&*member.key, member)).collect(),
            dialect: self.dialect,
            at: self.at.clone(),
            // A whole object is too much to underline: its key, or its brace, stands for it. In YAML, which has no brace,
            // its first key.
            mark: self.key_span.clone().unwrap_or_else(|| match members.first() {
                Some(first) if first.key_span.start == start => first.key_span.clone(),
                Some(_) | None => start..start + 1,
            }),
        })
    }

    /// The items, if it is an array.
    pub(crate) fn as_array(&self) -> Option<impl ExactSizeIterator<Item = Field<'d>> + use<'d>> {
        let items = self.value.as_array()?;
        let (dialect, at) = (self.dialect, self.at.clone());
        Some(items.iter().enumerate().map(move |(index, value)| Field {
            value,
            dialect,
            at: at.item(index),
            key_span: None,
        }))
    }

    /// The field, pointed at by its key instead of its value.
    pub(crate) fn key(&self) -> Key<'_> {
        Key { at: &self.at, mark: self.key_span.clone().unwrap_or_else(|| self.mark()) }
    }

    /// The same value, seen in another dialect.
    pub(crate) fn in_dialect(self, dialect: Dialect) -> Field<'d> {
        Field { dialect, ..self }
    }
}

impl Place for Field<'_> {
    fn location(&self) -> &Location {
        &self.at
    }

    fn mark(&self) -> Range<usize> {
        self.value.span.clone()
    }
}

/// The key of a field.
pub(crate) struct Key<'p> {
    at: &'p Location,
    mark: Range<usize>,
}

impl Place for Key<'_> {
    fn location(&self) -> &Location {
        self.at
    }

    fn mark(&self) -> Range<usize> {
        self.mark.clone()
    }
}

/// An object of the definition. Of a key given twice the last value counts, at the place of the first.
#[derive(Clone, Debug)]
pub(crate) struct Object<'d> {
    members: IndexMap<&'d str, &'d Member>,
    pub(crate) dialect: Dialect,
    at: Location,
    mark: Range<usize>,
}

impl<'d> Object<'d> {
    /// The member `name`.
    pub(crate) fn field(&self, name: &str) -> Option<Field<'d>> {
        self.members.get(name).map(|member| self.of(member))
    }

    /// Whether there is a member `name`.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    /// Every member with its key, in the order of the text.
    pub(crate) fn fields(&self) -> impl ExactSizeIterator<Item = (&'d Arc<str>, Field<'d>)> + '_ {
        self.members.values().map(|member| (&member.key, self.of(member)))
    }

    /// The same object, seen in another query language.
    pub(crate) fn in_language(mut self, language: QueryLanguage) -> Object<'d> {
        self.dialect.language = language;
        self
    }

    /// Whether its query language is JSONata.
    pub(crate) fn is_jsonata(&self) -> bool {
        self.dialect.language == QueryLanguage::Jsonata
    }

    fn of(&self, member: &'d Member) -> Field<'d> {
        Field {
            value: &member.value,
            dialect: self.dialect,
            at: self.at.field(&member.key),
            key_span: Some(member.key_span.clone()),
        }
    }
}

impl Place for Object<'_> {
    fn location(&self) -> &Location {
        &self.at
    }

    fn mark(&self) -> Range<usize> {
        self.mark.clone()
    }
}
