//! Objects: string keys in the order in which they were given.

use crate::Value;
use indexmap::IndexMap;
use std::sync::Arc;

/// Up to so many keys are found faster by comparing them than by hashing.
const FEW: usize = 8;

/// An object. Keys keep their order; equality does not look at it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Object {
    entries: IndexMap<Arc<str>, Value>,
}

impl Object {
    /// An object without members.
    pub fn new() -> Object {
        Object::default()
    }

    /// An object with room for `capacity` members.
    pub fn with_capacity(capacity: usize) -> Object {
        Object { entries: IndexMap::with_capacity(capacity) }
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        if self.entries.len() > FEW {
            return self.entries.get(key);
        }
        self.entries.iter().find(|(name, _)| &***name == key).map(|(_, value)| value)
    }

    /// The value of a key, to be changed in place.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        self.entries.get_mut(key)
    }

    /// Whether the key is there.
    pub fn contains_key(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// Sets a key: a new one goes to the end, one that is there keeps its place and loses its old value, which is returned.
    pub fn insert(&mut self, key: impl Into<Arc<str>>, value: impl Into<Value>) -> Option<Value> {
        self.entries.insert(key.into(), value.into())
    }

    /// Takes a key out; the order of the others stays.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        self.entries.shift_remove(key)
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The members in their order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Arc<str>, &Value)> + DoubleEndedIterator {
        self.entries.iter()
    }

    /// The keys in their order.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &Arc<str>> {
        self.entries.keys()
    }

    /// The values in the order of their keys.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &Value> {
        self.entries.values()
    }
}

impl<K: Into<Arc<str>>, V: Into<Value>> FromIterator<(K, V)> for Object {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(members: I) -> Object {
        Object { entries: members.into_iter().map(|(k, v)| (k.into(), v.into())).collect() }
    }
}

impl IntoIterator for Object {
    type Item = (Arc<str>, Value);
    type IntoIter = indexmap::map::IntoIter<Arc<str>, Value>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}
