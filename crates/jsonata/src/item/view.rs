//! Arrays and objects, wherever they came from, in one form.

use super::{Item, Tuple};
use crate::simple::Given;
use indexmap::IndexMap;
use json::{Object, Value};
use std::sync::Arc;

/// The items of an array.
#[derive(Clone, Copy)]
pub(crate) enum Items<'a> {
    Own(&'a [Item]),
    Given(&'a [Value]),
    Tuples(&'a [Tuple]),
}

impl<'a> Items<'a> {
    pub(crate) fn len(self) -> usize {
        match self {
            Items::Own(items) => items.len(),
            Items::Given(items) => items.len(),
            Items::Tuples(items) => items.len(),
        }
    }

    pub(crate) fn get(self, index: usize) -> Option<Item> {
        match self {
            Items::Own(items) => items.get(index).cloned(),
            Items::Given(items) => items.get(index).cloned().map(Item::Json),
            Items::Tuples(items) => items.get(index).map(|tuple| tuple.at.clone()),
        }
    }

    /// The item, where it is a value from outside or a scalar.
    #[inline]
    pub(crate) fn context(self, index: usize) -> Option<&'a Value> {
        let item = match self {
            Items::Given(items) => return items.get(index),
            Items::Own(items) => items.get(index),
            Items::Tuples(items) => items.get(index).map(|tuple| &tuple.at),
        };
        match item {
            Some(Item::Json(value)) => Some(value),
            Some(Item::Undefined | Item::List(_) | Item::Record(_) | Item::Function(_) | Item::Tuples(_))
            | None => None,
        }
    }

    /// The items that are values from outside or scalars; for the others nothing.
    pub(crate) fn contexts(self) -> impl ExactSizeIterator<Item = Option<&'a Value>> {
        (0..self.len()).map(move |index| self.context(index))
    }

    /// The items as arguments.
    pub(crate) fn given(self) -> impl ExactSizeIterator<Item = Given<'a>> {
        (0..self.len()).map(move |index| match self {
            Items::Given(items) => items.get(index).map_or(Given::Item(&Item::Undefined), Given::Value),
            Items::Own(items) => Given::Item(items.get(index).unwrap_or(&Item::Undefined)),
            Items::Tuples(items) => Given::Item(items.get(index).map_or(&Item::Undefined, |tuple| &tuple.at)),
        })
    }

    pub(crate) fn iter(self) -> impl DoubleEndedIterator<Item = Item> + ExactSizeIterator {
        (0..self.len()).map(move |index| self.get(index).unwrap_or_default())
    }
}

/// The members of an object.
#[derive(Clone, Copy)]
pub(crate) enum Members<'a> {
    Own(&'a IndexMap<Arc<str>, Item>),
    Given(&'a Object),
}

impl<'a> Members<'a> {
    pub(crate) fn len(self) -> usize {
        match self {
            Members::Own(members) => members.len(),
            Members::Given(object) => object.len(),
        }
    }

    pub(crate) fn get(self, key: &str) -> Option<Item> {
        match self {
            Members::Own(members) => members.get(key).cloned(),
            Members::Given(object) => object.get(key).cloned().map(Item::Json),
        }
    }

    pub(crate) fn iter(self) -> MembersIter<'a> {
        match self {
            Members::Own(members) => MembersIter::Own(members.iter()),
            Members::Given(object) => MembersIter::Given(Box::new(object.iter())),
        }
    }
}

/// Keys and values in their order.
pub(crate) enum MembersIter<'a> {
    Own(indexmap::map::Iter<'a, Arc<str>, Item>),
    Given(Box<dyn Iterator<Item = (&'a Arc<str>, &'a Value)> + 'a>),
}

impl<'a> Iterator for MembersIter<'a> {
    type Item = (&'a Arc<str>, Item);

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            MembersIter::Own(members) => members.next().map(|(key, item)| (key, item.clone())),
            MembersIter::Given(members) => {
                members.next().map(|(key, value)| (key, Item::Json(value.clone())))
            }
        }
    }
}
