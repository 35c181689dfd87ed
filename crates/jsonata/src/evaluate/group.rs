//! Objects: written out, or grouping a sequence by key.

use super::Evaluator;
use crate::ast::Group;
use crate::error::{Error, Fault};
use crate::frame::Frame;
use crate::item::{Item, Tuple};
use indexmap::IndexMap;
use std::rc::Rc;
use std::sync::Arc;

/// What has the same key.
struct Gathered {
    pair: usize,
    members: Members,
}

enum Members {
    /// One item as it is.
    One(Item),
    Many(Vec<Item>),
    Tuples(Vec<Tuple>),
}

impl Evaluator<'_> {
    #[inline(never)]
    pub(super) fn group(&mut self, group: &Group, input: &Item, frame: &Rc<Frame>) -> Result<Item, Fault> {
        let mut groups: IndexMap<Arc<str>, Gathered> = IndexMap::new();
        if let Item::Tuples(tuples) = input {
            for tuple in tuples.iter() {
                let inner = Frame::within(frame, tuple.bindings.clone());
                for pair in 0..group.pairs.len() {
                    let Some(key) = self.key(group, pair, &tuple.at, &inner)? else { continue };
                    self.gather(&mut groups, group, pair, key, Members::Tuples(vec![tuple.clone()]))?;
                }
            }
        } else {
            let items = match input.as_items() {
                Some(items) if items.len() > 0 => items.iter().collect(),
                Some(_) => vec![Item::Undefined],
                None => vec![input.clone()],
            };
            for item in items {
                for pair in 0..group.pairs.len() {
                    let Some(key) = self.key(group, pair, &item, frame)? else { continue };
                    self.gather(&mut groups, group, pair, key, Members::One(item.clone()))?;
                }
            }
        }
        let mut object = IndexMap::with_capacity(groups.len());
        for (key, gathered) in groups {
            let Some((_, value)) = group.pairs.get(gathered.pair) else { continue };
            let value = match gathered.members {
                Members::One(item) => self.evaluate(value, &item, frame)?,
                Members::Many(items) => self.evaluate(value, &Item::array(items), frame)?,
                Members::Tuples(tuples) => {
                    let tuple = self.merged(tuples)?;
                    let inner = Frame::within(frame, tuple.bindings);
                    self.evaluate(value, &tuple.at, &inner)?
                }
            };
            if !value.is_undefined() {
                self.budget.items(3)?;
                object.insert(key, value);
            }
        }
        Ok(Item::record(object))
    }

    fn key(
        &mut self,
        group: &Group,
        pair: usize,
        context: &Item,
        frame: &Rc<Frame>,
    ) -> Result<Option<Arc<str>>, Fault> {
        let Some((key, _)) = group.pairs.get(pair) else { return Ok(None) };
        let key = self.evaluate(key, context, frame)?;
        match key.as_arc_str() {
            Some(text) => Ok(Some(text.clone())),
            None if key.is_undefined() => Ok(None),
            None => Err(Error::new("T1003").at(group.position).maybe_value(key.to_shown())),
        }
    }

    fn gather(
        &mut self,
        groups: &mut IndexMap<Arc<str>, Gathered>,
        group: &Group,
        pair: usize,
        key: Arc<str>,
        new: Members,
    ) -> Result<(), Fault> {
        self.budget.items(1)?;
        let Some(old) = groups.get_mut(&key) else {
            groups.insert(key, Gathered { pair, members: new });
            return Ok(());
        };
        if old.pair != pair {
            return Err(Error::new("D1009").at(group.position).value(key));
        }
        let members = std::mem::replace(&mut old.members, Members::Many(Vec::new()));
        old.members = match (members, new) {
            (Members::Tuples(mut old), Members::Tuples(new)) => {
                old.extend(new);
                Members::Tuples(old)
            }
            (old, new) => {
                let mut items = old.into_items();
                let more = new.into_items();
                self.budget.items(more.len())?;
                items.extend(more);
                Members::Many(items)
            }
        };
        Ok(())
    }

    /// Tuples of one group as one: what they bind is put together.
    fn merged(&mut self, tuples: Vec<Tuple>) -> Result<Tuple, Fault> {
        let mut tuples = tuples.into_iter();
        let Some(first) = tuples.next() else { return Ok(Tuple::default()) };
        if tuples.len() == 0 {
            return Ok(first);
        }
        let mut at = Members::One(first.at).into_items();
        let mut bindings: Vec<_> =
            first.bindings.into_iter().map(|(key, item)| (key, Members::One(item).into_items())).collect();
        for tuple in tuples {
            at.extend(Members::One(tuple.at).into_items());
            for (key, item) in tuple.bindings {
                self.budget.items(1)?;
                let more = Members::One(item).into_items();
                match bindings.iter_mut().find(|(bound, _)| *bound == key) {
                    Some((_, items)) => items.extend(more),
                    None => bindings.push((key, more)),
                }
            }
        }
        let bindings = bindings.into_iter().map(|(key, items)| (key, appended(items))).collect();
        Ok(Tuple { at: appended(at), bindings })
    }
}

/// What appending one value after the other gives.
fn appended(items: Vec<Item>) -> Item {
    if items.len() < 2 { Item::sequence(items).collapse() } else { Item::array(items) }
}

impl Members {
    /// The items, of arrays and all, as appending puts them together.
    fn into_items(self) -> Vec<Item> {
        match self {
            Members::One(Item::Undefined) => Vec::new(),
            Members::One(item) => item.to_items(),
            Members::Many(items) => items,
            Members::Tuples(tuples) => tuples.into_iter().map(|tuple| tuple.at).collect(),
        }
    }
}
