//! Objects: string keys in the order in which they were given.

use crate::Value;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// Up to so many keys are found faster by comparing them than by hashing.
const FEW: usize = 16;

/// An object. Keys keep their order; equality does not look at it.
#[derive(Clone, Default)]
pub struct Object {
    entries: Vec<(Arc<str>, Value)>,
    /// Where each key stands; only when there are more than a few.
    #[expect(clippy::box_collection, reason = "few objects have it, and all others are smaller for that")]
    places: Option<Box<HashMap<Arc<str>, usize>>>,
}

impl Object {
    /// An object without members.
    pub fn new() -> Object {
        Object::default()
    }

    /// An object with room for `capacity` members.
    pub fn with_capacity(capacity: usize) -> Object {
        Object { entries: Vec::with_capacity(capacity), places: None }
    }

    /// The value of a key.
    #[inline]
    pub fn get(&self, key: &str) -> Option<&Value> {
        if let Some(places) = &self.places {
            return places.get(key).and_then(|place| self.entries.get(*place)).map(|(_, value)| value);
        }
        for (name, value) in &self.entries {
            if **name == *key {
                return Some(value);
            }
        }
        None
    }

    /// The value of a key, to be changed in place.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        let place = self.place(key)?;
        self.entries.get_mut(place).map(|(_, value)| value)
    }

    /// Whether the key is there.
    pub fn contains_key(&self, key: &str) -> bool {
        self.place(key).is_some()
    }

    /// Sets a key: a new one goes to the end, one that is there keeps its place and loses its old value, which is returned.
    pub fn insert(&mut self, key: impl Into<Arc<str>>, value: impl Into<Value>) -> Option<Value> {
        self.set(key.into(), value.into())
    }

    /// Takes a key out; the order of the others stays.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        let place = self.place(key)?;
        let (_, value) = self.entries.remove(place);
        if let Some(places) = &mut self.places {
            places.remove(key);
            places.values_mut().filter(|behind| **behind > place).for_each(|behind| *behind -= 1);
        }
        Some(value)
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
        self.entries.iter().map(|(key, value)| (key, value))
    }

    /// The keys in their order.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &Arc<str>> {
        self.entries.iter().map(|(key, _)| key)
    }

    /// The values in the order of their keys.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &Value> {
        self.entries.iter().map(|(_, value)| value)
    }

    fn place(&self, key: &str) -> Option<usize> {
        match &self.places {
            Some(places) => places.get(key).copied(),
            None => self.entries.iter().position(|(name, _)| **name == *key),
        }
    }

    fn set(&mut self, key: Arc<str>, value: Value) -> Option<Value> {
        let found = self.place(&key).and_then(|place| self.entries.get_mut(place));
        if let Some((_, old)) = found {
            return Some(std::mem::replace(old, value));
        }
        match &mut self.places {
            Some(places) => {
                places.insert(key.clone(), self.entries.len());
            }
            None if self.entries.len() == FEW => {
                let mut places = HashMap::with_capacity(self.entries.capacity().max(FEW + 1));
                let keys = self.entries.iter().map(|(key, _)| key).chain([&key]);
                places.extend(keys.cloned().zip(0..));
                self.places = Some(Box::new(places));
            }
            None => {}
        }
        self.entries.push((key, value));
        None
    }
}

impl PartialEq for Object {
    fn eq(&self, other: &Object) -> bool {
        self.len() == other.len() && self.iter().all(|(key, value)| other.get(key) == Some(value))
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<K: Into<Arc<str>>, V: Into<Value>> FromIterator<(K, V)> for Object {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(members: I) -> Object {
        let members = members.into_iter();
        let mut object = Object::with_capacity(members.size_hint().0);
        for (key, value) in members {
            object.set(key.into(), value.into());
        }
        object
    }
}

impl IntoIterator for Object {
    type Item = (Arc<str>, Value);
    type IntoIter = std::vec::IntoIter<(Arc<str>, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}
