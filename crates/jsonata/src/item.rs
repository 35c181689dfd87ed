//! Values inside an evaluation: those of the input as they are, and what only an evaluation has: undefined, sequences,
//! functions, and arrays and objects that hold them.

mod convert;
mod release;
mod view;

use crate::function::Function;
use json::{Number, Value};
use std::rc::Rc;
use std::sync::Arc;

pub(crate) use convert::into_value;
pub(crate) use release::release;
pub(crate) use view::{Items, Members};

/// Any value. A clone copies at most a pointer.
#[derive(Clone, Debug, Default)]
pub(crate) enum Item {
    /// Nothing, which is not `null`.
    #[default]
    Undefined,
    /// A value that came from outside, or a scalar.
    Json(Value),
    /// An array that was made here.
    List(Rc<List>),
    /// An object that was made here.
    Record(Rc<Record>),
    /// A function.
    Function(Rc<Function>),
    /// Values together with what was bound on the way to them; only paths see these.
    Tuples(Rc<Vec<Tuple>>),
}

/// An array, and how it came to be.
#[derive(Clone, Debug, Default)]
pub(crate) struct List {
    pub(crate) items: Vec<Item>,
    pub(crate) flags: Flags,
}

/// How an array came to be.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Flags {
    /// The result of a path or the like: one item is that item, none is nothing.
    pub(crate) sequence: bool,
    /// A sequence that stays an array.
    pub(crate) keep_singleton: bool,
    /// Written as an array where a step stands: not flattened.
    pub(crate) cons: bool,
    /// The wrapper around an input that is an array.
    pub(crate) outer: bool,
}

/// An object.
#[derive(Clone, Debug, Default)]
pub(crate) struct Record {
    pub(crate) members: indexmap::IndexMap<Arc<str>, Item>,
}

/// A value, and what was bound on the way to it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tuple {
    pub(crate) at: Item,
    pub(crate) bindings: Vec<(Key, Item)>,
}

/// What a value is bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// A variable.
    Name(Arc<str>),
    /// The context of a step, for the parent operator.
    Ancestor(u32),
}

impl Tuple {
    /// Binds, in the place of what was bound to the key before.
    pub(crate) fn bind(&mut self, key: Key, item: Item) {
        match self.bindings.iter_mut().find(|(bound, _)| *bound == key) {
            Some((_, old)) => *old = item,
            None => self.bindings.push((key, item)),
        }
    }
}

impl Item {
    pub(crate) fn null() -> Item {
        Item::Json(Value::Null)
    }

    pub(crate) fn number(number: f64) -> Item {
        Item::Json(crate::number::value_of(number))
    }

    pub(crate) fn string(text: impl Into<Arc<str>>) -> Item {
        Item::Json(Value::String(text.into()))
    }

    pub(crate) fn boolean(value: bool) -> Item {
        Item::Json(Value::Bool(value))
    }

    /// An array that is not a sequence.
    pub(crate) fn array(items: Vec<Item>) -> Item {
        Item::List(Rc::new(List { items, flags: Flags::default() }))
    }

    /// A sequence as it is while it is worked with, whatever its length.
    pub(crate) fn sequence(items: Vec<Item>) -> Item {
        Item::List(Rc::new(List { items, flags: Flags { sequence: true, ..Flags::default() } }))
    }

    pub(crate) fn record(members: indexmap::IndexMap<Arc<str>, Item>) -> Item {
        Item::Record(Rc::new(Record { members }))
    }

    pub(crate) fn function(function: Function) -> Item {
        Item::Function(Rc::new(function))
    }

    pub(crate) fn is_undefined(&self) -> bool {
        matches!(self, Item::Undefined)
    }

    pub(crate) fn is_array(&self) -> bool {
        matches!(self, Item::List(_) | Item::Json(Value::Array(_)) | Item::Tuples(_))
    }

    pub(crate) fn is_function(&self) -> bool {
        matches!(self, Item::Function(_))
    }

    pub(crate) fn is_object(&self) -> bool {
        matches!(self, Item::Record(_) | Item::Json(Value::Object(_)))
    }

    pub(crate) fn flags(&self) -> Flags {
        match self {
            Item::List(list) => list.flags,
            _ => Flags::default(),
        }
    }

    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Item::Json(value) => value.as_str(),
            _ => None,
        }
    }

    pub(crate) fn as_arc_str(&self) -> Option<&Arc<str>> {
        match self {
            Item::Json(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn as_bool(&self) -> Option<bool> {
        match self {
            Item::Json(value) => value.as_bool(),
            _ => None,
        }
    }

    pub(crate) fn as_json_number(&self) -> Option<&Number> {
        match self {
            Item::Json(Value::Number(number)) => Some(number),
            _ => None,
        }
    }

    pub(crate) fn as_f64(&self) -> Option<f64> {
        self.as_json_number().map(Number::to_f64)
    }

    pub(crate) fn as_function(&self) -> Option<&Rc<Function>> {
        match self {
            Item::Function(function) => Some(function),
            _ => None,
        }
    }

    /// The items of an array.
    pub(crate) fn as_items(&self) -> Option<Items<'_>> {
        match self {
            Item::List(list) => Some(Items::Own(&list.items)),
            Item::Json(Value::Array(items)) => Some(Items::Given(items)),
            Item::Tuples(tuples) => Some(Items::Tuples(tuples)),
            _ => None,
        }
    }

    /// The members of an object.
    pub(crate) fn as_members(&self) -> Option<Members<'_>> {
        match self {
            Item::Record(record) => Some(Members::Own(&record.members)),
            Item::Json(Value::Object(object)) => Some(Members::Given(object)),
            _ => None,
        }
    }

    /// The items of an array; anything else as the only item, undefined too.
    pub(crate) fn to_items(&self) -> Vec<Item> {
        match self.as_items() {
            Some(items) => items.iter().collect(),
            None => vec![self.clone()],
        }
    }

    /// The value, where it has a JSON form, for an error to show.
    pub(crate) fn to_shown(&self) -> Option<Value> {
        match self {
            Item::Undefined | Item::Function(_) => None,
            Item::Json(Value::Number(Number::F64(number))) if !number.is_finite() => Some(Value::Null),
            Item::Json(value) => Some(value.clone()),
            Item::List(_) | Item::Record(_) | Item::Tuples(_) => convert::shown(self),
        }
    }

    /// The same array with other flags.
    pub(crate) fn with_flags(self, change: impl FnOnce(&mut Flags)) -> Item {
        match self {
            Item::List(mut list) => {
                change(&mut Rc::make_mut(&mut list).flags);
                Item::List(list)
            }
            Item::Json(Value::Array(items)) => {
                let mut list = List { items: Items::Given(&items).iter().collect(), flags: Flags::default() };
                change(&mut list.flags);
                Item::List(Rc::new(list))
            }
            other => other,
        }
    }

    /// A sequence of none is nothing, one of one is its item unless it is kept.
    pub(crate) fn collapse(self) -> Item {
        match &self {
            Item::List(list) if list.flags.sequence => match list.items.as_slice() {
                [] => Item::Undefined,
                [only] if !list.flags.keep_singleton => only.clone(),
                _ => self,
            },
            _ => self,
        }
    }
}
