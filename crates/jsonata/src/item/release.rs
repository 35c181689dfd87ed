//! Dropping without recursion: values made by an evaluation may stand in one another as deep as its steps allow, which
//! is deeper than the native stack.

use super::{Item, List, Record};
use std::cell::RefCell;

thread_local! {
    /// What waits to be dropped while a drop is under way.
    static WAITING: RefCell<Option<Vec<Item>>> = const { RefCell::new(None) };
}

/// Drops items one after another, never one inside the other.
pub(crate) fn release(items: impl Iterator<Item = Item>) {
    let mut nested = items.filter(is_nested).peekable();
    if nested.peek().is_none() {
        return;
    }
    let is_outermost = WAITING.with_borrow_mut(|waiting| match waiting {
        Some(waiting) => {
            waiting.extend(nested);
            false
        }
        None => {
            *waiting = Some(nested.collect());
            true
        }
    });
    if is_outermost {
        while let Some(item) = WAITING.with_borrow_mut(|waiting| waiting.as_mut().and_then(Vec::pop)) {
            drop(item);
        }
        WAITING.set(None);
    }
}

fn is_nested(item: &Item) -> bool {
    match item {
        Item::Undefined | Item::Json(_) => false,
        Item::List(_) | Item::Record(_) | Item::Function(_) | Item::Tuples(_) => true,
    }
}

impl Drop for List {
    fn drop(&mut self) {
        if self.items.iter().any(is_nested) {
            release(self.items.drain(..));
        }
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        if self.members.values().any(is_nested) {
            release(self.members.drain(..).map(|(_, item)| item));
        }
    }
}
