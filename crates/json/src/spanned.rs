//! JSON with places: for definitions, whose errors must point at what is wrong.

use crate::reader::{self, Builder};
use crate::{Number, Object, ParseError, Value};
use std::ops::Range;
use std::sync::Arc;

/// A value and the bytes of the text that it stands in.
#[derive(Clone, Debug)]
pub struct Spanned {
    /// Byte range in the text.
    pub span: Range<usize>,
    /// The value.
    pub node: Node,
}

/// A value whose parts have places too.
#[derive(Clone, Debug)]
pub enum Node {
    /// `null`
    Null,
    /// A boolean.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string.
    String(Arc<str>),
    /// An array.
    Array(Vec<Spanned>),
    /// An object: every member as written, keys given twice included.
    Object(Vec<Member>),
}

/// A member of an object.
#[derive(Clone, Debug)]
pub struct Member {
    /// The key.
    pub key: Arc<str>,
    /// Where the key stands, quotes included.
    pub key_span: Range<usize>,
    /// The value.
    pub value: Spanned,
}

/// Reads a document.
pub fn parse(text: &str) -> Result<Spanned, ParseError> {
    reader::read(text, &mut WithSpans)
}

impl Spanned {
    /// The value without places; of a key given twice the last value counts.
    pub fn to_value(&self) -> Value {
        match &self.node {
            Node::Null => Value::Null,
            Node::Bool(b) => Value::Bool(*b),
            Node::Number(n) => Value::Number(n.clone()),
            Node::String(s) => Value::String(s.clone()),
            Node::Array(items) => Value::array(items.iter().map(Spanned::to_value).collect()),
            Node::Object(members) => Value::Object(Arc::new(
                members.iter().map(|m| (m.key.clone(), m.value.to_value())).collect::<Object>(),
            )),
        }
    }

    /// The member of an object; of a key given twice the last.
    pub fn member(&self, key: &str) -> Option<&Member> {
        match &self.node {
            Node::Object(members) => members.iter().rev().find(|m| &*m.key == key),
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::String(_) | Node::Array(_) => None,
        }
    }

    /// The value of a member.
    pub fn get(&self, key: &str) -> Option<&Spanned> {
        self.member(key).map(|m| &m.value)
    }

    /// The string, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match &self.node {
            Node::String(s) => Some(s),
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::Array(_) | Node::Object(_) => None,
        }
    }

    /// The members, if it is an object.
    pub fn as_object(&self) -> Option<&[Member]> {
        match &self.node {
            Node::Object(members) => Some(members),
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::String(_) | Node::Array(_) => None,
        }
    }

    /// The items, if it is an array.
    pub fn as_array(&self) -> Option<&[Spanned]> {
        match &self.node {
            Node::Array(items) => Some(items),
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::String(_) | Node::Object(_) => None,
        }
    }
}

struct WithSpans;

impl Builder for WithSpans {
    type Node = Spanned;

    fn scalar(&mut self, value: Value, span: Range<usize>) -> Spanned {
        let node = match value {
            Value::Bool(b) => Node::Bool(b),
            Value::Number(n) => Node::Number(n),
            Value::String(s) => Node::String(s),
            Value::Null | Value::Array(_) | Value::Object(_) => Node::Null,
        };
        Spanned { span, node }
    }

    fn array(&mut self, items: Vec<Spanned>, span: Range<usize>) -> Spanned {
        Spanned { span, node: Node::Array(items) }
    }

    fn object(&mut self, members: Vec<(Arc<str>, Range<usize>, Spanned)>, span: Range<usize>) -> Spanned {
        let members =
            members.into_iter().map(|(key, key_span, value)| Member { key, key_span, value }).collect();
        Spanned { span, node: Node::Object(members) }
    }
}
