//! `| pattern | update, delete |`: a changed copy.
//!
//! The reference clones its argument and then changes the clone in place, object by object. Values here do not change,
//! so every object of the copy is made anew, which gives it an address of its own; changes are noted by address and
//! put in when the copy is put together.

use super::Evaluator;
use crate::ast::Transform;
use crate::error::{Error, Fault};
use crate::frame::Frame;
use crate::item::{Item, Record};
use indexmap::IndexMap;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

/// The members that objects have now, by the objects' addresses. The copy lives as long as this does.
type Changes = HashMap<*const Record, IndexMap<Arc<str>, Item>>;

impl Evaluator<'_> {
    #[inline(never)]
    pub(super) fn transform(
        &mut self,
        transform: &Transform,
        argument: Item,
        _context: &Item,
        frame: &Rc<Frame>,
    ) -> Result<Item, Fault> {
        if argument.is_undefined() {
            return Ok(argument);
        }
        if !argument.is_array() && !argument.is_object() {
            return Err(Error::new("T0410").maybe_value(argument.to_shown()).with("index", 1usize));
        }
        let clone = self.named("clone", frame);
        if !clone.is_function() {
            return Err(Error::new("T2013").at(transform.pattern.position));
        }
        let copy = self.apply(&clone, vec![argument])?;
        let copy = self.renew(&copy, 0)?;
        let matches = self.evaluate(&transform.pattern, &copy, frame)?;
        if matches.is_undefined() {
            return Ok(copy);
        }
        let mut changes = Changes::new();
        for found in matches.to_items() {
            let now = self.with_changes(&found, &changes, 0)?;
            self.update(transform, &found, &now, frame, &mut changes)?;
            self.delete(transform, &found, frame, &mut changes)?;
        }
        self.with_changes(&copy, &changes, 0)
    }

    fn update(
        &mut self,
        transform: &Transform,
        found: &Item,
        now: &Item,
        frame: &Rc<Frame>,
        changes: &mut Changes,
    ) -> Result<(), Fault> {
        let update = self.evaluate(&transform.update, now, frame)?;
        if update.is_undefined() {
            return Ok(());
        }
        let Some(new) = update.as_members() else {
            return Err(Error::new("T2011").at(transform.update.position).maybe_value(update.to_shown()));
        };
        let Item::Record(record) = found else { return Ok(()) };
        self.budget.items(3 * new.len() + record.members.len())?;
        let members = changes.entry(Rc::as_ptr(record)).or_insert_with(|| record.members.clone());
        for (key, value) in new.iter() {
            members.insert(key.clone(), value);
        }
        Ok(())
    }

    fn delete(
        &mut self,
        transform: &Transform,
        found: &Item,
        frame: &Rc<Frame>,
        changes: &mut Changes,
    ) -> Result<(), Fault> {
        let Some(delete) = &transform.delete else { return Ok(()) };
        let now = self.with_changes(found, changes, 0)?;
        let keys = self.evaluate(delete, &now, frame)?;
        if keys.is_undefined() {
            return Ok(());
        }
        let names = keys.to_items();
        if names.iter().any(|name| name.as_str().is_none()) {
            return Err(Error::new("T2012").at(delete.position).maybe_value(keys.to_shown()));
        }
        let Item::Record(record) = found else { return Ok(()) };
        self.budget.items(names.len() + record.members.len())?;
        let members = changes.entry(Rc::as_ptr(record)).or_insert_with(|| record.members.clone());
        for name in &names {
            members.shift_remove(name.as_str().unwrap_or_default());
        }
        Ok(())
    }

    /// The value with every array and object made anew.
    fn renew(&mut self, item: &Item, depth: usize) -> Result<Item, Fault> {
        if depth > crate::text::MAX_VALUE_DEPTH {
            return Err(self.budget.too_deep(depth));
        }
        self.budget.items(3)?;
        if let Some(items) = item.as_items() {
            let mut renewed = Vec::with_capacity(items.len());
            for item in items.iter() {
                renewed.push(self.renew(&item, depth + 1)?);
            }
            return Ok(Item::array(renewed));
        }
        let Some(members) = item.as_members() else { return Ok(item.clone()) };
        let mut renewed = IndexMap::with_capacity(members.len());
        for (key, member) in members.iter() {
            renewed.insert(key.clone(), self.renew(&member, depth + 1)?);
        }
        Ok(Item::record(renewed))
    }

    /// The value as it is with the changes.
    fn with_changes(&mut self, item: &Item, changes: &Changes, depth: usize) -> Result<Item, Fault> {
        if depth > crate::text::MAX_VALUE_DEPTH {
            return Err(self.budget.too_deep(depth));
        }
        if changes.is_empty() {
            return Ok(item.clone());
        }
        self.budget.step()?;
        match item {
            Item::List(list) => {
                let mut items = Vec::with_capacity(list.items.len());
                for item in &list.items {
                    items.push(self.with_changes(item, changes, depth + 1)?);
                }
                Ok(Item::List(Rc::new(crate::item::List { items, flags: list.flags })))
            }
            Item::Record(record) => {
                let now = changes.get(&Rc::as_ptr(record)).unwrap_or(&record.members);
                let mut members = IndexMap::with_capacity(now.len());
                for (key, member) in now {
                    members.insert(key.clone(), self.with_changes(member, changes, depth + 1)?);
                }
                Ok(Item::record(members))
            }
            _ => Ok(item.clone()),
        }
    }
}
